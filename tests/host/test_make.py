# SPDX-License-Identifier: MIT
"""The Makefile: goals that are built together."""

import re
import subprocess
from collections import Counter
from pathlib import Path

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
