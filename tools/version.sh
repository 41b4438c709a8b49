#!/bin/sh
# SPDX-License-Identifier: MIT
# Prints which version the sources are, or the date that goes into what is built of them, in seconds since 1970:
# what git says of the commit; in a tarball of "make dist", which has them in a file, what that says.
#   tools/version.sh [date]
set -eu

cd "$(dirname "$0")/.."
if [ -e VERSION ]; then
	read -r version date <VERSION
elif [ "${1:-}" = date ]; then
	date=$(git log -1 --format=%ct 2>/dev/null) || date=0
else
	version=$(git describe --always --dirty --tags 2>/dev/null | tr / -)
fi
if [ "${1:-}" = date ]; then
	echo "$date"
else
	echo "${version:-unknown}"
fi
