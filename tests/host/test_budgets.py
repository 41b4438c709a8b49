# SPDX-License-Identifier: MIT
"""tools/check-budgets.py, in a project of three files whose make measures what a file says."""

import shutil
import subprocess
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
TABLE = """\
# a comment
size  image_text_bytes    300    310 bytes
size  image_data_bytes   1000  1000 bytes
boot  boot_insn             7      9 instructions # of its own group
"""


class Project:
    def __init__(self, folder):
        self.folder = folder
        for name in ("check-budgets.py", "map-size.awk", "version.sh"):
            (folder / "tools").mkdir(exist_ok=True)
            shutil.copy(REPO / "tools" / name, folder / "tools")
        (folder / "build" / "armhf").mkdir(parents=True)
        (folder / "build" / "vexpress-a9").mkdir()
        self.write("build/vexpress-a9/cairn.map", "Linker script and memory map\n .text.put 0x60010000 0x8 build/vexpress-a9/store/put.o\n")
        self.write(".gitignore", "/build/\n")
        self.write("Makefile", "figures-%:\n\tmkdir -p build/figures\n\tcp measured build/figures/$*\n")
        self.write("tests/budgets", TABLE)
        self.write("store/put.c", "one\n")
        self.measure(300, put=100, get=200)
        self.git("init", "-q")
        self.git("config", "user.name", "somebody")
        self.git("config", "user.email", "somebody@example")
        self.commit("recorded")

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def git(self, *argv):
        subprocess.run(["git", *argv], cwd=self.folder, check=True, capture_output=True)

    def commit(self, subject):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", subject)

    def measure(self, text, **parts):
        """What the project's make finds out from now on."""
        lines = [f"part image_text_bytes {value} store/{name}.o:{name}" for name, value in parts.items()]
        self.write("measured", "\n".join([f"figure image_text_bytes {text} bytes", "figure image_data_bytes 1000 bytes",
                                          "figure boot_insn 9 instructions", *lines]) + "\n")

    def check(self, *argv):
        """(exit status, what it prints)"""
        subprocess.run(["make", "-s", "figures-" + argv[-1]], cwd=self.folder, check=True)
        done = subprocess.run(["tools/check-budgets.py", *argv], cwd=self.folder, check=False, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


def test_within(project):
    project.measure(310, put=110, get=200)
    status, said = project.check("size")
    assert (status, said.splitlines()) == (0, ["figure image_text_bytes 310 bytes", "figure image_data_bytes 1000 bytes",
                                               "figure boot_insn 9 instructions"])
    assert project.check("boot")[0] == 0


def test_broken(project):
    """By how much, what grew since, and the commits that touched it: those that did not are left out."""
    project.write("store/put.c", "two\n")
    project.commit("store: put grows")
    project.write("store/get.c", "three\n")
    project.commit("store: get is another one")
    project.measure(311, put=121, get=180, more=10)
    status, said = project.check("size")
    assert status == 1
    lines = [line.split("  ", 1)[-1].strip() for line in said.splitlines()]
    assert ("check-budgets: image_text_bytes is 311 bytes, 1 more than its budget of 310; 300 were recorded") in lines
    assert any(line.endswith(" recorded") and line.startswith("recorded in ") for line in lines)
    assert said.index("+21  store/put.o:put") < said.index("+10  store/more.o:more (new)")
    assert "get.o" not in said
    assert "store: put grows" in said and "get is another one" not in said
    assert "1 of 2 budgets in tests/budgets are broken" in said


def test_not_committed(project):
    project.write("store/put.c", "two\n")
    project.measure(400, put=200, get=200)
    said = project.check("size")[1]
    assert "not committed yet: store/put.c" in said and "+100  store/put.o:put" in said


@pytest.mark.parametrize("part", ["put", "store/put.c:put"])
def test_function(project, part):
    """Of a function the map says which source it is from, if its name does not."""
    project.write("store/put.c", "two\n")
    project.write("measured", f"figure boot_insn 8 instructions\npart boot_insn 1 {part}\n")
    project.commit("store: put takes longer")
    project.write("tests/budgets", TABLE.replace(" 7 ", " 8 "))
    project.commit("recorded again")
    project.write("store/put.c", "three\n")
    project.write("measured", f"figure boot_insn 10.5 instructions\npart boot_insn 3.5 {part}\n")
    project.commit("store: put takes even longer")
    status, said = project.check("boot")
    assert status == 1 and "10.50 instructions, 1.50 more than its budget of 9; 8 were recorded" in said
    assert "recorded again" in said and f"+2.50  {part}\n" in said and "put takes even longer" in said
    assert "put takes longer" not in said


def test_written_for_another_commit(project):
    """A line that was written before what it came on top of: the commit before it counts."""
    project.measure(320, put=120, get=200)
    project.write("store/put.c", "two\n")
    project.commit("store: put grows")
    project.write("tests/budgets", TABLE.replace("  300 ", "  301 "))
    project.commit("recorded elsewhere")
    said = project.check("size")[1]
    assert "recorded in" in said and "as large already" in said
    assert "+20  store/put.o:put" in said and "store: put grows" in said


def test_without_history(project):
    shutil.rmtree(project.folder / ".git")
    project.measure(311, put=111, get=200)
    status, said = project.check("size")
    assert status == 1 and "has no commit in which it was smaller" in said


def test_not_measured(project):
    project.write("measured", "figure image_text_bytes 1 bytes\n")
    status, said = project.check("size")
    assert status == 1 and "build/figures/size has nothing of image_data_bytes" in said


def test_bad_table(project):
    project.write("tests/budgets", "size image_text_bytes many 310 bytes\n")
    status, said = project.check("size")
    assert status == 1 and "tests/budgets:1: expected GROUP NAME RECORDED LIMIT UNIT" in said


def test_record(project):
    """The value is another one; columns, comments and other groups are as they were."""
    project.measure(42, put=42)
    assert project.check("--record", "size")[0] == 0
    text = (project.folder / "tests" / "budgets").read_text(encoding="utf-8")
    assert text == TABLE.replace("  300 ", "   42 ")
