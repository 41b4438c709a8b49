#!/bin/sh
# SPDX-License-Identifier: MIT
# How much text (code and constants) memblock takes on the target at -Os: all of it, and what a boot uses of it
# after --gc-sections, each with the dump and the trace. Fails where a budget is broken.
#   tools/memblock-size.sh LINKED-ELF'S-MAP OBJECT...
set -eu

all_max=6355
used_max=4096

map=$1
shift

all=$(arm-none-eabi-size "$@" | awk 'NR > 1 { sum += $1 } END { print sum }')

used=$(awk -v objects="$*" -f tools/map-size.awk "$map")

echo "figure memblock_text_bytes $all bytes"
echo "figure memblock_boot_text_bytes $used bytes"
if [ "$used" -gt "$all" ]; then
	echo "memblock-size: $used of $all bytes are used: the map was not understood" >&2
	exit 1
fi
if [ "$all" -gt $all_max ] || [ "$used" -gt $used_max ]; then
	echo "memblock-size: the budget is $all_max bytes for all of it and $used_max for a boot" >&2
	exit 1
fi
