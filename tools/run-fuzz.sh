#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs fuzzers, two programs at a time, and says what they did. Those of the boot are run with 64-bit
# and with 32-bit physical addresses.
#   tools/run-fuzz.sh fresh SECONDS NAME...  from the seeds; both widths share the seconds
#   tools/run-fuzz.sh keep SECONDS NAME...   and from build/fuzz/corpus-NAME, where what is found stays
# A fuzzer that crashes, cannot run, or gets no further than its seeds is a failure.
set -eu

dir=build/fuzz

usage() {
	echo "usage: tools/run-fuzz.sh fresh|keep SECONDS tree|atags|cmdline|image|ops..." >&2
	echo "       make fuzz FUZZ=tree|atags|cmdline|image|ops [FUZZ_SECONDS=N]" >&2
	exit 2
}

# What the fuzzer $1 is: its programs, what it starts from, how long its inputs may become, its words.
settings() {
	programs=$1 seeds=$dir/seeds/$1 dict=
	case $1 in
	tree | atags | cmdline) programs="$1 ${1}32" longest=4096 dict=-dict=tests/fuzz/$1.dict ;;
	image) seeds=$dir/images longest=20528 ;; # five pages
	ops) longest=2048 ;;                      # 400 calls
	*) usage ;;
	esac
}

# Runs one program; $4 is its name, "tree32". Its output and its exit status stay in $dir/NAME.log.
if [ "${1:-}" = one ]; then
	mode=$2 seconds=$3 program=$4 name=${4%32}
	settings "$name"
	corpus=$dir/corpus-$name
	if [ "$mode" = fresh ]; then
		[ "$programs" = "$name" ] || seconds=$((seconds / 2))
		corpus=$dir/fresh-$program
		rm -rf "$corpus"
	fi
	mkdir -p "$corpus"
	rm -f "$dir/$program.status"
	status=0
	timeout $((seconds + 300)) "$dir/fuzz_$program" -max_total_time="$seconds" -timeout=10 \
		-max_len="$longest" -print_final_stats=1 ${dict:+"$dict"} \
		-artifact_prefix="$dir/$program-" "$corpus" "$seeds" >"$dir/$program.log" 2>&1 || status=$?
	echo "$status" >"$dir/$program.status"
	exit 0
fi

[ $# -ge 3 ] || usage
mode=$1 seconds=$2
shift 2
case $mode in fresh | keep) ;; *) usage ;; esac
all=
for name in "$@"; do
	settings "$name"
	all="$all $programs"
done

# shellcheck disable=SC2086 # a list of names
printf '%s\n' $all | xargs -P 2 -I {} "$0" one "$mode" "$seconds" {}

# A number of the program's log: $1 program, $2 how the line goes on from its start to the number.
number() {
	sed -nE "s/^$2([0-9]+).*/\1/p" "$dir/$1.log" | tail -n 1
}

failed=0
for name in "$@"; do
	settings "$name"
	count=$(find "$seeds" -type f | wc -l)
	total=0
	line=
	for program in $programs; do
		status=$(cat "$dir/$program.status")
		execs=$(number "$program" 'stat::number_of_executed_units: *')
		deep=$(sed -nE 's/^stat::(boots|opened|calls): ([0-9]+).*/\2 \1/p' "$dir/$program.log" | tail -n 1)
		deep=${deep:-0 done}
		cov=$(number "$program" '#[0-9]+[[:space:]].* cov: ')
		why=
		if [ "$status" != 0 ]; then
			why="exit status $status"
		elif [ "$count" = 0 ]; then
			why="no seeds in $seeds"
		elif [ "${execs:-0}" -le "$count" ] || [ "${deep%% *}" -lt "$count" ]; then
			why="${execs:-0} executions, $deep, but $count seeds"
		fi
		if [ -n "$why" ]; then
			failed=$((failed + 1))
			echo "---- fuzz_$program: $why"
			tail -n 80 "$dir/$program.log"
			input=$(sed -n 's/.*Test unit written to //p' "$dir/$program.log")
			[ -z "$input" ] || echo "replay: $dir/fuzz_$program $input"
		fi
		total=$((total + ${execs:-0}))
		line="$line; $program: ${execs:-0} executions, $deep, ${cov:-0} edges"
	done
	echo "${line#; }"
	echo "figure fuzz_${name}_execs $total executions"
done
echo "fuzzers: $failed failed"
[ "$failed" = 0 ]
