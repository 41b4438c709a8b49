# SPDX-License-Identifier: MIT
"""Every way to boot, with little memory and with much, and what has to survive a reset."""

import re
import signal

import pytest

from board import OWN, OWN_LATER, covers, named_reservations, show

MIB = 1 << 20
RAM = 0x60000000
KINDS = {"bin": [], "elf": ["--elf"], "atags": ["--no-dtb"], "append": ["--append-dtb"]}
SOURCES = {"bin": "from the loader", "elf": "at the start of RAM",
           "atags": "linked into the image", "append": "appended to the image"}


@pytest.mark.parametrize("size", [8, 16, 64, 100, 256, 512, 1024])
@pytest.mark.parametrize("kind", KINDS)
def test_boot(project, boot, kind, size):
    board = boot("-m", f"{size}M", *KINDS[kind])
    log = board.boot_log

    found = board.map()
    assert show(found.memory) == show([(RAM, RAM + size * MIB - 1, 0)])

    names = {name: (first, last) for first, last, name in named_reservations(log)}
    assert names["image"] == project.image
    source, tree, length = re.search(r"device tree: ([^,]+), 0x([0-9a-f]+), (\d+) bytes",
                                     log).groups()
    assert source == SOURCES[kind]
    tree = int(tree, 16)
    if kind == "atags":
        assert covers([project.image], tree, tree + int(length) - 1)
    else:
        assert names["device tree"] == (tree, tree + int(length) - 1)
    first, last = names["store"]
    assert (last + 1 - first, first % MIB) == (MIB, 0)
    assert f"store: new, 1044472 bytes free at 0x{first:08x}" in log

    ranges = sorted(names.values())
    assert all(a[1] < b[0] for a, b in zip(ranges, ranges[1:])), ranges
    assert all(covers(found.reserved, *r) for r in ranges), show(found.reserved)
    assert all(covers(found.memory, *r) for r in ranges), ranges

    assert "put: k" in board.run("put k 'a value'")
    assert board.run("get k") == "a value"
    assert board.poweroff() == 0


@pytest.mark.parametrize("kind", KINDS)
def test_atags_and_tree(boot, kind):
    """A line says which of ATAGs and tree was believed, for each thing that both can say."""
    log = boot("-m", "96M", *KINDS[kind]).boot_log
    line = "ATAGs: memory from ATAGs, command line from ATAGs, initrd from the tree"
    assert (line in log) == (kind in ("atags", "append"))
    assert f"Command line ({'ATAGs' if kind in ('atags', 'append') else 'device tree'})" in log


@pytest.mark.parametrize("kind", KINDS)
def test_warm_reset(boot, kind):
    board = boot("-m", "64M", *KINDS[kind])
    board.run("put kept 'the value'; put changed old; put gone x")
    board.run("put changed new; del gone")
    log = board.reset()
    assert f"store: recovered {OWN + 2} entr" in log
    assert board.run("get kept") == "the value"
    assert board.run("get changed") == "new"
    assert "no such key" in board.run("get gone")
    board.run("del kept")
    board.reset()
    assert "no such key" in board.run("get kept")
    assert board.run("get changed") == "new"


def test_expiry_over_reset(boot):
    """TTLs count by the RTC, which a reset does not stop."""
    board = boot("-m", "64M", extra=["-rtc", "base=2024-01-01T00:00:00,clock=vm"])
    board.run("put short s 1; put long l 3600; put never n")
    board.reset()
    deadline = 200
    while board.run("get short") == "s" and deadline:
        deadline -= 1
        board.reset()
    assert "no such key" in board.run("get short")
    assert board.run("get long") == "l"
    assert "expires in" in board.run("ls long")
    assert board.run("get never") == "n"


def test_ram_file(boot, tmp_path):
    """With its RAM in a file the store outlives QEMU, whichever way the next one boots."""
    ram = tmp_path / "ram"
    for number, options in enumerate(KINDS.values()):
        board = boot("-m", "64M", "--ram", ram, *options)
        own = OWN if number == 1 else OWN_LATER
        assert (f"recovered {own + number} entr" if number else "store: new") in board.boot_log
        for old in range(number):
            assert board.run(f"get k{old}") == f"v{old}"
        board.run(f"put k{number} v{number}")
        assert board.poweroff() == 0


def test_ram_file_smaller_memory(boot, tmp_path):
    """A boot with less memory puts its store elsewhere and leaves the larger machine's alone."""
    ram = tmp_path / "ram"
    board = boot("-m", "128M", "--ram", ram)
    board.run("put big b")
    assert board.poweroff() == 0
    board = boot("-m", "64M", "--ram", ram)
    assert "store: new" in board.boot_log
    board.run("put small s")
    assert board.poweroff() == 0
    board = boot("-m", "128M", "--ram", ram)
    assert f"recovered {OWN + 1} entr" in board.boot_log
    assert board.run("get big") == "b"
    assert "no such key" in board.run("get small")


def test_ram_file_given_place(boot, tmp_path):
    """A store in a place that was asked for is the same store for any amount of memory."""
    ram = tmp_path / "ram"
    place = ["-a", "cairn.store=256K@0x61000000"]
    board = boot("-m", "128M", "--ram", ram, *place)
    board.run("put k v")
    assert board.poweroff() == 0
    board = boot("-m", "64M", "--ram", ram, *place)
    assert "at 0x61000000" in board.boot_log
    assert board.run("get k") == "v"


@pytest.mark.parametrize("kind", ["bin", "atags"])
def test_killed(boot, tmp_path, kind):
    """What was acknowledged is there after QEMU was killed without a warning."""
    ram, pid = tmp_path / "ram", tmp_path / "pid"
    board = boot("-m", "64M", "--ram", ram, *KINDS[kind], extra=["-pidfile", pid])
    board.run("put a first; put b second; put a third")
    board.kill_qemu(int(pid.read_text()), signal.SIGKILL)
    board = boot("-m", "64M", "--ram", ram, *KINDS[kind])
    assert f"recovered {OWN + 2} entr" in board.boot_log
    assert board.run("get a") == "third"
    assert board.run("get b") == "second"


def test_initrd(boot, tmp_path):
    initrd = tmp_path / "initrd"
    initrd.write_bytes(b"\x12\x34\x56\x78" * 1234)
    board = boot("-m", "128M", "-i", initrd)
    places = [r for r in named_reservations(board.boot_log) if r[2] == "initrd"]
    assert len(places) == 1
    first, last, _ = places[0]
    assert (first % 4096, last - first + 1) == (0, 8192)
    assert "78563412 78563412" in board.run(f"md 0x{first:x} 4")
    assert covers(board.map().reserved, first, last)


@pytest.mark.parametrize("kind", ["bin", "elf"])
def test_four_cores(boot, kind):
    """Cores other than 0 sleep, also where all of them enter at once: one boot, one banner."""
    board = boot("-m", "64M", "--smp", "4", *KINDS[kind])
    assert board.boot_log.count("] Cairn ") == 1
    assert "put: k" in board.run("put k v")
    log = board.reset()
    assert log.count("] Cairn ") == 1
    assert board.run("get k") == "v"
    assert "Cairn" not in board.run("bootargs")
    assert board.poweroff() == 0
