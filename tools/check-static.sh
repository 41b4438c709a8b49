#!/bin/sh
# SPDX-License-Identifier: MIT
# Static analysis: cppcheck for the C sources, shellcheck for the scripts.
# cppcheck sees no system headers, so it cannot tell what PRIx64 is; gcc checks the formats.
set -eu

cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr -j 2 \
	--error-exitcode=1 --suppress=missingIncludeSystem --suppress=invalidPrintfArgType_uint -I. -DCONFIG_PHYS_ADDR_T_64BIT \
	lib drivers mm store shell boot examples tools/memmap tools/fcs tools/flash
tools/list-files.sh | grep -E '\.sh$|^\.ci/run$' | xargs shellcheck
