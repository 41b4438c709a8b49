# SPDX-License-Identifier: MIT
"""The firmware of examples/boots, made of the libraries as they are installed, as docs/library.md has it."""

import re
import subprocess
from pathlib import Path

import pytest

DOC = (Path(__file__).parents[2] / "docs" / "library.md").read_text(encoding="utf-8")


@pytest.fixture
def boots(project):
    """Runs it until it switches the board off; what it printed."""

    def run(*options):
        done = subprocess.run([project.script, "--image", project.example, *map(str, options)], check=True,
                              text=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
        assert done.stderr == ""
        return done.stdout.splitlines()

    return run


def test_counts_over_resets(boots):
    """Power on, two resets: as recorded."""
    assert boots() == re.findall(r"^boot \d.*$", DOC, re.M)


def test_counts_on_when_ram_outlives_qemu(boots, tmp_path):
    """The count is in the region, and nowhere else; other cores do not count."""
    ram = tmp_path / "boots.ram"
    assert [line.split(",")[0] for line in boots("--ram", ram, "-m", "256M")] == [
        f"boot {n}: counted" for n in (1, 2, 3)]
    assert [line.split(",")[0] for line in boots("--ram", ram, "-m", "256M", "--smp", "4")] == ["boot 4: counted"]


def test_says_what_is_wrong(project, boots, tmp_path):
    """A region that is damaged is not formatted: it says so and switches the board off."""
    ram = tmp_path / "boots.ram"
    boots("--ram", ram, "-m", "256M")
    with open(ram, "r+b") as file:
        for copy in (0, 2048):  # of the superblock
            file.seek((255 << 20) + copy + 20)
            file.write(b"\xff")
    said, = boots("--ram", ram, "-m", "256M")
    assert re.match(r"boot 0: the bytes are damaged, \d+ KiB reserved$", said)


@pytest.mark.parametrize("part", ["stage", "oom"])
def test_another_program_has_no_parts(project, part):
    done = subprocess.run([project.script, "--image", project.example, "--without", part], check=False,
                          text=True, capture_output=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr == "qemu-run.sh: --image: leave --elf, --no-dtb, --append-dtb, --load, --init and --without out, " \
        "which are for Cairn\n"


def test_no_initrd_for_an_elf(project):
    """QEMU would drop it in silence."""
    done = subprocess.run([project.script, "--image", project.example, "-i", project.example], check=False,
                          text=True, capture_output=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr == f"qemu-run.sh: --image {project.example}: QEMU would drop -i in silence for an ELF; " \
        "leave one of them out\n"
