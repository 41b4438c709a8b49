#!/bin/sh
# SPDX-License-Identifier: MIT
# The C sources are as clang-format leaves them, and every source says its licence.
set -eu

tools/list-files.sh | grep '\.[ch]$' | xargs clang-format --dry-run --Werror
bad=$(tools/list-files.sh | grep -E '\.([chS]|sh|py|ld|dts|awk)$|^Makefile$' |
	xargs grep -L 'SPDX-License-Identifier: MIT' || true)
if [ -n "$bad" ]; then
	echo "no SPDX line in:" "$bad" >&2
	exit 1
fi
