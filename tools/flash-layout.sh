#!/bin/sh
# SPDX-License-Identifier: MIT
# Prints, as a header for C, assembler and the linker script, what the selector and the flash image take
# from the tree $1: where the flash, its partitions, the memory and the selector's SRAM are.
set -eu

tree=$1

die() {
	echo "flash-layout.sh: $tree: $1" >&2
	exit 1
}

# Node $1, reg's cell $2.
cell() {
	fdtget -t x "$tree" "$1" reg 2>/dev/null | cut -d ' ' -f "$2" | grep . || die "$1 has no reg"
}

# The node of the root whose name begins with $1.
node() {
	fdtget -l "$tree" / | sed -n "s,^$1@.*,/&,p" | head -n 1 | grep . || die "no node $1"
}

define() {
	echo "#define $1 0x$2"
}

echo '/* Made by tools/flash-layout.sh from the tree. */'
flash=$(node flash)
define FLASH_BASE "$(cell "$flash" 1)"
define FLASH_SIZE "$(cell "$flash" 2)"
for name in selector image-a image-b; do
	found=
	for child in $(fdtget -l "$tree" "$flash/partitions"); do
		child=$flash/partitions/$child
		[ "$(fdtget "$tree" "$child" label)" = "$name" ] || continue
		found=1
		macro=$(echo "$name" | tr a-z- A-Z_)
		define "${macro}_OFFSET" "$(cell "$child" 1)"
		define "${macro}_SIZE" "$(cell "$child" 2)"
	done
	[ -n "$found" ] || die "no partition $name"
done
memory=$(node memory)
define RAM_BASE "$(cell "$memory" 1)"
define RAM_SIZE "$(cell "$memory" 2)"
define SYSREG_BASE "$(cell "$(node sysreg)" 1)"
psram=$(node psram)
own=$(fdtget -t x "$tree" "$psram" cairn,selector 2>/dev/null) || die "$psram has no cairn,selector"
define SELECTOR_SRAM_BASE "${own% *}"
define SELECTOR_SRAM_SIZE "${own#* }"
