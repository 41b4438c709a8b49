# SPDX-License-Identifier: MIT
"""memmap for its tests, in the build with ASan and UBSan: how it is run, and trees for it."""

import itertools
import json
import re
import struct
import subprocess
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
DTS = REPO / "tests" / "dts"
MEMMAP = REPO / "build" / "host" / "memmap-asan"
WAIT = 60  # seconds for a run, which takes a hundredth of one

HALF = 'memory@60000000 { device_type = "memory"; reg = <0x60000000 0x20000000>; };'
STAMP = "[    0.000000] "
CELLS = "#address-cells = <1>; #size-cells = <1>;"


def run(*args, status=0):
    """What memmap prints. Whatever its status, it has not crashed."""
    done = subprocess.run([MEMMAP, *map(str, args)], capture_output=True, timeout=WAIT, check=False)
    assert done.returncode == status, done
    done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
    if status:
        assert done.stderr.startswith("memmap: ") and done.stderr.count("\n") == 1, done
    return done


def survey(*args):
    """The JSON, with numbers for its hexadecimal strings."""
    found = json.loads(run("--json", *args).stdout)
    assert list(found) == ["memory", "reserved", "messages"]
    for region in found["memory"] + found["reserved"]:
        for name in ("base", "size", "flags"):
            assert re.fullmatch("0x(0|[1-9a-f][0-9a-f]*)", region[name])
            region[name] = int(region[name], 16)
    return found


def regions(found):
    """[(base, end, flags)] of a list, or with the name where there is one."""
    return [(r["base"], r["base"] + r["size"], r["name"] if "name" in r else r["flags"])
            for r in found]


def reserved(*args):
    return regions(survey(*args)["reserved"])


def memory(*args):
    return regions(survey(*args)["memory"])


def messages(*args):
    return "\n".join(survey(*args)["messages"])


def source(*parts, memreserve=""):
    return "/dts-v1/; %s / { %s %s };" % (memreserve, CELLS, " ".join(parts))


def children(body):
    return "reserved-memory { %s ranges; %s };" % (CELLS, body)


@pytest.fixture
def tree(tmp_path):
    """The file of a tree: tests/dts/NAME.dts, or the text that is given. CHANGE patches its bytes."""
    numbers = itertools.count()

    def make(text, change=None):
        text = text if "{" in text else (DTS / f"{text}.dts").read_text()
        blob = subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-i", DTS], check=True,
                              timeout=WAIT, input=text.encode(), capture_output=True).stdout
        path = tmp_path / f"tree{next(numbers)}.dtb"
        path.write_bytes(change(blob) if change else blob)
        return path

    return make


@pytest.fixture
def half(tree):
    """512 MiB at 0x60000000 and nothing else."""
    return tree(source(HALF))


def header(blob, **changes):
    names = ("magic totalsize off_dt_struct off_dt_strings off_mem_rsvmap version last_comp_version "
             "boot_cpuid_phys size_dt_strings size_dt_struct").split()
    fields = dict(zip(names, struct.unpack(">10I", blob[:40])), **changes)
    return struct.pack(">10I", *fields.values()) + blob[40:]


def at(i, step):
    return f"0x{0x61000000 + i * step:08x}"
