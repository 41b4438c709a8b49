# SPDX-License-Identifier: MIT
"""docs/memmap.md shows what memmap prints, and names all of its options."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
MEMMAP = REPO / "build" / "host" / "memmap"
TEXT = (REPO / "docs" / "memmap.md").read_text(encoding="utf-8")


@pytest.fixture
def memmap(tmp_path):
    """Runs a command line of the page where desk.dtb lies."""
    subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", tmp_path / "desk.dtb",
                    REPO / "tests" / "dts" / "desk.dts"], check=True, timeout=30)

    def run(command):
        program, *args = shlex.split(command)
        assert program == "build/host/memmap"
        return subprocess.run([MEMMAP, *args], cwd=tmp_path, check=True, capture_output=True,
                              timeout=30, text=True).stdout

    return run


def blocks():
    """The first line of each indented block, and the others."""
    for block in re.findall(r"(?:^    .*\n)+", TEXT, re.M):
        first, *rest = [line[4:] for line in block.splitlines()]
        yield first, rest


def plain(lines):
    return [re.sub(r"\+0x[0-9a-f]+/0x[0-9a-f]+$", "", line) for line in lines]


def test_examples(memmap):
    examples = [(first, rest) for first, rest in blocks() if "desk.dtb" in first]
    assert len(examples) == 3
    for command, shown in examples:
        command, _, pattern = command.partition(" | grep ")
        printed = [line for line in memmap(command).splitlines() if pattern in line]
        assert plain(printed) == plain(shown)


def test_picture(memmap, tmp_path):
    command = next(first for first, rest in blocks() if "--store" in first)
    memmap(command.replace("desk.dtb", "--svg map.svg desk.dtb"))
    assert (tmp_path / "map.svg").read_text() == (REPO / "docs" / "memmap.svg").read_text()


def test_options(memmap):
    shown = re.findall(r"^\| `--([^`]+)` \|", TEXT, re.M)
    helped = re.findall(r"^  --(\S+(?: \S+)?)  +\S", memmap("build/host/memmap --help"), re.M)
    assert sorted(option.replace("\\", "") for option in shown) == sorted(set(helped) - {"help"})
