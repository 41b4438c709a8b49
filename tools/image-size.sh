#!/bin/sh
# SPDX-License-Identifier: MIT
# How large the parts of the image are, in bytes: its sections, and code and constants (.text, .rodata) of each PART,
# which are those of the objects that follow its name, and of the base, which is all the rest. Also what the base and
# the parts consist of, for tools/check-budgets.py.
#   tools/image-size.sh cairn.elf ITS-MAP 'PART OBJECT...'...
set -eu

elf=$1 map=$2
shift 2

awk -v list=1 -f tools/map-size.awk "$map" | awk -v parts="$(printf '%s\n' "$@")" '
BEGIN {
	n = split(parts, line, "\n")
	for (i = 1; i <= n; i++) {
		words = split(line[i], word, " ")
		for (j = 2; j <= words; j++) {
			sub(/^build\/[^\/]*\//, "", word[j])
			part[word[j]] = word[1]
		}
	}
}
{
	object = $3
	sub(/:.*/, "", object)
	print "part image_" ($2 == ".text" ? "code" : substr($2, 2)) "_bytes", $1, $3
	if ($2 ~ /text|rodata/)
		print "part image_" (object in part ? part[object] : "base") "_text_bytes", $1, $3
}'

rest=0
for part; do
	name=${part%% *} objects=${part#* }
	bytes=$(awk -v objects="$objects" -f tools/map-size.awk "$map")
	echo "figure image_${name}_text_bytes $bytes bytes"
	rest=$((rest + bytes))
done
arm-none-eabi-size -A -d "$elf" | awk -v rest=$rest -v image="$elf" '
/^\.(text|rodata|symtab_image|ARM.extab|ARM.exidx|data|bss|stacks|noinit) / {
	printf "%-14s %7d\n", $1, $2
	bytes[$1] = $2
	found++
	all += $2
}
END {
	if (found != 9) {
		print "image-size: " image ": 9 sections were expected, found " found + 0 >"/dev/stderr"
		exit 1
	}
	print "figure image_text_bytes", bytes[".text"] + bytes[".rodata"], "bytes"
	print "figure image_base_text_bytes", bytes[".text"] + bytes[".rodata"] - rest, "bytes"
	print "figure image_code_bytes", bytes[".text"], "bytes"
	print "figure image_rodata_bytes", bytes[".rodata"], "bytes"
	print "figure image_tables_bytes", bytes[".symtab_image"] + bytes[".ARM.extab"] + bytes[".ARM.exidx"], "bytes"
	print "figure image_data_bytes", bytes[".data"], "bytes"
	print "figure image_bss_bytes", bytes[".bss"], "bytes"
	print "figure image_memory_bytes", all, "bytes"
}'
