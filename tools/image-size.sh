#!/bin/sh
# SPDX-License-Identifier: MIT
# How large the parts of the image are, in bytes, and whether its code and constants are within their budgets:
# those of the objects that make it a boot stage in one, all others, its base, in the other. The tables that backtraces
# need (names of functions, how to unwind) are listed, and not counted.
#   tools/image-size.sh cairn.elf ITS-MAP OBJECT-OF-THE-STAGE...
set -eu

budget=131072
stage_budget=28672

elf=$1 map=$2
shift 2

stage=$(awk -v objects="$*" -f tools/map-size.awk "$map")

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
	printf "figure image_text_bytes %d bytes\n", sum
	printf "figure image_base_text_bytes %d bytes\n", sum - stage
	printf "figure image_stage_text_bytes %d bytes\n", stage
	bad = check("what is no part of the boot stage", sum - stage, budget)
	exit check("the boot stage", stage, stage_budget) + bad
}'
