# SPDX-License-Identifier: MIT
"""The map changes from one boot to the next, and the store is where the old one had it."""

import re
import subprocess

import pytest

from board import covers

RAM = 0x60000000
MEBI = 1 << 20
FULL = 0x63F00000  # where the store goes in 64 MiB
HALF = 0x61F00000  # and in 32 MiB
LEFT_CLOSED = "neither it nor a new one is opened"


@pytest.fixture
def machine(boot, tmp_path):
    """Boots a machine of 64 MiB with its RAM in a file, so that the command line can change."""

    class Machine:
        ram = tmp_path / "ram"

        def boot(self, bootargs="", *options):
            # memmap does not know what is in memory, so it cannot tell where the store will be.
            board = boot("-m", "64M", "--ram", self.ram, "-a", bootargs, *options, prompt=False)
            board.on_prompt = None
            board.wait_prompt()
            return board

        def run(self, bootargs, *commands):
            """A boot, some commands, and off: the log of it."""
            board = self.boot(bootargs)
            for command in commands:
                board.run(command)
            assert board.poweroff() == 0
            return board.boot_log

        def read(self, address, size):
            with open(self.ram, "rb") as ram:
                ram.seek(address - RAM)
                return ram.read(size)

        def write(self, address, data):
            with open(self.ram, "r+b") as ram:
                ram.seek(address - RAM)
                ram.write(data)

    return Machine()


def found(base, instead, size=MEBI):
    return (f"store: 0x{base:08x}+0x{size:08x}: found there, where another map had placed it: used, "
            f"and not a new one at 0x{instead:08x}")


def test_more_memory(machine):
    """It stays where it is, and is the one of all later boots, until the place is given."""
    assert f"bytes free at 0x{HALF:08x}" in machine.run("mem=32M", "put k v")
    board = machine.boot("memblock=debug")
    assert found(HALF, FULL) in board.boot_log
    assert f"bytes free at 0x{HALF:08x}, boot 2" in board.boot_log
    assert re.search(rf"memblock_phys_free: \[0x{FULL:08x}-0x63ffffff\] .*\n(?:.*\n)*?.*"
                     rf"memblock_reserve: \[0x{HALF:08x}-0x61ffffff\] ", board.boot_log)
    reserved = board.boot_map().reserved
    assert covers(reserved, HALF, HALF + MEBI - 1)
    assert not covers(reserved, FULL, FULL)
    assert board.run("get k") == "v"
    assert "put: k" in board.run("put k again")
    board.reset()
    assert found(HALF, FULL) in board.boot_log
    assert board.run("get k") == "again"
    assert board.poweroff() == 0

    assert "store: new" in machine.run(f"cairn.store=1M@0x{FULL:x}", "put k other")
    log = machine.run("")
    assert f"bytes free at 0x{FULL:08x}, boot 2" in log
    assert "found there" not in log
    assert f"bytes free at 0x{HALF:08x}" in machine.run("mem=32M")


def test_one_more_reserved_node(machine, project, tmp_path):
    """The tree gets a node at the top of memory that the store does not overlap."""
    tree = tmp_path / "tree.dtb"
    tree.write_bytes(project.dtb.read_bytes())
    node = "/reserved-memory/dynamic"
    for words in (["-c", tree, "/reserved-memory", node],
                  ["-t", "x", tree, "/reserved-memory", "#address-cells", "1"],
                  ["-t", "x", tree, "/reserved-memory", "#size-cells", "1"],
                  [tree, "/reserved-memory", "ranges"],
                  ["-t", "x", tree, node, "size", "200000"],
                  ["-t", "x", tree, node, "alloc-ranges", "62000000", "1e00000"]):
        subprocess.run(["fdtput", *words], check=True, timeout=30)
    machine.run("cairn.store=2M", "put k v")
    assert machine.read(FULL - MEBI, 4) == b"CARN"
    board = machine.boot("cairn.store=1M", "-d", tree)
    assert found(FULL - MEBI, FULL, 2 * MEBI) in board.boot_log
    assert board.run("get k") == "v"


def test_moved_by_size(machine):
    """Another size is another place: in the region of the default lies a small store."""
    machine.run("cairn.store=64K", "put k v")
    board = machine.boot()
    assert found(0x63FF0000, FULL, 1 << 16) in board.boot_log
    assert board.run("get k") == "v"


def test_not_all_in_memory(machine):
    """What is left of it is kept, nothing is formatted, and with its memory it is back."""
    machine.run("mem=32M", "put k v")
    before = machine.read(HALF, MEBI)
    board = machine.boot("mem=32256K")
    assert (f"store: there is one at 0x{HALF:08x}+0x00100000, which is not all in memory: {LEFT_CLOSED}"
            in board.boot_log)
    assert "what is free of that is kept until then" in board.boot_log
    assert f'"store format" makes a new one at 0x{HALF - MEBI:08x}+0x00100000' in board.boot_log
    assert "0x61f00000-0x61f7ffff      512 KiB  old store" in board.boot_log
    for command in ("get k", "put k v", "ls"):
        assert "not open: there is one at 0x61f00000" in board.run(command)
    board.reset()
    assert LEFT_CLOSED in board.boot_log
    assert board.poweroff() == 0
    assert machine.read(HALF, MEBI) == before
    assert machine.read(HALF - MEBI, 4) != b"CARN"

    board = machine.boot("mem=32M")
    assert f"bytes free at 0x{HALF:08x}, boot 2" in board.boot_log
    assert board.run("get k") == "v"


def test_taken_by_others(machine):
    """To do without it takes a word, and leaves it as it is."""
    machine.run("", "put k v")
    before = machine.read(FULL, MEBI)
    board = machine.boot("initrd=0x63f80000,4K")
    assert (f"store: there is one at 0x{FULL:08x}+0x00100000, parts of which are taken by initrd: "
            f"{LEFT_CLOSED}" in board.boot_log)
    assert "not open" in board.run("get k")
    assert "open and empty" in board.run("store format")
    assert "put: k" in board.run("put k new")
    assert board.poweroff() == 0
    assert machine.read(FULL, MEBI) == before

    board = machine.boot()
    assert board.run("get k") == "v"
    assert board.poweroff() == 0

    # From the next boot on the new one is where the rules say, and nothing is looked for.
    board = machine.boot("initrd=0x63f80000,4K")
    assert f"bytes free at 0x{FULL - MEBI:08x}, boot 2" in board.boot_log
    assert LEFT_CLOSED not in board.boot_log
    assert board.run("get k") == "new"


def test_several(machine):
    """Which one was used last no superblock tells: lines say how to ask for each, and they stay as they are."""
    for _ in range(3):
        machine.run("mem=32M", "put k old")
    machine.run("mem=48M cairn.store=1M@0x62800000", "put k newest")
    board = machine.boot("memblock=debug")
    assert "store: there are 2, and nobody says which one it is: neither one of them nor a new one is opened" \
        in board.boot_log
    for base in HALF, 0x62800000:
        assert re.search(rf"store: cairn.store=0x100000@0x{base:x} asks for the one with \d+ updates "
                         r"\(what is free of that is kept until then\)", board.boot_log)
        assert covers(board.boot_map().reserved, base, base + MEBI - 1)
    assert "not open: there are 2" in board.run("get k")
    board.reset()
    assert "store: there are 2" in board.boot_log
    assert board.poweroff() == 0
    for base, value in (HALF, "old"), (0x62800000, "newest"):
        board = machine.boot(f"cairn.store=0x100000@0x{base:x}")
        assert board.run("get k") == value
        assert board.poweroff() == 0
    board = machine.boot()
    assert "open and empty" in board.run("store format")
    board.reset()
    assert f"bytes free at 0x{FULL:08x}, boot 2" in board.boot_log


def test_image_elsewhere(machine):
    """The bytes of a region in other memory are no store, unless somebody points at them."""
    machine.run("", "put k v")
    region = machine.read(FULL, MEBI)
    machine.write(FULL, bytes(MEBI))
    machine.write(0x62800000, region)
    board = machine.boot()
    assert "store: new" in board.boot_log
    assert board.poweroff() == 0
    board = machine.boot("cairn.store=1M@0x62800000")
    assert board.run("get k") == "v"
    assert board.poweroff() == 0
    machine.write(FULL, bytes(MEBI))
    assert found(0x62800000, FULL) in machine.run("")


def test_search_changes_nothing(machine):
    """A search that finds nothing leaves what others have in memory, and says nothing."""
    machine.run("")
    pattern = bytes(range(256)) * 16
    for address in range(0x60900000, FULL - 2 * MEBI, 0x200000):
        machine.write(address, pattern)
    machine.write(FULL, bytes(MEBI))
    log = machine.run("")
    assert "store: new" in log
    assert log.count("store: ") == 1
    for address in range(0x60900000, FULL - 2 * MEBI, 0x200000):
        assert machine.read(address, len(pattern)) == pattern, hex(address)
