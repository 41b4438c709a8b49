# SPDX-License-Identifier: MIT
"""Arenas of the real image: a page comes at the first access, and every other fault is one as before."""

import re
import struct
import subprocess
from pathlib import Path

import pytest

from board import parse_dump
from test_exceptions import CALLERS, KINDS, STRAY_WRITE, callers, lines_until
from test_pgtable import load_r0, read_from, write_to

FIRST = 0x64100000  # of the first arena with 64 MiB
PAGE = 4096
OPEN_WINDOW = b"\x0d\x20\x03\xee\x10\x0f\xbf\xf3\x6f\x8f"  # movs r0, #13; mcr p15, 0, r0, c3, c0, 0; isb


@pytest.fixture
def arena_board(project, boot, patch_image):
    """A board of 64 MiB with an arena of 1 MiB, whose version command is CODE."""

    def boot_board(code=b"", options=(), more=None):
        image = patch_image({project.symbols["cmd_version"] & ~1: code, **(more or {})})
        board = boot("-m", "64M", "-a", "cairn.panic=halt", *options, extra=["-kernel", image])
        assert board.run("arena new job 1M") == f"arena new: job, 1048576 bytes at 0x{FIRST:08x}"
        return board

    return boot_board


def touched(board):
    """kB of the first arena that are there."""
    return int(re.search(r", (\d+) kB touched", board.run("arena"))[1])


def fault(board, command):
    """The report of the fault that COMMAND makes, from "exception:" on."""
    board.send(command + "\r")
    board.child.expect(r"\] (?=exception: |panic: )")
    return lines_until(board, r"\[ *\d+\.\d+\] the store keeps this report")


@pytest.mark.parametrize("cores", [1, 2, 4])
def test_first_access(arena_board, cores):
    """By any code, on any core: the page is zero, then what was written; others are not there yet."""
    board = arena_board(write_to(FIRST + 5 * PAGE + 8), ["--smp", str(cores)])
    assert "nothing is mapped" in board.run(f"md 0x{FIRST + 5 * PAGE:x}")
    assert touched(board) == 0
    board.run("version")
    assert touched(board) == 4
    assert board.run(f"md 0x{FIRST + 5 * PAGE:x} 4").startswith(f"{FIRST + 5 * PAGE:08x}: 00000000 00000000 "
                                                                f"{FIRST + 5 * PAGE + 8:08x} 00000000 ")
    assert f"0x{FIRST + 5 * PAGE:08x}..0x{FIRST + 6 * PAGE - 1:08x}        4 KiB  rw-  memory, of an arena\n" \
        in board.run("pgtable")
    assert "nothing is mapped" in board.run(f"md 0x{FIRST:x}")
    for core in range(cores):
        board.run(f"arena touch job {(core + 1) * PAGE} {core}")
        assert touched(board) == 4 * (core + 1) + 4
    board.run("version")
    assert touched(board) == 4 * cores + 4


@pytest.mark.parametrize("cores", [1, 4])
def test_removed_as_if_it_had_never_been(boot, cores):
    """Every core touches the same pages at once, and one all of them; then memblock's lists are as before."""
    board = boot("-m", "64M", "--smp", str(cores))
    before = parse_dump(board.run("memblock"))
    for kib in 256, 128:
        board.run("arena new job 41M")
        board.run("arena new other 1M")
        if cores > 1:
            assert board.run(f"arena touch job {kib}k all") == f"arena touch: job, {kib * 1024} bytes"
            assert touched(board) == kib
        assert board.run("arena touch job 41M") == f"arena touch: job, {41 << 20} bytes"
        board.run("arena touch other 12k")
        assert touched(board) == 41 * 1024
        assert board.run("arena free job") == f"arena free: job is gone, {41 * 1024 + 44} kB given back"
        board.run("arena free other")
        assert parse_dump(board.run("memblock")) == before


def test_registers_are_kept(project, arena_board, tmp_path):
    """By every fault: those of the core and the VFP, flags, the window; and instructions of all kinds."""
    code = tmp_path / "faults"
    subprocess.run(["arm-none-eabi-gcc", "-c", "-mcpu=cortex-a9", "-mfloat-abi=hard", "-o", f"{code}.o",
                    Path(__file__).with_name("faults.S")], check=True, timeout=30)
    subprocess.run(["arm-none-eabi-objcopy", "-O", "binary", f"{code}.o", code], check=True, timeout=30)
    board = arena_board(more={project.symbols["cmd_stress"] & ~1: code.read_bytes()})
    assert board.run("stress") == ""
    assert touched(board) == 4 * (64 + 3 * 2 + 2)


def test_handler_cannot_write_to_the_store(project, arena_board):
    """Its window is closed for the handler, although it is open for who was interrupted."""
    board = arena_board(OPEN_WINDOW + read_from(FIRST), more={project.symbols["arena_fault"] & ~1: STRAY_WRITE})
    assert "write to 63fffffc: permission fault, section, domain 1" in fault(board, "version")


@pytest.mark.parametrize("address", [FIRST - 4, FIRST + (1 << 20), FIRST + (2 << 20), 0x64000000, 0xF0000000],
                         ids=["before", "behind", "beyond", "behind memory", "nowhere"])
def test_beside_an_arena(project, arena_board, address):
    """A fault as any, with the registers that it had."""
    text = fault(arena_board(read_from(address)), "version")
    at = (project.symbols["cmd_version"] & ~1) + 8
    assert text.startswith("exception: data abort\ncore 0, ")
    assert f"\nread from {address:08x}: translation fault, section (DFSR 00000005)\npc  {at:08x} cmd_version+0x8/" in text
    assert f"\nr0  {address:08x} " in text
    assert "arena" not in text
    assert callers(text) == ["cmd_version", *CALLERS[2:]]


@pytest.mark.parametrize("write", [False, True])
def test_arena_that_is_gone(project, arena_board, write):
    """The report names it, and is that of the access."""
    at = FIRST + 3 * PAGE
    board = arena_board((write_to if write else read_from)(at))
    board.run("arena touch job 64k")
    board.run("arena free job")
    text = fault(board, "version")
    said = "write to {:08x}: translation fault, section (DFSR 00000805)" if write else \
        "read from {:08x}: translation fault, section (DFSR 00000005)"
    assert f"\n{said.format(at)}\n{at:08x} was in an arena of task job, which was removed\n" in text
    assert f"\nr0  {at:08x} " in text
    assert callers(text) == ["cmd_version", *CALLERS[2:]]


def test_code_in_an_arena(arena_board):
    """Memory that is written is not executed, there either."""
    board = arena_board(load_r0(FIRST | 1) + struct.pack("<H", 0x4700))
    board.run("arena touch job 4k")
    assert f"fetch from {FIRST:08x}: permission fault, page" in fault(board, "version")


@pytest.mark.parametrize("kind", ["null", "read", "write", "alignment", "text", "execute", "stack", "store"])
def test_crashes_are_reported_as_before(arena_board, kind):
    board = arena_board()
    board.run("arena touch job 1M")
    text = fault(board, f"crash {kind}")
    assert text.startswith(KINDS[kind].first + "\ncore 0, ")
    assert re.search(r"boot 1\n" + KINDS[kind].cause, text, re.M)
    assert callers(text) == KINDS[kind].callers


def test_no_arena_where_there_are_no_tables(boot_tree):
    """Without memory for tables everything is mapped to itself."""
    said = boot_tree("no-memory").run("arena new job 1")
    assert said.startswith("arena new: job: "), said
