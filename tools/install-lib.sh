#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs libcairn-store.a and libmemblock.a of one machine with their headers and pkg-config files.
#   tools/install-lib.sh BUILT DESTDIR PREFIX VERSION DEFINES MACHINE HEADER...
# BUILT has the archives; DEFINES and MACHINE are flags (or empty) of the compiler that the archives were made by:
# those that the headers need, too, and those that choose CPU and calling convention.
set -eu

built=$1 destdir=$2 prefix=$3 version=$4 defines=$5 machine=$6
shift 6

case $prefix in
/*) ;;
*)
	echo "install-lib: PREFIX is \"$prefix\": an absolute path was expected; nothing was installed" >&2
	exit 2
	;;
esac

# A pkg-config file: library, description.
describe() {
	cat <<-END
		prefix=$prefix
		includedir=\${prefix}/include/cairn
		libdir=\${prefix}/lib
		machine=$machine

		Name: cairn-${1#cairn-}
		Description: $2
		Version: $version
		Cflags: -I\${includedir}${defines:+ $defines}
		Libs: -L\${libdir} -l$1
	END
}

to=$destdir$prefix
install -d "$to/lib/pkgconfig"
for header in "$@"; do
	install -D -m 644 "$header" "$to/include/cairn/$header"
done
install -m 644 "$built/libcairn-store.a" "$built/libmemblock.a" "$to/lib"
describe cairn-store "a key-value store in RAM that is still there after a reset" >"$to/lib/pkgconfig/cairn-store.pc"
describe memblock "which memory there is and which of it is taken, by Linux's memblock rules" >"$to/lib/pkgconfig/cairn-memblock.pc"
