# SPDX-License-Identifier: MIT
"""
Device trees handed over untouched: what memblock holds after each tree of tests/dts, by the rules
of Linux 6.1. The lists are what the rules give, worked out by hand.

The machine has 1 GiB at 0x60000000, the image lies at 0x60010000, the tree at 0x64000000. The maps
are those of the boot's dump: the store is placed, the heap not yet.
"""

import re

import pytest

from board import OWN, joined, show

HALF = ["60000000-7fffffff"]  # 512 MiB, what most of the trees have
STORE = (0x7FF00000, 0x7FFFFFFF)  # and where the store lies then

# tree: (memory[], reserved[] without image and tree, words of the log)
TREES = {
    # Cells, nodes and properties.
    "cells-2-2": (HALF, [STORE], []),
    "cells-2-1": (HALF, [STORE], []),
    "cells-1-2": (HALF, [STORE], []),
    "usable-memory": (["60000000-6fffffff"], [(0x6FF00000, 0x6FFFFFFF)], []),
    "banks": (["60000000-73ffffff", "80000000-87ffffff"], [(0x87F00000, 0x87FFFFFF)], []),
    "status": (HALF, [STORE], []),
    "not-memory": (HALF, [STORE], []),
    "hotpluggable": (HALF + ["90000000-9fffffff 1"], [(0x9FF00000, 0x9FFFFFFF)], []),
    # Borders: pages, the start of RAM, the end of the address space.
    "unaligned": (["60000000-6fffefff", "80001000-80ffffff"], [(0x80F00000, 0x80FFFFFF)], []),
    "small-banks": (HALF, [STORE], ["Ignoring memory block 0x90000000 - 0x90000800",
                                    "0x91000800 - 0x91001800 holds no whole page"]),
    "below-ram": (["60000000-6fffffff"], [(0x6FF00000, 0x6FFFFFFF)],
                  ["Ignoring memory block 0x50000000 - 0x54000000",
                   "Ignoring memory range 0x5e000000 - 0x60000000"]),
    "no-bank-at-load": (["68000000-6fffffff"], [(0x6FF00000, 0x6FFFFFFF)],
                        ["start of RAM 0x68000000"]),
    "reaches-4g": (["60000000-fffffffe"], [(0x9FF00000, 0x9FFFFFFF), (0xA0000000, 0xFFFFFFFE)],
                   []),
    "beyond-4g": (HALF + ["f0000000-fffffffe"], [STORE, (0xF0000000, 0xFFFFFFFE)],
                  ["Ignoring memory block 0x100000000 - 0x110000000",
                   "Ignoring memory range 0x100000000 - 0x110000000"]),
    "wraps-4g": (HALF + ["f0000000-fffffffe"], [STORE, (0xF0000000, 0xFFFFFFFE)],
                 ["Ignoring memory range 0x100000000 - 0x110000000"]),
    "usable-range": (["60000000-67ffffff"], [(0x67F00000, 0x67FFFFFF)], []),
    "usable-range-2": (["60000000-67ffffff", "70000000-73ffffff"],
                       [(0x73F00000, 0x73FFFFFF)], []),
    # The header's reservations.
    "memreserve": (HALF, [STORE, (0x61000000, 0x61001FFF), (0x10000000, 0x10000FFF),
                          (0x60040000, 0x6013FFFF)],
                   ["memreserve: 0x10000000-0x10000fff is not in memory",
                    "memreserve: 0x60040000-0x6013ffff overlaps the image"]),
    "memreserve-end": (HALF, [STORE, (0x61000000, 0x61000FFF)], []),
    "memreserve-wraps": (HALF, [STORE, (0xFFFFF000, 0xFFFFFFFE)],
                         ["0xfffff000+0x2000 passes the end of the address space",
                          "0x100000000+0x1000 is beyond the address space"]),
    # Children of /reserved-memory with a place.
    "reserved-static": (HALF, [STORE, (0x70000000, 0x70000FFF), (0x71000000, 0x710FFFFF)], []),
    "reserved-odd": (HALF, [STORE, (0x20000000, 0x20000FFF), (0xFFFFF000, 0xFFFFFFFE)],
                     ["half@70000000: reg has 12 bytes",
                      "outside@20000000: 0x20000000-0x20000fff is not in memory",
                      "wraps@fffff000: 0xfffff000+0x2000 passes the end"]),
    "reserved-overlaps": (HALF, [STORE, (0x70000000, 0x70002FFF)],
                          ["b@70001000: 0x70001000+0x2000 overlaps a@70000000",
                           "c@60010000: 0x60010000-0x60010fff overlaps the image"]),
    "reserved-no-ranges": (HALF, [STORE], ["all of it is ignored"]),
    "reserved-cells": (HALF, [STORE], ["all of it is ignored"]),
    "nomap": (["60000000-73ffffff", "74000000-743fffff 4", "74400000-7fffffff"], [STORE], []),
    "nomap-refused": (HALF, [STORE], ["image@60010000: .*reserved already",
                                      "wraps@fffff000: .*passes the end"]),
    # Children that ask for a size.
    "dynamic": (HALF, [(0x7F000000, 0x7F7FFFFF), (0x7FD00000, 0x7FFFFFFF)], []),
    "dynamic-nomap": (["60000000-7fdfffff", "7fe00000-7fffffff 4"],
                      [(0x7FE00000, 0x7FFFFFFF), (0x7FD00000, 0x7FDFFFFF)], []),
    "alloc-ranges": (HALF, [STORE, (0x73C00000, 0x73FFFFFF)], []),
    "no-room": (HALF, [STORE, (0x70000000, 0x700FFFFF)],
                ["huge: no room for 0x40000000 bytes", "narrow: no room for 0x100000 bytes"]),
    "dynamic-odd": (HALF, [STORE], ["crooked: .*power of two", "long: size has 8 bytes",
                                    "half: alloc-ranges has 4 bytes"]),
    # The store's own node.
    "store-static": (HALF, [(0x70000000, 0x701FFFFF)], ["store: new, .* at 0x70000000"]),
    "store-nomap": (["60000000-6fffffff", "70000000-701fffff 4", "70200000-7fffffff"], [],
                    ["store: new, .* at 0x70000000"]),
    "store-dynamic": (HALF, [(0x7FE00000, 0x7FFFFFFF)], ["store: new, .* at 0x7fe00000"]),
    "store-two": (HALF, [(0x70000000, 0x700FFFFF), (0x71000000, 0x710FFFFF)],
                  ["store@71000000: .*only reserved", "store: new, .* at 0x70000000"]),
}

# Trees whose store is refused; what the tree reserves is reserved all the same.
REFUSED = {
    "store-over-image": ([STORE, (0x60000000, 0x600FFFFF)], "overlaps"),
    "store-over-tree": ([STORE, (0x64000000, 0x640FFFFF)], "overlaps"),
    "store-over-child": ([STORE, (0x70000000, 0x700FFFFF)], "overlaps"),
    "store-outside": ([STORE, (0x20000000, 0x200FFFFF)], "is not in memory"),
    "store-unaligned": ([STORE, (0x70000800, 0x701007FF)], "multiples of 4096"),
    "store-no-room": ([STORE], "no room"),
}


def check_map(board, project, memory, reserved):
    found = board.boot_map()
    assert show(found.memory) == memory
    assert show(found.reserved) == show(joined(project.image, board.tree, *reserved))


@pytest.mark.parametrize("tree", TREES)
def test_tree(project, boot_tree, tree):
    memory, reserved, words = TREES[tree]
    board = boot_tree(tree)
    check_map(board, project, memory, reserved)
    for text in words:
        assert re.search(text.replace("+", r"\+"), board.boot_log), text
    assert "put: k" in board.run("put k v")
    log = board.reset()
    assert f"store: recovered {OWN + 1} entr" in log
    check_map(board, project, memory, reserved)
    assert board.run("get k") == "v"
    assert board.poweroff() == 0


@pytest.mark.parametrize("tree", REFUSED)
def test_store_refused(project, boot_tree, tree):
    """A region that is taken, or none, is never formatted; what lies there stays as it is."""
    reserved, words = REFUSED[tree]
    board = boot_tree(tree)
    line = re.search(r"store: .*the store stays closed", board.boot_log)
    assert line and words in line[0]
    check_map(board, project, HALF, [r for r in reserved if r != STORE])
    assert "not open" in board.run("put k v")
    assert "not open" in board.run("store format --yes")
    assert 'model = "tests board";' in board.run("dt")
    assert board.run("md 0x64000000 1").startswith("64000000: edfe0dd0")
    assert board.poweroff() == 0


@pytest.mark.parametrize("place", ["74000000", "73f80000", "743ff000"])
def test_store_over_nomap(boot_tree, place):
    """cairn.store= over memory that nobody shall touch is over something reserved."""
    board = boot_tree("nomap", bootargs=f"cairn.store=1M@0x{place} cairn.semihosting")
    assert re.search("store: .*the store stays closed", board.boot_log)
    assert "not open" in board.run("put k v")


def test_store_node_wins(boot_tree):
    board = boot_tree("store-static", bootargs="cairn.store=1M@0x61000000 cairn.semihosting")
    assert re.search("cairn.store= is not used: .*store@70000000", board.boot_log)
    assert "at 0x70000000" in board.boot_log


@pytest.mark.parametrize("tree", ["no-memory", "zero-memory"])
def test_no_memory(project, boot_tree, tree):
    """Linux dies in silence; here it is a line, and a prompt without a store."""
    board = boot_tree(tree)
    check_map(board, project, [], [])
    assert "no memory: " in board.boot_log
    assert "not open" in board.run("put k v")
    assert re.search("MemTotal: +0 kB", board.run("meminfo"))
    board.reset()
    assert board.poweroff() == 0


def test_no_memory_but_mem(project, boot_tree):
    board = boot_tree("no-memory", bootargs="memblock=debug mem=64M cairn.semihosting")
    check_map(board, project, ["60000000-63ffffff"], [(0x63F00000, 0x63FFFFFF)])
    assert "no memory node describes 0x60000000-0x64000000" in board.boot_log
    assert "put: k" in board.run("put k v")


def test_mem_counts_from_the_lowest_bank(project, boot_tree):
    board = boot_tree("no-bank-at-load", bootargs="memblock=debug mem=16M cairn.semihosting")
    check_map(board, project, ["68000000-68ffffff"], [(0x68F00000, 0x68FFFFFF)])


def test_mem_replaces_what_usable_range_left(project, boot_tree):
    board = boot_tree("usable-range", bootargs="memblock=debug mem=256M cairn.semihosting")
    check_map(board, project, ["60000000-6fffffff"], [(0x6FF00000, 0x6FFFFFFF)])


def test_nested_bus(project, boot_tree):
    """Console, clock and reset are found behind three buses, as in Linux's own tree."""
    board = boot_tree("nested-bus", extra=["-serial", "null", "-serial", "mon:stdio"])
    check_map(board, project, HALF, [STORE])
    assert not re.search(r"^\[ +0\.000000\] Memory:", board.boot_log, re.M)
    assert "put: k" in board.run("put k v")
    board.reset()
    assert board.run("get k") == "v"
    assert board.poweroff() == 0


def test_no_stdout_path(boot_tree):
    """The first serial port that is not disabled."""
    board = boot_tree("no-stdout", extra=["-serial", "null", "-serial", "mon:stdio"])
    assert "put: k" in board.run("put k v")
    assert board.poweroff() == 0


def test_bad_stdout_path(boot_tree):
    board = boot_tree("bad-stdout")
    assert "stdout-path /soc/rtc@10017000:115200: no serial port" in board.boot_log
    assert "put: k" in board.run("put k v")
    assert board.poweroff() == 0


def test_empty_tree(boot_tree):
    """No memory, no devices: the port that the image was built for, and a prompt."""
    board = boot_tree("empty")
    assert "the device tree has no serial port" in board.boot_log
    assert "no memory: " in board.boot_log
    assert "Machine model: unnamed board" in board.boot_log
    assert "not open" in board.run("put k v")
    assert board.run("poweroff").startswith("poweroff: ")
    assert board.run("reset").startswith("reset: ")
    assert board.run("dt") == "/ {\n};"


def test_odd_root_cells(boot_tree):
    board = boot_tree("cells-3")
    assert "#address-cells and #size-cells are 3 and 1" in board.boot_log
    assert "no memory: " in board.boot_log
    assert "not open" in board.run("put k v")
