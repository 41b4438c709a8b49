# SPDX-License-Identifier: MIT
"""What a boot knows of the one before it: the entries under cairn/, and `dmesg -1`."""

import re

import pytest

from board import OWN_LATER
from test_retention import Monitor

UDF = b"\x00\xde"  # Thumb: permanently undefined
KINDS = {"bin": [], "elf": ["--elf"], "atags": ["--no-dtb"], "append": ["--append-dtb"]}


def test_power_on(boot):
    """There was no boot before: no log, no uptime."""
    board = boot("-m", "64M")
    assert "] Last reset: power\n" in board.boot_log
    assert board.run("get cairn/boots; get cairn/reset") == "1\npower"
    assert board.run("get cairn/uptime") == "get: no such key: cairn/uptime"
    assert re.match("dmesg: nothing is left of the last boot's log: .", board.run("dmesg -1"))
    assert board.run("dmesg") == board.boot_log.rstrip("\n")


@pytest.mark.parametrize("kind", KINDS)
def test_reset_command(boot, kind):
    """Whichever way QEMU puts the image into RAM again, what was kept is still there."""
    board = boot("-m", "64M", *KINDS[kind])
    for boots in range(2, 5):
        before = board.run("dmesg")
        log = board.reset()
        assert board.run("get cairn/boots") == str(boots)
        assert board.run("get cairn/reset") == "warm (reset command)"
        uptime = board.run("get cairn/uptime")
        assert f"] Last reset: warm (reset command), after {uptime}\n" in log
        last_stamp = re.findall(r"^\[ *(\d+\.\d{3})", before, re.M)[-1]
        assert float(uptime.split()[0]) >= float(last_stamp)
        assert board.run("dmesg -1") == before
        assert board.run("dmesg") == log.rstrip("\n")
        assert board.entries("cairn/") == OWN_LATER


def test_panic(project, boot, patch_image, tmp_path):
    """A board that halted is reset by somebody: its report is the end of the last log."""
    monitor = Monitor(tmp_path)
    image = patch_image({project.symbols["cmd_version"]: UDF})
    board = boot("-m", "64M", "-a", "cairn.semihosting=0", extra=[*monitor.options, "-kernel", image])
    board.send("version\r")
    board.child.expect(r"\] halted\r*\n")
    monitor.reset()
    log = board.wait_prompt()
    assert re.search(r"\] Last reset: panic, after \d+\.\d{3} s\n", log)
    assert board.run("get cairn/reset") == "panic"
    board.send("dmesg -1\r")
    board.child.expect(r"\] exception: undefined instruction\r*\n")
    board.child.expect(r"pc  [0-9a-f]{8} cmd_version\+0x0")
    assert "] halted\n" in board.until(r"\ncairn> ") + "\n"
    board.reset()
    assert board.run("get cairn/reset") == "warm (reset command)"


def test_without_a_store(boot):
    """Nothing is written, and the log still tells the cause."""
    board = boot("-m", "64M", "-a", "cairn.store=0")
    log = board.reset()
    assert "] Last reset: warm (reset command), after " in log
    assert "cairn/" not in log
    assert board.run("dmesg -1").startswith("dmesg: the store is not open: ")


def test_refused_store(boot, tmp_path):
    """A store that stays closed is left as it is."""
    ram = tmp_path / "ram"
    assert boot("-m", "64M", "--ram", ram).poweroff() == 0
    options = ["-m", "64M", "--ram", ram, "-a", "cairn.store=512K@0x63f00000"]
    board = boot(*options)
    assert "stays closed" in board.boot_log
    before = ram.read_bytes()[0x3f00000:]
    assert "stays closed" in board.reset()
    assert ram.read_bytes()[0x3f00000:] == before


def test_full_store(boot):
    """What finds no room is one line; the board comes up, and what others wrote is there."""
    board = boot("-m", "64M", "-a", "cairn.store=8K")
    keys = 0
    for size in 400, 100, 20, 1:
        while board.run(f"put k{keys} {'x' * size}").startswith("put: k"):
            keys += 1
    log = board.reset()
    assert len(re.findall(r"\] cairn/: [1-4] of the last boot's entries could not be written: "
                          "there is no room for it\n", log)) == 1
    assert board.entries("k") == keys
    assert board.run("get cairn/reset").startswith(("get: no such key", "warm"))
    board.run("del k0; del k1; del k2")
    assert "could not be written" not in board.reset()
    assert board.entries("cairn/") == OWN_LATER


def test_long_log(boot):
    """Of a log that is too long for the region the last lines are kept, whole ones."""
    board = boot("-m", "64M", "-a", "cairn.store=64K memblock=debug")
    for _ in range(25):
        board.run("memblock")
    before = board.run("dmesg")
    board.reset()
    last = board.run("dmesg -1")
    assert before.endswith("\n" + last)
    assert 7000 < len(last) <= 8192


def test_ring_was_full(boot):
    """The lines of this boot take the place of the last one's oldest."""
    board = boot("-m", "64M", "-a", "quiet")
    for _ in range(170):
        board.run("memblock")
    before = board.run("dmesg")
    board.reset()
    last = board.run("dmesg -1")
    assert before.endswith("\n" + last)
    assert 55000 < len(last) < len(before)


def test_count_that_is_none(boot):
    """Somebody wrote to the entry of the count."""
    board = boot("-m", "64M")
    for text in "soon", "1 2", "''", "99999999999999999999999999999999":
        board.run(f"put cairn/boots {text}" if text == "''" else f"put cairn/boots '{text}'")
        assert "cairn/boots: it is not the number that was expected" in board.reset()
        assert board.run("get cairn/boots") == "1"
    board.run("put cairn/boots 41")
    assert "cairn/boots" not in board.reset()
    assert board.run("get cairn/boots") == "42"


def test_entry_of_somebody_else(boot):
    """What is under cairn/log is shown, whoever put it there."""
    board = boot("-m", "64M", "--init", "put cairn/log 'not a log'")
    assert board.run("dmesg -1; version").startswith("not a log\n")


def test_stress_ends_with_a_key(boot):
    """Any key; nothing of it reaches the prompt."""
    board = boot("-m", "64M")
    for key in "\x03", "q", " ", "\r":
        board.send("stress\r")
        board.until("nothing missing")
        board.until(r"\n\d+\r*\n")
        board.send(key)
        board.until(r"\d+\r*\ncairn> ")
        assert "nothing missing" in board.run("stress check")
    assert board.run("stress 3").count("\n") == 3
    assert "wrong" in board.run("put stress/foo bar; stress")
