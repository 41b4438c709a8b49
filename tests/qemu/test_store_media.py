# SPDX-License-Identifier: MIT
"""A region with a store of another version, a damaged one, or something else: never wiped."""

import pytest

from board import OWN, OWN_LATER

RAM = 0x60000000
STORE = 0x63F00000 - RAM  # 64 MiB: the last MiB
SIZE = 1 << 20
COPIES = (STORE, STORE + 2048)
IMAGE = STORE + 4096
VERSION = 4  # offsets in a copy of the superblock
REGION_SIZE = 12
CRC = 124


@pytest.fixture(params=[1, 2, 4])
def machine(request, boot, tmp_path):
    """Boots a machine with its RAM in a file that can be changed while it is off."""

    class Machine:
        ram = tmp_path / "ram"

        def boot(self, *options):
            return boot("-m", "64M", "--smp", request.param, "--ram", self.ram, *options)

        def region(self):
            with open(self.ram, "rb") as ram:
                ram.seek(STORE)
                return ram.read(SIZE)

        def change(self, offset, data):
            with open(self.ram, "r+b") as ram:
                ram.seek(offset)
                ram.write(data)

        def flip(self, offset):
            self.change(offset, bytes([self.region()[offset - STORE] ^ 0xFF]))

    machine = Machine()
    board = machine.boot()
    board.run("put first 'value 1'; put second 'value 2'")
    assert board.poweroff() == 0
    return machine


def other_version(machine):
    for copy in COPIES:
        machine.change(copy + VERSION, b"\0\0\0\2")


def damaged_crc(machine):
    for copy in COPIES:
        machine.flip(copy + CRC)


def damaged_size(machine):
    for copy in COPIES:
        machine.change(copy + REGION_SIZE, b"\x7f\xff\xff\xff")


def damaged_magic(machine):
    """No copy is left: the image alone tells that there was a store."""
    for copy in COPIES:
        machine.change(copy, b"\0\0\0\0")


def one_of_each(machine):
    machine.change(COPIES[0] + VERSION, b"\0\0\0\2")
    machine.flip(COPIES[1] + CRC)


@pytest.mark.parametrize("damage", [other_version, damaged_crc, damaged_size, damaged_magic,
                                    one_of_each], ids=lambda damage: damage.__name__)
def test_closed(machine, damage):
    """A line says why and what starts afresh; until then no byte of the region changes."""
    damage(machine)
    before = machine.region()
    board = machine.boot()
    assert "store: 0x63f00000+0x00100000: " in board.boot_log
    assert 'stays closed and as it is; "store format --yes" starts afresh' in board.boot_log
    for command in ("put k v", "get first", "del first", "ls", "stat", "clear"):
        assert "not open" in board.run(command)
    board.reset()
    assert "not open" in board.run("get first")
    assert "not done" in board.run("store format")
    assert board.poweroff() == 0
    assert machine.region() == before

    board = machine.boot()
    assert "open and empty" in board.run("store format --yes")
    assert "no such key" in board.run("get first")
    assert "put: k" in board.run("put k v")
    board.reset()
    assert board.run("get k") == "v"
    assert board.entries() == OWN_LATER + 1


def test_format_asks_first(machine):
    """A store with entries is not emptied by a slip."""
    board = machine.boot()
    assert "not done" in board.run("store format")
    assert board.run("get first") == "value 1"
    assert "open and empty" in board.run("store format --yes")
    assert board.entries() == 0


@pytest.mark.parametrize("copy", COPIES, ids=["a", "b"])
def test_one_copy_of_the_superblock_is_enough(machine, copy):
    machine.change(copy, b"\xff" * 128)
    board = machine.boot()
    assert f"recovered {OWN + 2} entries" in board.boot_log
    assert board.run("get first") == "value 1"
    assert board.poweroff() == 0
    assert machine.region()[:4] == machine.region()[2048:2052] == b"CARN"


@pytest.mark.parametrize("copy", COPIES, ids=["a", "b"])
def test_newest_copy_of_the_superblock_counts(machine, copy):
    """As after a cut between the two: one is an update behind."""
    old = machine.region()[copy - STORE:][:128]
    assert machine.boot().poweroff() == 0
    machine.change(copy, old)
    board = machine.boot()
    assert f"recovered {OWN_LATER + 2} entries" in board.boot_log
    assert ", boot 3" in board.boot_log


def test_damaged_value_is_never_served(machine):
    machine.flip(STORE + machine.region().index(b"value 1"))
    board = machine.boot()
    assert "value 1" not in board.run("get first")
    assert board.run("get second") == "value 2"
    assert "put: first" in board.run("put first again")
    assert board.run("get first") == "again"


def test_other_contents_of_ram(machine):
    """RAM after power-on is noise, and no store: a new one is made, and it works."""
    machine.change(STORE, bytes((i * 197 + i // 256) % 256 for i in range(SIZE)))
    board = machine.boot()
    assert "store: new" in board.boot_log
    assert "put: k" in board.run("put k v")
    board.reset()
    assert board.run("get k") == "v"


def test_region_of_another_size(machine):
    """The store in the region is larger than the region that the command line now gives."""
    before = machine.region()
    board = machine.boot("-a", "cairn.store=512K@0x63f00000")
    assert "stays closed and as it is" in board.boot_log
    assert "not open" in board.run("put k v")
    assert board.poweroff() == 0
    assert machine.region()[:512 << 10] == before[:512 << 10]
    board = machine.boot()
    assert f"recovered {OWN + 2} entries" in board.boot_log


def test_full(boot):
    """A put that does not fit is refused with the room that there is; the rest stays."""
    board = boot("-m", "64M", "-a", "cairn.store=8K")
    value = "x" * 400
    answers = [board.run(f"put key{i} {value}") for i in range(12)]
    assert answers[0].startswith("put: key0, 400 bytes")
    assert "fit now" in answers[-1]
    assert board.run("get key0") == value
    kept = [i for i, answer in enumerate(answers) if "fit now" not in answer]
    board.reset()
    for i in kept:
        assert board.run(f"get key{i}") == value
    own = board.entries("cairn/")
    assert f"clear: {len(kept) + own} entries" in board.run("clear")
    assert "put: key11" in board.run(f"put key11 {value}")
