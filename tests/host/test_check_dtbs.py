# SPDX-License-Identifier: MIT
"""tools/check-dtbs.py: what it takes for a crash, a hang or nonsense, and what for a tree like any other."""

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
MEMMAP = REPO / "build" / "host" / "memmap-asan"


@pytest.fixture
def check(tmp_path, monkeypatch, capsys):
    """Runs it over three trees, with a stub in the place of memmap; its status and what it printed."""
    spec = importlib.util.spec_from_file_location("check_dtbs", REPO / "tools" / "check-dtbs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    trees = tmp_path / "trees"
    (trees / "deep" / "deeper").mkdir(parents=True)
    for name in "nomap", "banks", "deep/deeper/no-memory":
        subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-i", REPO / "tests" / "dts", "-o",
                        trees / f"{name}.dtb", REPO / "tests" / "dts" / f"{Path(name).name}.dts"],
                       check=True, timeout=30)

    def run(stub=None, folder=trees, seconds=module.SECONDS):
        program = MEMMAP
        if stub is not None:
            program = tmp_path / "stub"
            program.write_text(f"#!/bin/sh\nmemmap={MEMMAP}\n{stub}\n")
            program.chmod(0o755)
        monkeypatch.setattr(sys, "argv", ["check-dtbs", str(program), str(folder)])
        monkeypatch.setattr(module, "SECONDS", seconds)
        status = module.main()
        return status, capsys.readouterr().out

    run.trees = trees
    return run


def figures(out):
    return {name: int(value) for name, value in re.findall(r"^figure check_dtbs_(\w+) (\d+) \w+$",
                                                          out, re.M)}


def test_good_and_refused(check):
    (check.trees / "text.dtb").write_text("this is no tree")
    (check.trees / "tree.dts").write_text("not looked at")
    status, out = check()
    assert status == 0
    assert figures(out) == {"trees": 4, "widths": 8, "bad": 0, "refused": 2, "silent": 4}
    assert "not a device tree blob" in out
    assert re.search(r"^no memory: .*: 2$", out, re.M)
    assert "deep/deeper/no-memory.dtb (32 bits)" in out


@pytest.mark.parametrize("stub, said", [
    ("kill -SEGV $$", "crash, status -11"),
    ("echo ERROR: AddressSanitizer >&2; exit 23", "crash, status 23: ERROR: AddressSanitizer"),
    ("exit 1", "status 1 without a line"),
    ("exit 0", "--json"),
    ('"$memmap" "$@" | head -c 60', "--json"),
    ('case "$*" in *--trace*) "$memmap" "$@" >/dev/null ;; *) "$memmap" "$@" ;; esac',
     "text without a map"),
])
def test_bad(check, stub, said):
    status, out = check(stub)
    assert status == 1
    assert figures(out)["bad"] == 6
    assert out.count(said) == 6


def test_hang(check):
    status, out = check("exec tail -f /dev/null", seconds=0.3)
    assert status == 1
    assert out.count("hang: no end within 0.3 seconds") == 6


def test_no_trees(check, tmp_path):
    shutil.rmtree(check.trees)
    assert check(folder=tmp_path)[0] == 1
    assert check(folder=tmp_path / "none")[0] == 2
