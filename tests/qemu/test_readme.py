# SPDX-License-Identifier: MIT
"""The boot in README.md is the one that this tree prints."""

import re
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def plain(lines):
    """Without what changes from run to run and from commit to commit: times, version, code sizes."""
    for line in lines:
        line = re.sub(r"^\[ *\d+\.\d+\]", "[]", line.strip())
        line = re.sub(r"Cairn \S+$", "Cairn", line)
        line = re.sub(r"\+0x[0-9a-f]+/0x[0-9a-f]+$", "", line)
        line = re.sub(r"(0x60010000-)0x6\w+(\S*) +(0x\w+|\d+) bytes", r"\1 \2 bytes", line)
        line = re.sub(r"(0x60010000-)0x6\w+(\] \w+)$", r"\1\2", line)
        yield re.sub(r"(reserved size = ).*", r"\1", line)


def test_recorded_boot(boot):
    text = README.read_text(encoding="utf-8")
    recorded = re.search(r"\n    \[ +0\.000000\] Cairn.*?poweroff\n", text, re.S)[0]
    first, second = recorded.split("cairn> reset")
    board = boot("-a", "memblock=debug mem=900M")
    assert list(plain(board.boot_log.strip().splitlines())) == list(
        plain(first[:first.index("    cairn> ")].strip().splitlines()))
    for command, answer in re.findall(r"cairn> (.+)\n((?:    (?!cairn> ).*\n)+)", first):
        assert board.run(command).split("\n") == [line.strip() for line in answer.splitlines()]
    log = board.reset()
    assert re.search(r"store: recovered 3 entries, \d+ bytes free at 0x98300000, boot 2", log)
    assert "store: recovered 3 entries, 1044288 bytes free at 0x98300000, boot 2" in second
    assert board.run("get note") == "written before the reset"
