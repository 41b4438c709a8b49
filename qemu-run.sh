#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds Cairn and boots it in QEMU's vexpress-a9. The only place that knows QEMU's flags.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
tour_seconds=20
qemu_min=7.2
elf_tree_max=22768
nor_size=$((64 << 20)) # QEMU wants all of it
ram_start=0x60000000

usage() {
	cat <<EOF
usage: ./qemu-run.sh [options] [-- QEMU options]

Boots Cairn to its prompt; Ctrl-A X leaves QEMU. With standard input not a terminal and no --init it
takes a short tour by itself, powers off and exits with status 0. With --init and standard input from
/dev/null it powers off when the commands are done.

  -m SIZE        RAM, at most 1G (default 1G)
  -a BOOTARGS    command line, behind the tree's own
  -d DTB         device tree (default build/vexpress-a9/vexpress-a9.dtb)
  -i INITRD      initial RAM disk
  --smp N        cores, 1 to 4 (default 1)
  --without PART leave PART of the image out: stage or oom (docs/parts.md); may be given twice
  --elf          boot cairn.elf instead of cairn.bin; no -i, and trees up to $elf_tree_max bytes
  --no-dtb       hand over no tree: QEMU passes ATAGs, and the tree in the image is used
  --append-dtb   hand over the tree behind the image; QEMU passes ATAGs as well
  --flash [FILE] boot from flash, as the board does after a reset: from FILE, or from the build's
                 flash.img, of which a copy is kept so that what the board writes is there again; the
                 command line and the tree are those in flash (docs/board.md)
  --load ADDR    load cairn.bin at ADDR, a multiple of 4096 behind 0x60010000, not where it is linked to run
  --image FILE   boot FILE, another program's ELF or zImage, instead of Cairn (docs/library.md)
  --ram FILE     keep the guest's RAM in FILE, so that the store outlives QEMU
  --nor FILE     keep the board's NOR flash in FILE, so that what is written there outlives QEMU
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

# What the options that hand something over have in common with --flash.
no_flash() {
	[ -z "$flash" ] || die "--flash: the board takes nothing from QEMU; leave $1 out"
}

# Flash that nothing was written to is all ones.
make_erased() {
	head -c $nor_size /dev/zero | tr '\0' '\377' >"$1"
}

# The bytes of a size such as 64M.
bytes() {
	local n=${1%[KMGkmg]}

	case $1 in
	*[Kk]) echo $((n << 10)) ;;
	*[Mm]) echo $((n << 20)) ;;
	*[Gg]) echo $((n << 30)) ;;
	*) echo $((n << 20)) ;; # as QEMU takes it
	esac
}

ram=1G bootargs='' dtb='' initrd='' smp=1 kernel=bin tree=pass ramfile='' norfile='' init='' stage=y oom=y gdb='' print='' no_dtb='' flash='' flashfile='' load='' other=''
extra=()
while [ $# -gt 0 ]; do
	case $1 in
	-m) need_arg "$@" && ram=$2 && shift ;;
	-a) need_arg "$@" && bootargs=$2 && shift ;;
	-d) need_arg "$@" && dtb=${2:-(none)} && shift ;;
	-i) need_arg "$@" && initrd=${2:-(none)} && shift ;;
	--smp) need_arg "$@" && smp=$2 && shift ;;
	--without)
		need_arg "$@"
		case $2 in
		stage) stage=n ;;
		oom) oom=n ;;
		*) die "--without $2: expected stage or oom" ;;
		esac
		shift
		;;
	--elf) kernel=elf ;;
	--no-dtb) [ "$tree" = append ] || tree=none && no_dtb=1 ;;
	--append-dtb) tree=append ;;
	--flash)
		flash=1
		[[ ${2:--} = -* ]] || { flashfile=$2 && shift; }
		;;
	--load) need_arg "$@" && load=${2:-(none)} && shift ;;
	--image) need_arg "$@" && other=${2:-(none)} && shift ;;
	--ram) need_arg "$@" && ramfile=$2 && shift ;;
	--nor) need_arg "$@" && norfile=$2 && shift ;;
	--init) need_arg "$@" && init=$2 && shift ;;
	--gdb) gdb=1 ;;
	--print) print=1 ;;
	-h | --help) usage && exit 0 ;;
	--) shift && extra=("$@") && break ;;
	*) die "unknown option $1; see --help" ;;
	esac
	shift
done

[ -z "$bootargs" ] || no_flash -a
[ -z "$dtb" ] || no_flash -d
[ -z "$initrd" ] || no_flash -i
[ -z "$init" ] || no_flash --init
[ $kernel = bin ] || no_flash --elf
[ $tree != none ] || no_flash --no-dtb
[ $tree != append ] || no_flash --append-dtb
[ -z "$load" ] || no_flash --load
[ -z "$flash" ] || [ $stage = y ] || die "--flash: only an image with the boot stage starts from flash; leave --without stage out"
[ -z "$other" ] || no_flash --image
if [ -n "$other" ]; then
	[ "$kernel$tree$load$init$stage$oom" = binpassyy ] ||
		die "--image: leave --elf, --no-dtb, --append-dtb, --load, --init and --without out, which are for Cairn"
	{ [ -f "$other" ] && [ -r "$other" ]; } || die "--image $other: expected a file that can be read"
	case $(head -c 20 "$other" | od -An -v -tx1 | tr -d ' \n') in
	7f454c4601*2800) [ -z "$initrd" ] || die "--image $other: QEMU would drop -i in silence for an ELF; leave one of them out" ;;
	7f454c46*) die "--image $other: expected a program for a 32-bit ARM" ;;
	esac
fi
[ -z "$norfile" ] || [ -z "$flash" ] || die "--flash and --nor: the board has one flash; leave one of them out"
[ -z "$flash" ] || [ "$ram" = 1G ] || die "--flash: the tree in flash says that the board has 1G; leave -m out"
if ! [[ $ram =~ ^[0-9]{1,9}[KMGkmg]?$ ]] || [ "$(bytes "$ram")" -lt $((4 << 20)) ] ||
	[ "$(bytes "$ram")" -gt $((1 << 30)) ]; then
	die "-m $ram: expected a size from 4M to 1G"
fi
[[ $smp =~ ^[1-4]$ ]] || die "--smp $smp: expected 1 to 4"
[[ $init != *'"'* ]] || die "--init: use single quotes inside, the command line has no place for double ones"
[ -z "$dtb" ] || { [ -f "$dtb" ] && [ -r "$dtb" ]; } || die "-d $dtb: expected a file that can be read"
[ -z "$dtb" ] || [ "$(head -c 4 "$dtb" | od -An -tx1 | tr -d ' ')" = d00dfeed ] ||
	die "-d $dtb: expected a device tree blob (compile a .dts with dtc)"
[ -z "$initrd" ] || { [ -f "$initrd" ] && [ -r "$initrd" ]; } || die "-i $initrd: expected a file that can be read"
[ -z "$load" ] || [ $kernel = bin ] || die "--load needs cairn.bin: leave --elf out"
if [ -n "$load" ]; then
	if ! [[ $load =~ ^0x[0-9a-fA-F]{1,8}$ ]] || [ $((load % 4096)) != 0 ] || [ $((load)) -le $((ram_start + 65536)) ] ||
		[ $((load)) -ge $((ram_start + $(bytes "$ram"))) ]; then
		die "--load $load: expected a multiple of 4096 in RAM, behind $(printf '0x%x' $((ram_start + 65536))), such as 0x62000000"
	fi
fi
[ -z "$no_dtb" ] || [ "$tree" = none ] || die "--no-dtb and --append-dtb: leave one of them out"
[ "$tree" != none ] || [ -z "$dtb" ] || die "--no-dtb and -d: leave one of them out"
[ "$tree" != none ] || [ $kernel = bin ] || [ -z "$bootargs$init" ] ||
	die "--elf --no-dtb: QEMU has no way to hand over -a and --init; leave one of the four out"
if [ -f "$ramfile" ] && [ "$(stat -Lc %s "$ramfile")" -gt 0 ]; then
	[ "$(stat -Lc %s "$ramfile")" -ge "$(bytes "$ram")" ] ||
		die "--ram $ramfile: its size is $(stat -Lc %s "$ramfile") bytes, -m $ram needs $(bytes "$ram"); give the -m that it was made with"
fi
[ -z "$ramfile" ] || [ -f "$ramfile" ] || [ ! -e "$ramfile" ] || die "--ram $ramfile: expected a file"
is_flash() {
	[ -f "$1" ] && [ -w "$1" ] && [ "$(stat -Lc %s "$1")" = "$nor_size" ]
}
[ -z "$flashfile" ] || is_flash "$flashfile" ||
	die "--flash $flashfile: expected a file of $nor_size bytes that can be written; \"make flash\" makes one"
[ -z "$norfile" ] || [ ! -e "$norfile" ] || is_flash "$norfile" ||
	die "--nor $norfile: expected a file of $nor_size bytes that can be written"
if [ -n "$gdb" ] && (exec 3<>/dev/tcp/127.0.0.1/1234) 2>/dev/null; then
	die "--gdb: port 1234 is taken; end what listens there first" 1
fi
[ "$tree" != append ] || [ $kernel = bin ] || die "--append-dtb needs cairn.bin: leave --elf out"
[ $kernel = bin ] || [ -z "$initrd" ] || die "--elf: QEMU would drop -i in silence; leave one of them out"

"$here/tools/setup.sh" run || die "the packages above could not be installed" 1
make -C "$here" --no-print-directory -s STAGE=$stage OOM=$oom ${flash:+flash} all >&2 || die "the build failed: see above" 1
left_out=
[ $stage = y ] || left_out+=-stage
[ $oom = y ] || left_out+=-oom
out=$here/build/vexpress-a9${left_out:+-without$left_out}
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
own=
[ "$tree" = none ] || own=$(fdtget -d '' "$dtb" /chosen bootargs 2>/dev/null || true)
args="cairn.semihosting${init:+ cairn.init=\"$init\"}${own:+ $own}${bootargs:+ $bootargs}"
[ -z "$other" ] || args="$own${bootargs:+ $bootargs}"
[ ${#args} -le 1023 ] || die "the command line has ${#args} characters, at most 1023 reach the board"

image=${other:-$out/cairn.$kernel}
scratch='' pid=''
clean_up() {
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || true
	[ -z "$scratch" ] || rm -rf "$scratch"
}
if [ "$tree" = append ] || [ -n "$load" ]; then
	scratch=$(mktemp -d)
	[ -n "$print" ] || trap clean_up EXIT # a printed command still needs its image
fi
if [ "$tree" = append ]; then
	image=$scratch/cairn-dtb.bin
	cat "$out/cairn.bin" "$dtb" >"$image"
fi
if [ -n "$load" ]; then
	# QEMU starts a jump to where the image is: ldr pc, [pc, #-4].
	extra=(-device "loader,file=$image,addr=$load,force-raw=on" "${extra[@]}")
	image=$scratch/jump.bin
	hex=$(printf '%08x' "$load")
	printf '%b' "\\x04\\xf0\\x1f\\xe5\\x${hex:6:2}\\x${hex:4:2}\\x${hex:2:2}\\x${hex:0:2}" >"$image"
fi

if [ -n "$flash" ] && [ -z "$flashfile" ]; then
	flashfile=$out/flash-kept.img
	if [ ! -f "$flashfile" ]; then
		cp "$out/flash.img" "$flashfile"
	elif [ "$out/flash.img" -nt "$flashfile" ]; then
		echo "qemu-run.sh: flash.img is newer than what is kept of it: the board starts with the new one, and what it had written is in $flashfile.old" >&2
		mv "$flashfile" "$flashfile.old"
		cp "$out/flash.img" "$flashfile"
	fi
fi

# shellcheck disable=SC2054 # the commas are QEMU's
qemu=(qemu-system-arm -M vexpress-a9 -smp "$smp" -nographic -no-user-config
	-audiodev none,id=none -global pl041.audiodev=none
	-semihosting-config enable=on,target=native)
if [ -n "$flash" ]; then
	qemu+=(-drive "if=pflash,format=raw,file=${flashfile//,/,,}")
else
	qemu+=(-kernel "$image" -append "$args")
	[ "$tree" != pass ] || qemu+=(-dtb "$dtb")
fi
[ -z "$initrd" ] || qemu+=(-initrd "$initrd")
if [ -n "$ramfile" ]; then
	qemu+=(-object "memory-backend-file,id=ram,size=$ram,mem-path=${ramfile//,/,,},share=on"
		-machine memory-backend=ram -m "$ram")
else
	qemu+=(-m "$ram")
fi
if [ -n "$norfile" ]; then
	[ -e "$norfile" ] || make_erased "$norfile" || die "--nor $norfile: it cannot be made" 1
	qemu+=(-drive "if=pflash,format=raw,file=${norfile//,/,,}")
fi
[ -z "$gdb" ] || qemu+=(-gdb tcp:127.0.0.1:1234 -S)
qemu+=("${extra[@]}")

if [ -n "$print" ]; then
	printf '%q ' "${qemu[@]}" && echo
	exit 0
fi
if [ -t 0 ] || [ -n "$gdb$other" ] || { [ -n "$init" ] && ! [ /dev/stdin -ef /dev/null ]; }; then
	status=0
	"${qemu[@]}" || status=$?
	[ $status = 0 ] || echo "qemu-run.sh: QEMU ended with status $status: see the panic or QEMU's message above, and --help" >&2
	exit $status
fi

# ---- nobody is there: each command is typed when the prompt is there ------------------------

value='hello from the last boot'
commands=(memblock meminfo "put greeting \"$value\"" 'get greeting' ls reset 'get greeting' ls poweroff)
seconds=$tour_seconds
if [ -n "$init" ]; then
	commands=(poweroff)
	seconds=0 # no limit
fi

# Shows what comes up to the next prompt and leaves it in $said.
show_until_prompt() {
	local c line=''

	said=''
	while IFS= read -r -N 1 -u "$from" c; do
		printf '%s' "$c"
		said+=$c line+=$c
		[[ $c != $'\n' ]] || line=''
		[ "$line" != 'cairn> ' ] || return 0
	done
	return 1
}

coproc guest { exec timeout "$seconds" "${qemu[@]}" 2>&1; }
# shellcheck disable=SC2154 # coproc sets guest and guest_PID
exec {from}<&"${guest[0]}" {to}>&"${guest[1]}" && pid=$guest_PID
trap '' PIPE
trap clean_up EXIT # when it is ended from outside, too
retained=
for command in "${commands[@]}"; do
	show_until_prompt || break
	[ "$command" != reset ] || retained=''
	[[ $said != *$'\n'"$value"* ]] || retained=1
	printf '%s\r' "$command" >&"$to" || break
done
cat <&"$from"
status=0
wait "$pid" || status=$?
pid=
case $status in
0) ;;
124) die "the tour was not over after $tour_seconds seconds" 1 ;;
*) die "QEMU ended with status $status: see the panic or QEMU's message above, and --help" "$status" ;;
esac
[ -n "$retained$init" ] || die "the tour is over, but what it had put was not there after the reset" 1
