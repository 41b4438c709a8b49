#!/bin/sh
# SPDX-License-Identifier: MIT
# Prints a header with the address of the serial port that /chosen stdout-path of the tree $1 names:
# the port for messages from before a tree was found.
set -eu

path=$(fdtget "$1" /chosen stdout-path)
path=${path%%:*}
case $path in
/*) ;;
*) path=$(fdtget "$1" /aliases "$path") ;;
esac
base=$(fdtget -t x "$1" "$path" reg | cut -d ' ' -f 1)
echo "#define EARLY_UART_BASE 0x${base}u /* $path */"
