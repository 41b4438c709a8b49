#!/bin/sh
# SPDX-License-Identifier: MIT
# Whether what is built depends on anything but the sources: unpacks the tarball $1 in another folder, builds the same
# there without git, with another umask, time zone, language and order, and compares what came out byte for byte with
# the files that are named behind it, which were built here. The tarball made there has to be the same, too.
set -eu

cd "$(dirname "$0")/.."
tarball=$1
shift

rm -rf build/reproducible
mkdir -p build/reproducible/no-git
cat >build/reproducible/no-git/git <<END
#!/bin/sh
echo "git \$*" >>$PWD/build/reproducible/called
exit 1
END
chmod +x build/reproducible/no-git/git
tar -x -f "$tarball" -C build/reproducible
there=build/reproducible/$(basename "$tarball" .tar.gz)
mkdir -p "$there/build"
cp -r build/armhf "$there/build/" # what was fetched from Debian
(
	umask 027
	unset MAKEFLAGS MFLAGS MAKELEVEL SOURCE_DATE_EPOCH
	PATH=$PWD/build/reproducible/no-git:$PATH LC_ALL=C.UTF-8 TZ=Pacific/Chatham make -s -C "$there" -j"$(nproc)" "$tarball" "$@"
) >build/reproducible/said 2>&1 || {
	cat build/reproducible/said >&2
	echo "check-reproducible: $tarball does not build: see above" >&2
	exit 1
}
[ ! -e build/reproducible/called ] || {
	echo "check-reproducible: $tarball has to build without git, and called: $(cat build/reproducible/called)" >&2
	exit 1
}

bad=0
for file in "$tarball" "$@"; do
	cmp "$file" "$there/$file" >&2 || bad=$((bad + 1))
done
[ $bad = 0 ] || {
	echo "check-reproducible: $bad of $(($# + 1)) files are others when they are built in $there;" \
		"both are kept. What was here may be older than the Makefile: then \"make clean\" is enough." >&2
	exit 1
}
echo "figure reproducible_files $(($# + 1)) files"
rm -rf "$there"
