#!/bin/sh
# SPDX-License-Identifier: MIT
# How large the image in the folder WHOLE is, in bytes: its sections, and code and constants (.text, .rodata); those of
# the image in BASE, which has no parts that can be left out; and what each PART adds to the image in LACKING, which is
# WHOLE without it. Also what all of that consists of, for tools/check-budgets.py.
#   tools/image-size.sh WHOLE BASE PART=LACKING...
set -eu

whole=$1 base=$2
shift 2

# "BYTES SECTION OBJECT:PART" of each piece of code and constants of the image in $1.
text_pieces() {
	awk -v list=1 -f tools/map-size.awk "$1/cairn.map" | grep -E '^[0-9]+ \.(text|rodata) '
}

text_bytes() {
	arm-none-eabi-size -A -d "$1/cairn.elf" | awk '/^\.(text|rodata) / { sum += $2; found++ } END { print sum; exit found != 2 }'
}

all=$(text_bytes "$whole")
echo "figure image_text_bytes $all bytes"
text_pieces "$whole" | sed -E 's/^([0-9]+) \S+ /part image_text_bytes \1 /'
echo "figure image_base_text_bytes $(text_bytes "$base") bytes"
text_pieces "$base" | sed -E 's/^([0-9]+) \S+ /part image_base_text_bytes \1 /'
for part; do
	name=${part%%=*} lacking=${part#*=}
	echo "figure image_${name}_text_bytes $((all - $(text_bytes "$lacking"))) bytes"
	{ text_pieces "$lacking" | sed 's/^/-/' && text_pieces "$whole"; } | awk -v name="$name" '
	{ bytes[$3] += $1 }
	END {
		for (piece in bytes)
			if (bytes[piece] > 0)
				print "part image_" name "_text_bytes", bytes[piece], piece
	}'
done

awk -v list=1 -f tools/map-size.awk "$whole/cairn.map" | awk '
{ print "part image_" ($2 == ".text" ? "code" : substr($2, 2)) "_bytes", $1, $3 }'
arm-none-eabi-size -A -d "$whole/cairn.elf" | awk -v image="$whole/cairn.elf" '
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
	print "figure image_code_bytes", bytes[".text"], "bytes"
	print "figure image_rodata_bytes", bytes[".rodata"], "bytes"
	print "figure image_tables_bytes", bytes[".symtab_image"] + bytes[".ARM.extab"] + bytes[".ARM.exidx"], "bytes"
	print "figure image_data_bytes", bytes[".data"], "bytes"
	print "figure image_bss_bytes", bytes[".bss"], "bytes"
	print "figure image_memory_bytes", all, "bytes"
}'
