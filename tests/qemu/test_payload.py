# SPDX-License-Identifier: MIT
"""What a payload finds when Cairn hands the machine over, and what Cairn refuses to enter."""

import re
import struct
import subprocess

import pytest

from conftest import loader
from flash import partitions

PAYLOAD = 0x62000000
NO_MACHINE = 0xFFFFFFFF
STORE = (0x9FF00000, 0x100000)  # with 1 GiB, if nobody says where

# SCTLR: M, A, C, Z, I. CPSR: mode, T, F, I, A.
SCTLR_OFF = 1 | 1 << 1 | 1 << 2 | 1 << 11 | 1 << 12
CPSR_MASK, CPSR = 0x1FF, 0x1D3
SGIS = 0xFFFF


def values(line):
    """NAME=HEX words of a line."""
    return [(name, int(value, 16)) for name, value in re.findall(r"(\w+)=([0-9a-f]{8})", line)]


class Report:
    """What the payload said."""

    def __init__(self, text):
        assert "which no driver asked for" not in text
        lines = re.findall(r"^payload: (.+)$", text, re.M)
        assert lines[0].startswith("entered"), text
        self.core = dict(values(lines[0]))
        self.devices = values(lines[1])
        self.others = [(line.split(" number")[0], dict(values(line))) for line in lines
                       if line.startswith("core ")]
        tree = [line for line in lines if line.startswith("tree ")]
        self.tree = bytes.fromhex(tree[0].removeprefix("tree "))


def leave(board, command):
    """Enters the payload by COMMAND and waits for what it says and the boot behind it."""
    board.send(command + "\r")
    report = Report(board.until("payload: end"))
    board.wait_prompt()
    return report


@pytest.fixture
def start(boot, project):
    """Boots with the payload, or what CHANGE makes of its bytes, in RAM."""

    def start_board(*options, at=PAYLOAD, extra=(), **kwargs):
        return boot(*options, extra=[*loader(project.payload, at), *extra], **kwargs)

    return start_board


@pytest.fixture
def read_tree(tmp_path):
    """Reads a property of a tree as a program that shares nothing with Cairn does."""
    import subprocess

    def read(blob, *args):
        path = tmp_path / "final.dtb"
        path.write_bytes(blob)
        done = subprocess.run(["fdtget", *args[:-2], path, *args[-2:]], check=True, text=True,
                              capture_output=True, timeout=30)
        return done.stdout.rstrip("\n")

    return read


def check_core(state):
    assert state["cpsr"] & CPSR_MASK == CPSR
    assert state["sctlr"] & SCTLR_OFF == 0
    assert state["actlr"] & 0x41 == 0


@pytest.mark.parametrize("options, cores", [
    (("--smp", 1), 1), (("--smp", 2), 2), (("--smp", 4), 4), (("--smp", 4, "--elf"), 4),
    (("--smp", 4, "-a", "cairn.cores=2"), 4), (("--smp", 4, "--elf", "-a", "cairn.cores=1"), 4),
])
def test_contract(start, project, options, cores):
    """Registers, mode, caches, devices at rest; each other core comes by SYS_FLAGS, from outside of
    what the payload overwrites. What the store had is there after the reset."""
    board = start(*options)
    board.run("put k v")
    report = leave(board, f"boot 0x{PAYLOAD:x}")
    machine = NO_MACHINE if "--elf" in options else 0x8E0
    assert (report.core["r0"], report.core["r1"]) == (0, machine)
    assert report.core["r2"] % 8 == 0
    check_core(report.core)
    assert report.devices[:3] == [("uart", 0), ("timer", 1), ("flags", 0)]
    assert [value & ~SGIS for name, value in report.devices if name == "enabled"] == [0, 0, 0]
    assert [what for what, _ in report.others] == ["core here"] * (cores - 1)
    for _, state in report.others:
        check_core(state)
    assert board.run("get k") == "v"


def test_tree(start, read_tree):
    """Bootargs without what is Cairn's, memory, and the store; the rest is as it was."""
    board = start("-a", 'console=ttyAMA0 quiet cairn.cores=1 x="a b"')
    report = leave(board, f"boot 0x{PAYLOAD:x}")
    assert read_tree(report.tree, "/chosen", "bootargs") == 'console=ttyAMA0 quiet x="a b"'
    assert read_tree(report.tree, "-t", "x", "/memory@60000000", "reg") == "60000000 40000000"
    store = f"/reserved-memory/store@{STORE[0]:x}"
    assert read_tree(report.tree, "-t", "x", store, "reg") == "%x %x" % STORE
    assert read_tree(report.tree, store, "compatible") == "cairn,store"
    assert read_tree(report.tree, store, "no-map") == ""
    assert read_tree(report.tree, "/chosen", "stdout-path") == "serial0:115200n8"


def test_entry_has_the_arguments(start, read_tree):
    """boot/args, if the store has it."""
    board = start()
    board.run("put boot/args 'root=/dev/mmcblk0p2 rw'")
    report = leave(board, f"boot 0x{PAYLOAD:x}")
    assert read_tree(report.tree, "/chosen", "bootargs") == "root=/dev/mmcblk0p2 rw"
    board.run(f"put boot/args '{'a' * 400}'")
    assert board.run("ls boot/").endswith("1 entry, 400 bytes")


def test_entry_is_damaged(start, tmp_path):
    """Arguments that cannot be read: nothing is booted with others."""
    ram = tmp_path / "ram"
    board = start("--ram", ram)
    board.run("put boot/args 'root=/dev/mmcblk0p2 rw'")
    with open(ram, "r+b") as file:
        file.seek(STORE[0] - 0x60000000)
        at = file.read(STORE[1]).index(b"boot/argsroot=") + len("boot/args")
        file.seek(STORE[0] - 0x60000000 + at)
        file.write(b"R")
    assert board.run(f"boot 0x{PAYLOAD:x}").endswith("boot: the entry boot/args: the bytes are damaged")


def test_initrd(start, read_tree, tmp_path):
    """Where the loader has put it."""
    initrd = tmp_path / "initrd"
    initrd.write_bytes(bytes(5000))
    board = start("-i", initrd)
    where = re.search(r"0x([0-9a-f]+)-0x[0-9a-f]+ .* initrd", board.boot_log)
    report = leave(board, f"boot 0x{PAYLOAD:x}")
    numbers = [int(read_tree(report.tree, "-t", "x", "/chosen", f"linux,initrd-{end}").replace(" ", ""), 16)
               for end in ("start", "end")]
    assert numbers == [int(where[1], 16), int(where[1], 16) + 5000]


def test_by_itself(start):
    """cairn.boot= and cairn.bootdelay=."""
    board = start("-a", f"cairn.boot=0x{PAYLOAD:x} cairn.bootdelay=0", prompt=False)
    Report(board.until("payload: end"))
    Report(board.until("payload: end"))  # and again, behind the reset


def test_a_key_stops_it(start):
    """The shell comes then."""
    board = start("-a", f"cairn.boot=0x{PAYLOAD:x} cairn.bootdelay=3600", prompt=False)
    board.until("boot: in 3600 seconds, unless a key is hit")
    board.send(" ")
    board.until("boot: a key was hit")
    board.until("cairn> ")
    Report(leave_text(board))


def leave_text(board):
    """The payload's words after a boot without ADDR, which goes by cairn.boot=."""
    board.send("boot\r")
    return board.until("payload: end")


@pytest.fixture
def flash(tmp_path):
    """Options for a board with DATA in the partition for it."""

    def options(data):
        image = tmp_path / "flash.img"
        with open(image, "wb") as out:
            out.truncate(64 << 20)
            out.seek(partitions()["payload"])
            out.write(data)
        return ["--nor", image]

    return options


def test_from_flash(boot, flash, project):
    """Copied to RAM below 128 MiB and entered there."""
    board = boot(*flash(project.payload.read_bytes()))
    report = leave(board, "boot flash")
    check_core(report.core)
    assert report.core["r0"] == 0


def test_flash_has_none(boot, flash):
    """A sentence, by the shell and without it."""
    options = flash(b"\xff" * 4096)
    board = boot(*options)
    assert "flash: there is no zImage" in board.run("boot flash")
    board = boot("-a", "cairn.boot=flash cairn.bootdelay=0", *options)
    assert "boot: flash: there is no zImage" in board.boot_log


def words(*numbers):
    return struct.pack(f"<{len(numbers)}I", *numbers)


@pytest.mark.parametrize("at, patch, why", [
    (PAYLOAD, {0x24: words(0)}, "0x62000000: there is no zImage"),
    (PAYLOAD + 4, {}, "0x62000004: a multiple of 8 was expected"),
    (PAYLOAD, {0x2C: words(0x1FF0000)}, "cut off or damaged"),
    (PAYLOAD, {0x2C: words(0x7FFFFFFF)}, "its length cannot be"),
    (0x9FD40000, {}, "overlaps heap"),
    (0x9FE00000, {0x2C: words(0x180000)}, "overlaps store"),
    (0x60200000, {}, None),
])
def test_refusals(boot, project, tmp_path, at, patch, why):
    """A sentence each, and Cairn goes on as before."""
    image = bytearray(project.payload.read_bytes())
    for offset, data in patch.items():
        image[offset:offset + len(data)] = data
    path = tmp_path / "payload.bin"
    path.write_bytes(image)
    board = boot(extra=loader(path, at))
    if why is None:
        leave(board, f"boot 0x{at:x}")
        return
    before = board.map()
    assert why in board.run(f"boot 0x{at:x}")
    assert board.map() == before
    assert board.run("put k v; get k").endswith("\nv")


def test_refused_places(start, project):
    """Of an address that is no memory, none at all, and Cairn's own."""
    board = start("--smp", 4)
    assert "no memory, or not to be mapped" in board.run("boot 0x10000000")
    assert "an address was expected, or flash" in board.run("boot here")
    assert "where from?" in board.run("boot")
    assert "overlaps image" in board.run(f"boot 0x{project.image[0]:x}")
    assert board.run("cores").count("online") == 4
