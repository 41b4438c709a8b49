# SPDX-License-Identifier: MIT
"""
"fcs run" in classic mode writes what Infinispan's SingleFileStore writes, byte for byte.

tests/fcs1 has what the Java class itself answered and wrote: a script, its answers, the file after it; and a second
script, which was run on that file. test_fcs_classic.py goes on from there with a model.
"""

import hashlib
import json
import re

import pytest

from fcs1_model import Script
from fcs_tool import VECTORS, fcs, path, run

LAYOUT = ("free", "entries", "filesize", "sha", "lru")


def answers(*args):
    return fcs("run", *args).stdout.decode().splitlines()


def first_difference(got, expected):
    """Short enough to read, where the lines have thousands of characters."""
    for number, (a, b) in enumerate(zip(got, expected), 1):
        if a != b:
            at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
            return f"answer {number}, character {at}: got {a[:at + 60]!r}, expected {b[:at + 60]!r}"
    return f"{len(got)} answers, expected {len(expected)}"


def same(got, expected):
    assert got == expected, first_difference(got, expected)


@pytest.fixture(params=VECTORS, ids=lambda place: place.name)
def vector(request):
    return request.param


def lines(vector, name):
    return (vector / name).read_text().splitlines()


def test_vectors(vector, path):
    file = path(".dat")
    same(answers("--classic", "--file", file, vector / "ops.txt"), lines(vector, "expected.txt"))
    assert file.read_bytes() == (vector / "store.dat").read_bytes()


def test_vectors_in_memory(vector):
    same(answers("--classic", vector / "ops.txt"), lines(vector, "expected.txt"))


def test_vectors_after_restart(vector, path):
    info = json.loads((vector / "info.json").read_text())
    file = path(".dat")
    file.write_bytes((vector / "store.dat").read_bytes())
    options = ["--max-entries", info["max_entries"], "--frag", info["frag"]]
    same(answers("--classic", "--file", file, *options, vector / "restart_ops.txt"), lines(vector, "restart_expected.txt"))
    after = file.read_bytes()
    assert len(after) == info["after_restart_size"]
    assert hashlib.sha256(after).hexdigest() == info["after_restart_sha256"]


def test_region(vector, run):
    """A region answers the same but for its layout, and but for what is expired, which it drops at open."""
    script = [re.sub("^(put (?:[0-9a-f.]+ ?){1,3}).*", r"\1", line) for line in lines(vector, "ops.txt")
              if line.split()[0] not in LAYOUT and not line.startswith("#")]
    same(run("\n".join(script) + "\n", "--size", "256K"), Script().run(script))
