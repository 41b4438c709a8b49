#!/bin/sh
# SPDX-License-Identifier: MIT
# Counts the instructions from the image's first one to the prompt, with 1 GiB, by QEMU's trace of each: without
# and with memblock=debug. docs/benchmarks.md has the numbers.
set -eu

cd "$(dirname "$0")/.."
out=build/bench
elf=build/vexpress-a9/cairn.elf

count() { # name, command line
	eval "set -- \"\$1\" $(./qemu-run.sh -m 1G -a "$2" --print)" # the only one to know its flags
	what=$1
	shift
	mkdir -p $out
	rm -f $out/trace
	mkfifo $out/trace
	timeout 300 "$@" -icount shift=0 -singlestep -d exec,nochain -D $out/trace \
		</dev/null >"$out/boot-$what.said" 2>&1 &
	qemu=$!
	status=0
	awk -v what="$what" -v rows=12 -v end=console_read -f tools/bench-boot.awk \
		$out/boot-symbols $out/trace || status=$?
	kill $qemu 2>/dev/null || true # it would go on without a reader
	wait $qemu || true
	rm -f $out/trace
	[ $status = 0 ] || tail -n 5 "$out/boot-$what.said" >&2
	return $status
}

mkdir -p $out
arm-none-eabi-nm -n $elf >$out/boot-symbols
count plain ''
count traced memblock=debug
