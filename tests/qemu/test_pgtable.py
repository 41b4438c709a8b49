# SPDX-License-Identifier: MIT
"""The tables of the real image: what they map, and that an access which they do not allow faults."""

import re
import struct

import pytest

from conftest import LEFT_OUT, TREE

STORE = 0x63F00000  # by default with 64 MiB
NOMAP = 0x74000000  # in tests/dts/nomap.dts
PAGE = 4096
BX_LR = 0x4770


def tables(board):
    """[(first, last, words)] of the pgtable command."""
    found = re.findall(r"^0x([0-9a-f]{8})\.\.0x([0-9a-f]{8}) +(\d+) KiB  (.*)$", board.run("pgtable"), re.M)
    assert found
    for first, last, size, _ in found:
        assert int(last, 16) + 1 - int(first, 16) == int(size) * 1024
    return [(int(first, 16), int(last, 16), words) for first, last, _, words in found]


def words_at(found, address):
    """How ADDRESS is mapped, None if it is not."""
    return next((words for first, last, words in found if first <= address <= last), None)


def load_r0(address):
    """Thumb: movw and movt r0."""
    def half(opcode, value):
        return struct.pack("<HH", opcode | value >> 12 | (value >> 11 & 1) << 10,
                           (value >> 8 & 7) << 12 | value & 0xFF)

    return half(0xF240, address & 0xFFFF) + half(0xF2C0, address >> 16)


def write_to(address):
    return load_r0(address) + struct.pack("<HH", 0x6000, BX_LR)  # str r0, [r0]


def read_from(address):
    return load_r0(address) + struct.pack("<HH", 0x6800, BX_LR)  # ldr r0, [r0]


def jump_to(address):
    return load_r0(address | 1) + struct.pack("<H", 0x4700)  # bx r0


@pytest.fixture
def board_with(project, hand_over, patch_image, compile_tree):
    """A board whose version command is CODE."""

    def boot_board(code, bootargs=""):
        image = patch_image({project.symbols["cmd_version"] & ~1: code})
        return hand_over(TREE, {TREE: compile_tree("nomap", bootargs)}, image=image)

    return boot_board


def expect_fault(board, kind, address):
    board.send("version\r")
    board.until_fault()
    report = board.child.after
    board.child.expect("halted")
    report += board.child.before
    assert kind in report
    assert f"{address:08x}" in report


@pytest.mark.parametrize("cores", [1, 2, 4])
def test_map(boot, project, cores):
    """Each kind of memory as it should be, whatever runs."""
    board = boot("-m", "64M", "--smp", str(cores))
    found = tables(board)
    symbols = project.symbols
    for name, words in {"__image_start": "r-x  memory", "__rodata_start": "r--  memory",
                        "__data_start": "rw-  memory", "__kept_start": "rw-  memory, not cached"}.items():
        assert words_at(found, symbols[name]) == words
    assert words_at(found, symbols["main"] & ~1) == "r-x  memory"
    assert words_at(found, symbols["__data_start"] - 1) == "r--  memory"
    assert words_at(found, symbols["stacks"]) is None
    assert words_at(found, symbols["stacks"] + PAGE) == "rw-  memory"
    assert words_at(found, 0x60000000) == words_at(found, STORE - 1) == "rw-  memory"
    assert words_at(found, STORE) == "r--  memory, rw- while the store writes"
    assert found[-1][1] == 0x63FFFFFF
    devices = [(first, last) for first, last, words in found if words == "rw-  device"]
    for address in 0x10000000, 0x10009000, 0x10017000:
        assert (address, address + PAGE - 1) in devices
    if "stage" not in LEFT_OUT:
        devices.remove((0x40000000, 0x43FFFFFF))  # NOR flash
        devices.remove((0x48000000, 0x48001FFF))  # static RAM: where other cores wait after Cairn
    assert all(0x10000000 <= first < 0x20000000 for first, _ in devices)
    assert words_at(found, 0x1000A000) is None and words_at(found, 0) is None
    assert not [words for _, _, words in found if "wx" in words]
    for command in "put k v", "get k", "del k", "md 0x63f00000 1", "mw 0x61000000 1":
        assert "not" not in board.run(command)


def test_no_map_is_not_mapped(boot_tree):
    board = boot_tree("nomap")
    found = tables(board)
    assert words_at(found, NOMAP - 1) == words_at(found, NOMAP + 0x400000) == "rw-  memory"
    assert words_at(found, NOMAP) is None and words_at(found, NOMAP + 0x3FFFFF) is None
    assert board.run(f"md 0x{NOMAP:x}") == f"md: not 0x{NOMAP:08x}: nothing is mapped there"


def test_no_map_store_is_mapped(boot_tree):
    """For the store, even though nobody else may touch it."""
    board = boot_tree("store-nomap")
    at = int(re.search(r"\] store: new, .* at 0x([0-9a-f]+)", board.boot_log)[1], 16)
    assert "store writes" in words_at(tables(board), at)
    assert board.run("put k v; get k").endswith("v")


@pytest.mark.parametrize("part", ["code", "constants"])
def test_write_to_the_image(project, board_with, part):
    at = project.symbols[{"code": "main", "constants": "__rodata_start"}[part]] & ~3
    expect_fault(board_with(write_to(at)), "data abort", at)


def test_execute_data(board_with):
    expect_fault(board_with(jump_to(0x61000000)), "prefetch abort", 0x61000000)


@pytest.mark.parametrize("address", [0, 0x1000A000, NOMAP, 0xF0000000],
                         ids=["page 0", "unclaimed device", "no-map", "nowhere"])
def test_read_what_is_not_mapped(board_with, address):
    expect_fault(board_with(read_from(address)), "data abort", address)


@pytest.mark.parametrize("offset", [0, 3 * PAGE], ids=["exceptions", "main"])
def test_below_a_stack(project, board_with, offset):
    at = project.symbols["stacks"] + offset
    expect_fault(board_with(write_to(at + PAGE - 4)), "data abort", at + PAGE - 4)


def test_stray_write_into_the_store(board_with):
    """A fault, and what was stored is there after it."""
    at = 0x7FF00000
    board = board_with(write_to(at + 0x1000))
    board.run("put k v")
    assert board.run(f"mw 0x{at:x} 0") == \
        f"mw: not 0x{at:08x}: it can only be read: it is code, a constant or the store's"
    expect_fault(board, "data abort", at + 0x1000)


def test_store_that_cannot_be_protected(boot):
    """Its region is not made of whole sections: it works, a line says so, and mw may write to it."""
    board = boot("-m", "64M", "-a", f"cairn.store=1020K@0x{STORE:x}")
    assert f"store: 0x{STORE:08x}+0x000ff000: not made of whole MiB: not protected" in board.boot_log
    assert words_at(tables(board), STORE) == "rw-  memory"
    assert board.run("put k v; get k").endswith("v")
    assert board.run(f"mw 0x{STORE + 0xFE000:x} 0") == ""


def test_no_memory_for_tables(boot_tree):
    """Without any memory the first table stays, and a line says so."""
    board = boot_tree("no-memory")
    assert "no memory for page tables: nothing is protected" in board.boot_log
    assert "rwx  memory" in board.run("pgtable")
