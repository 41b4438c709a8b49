# SPDX-License-Identifier: MIT
"""The Makefile: goals that are built together."""

import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]


def test_nothing_is_built_twice():
    """What several goals share is one job, which -j cannot have two of at once; packages come first."""
    out = subprocess.run(["make", "-n", "-C", REPO, "OUT=build/none", "V=1", "all", "flash", "uimg", "fcs-armhf"],
                         check=True, text=True, capture_output=True, timeout=120).stdout
    made = Counter(re.findall(r"gcc .* -o (\S+)$", out, re.M))
    assert {"build/none/lib/flash.o", "build/none/cairn.elf", "build/none/selector/boot/selector/main.o",
            "build/fcs-armhf/fcs"} <= set(made)
    assert [path for path, times in made.items() if times > 1] == []
    assert 0 <= out.find("tools/setup.sh") < out.find("gcc ")


def test_no_goal_is_the_image():
    """Whatever rule comes first in the file."""
    out = subprocess.run(["make", "-n", "-C", REPO, "OUT=build/none", "V=1"], check=True, text=True,
                         capture_output=True, timeout=120).stdout
    assert " build/none/cairn.bin" in out and "build/none/vexpress-a9.dtb" in out


@pytest.mark.parametrize("goal", ["flash", "uimg", "memmap", "fcs", "lib", "install-lib", "fcs-armhf"])
def test_packages_come_first(goal):
    """What a user makes first, on a machine that has nothing yet, installs what it needs."""
    out = subprocess.run(["make", "-n", "-B", "-C", REPO, "V=1", goal], check=True, text=True, capture_output=True,
                         timeout=120).stdout
    assert 0 <= out.find("tools/setup.sh") < out.find("gcc ")


# ---- without parts ----

@pytest.mark.parametrize("value", ["", "Y", "no", "y n", "1y"])
def test_a_part_is_there_or_not(value):
    done = subprocess.run(["make", "-n", "-C", REPO, f"OOM={value}"], check=False, text=True, capture_output=True,
                          timeout=120)
    assert done.returncode == 2 and f"*** OOM={value}: expected y or n.  Stop." in done.stderr


@pytest.mark.parametrize("part, goals", [("STAGE=n", ["all", "flash"]), ("STAGE=n", ["size"]), ("OOM=n", ["test"]),
                                         ("OOM=n", ["stack"]), ("OOM=n", ["check-parts"])])
def test_goals_of_the_whole_image(part, goals):
    """They would measure or test another image than they say."""
    done = subprocess.run(["make", "-n", "-C", REPO, part, *goals], check=False, text=True, capture_output=True,
                          timeout=120)
    assert (done.returncode, done.stdout.count("gcc")) == (2, 0)
    assert f"*** {goals[-1]}: " in done.stderr and "leave STAGE=n" in done.stderr


def test_what_is_made_says_what_it_lacks():
    """Also its names for U-Boot and in flash; what is run is what was asked for."""
    out = subprocess.run(["make", "-n", "-B", "-C", REPO, "OOM=n", "uimg", "flash", "run"], check=True, text=True,
                         capture_output=True, timeout=120).stdout
    names = re.findall(r"[\"']Cairn (\S+)[\"']", out)
    assert len(names) == 2 and all(name.endswith("-without-oom") for name in names)
    assert re.search(r"^\./qemu-run\.sh +--without oom$", out, re.M)
