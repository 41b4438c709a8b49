# SPDX-License-Identifier: MIT
"""All cores of the tree come up, take work, and share memblock; memtest spares what is in use."""

import re

import pytest

from conftest import LOAD

COMPARE = b"%c\x00\x50\xe3"  # cmp r0, #...
CORES = [(smp, how) for smp in (1, 2, 4) for how in ((), ("--elf",))]


@pytest.mark.parametrize("smp, how", CORES)
def test_all_come_up(boot, smp, how):
    """Those that the processor has; the tree names four. They come up after a warm reset, too."""
    board = boot("-m", "64M", "--smp", smp, *how)
    for _ in range(2):
        lines = board.run("cores").splitlines()
        assert len(lines) == 4
        assert all(re.match(rf"core {n} online", lines[n]) for n in range(smp))
        assert all(lines[n] == f"core {n} not there" for n in range(smp, 4))
        assert ("Cores:" in board.boot_log) == (smp > 1)
        board.reset()


def test_cores_that_do_not_come_up(project, boot, patch_image):
    """Each is a line, and the boot goes on with the others."""
    image = project.bin.read_bytes()
    bound = image.index(COMPARE % 4, project.symbols["core_entry"] - LOAD)  # with how many there can be
    board = boot("-m", "64M", "--smp", "4",
                 extra=["-kernel", patch_image({LOAD + bound: COMPARE % 2})])
    for core in 2, 3:
        assert f"core {core} did not come up within 1000 ms: the boot goes on\n" in board.boot_log
    assert "] Cores: 2 of 4 online\n" in board.boot_log
    lines = board.run("cores").splitlines()
    assert re.match("core 1 online, came up in", lines[1])
    assert lines[2:] == [f"core {core} did not come up within 1000 ms" for core in (2, 3)]
    assert board.run("crash read 3") == "crash: core 3 is not online"
    assert len(board.run("cores test").splitlines()) == 3
    assert board.run("put k v; get k").endswith("\nv")


def rounds_told(smp):
    """What each core logs of "cores test": (core, round), sorted."""
    return sorted((str(core), str(round)) for core in range(smp) for round in range(0, 100, 20))


@pytest.mark.parametrize("smp, how", CORES)
def test_memory_on_all_cores(boot, smp, how):
    """memblock and malloc give no block twice, and the lists are what they were. All may log."""
    board = boot("-m", "64M", "--smp", smp, *how)
    before = board.map()
    lines = board.run("cores test").splitlines()
    assert len(lines) == smp + 1
    for n, line in enumerate(lines[:-1]):
        assert re.fullmatch(rf"core {n}: \d+ blocks allocated, 0 refused, 0 torn", line)
    assert lines[-1] == "memblock's lists are as they were"
    assert board.map() == before
    told = re.findall(r"\] cores test: core (\d), round (\d+)$", board.run("dmesg"), re.M)
    assert sorted(told) == rounds_told(smp)


def test_log_of_all_cores(boot):
    """What another core logs comes to the console, too."""
    board = boot("-m", "64M", "--smp", "4", "-a", "loglevel=8")
    shown = board.run("cores test") + board.run("bootargs")
    told = re.findall(r"\] cores test: core (\d), round (\d+)$", shown, re.M)
    assert sorted(told) == rounds_told(4)


def test_trace_of_all_cores(boot):
    """Hundreds of lines or more: each one is whole, and they are in the order of time."""
    board = boot("-m", "64M", "--smp", "2", "-a", "memblock=debug loglevel=4")
    assert "memblock's lists are as they were" in board.run("cores test")
    lines = [re.fullmatch(r"\[ *(\d+\.\d{6})\] ((?:(?!\[ *\d+\.).)*)", line)
             for line in board.run("dmesg").splitlines()]
    stamps = [float(line[1]) for line in lines]
    assert stamps == sorted(stamps)
    calls = [line[2] for line in lines if "give_block" in line[2] or "work_on_lists" in line[2]]
    assert len(calls) > 200
    for call in calls:
        assert re.fullmatch(r"memblock_phys_free: \[0x\w{8}-0x\w{8}\] give_block\+0x\w+/0x\w+"
                            r"|memblock_phys_alloc_range: \d+ bytes align=0x0 from=0x0{8} max_addr=0x0{8} "
                            r"work_on_lists\+0x\w+/0x\w+", call)


@pytest.mark.parametrize("how", [(), ("--elf",)])
def test_limit(boot, how):
    """cairn.cores= leaves the others where they are; a value that is none is a line."""
    board = boot("-m", "64M", "--smp", "4", "-a", "cairn.cores=2", *how)
    assert [line.split()[2] for line in board.run("cores").splitlines()] == \
        ["online,", "online,", "not", "not"]
    board = boot("-m", "64M", "--smp", "4", "-a", "cairn.cores=5", *how)
    assert "cairn.cores=5: expected a number from 1 to 4: ignored" in board.boot_log
    assert board.run("cores").count("online") == 4


def test_memtest_finds_free_memory_sound(boot):
    """All of it, and only it: the store, the log and the lists are as before."""
    board = boot("-m", "8M", "--smp", "4")
    board.run("put k v")
    before = board.map()
    text = board.run("memtest")
    assert re.search(r"^memtest: \d+ kB tested, 0 faults$", text, re.M)
    for first, last in re.findall(r"testing 0x([0-9a-f]+)-0x([0-9a-f]+)", text):
        assert not any(int(first, 16) <= r[1] and r[0] <= int(last, 16) for r in before.reserved)
    assert board.map() == before
    assert board.run("get k") == "v"
    assert "Machine model" in board.run("dmesg")


def test_memtest_refuses_what_is_in_use(project, boot):
    """With who has it."""
    board = boot("-m", "32M")
    image = project.image[0]
    assert board.run(f"memtest 0x{image:x} 64") == \
        f"memtest: not 0x{image:08x}-0x{image + 63:08x}: in use: image"
    assert "no memory" in board.run("memtest 0x10000000 4096")
    assert "multiples of 64" in board.run("memtest 0x60400001 64")
    assert "SIZE" in board.run("memtest 0x60400000 0")
    assert "usage" in board.run("memtest 0x60400000")


def test_memtest_refuses_what_is_not_mapped(boot_tree):
    """A no-map range is memory that somebody else uses."""
    board = boot_tree("nomap")
    first, last = next(r[:2] for r in board.map().memory if r[2])
    assert board.run(f"memtest 0x{first:x} 4096") == \
        f"memtest: not 0x{first:08x}-0x{first + 4095:08x}: no memory, or not to be mapped"
    assert last > first + 4095


def test_memtest_ends_by_a_key(boot):
    """However much there is left to test."""
    board = boot("-m", "1G")
    board.send("memtest\r")
    board.until("testing ")
    board.send("q")
    assert "stopped by a key" in board.until(r"\ncairn> ")
