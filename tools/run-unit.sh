#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs each test program given, two at a time, shows what the failing ones printed and every figure,
# and counts. FIGURES in the environment is a file for the figures.
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# shellcheck disable=SC2016 # expanded by the inner shell
printf '%s\n' "$@" | xargs -P 2 -I {} sh -c '
	out=$1/$(echo "$2" | tr / _)
	"$2" >"$out" 2>&1 || echo "$2: exit status $?" >>"$1/failed"
' sh "$dir" {}

sed -n 's/^\[  *OK *\].*/passed/p' "$dir"/build_* | wc -l >"$dir/passed"
(grep -h '^figure ' "$dir"/build_* || true) | tee "${FIGURES:-/dev/null}"
if [ -s "$dir/failed" ]; then
	while IFS=: read -r test why; do
		echo "---- $test:$why"
		tail -n 60 "$dir/$(echo "$test" | tr / _)"
	done <"$dir/failed"
fi
touch "$dir/failed"
echo "unit tests: $(cat "$dir/passed") passed, programs: $(wc -l <"$dir/failed") failed"
[ ! -s "$dir/failed" ]
