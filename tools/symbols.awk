# SPDX-License-Identifier: MIT
# Turns "nm -n" of the image into the table that lib/symbols.h describes, as assembler.
# Of several names for one address the first counts; mapping symbols ($a, $t, $d) are left out.
# -v pointer=.quad is for 64-bit programs, whose code has to lie below 4 GiB all the same.
BEGIN { n = 0 } # as an index it would be "" until it is one
function name_of(hex) { return substr(hex, length(hex) - 7) }
$2 ~ /^[tT]$/ && $3 !~ /^[$]/ && $1 != last {
	last = $1
	address[n] = name_of($1)
	names[n++] = $3
}
$3 == "__text_end" { end = name_of($1) }
END {
	print "\t.section .note.GNU-stack, \"\", %progbits"
	print "\t.section .image_symbols, \"a\"\n\t.balign 8\n\t.global image_symbols"
	print "image_symbols:\n\t" (pointer ? pointer : ".long") " table, (names - table) / 8, names"
	print "table:"
	for (i = 0; i < n; i++) {
		if (names[i] == "__text_end")
			continue
		print "\t.long 0x" address[i] ", " offset + 0
		text = text "\t.asciz \"" names[i] "\"\n"
		offset += length(names[i]) + 1
	}
	print "\t.long 0x" end ", " offset + 0
	print "names:"
	printf "%s", text
	print "\t.asciz \"\"\n\t.balign 4"
}
