# SPDX-License-Identifier: MIT
# Reads a linker's map. How many bytes of code and constants the objects named in `objects` have in the image:
#   awk -v objects='A.o B.o' -f tools/map-size.awk MAP
# Fails if the image has nothing of one of them. With list=1 every piece instead, "BYTES SECTION OBJECT:PART": the
# section is .text, .rodata, .data or .bss, the part a function's name, or a section's.

function hex(text,    number, i) {
	number = 0
	for (i = 3; i <= length(text); i++)
		number = number * 16 + index("0123456789abcdef", tolower(substr(text, i, 1))) - 1
	return number
}

function piece(section, size, object,    kind) {
	kind = section
	sub(/^\./, "", kind)
	sub(/\..*/, "", kind)
	if (!list && kind ~ /text|rodata/ && object in wanted) {
		sum += hex(size)
		seen[object] = 1
	}
	if (!list || !hex(size))
		return
	sub(/^build\/[^\/]*\/(size\/)?/, "", object)
	if (object ~ /\)$/) # of a library, whose name is enough
		sub(/.*\//, "", object)
	sub(/^\.text\./, "", section)
	print hex(size), "." kind, object ":" section
}

BEGIN {
	n = split(objects, names, " ")
	for (i = 1; i <= n; i++)
		wanted[names[i]] = 1
}

# What was discarded comes first; then a section a line, or two if its name is long.
/^Linker script and memory map/ { kept = 1 }
!kept { next }
/^ \.(text|rodata|data|bss)[^ ]*$/ { section = $1; next }
/^ \.(text|rodata|data|bss)[^ ]* +0x/ { piece($1, $3, $4) }
section { piece(section, $2, $3) }
{ section = "" }

END {
	for (object in wanted)
		if (!(object in seen)) {
			print "map-size: the image has nothing of " object >"/dev/stderr"
			missing = 1
		}
	if (!list)
		print sum + 0
	exit missing
}
