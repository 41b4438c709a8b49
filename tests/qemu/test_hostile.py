# SPDX-License-Identifier: MIT
"""Trees that would make the boot fault, run for ever, or put the store where nobody looks."""

import re
import struct

import pytest

UDF_ARM = struct.pack("<I", 0xE7F000F0)

DEVICES = """
    soc {{
        #address-cells = <1>; #size-cells = <1>; ranges;
        sysreg {{ compatible = "arm,vexpress-sysreg"; reg = <{sysreg} 0x1000>; }};
        uart {{ compatible = "arm,pl011"; reg = <{uart} 0x1000>; }};
        rtc {{ compatible = "arm,pl031"; reg = <{rtc} 0x1000>; }};
    }};
"""
GOOD = {"sysreg": "0x10000000", "uart": "0x10009000", "rtc": "0x10017000"}
MEMORY = 'memory@60000000 { device_type = "memory"; reg = <0x60000000 0x20000000>; };'


def tree(*parts, bootargs="cairn.semihosting", **addresses):
    body = "".join(parts) + DEVICES.format(**{**GOOD, **addresses})
    return ('/dts-v1/; / { #address-cells = <1>; #size-cells = <1>; chosen { bootargs = "%s"; };'
            "%s };" % (bootargs.replace('"', '\\"'), body))


def test_exception_before_bss_is_clear(project, hand_over, patch_image):
    """The report needs .bss, so the exception clears it."""
    at = project.symbols["invalidate_dcache"]
    board = hand_over(0, image=patch_image({at: UDF_ARM}), prompt=False)
    text = board.until_fault() + board.child.after
    board.child.expect("halted")
    assert f"pc  {at:08x} invalidate_dcache+0x0" in text + board.child.before
    assert "undefined instruction" in text + board.child.before


def test_panic_before_the_console(project, hand_over, patch_image, compile_tree):
    """cairn.semihosting counts as soon as there is a command line."""
    image = patch_image({project.symbols["console_open"]: b"\x00\xde"})
    place = 0x64000000
    board = hand_over(place, {place: compile_tree(tree(MEMORY))}, image=image, prompt=False)
    board.until_fault()
    assert board.exit_status() == 1


@pytest.mark.parametrize("device", ["sysreg", "uart", "rtc"])
@pytest.mark.parametrize("address", ["0x0", "0x3", "0xffffffe0", "0xfffff800"])
def test_device_out_of_reach(boot_tree, device, address):
    board = boot_tree(tree(MEMORY, **{device: address}))
    assert f"{device}: reg gives no address that the CPU can reach" in board.boot_log
    assert "put: k" in board.run("put k v")
    answer = board.run("put k v 10")
    assert ("no clock" in answer) == (device == "rtc")


@pytest.mark.parametrize("address", ["0x0", "0xfffffffc", "0x10009001", ""])
def test_earlycon_out_of_reach(boot_tree, address):
    board = boot_tree(tree(MEMORY, bootargs=f"earlycon=pl011,{address} cairn.semihosting"))
    assert "expected pl011,ADDRESS: ignored" in board.boot_log
    assert board.run("get k").startswith("get: no such key")


def test_memory_at_0(boot_tree):
    """There is none on this board, whatever the tree says; the boot comes up all the same."""
    board = boot_tree(tree('ram@0 { device_type = "memory"; reg = <0 0x300000>; };'))
    assert "does not keep what is written" in board.boot_log
    assert "not open" in board.run("put k v")
    assert "0x00000000..0x002fffff" in board.run("memblock memory")


STORE_NODES = {
    "alignment": "store { compatible = \"cairn,store\"; size = <0x100000>; alignment = <0x3000>; };",
    "size 0": "store { compatible = \"cairn,store\"; size = <0>; };",
    "nothing": "store { compatible = \"cairn,store\"; };",
    "reg 0": "store@0 { compatible = \"cairn,store\"; reg = <0x70000000 0>; };",
    "half a pair": "store@0 { compatible = \"cairn,store\"; reg = <0x70000000>; };",
}


@pytest.mark.parametrize("node", STORE_NODES)
@pytest.mark.parametrize("ranges", ["ranges;", ""])
def test_store_node_without_a_place(boot_tree, node, ranges):
    """The store does not go elsewhere on its own."""
    board = boot_tree(tree(MEMORY, "reserved-memory { #address-cells = <1>; #size-cells = <1>; ",
                           ranges, STORE_NODES[node], "};"))
    assert re.search(r"store: its node store(@0)? .*: the store stays closed", board.boot_log)
    assert "not open" in board.run("put k v")


def test_many_children(boot_tree):
    """3000 that overlap each other: what is odd is said so often that it can be read."""
    children = "".join("n%d { reg = <0x%x 0x2000>; };" % (n, 0x61000000 + n * 0x1000)
                       for n in range(3000))
    board = boot_tree(tree(MEMORY, "reserved-memory { #address-cells = <1>; #size-cells = <1>; "
                           "ranges;", children, "};"))
    assert "n1: 0x61001000+0x2000 overlaps n0" in board.boot_log
    assert "not logged" in board.boot_log
    assert "] Cairn " in board.run("dmesg")
    assert "0x61000000..0x61bb8fff" in board.run("memblock reserved")


def test_many_banks(boot_tree):
    """4000 in descending order, then mem=: the list is full, and what fits counts."""
    pairs = " ".join("0x%x 0x1000" % (0x7F000000 - n * 0x2000) for n in range(4000))
    board = boot_tree(tree('memory@60000000 { device_type = "memory"; reg = <0x60000000 0x1000000 ',
                           pairs, ">; };", bootargs="mem=32M mem=1M@0x70000000 cairn.semihosting"))
    assert "the list holds 128 regions" in board.boot_log
    assert "no memory node describes 0x61000000-0x62000000" in board.boot_log
    assert [f"{line.split()[1]}" for line in board.run("memblock memory").splitlines()] == [
        "0x60000000..0x61ffffff", "0x70000000..0x700fffff"]
