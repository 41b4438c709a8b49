#!/bin/sh
# SPDX-License-Identifier: MIT
# Lists the files of the sources, sorted: what git tracks. In a tarball of "make dist" nobody tracks any: there it is
# all that tests and builds do not make.
set -eu

cd "$(dirname "$0")/.."
if [ -e VERSION ]; then
	find . \( -path ./build -o -name __pycache__ -o -name .pytest_cache \) -prune -o -type f ! -path ./VERSION -print |
		sed 's,^\./,,' | LC_ALL=C sort
else
	git ls-files | LC_ALL=C sort
fi
