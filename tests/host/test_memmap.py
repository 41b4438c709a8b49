# SPDX-License-Identifier: MIT
"""memmap, the boot on the desk: what is printed of a tree, as lists, JSON and a picture in text.

That its lists are those of the target is a matter of tests/qemu, which compares them for every boot.
"""

import json

import pytest

from memmap_forms import check_all_forms, parse_picture
from memmap_tool import DTS, HALF, children, half, reserved, run, source, survey, tree


@pytest.mark.parametrize("name", sorted(path.stem for path in DTS.glob("*.dts")))
def test_trees(tree, name):
    check_all_forms(tree(name), "--image", "0x60010000,256K", "--dtb-at", "0x64000000", "--store", "1M")


def test_json(tree):
    path = tree(source(HALF, children("a@70000000 { reg = <0x70000000 0x1000>; };")))
    assert json.loads(run("--json", path).stdout) == {
        "memory": [{"base": "0x60000000", "size": "0x20000000", "flags": "0x0"}],
        "reserved": [{"base": "0x70000000", "size": "0x1000", "flags": "0x0", "name": "a@70000000"}],
        "messages": [],
    }


def test_text(tree):
    path = tree(source(HALF, children("a@70000000 { reg = <0x70000000 0x1000>; };")))
    assert run("--phys", 32, path).stdout == "\n".join((
        "[    0.000000] MEMBLOCK configuration:",
        "[    0.000000]  memory size = 0x20000000 reserved size = 0x00001000",
        "[    0.000000]  memory.cnt  = 0x1",
        "[    0.000000]  memory[0x0]\t[0x60000000-0x7fffffff], 0x20000000 bytes flags: 0x0",
        "[    0.000000]  reserved.cnt  = 0x1",
        "[    0.000000]  reserved[0x0]\t[0x70000000-0x70000fff], 0x00001000 bytes flags: 0x0",
        "Map: 512 MiB of memory from 0x60000000 on, 511.9 MiB of it free",
        "Bars: 8 MiB a character, a dot is less; - free, + hotpluggable, # reserved, x no-map, "
        "s store, : no memory",
        "0x60000000-0x6fffffff      256 MiB  free          --------------------------------",
        "0x70000000-0x70000fff        4 KiB  reserved      .                                a@70000000",
        "0x70001000-0x7fffffff    255.9 MiB  free          -------------------------------",
        ""))


def test_nothing_is_reserved_unless_asked_for(half):
    assert survey(half) == {"memory": [{"base": 0x60000000, "size": 0x20000000, "flags": 0}],
                            "reserved": [], "messages": []}
    trace = [line for line in run("--trace", half).stdout.split("\n") if "memblock_" in line]
    assert len(trace) == 1 and "memblock_add" in trace[0]


def test_picture(tree):
    text = source('a { device_type = "memory"; reg = <0x60000000 0x10000000>; };',
                  'b { device_type = "memory"; reg = <0x80000000 0x4000000>; hotpluggable; };',
                  children("r@61000000 { reg = <0x61000000 0x1000000>; };"
                           "s@61800000 { reg = <0x61800000 0x800000>; };"
                           "t@62000000 { reg = <0x62000000 0x1000>; };"
                           "n@63000000 { reg = <0x63000000 0x1000>; no-map; };"
                           "o@1000 { reg = <0x1000 0x1000>; };"
                           'c { compatible = "cairn,store"; size = <0x100000>; };'))
    assert parse_picture(run(tree(text)).stdout) == [
        (0x1000, 0x2000, "reserved", "o@1000 (not in memory)"),
        (0x2000, 0x60000000, "no memory", ""),
        (0x60000000, 0x61000000, "free", ""),
        (0x61000000, 0x62000000, "reserved", "r@61000000, s@61800000"),
        (0x62000000, 0x62001000, "reserved", "t@62000000"),
        (0x62001000, 0x63000000, "free", ""),
        (0x63000000, 0x63001000, "no-map", "n@63000000"),
        (0x63001000, 0x70000000, "free", ""),
        (0x70000000, 0x80000000, "no memory", ""),
        (0x80000000, 0x83F00000, "hotpluggable", ""),
        (0x83F00000, 0x84000000, "store", "c"),
    ]


def test_names_of_merged_regions(tree):
    """In the order of the addresses, each once."""
    path = tree(source(HALF, children("b@61002000 { reg = <0x61002000 0x1000>; };"
                                      "a@61000000 { reg = <0x61000000 0x2000>; };"),
                       memreserve="/memreserve/ 0x61003000 0x1000; /memreserve/ 0x61004000 0x1000;"
                                  "/memreserve/ 0x62000000 0x1000;"))
    assert reserved(path) == [(0x61000000, 0x61005000, "a@61000000, b@61002000, memreserve"),
                              (0x62000000, 0x62001000, "memreserve")]


def test_names_of_neighbours(tree):
    """Who only touches a region does not hold it."""
    path = tree(source(HALF, children("a@61000000 { reg = <0x61000000 0x1000>; };"
                                      "b@61001000 { reg = <0x61001000 0x1000>; no-map; };"
                                      "c@60fff000 { reg = <0x60fff000 0x1000>; no-map; };")))
    assert reserved(path) == [(0x61000000, 0x61001000, "a@61000000")]


def test_no_memory(tree):
    path = tree(source())
    found = survey(path)
    assert found["memory"] == found["reserved"] == []
    assert [m.split(":")[0] for m in found["messages"]] == ["no memory"]
    assert run(path).stdout.endswith("\nMap: no memory\n")
    check_all_forms(path)
