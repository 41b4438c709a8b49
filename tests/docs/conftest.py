# SPDX-License-Identifier: MIT
"""A checkout of its own for each worker, and the list of what is not run."""

import os
import shutil
import subprocess
import sys

import pytest

from pages import NAMES, REPO, split

sys.path.insert(0, str(REPO / "tests" / "qemu"))

# What was built, as far as the pages use it: nothing of it is built again.
BUILT = ("armhf", "fcs", "lib", "memmap", "vexpress-a9", "host/fcs", "host/memmap", "host/flash-image")
KEPT = "flash-kept.img"  # of somebody who used it


def copy(source, target):
    ignore = shutil.ignore_patterns("build", ".git", ".pytest_cache", "__pycache__", KEPT + "*")
    if source.is_dir():
        shutil.copytree(source, target, ignore=ignore, symlinks=True)
    elif source.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)


@pytest.fixture(scope="session")
def environment():
    """That of somebody who types the commands, and not of the make that runs this."""
    return {name: value for name, value in os.environ.items()
            if not name.startswith(("MAKE", "MFLAGS", "FLASH_", "BENCH_", "SOURCE_DATE_EPOCH"))}


def version(*what):
    return subprocess.run([REPO / "tools" / "version.sh", *what], check=True, text=True, capture_output=True,
                          timeout=60).stdout.strip()


@pytest.fixture(scope="session")
def checkout(tmp_path_factory, environment):
    """A copy of the tree and of what was built, in which the pages' commands may do as they like."""
    path = tmp_path_factory.mktemp("checkout") / "cairn"
    copy(REPO, path)
    for name in BUILT:
        copy(REPO / "build" / name, path / "build" / name)
    (path / "VERSION").write_text(f"{version()} {version('date')}\n")  # the copy has no history
    subprocess.run(["make", "-s", "all", "flash", "memmap", "fcs", "lib"], cwd=path, env=environment, check=True, timeout=600)
    yield path
    shutil.rmtree(path)  # pytest would keep those of some runs, which are large


@pytest.fixture
def folder(checkout):
    """The checkout, cleared of what a page leaves beside build/."""
    before = set(checkout.iterdir())
    yield checkout
    for path in set(checkout.iterdir()) - before - {checkout / "build"}:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def pytest_terminal_summary(terminalreporter):
    """What the pages show and nothing runs, with the reason that stands there."""
    left_out = [block for name in NAMES for block in split(name)[1] if block.not_run]
    terminalreporter.write_line(f"{len(left_out)} blocks of the documentation are not run:")
    for block in left_out:
        terminalreporter.write_line(f"  {block.where}: {block.not_run}")
