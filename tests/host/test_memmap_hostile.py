# SPDX-License-Identifier: MIT
"""Trees that would rather harm memmap."""

import json
import random
import re
import struct
import subprocess
import xml.etree.ElementTree as ET

import pytest

from memmap_forms import check_all_forms, check_svg, parse_picture, svg_texts
from memmap_tool import DTS, HALF, MEMMAP, WAIT, at, children, header, run, source, survey, tree

NAMES = [b'quote"quote"', b"back\\slash\\\\", b"control\x01\x1b[1m", b"line\nbreak\tx",
         b"\xff\xfe bytes\x80", b"cut \xe4\xbd\xa0 \xe4\xbd ", b"over \xc0\xaf \xed\xa0\x80",
         b"<&>'\"]]> ok", b"high \xf4\x90\x80\x80 x", b"C1 \xc2\x9b1m \xef\xbf\xbe",
         b"%s%n%d %*c  ", "ünïcödé x".encode(), b"\xc4\xbc \xe2\x84\xa2",
         b"long forms \xe0\x80\xaf \xf0\x80\x80\xaf", "漢字".encode() * 30, b"\x1b" * 60]


@pytest.mark.parametrize("name", NAMES)
def test_hostile_names(tree, name):
    """A node's name may hold any bytes; model and command line, too."""
    stand_in = b"Z" * len(name)
    path = tree(source(f'model = "{stand_in.decode()}";', HALF,
                       f'chosen {{ bootargs = "cairn.{stand_in.decode()}"; }};',
                       children(f"{stand_in.decode()} {{ reg = <0x20000000 0x1000>; }};")),
                change=lambda blob: blob.replace(stand_in, name))
    assert path.read_bytes().count(name) == 3
    found = survey(path)
    shown = name.decode(errors="replace")
    assert re.sub("\ufffd+", "\ufffd", found["reserved"][0]["name"]) == re.sub("\ufffd+", "\ufffd",
                                                                              shown)
    text = run(path).stdout
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", text)
    svg = path.with_suffix(".svg")
    run("--svg", svg, path)
    check_svg(svg)
    if shown.isprintable() and "\ufffd" not in shown and len(name) < 30:
        assert f"{shown} (not in memory)" in text
        assert any(f"{shown} (not in memory)" == label for label in svg_texts(svg))


HOSTILE = {
    "overlapping children": source(HALF, children("".join(
        f"n{i} {{ reg = <{at(i, 0x1000)} 0x2000>; }};" for i in range(3000)))),
    "nested children": source(HALF, children("".join(
        f"n{i} {{ reg = <{at(i, 0x1000)} {0x10000000 - i * 0x2000}>; }};" for i in range(3000)))),
    "many children": source(HALF, children("".join(
        f"n{i} {{ reg = <{at(i, 0x2000)} 0x1000>; }};" for i in range(3000)))),
    "no-map children": source(HALF, children("".join(
        f"n{i} {{ reg = <{at(i, 0x2000)} 0x1000>; no-map; }};" for i in range(300)))),
    "dynamic children": source(HALF, children("".join(
        f"n{i} {{ size = <0x1000>; alignment = <0x2000>; }};" for i in range(300)))),
    "many banks": source("m { device_type = \"memory\"; reg = <", "".join(
        f" {0x7F000000 - i * 0x2000} 0x1000" for i in range(4000)), ">; };"),
    "many nodes": source("".join(f'm{i} {{ device_type = "memory"; reg = <{at(i, 0x2000)} 0x1000>; }};'
                                 for i in range(300))),
    "all of the address space": source('m { device_type = "memory"; reg = <0 0xffffffff>; };',
                                       memreserve="/memreserve/ 0 0xffffffffffffffff;"
                                       "/memreserve/ 0xfffffffffffff000 0x2000;"
                                       "/memreserve/ 0x8000000000000000 0x8000000000000000;"),
    "64 bits": "/dts-v1/; /memreserve/ 0xffffffffffff0000 0x10000; / { #address-cells = <2>; "
               '#size-cells = <2>; m { device_type = "memory"; reg = <0 0 0xffffffff 0xffffffff>; '
               '}; n { device_type = "memory"; reg = <0xffffffff 0xfffff000 0 0x1000>; }; };',
    "cells": "/dts-v1/; / { #address-cells = <3>; #size-cells = <0xffffffff>; " + HALF + "};",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile(tree, what):
    check_all_forms(tree(HOSTILE[what]), "--store", "1M")


@pytest.mark.parametrize("step, size", [(0x1000, 0x800), (0x1000, 0x1000), (0, 0x1000),
                                        (0x100, 0x10000000)],
                         ids=["apart", "touching", "the same", "nested"])
def test_very_many_memreserves(tree, step, size):
    """As many as 2 MiB hold; the map of them does not take longer than the boot."""
    def add(blob):
        blob += bytes(-len(blob) % 8)
        entries = b"".join(struct.pack(">2Q", 0x61000000 + i * step, size) for i in range(130000))
        return header(blob + entries + bytes(16), off_mem_rsvmap=len(blob),
                      totalsize=len(blob) + len(entries) + 16)

    path = tree(source(HALF), change=add)
    svg = path.with_suffix(".svg")
    picture = parse_picture(run("--svg", svg, path).stdout)
    assert picture[1][2:] == ("reserved", "memreserve")
    check_svg(svg)


def test_all_names_are_there(tree):
    """The boot's own list of names has an end, and so has memblock's; memmap's has none."""
    path = tree(HOSTILE["many children"])
    found = survey(path)
    assert len(found["reserved"]) == 128
    names = ", ".join(r["name"] for r in found["reserved"]).split(", ")
    assert names == [f"n{i}" for i in range(3000)]
    held = [(base, name) for base, _, kind, name in parse_picture(run(path).stdout)
            if kind == "reserved" and name]
    assert held == [(0x61000000 + i * 0x2000, f"n{i}") for i in range(3000)]


def test_flipped_bits(tree):
    """Trees with one to four damaged bytes: each is refused or read, and nothing else happens."""
    rng = random.Random(11)
    sources = [(DTS / f"{name}.dts").read_text() for name in ("dynamic", "reserved-static", "banks")]
    blobs = [bytearray(tree(text).read_bytes()) for text in sources]
    path = tree(source(HALF))
    taken = 0
    for _ in range(400):
        blob = bytearray(rng.choice(blobs))
        for _ in range(rng.randrange(1, 5)):
            blob[rng.randrange(8, len(blob))] = rng.randrange(256)
        path.write_bytes(blob)
        done = subprocess.run([MEMMAP, "--json", "--phys", rng.choice(["32", "64"]), "--bootargs", "x",
                               "--svg", path.with_suffix(".svg"), path],
                              capture_output=True, timeout=WAIT, check=False)
        assert done.returncode in (0, 1), done
        if done.returncode == 0:
            taken += 1
            json.loads(done.stdout.decode())
            ET.parse(path.with_suffix(".svg"))
        else:
            assert done.stderr.count(b"\n") == 1
    assert 0 < taken < 400
