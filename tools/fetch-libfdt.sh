#!/bin/sh
# SPDX-License-Identifier: MIT
# Fetches Debian's libfdt for ARMv7 hard-float into the folder $1: $1/include and $1/libfdt.a.
# apt works on lists and a cache of its own there, so nothing of the system changes.
set -eu

dir=$1
work=$dir/apt
mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
work=$(cd "$work" && pwd)

apt_armhf() {
	apt-get -q -o APT::Architecture=armhf -o APT::Architectures=armhf \
		-o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" \
		-o Dir::State::status=/dev/null -o APT::Sandbox::User= "$@"
}

# An index that cannot be had (backports, say) is no reason to stop: the download decides.
apt_armhf update >"$work/log" 2>&1 || true
(cd "$work" && apt_armhf download libfdt-dev) >>"$work/log" 2>&1 || {
	cat "$work/log" >&2
	echo "fetch-libfdt: libfdt-dev for armhf could not be downloaded with apt-get: see above" >&2
	exit 1
}
dpkg -x "$work"/libfdt-dev_*_armhf.deb "$work/tree"
mkdir -p "$dir/include"
cp "$work"/tree/usr/include/libfdt.h "$work"/tree/usr/include/libfdt_env.h \
	"$work"/tree/usr/include/fdt.h "$dir/include/"
cp "$work"/tree/usr/lib/arm-linux-gnueabihf/libfdt.a "$dir/libfdt.a"
rm -rf "$work"
