#!/bin/sh
# SPDX-License-Identifier: MIT
# The C sources are as clang-format leaves them, and every source says its licence.
set -eu

git ls-files '*.[ch]' | xargs clang-format --dry-run --Werror
bad=$(git ls-files '*.[chS]' '*.sh' '*.py' '*.ld' '*.dts' '*.awk' Makefile | xargs grep -L 'SPDX-License-Identifier: MIT' || true)
if [ -n "$bad" ]; then
	echo "no SPDX line in:" "$bad" >&2
	exit 1
fi
