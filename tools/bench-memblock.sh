#!/bin/sh
# SPDX-License-Identifier: MIT
# Linux 6.1's memblock and ours, side by side: the same calls (tests/bench/bench_memblock.c) compiled
# twice, timed in turns, counted in instructions under callgrind, and counted on the board in QEMU.
# "make bench-memblock" runs it and hands over how the image is built: BOARD_CC, BOARD_LINK and
# BOARD_OBJ. BENCH_TIMED is the numbers of regions to time. Everything lies in build/bench.
#   tools/bench-memblock.sh        everything
#   tools/bench-memblock.sh cairn  only ours, counted and not timed: figures, for which no Linux is fetched
# docs/benchmarks.md says what the rows are.
set -eu

cd "$(dirname "$0")/.."
out=build/bench
linux=build/linux/linux-source-6.1
repetitions=3
counted="16 128 1024"
timed=${BENCH_TIMED:-$counted 65536}
slots=131074     # BENCH_SLOTS(65536)
board_slots=2050 # BENCH_SLOTS(1024)
warn="-Wall -Wextra -Wshadow -Wconversion -Wundef -Wstrict-prototypes -Wmissing-prototypes -Werror"

die() {
	echo "bench-memblock: $1" >&2
	exit 1
}

[ "${BOARD_CC:+x}${BOARD_LINK:+x}${BOARD_OBJ:+x}" = xxx ] ||
	die "run it as \"make bench-memblock\": the Makefile knows how the image is built"

host_flags="-O2 -std=gnu11 -ffunction-sections -Wl,--gc-sections -I. -DCONFIG_PHYS_ADDR_T_64BIT
	-DINIT_MEMBLOCK_RESERVED_REGIONS=$slots"
board_flags="$BOARD_CC -DINIT_MEMBLOCK_RESERVED_REGIONS=$board_slots -DBENCH_BOARD_SIZES=$(echo "$counted" | tr ' ' ,) -c"

# shellcheck disable=SC2086 # lists of flags, here and below
build_host_cairn() {
	gcc $host_flags $warn tests/bench/bench_memblock.c tests/bench/host_main.c mm/memblock*.c \
		-o "$out/host-cairn"
}

# shellcheck disable=SC2086
build_host_linux() {
	flags=$host_flags
	# Linux's own memblock.h, before the one that check-linux puts into the folder of the tests.
	linux_flags="-DBENCH_LINUX -isystem $out/include
		-isystem $linux/tools/testing/memblock -isystem $linux/tools/include"
	mkdir -p "$out/include/linux"
	ln -sf "$PWD/$linux/include/linux/memblock.h" "$out/include/linux/memblock.h"

	gcc $flags $linux_flags -w -c "$linux/mm/memblock.c" -o "$out/linux-memblock.o"
	gcc $flags $linux_flags $warn tests/bench/bench_memblock.c tests/bench/host_main.c \
		tests/bench/linux_env.c "$out/linux-memblock.o" -o "$out/host-linux"
}

# shellcheck disable=SC2086
build_board_cairn() {
	rm -rf "$out/board-objects/cairn"
	mkdir -p "$out/board-objects/cairn"
	for source in tests/bench/board_main.c tests/bench/board_memblock.c \
		tests/bench/bench_memblock.c mm/memblock*.c; do
		$board_flags "$source" -o "$out/board-objects/cairn/$(basename "$source" .c).o"
	done
	$BOARD_LINK "$out"/board-objects/cairn/*.o $BOARD_OBJ -o "$out/board-cairn"
}

# The headers of Linux's tools folder are for a host: on the board linux-shim/linux.h stands in for all. Behind
# build_board_cairn.
# shellcheck disable=SC2086
build_board_linux() {
	flags=$board_flags
	linux_flags="-DBENCH_LINUX -isystem $out/shim -include tests/bench/linux-shim/linux.h"
	mkdir -p "$out/shim/linux" "$out/shim/asm"
	for header in linux/bitops linux/debugfs linux/init linux/io linux/kernel linux/kmemleak \
		linux/linkage linux/mm linux/pfn linux/poison linux/seq_file linux/slab linux/types \
		asm/assembler asm/dma asm/sections asm/unwind internal; do
		: >"$out/shim/$header.h"
	done
	ln -sf "$PWD/$linux/include/linux/memblock.h" "$out/shim/linux/memblock.h"

	mkdir -p "$out/board-objects/linux"
	cp "$out"/board-objects/cairn/board_m*.o "$out/board-objects/linux/"
	for name in memcpy memmove; do
		$flags -isystem "$out/shim" -include tests/bench/linux-shim/asm.h \
			"$linux/arch/arm/lib/$name.S" -o "$out/board-objects/linux/$name.o"
	done
	$flags $linux_flags -w -Werror=implicit-function-declaration "$linux/mm/memblock.c" \
		-o "$out/board-objects/linux/memblock.o"
	$flags $linux_flags tests/bench/bench_memblock.c -o "$out/board-objects/linux/bench_memblock.o"
	$flags tests/bench/linux_env.c -o "$out/board-objects/linux/linux_env.o"
	linux_obj=$(echo "$BOARD_OBJ" | sed 's|[^ ]*/boot/memmove\.o||') # it has its own
	$BOARD_LINK "$out"/board-objects/linux/*.o $linux_obj -o "$out/board-linux"
}

# What follows reports each value as a line "KIND ROW N SIDE VALUE CHECKSUM".

time_host() {
	for row in $rows; do
		for n in $timed; do
			echo "timing $row, $n regions" >&2
			for _ in $(seq $repetitions); do
				for side in linux cairn; do
					said=$("$out/host-$side" time "$row" "$n") ||
						die "$side: $row with $n regions could not be timed"
					echo "ns $row $n $side $said"
				done
			done
		done
	done
}

# A large move of memory must not be one string instruction: callgrind counts each of its bytes.
count_host() { # linux or cairn
	echo "counting instructions, $1" >&2
	dumps=$out/callgrind-$1
	rm -rf "$dumps"
	mkdir "$dumps"
	# shellcheck disable=SC2086
	GLIBC_TUNABLES=glibc.cpu.x86_rep_movsb_threshold=1000000000 valgrind --tool=callgrind \
		--collect-atstart=no --callgrind-out-file="$dumps/out" "$out/host-$1" insn $counted \
		>"$dumps/checksums" 2>"$dumps/log" || {
		cat "$dumps/log" >&2
		die "$1: its instructions could not be counted: see above"
	}
	awk -v side="$1" '
		FILENAME ~ /checksums$/ { checksum[$1 " " $2] = $3 }
		/^desc: Trigger: / { row = $5 " " $6; calls = $7; empty = $8 }
		/^totals: / && calls {
			if (empty)
				loop[row] = $2 / calls
			else
				whole[row] = $2 / calls
		}
		END {
			for (row in whole)
				print "insn", row, side, whole[row] - loop[row], checksum[row]
		}' "$dumps/checksums" "$dumps"/out.*
}

count_board() { # linux or cairn
	echo "counting instructions on the board, $1" >&2
	tools/bench-board.sh "$out/board-$1" >"$out/board-$1.out"
	awk -v side="$1" '$1 == "insn" { print "board", $2, $3, side, $4, $5 }' "$out/board-$1.out"
}

mkdir -p $out
build_host_cairn
build_board_cairn
if [ "${1:-}" = cairn ]; then
	{
		count_host cairn
		count_board cairn
	} | awk '{
		name = "figure memblock_" $2 "_" $3 ($1 == "board" ? "_target" : "") "_insn"
		printf "%s %.0f instructions\n", name, $5
		if ($2 == "alloc_walk" && $3 == 1024)
			printf "%s_per_hole %.1f instructions\n", name, $5 / $3
	}' | sort
	exit
fi
tools/fetch-linux.sh
build_host_linux
build_board_linux
rows=$("$out/host-cairn" rows)
{
	count_host linux
	count_host cairn
	count_board linux
	count_board cairn
	time_host
} >$out/results
awk -v rows="$(echo "$rows" | tr '\n' ' ')" -v timed="$timed" -v counted="$counted" \
	-v repetitions=$repetitions -f tools/bench-memblock.awk $out/results
