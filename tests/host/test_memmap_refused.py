# SPDX-License-Identifier: MIT
"""Wrong usage of memmap, and files that it cannot use."""

import subprocess

import pytest

from memmap_tool import HALF, MEMMAP, WAIT, half, header, run, source, tree


@pytest.mark.parametrize("args, said", [
    ([], "expected the file"),
    (["FILE", "more"], "more: expected one file only"),
    (["--unheard", "FILE"], "--unheard: no option"),
    (["--i", "1,2", "FILE"], "--i: no option"),
    (["-j", "FILE"], "-j: there is no such option"),
    (["--json=yes", "FILE"], "--json=yes: no option, or one that takes no argument"),
    (["FILE", "--svg"], "--svg needs an argument"),
    (["--phys", "33", "FILE"], "--phys 33: expected 32 or 64"),
    (["--phys", "", "FILE"], "expected 32 or 64"),
    (["--image", "0x60010000", "FILE"], "expected BASE,SIZE"),
    (["--image", "0x60010000,", "FILE"], "expected BASE,SIZE"),
    (["--image", ",4K", "FILE"], "expected BASE,SIZE"),
    (["--image", "1,2,3", "FILE"], "expected BASE,SIZE"),
    (["--image", "0x60010000,4Kx", "FILE"], "expected BASE,SIZE"),
    (["--image", "-1,4K", "FILE"], "expected BASE,SIZE"),
    (["--image", " 1,4K", "FILE"], "expected BASE,SIZE"),
    (["--image", "0x60010000,0", "FILE"], "expected a size above 0"),
    (["--image", "0xfffffffffffff000,8K", "FILE"], "pass the last address of 64 bits"),
    (["--image", "0x10000000000000000,1", "FILE"], "expected BASE,SIZE"),
    (["--image", "0xfffff000,8K", "--phys", "32", "FILE"], "pass the last address of 32 bits"),
    (["--image", "0x100000000,8K", "--phys", "32", "FILE"], "beyond the last address of 32 bits"),
    (["--dtb-at", "", "FILE"], "expected an address"),
    (["--dtb-at", "0x60000004", "FILE"], "expected a multiple of 8"),
    (["--dtb-at", "0x100000000", "--phys", "32", "FILE"], "beyond the last address of 32 bits"),
    (["--dtb-at", "0xfffffff8", "--phys", "32", "FILE"], "pass the last address of 32 bits"),
    (["--initrd", "0x62000000", "FILE"], "expected START,END"),
    (["--initrd", "0x62000000,0x62000000", "FILE"], "expected an end above the start"),
    (["--initrd", "0x62000000,0x100000001", "--phys", "32", "FILE"], "pass the last address"),
    (["--load-addr", "here", "FILE"], "expected an address"),
    (["--load-addr", "4G", "--phys", "32", "FILE"], "beyond the last address of 32 bits"),
    (["--store", "lots", "FILE"], "expected SIZE[@ADDR]"),
    (["--store", "1M@", "FILE"], "expected SIZE[@ADDR]"),
    (["--store", "1M@0x61000000x", "FILE"], "expected SIZE[@ADDR]"),
    (["--store", "0", "FILE"], "expected a size above 0"),
    (["--store", "8G", "--phys", "32", "FILE"], "pass the last address of 32 bits"),
])
def test_wrong_usage(half, args, said):
    done = run(*(half if arg == "FILE" else arg for arg in args), status=2)
    assert said in done.stderr
    assert "--help" in done.stderr or "--dtb-at" in args
    assert done.stdout == ""


@pytest.mark.parametrize("change, said", [
    (lambda blob: b"", "not a device tree"),
    (lambda blob: blob[:39], "not a device tree"),
    (lambda blob: b"/dts-v1/; / { }; " + bytes(64), "not a device tree"),
    (lambda blob: blob[:-1], "the tree says it has"),
    (lambda blob: header(blob, totalsize=0), "damaged"),
    (lambda blob: header(blob, totalsize=40), "damaged"),
    (lambda blob: header(blob, totalsize=(2 << 20) + 1), "at most 2097152"),
    (lambda blob: header(blob, totalsize=0xFFFFFFFF), "at most 2097152"),
    (lambda blob: header(blob, off_dt_struct=0xFFFFFFF8), "damaged"),
    (lambda blob: header(blob, version=1), "damaged"),
    (lambda blob: header(blob, size_dt_struct=8), "damaged"),
])
def test_damaged(tree, change, said):
    done = run(tree(source(HALF), change=change), status=1)
    assert said in done.stderr
    assert done.stdout == ""


def test_missing_files(tmp_path, half):
    assert "No such file" in run(tmp_path / "none", status=1).stderr
    assert "Is a directory" in run(tmp_path, status=1).stderr
    assert "not a device tree" in run("/dev/zero", status=1).stderr
    assert "No such file" in run("--svg", tmp_path / "none" / "svg", half, status=1).stderr


def test_output_that_cannot_be_written(half):
    """It is no success to print into a full disk."""
    for option in "--json", "--trace":
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([MEMMAP, option, half], stdout=full, stderr=subprocess.PIPE,
                                  timeout=WAIT, text=True, check=False)
        assert (done.returncode, done.stderr) == (
            1, "memmap: standard output: No space left on device\n")
    assert "No space left" in run("--svg", "/dev/full", half, status=1).stderr
