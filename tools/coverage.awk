# SPDX-License-Identifier: MIT
# The table of tools/coverage.sh: what is in tests/not-covered.txt, the sources there are, and gcovr's table of files
# (CSV) are its three inputs. Exits with 1 below lines_goal or branches_goal percent, or if something is not in the list
# that should be.
function complain(text) {
	fflush()
	print "coverage: " text >"/dev/stderr"
	bad = 1
}

function percent(part, all) {
	return all ? 100 * part / all : 100
}

# One more row for NAME; the same counts as elsewhere in the table.
function row(name, lines, lines_run, branches, branches_taken) {
	printf "%-28s %6d %6d %6.1f %% %6d %6d %6.1f %%\n", name, lines, lines_run, percent(lines_run, lines), branches,
		branches_taken, percent(branches_taken, branches)
}

function check(folder) {
	if (percent(sum[folder, 3], sum[folder, 2]) < lines_goal)
		complain(sprintf("%s: %d of %d lines were run, expected %d %%", folder, sum[folder, 3], sum[folder, 2],
			lines_goal))
	if (percent(sum[folder, 6], sum[folder, 5]) < branches_goal)
		complain(sprintf("%s: %d of %d branches were taken, expected %d %%", folder, sum[folder, 6],
			sum[folder, 5], branches_goal))
}

FNR == 1 {
	input++
}

input == 1 {
	if ($0 !~ /^([ \t#]|$)/) {
		left_out[$1] = 1
		if (NF < 2)
			complain("tests/not-covered.txt:" FNR ": expected a source, and the reason why not all of it is run")
	}
}

input == 2 {
	sources[$1] = 1
}

input == 3 && FNR == 1 {
	FS = ","
	printf "%-28s %22s %22s\n", "", "lines, run", "branches, taken"
}

input == 3 && FNR > 1 {
	folder = $1
	sub(/\/.*/, "/", folder)
	measured[$1] = 1
	for (i = 2; i <= 6; i++) {
		sum[folder, i] += $i
		sum["all", i] += $i
	}
	row($1, $2, $3, $5, $6)
	if ($3 < $2 && !($1 in left_out))
		unexplained[$1] = $2 - $3
	if ($3 == $2 && $1 in left_out)
		print "coverage: " $1 ": all lines were run: its line in tests/not-covered.txt can go"
}

END {
	print ""
	for (i = split("mm/ store/ boot/ all", parts, " "); i > 0; i--)
		order[i] = parts[i]
	for (i = 1; i <= 4; i++) {
		row(order[i], sum[order[i], 2], sum[order[i], 3], sum[order[i], 5], sum[order[i], 6])
		check(order[i])
	}
	for (name in sources) {
		if (name !~ /\.h$/ && !(name in measured) && !(name in left_out))
			complain(name ": no host test has it: expected a test, or a line in tests/not-covered.txt")
	}
	for (name in unexplained)
		complain(name ": " unexplained[name] " lines were not run: expected a test of them, or the reason in " \
			"tests/not-covered.txt")
	for (name in left_out)
		if (!(name in sources))
			complain("tests/not-covered.txt: " name ": there is no such source")
	exit bad
}
