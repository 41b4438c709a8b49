# SPDX-License-Identifier: MIT
"""docs/fcs.md shows what fcs prints, and names all of its commands, options and operations; repair.md all findings."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
FCS = REPO / "build" / "host" / "fcs-asan"
TEXT = (REPO / "docs" / "fcs.md").read_text(encoding="utf-8")
COMMAND = "build/host/fcs "
SALT = re.compile(r"^(salt: +0x)[0-9a-f]{8}$", re.M)


def blocks():
    return ["".join(line[4:] for line in block.splitlines(True)) for block in re.findall(r"(?:^    .*\n)+", TEXT, re.M)]


def examples():
    """(command, what it prints) in the order of the page."""
    for block in blocks():
        for part in re.split(rf"^(?={COMMAND})", block, flags=re.M):
            if part.startswith(COMMAND) and "COMMAND" not in part:
                yield part.split("\n", 1)


def fcs(cwd, command):
    done = subprocess.run([FCS, *shlex.split(command)[1:]], cwd=cwd, capture_output=True, timeout=60, text=True, check=False)
    assert done.returncode in (0, 1, 3), done
    return done.stdout + done.stderr


@pytest.fixture
def folder(tmp_path):
    """The files that the page is about."""
    files = {"catalogue.json": '{"key":"apple"', "ops.txt": "start\nput"}
    for name, begin in files.items():
        (tmp_path / name).write_text(next(block for block in blocks() if block.startswith(begin) and "seq" not in block))
    fcs(tmp_path, "fcs import damaged.img catalogue.json")
    damaged = bytearray((tmp_path / "damaged.img").read_bytes())
    damaged[damaged.index(b"green")] ^= 1
    (tmp_path / "damaged.img").write_bytes(damaged)
    (tmp_path / "one").write_text('{"key":"a","value":"1"}\n')
    fcs(tmp_path, "fcs import 16 one --size 16K")
    fcs(tmp_path, "fcs import 8 one --size 8K")
    (tmp_path / "two.ram").write_bytes(
        bytes(4096) + (tmp_path / "16").read_bytes() + bytes(4096) + (tmp_path / "8").read_bytes())
    return tmp_path


def test_examples(folder):
    count = 0
    for command, shown in examples():
        printed = fcs(folder, command)
        if "check damaged" in command:
            printed = re.sub(r"^fcs: damaged.img: .*\n", "", printed, flags=re.M)
        if command.startswith(COMMAND + "get") and not printed.endswith("\n"):
            printed += "\n"
        assert SALT.sub(r"\1", printed) == SALT.sub(r"\1", shown.rstrip("\n") + "\n" if shown.strip() else ""), command
        count += 1
    assert count >= 20


def helped():
    return fcs(REPO, "fcs --help")


def test_commands():
    shown = re.findall(r"^### (\w+)", TEXT, re.M)
    assert sorted(shown) == sorted(re.findall(r"^  (\w+) +\S", helped(), re.M))


def test_options():
    named = set(re.findall(r"`--([a-z0-9-]+)", TEXT))
    assert named == set(re.findall(r"^  --(\S+)", helped(), re.M))


def test_operations():
    source = (REPO / "tools" / "fcs" / "script.c").read_text()
    shown = " ".join(re.findall(r"^\| (`[a-z].*?) \|", TEXT[TEXT.index("One line is one operation"):], re.M))
    assert re.findall(r'OP_\w+, \d, \d, "(\w+)', source) == re.findall(r"`(\w+)", shown)


def messages(name, call):
    """The texts that a source hands to a call, pieced together, as patterns: anything for what begins with %."""
    source = (REPO / "store" / name).read_text()
    for args in re.findall(rf"{call}\((.*?)\);", source, re.S):
        for text in re.findall(r'"([^"]+)"', re.sub(r'"\s+"', "", args)):
            if len(text.split()) > 2:  # else it stands in another one
                yield ".+".join(map(re.escape, re.split(r"%\w+", text)))


def test_findings():
    """repair.md explains each line of a check, and those of an open that are about damage."""
    page = (REPO / "docs" / "repair.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(?:problem: |note: )?(.*?)`", page, re.M)
    found = [*messages("check.c", "tell"), *messages("recover.c", "store_report"), *messages("mend.c", "store_report")]
    assert len(found) > 20
    for pattern in found:
        assert any(re.match(pattern, row) for row in rows), pattern
