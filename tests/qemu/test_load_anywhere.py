# SPDX-License-Identifier: MIT
"""
The image at any page of RAM, as a boot loader that is not QEMU leaves it: it moves to where it is linked to
be, beside the tree, the ATAGs and the initrd.
"""

import re
import struct
import zlib

import pytest

from board import named_reservations, show
from conftest import LOAD, STUB, TREE, dtc

PAGE = 4096
RAM, RAM_END = 0x60000000, 0xA0000000
TREE_TEXT = ('/dts-v1/; /include/ "board.dtsi" / { #address-cells = <1>; #size-cells = <1>; '
             'memory@60000000 { device_type = "memory"; reg = <0x60000000 0x40000000>; }; %s };')
INITRD = 'chosen { linux,initrd-start = <%#x>; linux,initrd-end = <%#x>; };'


def pages(length):
    return -(-length // PAGE) * PAGE


def places(project):
    """Where the image is put: {name: address}, given its length in whole pages."""
    size, takes = pages(project.bin.stat().st_size), project.image[1] + 1 - project.image[0]
    return {
        "start of RAM": RAM, "a page below": LOAD - PAGE, "half below": LOAD - 8 * PAGE,
        "linked": LOAD, "a page above": LOAD + PAGE, "half above": LOAD + pages(size // 2),
        "last page above": LOAD + size - PAGE, "just above": LOAD + size,
        "over the end of .bss": LOAD + takes - 2 * PAGE, "behind .bss": LOAD + takes,
        "32 MiB": RAM + (32 << 20), "other 128 MiB": 0x71234000, "end of RAM": RAM_END - size,
        "before the tree": TREE - size, "behind the tree": TREE + 2 * PAGE,
    }


PLACES = ["start of RAM", "a page below", "half below", "linked", "a page above", "half above", "last page above",
          "just above", "over the end of .bss", "behind .bss", "32 MiB", "other 128 MiB", "end of RAM",
          "before the tree", "behind the tree"]


def check(board):
    """It works: code, constants and data are in place, and a warm reset brings all of it back."""
    assert "put: k" in board.run("put k v")
    log = board.reset()
    assert "exception" not in log
    assert board.run("get k") == "v"


@pytest.mark.parametrize("place", PLACES)
def test_anywhere(project, hand_over, place):
    tree = dtc(TREE_TEXT % "")
    board = hand_over(TREE, {TREE: tree}, load=places(project)[place])
    assert f"device tree: from the loader, 0x{TREE:x}, {len(tree)} bytes" in board.boot_log
    assert (*project.image, "image") in named_reservations(board.boot_log)
    check(board)


@pytest.mark.parametrize("length", [None, 0x60000])
@pytest.mark.parametrize("place", PLACES)
def test_with_an_appended_tree(project, hand_over, tmp_path, place, length):
    """It goes behind the image, and behind what it came with: LENGTH is longer than .bss."""
    tree = dtc(TREE_TEXT % "")
    if length:
        tree = tree[:4] + struct.pack(">I", length) + tree[8:].ljust(length - 8, b"\0")
    image = tmp_path / "appended.bin"
    image.write_bytes(project.bin.read_bytes() + tree)
    load = min(places(project)[place], RAM_END - pages(image.stat().st_size))
    stub_at = 0x90000000
    board = hand_over(0, image=image, load=load, stub_at=stub_at)
    found = re.search(r"device tree: appended to the image, 0x([0-9a-f]+), (\d+) bytes", board.boot_log)
    at = int(found[1], 16)
    assert int(found[2]) == len(tree) and at > project.image[1]
    assert not load - len(tree) < at < load + image.stat().st_size
    check(board)


@pytest.mark.parametrize("load", [LOAD, 0x70000000])
@pytest.mark.parametrize("offset", [0x40000, 0x7F000])
def test_a_tree_in_the_way_is_moved(project, hand_over, load, offset):
    """It lies where .bss and the stacks go."""
    tree = dtc(TREE_TEXT % "")
    board = hand_over(LOAD + offset, {LOAD + offset: tree}, load=load)
    assert (f"device tree: from the loader, 0x{project.image[1] + 1:x}, {len(tree)} bytes"
            in board.boot_log)
    check(board)


def test_atags_in_the_way_are_moved(hand_over):
    at = LOAD + 0x40000
    text = b"cairn.semihosting hello\0"
    atags = struct.pack("<8I", 2, 0x54410001, 4, 0x54410002, 0x8000000, RAM, 2 + len(text) // 4,
                        0x54410009) + text + bytes(8)
    board = hand_over(at, {at: atags}, load=0x70000000)
    assert "Command line (ATAGs): cairn.semihosting hello\n" in board.boot_log
    assert show(board.map().memory) == ["60000000-67ffffff"]
    check(board)


def test_beside_the_initrd(project, hand_over, tmp_path):
    """An appended tree keeps off the initrd that it names, which lies right behind the image."""
    first = project.image[1] + 1
    tree = dtc(TREE_TEXT % INITRD % (first, first + 0x10000))
    initrd = bytes(range(256)) * 256
    image = tmp_path / "appended.bin"
    image.write_bytes(project.bin.read_bytes() + tree)
    board = hand_over(0, {first: initrd}, image=image, load=LOAD - PAGE)
    assert f"device tree: appended to the image, 0x{first + 0x10000:x}," in board.boot_log
    assert (first, first + 0xFFFF, "initrd") in named_reservations(board.boot_log)
    for offset in (0, 0x7FC0, 0xFFF0):
        words = struct.unpack_from("<4I", initrd, offset)
        assert board.run(f"md 0x{first + offset:x} 4").startswith(
            f"{first + offset:08x}: " + " ".join(f"{word:08x}" for word in words))
    check(board)


@pytest.mark.parametrize("load, tree, said", [
    (0x70000000, TREE_TEXT % INITRD % (LOAD + 0x20000, LOAD + 0x30000),
     rf"0x{LOAD + 0x20000:08x}: the initrd is here, where the image has to go"),
    (0x70000804, TREE_TEXT % "", "0x70000804: the image is loaded here: expected a multiple of 4 KiB"),
    (LOAD + 8, TREE_TEXT % "", rf"0x{LOAD + 8:08x}: the image is loaded here: expected a multiple of 4 KiB"),
])
def test_refused(hand_over, load, tree, said):
    """A line on the port that the image was built for, and nothing else."""
    board = hand_over(TREE, {TREE: dtc(tree)}, load=load, prompt=False)
    assert board.until(f"Cairn does not start: {said}\r+\n") == ""


@pytest.mark.parametrize("place", ["a page below", "half above", "other 128 MiB"])
def test_all_cores_at_once(project, hand_over, place):
    """Core 0 moves the image; the others sleep, and it boots without them."""
    extra = [arg for core in (1, 2, 3) for arg in ("-device", f"loader,addr=0x{STUB:x},cpu-num={core}")]
    board = hand_over(TREE, {TREE: project.dtb.read_bytes()}, load=places(project)[place],
                      extra=["-smp", "4", *extra])
    assert "did not come up" in board.boot_log
    check(board)


def test_all_cores_where_it_is_linked(project, hand_over):
    """Nothing moves: all of them come up."""
    extra = [arg for core in (1, 2, 3) for arg in ("-device", f"loader,addr=0x{STUB:x},cpu-num={core}")]
    board = hand_over(TREE, {TREE: project.dtb.read_bytes()}, extra=["-smp", "4", *extra])
    assert board.run("cores").count("online") == 4
    check(board)


def test_uimg(project, hand_over, tmp_path):
    """Its header, read by the words of U-Boot's image format and not by mkimage; what is in it boots."""
    header, data = project.uimg.read_bytes()[:64], project.uimg.read_bytes()[64:]
    magic, header_crc, _, size, load, entry, data_crc = struct.unpack(">7I", header[:28])
    assert magic == 0x27051956
    assert header_crc == zlib.crc32(header[:4] + bytes(4) + header[8:])
    assert (size, data_crc) == (len(data), zlib.crc32(data))
    assert (load, entry) == (LOAD, LOAD)
    assert tuple(header[28:32]) == (5, 2, 2, 0)  # Linux, ARM, kernel, not compressed
    assert header[32:].rstrip(b"\0").startswith(b"Cairn ")
    image = tmp_path / "unpacked.bin"
    image.write_bytes(data)
    check(hand_over(TREE, {TREE: dtc(TREE_TEXT % "")}, image=image, load=load))
