# SPDX-License-Identifier: MIT
# Counts the instructions of a boot. In: the symbols (nm -n), then QEMU's trace with -singlestep, which has
# a line for each instruction. -v end=NAME: the boot is over when that function is called for the first time;
# -v what=WORD for the figure's name, -v rows=N lines in each table. What is spent in each function is a part of the
# figure, for tools/check-budgets.py.
# Addresses are compared as text: all have eight digits.
BEGIN { symbols = 0 }
FNR == 1 { file++ }
file == 1 {
	if ($2 ~ /^[tT]$/) {
		address[symbols] = $1
		name[symbols++] = $3
		if (end_of_main == "" && main != "")
			end_of_main = $1
		if ($3 == "main")
			main = $1
		if ($3 == "_start")
			first = $1
		if ($3 == end)
			last = $1
	}
	next
}
{
	if (split($0, field, "/") < 4)
		next
	pc = field[2] "" # text: 60011e10 would be a number
	if (!total && pc != first)
		next # QEMU's own
	if (pc == last) {
		came = 1
		exit
	}
	count[pc]++
	total++
	if (pc >= main && pc < end_of_main)
		called = ""
	else if (called == "")
		called = pc
	step[called == "" ? main : called]++
}

# The name of the function that holds PC.
function holder(pc,    low, high, middle) {
	high = symbols - 1
	while (low < high) {
		middle = int((low + high + 1) / 2)
		if (address[middle] <= pc "")
			low = middle
		else
			high = middle - 1
	}
	return name[low]
}

# Adds up COUNTS, by address, by function.
function add_up(counts, sum,    pc) {
	for (pc in counts)
		sum[holder(pc)] += counts[pc]
}

function table(title, sum,    f, sort) {
	print title
	sort = "sort -rn | head -n " rows
	for (f in sum)
		printf "%9d  %4.1f %%  %s\n", sum[f], 100 * sum[f] / total, f | sort
	close(sort)
}

END {
	if (!came) {
		print "bench-boot: the boot did not come to " end "()" >"/dev/stderr"
		exit 1
	}
	add_up(count, in_function)
	add_up(step, in_step)
	table("instructions in each function (" what ")", in_function)
	table("the same by what main() calls, or the entry", in_step)
	figure = "boot_insn" (what == "plain" ? "" : "_" what)
	print "figure", figure, total, "instructions"
	for (f in in_function)
		print "part", figure, in_function[f], f
}
