# SPDX-License-Identifier: MIT
# How many bytes of code and constants the objects named in `objects` have in the image of a linker's map.
#   awk -v objects='A.o B.o' -f tools/map-size.awk MAP
# Fails if the image has nothing of one of them.

function hex(text,    number, i) {
	number = 0
	for (i = 3; i <= length(text); i++)
		number = number * 16 + index("0123456789abcdef", tolower(substr(text, i, 1))) - 1
	return number
}

BEGIN {
	n = split(objects, list, " ")
	for (i = 1; i <= n; i++)
		wanted[list[i]] = 1
}

# What was discarded comes first; then a section a line, or two if its name is long.
/^Linker script and memory map/ { kept = 1 }
!kept { next }
/^ \.(text|rodata)[^ ]*$/ { pending = 1; next }
/^ \.(text|rodata)[^ ]* +0x/ { size = $3; object = $4; pending = 2 }
pending == 1 { size = $2; object = $3; pending = 2 }
pending == 2 {
	if (object in wanted) {
		sum += hex(size)
		seen[object] = 1
	}
	pending = 0
}

END {
	for (object in wanted)
		if (!(object in seen)) {
			print "map-size: the image has nothing of " object >"/dev/stderr"
			missing = 1
		}
	print sum + 0
	exit missing
}
