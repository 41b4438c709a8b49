#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds Cairn and boots it in QEMU's vexpress-a9. The only place that knows QEMU's flags.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
out=$here/build/vexpress-a9
tour_seconds=20
qemu_min=7.2
elf_tree_max=22768

usage() {
	cat <<EOF
usage: ./qemu-run.sh [options] [-- QEMU options]

Boots Cairn to its prompt; Ctrl-A X leaves QEMU. With standard input not a terminal and no --init it
takes a short tour by itself, powers off and exits with status 0.

  -m SIZE        RAM, at most 1G (default 1G)
  -a BOOTARGS    command line, behind the tree's own
  -d DTB         device tree (default build/vexpress-a9/vexpress-a9.dtb)
  -i INITRD      initial RAM disk
  --smp N        cores, 1 to 4 (default 1)
  --elf          boot cairn.elf instead of cairn.bin; no -i, and trees up to $elf_tree_max bytes
  --no-dtb       hand over no tree: QEMU passes ATAGs, and the tree in the image is used
  --append-dtb   hand over the tree behind the image; QEMU passes ATAGs as well
  --ram FILE     keep the guest's RAM in FILE, so that the store outlives QEMU
  --init 'CMD; CMD'  shell commands to run at boot, without double quotes
  --gdb          wait for gdb on port 1234: gdb-multiarch build/vexpress-a9/cairn.elf
  --print        print the QEMU command instead of running it
  -h, --help     this text

Exit status: QEMU's, which is 0 after poweroff and 1 after a panic; 2 for wrong usage.
EOF
}

die() {
	echo "qemu-run.sh: $1" >&2
	exit "${2:-2}"
}

need_arg() {
	[ $# -ge 2 ] || die "$1 needs an argument; see --help"
}

ram=1G bootargs='' dtb='' initrd='' smp=1 kernel=bin tree=pass ramfile='' init='' gdb='' print=''
extra=()
while [ $# -gt 0 ]; do
	case $1 in
	-m) need_arg "$@" && ram=$2 && shift ;;
	-a) need_arg "$@" && bootargs=$2 && shift ;;
	-d) need_arg "$@" && dtb=$2 && shift ;;
	-i) need_arg "$@" && initrd=$2 && shift ;;
	--smp) need_arg "$@" && smp=$2 && shift ;;
	--elf) kernel=elf ;;
	--no-dtb) tree=none ;;
	--append-dtb) tree=append ;;
	--ram) need_arg "$@" && ramfile=$2 && shift ;;
	--init) need_arg "$@" && init=$2 && shift ;;
	--gdb) gdb=1 ;;
	--print) print=1 ;;
	-h | --help) usage && exit 0 ;;
	--) shift && extra=("$@") && break ;;
	*) die "unknown option $1; see --help" ;;
	esac
	shift
done

[[ $ram =~ ^[0-9]+[KMGkmg]?$ ]] || die "-m $ram: expected a size such as 256M"
[[ $smp =~ ^[1-4]$ ]] || die "--smp $smp: expected 1 to 4"
[[ $init != *'"'* ]] || die "--init: use single quotes inside, the command line has no place for double ones"
[ -z "$dtb" ] || [ -r "$dtb" ] || die "-d $dtb: no such file"
[ -z "$initrd" ] || [ -r "$initrd" ] || die "-i $initrd: no such file"
[ "$tree" != append ] || [ $kernel = bin ] || die "--append-dtb needs cairn.bin: leave --elf out"
[ $kernel = bin ] || [ -z "$initrd" ] || die "--elf: QEMU would drop -i in silence; leave one of them out"

"$here/tools/setup.sh" run || die "the packages above could not be installed" 1
make -C "$here" --no-print-directory -s all >&2 || die "the build failed: see above" 1
dtb=${dtb:-$out/vexpress-a9.dtb}

command -v qemu-system-arm >/dev/null || die "qemu-system-arm is missing: apt-get install qemu-system-arm" 1
version=$(qemu-system-arm --version 2>/dev/null | sed -n 's/.*version \([0-9]*\.[0-9]*\).*/\1/p') || true
[ -n "$version" ] || die "qemu-system-arm does not say its version: reinstall it, $qemu_min or newer is needed" 1
[ "$(printf '%s\n' $qemu_min "$version" | sort -V | head -n 1)" = $qemu_min ] ||
	die "qemu-system-arm $version is too old: $qemu_min or newer is needed" 1

if [ $kernel = elf ] && [ "$(stat -Lc %s "$dtb")" -gt $elf_tree_max ]; then
	die "--elf: QEMU would drop a tree over $elf_tree_max bytes in silence, $dtb has $(stat -Lc %s "$dtb")"
fi

# QEMU replaces the tree's bootargs by these. Ours come first: the others may have an open quote or "--".
own=$(fdtget -d '' "$dtb" /chosen bootargs 2>/dev/null || true)
args="cairn.semihosting${init:+ cairn.init=\"$init\"}${own:+ $own}${bootargs:+ $bootargs}"
[ ${#args} -le 1023 ] || die "the command line has ${#args} characters, at most 1023 reach the board"

image=$out/cairn.$kernel
if [ "$tree" = append ]; then
	scratch=$(mktemp -d)
	[ -n "$print" ] || trap 'rm -rf "$scratch"' EXIT # a printed command still needs its image
	image=$scratch/cairn-dtb.bin
	cat "$out/cairn.bin" "$dtb" >"$image"
fi

# shellcheck disable=SC2054 # the commas are QEMU's
qemu=(qemu-system-arm -M vexpress-a9 -smp "$smp" -nographic -no-user-config
	-audiodev none,id=none -global pl041.audiodev=none
	-semihosting-config enable=on,target=native -kernel "$image" -append "$args")
[ "$tree" != pass ] || qemu+=(-dtb "$dtb")
[ -z "$initrd" ] || qemu+=(-initrd "$initrd")
if [ -n "$ramfile" ]; then
	qemu+=(-object "memory-backend-file,id=ram,size=$ram,mem-path=$ramfile,share=on"
		-machine memory-backend=ram -m "$ram")
else
	qemu+=(-m "$ram")
fi
[ -z "$gdb" ] || qemu+=(-gdb tcp:127.0.0.1:1234 -S)
qemu+=("${extra[@]}")

if [ -n "$print" ]; then
	printf '%q ' "${qemu[@]}" && echo
	exit 0
fi
if [ -t 0 ] || [ -n "$init" ] || [ -n "$gdb" ]; then
	status=0
	"${qemu[@]}" || status=$?
	[ $status = 0 ] || echo "qemu-run.sh: QEMU ended with status $status: the panic or QEMU's own message above says why" >&2
	exit $status
fi

# ---- the tour: each command is typed when the prompt is there -------------------------------

echo_until_prompt() {
	local c line=''

	while IFS= read -r -N 1 -u "$from" c; do
		printf '%s' "$c"
		line+=$c
		[[ $c != $'\n' ]] || line=''
		[ "$line" != 'cairn> ' ] || return 0
	done
	return 1
}

coproc guest { exec timeout $tour_seconds "${qemu[@]}" 2>&1; }
# shellcheck disable=SC2154 # coproc sets guest and guest_PID
exec {from}<&"${guest[0]}" {to}>&"${guest[1]}" && pid=$guest_PID
trap '' PIPE
for command in memblock meminfo 'put greeting "hello from the last boot"' 'get greeting' ls \
	reset 'get greeting' ls poweroff; do
	echo_until_prompt || break
	printf '%s\r' "$command" >&"$to" || break
done
cat <&"$from"
status=0
wait "$pid" || status=$?
case $status in
0) ;;
124) echo "qemu-run.sh: the tour was not over after $tour_seconds seconds" >&2 ;;
*) echo "qemu-run.sh: QEMU ended with status $status: the panic or QEMU's own message above says why" >&2 ;;
esac
exit $status
