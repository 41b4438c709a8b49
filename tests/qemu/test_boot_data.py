# SPDX-License-Identifier: MIT
"""
Boot data that is missing, damaged or a lie. Each time a line says what is wrong, the boot goes on
with the next best (in the end the tree in the image), and the prompt works.
"""

import random
import re
import struct

import pytest

from board import covers, joined, named_reservations, show
from conftest import TREE, dtc

LINKED_IN = "device tree: linked into the image"
GIB = ["60000000-9fffffff"]
ATAGS = 0x62000000

HEADER = ("magic totalsize off_dt_struct off_dt_strings off_mem_rsvmap version last_comp_version "
          "boot_cpuid_phys size_dt_strings size_dt_struct").split()
BEGIN_NODE, END_NODE, PROP, NOP, END = 1, 2, 3, 4, 9


def words(*values):
    return struct.pack(f">{len(values)}I", *values)


def header(blob, **changes):
    """A copy of a tree with other fields in its header; a function gets the old value."""
    fields = dict(zip(HEADER, struct.unpack(">10I", blob[:40])))
    for name, value in changes.items():
        fields[name] = value(fields[name]) if callable(value) else value
    return words(*fields.values()) + blob[40:]


def structure(*tokens):
    """A tree with this structure block, and the strings reg and device_type."""
    body, strings = b"".join(tokens), b"reg\0device_type\0"
    return words(0xD00DFEED, 56 + len(body) + len(strings), 56, 56 + len(body), 40, 17, 16, 0,
                 len(strings), len(body)) + bytes(16) + body + strings


def damaged(blob):
    """{what is wrong: (tree, what the line says)}"""
    struct_at = struct.unpack(">I", blob[8:12])[0]
    prop = blob.index(words(PROP), struct_at)
    rng = random.Random(6)
    noise = bytes(rng.randrange(256) for _ in range(64))
    node = words(BEGIN_NODE, 0)
    return {
        "totalsize huge": (header(blob, totalsize=0xFFFFFFFF), "4294967295 bytes, expected"),
        "totalsize 1 GiB": (header(blob, totalsize=1 << 30), "1073741824 bytes, expected"),
        "totalsize over 2 MiB": (header(blob, totalsize=(2 << 20) + 1), "bytes, expected"),
        "totalsize 0": (header(blob, totalsize=0), "says it has 0 bytes"),
        "totalsize 39": (header(blob, totalsize=39), "says it has 39 bytes"),
        "totalsize 40": (header(blob, totalsize=40), "damaged"),
        "totalsize short": (header(blob, totalsize=len(blob) // 2), "damaged"),
        "cut": (blob[:len(blob) // 2], "damaged"),
        "cut behind the header": (blob[:40], "damaged"),
        "structure beyond the end": (header(blob, off_dt_struct=len(blob) + 64), "damaged"),
        "structure wraps": (header(blob, off_dt_struct=0xFFFFFFF8), "damaged"),
        "structure not aligned": (header(blob, off_dt_struct=lambda at: at + 2), "damaged"),
        "structure too long": (header(blob, size_dt_struct=0x7FFFFFFF), "damaged"),
        "structure too short": (header(blob, size_dt_struct=lambda size: size - 8), "damaged"),
        "strings beyond the end": (header(blob, off_dt_strings=len(blob) + 64), "damaged"),
        "strings too short": (header(blob, size_dt_strings=3), "damaged"),
        "reservations not aligned": (header(blob, off_mem_rsvmap=44), "damaged"),
        "reservations beyond the end": (header(blob, off_mem_rsvmap=0xFFFFFFF0), "damaged"),
        "version 1": (header(blob, version=1), "damaged"),
        "version of the future": (header(blob, last_comp_version=18, version=18), "damaged"),
        "token unknown": (blob[:prop] + words(7) + blob[prop + 4:], "damaged"),
        "property endless": (blob[:prop + 4] + words(0xFFFFFFFF) + blob[prop + 8:], "damaged"),
        "property nameless": (blob[:prop + 8] + words(0x7FFFFFF0) + blob[prop + 12:], "damaged"),
        "structure noise": (blob[:struct_at + 16] + noise + blob[struct_at + 80:], "damaged"),
        "end first": (structure(words(END), node, words(END_NODE, END)), "damaged"),
        "node not closed": (structure(node, words(END)), "damaged"),
        "node closed twice": (structure(node, words(END_NODE, END_NODE, END)), "damaged"),
        "no root": (structure(words(NOP, NOP, END)), "damaged"),
        "property outside of nodes": (structure(words(PROP, 0, 0), node, words(END_NODE, END)),
                                      "damaged"),
        "no end": (structure(node, words(END_NODE, NOP)), "damaged"),
        "empty structure": (structure(), "damaged"),
    }


DAMAGED = damaged(dtc('/dts-v1/; / { model = "damaged"; memory@60000000 { '
                      'device_type = "memory"; reg = <0x60000000 0x10000000>; }; };'))


def check_linked_in(board):
    assert LINKED_IN in board.boot_log
    assert show(board.map().memory) == GIB
    assert "put: k" in board.run("put k v")
    assert "CoreTile Express A9x4" in board.run("dt")


@pytest.mark.parametrize("what", DAMAGED)
def test_damaged_tree(hand_over, what):
    tree, said = DAMAGED[what]
    board = hand_over(TREE, {TREE: tree})
    line = re.search(r"device tree from the loader .*: not used", board.boot_log)
    assert line and said in line[0]
    check_linked_in(board)


@pytest.mark.parametrize("what", ["totalsize huge", "totalsize 0", "totalsize 39", "cut",
                                  "structure noise", "end first"])
def test_damaged_appended_tree(project, hand_over, tmp_path, what):
    """Refused, and then what the loader hands over counts."""
    image = tmp_path / "appended.bin"
    image.write_bytes(project.bin.read_bytes() + DAMAGED[what][0])
    good = dtc('/dts-v1/; /include/ "board.dtsi" / { #address-cells = <1>; #size-cells = <1>; '
               'memory@60000000 { device_type = "memory"; reg = <0x60000000 0x10000000>; }; };')
    board = hand_over(TREE, {TREE: good}, image=image)
    assert re.search(r"device tree (behind|appended to) the image.*: not used", board.boot_log)
    assert "device tree: from the loader" in board.boot_log
    assert show(board.map().memory) == ["60000000-6fffffff"]
    board.reset()
    assert board.poweroff() == 0


def test_appended_tree_wins(project, hand_over, tmp_path):
    appended, passed = (dtc(f'/dts-v1/; /include/ "board.dtsi" / {{ #address-cells = <1>; '
                            f'#size-cells = <1>; memory@60000000 {{ device_type = "memory"; '
                            f'reg = <0x60000000 {size}>; }}; }};')
                        for size in ("0x08000000", "0x10000000"))
    image = tmp_path / "appended.bin"
    image.write_bytes(project.bin.read_bytes() + appended)
    board = hand_over(TREE, {TREE: passed}, image=image)
    assert "the appended one wins" in board.boot_log
    assert "device tree: appended to the image" in board.boot_log
    assert show(board.map().memory) == ["60000000-67ffffff"]
    assert f"{len(appended)} bytes" in board.boot_log


def test_no_boot_data(hand_over):
    board = hand_over(0)
    check_linked_in(board)
    assert board.poweroff() == 0


@pytest.mark.parametrize("r2", [0x4, 0x100, 0xFFFFC, 0x10009000, 0x48000000, TREE, TREE + 1,
                                0xA0000000, 0xDEADBEEF, 0xFFFFFFF8, 0xFFFFFFFC, 0xFFFFFFFF])
def test_r2_garbage(hand_over, r2):
    board = hand_over(r2, {TREE: bytes.fromhex("d00dfeee") + bytes(60)})
    assert f"r2 = 0x{r2:x} points at neither a device tree nor ATAGs" in board.boot_log
    check_linked_in(board)


@pytest.mark.parametrize("offset", [4, 12])
def test_tree_not_aligned(hand_over, offset):
    """libfdt reads 64-bit words: a tree at 4 mod 8 is refused, with the reason."""
    blob = dtc("/dts-v1/; / { };")
    board = hand_over(TREE + offset, {TREE + offset: blob})
    assert "not 8-byte aligned" in board.boot_log
    check_linked_in(board)


def test_tree_at_the_start_of_ram(hand_over, compile_tree):
    board = hand_over(0, {0x60000000: compile_tree("nomap")})
    assert "device tree: at the start of RAM" in board.boot_log
    assert len(board.map().memory) == 3


@pytest.mark.parametrize("what", ["totalsize huge", "cut", "end first"])
def test_damaged_tree_at_the_start_of_ram(hand_over, what):
    board = hand_over(0, {0x60000000: DAMAGED[what][0]})
    assert re.search("device tree at the start of RAM .*: not used", board.boot_log)
    check_linked_in(board)


def test_tree_larger_than_ram(hand_over):
    """A tree that says it reaches over the end of RAM."""
    blob = header(dtc("/dts-v1/; / { };"), totalsize=0x100000)
    board = hand_over(0x63FFF000, {0x63FFF000: blob}, memory="64M")
    assert "from the loader" in board.run("version")


# ---- more than there is room for -------------------------------------------------------------


def many(count, line):
    return "\n".join(line.format(at=f"0x{0x61000000 + i * 0x2000:08x}", i=i)
                     for i in range(count))


def tree_with(body="", reservations=""):
    return ("/dts-v1/;\n" + reservations + '\n/include/ "board.dtsi"\n/ { #address-cells = <1>; '
            '#size-cells = <1>; memory@60000000 { device_type = "memory"; '
            "reg = <0x60000000 0x20000000>; };\n" + body + "};")


def children(count, extra=""):
    return ("reserved-memory { #address-cells = <1>; #size-cells = <1>; ranges;\n" +
            many(count, "c{i} {{ reg = <{at} 0x1000>; " + extra + " }};") + "};")


@pytest.mark.parametrize("tree", [
    tree_with(reservations=many(200, "/memreserve/ {at} 0x1000;")),
    tree_with(children(200)),
], ids=["memreserve", "children"])
def test_too_many_reservations(project, boot_tree, tree):
    """When the array is full more is reserved than was asked for, never less."""
    board = boot_tree(tree)
    assert re.search(r"the list holds \d+ reservations and is full", board.boot_log)
    found = board.map()
    assert show(found.memory) == ["60000000-7fffffff"]
    for i in range(200):
        assert covers(found.reserved, 0x61000000 + i * 0x2000, 0x61000FFF + i * 0x2000)
    for place in (project.image, board.tree):
        assert covers(found.reserved, *place)
    store = [r for r in named_reservations(board.boot_log) if r[2] == "store"]
    # It has a place of its own, or a line says that there is none.
    if store:
        wanted = [(0x61000000, 0x61000000 + 199 * 0x2000 + 0xFFF), project.image, board.tree]
        assert all(store[0][1] < first or last < store[0][0] for first, last in wanted)
        assert "put: k" in board.run("put k v")
    else:
        assert "the store stays closed" in board.boot_log
    assert board.poweroff() == 0


def test_too_many_nomap_children(boot_tree):
    """What cannot be marked is reserved: it is never handed out."""
    board = boot_tree(tree_with(children(200, "no-map;")))
    assert re.search(r"the list holds \d+ regions", board.boot_log)
    found = board.map()
    closed = [r for r in found.memory if r[2] == 4] + found.reserved
    for i in range(200):
        assert covers(closed, 0x61000000 + i * 0x2000, 0x61000FFF + i * 0x2000)
    assert board.poweroff() == 0


def test_too_many_banks(boot_tree):
    nodes = many(200, "m{i} {{ device_type = \"memory\"; reg = <{at} 0x1000>; }};")
    board = boot_tree('/dts-v1/; /include/ "board.dtsi"\n/ { #address-cells = <1>; '
                      "#size-cells = <1>;\n" + nodes + "};")
    assert re.search(r"is left out: the list holds \d+ regions", board.boot_log)
    assert len(board.map().memory) >= 100
    assert board.poweroff() == 0


# ---- the initrd ------------------------------------------------------------------------------


@pytest.mark.parametrize("start, end, said", [
    ("0x20000000", "0x20100000", "is not in memory"),
    ("0x7ff00000", "0x80100000", "is not in memory"),
    ("0xfffff000", "0xffffffff", "is not in memory"),
    ("0x64000010", "0x64000020", "overlaps what is reserved"),
    ("0x60020000", "0x60021000", "overlaps what is reserved"),
    ("0x63ffffff", "0x64000001", "overlaps what is reserved"),
    ("0x62000000", "0x62000000", "ends .* where it starts"),
    ("0x62000000", "0x61000000", "ends .* where it starts"),
    ("0x0 0x62000000 0x0", "0x62001000", "12 bytes, expected 4 or 8"),
    ("0x1 0x62000000", "0x1 0x62001000", "is not in memory"),
])
def test_initrd_refused(project, boot_tree, start, end, said):
    board = boot_tree(tree_with(f"chosen {{ linux,initrd-start = <{start}>; "
                                f"linux,initrd-end = <{end}>; }};"))
    assert re.search(f"initrd.*{said}", board.boot_log)
    assert show(board.boot_map().reserved) == show(joined(project.image, board.tree,
                                                          (0x7FF00000, 0x7FFFFFFF)))
    assert "put: k" in board.run("put k v")


@pytest.mark.parametrize("start, end", [("0x62000800", "0x62001801"),
                                        ("0x0 0x62000800", "0x0 0x62001801")])
def test_initrd_is_widened_to_pages(boot_tree, start, end):
    board = boot_tree(tree_with(f"chosen {{ linux,initrd-start = <{start}>; "
                                f"linux,initrd-end = <{end}>; }};"))
    assert (0x62000000, 0x62001FFF, 0) in board.boot_map().reserved


# ---- ATAGs -----------------------------------------------------------------------------------


def tag(kind, *data):
    return struct.pack(f"<{2 + len(data)}I", 2 + len(data), kind, *data)


def text_tag(text):
    raw = text.encode() + b"\0"
    raw += bytes(-len(raw) % 4)
    return struct.pack("<2I", 2 + len(raw) // 4, 0x54410009) + raw


CORE = tag(0x54410001)
NONE = struct.pack("<2I", 0, 0)


def mem(start, size):
    return tag(0x54410002, size, start)


def initrd(start, size):
    return tag(0x54420005, start, size)


@pytest.mark.parametrize("at, r2", [(ATAGS, ATAGS), (0x60000100, 0), (0x60000100, 0x60000100)])
@pytest.mark.parametrize("core", [CORE, tag(0x54410001, 1, 4096, 0)])
def test_atags(hand_over, at, r2, core):
    board = hand_over(r2, {at: core + mem(0x60000000, 0x04000000) + mem(0x70000000, 0x01000000) +
                           text_tag("mem=16M@0x90000000 mem=64M memblock=debug") +
                           initrd(0x62800000, 0x1000) + NONE})
    log = board.boot_log
    assert LINKED_IN in log
    assert "ATAGs: memory from ATAGs, command line from ATAGs, initrd from ATAGs" in log
    assert "Command line (ATAGs): mem=16M@0x90000000 mem=64M memblock=debug" in log
    assert show(board.map().memory) == ["60000000-63ffffff", "90000000-90ffffff"]
    assert (0x62800000, 0x62800FFF, 0) in board.boot_map().reserved


def test_atags_memory(hand_over):
    """Their memory stands in the place of the tree's reg."""
    board = hand_over(ATAGS, {ATAGS: CORE + mem(0x60000000, 0x04000000) +
                              mem(0x70000000, 0x01000000) + NONE})
    assert show(board.map().memory) == ["60000000-63ffffff", "70000000-70ffffff"]
    assert "memory from ATAGs, command line from the tree, initrd from the tree" in board.boot_log


@pytest.mark.parametrize("rest, memory, said", [
    (b"", GIB, None),
    (NONE, GIB, None),
    (mem(0x60000000, 0) + NONE, GIB, "memory from the tree"),  # as in Linux
    (struct.pack("<2I", 0, 0x54410002), GIB, "has a size of 0 words"),
    (mem(0x60000000, 0x04000000) + struct.pack("<2I", 0, 0x54410009), ["60000000-63ffffff"],
     "has a size of 0 words"),
    (struct.pack("<2I", 1, 0x54410002), GIB, "has a size of 1 words"),
    (struct.pack("<3I", 3, 0x54410002, 0x1000), GIB, "has a size of 3 words"),
    (mem(0x60000000, 0x04000000) + struct.pack("<2I", 0xFFFFFFFF, 0x54410009),
     ["60000000-63ffffff"], "has a size of 4294967295 words"),
    (mem(0x60000000, 0x04000000) + tag(0x54410099) * 3000, ["60000000-63ffffff"], "no end mark"),
    (mem(0xF0000000, 0x20000000) + mem(0x60000000, 0x04000000) + NONE, None,
     "Ignoring memory range"),
    (initrd(0x20000000, 0x1000) + NONE, GIB, "initrd: .*is not in memory"),
    (initrd(0x60010000, 0x1000) + NONE, GIB, "initrd: .*overlaps"),
    (initrd(0xFFFFF000, 0xFFFFFFFF) + NONE, GIB, "initrd: .*is not in memory"),
    (initrd(0x62000000, 0) + NONE, GIB, None),
    (text_tag("x" * 2000 + " mem=16M") + NONE, GIB, "2008 characters in the ATAGs, cut at 1023"),
    (struct.pack("<2I", 34, 0x54410009) + b"x" * 128 + NONE, GIB, None),  # no NUL
    (struct.pack("<2I", 2, 0x54410009) + NONE, GIB, None),
], ids=["ends at once", "none", "mem of 0", "size 0", "size 0 later", "size 1", "size 3",
        "size huge", "no end", "wraps", "initrd outside", "initrd over", "initrd wraps",
        "initrd of 0", "long command line", "no NUL", "empty command line"])
def test_odd_atags(hand_over, rest, memory, said):
    board = hand_over(ATAGS, {ATAGS: CORE + rest})
    if said:
        assert re.search(said, board.boot_log)
    if memory is not None:
        assert show(board.map().memory) == memory
    assert "Cairn" in board.run("dmesg")


def test_atags_without_end_and_much_memory(hand_over):
    """Garbage of any length leaves the first lines of the log where they can be read."""
    board = hand_over(ATAGS, {ATAGS: CORE + mem(0x60000000, 0x04000000) * 3000})
    assert "more than 32 memory ranges" in board.boot_log
    assert "the list ends here" in board.boot_log
    assert show(board.map().memory) == ["60000000-63ffffff"]
    assert "] Cairn " in board.run("dmesg")


def test_atags_over_an_appended_tree(project, hand_over, tmp_path, compile_tree):
    """Command line and memory of the ATAGs replace the tree's; its reservations stay."""
    image = tmp_path / "appended.bin"
    image.write_bytes(project.bin.read_bytes() + compile_tree("nomap"))
    board = hand_over(ATAGS, {ATAGS: CORE + mem(0x60000000, 0x18000000) +
                              text_tag("cairn.semihosting") + NONE}, image=image)
    assert "device tree: appended to the image" in board.boot_log
    assert "Command line (ATAGs): cairn.semihosting" in board.boot_log
    assert show(board.map().memory) == ["60000000-73ffffff", "74000000-743fffff 4",
                                        "74400000-77ffffff"]
