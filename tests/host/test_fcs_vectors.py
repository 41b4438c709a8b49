# SPDX-License-Identifier: MIT
"""
"fcs run" in classic mode writes what Infinispan's SingleFileStore writes, byte for byte.

tests/fcs1 has what the Java class itself answered and wrote. The model below is what is known of it, in
Python; it has to agree with the Java class on these, and fcs then with the model on as many scripts as one likes
(FCS_SCRIPTS=n, FCS_SEED=n for one of them).
"""

import hashlib
import json
import os
import random
import struct
import subprocess
from collections import OrderedDict
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
FCS = REPO / "build" / "host" / "fcs-asan"
VECTORS = sorted((REPO / "tests" / "fcs1").iterdir())
WAIT = 120
HEADER = struct.Struct(">iiiiq")
SPLIT_MIN = 128


def float32(x):
    return struct.unpack("f", struct.pack("f", x))[0]


class Model:
    """The class: a file, an index in LRU order, and free slots."""

    def __init__(self, file=b"", max_entries=-1, frag=0.75):
        self.file, self.max_entries, self.frag = bytearray(file), max_entries, float32(frag)
        self.clock = 0
        self.entries = OrderedDict()
        self.free = set()  # (size, offset)
        self.end = 0

    # Slots.

    def record(self, off):
        """size, expiry, key, data, meta"""
        size, key_len, data_len, meta_len, expiry = HEADER.unpack_from(self.file, off)
        at = off + HEADER.size
        parts = []
        for length in (max(key_len, 0), data_len, meta_len):
            parts.append(bytes(self.file[at:at + length]))
            at += length
        return size, expiry, *parts

    def write(self, off, data):
        if len(self.file) < off + len(data):
            self.file.extend(bytes(off + len(data) - len(self.file)))
        self.file[off:off + len(data)] = data

    def write_free(self, off, size):
        self.write(off, HEADER.pack(size, 0, 0, 0, -1))
        self.free.add((size, off))

    def release(self, off):
        self.write(off + 4, bytes(4))
        self.free.add((HEADER.unpack_from(self.file, off)[0], off))

    def allocate(self, length):
        """The offset and the size of a slot for it."""
        fits = [slot for slot in self.free if slot[0] >= length]
        if not fits:
            off, self.end = self.end, self.end + length
            return off, length
        size, off = min(fits)
        self.free.remove((size, off))
        if size - length >= SPLIT_MIN and float32(length) <= float32(float32(size) * self.frag):
            self.write_free(off + length, size - length)
            size = length
        return off, size

    def tidy(self):
        """Free slots at the end are cut off, others beside each other become one."""
        by_offset = sorted((off, size) for size, off in self.free)
        while by_offset and sum(by_offset[-1]) == self.end:
            off, size = by_offset.pop()
            self.free.remove((size, off))
            self.end = off
            del self.file[off:]
        runs = []
        for off, size in by_offset:
            if runs and sum(runs[-1][-1]) == off:
                runs[-1].append((off, size))
            else:
                runs.append([(off, size)])
        for run in runs:
            if len(run) > 1:
                self.free -= {(size, off) for off, size in run}
                self.write_free(run[0][0], sum(size for _, size in run))

    def expired(self, off):
        return 0 < self.record(off)[1] < self.clock

    # Operations: the lines of the answer.

    def start(self):
        self.entries.clear()
        self.free.clear()
        if not self.file:
            self.file += b"FCS1"
        self.end = 4
        while self.end + HEADER.size <= len(self.file):
            size, key_len = HEADER.unpack_from(self.file, self.end)[:2]
            if key_len > 0:
                key = self.record(self.end)[2]
                self.entries.pop(key, None)
                self.entries[key] = self.end
            else:
                self.free.add((size, self.end))
            self.end += size
        self.tidy()
        return f"STARTED {len(self.entries)}"

    def put(self, key, data, meta=None, expiry=-1):
        if meta is None:
            meta, expiry = b"", -1
        content = key + data + meta
        off, size = self.allocate(HEADER.size + len(content))
        self.write(off, HEADER.pack(size, len(key), len(data), len(meta), expiry) + content)
        old = self.entries.pop(key, None)
        self.entries[key] = off
        if old is not None:
            self.release(old)
        elif 0 < self.max_entries < len(self.entries):
            self.release(self.entries.popitem(last=False)[1])
        return "OK"

    def get(self, key):
        if key in self.entries:
            self.entries.move_to_end(key)
            off = self.entries[key]
            if not self.expired(off):
                _, _, _, data, meta = self.record(off)
                return f"VAL {data.hex() or '.'} {meta.hex() or '-'}"
        return "NIL"

    def contains(self, key):
        return "0" if self.get(key) == "NIL" else "1"

    def delete(self, key):
        if key not in self.entries:
            return "0"
        self.release(self.entries.pop(key))
        return "1"

    def clear(self):
        self.file, self.end = bytearray(b"FCS1"), 4
        self.entries.clear()
        self.free.clear()
        return "OK"

    def purge(self):
        gone = [key for key, off in self.entries.items() if self.expired(off)]
        for key in gone:
            self.release(self.entries.pop(key))
        self.tidy()
        return " ".join([f"PURGED {len(gone)}", *sorted(key.hex() for key in gone)])

    def list_free(self):
        return " ".join([f"FREE {len(self.free)}", *(f"{off}:{size}" for size, off in sorted(self.free))])

    def list_entries(self):
        lines = [f"ENTRIES {len(self.entries)}"]
        for off in sorted(self.entries.values()):
            size, expiry, key, data, meta = self.record(off)
            lines.append(f"E {key.hex()} {off} {size} {len(key)} {len(data)} {len(meta)} {expiry}")
        return "\n".join(lines)

    def dump(self):
        lines = []
        for off in self.entries.values():
            _, expiry, key, data, meta = self.record(off)
            lines.append(f"D {key.hex()} {data.hex() or '.'} {meta.hex() or '-'} {expiry}")
        return "\n".join([f"DUMP {len(lines)}", *sorted(lines)])

    def run(self, line):
        """The answer to a line of a script."""
        word, *args = line.split()
        if word == "clock":
            self.clock = int(args[0])
            return "OK"
        if word == "put":
            key, data, *rest = args
            meta = None if not rest or rest[0] == "-" else unhex(rest[0])
            return self.put(unhex(key), unhex(data), meta, int(rest[1]) if len(rest) > 1 else -1)
        return {
            "start": self.start,
            "stop": lambda: "STOPPED",
            "get": lambda: self.get(unhex(args[0])),
            "contains": lambda: self.contains(unhex(args[0])),
            "del": lambda: self.delete(unhex(args[0])),
            "clear": self.clear,
            "purge": self.purge,
            "size": lambda: f"SIZE {len(self.entries)}",
            "free": self.list_free,
            "entries": self.list_entries,
            "lru": lambda: " ".join([f"LRU {len(self.entries)}", *(key.hex() for key in self.entries)]),
            "filesize": lambda: f"FILESIZE {self.end} {len(self.file)}",
            "sha": lambda: f"SHA256 {hashlib.sha256(self.file).hexdigest()}",
            "dump": self.dump,
        }[word]()


def unhex(word):
    return b"" if word == "." else bytes.fromhex(word)


def model_answers(model, script):
    return "\n".join(model.run(line) for line in script.splitlines() if not line.startswith("#")) + "\n"


def fcs(*args):
    done = subprocess.run([FCS, "run", *map(str, args)], capture_output=True, timeout=WAIT, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def first_difference(got, expected):
    """Short enough to read, where the lines have thousands of characters."""
    for number, (a, b) in enumerate(zip(got.splitlines(), expected.splitlines()), 1):
        if a != b:
            at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
            return f"answer {number}, character {at}: got {a[:at + 60]!r}, expected {b[:at + 60]!r}"
    return f"{len(got.splitlines())} answers, expected {len(expected.splitlines())}"


def same(got, expected):
    assert got == expected, first_difference(got, expected)


@pytest.fixture(params=VECTORS, ids=lambda path: path.name)
def vector(request):
    return request.param


def text(vector, name):
    """A script without the newline at its end, or the answers with one."""
    found = (vector / name).read_text()
    return found if found.endswith("\n") else found + "\n"


def test_vectors(vector, tmp_path):
    file = tmp_path / "store.dat"
    same(fcs("--classic", "--file", file, vector / "ops.txt"), text(vector, "expected.txt"))
    assert file.read_bytes() == (vector / "store.dat").read_bytes()


def test_vectors_in_memory(vector):
    same(fcs("--classic", vector / "ops.txt"), text(vector, "expected.txt"))


def test_vectors_after_restart(vector, tmp_path):
    info = json.loads((vector / "info.json").read_text())
    file = tmp_path / "store.dat"
    file.write_bytes((vector / "store.dat").read_bytes())
    options = ["--max-entries", info["max_entries"], "--frag", info["frag"]]
    same(fcs("--classic", "--file", file, *options, vector / "restart_ops.txt"),
         text(vector, "restart_expected.txt"))
    after = file.read_bytes()
    assert len(after) == info["after_restart_size"]
    assert hashlib.sha256(after).hexdigest() == info["after_restart_sha256"]


def test_model_agrees_with_the_class(vector):
    info = json.loads((vector / "info.json").read_text())
    model = Model(b"", info["max_entries"], info["frag"])
    same(model_answers(model, text(vector, "ops.txt")), text(vector, "expected.txt"))
    assert model.file == (vector / "store.dat").read_bytes()
    model = Model(model.file, info["max_entries"], info["frag"])
    same(model_answers(model, text(vector, "restart_ops.txt")), text(vector, "restart_expected.txt"))


# ---- random scripts ----------------------------------------------------------------------------

QUESTIONS = ["size", "free", "entries", "lru", "filesize", "sha", "dump"]


def make_script(rnd):
    """Options and a script: few keys, so that slots are used again and again."""
    keys = [rnd.randbytes(rnd.randint(1, 20)).hex() for _ in range(rnd.choice([3, 10, 40]))]
    most = rnd.choice([30, 200, 2000])
    options = [rnd.choice([-1, 1, 2, 7, 25]), rnd.choice([0.25, 0.5, 0.75, 0.9, 1])]
    clock = 1000
    lines = [f"clock {clock}", "start"]
    for _ in range(rnd.randint(20, 250)):
        key = rnd.choice(keys)
        kind = rnd.random()
        if kind < 0.45:
            meta = rnd.choice(["", "", " -", " .", f" {rnd.randbytes(rnd.randint(1, 30)).hex()}"])
            if meta:
                meta += rnd.choice(["", f" {rnd.choice([-1, 0, clock - 1, clock, clock + 50, 10**15])}"])
            lines.append(f"put {key} {rnd.randbytes(rnd.randint(0, most)).hex() or '.'}{meta}")
        elif kind < 0.85:
            lines.append(f"{rnd.choice(['get', 'del', 'contains'])} {key}")
        elif kind < 0.9:
            clock += rnd.randint(0, 60)
            lines.append(f"clock {clock}")
        elif kind < 0.93:
            lines += ["stop", "start"]
        elif kind < 0.95:
            lines.append("purge")
        elif kind < 0.955:
            lines.append("clear")
        else:
            lines.append(rnd.choice(QUESTIONS))
        if lines[-1] == "lru" and options[0] < 0:  # without a bound the class has an order, too; fcs keeps none
            lines.pop()
    questions = [q for q in QUESTIONS if q != "lru" or options[0] > 0]
    return options, "\n".join([*lines, *questions, "stop"]) + "\n"


def compare(tmp_path, seed, before=b""):
    (max_entries, frag), script = make_script(random.Random(seed))
    file, ops = tmp_path / f"{seed}.dat", tmp_path / f"{seed}.txt"
    ops.write_text(f"# --max-entries {max_entries} --frag {frag}\n" + script)
    if before:
        file.write_bytes(before)
    model = Model(before, max_entries, frag)
    same(fcs("--classic", "--file", file, ops), model_answers(model, script))
    assert file.read_bytes() == model.file
    return bytes(model.file)


def seeds():
    if "FCS_SEED" in os.environ:
        return [int(os.environ["FCS_SEED"])]
    return range(1, int(os.environ.get("FCS_SCRIPTS", "150")) + 1)


def test_random_scripts(tmp_path):
    for seed in seeds():
        try:
            compare(tmp_path, seed)
        except AssertionError as error:
            raise AssertionError(f"FCS_SEED={seed}: {error}") from error


def test_random_scripts_on_a_file(tmp_path):
    """Each begins with the file of the one before, under other options, and with some bytes behind it."""
    rnd = random.Random(99)
    before = b""
    for seed in range(1001, 1041):
        before = compare(tmp_path, seed, before + rnd.randbytes(rnd.choice([0, 0, 1, 23]) if before else 0))


def test_random_scripts_on_a_region(tmp_path):
    """There the layout is another one, and what is answered about entries the same."""
    for seed in seeds():
        _, script = make_script(random.Random(-seed))
        lines = [" ".join(line.split()[:4]) for line in script.splitlines()
                 if line.split()[0] not in ("free", "entries", "lru", "filesize", "sha")]
        file, ops = tmp_path / f"{seed}.img", tmp_path / f"{seed}.txt"
        ops.write_text("\n".join(lines) + "\n")
        same(fcs("--file", file, "--size", "256K", ops), model_answers(Model(), ops.read_text()))


def test_later_of_two_records_counts(tmp_path):
    """The other one is neither an entry nor a free slot."""
    first = HEADER.pack(40, 3, 4, 0, -1) + b"key" + b"1234" + bytes(9)
    between = HEADER.pack(60, 0, 0, 0, -1) + bytes(36)
    later = HEADER.pack(30, 3, 3, 0, -1) + b"key" + b"new"
    before = b"FCS1" + first + between + later
    script = "start\nsize\nentries\nfree\nget 6b6579\ndel 6b6579\nput 61 62\nentries\nfree\nsha\nstop\nstart\nentries\nstop\n"
    ops, file = tmp_path / "ops", tmp_path / "f.dat"
    ops.write_text(script)
    file.write_bytes(before)
    model = Model(before)
    same(fcs("--classic", "--file", file, ops), model_answers(model, script))
    assert file.read_bytes() == model.file
