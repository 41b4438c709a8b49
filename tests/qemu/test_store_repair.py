# SPDX-License-Identifier: MIT
"""store check, store repair and store grow on the board, with damage in RAM that is on, and that was off."""

import re

import pytest

RAM = 0x60000000
STORE = 0x63F00000
SIZE = 1 << 20
HEADER = 24
VALUES = {"first": "value of the first", "second": "value of the second", "third": "value of the third"}


@pytest.fixture
def machine(boot, tmp_path):
    """Boots a machine with its RAM in a file, which shows what is in it also while it runs."""

    class Machine:
        ram = tmp_path / "ram"

        def boot(self, *options):
            return boot("-m", "64M", "--ram", self.ram, *options)

        def address(self, key):
            """Of the slot of KEY."""
            region = self.ram.read_bytes()[STORE - RAM:][:SIZE]
            return STORE + region.index((key + VALUES[key]).encode()) - HEADER

        def change(self, address, data):
            with open(self.ram, "r+b") as ram:
                ram.seek(address - RAM)
                ram.write(data)

    return Machine()


def put_all(board):
    for key, value in VALUES.items():
        assert f"put: {key}" in board.run(f"put {key} '{value}'")


def expect_values(board, lost=()):
    for key, value in VALUES.items():
        assert board.run(f"get {key}") == (f"get: no such key: {key}" if key in lost else value)


def expect_clean(board):
    """Nothing to find, now and after a reset, whose open has nothing to say."""
    assert re.search(r"^store check: .*, kept aside 0, problems 0, notes 0: sound$", board.run("store check"))
    assert board.run("store repair --yes") == "store repair: there is nothing to repair"
    board.reset()
    assert "recovered" in board.boot_log and "damaged" not in board.boot_log and "mended" not in board.boot_log
    assert board.run("store check").endswith("problems 0, notes 0: sound")


def test_damaged_value(machine):
    """It is found, looked at, and dropped only when somebody says so; the others stay."""
    board = machine.boot()
    put_all(board)
    at = machine.address("second")
    machine.change(at + HEADER + 8, b"\xff\xff\xff\xff")
    offset = at - STORE
    found = board.run("store check")
    assert f'problem: offset {offset}: a slot of 72 bytes, key "second": wrong checksum' in found
    assert found.endswith(": damaged")
    plan = board.run("store repair")
    assert plan.endswith("store repair: nothing was done yet: store repair --yes does it")
    assert board.run("store check") == found
    done = board.run("store repair --yes")
    assert f'] store: the slot at offset {offset} (72 bytes, key "second") does not match its checksum' in done
    assert f'store repair: drops the slot at offset {offset}, 72 bytes at 0x{at:x}, key "second", value of 19 bytes' in done
    assert "store repair: done; " in done and done.endswith("slots dropped 1")
    expect_values(board, lost=["second"])
    expect_clean(board)
    expect_values(board, lost=["second"])


def test_damaged_chain(machine):
    """A size that is wrong costs nothing."""
    board = machine.boot()
    put_all(board)
    at = machine.address("second")
    machine.change(at, bytes(4))
    assert f"problem: offset {at - STORE}: the size or the tag of a slot is damaged" in board.run("store check")
    assert board.run("store repair --yes").endswith("slots dropped 0")
    expect_values(board)
    expect_clean(board)
    expect_values(board)


def test_kept_aside_at_boot(machine):
    """What the boot has kept aside can be looked at before it is dropped."""
    board = machine.boot()
    put_all(board)
    at = machine.address("first")
    assert board.poweroff() == 0
    machine.change(at + HEADER, b"F")
    board = machine.boot()
    assert f"the slot at offset {at - STORE} (" in board.boot_log
    assert f"note: offset {at - STORE}: a slot of 64 bytes that is kept aside as damaged" in board.run("store check")
    plan = board.run("store repair")
    shown = re.search(r"would drop the slot at offset \d+, 64 bytes at (0x[0-9a-f]+), key \"First\", value of 18 bytes", plan)
    assert int(shown[1], 16) == at
    assert "Firstvalue of th" in board.run(f"md 0x{at + HEADER:x} 4")
    assert board.run("store repair --yes").endswith("slots dropped 1")
    expect_values(board, lost=["first"])
    expect_clean(board)


def test_no_superblock(machine):
    """An open store stays open; one that is closed cannot be helped."""
    board = machine.boot()
    put_all(board)
    for copy in (0, 2048):
        machine.change(STORE + copy + 20, b"\xff\xff\xff\xff")
    answer = "both copies of the superblock are damaged: "
    for command in ("check", "repair", "repair --yes"):
        assert answer + "what is open can be read until the next reset" in board.run(f"store {command}")
    expect_values(board)
    board.reset()
    for command in ("check", "repair", "repair --yes"):
        assert answer + "nothing can be repaired, and store format --yes starts afresh" in board.run(f"store {command}")
    assert "open and empty" in board.run("store format --yes")
    expect_clean(board)


def test_grow(machine):
    """A store in a region that became larger takes it when it is told to."""
    board = machine.boot("-a", "cairn.store=512K@0x63f00000")
    put_all(board)
    assert board.run("store grow") == "store grow: the store takes all of its region already"
    assert board.poweroff() == 0
    board = machine.boot()
    assert "the store takes 524288 bytes, the region has 1048576: the rest is unused" in board.boot_log
    assert board.run("store grow") == "store grow: 524288 bytes more; the store takes all of its region"
    expect_values(board)
    expect_clean(board)
    assert "the rest is unused" not in board.boot_log
    expect_values(board)
