#!/bin/sh
# SPDX-License-Identifier: MIT
# Prints the names of the functions and variables that the given headers declare, one a line: what a library
# shows of itself. It goes by the tree's style: a declaration begins in a line's first column.
set -eu

for header in "$@"; do
	awk '
	/^(static|typedef|struct [a-z_]* \{)/ { next }
	/^extern / && /\(\*[a-z]/ { sub(/.*\(\*/, ""); sub(/\).*/, ""); print; next }
	/^extern [^(]*;/ { sub(/;.*/, ""); print $NF; next }
	/^[a-z][^(=]*[ *][A-Za-z_0-9]+\(/ { sub(/\(.*/, ""); sub(/.*[ *]/, ""); print }
	' "$header"
done | sed 's/^\*//' | sort -u
