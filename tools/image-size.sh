#!/bin/sh
# SPDX-License-Identifier: MIT
# How large the parts of the image are, in bytes, and whether its code and constants are within their budgets:
# those of the objects that make it a boot stage in one, all others in the other. The tables that backtraces
# need (names of functions, how to unwind) are listed, and not counted.
#   tools/image-size.sh cairn.elf ITS-MAP OBJECT-OF-THE-STAGE...
set -eu

budget=131072
stage_budget=28672

elf=$1 map=$2
shift 2

# The map lists what was discarded first; then a section a line, or two if its name is long.
sizes=$(awk -v objects="$*" '
BEGIN {
	n = split(objects, list, " ")
	for (i = 1; i <= n; i++)
		wanted[list[i]] = 1
}
/^Linker script and memory map/ { kept = 1 }
!kept { next }
/^ \.(text|rodata)[^ ]*$/ { pending = 1; next }
/^ \.(text|rodata)[^ ]* +0x/ { size = $3; object = $4; pending = 2 }
pending == 1 { size = $2; object = $3; pending = 2 }
pending == 2 {
	if (object in wanted) {
		print size
		seen[object] = 1
	}
	pending = 0
}
END {
	for (object in wanted)
		if (!(object in seen)) {
			print "image-size: " object " is named as a part of the boot stage: the image has no such object" >"/dev/stderr"
			missing = 1
		}
	exit missing
}' "$map") || exit 1
stage=0
for size in $sizes; do
	stage=$((stage + size))
done

arm-none-eabi-size -A -d "$elf" | awk -v budget=$budget -v stage_budget=$stage_budget -v stage="$stage" -v image="$elf" '
function check(what, size, budget) {
	if (size <= budget)
		return 0
	printf "image-size: %s: .text and .rodata of %s are %d bytes, %d more than the budget of %d\n", image, what,
		size, size - budget, budget >"/dev/stderr"
	return 1
}
/^\.(text|rodata|symtab_image|ARM.extab|ARM.exidx|data|bss|stacks|noinit) / {
	printf "%-14s %7d\n", $1, $2
}
$1 == ".text" || $1 == ".rodata" {
	sum += $2
	found++
}
END {
	if (found != 2) {
		print "image-size: " image ": .text and .rodata were expected, and one is missing" >"/dev/stderr"
		exit 1
	}
	printf "figure image_text_bytes %d bytes\n", sum - stage
	printf "figure image_stage_text_bytes %d bytes\n", stage
	bad = check("what is no part of the boot stage", sum - stage, budget)
	exit check("the boot stage", stage, stage_budget) + bad
}'
