# SPDX-License-Identifier: MIT
# Makes tables and figure lines of what tools/bench-store.sh measured: lines "KIND ROW N VALUES ENGINE
# VALUE". KIND is ns, longest, bytes, partial (once for each repetition), insn, barriers, lines, and
# board-insn, board-barriers, board-lines. Variables: sizes (a list), repetitions. Exit status 1 if a
# value is missing.

function fail(text) {
	print "bench-store: " text >"/dev/stderr"
	failed = 1
}

NF != 6 {
	fail("line " NR ", expected KIND ROW N VALUES ENGINE VALUE: " $0)
	next
}

{
	key = $1 " " $2 " " $3 " " $4 " " $5
	value[key, ++times[key]] = $6
	if (!($5 in engine_seen) && $5 != "loop") {
		engine_seen[$5]
		engine[++engine_count] = $5
	}
	measured[$1, $3, $4]
	measured_by[$1, $3, $4, $5]
}

# ---- values ----

# The median of what was measured; how far it lies apart, in percent of it, is left in spread. An
# engine that has no such row has "".
function median(kind, row, n, values, who,    key, count, i, j, v, swap, middle) {
	key = kind " " row " " n " " values " " who
	count = times[key]
	if (!count)
		return ""
	for (i = 1; i <= count; i++) {
		v[i] = value[key, i] + 0
		for (j = i; j > 1 && v[j] < v[j - 1]; j--) {
			swap = v[j]
			v[j] = v[j - 1]
			v[j - 1] = swap
		}
	}
	middle = v[int((count + 1) / 2)]
	spread = middle > 0 ? 100 * (v[count] - v[1]) / middle : 0
	return middle
}

# On the board what the loop and making keys take is measured apart, and taken off.
function on_board(row, n, who,    whole) {
	whole = median("board-insn", row, n, "fixed", who)
	return whole == "" ? "" : whole - median("board-insn", row, n, "fixed", "loop")
}

function size_name(n) {
	if (n % 1000000 == 0)
		return n / 1000000 "m"
	return n >= 100000 && n % 1000 == 0 ? n / 1000 "k" : n
}

# What an engine's figures end in: nothing for Cairn in the classic format.
function suffix(who) {
	sub(/^cairn-/, "", who)
	return who == "classic" ? "" : "_" who
}

function figure(name, number, unit) {
	figures[++figure_count] = "figure store_" name " " number " " unit
}

# ---- tables ----

function has(kind, n, values) {
	return (kind, n, values) in measured
}

# The engines that were measured so.
function choose_columns(kind, n, values,    i) {
	column_count = 0
	for (i = 1; i <= engine_count; i++)
		if ((kind, n, values, engine[i]) in measured_by)
			column[++column_count] = engine[i]
}

function head(first,    i, line) {
	line = "|---|"
	printf "| %s |", first
	for (i = 1; i <= column_count; i++) {
		printf " %s |", shown(column[i])
		line = line "---|"
	}
	print "\n" line
}

function shown(who) {
	return who in full_name ? full_name[who] : who
}

function number(v) {
	return sprintf(v < 10 ? "%.1f" : "%.0f", v)
}

# A line of a table: medians, with their spread where there are several.
function table_row(title, kind, row, n, values, scale,    i, middle, found) {
	for (i = 1; i <= column_count; i++)
		found += times[kind " " row " " n " " values " " column[i]]
	if (!found)
		return 0
	printf "| %s |", title
	for (i = 1; i <= column_count; i++) {
		middle = median(kind, row, n, values, column[i])
		if (middle == "")
			printf " - |"
		else if (spread)
			printf " %s ±%.0f%% |", number(middle / scale), spread / 2
		else
			printf " %s |", number(middle / scale)
	}
	print ""
	return 1
}

function check_times(kind, row, n, values,    i, key) {
	for (i = 1; i <= column_count; i++) {
		key = kind " " row " " n " " values " " column[i]
		if (times[key] != repetitions && !(row in not_always && !times[key]))
			fail(key ": measured " times[key] + 0 " times, expected " repetitions)
	}
}

function time_table(n, values,    i, row, done) {
	choose_columns("ns", n, values)
	printf "\nN = %d, values of %s bytes: ns for one operation\n\n", n,
		values == "fixed" ? "100" : "10 to 1000"
	head("")
	for (i = 1; i <= row_count; i++) {
		row = row_name[i]
		check_times("ns", row, n, values)
		table_row(title[row], "ns", row, n, values, 1)
	}
	table_row("longest put, µs", "longest", "put", n, values, 1000)
	table_row("bytes beyond key and value, fresh", "bytes", "fresh", n, values, 1)
	table_row("of these outside the region", "bytes", "fresh_outside", n, values, 1)
	table_row("bytes after overwrites, holes included", "bytes", "churned", n, values, 1)
	table_row("of these outside the region", "bytes", "churned_outside", n, values, 1)
	for (i = 1; i <= column_count; i++) {
		row = "overwrite_other"
		done = median("partial", row, n, values, column[i])
		if (done != "")
			printf "\n%s, %s: two seconds were enough for %d operations.\n", shown(column[i]), title[row], done
	}
}

function instruction_table(n,    i) {
	choose_columns("insn", n, "fixed")
	printf "\nN = %d, values of 100 bytes: x86 instructions for one operation, making its key (about 60)" \
		" included\n\n", n
	head("")
	for (i = 1; i <= row_count; i++)
		table_row(title[row_name[i]], "insn", row_name[i], n, "fixed", 1)
}

# What the hooks were told: counted where it can be counted, on the host or on the board.
function cost_table(prefix, where, n,    i, j, row, any) {
	choose_columns(prefix "barriers", n, "fixed")
	for (j = 1; j <= column_count; j++) {
		printf "\n%s, N = %d, values of 100 bytes, %s: for one operation\n\n", where, n, shown(column[j])
		print "| | barriers | lines cleaned |\n|---|---|---|"
		for (i = 1; i <= row_count; i++) {
			row = row_name[i]
			any = median(prefix "barriers", row, n, "fixed", column[j])
			if (any == "")
				continue
			printf "| %s | %.2f | %.2f |\n", title[row], any,
				median(prefix "lines", row, n, "fixed", column[j])
		}
	}
}

function board_table(n,    i, j, row, v) {
	choose_columns("board-insn", n, "fixed")
	printf "\nBoard (QEMU's vexpress-a9), N = %d, values of 100 bytes: ARM instructions for one operation," \
		" making its key not included\n\n", n
	head("")
	for (i = 1; i <= row_count; i++) {
		row = row_name[i]
		if (row in not_always && on_board(row, n, column[1]) == "")
			continue
		printf "| %s |", title[row]
		for (j = 1; j <= column_count; j++) {
			v = on_board(row, n, column[j])
			if (v == "")
				fail("board " row " " column[j] ": was not measured")
			printf " %s |", number(v)
		}
		print ""
	}
}

# ---- figures ----

function figures_of_times(n, values,    i, j, row, name, v, floor, khash) {
	choose_columns("ns", n, values)
	for (i = 1; i <= row_count; i++) {
		row = row_name[i]
		name = row "_" size_name(n) (values == "fixed" ? "" : "_" values)
		floor = median("ns", row, n, values, "floor")
		khash = median("ns", row, n, values, "khash")
		for (j = 1; j <= column_count; j++) {
			v = median("ns", row, n, values, column[j])
			if (v == "")
				continue
			figure(name "_ns" suffix(column[j]), sprintf("%.1f", v), "ns")
			if (column[j] !~ /^cairn/)
				continue
			if (floor)
				figure(name "_vs_floor" suffix(column[j]), sprintf("%.3f", v / floor), "ratio")
			if (khash)
				figure(name "_vs_khash" suffix(column[j]), sprintf("%.3f", v / khash), "ratio")
		}
	}
	for (j = 1; j <= column_count; j++) {
		name = size_name(n) (values == "fixed" ? "" : "_" values)
		v = median("longest", "put", n, values, column[j])
		if (v != "")
			figure("longest_put_" name "_ns" suffix(column[j]), sprintf("%.0f", v), "ns")
		v = median("bytes", "fresh", n, values, column[j])
		if (v != "")
			figure("overhead_" name "_bytes" suffix(column[j]), sprintf("%.1f", v), "bytes")
		v = median("bytes", "churned", n, values, column[j])
		if (v != "")
			figure("overhead_churned_" name "_bytes" suffix(column[j]), sprintf("%.1f", v), "bytes")
		v = median("bytes", "fresh_outside", n, values, column[j])
		if (v != "")
			figure("outside_" name "_bytes" suffix(column[j]), sprintf("%.1f", v), "bytes")
		if (n == 1000000 && values == "fixed") {
			v = median("bytes", "fresh", n, values, column[j])
			figure("overhead_bytes" suffix(column[j]), sprintf("%.1f", v), "bytes")
		}
	}
}

function figures_of_counts(kind, n, tag, unit,    i, j, row, v) {
	choose_columns(kind, n, "fixed")
	for (i = 1; i <= row_count; i++)
		for (j = 1; j <= column_count; j++) {
			row = row_name[i]
			v = kind == "board-insn" ? on_board(row, n, column[j]) : \
				median(kind, row, n, "fixed", column[j])
			if (v != "")
				figure(row "_" size_name(n) "_" tag suffix(column[j]),
					sprintf(unit == "instructions" ? "%.0f" : "%.2f", v), unit)
		}
}

# ---- goals ----

function goal(text, v, most) {
	if (v == "")
		return
	if (!goals++)
		print "\nGoals, classic format\n\n| | measured | at most | |\n|---|---|---|---|"
	printf "| %s | %s | %s | %s |\n", text, sprintf(v < 10 ? "%.2f" : "%.1f", v), most,
		v <= most ? "met" : "missed"
}

function against(row, n, who,    v, other) {
	v = median("ns", row, n, "fixed", "cairn-classic")
	other = median("ns", row, n, "fixed", who)
	return v == "" || other == "" ? "" : v / other
}

function instructions(row) {
	return median("insn", row, 1000, "fixed", "cairn-classic")
}

function goal_table() {
	goal("get, 1M: times the floor's", against("get", 1000000, "floor"), 1.6)
	goal("get, 1000: times the floor's", against("get", 1000, "floor"), 2.2)
	goal("dependent get, 1M: times the floor's", against("get_dependent", 1000000, "floor"), 1.15)
	goal("put, 1M: times the floor's", against("put", 1000000, "floor"), 2.3)
	goal("put into untouched memory, 1M: times the floor's", against("put_untouched", 1000000, "floor"), 2.3)
	goal("overwrite, 1M: times the floor's", against("overwrite", 1000000, "floor"), 2)
	goal("delete, 1M: times khash's", against("delete", 1000000, "khash"), 0.59)
	goal("recovery, 1M: ns for each entry", median("ns", "recovery", 1000000, "fixed", "cairn-classic"), 30)
	goal("recovery, 100k: ns for each entry", median("ns", "recovery", 100000, "fixed", "cairn-classic"), 30)
	goal("bytes outside the region, 1M", median("bytes", "fresh_outside", 1000000, "fixed", "cairn-classic"), 12)
	goal("get, 1000: instructions", instructions("get"), 160)
	goal("put, 1000: instructions", instructions("put"), 230)
	goal("overwrite, 1000: instructions", instructions("overwrite"), 360)
	goal("delete, 1000: instructions", instructions("delete"), 210)
}

END {
	row_count = split("put put_untouched get get_dependent miss overwrite overwrite_other delete iterate recovery", row_name)
	title["put"] = "put"
	title["put_untouched"] = "put, into untouched memory"
	title["get"] = "get"
	title["get_dependent"] = "get, each waiting for the last"
	title["miss"] = "miss"
	title["overwrite"] = "overwrite, same size"
	title["overwrite_other"] = "overwrite, other size"
	title["delete"] = "delete"
	title["iterate"] = "iterate, for each entry"
	title["recovery"] = "open after a crash, for each entry"

	full_name["glib"] = "GHashTable"
	full_name["tdb"] = "TDB"
	full_name["lmdb"] = "LMDB"
	full_name["cairn-classic"] = "Cairn, classic format"
	full_name["cairn-native"] = "Cairn, with trailers"
	full_name["cairn-guarded"] = "Cairn, with trailers and the window"
	full_name["cairn-shared"] = "Cairn, with trailers, shared by four"
	full_name["cairn-flushed"] = "Cairn, with trailers and hooks"
	not_always["recovery"]      # not where nothing survives,
	not_always["put_untouched"] # nor with mixed values

	size_count = split(sizes, size)
	if (!NR)
		fail("nothing was measured")
	for (i = 1; i <= size_count; i++) {
		if (has("ns", size[i], "fixed")) {
			time_table(size[i], "fixed")
			figures_of_times(size[i], "fixed")
		}
		if (has("ns", size[i], "mixed")) {
			time_table(size[i], "mixed")
			figures_of_times(size[i], "mixed")
		}
	}
	if (has("insn", 1000, "fixed")) {
		instruction_table(1000)
		figures_of_counts("insn", 1000, "insn", "instructions")
	}
	if (has("board-insn", 1000, "fixed")) {
		board_table(1000)
		figures_of_counts("board-insn", 1000, "target_insn", "instructions")
	}
	if (has("board-barriers", 1000, "fixed")) {
		cost_table("board-", "Board", 1000)
		figures_of_counts("board-barriers", 1000, "target_barriers", "barriers")
		figures_of_counts("board-lines", 1000, "target_lines", "lines")
	} else if (has("barriers", 1000, "fixed")) {
		cost_table("", "Host", 1000)
		figures_of_counts("barriers", 1000, "barriers", "barriers")
		figures_of_counts("lines", 1000, "lines", "lines")
	}
	goal_table()
	print ""
	for (i = 1; i <= figure_count; i++)
		print figures[i]
	exit failed
}
