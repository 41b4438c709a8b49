#!/bin/sh
# SPDX-License-Identifier: MIT
# Cairn's store beside other engines: the same operations (tests/bench/bench_store.c) on each, timed in
# turns, counted in instructions under callgrind, and Cairn's counted on the board in QEMU.
#
#   make bench-store                       everything; ARGS="insn cairn" and so on for a part of it:
#   tools/bench-store.sh all               everything
#   tools/bench-store.sh time [ENGINE...]  times, bytes
#   tools/bench-store.sh insn [ENGINE...]  instructions at N = 1000; "insn cairn" takes a few seconds
#   tools/bench-store.sh board             instructions on the board; needs BOARD_CC, BOARD_LINK and
#                                          BOARD_OBJ from the Makefile, as "all" does
#   tools/bench-store.sh parts             what the last "insn" counted in each function, for tools/check-budgets.py
#   tools/bench-store.sh profile ENGINE ROW [LINES]
#                                          where the instructions of a row go, by function, such as
#                                          "profile cairn-classic put"
#
# An ENGINE is floor, khash, glib, uthash, tdb, lmdb or cairn: cairn-classic, cairn-native (with trailer),
# cairn-guarded (and the window to write through), cairn-shared (shared by four, one of which is there) and
# cairn-flushed (trailer, and hooks that count barriers and lines). From the environment: BENCH_N, which numbers of entries to time (1000,100000,1000000),
# BENCH_VALUES (fixed,mixed: 100 bytes and 10 to 1000), BENCH_REPETITIONS (3). Everything lies in build/bench.
set -eu

cd "$(dirname "$0")/.."
out=build/bench
counted=1000
sizes=$(echo "${BENCH_N:-1000,100000,1000000}" | tr , ' ')
values=$(echo "${BENCH_VALUES:-fixed,mixed}" | tr , ' ')
repetitions=${BENCH_REPETITIONS:-3}
adapters="floor khash glib uthash tdb lmdb cairn"
warn="-Wall -Wextra -Wshadow -Wconversion -Wundef -Wstrict-prototypes -Wmissing-prototypes -Werror"

die() {
	echo "bench-store: $1" >&2
	exit 1
}

# shellcheck disable=SC2046,SC2086 # lists of flags, here and below
build_host() { # adapter
	sources="tests/bench/host_store.c tests/bench/bench_store.c tests/bench/engine_$1.c"
	libraries=
	case $1 in
	cairn) sources="$sources $(echo store/*.c lib/*.c)" ;;
	glib) libraries=$(pkg-config --cflags --libs glib-2.0) ;;
	tdb | lmdb) libraries=-l$1 ;;
	esac
	gcc -O2 -g -std=gnu11 -ffunction-sections -Wl,--gc-sections -Wl,-z,now -I. $warn $sources \
		$libraries -o "$out/store-$1"
}

# What the following report is a line "KIND ROW N VALUES ENGINE VALUE" each.

time_host() { # engines...
	for n in $sizes; do
		for value in $values; do
			for repetition in $(seq "$repetitions"); do
				echo "timing $n entries, values $value, $repetition of $repetitions" >&2
				for engine in "$@"; do
					[ "$value" != fixed ] ||
						"$out/store-${engine%%-*}" "$engine" first "$n" fixed
					"$out/store-${engine%%-*}" "$engine" time "$n" "$value"
				done
			done
		done
	done
}

# A large move of memory must not be one string instruction: callgrind counts each of its bytes.
run_callgrind() { # engine
	dumps=$out/callgrind-$1
	rm -rf "$dumps"
	mkdir "$dumps"
	GLIBC_TUNABLES=glibc.cpu.x86_rep_movsb_threshold=1000000000 valgrind --tool=callgrind \
		--collect-atstart=no --callgrind-out-file="$dumps/out" \
		"$out/store-${1%%-*}" "$1" insn $counted fixed >"$dumps/said" 2>"$dumps/log" || {
		cat "$dumps/log" >&2
		die "$1: its instructions could not be counted: see above"
	}
}

count_host() { # engines...
	for engine in "$@"; do
		echo "counting instructions, $engine" >&2
		run_callgrind "$engine"
		cat "$out/callgrind-$engine/said"
		awk -v n="$counted" -v engine="$engine" '
			/^desc: Trigger: / { row = $5; operations = $6 }
			/^totals: / && operations { print "insn", row, n, "fixed", engine, $2 / operations }
		' "$out/callgrind-$engine"/out.*
	done
}

# The lines below fn= are what a function itself took, but for the one below each calls=.
# shellcheck disable=SC2046 # names without spaces
print_parts() {
	for dumps in "$out"/callgrind-cairn-*; do
		suffix=${dumps##*/callgrind-cairn-}
		awk -v n="$counted" -v suffix="_$suffix" '
			function print_row(    id) {
				for (id in cost)
					print "part store_" row "_" n "_insn" (suffix == "_classic" ? "" : suffix),
						cost[id] / operations, name[id]
				delete cost
			}
			FNR == 1 && NR > 1 { print_row() }
			/^desc: Trigger: / { row = $5; operations = $6 }
			/^c?fn=/ {
				id = $1
				sub(/^c?fn=/, "", id)
				if (NF > 1)
					name[id] = $2
				if (/^fn=/)
					function_id = id
			}
			/^calls=/ { below_calls = 1; next }
			/^[-+*0-9]/ {
				if (!below_calls)
					cost[function_id] += $2
				below_calls = 0
			}
			END { print_row() }
		' $(grep -l "^desc: Trigger: " "$dumps"/out.*)
	done
}

# shellcheck disable=SC2086
count_board() {
	[ "${BOARD_CC:+x}${BOARD_LINK:+x}${BOARD_OBJ:+x}" = xxx ] ||
		die "run it as \"make bench-store\": the Makefile knows how the image is built"
	echo "counting instructions on the board" >&2
	rm -rf "$out/board-objects/store"
	mkdir -p "$out/board-objects/store"
	for source in board_main board_store bench_store engine_cairn; do
		$BOARD_CC -DBENCH_BOARD_ENTRIES=$counted -c tests/bench/$source.c \
			-o "$out/board-objects/store/$source.o"
	done
	$BOARD_LINK "$out"/board-objects/store/*.o $BOARD_OBJ -o "$out/board-store"
	tools/bench-board.sh "$out/board-store" >"$out/board-store.out"
	awk '$1 == "insn" || $1 == "barriers" || $1 == "lines" { print "board-" $0 }' "$out/board-store.out"
}

# shellcheck disable=SC2086
profile() { # engine, row, lines
	run_callgrind "$1"
	dump=$(grep -l "^desc: Trigger: .* $2 " "$out/callgrind-$1"/out.*) ||
		die "profile: there is no row $2: expected one of $(awk '
			/^desc: Trigger: / { print $5 }' "$out/callgrind-$1"/out.* | tr '\n' ' ')"
	echo "$1, $2: instructions for $counted operations, by function"
	# What has everything called the rest.
	callgrind_annotate --auto=no --threshold=100 $dump |
		sed -n '/ (100.0%) /d;s/ \[.*//;s/^ *[0-9,.]* (.*/&/p' | head -n "${3:-30}"
}

# Builds what ENGINES... need; $engines is then their full names.
choose() {
	mkdir -p $out
	engines=
	# shellcheck disable=SC2086
	[ $# != 0 ] || set -- $adapters
	for engine in "$@"; do
		adapter=${engine%%-*}
		case " $adapters " in
		*" $adapter "*) ;;
		*) die "there is no engine $engine: expected some of: $adapters" ;;
		esac
		build_host "$adapter"
		names=$("$out/store-$adapter" names | tr '\n' ' ')
		[ "$adapter" = "$engine" ] && engines="$engines $names" && continue
		case " $names" in
		*" $engine "*) engines="$engines $engine" ;;
		*) die "there is no engine $engine: expected some of: $names" ;;
		esac
	done
}

print_tables() { # results
	awk -v sizes="$sizes" -v repetitions="$repetitions" -f tools/bench-store.awk "$1"
}

part=${1:-all}
[ $# = 0 ] || shift
case $part in
all)
	choose
	# shellcheck disable=SC2086
	{
		count_host $engines
		count_board
		time_host $engines
	} >$out/store-results
	;;
time | insn)
	choose "$@"
	# shellcheck disable=SC2086
	if [ "$part" = time ]; then
		time_host $engines
	else
		count_host $engines
	fi >$out/store-results
	;;
board)
	mkdir -p $out
	count_board >$out/store-results
	;;
parts)
	print_parts
	exit
	;;
profile)
	[ $# -ge 2 ] || die "usage: tools/bench-store.sh profile ENGINE ROW [LINES]"
	choose "$1"
	profile "$@"
	exit
	;;
*) die "usage: tools/bench-store.sh all | time [ENGINE...] | insn [ENGINE...] | board | parts |" \
	"profile ENGINE ROW" ;;
esac
print_tables $out/store-results
