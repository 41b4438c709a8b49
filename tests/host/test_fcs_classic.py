#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
`fcs run --classic` against the model of Infinispan's store in fcs1_model.py: every answer and every
byte of the file, for random scripts and for some by hand. It is the build with ASan and UBSan.

A random test starts with no file or with a handmade one, that the class could have written or would
read, and runs one to three scripts on it, each with options of its own. One that fails is made as
short as it goes and printed.

    FCS_SEED=n FCS_SCRIPTS=n FCS_OPS=n /usr/bin/python3 -m pytest tests/host/test_fcs_classic.py
    /usr/bin/python3 tests/host/test_fcs_classic.py --seed N --ops M [--scripts K] [--save DIR]
"""

import argparse
import hashlib
import json
import os
import random
import re
import struct
import sys
from fractions import Fraction
from pathlib import Path

import pytest

import fcs1_model as model
from fcs1_model import free_slot, record
from fcs_play import ASK_ALL, REPO, Options, first_file, play, run_fcs, try_case

VECTORS = REPO / "tests" / "fcs1"
SEED = int(os.environ.get("FCS_SEED", "20240307"))
SCRIPTS = int(os.environ.get("FCS_SCRIPTS", "300"))
OPS = int(os.environ.get("FCS_OPS", "200"))
REPEAT = "repeat: /usr/bin/python3 tests/host/test_fcs_classic.py "
PARTS = 10  # of the random scripts: pytest runs some of them side by side


# ---- random cases -------------------------------------------------------------------------------

FRAGS = ["0.1", "0.25", "0.3", "0.3333", "0.33333334", "0.45", "0.5", "0.66666", "0.7", "0.75", "0.9",
         "0.95", "0.99999", "1.0", "1"]
OPERATIONS = {"put": 45, "get": 12, "contains": 6, "del": 14, "clock": 4, "purge": 2, "clear": 0.3,
              "restart": 2, "ask": 6}


def rounds(size, frag):
    """Whether the part of a slot of SIZE that a record may have hangs on the rounding to 32 bits."""
    return int(model.f32(size * frag)) != int(size * frag)


class Author:
    """Writes a case. It runs what it writes on a model to know what would be interesting next."""

    def __init__(self, seed, ops):
        self.random = random.Random(f"fcs {seed}")
        self.ops = ops
        self.case = []
        self.now = 1000000
        chance = self.random
        most = chance.choice([1, 4, 8, 8, 24, 300])
        self.keys = sorted({self.bytes(1, most) for _ in range(chance.choice([2, 5, 12, 40, ops]))})
        if chance.random() < 0.05:
            self.keys += [self.bytes(65535, 65535), self.bytes(60000, 65535)]
        self.largest = chance.choice([8, 60, 300, 300, 2000, 6000])
        self.restless = chance.random() < 0.1  # asks for the file's sum after each operation
        self.operations = dict(OPERATIONS)
        for name in chance.sample(sorted(OPERATIONS), 2):
            self.operations[name] *= chance.choice([0, 0.3, 4])
        self.operations["put"] = max(self.operations["put"], 10)
        self.script = None

    def bytes(self, least, most):
        return self.random.randbytes(self.random.randint(least, most))

    def options(self):
        frag = self.random.choice(FRAGS)
        if self.random.random() < 0.3:
            frag = f"{self.random.uniform(0.1, 1):.{self.random.randint(1, 12)}f}"
        return Options(self.random.choice([-1, -1, -1, 1, 2, 5, 20, 1000]), frag, self.now)

    def expiry(self):
        now = self.now
        return self.random.choice([-1, -1, 0, 1, now - 1, now, now + 1, now + 50, now + 400, now + 400,
                                   now - 300, now * 1000, -5, 2**63 - 1, -2**63])

    def size_of_slot(self, frag):
        """Of a free one: often one where the rounding of frag decides."""
        if self.random.random() < 0.3:
            return self.random.choice([24, 25, 47, 152, 153])
        if self.random.random() < 0.5:
            for _ in range(60):
                size = self.random.randrange(160, 3000)
                if rounds(size, frag):
                    return size
        return self.random.randint(24, self.largest + 200)

    def slots(self, frag):
        """A file: entries, some keys twice, free slots with stale fields, also in runs, a rest."""
        busy = self.random.choice([0.2, 0.6, 0.9])
        for _ in range(self.random.choice([0, 1, 3, 10, 30, self.ops // 3])):
            if self.random.random() < busy:
                key = self.random.choice(self.keys[:self.random.choice([8, len(self.keys)])])
                slack = self.bytes(0, self.random.choice([0, 0, 3, 30, 300]))
                meta = self.bytes(0, self.random.choice([0, 20]))
                slot = record(key, self.bytes(0, self.largest), meta, self.expiry(), slack)
            else:
                size = self.size_of_slot(frag)
                data = self.random.randint(0, size - 24)
                meta = self.random.randint(0, size - 24 - data)
                slot = free_slot(size, self.random.choice([0, 0, 0, -1, -2**31]), data, meta,
                                 self.expiry(), self.bytes(0, size - 24))
            self.case.append(("slot", slot))
        if self.random.random() < 0.4:
            self.case.append(("tail", self.bytes(0, 23)))

    def length(self, other):
        """Of a value, in a record with OTHER bytes besides: often one that decides about a free slot."""
        store = self.script.store
        if store.free and self.random.random() < 0.4:
            sizes = [size for size, _ in store.free]
            size = self.random.choice([size for size in sizes if rounds(size, store.frag)] or sizes)
            part = int(model.f32(size * store.frag))
            length = self.random.choice([size, size - 1, size + 1, size - 127, size - 128, size - 129,
                                         part - 1, part, part + 1, part]) - other
            if 0 <= length <= 10000:
                return length
        return self.random.choice([0, 1, *(self.random.randint(0, self.largest) for _ in range(2))])

    def put(self):
        key = self.random.choice(self.keys)
        words = ["put", key.hex()]
        meta, expiry = self.bytes(1, 20).hex(), str(self.expiry())
        tails = [[], ["-"], ["-", expiry], ["."], [".", expiry], [meta], [meta, expiry]]
        tail = self.random.choices(tails, [10, 1, 1, 1, 3, 1, 6])[0]
        meta = 0 if not tail or tail[0] in "-." else len(tail[0]) // 2
        length = self.length(24 + len(key) + meta)
        return [" ".join(words + [self.random.randbytes(length).hex() or "."] + tail)]

    def operation(self):
        """The lines of one more."""
        name = self.random.choices(list(self.operations), self.operations.values())[0]
        if name == "put":
            return self.put()
        if name in ("get", "contains", "del"):
            return [f"{name} {self.random.choice(self.keys).hex()}"]
        if name == "clock":
            self.now += self.random.choice([-200, 0, 1, 1, 2, 50, 500, 3000])
            return [f"clock {self.now}"]
        if name == "restart":
            return ["stop", "start"]
        if name == "ask":
            asks = ASK_ALL + ["lru"] * (self.script.store.max_entries > 0)
            return [self.random.choice(asks)]
        return [name]

    def write(self):
        """The case."""
        options = self.options()
        if self.random.random() < 0.5:
            self.slots(model.f32(Fraction(options.frag)))
        file, count = first_file(self.case) or b"", self.random.choice([1, 1, 2, 3])
        for _ in range(count):
            self.case.append(("run", options))
            self.script = model.Script(file, options.max_entries, options.frag)
            self.script.run([f"clock {options.clock}", "start"])
            lines = 0
            while lines < self.ops // count:
                part = self.operation() + ["sha"] * self.restless
                self.script.run(part)
                self.case.append(("ops", part))
                lines += len(part)
            file = bytes(self.script.file)
            options = self.options()
        return self.case


def try_seed(seed, ops, folder=None):
    return try_case(Author(seed, ops).write(), f"--seed {seed} --ops {ops}", folder)


@pytest.mark.parametrize("part", range(PARTS))
def test_random_scripts(part):
    seeds = range(SEED + part, SEED + SCRIPTS, PARTS)
    print(f"FCS_SEED={SEED} FCS_SCRIPTS={SCRIPTS} FCS_OPS={OPS}: part {part} of {PARTS}")
    for seed in seeds:
        assert not (wrong := try_seed(seed, OPS)), f"\n{wrong}\n{REPEAT}--seed {seed} --ops {OPS}"


# ---- by hand ------------------------------------------------------------------------------------
#
# name: (slots before, options, script). `record K N` puts a record of N bytes. Behind " = " is what the
# line answers, whatever the model says.


def script_of(text):
    """[(lines, their answer or None)]"""
    for line in re.split("; *|\n *", text):
        line, _, answer = line.partition(" = ")
        if line.startswith("record "):
            key, length = line.split()[1:]
            line = f"put {key} {'5a' * (int(length) - 24 - len(key) // 2) or '.'}"
        yield ["stop", "start"] if line == "restart" else [line], answer or None


LAST = record(b"\xff", b"last")  # keeps what is before it from being cut off
HANDMADE = {
    "a rest of 128 becomes a slot": (
        [free_slot(300), LAST], Options(frag="1.0"),
        "record aa 172; free = FREE 1 176:128; filesize = FILESIZE 333 333"),
    "a rest of 127 stays with the record": (
        [free_slot(300), LAST], Options(frag="1.0"),
        "record aa 173; free = FREE 0; entries"),
    "the smallest slot that is large enough, of two the first": (
        [free_slot(90), LAST, free_slot(60), record(b"\xfe", b""), free_slot(60),
         record(b"\xfd", b""), free_slot(59), record(b"\xfc", b"")],
        Options(),
        """free = FREE 4 293:59 123:60 208:60 4:90; record aa 60; free = FREE 3 293:59 208:60 4:90
        record bb 60; record cc 60; free = FREE 1 293:59; record dd 61
        filesize = FILESIZE 438 438"""),
    "a put never takes the slot of the entry that it replaces": (
        [], Options(),
        """record aa 60; record aa 50; free = FREE 1 4:60; record aa 40; free = FREE 1 64:50
        filesize = FILESIZE 114 114; entries"""),
    "no slot of 24 bytes is taken until it is merged": (
        [free_slot(24), LAST, free_slot(24), free_slot(24, data_len=0, expiry=77), LAST],
        Options(),
        "free = FREE 2 4:24 57:48; record aa 48; free = FREE 1 4:24; del aa; record bb 25"),
    "a free slot at the end is like any other until it is cut off": (
        [], Options(),
        """record aa 60; record bb 60; del bb; record cc 61; filesize = FILESIZE 185 185
        record dd 40; free = FREE 0; del cc; filesize = FILESIZE 185 185; purge = PURGED 0
        filesize = FILESIZE 124 124"""),
    "only what is at the end is cut off, and runs are merged before an entry": (
        [free_slot(40), free_slot(30, -7, 1, 2, 3), free_slot(50), LAST,
         free_slot(99, 0, 30, 40, 5), LAST, free_slot(25), free_slot(26)],
        Options(),
        "free = FREE 2 153:99 4:120; filesize = FILESIZE 281 281"),
    "everything is free": (
        [free_slot(40), free_slot(30)], Options(),
        "filesize = FILESIZE 4 4"),
    "a merge makes room": (
        [], Options(),
        """record aa 40; record bb 40; record cc 40; record dd 40; del aa; del bb; del cc
        record ee 100; filesize = FILESIZE 264 264; purge; free = FREE 1 4:120; record ff 100
        filesize = FILESIZE 264 264; free = FREE 0"""),
    "an entry lives while the clock is not past its expiry": (
        [], Options(max_entries=5),
        """put aa 01 02 1000500; clock 1000500; get aa = VAL 01 02; contains aa = 1; clock 1000501
        get aa = NIL; contains aa = 0; size = SIZE 1; clock 1000499; get aa = VAL 01 02
        clock 2000000; del aa = 1; size = SIZE 0"""),
    "expiries that never come": (
        [], Options(),
        """put aa 01 02 0; put bb 01 02 -1; put cc 01 02 -9223372036854775808; put dd 01 . 0
        put ee . . -5; put ff 01 - 5; put 11 01 02 9223372036854775807
        clock 9223372036854775807; purge = PURGED 0; size = SIZE 7; get ff = VAL 01 -
        get ee = VAL . -"""),
    "metadata of 0 bytes keeps an expiry": (
        [], Options(),
        "put aa 01 . 1000001; clock 1000002; get aa = NIL; purge = PURGED 1 aa"),
    "a purge reports sorted keys and tidies up": (
        [], Options(),
        """put bb 01 02 1000001; put aabb 01 02 1000001; put aa 01; put 09 01 02 1000001
        put 0901 01 . 1; clock 1000002; purge = PURGED 4 09 0901 aabb bb; free = FREE 1 4:55
        filesize = FILESIZE 85 85; purge = PURGED 0"""),
    "what is expired is read and then newest": (
        [], Options(max_entries=2),
        """put aa 01 02 1000001; put bb 01; clock 1000002; contains aa = 0; lru = LRU 2 bb aa
        get bb = VAL 01 -; lru = LRU 2 aa bb; get aa = NIL; put cc 01; lru = LRU 2 aa cc
        contains dd = 0; get bb = NIL; lru = LRU 2 aa cc; dump; entries; lru = LRU 2 aa cc"""),
    "a put of what is there makes nothing go": (
        [], Options(max_entries=2),
        """put aa 01; put bb 01; put aa 02; lru = LRU 2 bb aa; put cc 01; lru = LRU 2 aa cc; del aa
        put dd 01; lru = LRU 2 cc dd"""),
    "one entry": (
        [], Options(max_entries=1),
        """put aa 01; put bb 01; free = FREE 1 4:26; put bb 02; free = FREE 1 30:26; put aa .
        lru = LRU 1 aa; get bb = NIL"""),
    "more entries than max_entries stay as many": (
        [record(bytes([key]), b"x") for key in range(1, 6)], Options(max_entries=2),
        """size = SIZE 5; put 03 01; size = SIZE 5; put aa 01; lru = LRU 5 02 04 05 03 aa
        restart; size = SIZE 5"""),
    "an expired entry counts": (
        [], Options(max_entries=2),
        """put aa 01; put bb 01 02 1000001; clock 1000005; put cc 01; lru = LRU 2 bb cc; put dd 01
        lru = LRU 2 cc dd"""),
    "the order after a restart is that of the file": (
        [], Options(max_entries=5),
        """put aa 01; put bb 01; put cc 01; get aa; lru = LRU 3 bb cc aa; restart
        lru = LRU 3 aa bb cc"""),
    "of a key that is there twice the later one counts": (
        [record(b"\xaa", b"old", slack=b"!"), free_slot(30), record(b"\xbb", b""),
         record(b"\xaa", b"new"), record(b"\xcc", b"")],
        Options(max_entries=9),
        """size = SIZE 3; get aa = VAL 6e6577 -; free = FREE 1 33:30; del aa = 1; get aa = NIL
        restart; get aa = VAL 6f6c64 -; del bb; del cc; purge; filesize = FILESIZE 33 33
        lru = LRU 1 aa"""),
    "a loser keeps its place": (
        [free_slot(30), record(b"\xaa", b""), free_slot(30), record(b"\xaa", b"new")], Options(),
        """free = FREE 2 4:30 59:30; del aa; free = FREE 3 89:28 4:30 59:30; purge
        filesize = FILESIZE 59 59; size = SIZE 0"""),
    "bytes behind the last slot": (
        [LAST, free_slot(60), LAST, b"x" * 23], Options(),
        """filesize = FILESIZE 122 145; record aa 60; filesize = FILESIZE 122 145; purge
        filesize = FILESIZE 122 145; record bb 25; filesize = FILESIZE 147 147"""),
    "bytes behind slots that are cut off": (
        [LAST, free_slot(60), b"x" * 23], Options(),
        "filesize = FILESIZE 33 33"),
    "bytes behind nothing": (
        [b"x" * 9], Options(),
        "filesize = FILESIZE 4 13; put aa .; filesize"),
    "clear": (
        [LAST, free_slot(60), LAST, b"x" * 23], Options(max_entries=3),
        """clear = OK; filesize = FILESIZE 4 4; free = FREE 0; size = SIZE 0; lru = LRU 0; sha
        record aa 40; filesize = FILESIZE 44 44; clear; clear"""),
    "the longest key": (
        [], Options(max_entries=1),
        f"put {'ab' * 65535} .; put {'ab' * 65534} .; contains {'ab' * 65534} = 1; entries"),
    "nothing at all": (
        [], Options(),
        "size = SIZE 0; filesize = FILESIZE 4 4; del aa = 0; clear"),
}
@pytest.mark.parametrize("name", HANDMADE)
def test_by_hand(name):
    slots, options, text = HANDMADE[name]
    case = [("slot", slot) for slot in slots] + [("run", options)]
    script = model.Script(first_file(case) or b"", options.max_entries, options.frag)
    script.run([f"clock {options.clock}", "start"])
    for lines, answer in script_of(text):
        assert script.run(lines) == [answer] or answer is None, lines
        case.append(("ops", lines))
    for more in ([], [("run", options)]):  # and once more on the file that it leaves
        wrong = try_case(case + more, name)
        assert not wrong, "\n" + wrong


# A factor, a free slot and a record: where 32-bit floats decide other than exact numbers, or doubles.
ROUNDED = [("0.7", 430, 301), ("0.7", 650, 455), ("0.9", 1280, 1152), ("0.45", 240, 108),
           ("0.95", 2560, 2432), ("0.3333", 3000, 999), ("0.0000596046306", 2**24 + 3, 1000),
           ("0.5", 2**25, 2**24 + 1)]


@pytest.mark.parametrize("frag, size, longest", ROUNDED)
def test_splits_up_to(frag, size, longest, tmp_path):
    for length, answer in (longest, f"FREE 1 {4 + longest}:{size - longest}"), (longest + 1, "FREE 0"):
        script = list(script_of(f"record aa {length}; free"))
        case = [("slot", free_slot(size) + LAST), ("run", Options(frag=frag)),
                *(("ops", lines) for lines, _ in script)]
        run = model.Script(first_file(case), frag=frag)
        run.run(["start", *script[0][0]])
        assert run.run(script[1][0]) == [answer]
        assert not (wrong := play(case, tmp_path)), wrong


def test_floats_of_the_model():
    chance = random.Random(1)
    for _ in range(20000):
        number = Fraction(chance.getrandbits(chance.randint(1, 53)), 2**chance.randint(0, 60))
        assert model.f32(number) == Fraction(struct.unpack("f", struct.pack("f", float(number)))[0])


@pytest.mark.parametrize("place", sorted(VECTORS.glob("*/")), ids=lambda place: place.name)
def test_model_on_vectors(place):
    """The model answers and writes what the class itself did."""
    options = (place / "ops.txt").read_text().split("\n")[0].split()
    info, store = json.loads((place / "info.json").read_text()), (place / "store.dat").read_bytes()
    restart = store, "restart_", info["after_restart_sha256"]
    for file, prefix, after in (b"", "", info["sha256"]), restart:
        script = model.Script(file, int(options[2]), options[4])
        found = script.run((place / f"{prefix}ops.txt").read_text().splitlines())
        assert found == (place / f"{prefix}expected.txt").read_text().splitlines()
        assert hashlib.sha256(script.file).hexdigest() == after


# ---- files that are not what they should be --------------------------------------------------------

HEAD = model.HEADER.pack
NO_STORE = {
    "another magic": b"FCS2" + LAST,
    "one bit of the magic": b"FCS\x30" + LAST,
    "one byte": b"F",
    "three bytes": b"FCS",
    "three other bytes": b"\0\0\0",
}
# What is behind the first entry.
DAMAGED = {
    "size 0": bytes(24) + LAST,
    "size 23": HEAD(23, 0, 0, 0, -1),
    "a negative size": HEAD(-40, 1, 0, 0, -1) + b"k" * 16,
    "lengths that do not fit": HEAD(30, 1, 6, 0, -1) + b"k" * 6 + LAST,
    "a negative length": HEAD(40, 1, -1, 0, -1) + b"k" * 16,
    "lengths whose sum wraps": HEAD(40, 1, 2**31 - 1, 2**31 - 1, -1) + b"k" * 16,
    "a key that is too long": HEAD(65560, 65536, 0, 0, -1) + b"k" * 65536,
    "a record that is cut": HEAD(41, 1, 4, 0, -1) + b"k" * 16,
    "a free slot that is cut": HEAD(41, 0, 4, 0, -1) + b"k" * 16,
    "a slot of 2 GiB": HEAD(2**31 - 1, 1, 4, 0, -1) + b"k" * 16 + LAST,
    "a free slot before the end, and a cut record": free_slot(40) + HEAD(41, 1, 4, 0, -1) + b"k" * 16,
    "two slots to be merged, and a cut record": free_slot(40) * 2 + LAST + HEAD(99, 1, 4, 0, -1),
}


def answers_to(lines, tmp_path, file):
    """What LINES answer on FILE, which is left alone, for a reason that is told."""
    (tmp_path / "store.dat").write_bytes(file)
    done = run_fcs(tmp_path, Options(), lines)
    assert done.returncode == 0, done
    assert (tmp_path / "store.dat").read_bytes() == file
    told = done.stderr.decode().splitlines()
    assert told and all(re.search(r"offset \d+|FCS1", line) for line in told), told
    return done.stdout.decode().splitlines()


@pytest.mark.parametrize("name", NO_STORE)
def test_no_store(name, tmp_path):
    """Not opened, and not wiped."""
    answers = answers_to(["start", "size", "put aa bb", "clear", "stop"], tmp_path, NO_STORE[name])
    assert [answer[:4] for answer in answers] == ["ERR "] * 5


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged(name, tmp_path):
    """What is whole is served; no byte is made up, written or cut off."""
    writes = ["put aa bb", "put ff bb", "del ff", "purge", "clear"]
    lines = ["start", "size", "get ff", "dump", *writes, "stop"]
    answers = answers_to(lines, tmp_path, b"FCS1" + LAST + DAMAGED[name])
    assert answers[:5] == ["STARTED 1", "SIZE 1", "VAL 6c617374 -", "DUMP 1", "D ff 6c617374 - -1"]
    assert [answer[:4] for answer in answers[5:]] == ["ERR "] * 5 + ["STOP"]


def main():
    parser = argparse.ArgumentParser(description="random scripts on fcs and on the model")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--ops", type=int, default=OPS, help="lines of a script")
    parser.add_argument("--scripts", type=int, default=1, help="how many seeds from --seed on")
    parser.add_argument("--save", type=Path, metavar="DIR", help="where a script that fails goes")
    args = parser.parse_args()
    for seed in range(args.seed, args.seed + args.scripts):
        wrong = try_seed(seed, args.ops, args.save)
        if wrong:
            sys.exit(wrong)
    print(f"{args.scripts} scripts from --seed {args.seed} on with --ops {args.ops}: no difference")


if __name__ == "__main__":
    main()
