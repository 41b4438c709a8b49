#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes the tarball of the sources as they lie here, changes that are not committed included:
#   tools/make-dist.sh cairn-VERSION.tar.gz
# Everything in it is in the folder cairn-VERSION, where the file VERSION has what git would say. The same sources make
# the same bytes: files in order of their names, nobody's, with the commit's date, and modes that no umask changed.
set -eu

out=$1
cd "$(dirname "$0")/.."
version=$(tools/version.sh)
date=$(tools/version.sh date)
work=build/dist
rm -rf "$work"
mkdir -p "$work"
if ! [ -e VERSION ]; then
	others=$(git ls-files --others --exclude-standard)
	[ -z "$others" ] || echo "make-dist: git does not track these, so $out has none of them:" "$others" >&2
fi
echo "$version $date" >"$work/VERSION"
tools/list-files.sh >"$work/files"
tar -c --format=ustar --owner=root:0 --group=root:0 --mtime="@$date" --mode=u=rwX,go=rX \
	--transform="s,^,cairn-$version/," -f "$work/tar" -T "$work/files" -C "$work" VERSION
gzip -9n <"$work/tar" >"$out.new"
mv "$out.new" "$out"
rm -rf "$work"
