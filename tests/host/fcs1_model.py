#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
A model of the classic mode: what Infinispan's SingleFileStore answers and writes, from a description
of its format and behaviour and from nothing in store/. It is slow, plain and keeps the whole file in
memory.

As a program it takes the arguments of `fcs run --classic`:

    /usr/bin/python3 tests/host/fcs1_model.py [--file F.dat] [--max-entries N] [--frag F] OPS
"""

import argparse
import bisect
import hashlib
import math
import struct
from fractions import Fraction
from pathlib import Path

MAGIC = b"FCS1"
HEADER = struct.Struct(">iiiiq")  # size, keyLen, dataLen, metaLen, expiry
SPLIT_MIN = 128  # the smallest remainder that becomes a slot of its own
NEVER = -1


class Refused(Exception):
    """A file that the store does not open, or a line that it does not understand."""


def f32(number):
    """The 32-bit float next to NUMBER (an int or a Fraction), the even one of two, as a Fraction."""
    number = Fraction(number)
    if not number:
        return number
    exponent = max(math.floor(math.log2(abs(number))) - 23, -149)
    while abs(number) >= Fraction(2)**(exponent + 24):
        exponent += 1
    while exponent > -149 and abs(number) < Fraction(2)**(exponent + 23):
        exponent -= 1
    unit = Fraction(2)**exponent
    return round(number / unit) * unit  # round() takes the even one, too


def splits(size, length, frag):
    """Whether a free slot of SIZE is split for LENGTH bytes; FRAG is a 32-bit float."""
    return size - length >= SPLIT_MIN and f32(length) <= f32(f32(size) * frag)


class Slot:
    """A slot in use: where it is and what its header says."""

    def __init__(self, off, size, key_len, data_len, meta_len, expiry):
        self.off, self.size = off, size
        self.key_len, self.data_len, self.meta_len = key_len, data_len, meta_len
        self.expiry = expiry

    def expired(self, now):
        return 0 < self.expiry < now


class Store:
    """An open store. `file` is what is on disk after each call."""

    def __init__(self, file, max_entries=-1, frag=Fraction(3, 4)):
        self.file = bytearray(file)
        self.max_entries, self.frag = max_entries, f32(frag)
        self.index = {}  # key: Slot; with max_entries the eldest is first
        self.free = []  # (size, off), ascending: the first that is large enough is the best
        self.end = len(MAGIC)
        if not self.file:
            self.file += MAGIC
        elif self.file[:4] != MAGIC:
            raise Refused("no magic")
        self._scan()
        self._tidy()

    def _header(self, off, *fields):
        self.file[off:off + HEADER.size] = HEADER.pack(*fields)

    def _scan(self):
        while self.end + HEADER.size <= len(self.file):
            slot = Slot(self.end, *HEADER.unpack_from(self.file, self.end))
            lengths = max(slot.key_len, 0), slot.data_len, slot.meta_len
            if min(lengths) < 0 or slot.size < HEADER.size + sum(lengths):
                raise Refused(f"a slot at {slot.off} that is smaller than what is in it")
            if slot.off + slot.size > len(self.file):
                raise Refused(f"a slot at {slot.off} that reaches beyond the file")
            self.end += slot.size
            if slot.key_len > 0:
                self._publish(self._key(slot), slot)
            else:
                bisect.insort(self.free, (slot.size, slot.off))

    def _key(self, slot):
        start = slot.off + HEADER.size
        return bytes(self.file[start:start + slot.key_len])

    def _parts(self, slot):
        data = slot.off + HEADER.size + slot.key_len
        meta = data + slot.data_len
        return bytes(self.file[data:meta]), bytes(self.file[meta:meta + slot.meta_len])

    def _publish(self, key, slot):
        """The slot that KEY had before, or None. The key is the newest then."""
        old = self.index.pop(key, None)
        self.index[key] = slot
        return old

    def _touch(self, key):
        slot = self.index.get(key)
        if slot:
            self._publish(key, slot)
        return slot

    def _tidy(self):
        """Cuts free slots off the end, then makes one of each run of them."""
        by_off = sorted((off, size) for size, off in self.free)
        while by_off and sum(by_off[-1]) == self.end:
            self.end = by_off.pop()[0]
            del self.file[self.end:]
        runs = []
        for off, size in by_off:
            if runs and runs[-1][0] + runs[-1][1] == off:
                runs[-1] = runs[-1][0], runs[-1][1] + size, True
            else:
                runs.append((off, size, False))
        for off, size, joined in runs:
            if joined:
                self._header(off, size, 0, 0, 0, NEVER)
        self.free = sorted((size, off) for off, size, _ in runs)

    def _allocate(self, length):
        """(off, size) of the slot for LENGTH bytes."""
        at = bisect.bisect_left(self.free, (length, 0))
        if at == len(self.free):
            self.end += length
            return self.end - length, length
        size, off = self.free.pop(at)
        if splits(size, length, self.frag):
            self._header(off + length, size - length, 0, 0, 0, NEVER)
            bisect.insort(self.free, (size - length, off + length))
            size = length
        return off, size

    def _release(self, slot):
        self.file[slot.off + 4:slot.off + 8] = bytes(4)
        bisect.insort(self.free, (slot.size, slot.off))

    def put(self, key, data, meta=None, expiry=NEVER):
        """META is None if there is no metadata."""
        if meta is None:
            meta, expiry = b"", NEVER
        body = key + data + meta
        off, size = self._allocate(HEADER.size + len(body))
        slot = Slot(off, size, len(key), len(data), len(meta), expiry)
        record = HEADER.pack(size, len(key), len(data), len(meta), expiry) + body
        self.file[off:off + len(record)] = record
        old = self._publish(key, slot)
        if old:
            self._release(old)
        elif 0 < self.max_entries < len(self.index):
            self._release(self.index.pop(next(iter(self.index))))

    def get(self, key, now):
        """(data, meta), or None."""
        slot = self._touch(key)
        return None if slot is None or slot.expired(now) else self._parts(slot)

    def contains(self, key, now):
        slot = self._touch(key)
        return slot is not None and not slot.expired(now)

    def delete(self, key):
        slot = self.index.pop(key, None)
        if slot:
            self._release(slot)
        return slot is not None

    def clear(self):
        self.index, self.free = {}, []
        self.file[:] = MAGIC
        self.end = len(MAGIC)

    def purge(self, now):
        """The keys that went."""
        gone = [key for key, slot in self.index.items() if slot.expired(now)]
        for key in gone:
            self._release(self.index.pop(key))
        self._tidy()
        return gone

    def entries(self):
        """[(key, Slot)] by offset."""
        return sorted(self.index.items(), key=lambda entry: entry[1].off)

    def dump(self):
        """[(key, data, meta, expiry)] by key."""
        return [(key, *self._parts(slot), slot.expiry) for key, slot in sorted(self.index.items())]


def record(key, data, meta=b"", expiry=NEVER, slack=b""):
    """The bytes of a slot with an entry, SLACK behind it."""
    body = key + data + meta + slack
    return HEADER.pack(HEADER.size + len(body), len(key), len(data), len(meta), expiry) + body


def free_slot(size, key_len=0, data_len=0, meta_len=0, expiry=NEVER, fill=b""):
    """The bytes of a free slot, with what an entry may have left in its header and behind it."""
    head = HEADER.pack(size, key_len, data_len, meta_len, expiry)
    return head + fill.ljust(size - len(head), b"\xee")


def fields(slot):
    """A slot as its header's fields, key, data, metadata and slack."""
    header = HEADER.unpack_from(slot)
    at, parts = HEADER.size, []
    for length in header[1:4]:
        parts.append(slot[at:at + max(length, 0)])
        at += max(length, 0)
    return header, *parts, slot[at:]


def to_hex(data):
    return data.hex() or "."


def from_hex(word):
    return b"" if word == "." else bytes.fromhex(word)


class Script:
    """Runs lines on a file. `file` is that file; options hold for each `start`."""

    def __init__(self, file=b"", max_entries=-1, frag="0.75"):
        self.file, self.options = bytes(file), (max_entries, Fraction(frag))
        self.now = 0
        self.store = None

    def run(self, lines):
        """The lines of the answers."""
        answers = []
        for line in lines:
            words = line.split()
            if words and not words[0].startswith("#"):
                answers += getattr(self, "do_" + words[0])(*words[1:])
                if self.store:
                    self.file = self.store.file
        return answers

    def do_clock(self, now):
        self.now = int(now)
        return ["OK"]

    def do_start(self):
        self.store = Store(self.file, *self.options)
        return [f"STARTED {len(self.store.index)}"]

    def do_stop(self):
        self.file, self.store = bytes(self.store.file), None
        return ["STOPPED"]

    def do_put(self, key, data, meta="-", expiry="-1"):
        self.store.put(from_hex(key), from_hex(data), None if meta == "-" else from_hex(meta),
                       int(expiry))
        return ["OK"]

    def do_get(self, key):
        found = self.store.get(from_hex(key), self.now)
        return [f"VAL {to_hex(found[0])} {found[1].hex() or '-'}" if found else "NIL"]

    def do_del(self, key):
        return [str(int(self.store.delete(from_hex(key))))]

    def do_contains(self, key):
        return [str(int(self.store.contains(from_hex(key), self.now)))]

    def do_clear(self):
        self.store.clear()
        return ["OK"]

    def do_purge(self):
        gone = sorted(self.store.purge(self.now))
        return [" ".join([f"PURGED {len(gone)}", *map(to_hex, gone)])]

    def do_size(self):
        return [f"SIZE {len(self.store.index)}"]

    def do_free(self):
        free = self.store.free
        return [" ".join([f"FREE {len(free)}", *(f"{off}:{size}" for size, off in free)])]

    def do_entries(self):
        found = self.store.entries()
        return [f"ENTRIES {len(found)}"] + [
            f"E {to_hex(key)} {s.off} {s.size} {s.key_len} {s.data_len} {s.meta_len} {s.expiry}"
            for key, s in found]

    def do_lru(self):
        order = self.store.index if self.store.max_entries > 0 else []  # none is kept without a bound
        return [" ".join([f"LRU {len(order)}", *map(to_hex, order)])]

    def do_filesize(self):
        return [f"FILESIZE {self.store.end} {len(self.store.file)}"]

    def do_sha(self):
        return [f"SHA256 {hashlib.sha256(self.file).hexdigest()}"]

    def do_dump(self):
        found = self.store.dump()
        return [f"DUMP {len(found)}"] + [
            f"D {to_hex(key)} {to_hex(data)} {meta.hex() or '-'} {expiry}"
            for key, data, meta, expiry in found]


def main():
    parser = argparse.ArgumentParser(description="the model's answers to a script")
    parser.add_argument("--file", type=Path, help="the store; made if it is not there")
    parser.add_argument("--max-entries", type=int, default=-1)
    parser.add_argument("--frag", default="0.75")
    parser.add_argument("ops", type=Path)
    args = parser.parse_args()
    there = args.file and args.file.exists()
    script = Script(args.file.read_bytes() if there else b"", args.max_entries, args.frag)
    print(*script.run(args.ops.read_text().splitlines()), sep="\n")
    if args.file:
        args.file.write_bytes(script.file)


if __name__ == "__main__":
    main()
