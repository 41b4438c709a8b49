# SPDX-License-Identifier: MIT
"""Every block of the documentation says what it is, and how it is checked."""

import subprocess

import pytest

from pages import NAMES, REPO, faults, split


@pytest.mark.parametrize("name", NAMES)
def test_marks(name):
    _, blocks, errors = split(name)
    errors += [f"{block.where}: {fault}" for block in blocks for fault in faults(block)]
    assert not errors, "\n".join(errors)


@pytest.mark.parametrize("name", NAMES)
def test_format(name):
    """Code looks as all of the tree's does."""
    for block in split(name)[1]:
        if block.language == "c":
            done = subprocess.run(["clang-format", f"--style=file:{REPO}/.clang-format", "--dry-run", "-Werror",
                                   "--assume-filename=example.c"], input=block.text, text=True, capture_output=True,
                                  timeout=60, check=False)
            assert done.returncode == 0, f"{block.where}: {done.stderr}"
