#!/bin/sh
# SPDX-License-Identifier: MIT
# How much text (code and constants) memblock takes on the target at -Os: all of it, and what a boot uses of it
# after --gc-sections, each with the dump and the trace; and what both consist of, for tools/check-budgets.py.
#   tools/memblock-size.sh LINKED-ELF'S-MAP OBJECT...
set -eu

map=$1
shift

all=$(arm-none-eabi-size "$@" | awk 'NR > 1 { sum += $1 } END { print sum }')

used=$(awk -v objects="$*" -f tools/map-size.awk "$map")

echo "figure memblock_text_bytes $all bytes"
echo "figure memblock_boot_text_bytes $used bytes"
arm-none-eabi-size -A -d "$@" | awk '
/:$/ {
	object = $1
	sub(/.*\/size\//, "", object)
}
/^\.(text|rodata|ARM)/ && $2 {
	name = $1
	sub(/^\.text\./, "", name)
	print "part memblock_text_bytes", $2, object ":" name
}'
awk -v list=1 -f tools/map-size.awk "$map" | awk '
$2 ~ /text|rodata/ && $3 ~ /^mm\/memblock/ { print "part memblock_boot_text_bytes", $1, $3 }'
if [ "$used" -gt "$all" ]; then
	echo "memblock-size: $used of $all bytes are used: the map was not understood" >&2
	exit 1
fi
