# SPDX-License-Identifier: MIT
"""The log: nothing is lost from before the console, stamps go on, and the ring has an end."""

import re

import pytest

LINE = re.compile(r"\[ *(\d+)\.(\d{6})\] ")


@pytest.mark.parametrize("options", [[], ["--elf"], ["--no-dtb"], ["--append-dtb"]],
                         ids=["bin", "elf", "atags", "append"])
def test_dmesg(boot, options):
    """The log holds what the console showed, from the very first line on."""
    board = boot("-m", "64M", *options)
    dmesg = board.run("dmesg")
    assert dmesg == board.boot_log.rstrip("\n")
    lines = dmesg.splitlines()
    assert re.fullmatch(r"\[    0\.000000\] Cairn \S+", lines[0])
    assert re.match(r"\[    0\.000000\] .*device tree: ", "\n".join(lines[1:3]))
    stamps = [LINE.match(line).groups() for line in lines]
    times = [int(seconds) * 10**6 + int(micro) for seconds, micro in stamps]
    assert times == sorted(times)
    # From the console on there is a clock.
    assert times[-1] > 0
    assert times[-1] < 30 * 10**6


def test_the_version_is_that_of_the_build(boot):
    board = boot("-m", "64M")
    version = re.search(r"\] Cairn (\S+)", board.boot_log)[1]
    out = board.run("version")
    assert out.startswith(version)
    assert "board: ARM Versatile Express CoreTile Express A9x4" in out
    assert "device tree: from the loader" in out


def test_bootargs(boot):
    board = boot("-m", "64M", "-a", 'one "two three"  four')
    assert board.run("bootargs") == 'cairn.semihosting one "two three"  four'


def test_ring(boot):
    """When it is full the oldest lines go, whole ones."""
    board = boot("-m", "64M", "-a", "quiet")
    for _ in range(170):
        board.run("memblock")
    dmesg = board.run("dmesg")
    assert 60000 < len(dmesg) <= 65536
    assert "] Cairn " not in dmesg
    assert all(LINE.match(line) for line in dmesg.splitlines())
    assert dmesg.splitlines()[-1].count("reserved[") == 1
