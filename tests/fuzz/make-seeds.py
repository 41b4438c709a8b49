#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
make-seeds.py OUT: writes what the fuzzers start from to OUT/tree, OUT/atags, OUT/cmdline and OUT/ops.

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
ops      each .txt of tests/fuzz/seeds/ops, calls of a store, one a line, as numbers:
             store HOW CONFIG     the first line; native: 0 or 2, classic: odd; and 128: with hooks
             put KEY LEN FILL     and the other calls of fuzz_ops.h, each with the key and what it takes
             repeat N LINE        LINE, N times, with keys that count up
         and # begins a comment
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


# In the order of tests/fuzz/fuzz_ops.h, each with the bytes that its numbers behind the key take.
CALLS = {"put": "HB", "put_if": "HBB", "put_held": "B", "get": "", "release": "", "read": "B",
         "contains": "", "delete": "", "walk": "BB", "compact": "H", "compact_all": "", "purge": "",
         "clock": "", "reopen": "B", "clear": "", "wrong": ""}


def call(line):
    """The bytes of one line of calls."""
    name, _, rest = line.partition(" ")
    if name == "repeat":
        count, _, what = rest.partition(" ")
        word, key, *others = what.split()
        return b"".join(call(" ".join([word, str(int(key) + n)] + others))
                        for n in range(int(count)))
    numbers = [int(word, 0) for word in rest.split()]
    if name == "store" and len(numbers) == 2:
        return bytes(numbers)
    if name not in CALLS or len(numbers) != 1 + len(CALLS[name]):
        raise ValueError("%r is no call: expected store HOW CONFIG, repeat N LINE, or one of %s "
                         "with a key and what it takes" % (line, ", ".join(CALLS)))
    return struct.pack(">BB" + CALLS[name], list(CALLS).index(name), *numbers)


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


def texts(folder, line_bytes):
    """Each .txt of that folder, its lines made bytes."""
    for text in sorted((HERE / "seeds" / folder).glob("*.txt")):
        lines = (line.strip() for line in text.read_text().splitlines())
        yield text.stem, b"".join(line_bytes(line) for line in lines
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
    for name, seeds in (("tree", trees()), ("atags", texts("atags", atag)),
                        ("cmdline", command_lines()), ("ops", texts("ops", call))):
        (out / name).mkdir(parents=True)
        count = 0
        for seed, data in seeds:
            (out / name / seed).write_bytes(data)
            count += 1
        if not count:
            sys.exit("make-seeds.py: no seeds for %s" % name)


main()
