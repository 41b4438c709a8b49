#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs host tests that were built with --coverage, prints what of mm/, store/ and boot/ they have run, and fails if it
# is less than the goals, in any of the three. A source that is in no test, or has lines that were not run, has to be in
# tests/not-covered.txt, with the reason.
#   tools/coverage.sh FOLDER PROGRAM...    object files and counts are in FOLDER and FOLDER-*
set -eu

lines_goal=95 branches_goal=85

folder=$1
shift
find "$folder"* -name '*.gcda' -delete
tools/run-unit.sh "$@" >"$folder/tests.txt" || {
	cat "$folder/tests.txt"
	exit 1
}

# A report once for all, then as tables: by file, and which lines and branches were never taken.
show() {
	gcovr --root . --add-tracefile "$folder/all.json" "$@"
}
gcovr --root . -j 2 --filter 'mm/' --filter 'store/' --filter 'boot/' --json -o "$folder/all.json" "$folder"*
show --csv -o "$folder/files.csv"
show -o "$folder/lines.txt"
show --branches -o "$folder/branches.txt"

find mm store boot -name '*.[chS]' >"$folder/sources.txt"
awk -v lines_goal=$lines_goal -v branches_goal=$branches_goal -f tools/coverage.awk \
	tests/not-covered.txt "$folder/sources.txt" "$folder/files.csv"
echo "coverage: which lines and branches they are: $folder/lines.txt, $folder/branches.txt"
