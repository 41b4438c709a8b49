# SPDX-License-Identifier: MIT
"""fcs for its tests: how it is run, empty stores of every kind, and an image with some entries."""

import itertools
import json
import struct
import subprocess
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
FCS = REPO / "build" / "host" / "fcs-asan"
VECTORS = sorted((REPO / "tests" / "fcs1").iterdir())
VECTOR = VECTORS[0] / "store.dat"
WAIT = 60
PAGE = 4096
START = 4100
FREE = 0x46524545
MARK = 0xa5d3962c


def fcs(*args, status=0, stdin=b"", quiet=True):
    """What fcs prints, as bytes. Whatever its status, it has not crashed, and a failure has one line that says why."""
    done = subprocess.run([FCS, *map(str, args)], input=stdin, capture_output=True, timeout=WAIT, check=False)
    assert done.returncode == status, done
    said = done.stderr.splitlines(True)
    assert all(line.startswith(b"fcs: ") for line in said), done
    if status > 1:
        assert said, done
    elif quiet:
        assert not said, done
    done.said = b"".join(said).decode()
    return done


def out(*args, **kwargs):
    return fcs(*args, **kwargs).stdout


def complaint(*args, status, stdin=b""):
    done = fcs(*args, status=status, stdin=stdin)
    assert not done.stdout, done
    return done.said


@pytest.fixture
def path(tmp_path):
    """A new name in an empty folder."""
    numbers = itertools.count()
    return lambda suffix="": tmp_path / f"f{next(numbers)}{suffix}"


@pytest.fixture
def run(path):
    def run_script(script, *args, **kwargs):
        ops = path(".txt")
        ops.write_text(script)
        return out("run", *args, ops, **kwargs).decode().splitlines()

    return run_script


@pytest.fixture(params=["region", "classic", "dump"])
def store(request, path, run):
    """An empty store, and what the commands need to be told about it: [FILE, options]"""
    file = path()
    run("start\n", "--file", file, *(["--classic"] if request.param == "classic" else ["--size", "512K"]))
    if request.param != "dump":
        return [file]
    file.write_bytes(bytes(5 * PAGE) + file.read_bytes() + b"\xff" * 1000)
    return [file, "--ram-base", "0x60000000"]


@pytest.fixture
def image(path, run):
    """A region image of 64 KiB with the entries a to e, b's metadata 01 and expiry far away, and no d."""
    file = path(".img")
    run("start\nput 61 414141\nput 62 4242 01 99999999999999\nput 63 43\nput 64 44444444\nput 65 .\ndel 64\n",
        "--file", file, "--size", "64K")
    return file


def word(data, off):
    return struct.unpack_from(">I", data, off)[0]


def set_word(data, off, value):
    struct.pack_into(">I", data, off, value)


def slots(data):
    """[(offset, size)] of the chain of a region image."""
    off, found = START, []
    end = START + (len(data) - START) // 8 * 8
    while off < end:
        found.append((off, word(data, off)))
        off += word(data, off)
    assert off == end
    return found


def unchanged(file, *args, **kwargs):
    """fcs(), which must not change FILE."""
    before = file.read_bytes()
    done = fcs(*args, **kwargs)
    assert file.read_bytes() == before
    return done


def exported(*args):
    return [json.loads(line) for line in out("export", *args).splitlines()]


def contents(*args):
    return {entry.get("key") or entry["key_hex"]: entry.get("value", entry.get("value_hex")) for entry in exported(*args)}


def session(*args):
    """fcs run, with a function that sends a line and returns its answer."""
    process = subprocess.Popen([FCS, "run", *map(str, args), "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL)

    def ask(line):
        process.stdin.write(line.encode() + b"\n")
        process.stdin.flush()
        return process.stdout.readline().decode().rstrip("\n")

    return process, ask
