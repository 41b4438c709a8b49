# SPDX-License-Identifier: MIT
"""Debian's Linux, booted by Cairn: `make check-boot-linux` fetches it. Not part of make test."""

import re
import shutil

import pytest

from board import parse_dump
from conftest import REPO, loader
from flash import Flash, partitions

AT = 0x62000000
INITRD = 0x64000000
LINUX_WAIT = 100  # seconds for Linux to come up, and as many to reset the board
STORE = 0x9FF00000  # with 1 GiB, if nobody says where


def fetched():
    """Linux and its board's tree."""
    root = REPO / "build" / "linux-armhf"
    (zimage,) = root.glob("boot/vmlinuz-*")
    (tree,) = root.glob("usr/lib/linux-image-*/vexpress-v2p-ca9.dtb")
    return zimage, tree


@pytest.fixture
def linux(boot):
    """Boots Cairn with a Linux in RAM and its board's tree."""
    zimage, tree = fetched()

    def boot_board(*options, args="", **kwargs):
        return boot("-d", tree, "-a", f"console=ttyAMA0 memblock=debug panic=1 {args}", *options,
                    extra=loader(zimage, AT), **kwargs)

    return boot_board


def cpio(files):
    """An archive as Linux unpacks it (newc): {name: (mode, contents)}."""
    out = b""
    for number, (name, (mode, data)) in enumerate([*files.items(), ("TRAILER!!!", (0, b""))]):
        fields = (number + 1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        out += b"070701" + b"".join(b"%08x" % field for field in fields)
        out += name.encode() + b"\0"
        out += b"\0" * (-len(out) % 4) + data
        out += b"\0" * (-len(out) % 4)
    return out


@pytest.fixture
def initrd(tmp_path):
    """Our init and fcs; /dev/console is needed before there is a devtmpfs."""
    built = REPO / "build" / "fcs-armhf"
    files = {"init": (0o100755, (built / "init").read_bytes()),
             "fcs": (0o100755, (built / "fcs").read_bytes()), "dev": (0o40755, b"")}
    path = tmp_path / "initrd.cpio"
    path.write_bytes(cpio(files))
    return path


def run_linux(board, command):
    """From Cairn's prompt to Linux and back; what Linux said."""
    board.send(command + "\r")
    said = board.until(r"\] Cairn ", timeout=2 * LINUX_WAIT)
    board.wait_prompt()
    return said


@pytest.mark.parametrize("smp", [1, 2, 4])
def test_linux_boots(linux, smp):
    """All cores come up, the store's region is no-map, and no entry is lost by all that."""
    board = linux("--smp", smp)
    for number in range(20):
        board.run(f"put key{number} value{number}")
    entries = board.entries("key")
    cairn = board.map()
    said = run_linux(board, f"boot 0x{AT:x}")
    assert f"smp: Brought up 1 node, {smp} CPU{'s' if smp > 1 else ''}" in said
    assert "VFS: Unable to mount root fs" in said
    memory = parse_dump(said[:said.index("] Kernel command line")] + "\n").memory
    assert memory == [(first, last if last < STORE else STORE - 1, flags)
                      for first, last, flags in cairn.memory] + [(STORE, STORE + 0xFFFFF, 4)]
    assert board.entries("key") == entries
    for number in range(20):
        assert board.run(f"get key{number}") == f"value{number}"
    assert "store: recovered" in board.boot_log
    assert "sound" in board.run("store check")


def test_store_from_linux(linux, initrd):
    """What fcs writes there through /dev/mem is there in Cairn, and the other way round."""
    phys = f"--phys,0x{STORE:x}"
    commands = [f"get,{phys},from/cairn", f"put,{phys},from/linux,hello", f"del,{phys},gone",
                f"check,{phys}", f"ls,{phys}", f"get,--phys,0x{STORE + 4096:x},x"]
    board = linux("--smp", 2, "-i", initrd)
    board.run("put from/cairn good-morning")
    board.run("put gone soon")
    board.run(f"put boot/args 'console=ttyAMA0 panic=1 rdinit=/init cairn_test={';'.join(commands)}'")
    said = run_linux(board, f"boot 0x{AT:x}")
    answers = re.findall(r"^init: (?:get|put|del|check|ls).*?\n(.*?)init: ended with (-?\d+)$", said,
                         re.M | re.S)
    assert [status for _, status in answers] == ["0", "0", "0", "0", "0", "3"], said
    assert answers[0][0] == "good-morning"
    assert "from/linux" in answers[4][0] and "gone" not in answers[4][0]
    assert "there is no store at" in answers[5][0]
    assert board.run("get from/linux") == "hello"
    assert board.entries("gone") == 0


def test_linux_from_flash(project, spawn, tmp_path):
    """From the reset to Linux with nothing but flash, in which Cairn's tree is that of Linux; and back."""
    zimage, tree = fetched()
    flash = Flash(project, tmp_path / "flash.img")
    shutil.copyfile(project.flash_img, flash.path)
    flash.put_image("A", bootargs="cairn.panic=reset", tree=tree)
    flash.write(partitions()["payload"], zimage.read_bytes())
    board = spawn([project.script, "--flash", flash.path, "--smp", 4])
    assert "] flash: image A, confirmed now\n" in board.boot_log
    board.run("put boot/args 'console=ttyAMA0 panic=1'")
    said = run_linux(board, "boot flash")
    assert "smp: Brought up 1 node, 4 CPUs" in said
    assert "VFS: Unable to mount root fs" in said
    assert "Selector: image A, test\n" in said.replace("\r", "")
    assert board.run("get boot/args") == "console=ttyAMA0 panic=1"
    flash.path.unlink()


def test_linux_confirms(project, spawn, initrd, tmp_path):
    """An image that waits for it is confirmed by the Linux that it started, through the store."""
    zimage, tree = fetched()
    flash = Flash(project, tmp_path / "flash.img")
    shutil.copyfile(project.flash_img, flash.path)
    flash.put_image("A", tree=tree, bootargs="cairn.panic=reset cairn.confirm=manual "
                    f"initrd=0x{INITRD:x},{initrd.stat().st_size}")
    flash.write(partitions()["payload"], zimage.read_bytes())
    board = spawn([project.script, "--flash", flash.path, "--", *loader(initrd, INITRD)])
    assert "] flash: image A, not confirmed: " in board.boot_log
    command = f"put,--phys,0x{STORE:x},boot/confirm,{board.run('get cairn/image')}"
    board.run(f"put boot/args 'console=ttyAMA0 panic=1 rdinit=/init \"cairn_test={command}\"'")
    said = run_linux(board, "boot flash")
    assert "init: ended with 0" in said
    assert "] flash: image A, confirmed by boot/confirm" in said + board.boot_log
    assert board.entries("boot/confirm") == 0
    board.reset()
    assert "] flash: image A, confirmed\n" in board.boot_log
    flash.path.unlink()
