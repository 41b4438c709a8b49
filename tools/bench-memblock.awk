# SPDX-License-Identifier: MIT
# Makes tables and figure lines of what tools/bench-memblock.sh measured: lines "KIND ROW N SIDE VALUE
# CHECKSUM", where KIND is ns, insn or board. Variables: rows, timed, counted (lists), repetitions.
# Exit status 1 if a value is missing or the two sides did not do the same.

function fail(text) {
	print "bench-memblock: " text >"/dev/stderr"
	failed = 1
}

{
	key = $1 " " $2 " " $3 " " $4
	value[key, ++times[key]] = $5
	width = $1 == "board" ? 32 : 64
	if (!((width, $2, $3) in checksum))
		checksum[width, $2, $3] = $6
	if (NF != 6 || checksum[width, $2, $3] != $6)
		fail($2 " with " $3 " regions, " width " bits: the two sides did not come to the same result")
}

# The median of WANTED measurements; how far they lie apart, in percent of it, is left in spread.
function median(kind, row, n, side, wanted,    key, i, j, v, swap, middle) {
	key = kind " " row " " n " " side
	if (times[key] != wanted) {
		fail(key ": measured " times[key] + 0 " times, expected " wanted)
		return 0
	}
	for (i = 1; i <= wanted; i++) {
		v[i] = value[key, i] + 0
		for (j = i; j > 1 && v[j] < v[j - 1]; j--) {
			swap = v[j]
			v[j] = v[j - 1]
			v[j - 1] = swap
		}
	}
	middle = v[int((wanted + 1) / 2)]
	if (middle <= 0)
		fail(key ": measured " middle ", expected more than 0")
	spread = middle > 0 ? 100 * (v[wanted] - v[1]) / middle : 0
	return middle
}

function ratio(a, b) {
	return b > 0 ? sprintf(a / b < 0.01 ? "%.4f" : "%.3f", a / b) : "-"
}

function figure(name, number, unit) {
	figures[++figure_count] = "figure memblock_" name " " number " " unit
}

# The columns of time, and their figures.
function times_of(row, n,    linux, cairn, linux_spread, name) {
	linux = median("ns", row, n, "linux", repetitions)
	linux_spread = spread
	cairn = median("ns", row, n, "cairn", repetitions)
	printf " %9.1f %3.0f%% %9.1f %3.0f%% %6s", linux, linux_spread, cairn, spread, ratio(cairn, linux)
	name = row "_" n
	figure(name "_ns", sprintf("%.1f", cairn), "ns")
	figure(name "_ns_linux", sprintf("%.1f", linux), "ns")
	figure(name "_vs_linux", ratio(cairn, linux), "ratio")
}

# The columns of instructions, and their figures.
function instructions_of(kind, row, n,    linux, cairn, name) {
	linux = median(kind, row, n, "linux", 1)
	cairn = median(kind, row, n, "cairn", 1)
	printf " %10.1f %10.1f %6s", linux, cairn, ratio(cairn, linux)
	name = row "_" n (kind == "board" ? "_target" : "") "_insn"
	figure(name, sprintf("%.0f", cairn), "instructions")
	figure(name "_linux", sprintf("%.0f", linux), "instructions")
	figure(name "_vs_linux", ratio(cairn, linux), "ratio")
}

# What a hole costs: the longest walk, the rest of that call included, divided by its holes.
function per_hole(kind,    n, linux, cairn, name) {
	n = counted_list[counted_count]
	linux = median(kind, "alloc_walk", n, "linux", 1) / n
	cairn = median(kind, "alloc_walk", n, "cairn", 1) / n
	printf "\nalloc_walk, instructions for each of %d holes: Linux %.1f, Cairn %.1f\n", n, linux, cairn
	name = "alloc_walk" (kind == "board" ? "_target" : "") "_insn_per_hole"
	figure(name, sprintf("%.1f", cairn), "instructions")
	figure(name "_linux", sprintf("%.1f", linux), "instructions")
}

function host_table(    i, j) {
	print "Host, 64-bit addresses. ns: thread CPU time for one call, the median of " repetitions \
		" repetitions,\nand in % of it how far they lie apart. insn: instructions for one call. " \
		"ratio: Cairn's to Linux's.\n"
	printf "%-17s %6s %14s %14s %6s %10s %10s %6s\n", "row", "N", "Linux ns", "Cairn ns", "ratio",
		"Linux insn", "Cairn insn", "ratio"
	for (i = 1; i <= row_count; i++)
		for (j = 1; j <= size_count; j++) {
			printf "%-17s %6d", row_list[i], size[j]
			if (size[j] in is_timed)
				times_of(row_list[i], size[j])
			else
				printf " %14s %14s %6s", "-", "-", "-"
			if (size[j] in is_counted)
				instructions_of("insn", row_list[i], size[j])
			print ""
		}
	per_hole("insn")
}

function board_table(    i, j) {
	print "\nBoard (QEMU's vexpress-a9), 32-bit addresses. insn: instructions for one call.\n"
	printf "%-17s %6s %10s %10s %6s\n", "row", "N", "Linux insn", "Cairn insn", "ratio"
	for (i = 1; i <= row_count; i++)
		for (j = 1; j <= counted_count; j++) {
			printf "%-17s %6d", row_list[i], counted_list[j]
			instructions_of("board", row_list[i], counted_list[j])
			print ""
		}
	per_hole("board")
}

END {
	row_count = split(rows, row_list)
	if (!row_count)
		fail("no rows: nothing was measured")
	counted_count = split(counted, counted_list)
	for (i = 1; i <= counted_count; i++) {
		is_counted[counted_list[i]]
		size[++size_count] = counted_list[i]
	}
	timed_count = split(timed, timed_list)
	for (i = 1; i <= timed_count; i++) {
		is_timed[timed_list[i]]
		if (!(timed_list[i] in is_counted))
			size[++size_count] = timed_list[i]
	}
	host_table()
	board_table()
	print ""
	for (i = 1; i <= figure_count; i++)
		print figures[i]
	exit failed
}
