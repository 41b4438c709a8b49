#!/bin/sh
# SPDX-License-Identifier: MIT
# Unpacks Debian packages for ARMv7 hard-float into a folder: tools/fetch-armhf.sh FOLDER PACKAGE... Of a package
# that only names a kernel, linux-image-armmp, it takes the kernel. apt works on lists and a cache of its own
# there, so nothing of the system changes. What was fetched already is not fetched again.
set -eu

dir=$1
shift
[ "$(cat "$dir/fetched" 2>/dev/null)" != "$*" ] || exit 0

rm -rf "$dir"
work=$dir/apt
mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
work=$(cd "$work" && pwd)

apt_armhf() {
	tool=$1
	shift
	"$tool" -q -o APT::Architecture=armhf -o APT::Architectures=armhf \
		-o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" \
		-o Dir::State::status=/dev/null -o APT::Sandbox::User= "$@"
}

fail() {
	cat "$work/log" >&2
	echo "fetch-armhf: $1" >&2
	exit 1
}

# An index that cannot be had (backports, say) is no reason to stop: the download decides.
apt_armhf apt-get update >"$work/log" 2>&1 || true
for package in "$@"; do
	if [ "$package" = linux-image-armmp ]; then
		package=$(apt_armhf apt-cache depends "$package" 2>>"$work/log" |
			sed -n 's/^ *Depends: \(linux-image-[0-9].*\)$/\1/p' | head -n 1)
		[ -n "$package" ] || fail "linux-image-armmp for armhf names no kernel: see above"
	fi
	(cd "$work" && apt_armhf apt-get download "$package") >>"$work/log" 2>&1 ||
		fail "$package for armhf could not be downloaded with apt-get: see above"
	dpkg -x "$work/$package"_*_armhf.deb "$dir" >>"$work/log" 2>&1 ||
		fail "$package could not be unpacked: see above"
done
rm -rf "$work"
echo "$*" >"$dir/fetched"
