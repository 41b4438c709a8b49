# SPDX-License-Identifier: MIT
"""Every option of memmap."""

import re
import struct
import subprocess

import pytest

from memmap_forms import svg_texts
from memmap_tool import (HALF, MEMMAP, STAMP, WAIT, half, memory, messages, regions, reserved, run,
                         source, survey, tree)


@pytest.mark.parametrize("own", ["", 'chosen { bootargs = "mem=32M"; };'])
def test_bootargs(tree, own):
    path = tree(source(HALF, own))
    assert memory("--bootargs", "mem=64M", path) == [(0x60000000, 0x64000000, 0)]
    assert memory("--bootargs", "", path) == [(0x60000000, 0x80000000, 0)]
    assert memory(path) == [(0x60000000, 0x62000000 if own else 0x80000000, 0)]


def test_bootargs_are_those_of_a_tree(tree):
    """Quotes, what is too long, and parameters that are none: as if the tree had said it."""
    for args in ("mem=junk cairn.x", 'a="b mem=1M" mem=64M -- mem=1M', "x" * 1023 + " mem=64M"):
        quoted = args.replace('"', '\\"')
        path = tree(source(HALF, f'chosen {{ bootargs = "{quoted}"; }};'))
        assert survey(path) == survey("--bootargs", args, tree(source(HALF)))
    assert "1031 characters in the device tree, cut at 1023" in messages("--bootargs", args,
                                                                         tree(source(HALF)))


def test_image(half):
    assert reserved("--image", "0x60010000,256K", half) == [(0x60010000, 0x60050000, "image")]


@pytest.mark.parametrize("size", ["4G", "0xffffffff"])
def test_image_as_large_as_the_address_space(half, size):
    """The last byte is never covered, whatever is asked for."""
    assert reserved("--phys", 32, "--image", f"0,{size}", half) == [(0, 0xFFFFFFFF, "image")]


def test_image_up_to_the_last_address(half):
    assert reserved("--phys", 32, "--image", "0xfffff000,4K", half) == [
        (0xFFFFF000, 0xFFFFFFFF, "image")]


def test_dtb_at_0(half):
    assert reserved("--dtb-at", 0, half) == [(0, half.stat().st_size, "device tree")]


def test_dtb_at(tree):
    """It takes what its header says, not what stands behind it in the file, nor what options add."""
    path = tree(source(HALF), change=lambda blob: blob + bytes(5000))
    size = struct.unpack(">I", path.read_bytes()[4:8])[0]
    assert size < path.stat().st_size
    for more in [], ["--bootargs", "x" * 500]:
        assert reserved("--dtb-at", "0x64000000", *more, path) == [
            (0x64000000, 0x64000000 + size, "device tree")]


def test_initrd(tree, half):
    wanted = [(0x62000000, 0x62002000, "initrd")]
    assert reserved("--initrd", "0x62000800,0x62001801", half) == wanted
    own = tree(source(HALF, "chosen { linux,initrd-start = <0x63000000>; "
                      "linux,initrd-end = <0x63001000>; };"))
    assert reserved(own) == [(0x63000000, 0x63001000, "initrd")]
    assert reserved("--initrd", "0x62000800,0x62001801", own) == wanted
    assert reserved("--initrd", "0x62000800,0x62001801", "--bootargs", "initrd=0x64000000,4K",
                    own) == [(0x64000000, 0x64001000, "initrd")]
    refused = survey("--initrd", "0x20000000,0x20001000", half)
    assert refused["reserved"] == [] and "is not in memory" in refused["messages"][0]


def tag(kind, *data):
    return struct.pack(f"<{2 + len(data)}I", 2 + len(data), kind, *data)


def atags(*tags):
    return b"".join([tag(0x54410001), *tags, struct.pack("<2I", 0, 0)])


def cmdline_tag(text):
    raw = text.encode() + bytes(4 - len(text) % 4)
    return struct.pack("<2I", 2 + len(raw) // 4, 0x54410009) + raw


@pytest.mark.parametrize("tags, options, wanted", [
    ([], [], {"memory": [(0x60000000, 0x80000000, 0)], "reserved": []}),
    ([tag(0x54410002, 0x1000000, 0x70000000)], [],
     {"memory": [(0x70000000, 0x71000000, 0)], "reserved": []}),
    ([cmdline_tag("mem=16M")], [], {"memory": [(0x60000000, 0x61000000, 0)], "reserved": []}),
    ([cmdline_tag("mem=16M")], ["--bootargs", "mem=32M"],
     {"memory": [(0x60000000, 0x61000000, 0)], "reserved": []}),
    ([tag(0x54420005, 0x62000000, 0x1000)], ["--initrd", "0x63000000,0x63001000"],
     {"memory": [(0x60000000, 0x80000000, 0)], "reserved": [(0x62000000, 0x62001000, "initrd")]}),
], ids=["none", "mem", "cmdline", "cmdline over bootargs", "initrd over initrd"])
def test_atags(half, tmp_path, tags, options, wanted):
    path = tmp_path / "atags"
    path.write_bytes(atags(*tags))
    found = survey("--atags", path, *options, half)
    assert regions(found["memory"]) == wanted["memory"]
    assert regions(found["reserved"]) == wanted["reserved"]
    assert found["messages"] == []
    svg = tmp_path / "svg"
    run("--svg", svg, "--atags", path, *options, half)
    args = re.search(r"mem=16M|$", repr(tags))[0]  # theirs, not those of the options
    assert f"command line: {args or '(none)'}" in svg_texts(svg)


def test_atags_without_end(half, tmp_path):
    path = tmp_path / "atags"
    path.write_bytes(atags(tag(0x54410002, 0x1000000, 0x60000000))[:-8])
    assert "no end mark in 24 bytes" in messages("--atags", path, half)


@pytest.mark.parametrize("content, said", [
    (b"", "no list of ATAGs"), (b"\0" * 64, "no list of ATAGs"), (atags()[:7], "no list of ATAGs"),
    (atags() + bytes(16384), "at most 16384 bytes"), (None, "No such file"),
])
def test_atags_refused(half, tmp_path, content, said):
    path = tmp_path / "atags"
    if content is not None:
        path.write_bytes(content)
    assert said in run("--atags", path, half, status=1).stderr


def test_atags_of_the_largest_size(half, tmp_path):
    path = tmp_path / "atags"
    path.write_bytes((atags() + bytes(16384))[:16384])
    assert reserved("--atags", path, half) == []


def test_store(tree, half):
    assert reserved("--store", "1M", half) == [(0x7FF00000, 0x80000000, "store")]
    assert reserved("--store", "64K@0x61000000", half) == [(0x61000000, 0x61010000, "store")]
    assert "overlaps" in messages("--store", "64K@0x61000000", "--image", "0x61000000,4K", half)
    assert reserved("--bootargs", "cairn.store=2M", half) == [(0x7FE00000, 0x80000000, "store")]
    assert reserved("--bootargs", "cairn.store=0", half) == []
    node = tree("store-static")
    assert reserved(node) == [(0x70000000, 0x70200000, "store@70000000")]
    for more in ["--bootargs", "cairn.store=2M", half], [node]:
        with_it = run("--json", "--store", "1M", *more)
        assert with_it.stdout == run("--json", *more).stdout
        assert "--store does not count" in with_it.stderr


def test_load_addr(tree, half):
    low = tree(source('a { device_type = "memory"; reg = <0x50000000 0x4000000>; };', HALF))
    assert memory(low) == [(0x50000000, 0x54000000, 0), (0x60000000, 0x80000000, 0)]
    assert memory("--load-addr", "0x60010000", low) == [(0x60000000, 0x80000000, 0)]
    assert "Ignoring memory block 0x50000000 - 0x54000000" in messages("--load-addr", "0x60010000",
                                                                       low)
    # No node holds it: the lowest bank, from which mem= counts.
    assert memory("--load-addr", "0x20010000", "--bootargs", "mem=1M", low) == [
        (0x50000000, 0x50100000, 0)]
    # No node at all: the address, cut to 128 MiB.
    assert memory("--load-addr", "0x69010000", "--bootargs", "mem=1M", tree(source())) == [
        (0x68000000, 0x68100000, 0)]
    assert memory("--bootargs", "mem=1M", tree(source())) == [(0, 0x100000, 0)]


CALLER = r" [a-z_]\w*(\.\w+)*\+0x[0-9a-f]+/0x[0-9a-f]+$"


def test_trace(half):
    """From the first call on, with callers by name; memblock=debug from where it stands."""
    args = ["--phys", 32, "--image", "0x60010000,64K", "--store", "1M", "--dtb-at", "0x64000000"]
    log = run(*args, "--trace", "--bootargs", "mem=64M", half).stdout
    trace = [line for line in log.split("\n") if "memblock_" in line]
    assert all(line.startswith(STAMP) and re.search(CALLER, line) for line in trace)
    tree_end = 0x64000000 + half.stat().st_size - 1
    plain = [re.sub(CALLER, "", line[len(STAMP):]) for line in trace]
    assert plain == [
        "memblock_add: [0x60000000-0x7fffffff]",
        f"memblock_reserve: [0x64000000-0x{tree_end:08x}]",
        "memblock_remove: [0x60000000-0x7fffffff]",
        "memblock_add: [0x60000000-0x63ffffff]",
        "memblock_reserve: [0x60010000-0x6001ffff]",
        "memblock_phys_alloc_range: 1048576 bytes align=0x100000 from=0x00000000 "
        "max_addr=0x00000000",
        "memblock_reserve: [0x63f00000-0x63ffffff]",
    ]
    log = run(*args, "--bootargs", "mem=64M memblock=debug", half).stdout
    assert [re.sub(CALLER, "", line[len(STAMP):]) for line in log.split("\n")
            if "memblock_" in line] == plain[4:]
    assert "memblock_" not in run(*args, half).stdout


@pytest.mark.parametrize("program", ["memmap", "memmap-asan"])
def test_trace_names_are_of_the_right_width(half, program):
    """Each width has code of its own, and the names are those of the functions that called."""
    for bits in "32", "64":
        out = subprocess.run([MEMMAP.with_name(program), "--phys", bits, "--trace", "--image", "4K,4K",
                              half], check=True, capture_output=True, timeout=WAIT, text=True).stdout
        assert re.search(r"memblock_reserve: \[.*\] reserve_all\+0x", out)
        assert re.search(r"memblock_add: \[.*\] \w*(scan|add)_\w+\+0x", out)


def test_phys(tree):
    path = tree("cells-2-2")
    high = tree("/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; memory { device_type = "
                '"memory"; reg = <0 0x80000000 0 0x80000000 8 0x80000000 1 0>; }; };')
    assert memory(path) == memory("--phys", 64, path) == memory("--phys=32", path)
    assert memory(high) == [(0x80000000, 0x100000000, 0), (0x880000000, 0x980000000, 0)]
    assert memory("--phys", 32, high) == [(0x80000000, 0xFFFFFFFF, 0)]
    assert "Ignoring memory block 0x880000000 - 0x980000000" in messages("--phys", 32, high)


def test_options_in_any_place(half):
    wanted = run("--json", "--phys", 32, half).stdout
    assert run(half, "--phys=32", "--json").stdout == wanted
    assert run("--phys=32", "--json", "--", half).stdout == wanted


def test_help():
    text = run("--help").stdout
    for option in ("bootargs S", "image BASE,SIZE", "dtb-at ADDR", "initrd START,END", "atags FILE",
                   "store SIZE[@ADDR]", "load-addr ADDR", "trace", "svg OUT", "json", "phys 32|64"):
        assert f"\n  --{option} " in text, option
    assert all(len(line) <= 100 for line in text.splitlines())
