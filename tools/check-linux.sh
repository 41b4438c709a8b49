#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds Linux 6.1's own tests of memblock (tools/testing/memblock, from Debian's source package) against
# mm/memblock*.[ch] in the place of Linux's, and runs all of them. Everything lies in build/linux.
set -eu

cd "$(dirname "$0")/.."
root=$(pwd)
work=$root/build/linux
tests=$work/linux-source-6.1/tools/testing/memblock

tools/fetch-linux.sh

# What <linux/memblock.h> is for the tests: the headers of their own tree, then ours.
cat >"$tests/linux/memblock.h" <<EOF
#ifndef FOREIGN_MEMBLOCK_H
#define FOREIGN_MEMBLOCK_H
#include <linux/types.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/numa.h>
#include <linux/cache.h>
#include <linux/kernel.h>
#include <asm/dma.h>
#include "$root/mm/memblock.h"
#endif
EOF

ours=$(find "$root/mm" -name 'memblock*.c' ! -name memblock_dump.c)
passed=0
run() { # cases, compiler flags, then options of the test program
	cases=$1
	flags=$2
	shift 2
	# shellcheck disable=SC2086 # lists of flags
	(cd "$tests" && gcc -I. -I../../include -iquote "$root/mm" -Wall -O2 \
		-fsanitize=address,undefined -fno-sanitize-recover=all -DMEMBLOCK_LINUX_TESTS=1 \
		$flags main.c tests/*.c mmzone.c lib/slab.c $ours -o "$work/main")
	for options in "-v" "-v -m"; do
		# shellcheck disable=SC2086
		ASAN_OPTIONS=detect_leaks=0 "$work/main" $options >"$work/out" 2>"$work/err" || {
			tail -n 20 "$work/out" "$work/err" >&2
			echo "check-linux: $flags $options: a test failed" >&2
			exit 1
		}
		ok=$(grep -c '^ok' "$work/out")
		if [ "$ok" != "$cases" ] || grep -q '^not ok' "$work/out" || [ -s "$work/err" ]; then
			cat "$work/err" >&2
			echo "check-linux: $flags $options: $ok of $cases tests passed" >&2
			exit 1
		fi
		passed=$((passed + ok))
		echo "ok: $ok of $cases ($flags; $options)"
	done
}

numa="-DCONFIG_NUMA -DCONFIG_NODES_SHIFT=4"
run 150 "-DCONFIG_PHYS_ADDR_T_64BIT"
run 202 "-DCONFIG_PHYS_ADDR_T_64BIT $numa"
run 150 "-m32"
run 202 "-m32 $numa"
echo "$passed passed, 0 failed"
