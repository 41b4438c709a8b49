#!/bin/sh
# SPDX-License-Identifier: MIT
# Each folder is a layer and may include only what this table allows; docs/DESIGN.md says why.
# Also: mm/ and store/ are built the same everywhere, so neither asks what it is built for.
set -eu

allowed() {
	case $1 in
	lib) echo lib ;;
	drivers) echo drivers lib ;;
	mm) echo mm lib ;;
	store) echo store lib ;;
	shell) echo shell store mm drivers lib ;;
	boot) echo boot shell store mm drivers lib ;;
	boot/selector) echo boot drivers lib ;;
	esac
}

bad=0
for layer in lib drivers mm store shell boot boot/selector; do
	for file in "$layer"/*.[chS]; do
		targets=$(sed -nE 's,^ *# *include "(\.\./)?([a-z]+)/.*,\2,p' "$file" | sort -u)
		for target in $targets; do
			case " $(allowed $layer) " in
			*" $target "*) ;;
			*)
				echo "$file includes $target/, which lies above $layer/ or beside it" >&2
				bad=1
				;;
			esac
		done
	done
done
if grep -nE '^ *# *if.*(__arm__|__linux__|__x86_64__|TARGET)' mm/*.[ch] store/*.[ch]; then
	echo "mm/ and store/ must not ask what they are built for: hand in what differs" >&2
	bad=1
fi
exit $bad
