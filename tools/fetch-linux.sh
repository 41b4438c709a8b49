#!/bin/sh
# SPDX-License-Identifier: MIT
# Fetches Linux 6.1 as Debian has it and unpacks into build/linux/linux-source-6.1 what check-linux.sh and
# bench-memblock.sh need: memblock, its tests and what they are compiled with, and how ARM moves memory.
set -eu

cd "$(dirname "$0")/.."
work=$(pwd)/build/linux
source=linux-source-6.1
tests=$work/$source/tools/testing/memblock
wanted="mm/memblock.c include/linux/*.h tools/testing/memblock/* tools/testing/selftests/kselftest.h
	tools/include/* tools/arch/x86/include/* arch/x86/include/asm/*
	arch/arm/lib/memcpy.S arch/arm/lib/memmove.S arch/arm/lib/copy_template.S"

[ "$(cat "$work/fetched" 2>/dev/null)" != "$wanted" ] || exit 0

mkdir -p "$work"
rm -rf "${work:?}/$source" "$work/fetched"
# A package that lies there already is not fetched again.
(cd "$work" && apt-get -q -o APT::Sandbox::User= download $source >&2) || {
	echo "fetch-linux: $source could not be downloaded with apt-get: see above" >&2
	exit 1
}
dpkg -x "$work"/${source}_*.deb "$work/package"
set -f # the patterns are for tar
# shellcheck disable=SC2086 # a list
printf "$source/%s\n" $wanted |
	tar -C "$work" -xf "$work/package/usr/src/$source.tar.xz" --wildcards -T -
set +f
ln -sf ../../../arch/x86/include/asm/asm.h "$tests/asm/asm.h"
ln -sf ../../../arch/x86/include/asm/cmpxchg.h "$tests/asm/cmpxchg.h"
rm -rf "$work/package" "$work"/${source}_*.deb
printf '%s\n' "$wanted" >"$work/fetched"
