#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes the tree for an image in flash: tools/flash-tree.sh TREE BOARD OUT BOOTARGS
# OUT is TREE with the command line BOOTARGS. If its flash has no partitions that Cairn knows it gets those
# of BOARD, the tree that Cairn is built with.
set -eu

tree=$1 board=$2 out=$3 bootargs=$4

die() {
	echo "flash-tree.sh: $tree: $1" >&2
	exit 1
}

# The first node of the tree $1, in or below $2, that is compatible with $3.
find_node() {
	if fdtget "$1" "${2:-/}" compatible 2>/dev/null | tr ' ' '\n' | grep -qx "$3"; then
		echo "$2"
		return
	fi
	fdtget -l "$1" "${2:-/}" | while read -r child; do
		find_node "$1" "$2/$child" "$3"
	done | head -n 1
}

# Puts the partitions of the board into the flash $1 of OUT, in the place of others.
put_partitions() {
	from=$(find_node "$board" "" fixed-partitions)
	to=$1/partitions
	fdtput -r "$out" "$to" 2>/dev/null || :
	fdtput -cp "$out" "$to"
	fdtput -t s "$out" "$to" compatible fixed-partitions
	fdtput -t x "$out" "$to" '#address-cells' 1
	fdtput -t x "$out" "$to" '#size-cells' 1
	# fdtput puts a node before those that are there.
	fdtget -l "$board" "$from" | tac | while read -r name; do
		fdtput -c "$out" "$to/$name"
		fdtput -t s "$out" "$to/$name" label "$(fdtget "$board" "$from/$name" label)"
		# shellcheck disable=SC2046 # two numbers
		fdtput -t x "$out" "$to/$name" reg $(fdtget -t x "$board" "$from/$name" reg)
	done
}

fdtget -p "$tree" / >/dev/null 2>&1 || die "it is no device tree"
flash=$(find_node "$tree" "" cfi-flash)
[ -n "$flash" ] || die "it has no flash (compatible = \"cfi-flash\")"
final=$out out=$out.new
cp "$tree" "$out"
[ -n "$(find_node "$out" "$flash" fixed-partitions)" ] || put_partitions "$flash"
fdtput -pt s "$out" /chosen bootargs "$bootargs"
mv "$out" "$final"
