#!/bin/sh
# SPDX-License-Identifier: MIT
# How large the parts of the image are, in bytes, and whether its code and constants are within their budget.
# The tables that backtraces need (names of functions, how to unwind) are listed, and not counted in it.
#   tools/image-size.sh cairn.elf
set -eu

budget=131072

arm-none-eabi-size -A -d "$1" | awk -v budget=$budget -v image="$1" '
/^\.(text|rodata|symtab_image|ARM.extab|ARM.exidx|data|bss|stacks|noinit) / {
	printf "%-14s %7d\n", $1, $2
}
$1 == ".text" || $1 == ".rodata" {
	sum += $2
	found++
}
END {
	printf "figure image_text_bytes %d bytes\n", sum
	if (found != 2)
		print "image-size: " image ": .text and .rodata were expected, and one is missing" >"/dev/stderr"
	else if (sum > budget)
		printf "image-size: %s: .text and .rodata are %d bytes, %d more than the budget of %d\n", image, sum,
			sum - budget, budget >"/dev/stderr"
	exit found != 2 || sum > budget
}'
