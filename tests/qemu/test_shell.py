# SPDX-License-Identifier: MIT
"""The prompt on a terminal: every command, editing a line, and what is typed by mistake."""

import random
import re

import pytest

from board import OWN

CTRL_C = "\x03"
UP, DOWN, RIGHT, LEFT = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"
BACKSPACE = "\x7f"


@pytest.fixture
def board(boot):
    return boot("-m", "64M")


def typed(board, keys):
    """The output of the command that KEYS leave on the line when Enter is pressed."""
    board.send(keys + "\r")
    board.until(r"\r*\n")  # the end of the line as it was edited
    return board.until(r"(?:^|\n)cairn> ")


def test_every_command(board):
    """help lists them; each has a usage line or an answer, and the prompt comes back."""
    names = re.findall(r"^([a-z]+)", board.run("help"), re.M)
    for name in ("help version memblock meminfo pgtable dt bootargs put get del ls stat clear md mw dmesg "
                 "stress reset poweroff").split():
        assert name in names
        assert board.run(f"help {name}").startswith(f"usage: {name}")
    for line in ("put", "put k", "put k v 1 x", "get", "get a b", "del", "md", "mw 0x61000000",
                 "store", "memblock x", "dt / x", "ls a b"):
        assert board.run(line).startswith("usage: " + line.split()[0])


@pytest.mark.parametrize("line, answer", [
    ("nonsense", 'no command "nonsense"'),
    ("NONSENSE=1", "no command"),
    ("put k 'v", "quot"),
    ('put k "v', "quot"),
    ("put k v soon", 'SECONDS is "soon"'),
    ("put k v 0", "number"),
    ("put k v -1", "number"),
    ("put k v 99999999999999999999", "number"),
    ("put '' v", "the key has 0 bytes"),
    ("get missing", "no such key: missing"),
    ("del missing", "no such key: missing"),
    ("dt /nowhere", "no node"),
    ("dt serial9", "no node"),
    ("md junk", 'ADDR is "junk"'),
    ("md 0x60000000 0", "number"),
    ("mw 0x61000000 0x100000000", "number"),
    ("md 0x100000000", "number"),
    ("a b c d e f g h i j k l m n o p q r s t u v w x y z 1 2 3 4 5 6 7 8", "word"),
])
def test_wrong_commands(board, line, answer):
    """One line says what was expected; nothing of a line that is wrong is run."""
    out = board.run(line)
    assert answer in out and "\n" not in out
    assert board.entries() == OWN


def test_store_commands(board):
    assert board.run("put a 1; put b '2 3'; put c\\ d \"x;y\"") == \
        "put: a, 1 byte\nput: b, 3 bytes\nput: c d, 3 bytes"
    assert board.run("get b; get 'c d'") == "2 3\nx;y"
    assert board.entries() == OWN + 3
    assert "1 entry" in board.run("ls a")
    assert f"entries:      {OWN + 3}" in board.run("stat")
    assert "del: a" in board.run("del a")
    assert f"{OWN + 2} entries removed" in board.run("clear")
    assert board.entries() == 0


def test_memory_commands(board):
    assert board.run("mw 0x61000000 0x64636261") == ""
    assert board.run("mw 0x61000004 012; mw 0x61000008 255") == ""
    assert board.run("md 0x61000000 3") == \
        "61000000: 64636261 0000000a 000000ff           abcd........"
    assert board.run("md 0x60010024 1").startswith("60010024: 016f2818")  # the image's own magic
    assert len(board.run("md 0x61000000").splitlines()) == 4
    assert board.run("md 0xfffffffc 1") == "md: not 0xfffffffc: nothing is mapped there"
    out = board.run("md 0x600ffff8 4")
    assert out.startswith("600ffff8: ") and len(out.splitlines()) == 1


def test_lists(board):
    memory = board.run("memblock memory")
    assert memory == "   0: 0x60000000..0x63ffffff"
    reserved = board.run("memblock reserved").splitlines()
    found = board.map().reserved
    assert reserved == [f"{i:4d}: 0x{r[0]:08x}..0x{r[1]:08x}" for i, r in enumerate(found)]
    numbers = dict(re.findall(r"(\w+): +(\d+) kB", board.run("meminfo")))
    numbers = {name: int(value) for name, value in numbers.items()}
    assert numbers["MemTotal"] == 65536
    assert abs(numbers["MemTotal"] - numbers["MemReserved"] - numbers["MemFree"]) <= 1
    assert numbers["LargestFree"] <= numbers["MemFree"]
    assert 0 < numbers["HeapSize"] <= numbers["MemReserved"]


def test_long_property(boot):
    """What is left out of a long property is counted."""
    board = boot("-m", "64M", "-a", "x" * 600)
    assert re.search(r"bootargs = \"cairn.*; /\* \d+ more bytes \*/", board.run("dt /chosen"))


def test_device_tree(board):
    root = board.run("dt")
    assert root.startswith("/ {\n") and root.endswith("\n};")
    assert 'model = "ARM Versatile Express CoreTile Express A9x4";' in root
    assert "serial@10009000 { ... };" in root
    assert root == board.run("dt /")
    assert "reg = <0x10009000 0x1000>;" in board.run("dt /serial@10009000")
    assert board.run("dt serial0") == board.run("dt /serial@10009000")
    assert "bootargs = " in board.run("dt /chosen")


@pytest.mark.parametrize("keys, answer", [
    (f"bootarsg{BACKSPACE}{BACKSPACE}gs", "cairn.semihosting"),
    ("bootarsg\b\bgs", "cairn.semihosting"),
    (f"ootargs{LEFT * 7}b", "cairn.semihosting"),
    (f"otargs{LEFT * 20}bo{RIGHT * 20}", "cairn.semihosting"),
    (f"bootxargs{LEFT * 4}{BACKSPACE}", "cairn.semihosting"),
    ("ootargs\x01b", "cairn.semihosting"),
    ("xbootargs\x01\x1b[3~", "cairn.semihosting"),
    ("nonsense\x15bootargs", "cairn.semihosting"),
    (f"{BACKSPACE * 5}bootargs", "cairn.semihosting"),
    (f"bootargs{LEFT * 4}", "cairn.semihosting"),
], ids=range(10))
def test_editing(board, keys, answer):
    if "\x01" in keys:  # QEMU's own escape: twice is once
        keys = keys.replace("\x01", "\x01\x01")
    assert answer in typed(board, keys)


def test_history(board):
    board.run("put k one")
    board.run("get k")
    board.run("put k two")
    assert "two" in typed(board, UP * 2)  # get k
    assert "put: k" in typed(board, UP * 4)  # put k one
    assert "one" in typed(board, f"x{UP}{UP}{UP}{UP}{DOWN}{DOWN}")  # get k
    assert typed(board, f"bootargs{UP}{DOWN}").startswith("cairn")  # what was being typed


def test_control_c(board):
    """Ctrl-C clears the line: nothing of it is run."""
    board.send(f"put k v{CTRL_C}")
    board.until(r"\^C\r*\ncairn> ")
    assert board.entries() == OWN


@pytest.mark.parametrize("length", [511, 512])
def test_longest_line(board, length):
    start = "put k "
    assert f"put: k, {length - len(start)} bytes" in board.run(
        start + "v" * (length - len(start)))


def test_too_long_a_line(board):
    """One sentence, and nothing of the line is run."""
    board.send("put k " + "v" * 5000 + "\r")
    assert board.until(r"\r*\ncairn> ").count("longer than 512 bytes") == 1
    assert board.entries() == OWN


@pytest.mark.parametrize("seed", range(4))
def test_garbage(board, seed):
    """Whatever bytes come in, Ctrl-C gives a prompt that works."""
    rng = random.Random(seed)
    keys = "".join(chr(rng.choice([c for c in range(256) if c != 1])) for _ in range(3000))
    board.send(keys + CTRL_C)
    board.send(f"get sentinel-{seed}\r")
    board.until(rf"no such key: sentinel-{seed}\r*\ncairn> ")
    assert "put: k" in board.run("put k v")
    assert board.run("get k") == "v"
    assert board.poweroff() == 0
