#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes the contents of the board's flash: tools/make-flash.sh LAYOUT OUT SELECTOR IMAGE_A IMAGE_B
# LAYOUT is what tools/flash-layout.sh printed. What nothing is written to is as erased.
set -eu

layout=$1 out=$2 selector=$3 image_a=$4 image_b=$5

number() {
	value=$(sed -n "s/^#define $1 //p" "$layout")
	echo $((value))
}

# Puts the file $1 where $2_OFFSET says, if it has at most $3 bytes.
place() {
	size=$(stat -Lc %s "$1")
	[ "$size" -le "$3" ] || {
		echo "make-flash.sh: $1 has $size bytes, its place $3" >&2
		exit 1
	}
	dd if="$1" of="$out.new" bs=64K seek="$(number "$2_OFFSET")" oflag=seek_bytes conv=notrunc status=none
}

head -c "$(number FLASH_SIZE)" /dev/zero | tr '\0' '\377' >"$out.new"
place "$selector" SELECTOR "$(number SELECTOR_SIZE)" # linker/selector.ld keeps it off its areas
place "$image_a" IMAGE_A "$(number IMAGE_A_SIZE)"
place "$image_b" IMAGE_B "$(number IMAGE_B_SIZE)"
mv "$out.new" "$out"
