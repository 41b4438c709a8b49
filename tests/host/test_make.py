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
