#!/bin/sh
# SPDX-License-Identifier: MIT
# Boots a benchmark's image IMAGE (tests/bench/board_main.c) in QEMU and prints what it prints.
# With -icount time passes with instructions: a nanosecond each at shift=0.
set -eu

cd "$(dirname "$0")/.."
image=$1
said=$image.said
eval "set -- $(./qemu-run.sh --print | sed 's/ -kernel .*//')" # the only one to know its flags
timeout 300 "$@" -icount shift=0 -kernel "$image" </dev/null >"$said" 2>&1 ||
	echo "QEMU ended with status $?" >>"$said"
[ "$(tail -n 1 "$said")" = "done" ] || {
	cat "$said" >&2
	echo "bench-board: $image: the board did not come to the end: see above" >&2
	exit 1
}
cat "$said"
