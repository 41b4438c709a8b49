#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
make-seeds.py OUT: writes what the fuzzers start from to OUT/tree, OUT/atags and OUT/cmdline.

tree     each .dts of tests/dts, dts and tests/fuzz/seeds/tree, compiled, and some that are made
atags    each .txt of tests/fuzz/seeds/atags, an ATAG list as text:
             core                 the first tag (5 words)
             mem SIZE START       numbers as in C
             initrd2 START SIZE
             cmdline TEXT         the rest of the line
             none                 the end mark
             word N...            words as they are, for lists that are broken
             repeat N LINE        LINE, N times
         and # begins a comment
cmdline  each line of the .txt of tests/fuzz/seeds/cmdline that is not empty; \\xNN is a byte
"""

import shutil
import struct
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPO = HERE.parents[1]
TREES = (REPO / "tests" / "dts", REPO / "dts", HERE / "seeds" / "tree")

CORE, MEM, CMDLINE, INITRD2 = 0x54410001, 0x54410002, 0x54410009, 0x54420005


def words(*numbers):
    return struct.pack("<%dI" % len(numbers), *numbers)


def tag(kind, data):
    data += bytes(-len(data) % 4)
    return words(2 + len(data) // 4, kind) + data


def atag(line):
    """The bytes of one line."""
    name, _, rest = line.partition(" ")
    if name == "repeat":
        count, _, what = rest.partition(" ")
        return int(count) * atag(what)
    if name == "cmdline":
        return tag(CMDLINE, rest.encode() + b"\0")
    numbers = [int(word, 0) for word in rest.split()]
    if name == "core" and not numbers:
        return tag(CORE, words(0, 4096, 0))
    if name == "none" and not numbers:
        return words(0, 0)
    if name in ("mem", "initrd2") and len(numbers) == 2:
        return tag(MEM if name == "mem" else INITRD2, words(*numbers))
    if name == "word" and numbers:
        return words(*numbers)
    raise ValueError("%r is no ATAG: expected core, mem SIZE START, initrd2 START SIZE, "
                     "cmdline TEXT, none, word N... or repeat N LINE" % line)


def compiled(dts):
    return subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb"], check=True, input=dts,
                          cwd=REPO / "tests" / "dts", stdout=subprocess.PIPE).stdout


def trees():
    for folder in TREES:
        for dts in sorted(folder.glob("*.dts")):
            yield dts.stem, compiled(dts.read_bytes())
    # One that says it is of a version in which nodes had paths for names, which they have not.
    dtb = compiled(b"/dts-v1/; / { };")
    yield "old-version", dtb[:20] + struct.pack(">2I", 5, 0) + dtb[28:]
    # Cause for more lines than may be logged.
    pairs = b"0x70000000 0x800 " * 400
    yield "odd-banks", compiled(b'/dts-v1/; / { memory { device_type = "memory"; '
                                b"reg = <0x60000000 0x10000000 %s>; }; };" % pairs)
    yield "odd-child", compiled(b"/dts-v1/; / { reserved-memory { #address-cells = <1>; "
                                b"#size-cells = <1>; ranges; n { reg = <%s>; }; }; };"
                                % pairs.replace(b"0x800", b"0"))


def atag_lists():
    for text in sorted((HERE / "seeds" / "atags").glob("*.txt")):
        lines = (line.strip() for line in text.read_text().splitlines())
        yield text.stem, b"".join(atag(line) for line in lines
                                  if line and not line.startswith("#"))


def command_lines():
    for text in sorted((HERE / "seeds" / "cmdline").glob("*.txt")):
        lines = (line for line in text.read_text().splitlines() if line)
        for n, line in enumerate(lines):
            yield "%s-%d" % (text.stem, n), line.encode().decode("unicode_escape").encode("latin1")


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: make-seeds.py OUT")
    out = Path(sys.argv[1])
    shutil.rmtree(out, ignore_errors=True)
    for name, seeds in (("tree", trees()), ("atags", atag_lists()), ("cmdline", command_lines())):
        (out / name).mkdir(parents=True)
        count = 0
        for seed, data in seeds:
            (out / name / seed).write_bytes(data)
            count += 1
        if not count:
            sys.exit("make-seeds.py: no seeds for %s" % name)


main()
