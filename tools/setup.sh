#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs the Debian packages that a job needs and that are missing; asks sudo only if not root.
#   tools/setup.sh run    what ./qemu-run.sh needs
#   tools/setup.sh flash  that, and what make flash needs
#   tools/setup.sh test   that, and what make test needs
#   tools/setup.sh uimg   what make uimg needs
#   tools/setup.sh memmap what make memmap needs
#   tools/setup.sh fcs    what make fcs needs
#   tools/setup.sh lib    what make lib, make install-lib and make example need
#   tools/setup.sh budgets  what make budgets needs
#   tools/setup.sh linux  what make check-linux needs
#   tools/setup.sh armhf  what make fcs-armhf needs
#   tools/setup.sh bench  what make bench-memblock and make bench-store need
set -eu

run="gcc-arm-none-eabi libnewlib-arm-none-eabi binutils-arm-none-eabi make
	device-tree-compiler qemu-system-arm"
[ -e "$(dirname "$0")/../VERSION" ] || run="$run git" # which says what version a clone is
test="gcc gcovr libc6-dev libcmocka-dev libfdt-dev libjansson-dev nettle-dev python3-pytest
	python3-pexpect python3-pytest-xdist u-boot-tools lrzsz pkgconf valgrind gdb-multiarch clang-format cppcheck shellcheck clang libclang-rt-dev"

linux="gcc gcc-multilib libc6-dev xz-utils"
bench="$run gcc libc6-dev valgrind xz-utils pkg-config libhts-dev libglib2.0-dev uthash-dev libtdb-dev
	liblmdb-dev"

armhf="make gcc-arm-linux-gnueabihf libc6-dev-armhf-cross"

case ${1:-} in
run) wanted=$run ;;
flash) wanted="$run gcc libc6-dev" ;;
test) wanted="$run $test" ;;
uimg) wanted="$run u-boot-tools" ;;
memmap) wanted="make gcc libc6-dev device-tree-compiler libfdt-dev" ;;
lib | install-lib) wanted="$run gcc libc6-dev pkgconf" ;;
fcs) wanted="make gcc libc6-dev libjansson-dev nettle-dev" ;;
budgets) wanted="$run gcc libc6-dev python3 valgrind" ;;
linux) wanted=$linux ;;
armhf) wanted=$armhf ;;
bench) wanted=$bench ;;
*)
	echo "usage: tools/setup.sh run|flash|test|uimg|memmap|fcs|lib|budgets|linux|armhf|bench" >&2
	exit 2
	;;
esac

missing=
for package in $wanted; do
	dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' ||
		missing="$missing $package"
done
[ -n "$missing" ] || exit 0

sudo=
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null || {
		echo "setup: these packages are missing and need root to install:$missing" >&2
		exit 1
	}
	sudo=sudo
fi
echo "setup: installing$missing" >&2
$sudo apt-get -q update >&2
# shellcheck disable=SC2086 # a list of names
$sudo env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends $missing >&2
