#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the fuzzers of the store, two at a time, and says what they did.
#   tests/fuzz/run-store.sh fresh SECONDS NAME...  from the seeds
#   tests/fuzz/run-store.sh keep SECONDS NAME...   and from build/fuzz/corpus-NAME, where what is found stays
# A fuzzer that crashes, cannot run, or gets no further than its seeds is a failure.
set -eu

dir=build/fuzz

usage() {
	echo "usage: tests/fuzz/run-store.sh fresh|keep SECONDS image|ops..." >&2
	echo "       make fuzz FUZZ=image|ops [FUZZ_SECONDS=N]" >&2
	exit 2
}

# What a fuzzer starts from, and how long its inputs may become: five pages, or 400 calls.
seeds_of() {
	[ "$1" = image ] && echo "$dir/images" || echo "$dir/seeds/$1"
}
longest() {
	[ "$1" = image ] && echo 20528 || echo 2048
}

# Runs one. Its output and its exit status stay in $dir/NAME.log and $dir/NAME.status.
if [ "${1:-}" = one ]; then
	mode=$2 seconds=$3 name=$4
	corpus=$dir/corpus-$name
	if [ "$mode" = fresh ]; then
		corpus=$dir/fresh-$name
		rm -rf "$corpus"
	fi
	mkdir -p "$corpus"
	rm -f "$dir/$name.status"
	status=0
	timeout $((seconds + 300)) "$dir/fuzz_$name" -max_total_time="$seconds" -timeout=10 \
		-max_len="$(longest "$name")" -print_final_stats=1 -artifact_prefix="$dir/$name-" \
		"$corpus" "$(seeds_of "$name")" >"$dir/$name.log" 2>&1 || status=$?
	echo "$status" >"$dir/$name.status"
	exit 0
fi

[ $# -ge 3 ] || usage
mode=$1 seconds=$2
shift 2
case $mode in fresh | keep) ;; *) usage ;; esac
for name in "$@"; do
	case $name in image | ops) ;; *) usage ;; esac
done

printf '%s\n' "$@" | xargs -P 2 -I {} "$0" one "$mode" "$seconds" {}

# A number of the program's log: $1 program, $2 how the line goes on from its start to the number.
number() {
	sed -nE "s/^$2([0-9]+).*/\1/p" "$dir/$1.log" | tail -n 1
}

failed=0
for name in "$@"; do
	seeds=$(find "$(seeds_of "$name")" -type f | wc -l)
	status=$(cat "$dir/$name.status")
	execs=$(number "$name" 'stat::number_of_executed_units: *')
	deep=$(sed -nE 's/^stat::(opened|calls): ([0-9]+).*/\2 \1/p' "$dir/$name.log" | tail -n 1)
	deep=${deep:-0 done}
	cov=$(number "$name" '#[0-9]+[[:space:]].* cov: ')
	why=
	if [ "$status" != 0 ]; then
		why="exit status $status"
	elif [ "$seeds" = 0 ]; then
		why="no seeds in $(seeds_of "$name")"
	elif [ "${execs:-0}" -le "$seeds" ] || [ "${deep%% *}" -lt "$seeds" ]; then
		why="${execs:-0} executions, $deep, but $seeds seeds"
	fi
	if [ -n "$why" ]; then
		failed=$((failed + 1))
		echo "---- fuzz_$name: $why"
		tail -n 80 "$dir/$name.log"
		input=$(sed -n 's/.*Test unit written to //p' "$dir/$name.log")
		[ -z "$input" ] || echo "replay: $dir/fuzz_$name $input"
	fi
	echo "fuzz_$name: ${execs:-0} executions, $deep, ${cov:-0} edges"
	echo "figure fuzz_${name}_execs ${execs:-0} executions"
done
echo "fuzzers of the store: $failed failed"
[ "$failed" = 0 ]
