# SPDX-License-Identifier: MIT
"""What the pages list is all that there is: options, commands, parameters, messages."""

import re
import subprocess

import pytest

from board import Board
from pages import REPO, split

WAIT = 60


def page(name):
    return split(name)[0]


def source(name):
    return (REPO / name).read_text(encoding="utf-8")


def printed(folder, *argv):
    return subprocess.run(argv, cwd=folder, check=True, capture_output=True, timeout=WAIT, text=True).stdout


def test_memmap_options(checkout):
    shown = re.findall(r"^\| `--([^`]+)` \|", page("docs/memmap.md"), re.M)
    helped = re.findall(r"^  --(\S+(?: \S+)?)  +\S", printed(checkout, "build/host/memmap", "--help"), re.M)
    assert sorted(option.replace("\\", "") for option in shown) == sorted(set(helped) - {"help"})


def test_memmap_picture(checkout, tmp_path):
    """The picture on the page is that of its first example."""
    subprocess.run(["dtc", "-q", "-O", "dtb", "-o", tmp_path / "desk.dtb", REPO / "tests" / "dts" / "desk.dts"],
                   check=True, timeout=WAIT)
    command = next(line for block in split("docs/memmap.md")[1] for line in block.text.splitlines() if "--store" in line)
    printed(tmp_path, checkout / "build/host/memmap", "--svg", "map.svg", *command.split()[2:])
    assert (tmp_path / "map.svg").read_text() == source("docs/memmap.svg")


@pytest.fixture
def fcs_help(checkout):
    return printed(checkout, "build/host/fcs", "--help")


def test_fcs_commands(fcs_help):
    assert sorted(re.findall(r"^### (\w+)", page("docs/fcs.md"), re.M)) == sorted(re.findall(r"^  (\w+) +\S", fcs_help, re.M))


def test_fcs_options(fcs_help):
    assert set(re.findall(r"`--([a-z0-9-]+)", page("docs/fcs.md"))) == set(re.findall(r"^  --(\S+)", fcs_help, re.M))


def test_fcs_operations():
    text = page("docs/fcs.md")
    shown = " ".join(re.findall(r"^\| (`[a-z].*?) \|", text[text.index("One line is one operation"):], re.M))
    assert re.findall(r'OP_\w+, \d, \d, "(\w+)', source("tools/fcs/script.c")) == re.findall(r"`(\w+)", shown)


def messages(name, call):
    """The texts that a source hands to a call, pieced together, as patterns: anything for what begins with %."""
    for args in re.findall(rf"{call}\((.*?)\);", source(name), re.S):
        for text in re.findall(r'"([^"]+)"', re.sub(r'"\s+"', "", args)):
            if len(text.split()) > 2:  # else it stands in another one
                yield ".+".join(map(re.escape, re.split(r"%\w+", text)))


def test_findings():
    """repair.md explains each line of a check, and those of an open that are about damage."""
    rows = re.findall(r"^\| `(?:problem: |note: )?(.*?)`", page("docs/repair.md"), re.M)
    found = [*messages("store/check.c", "tell"), *messages("store/recover.c", "store_report"), *messages("store/mend.c", "store_report")]
    assert len(found) > 20
    for pattern in found:
        assert any(re.match(pattern, row) for row in rows), pattern


def test_shell_commands(checkout, environment):
    """shell.md has a row for each line of `help`, and for each word that may follow a command."""
    board = Board(["./qemu-run.sh", "-m", "64M"], None, cwd=checkout, env=environment)
    try:
        board.wait_prompt()
        helped = board.run("help")
    finally:
        board.close()
    there = set()
    for command, words in re.findall(r"^([a-z]\w*) ?(.*?)(?:  .*)?$", helped, re.M):
        there.add(command)
        there |= {f"{command} {word}" for word in re.findall(r"(?:^|\||\[)([a-z]+)", words)}
    text = page("docs/shell.md")
    rows = re.findall(r"^\| (`.*?) \|", text[text.index("| command |"):].split("\n\n")[0], re.M)
    shown = set()
    for command, words in re.findall(r"`([a-z]\w*) ?(.*?)`", " ".join(rows)):
        shown.add(command)
        shown |= {f"{command} {word}" for word in re.findall(r"(?:^|\||\[)([a-z]+)", words)}
    assert shown == there


def test_parameters():
    """boot.md has a row for each parameter of the command line that is known."""
    known = {name for path in (REPO / "boot").glob("*.c")
             for table in re.findall(r"struct param \w+\[\] = \{\n(.*?)\n\};", path.read_text(encoding="utf-8"), re.S)
             for name in re.findall(r'\{"([\w.]+)", ', table)}
    assert len(known) > 15
    text = page("docs/boot.md")
    rows = re.findall(r"^\| (`.*?`) \|", text[text.index("| parameter |"):].split("\n\n")[0], re.M)
    shown = set(re.findall(r"`([\w.]+)(?:=|`|\[)", " ".join(rows)))
    assert shown == known


def test_trace():
    """trace.md explains lines of its log, and such as there are."""
    text = page("docs/trace.md")
    log = "".join(block.text for block in split("docs/trace.md")[1])
    here, others = re.findall(r"^\| line \|.*\n((?:\|.*\n)+)", text, re.M)
    assert len(here.splitlines()) > 15
    for row in here.splitlines()[1:]:
        for line in re.findall(r"`([^`]+)`", row.split("|")[1]):
            assert line in log, line
    code = "".join(path.read_text(encoding="utf-8") for path in (REPO / "mm").glob("memblock*.c"))
    for line in re.findall(r"^\| `(?:memblock: )?(.+?)(?::? \[| \(|: N |\d)", others, re.M):
        assert line.replace("reserved is", "%s is") in code, line


def test_figures():
    """The figures on the first page are those of the page that it names in front of them."""
    found = re.findall(r"\]\((docs/\w+\.md)\).*:\n\n((?:\|.*\n)+)", page("README.md"))
    assert len(found) == 3
    for name, table in found:
        figures = re.findall(r"(?<=\| )[\d,]+(?= \|)", table)
        assert len(figures) >= 3
        for figure in figures:
            assert re.search(rf"(?<![\d,.]){figure}(?![\d,.]*\d)", page(name)), f"{name}: {figure}"


# What stands for something else in a message: a number, a name in capitals, a partition.
VARIABLE = re.compile(r"\b(?:\d[\w.]*|[A-Z][A-Z0-9]*|store-[ab])\b|\.\.\.")


def literals():
    """The text between quotes in all sources, that of neighbours in one."""
    files = [path for folder in ("boot", "shell", "store") for path in (REPO / folder).rglob("*.c")]
    return re.sub(r'"\s*"', "", "".join(path.read_text(encoding="utf-8") for path in files))


@pytest.mark.parametrize("name", ["docs/boot.md", "docs/board.md"])
def test_lines(name):
    """Clauses of the lines that are explained are in the sources."""
    said = literals()
    tables = re.findall(r"^\| line \|.*\n((?:\|.*\n)+)", page(name), re.M)
    clauses = [clause.strip() for line in re.findall(r"^\| `([^`]+)` \|", "".join(tables), re.M)
               for clause in re.split(r"[:,]", VARIABLE.sub(":", line)) if len(clause.split()) > 2]
    assert len(clauses) > 3
    for clause in clauses:
        assert clause in said, f"{name}: {clause}"


def test_store_calls():
    """firmware.md has every call of the store, in its program or in a table."""
    calls = {call for name in ("store/store.h", "store/snapshot.h")
             for call in re.findall(r"^[a-z].*?\**((?:store|snapshots?)_\w+)\(", source(name), re.M)}
    assert len(calls) > 35
    program = "".join(block.text for block in split("docs/firmware.md")[1])
    missing = {call for call in calls if f"{call}(" not in program and f"`{call}()`" not in page("docs/firmware.md")}
    assert missing == set()


def test_tests():
    """testing.md names every test of the code, on the host and on the board, or one that its name begins with."""
    files = [path for folder in ("unit", "threads", "powercut", "host", "qemu")
             for path in (REPO / "tests" / folder).glob("test_*.[cp]*")]
    assert len(files) > 100
    named = tuple(re.findall(r"`(?:tests/\w+/)?(test_\w+)(?:\.py)?`", page("docs/testing.md")))
    assert [str(path.relative_to(REPO)) for path in files if not path.stem.startswith(named)] == []


def test_measured():
    """What durability.md says was tried is what `make unit` has tried last, within a twentieth."""
    figures, library = REPO / "build" / "host" / "figures", REPO / "build" / "host" / "libcairn.a"
    if not figures.exists() or figures.stat().st_mtime < library.stat().st_mtime:
        pytest.skip("make unit has not run since the last change")
    measured = dict(re.findall(r"^figure (\w+) (\d+) ", figures.read_text(), re.M))
    compared = 0
    for cell in re.findall(r"(?<=\|)[^|]*`figure [^|]*(?=\|)", page("docs/durability.md")):
        name, shown = re.search(r"`figure (\w+)`", cell)[1], int(re.search(r"[\d,]{2,}", cell)[0].replace(",", ""))
        if name in measured:
            assert abs(int(measured[name]) - shown) <= shown / 20, f"{name}: {measured[name]} was measured, {shown} is shown"
            compared += 1
    assert compared == 3
