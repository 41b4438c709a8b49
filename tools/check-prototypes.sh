#!/bin/sh
# SPDX-License-Identifier: MIT
# Each function in a header has a /** comment right above it, or follows directly on one that has.
set -eu

awk '
FNR == 1 { documented = 0; open = 0; nesting = 0 }
/^\/\*\*/ { documented = 1 }
/^$/ { documented = documented && !closed; closed = 0 }
/^[a-z_].*\(/ && !/^(typedef|extern) / && !/^(static|const) [^(]*=/ {
	functions++
	if (!documented) {
		print FILENAME ":" FNR ": " $0 ": no comment right above it"
		bad = 1
	}
	closed = 1
}
/^(struct|enum|union|extern|#|typedef)/ { closed = 1 }
END {
	if (functions < 50) {
		print "only " functions + 0 " functions found: the check itself is broken"
		bad = 1
	}
	exit bad
}' lib/*.h drivers/*.h mm/*.h store/*.h shell/*.h boot/*.h boot/selector/*.h tools/memmap/*.h tools/fcs/*.h
