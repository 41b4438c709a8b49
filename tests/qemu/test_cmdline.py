# SPDX-License-Identifier: MIT
"""The command line: memory, trace, log, console and Cairn's own parameters."""

import re

import pytest

from board import parse_dump, show

RANGE = r"\[0x([0-9a-f]{8})-0x([0-9a-f]{8})\]"
CALLER = r" ([A-Za-z_][\w.]*)\+0x([0-9a-f]+)/0x([0-9a-f]+)"
STAMP = r"\[ *\d+\.\d{6}\] "


def traced(log):
    """The lines of the trace and the dump, without time stamps."""
    lines = [re.sub("^" + STAMP, "", line) for line in log.splitlines()]
    return [line for line in lines if re.match(r"memblock_|MEMBLOCK| (memory|reserved)\b", line)]


def test_trace_and_dump_are_linux_s(project, boot):
    """The map that Linux prints for 1 GiB and memblock=debug mem=900M, line by line."""
    log = boot("-a", "memblock=debug mem=900M").boot_log
    lines = traced(log[:log.index("bytes flags: 0x0\n" + "[", log.index("reserved[0x2]"))]
                   + "bytes flags: 0x0\n")
    image = "[0x%08x-0x%08x]" % project.image
    expected = [
        "memblock_remove: [0x60000000-0x9fffffff]",
        "memblock_add: [0x60000000-0x983fffff]",
        f"memblock_reserve: {image}",
        "memblock_phys_alloc_range: 1048576 bytes align=0x100000 from=0x00000000 "
        "max_addr=0x00000000",
        "memblock_reserve: [0x98300000-0x983fffff]",
    ]
    for line, start in zip(lines, expected):
        assert re.fullmatch(re.escape(start) + CALLER, line)
    size = project.image[1] + 1 - project.image[0]
    tree = int(re.search(r"device tree: .* (\d+) bytes", log)[1])
    assert lines[len(expected):] == [
        "MEMBLOCK configuration:",
        f" memory size = 0x38400000 reserved size = 0x{size + tree + 0x100000:08x}",
        " memory.cnt  = 0x1",
        " memory[0x0]\t[0x60000000-0x983fffff], 0x38400000 bytes flags: 0x0",
        " reserved.cnt  = 0x3",
        f" reserved[0x0]\t{image}, 0x{size:08x} bytes flags: 0x0",
        f" reserved[0x1]\t[0x68000000-0x{0x68000000 + tree - 1:08x}], "
        f"0x{tree:08x} bytes flags: 0x0",
        " reserved[0x2]\t[0x98300000-0x983fffff], 0x00100000 bytes flags: 0x0",
    ]


def test_trace_callers(project, boot):
    """Each caller is a function of the image, and the offset lies inside of it."""
    log = boot("-a", "memblock=debug mem=64M").boot_log
    callers = re.findall(r"memblock_\w+: .*" + CALLER, log)
    assert len(callers) >= 5
    for name, offset, size in callers:
        assert name in project.symbols
        assert 0 < int(offset, 16) <= int(size, 16)


def test_trace_from_where_it_stands(boot):
    """memblock=debug behind mem= leaves no trace of it, but the dump comes."""
    log = boot("-a", "mem=900M memblock=debug").boot_log
    lines = traced(log)
    assert not [line for line in lines if re.match("memblock_(remove|add):", line)]
    assert lines[0].startswith("memblock_reserve: ")
    assert show(parse_dump(log).memory) == ["60000000-983fffff"]


def test_no_trace_unless_asked_for(boot):
    assert not traced(boot("-a", "mem=900M").boot_log)


MEM = [
    ("mem=64M", ["60000000-63ffffff"], []),
    ("mem=0x4000000", ["60000000-63ffffff"], []),
    ("mem=0400000000", ["60000000-63ffffff"], []),
    ("mem=65536k", ["60000000-63ffffff"], []),
    ("mem=67108864", ["60000000-63ffffff"], []),
    ("mem=1g", ["60000000-9fffffff"], []),
    ("mem=64M mem=32M@0x70000000", ["60000000-63ffffff", "70000000-71ffffff"], []),
    ("mem=32M@0x70000000 mem=64M", ["60000000-63ffffff", "70000000-71ffffff"], []),
    ("mem=64M mem=64M@0x64000000", ["60000000-67ffffff"], []),
    ("mem=0x1000800@0x60000800", ["60001000-61000fff"], []),
    ("mem=0x1001fff@0x60000000", ["60000000-61000fff"], []),
    ("mem=256M@0x58000000", ["60000000-67ffffff"],
     ["Ignoring memory below PHYS_OFFSET: 0x58000000-0x60000000"]),
    ("mem=64M mem=64M@0x50000000", ["60000000-63ffffff"],
     ["Ignoring memory below PHYS_OFFSET: 0x50000000-0x54000000"]),
    ("mem=64M mem=1M@0xffff0000", ["60000000-63ffffff", "ffff0000-ffffefff"],
     ["Truncating memory at 0xffff0000 to fit in 32-bit physical address space",
      "mem=: no memory node describes 0xffff0000-0xfffff000"]),
    ("mem=64M mem=1M@0x100000000", ["60000000-63ffffff"],
     ["Ignoring memory at 0x100000000 outside 32-bit physical address space"]),
    ("mem=64M mem=16M@0x20000000000", ["60000000-63ffffff"],
     ["Ignoring memory at 0x20000000000 outside 32-bit physical address space"]),
    ('dummy="a b mem=16M@0x70000000 c" mem=64M', ["60000000-63ffffff"], []),
    ('"mem=64M"', ["60000000-63ffffff"], []),
    ('mem="64M"', ["60000000-63ffffff"], []),
    ("mem=64M\tmem=16M@0x70000000", ["60000000-63ffffff", "70000000-70ffffff"], []),
    ("memory=16M xmem=16M mem.x=16M", ["60000000-9fffffff"], []),
    # What Linux takes for "no memory" is a line, and what was known before it stays.
    ("mem=junk", ["60000000-9fffffff"], ["mem=junk: expected SIZE[@START]"]),
    ("mem=", ["60000000-9fffffff"], ["mem=: expected SIZE[@START]"]),
    ("mem", ["60000000-9fffffff"], ["mem=: expected SIZE[@START]"]),
    ("mem=0", ["60000000-9fffffff"], ["mem=0: expected SIZE[@START]"]),
    ("mem=5Z", ["60000000-9fffffff"], ["mem=5Z: expected SIZE[@START]"]),
    ("mem=-1", ["60000000-9fffffff"], ["mem=-1: expected SIZE[@START]"]),
    ("mem=4095", ["60000000-9fffffff"], ["mem=4095: expected SIZE[@START]"]),
    ("mem=64M@", ["60000000-9fffffff"], ["mem=64M@: expected SIZE[@START]"]),
    ("mem=64M@junk", ["60000000-9fffffff"], ["mem=64M@junk: expected SIZE[@START]"]),
    ("mem=99999999999999999999", ["60000000-9fffffff"], ["expected SIZE[@START]"]),
    ("mem=16E", ["60000000-9fffffff"], ["mem=16E: expected SIZE[@START]"]),
    ("mem=64M@0xfffffffffffff000", ["60000000-9fffffff"], ["expected SIZE[@START]"]),
    ("mem=junk mem=64M mem=0", ["60000000-63ffffff"], ["mem=junk: expected", "mem=0: expected"]),
]


@pytest.mark.parametrize("args, memory, words", MEM, ids=[row[0] for row in MEM])
def test_mem(boot, args, memory, words):
    # Not from the top: some of these describe memory that the machine does not have.
    board = boot("-a", f"cairn.store=64K@0x60f00000 {args}")
    assert show(board.map().memory) == memory
    for text in words:
        assert text in board.boot_log
    assert ("Ignoring" in board.boot_log) == any("Ignoring" in text for text in words)
    assert "Cairn" in board.run("dmesg")


def test_mem_that_no_node_describes(boot):
    """Linux says nothing; here it is a warning, and it is added all the same."""
    board = boot("-m", "64M", "-a", "mem=96M cairn.store=64K@0x61000000 mem=1M@0x90000000")
    assert "no memory node describes 0x64000000-0x66000000" in board.boot_log
    assert "no memory node describes 0x90000000-0x90100000" in board.boot_log
    assert show(board.map().memory) == ["60000000-65ffffff", "90000000-900fffff"]


def test_mem_where_no_ram_is(boot):
    """The heap passes over memory that is not there, and a store is not made in it."""
    board = boot("-m", "64M", "-a", "mem=900M cairn.store=64K@0x61000000")
    assert "put: k" in board.run("put k v")
    assert "Cairn" in board.run("dmesg")


def test_store_where_no_ram_is(boot):
    """A region that does not keep what is written to it is said to be that."""
    board = boot("-m", "64M", "-a", "mem=3G")
    assert "memory does not keep what is written there" in board.boot_log
    assert "not open" in board.run("put k v")
    assert board.run("store format").startswith("store format: ")
    assert "not open" in board.run("get k")


def test_after_two_dashes(boot):
    """What stands behind -- is for init; qemu-run.sh's own parameters do not get lost there."""
    board = boot("-a", "mem=64M -- mem=16M cairn.unheard=1", "--init", "put k v")
    assert show(board.map().memory) == ["60000000-63ffffff"]
    assert "unheard" not in board.boot_log.partition("] Command line (")[2].partition("\n")[2]
    assert "put: k" in board.boot_log
    assert "cairn.unheard=1" in board.run("bootargs")


def test_init_commands(boot):
    """cairn.init= runs before the prompt, a command at a time; the first that fails ends it."""
    log = boot("--init", "put 'a key' 'a; value'; get 'a key'; nonsense; version").boot_log
    log = log[log.index("store: new"):]
    assert re.search(r"put: a key.*\na; value\n", log)
    assert 'no command "nonsense"' in log
    assert "board:" not in log


@pytest.mark.parametrize("args, words", [
    ("cairn.nonsense=1", "cairn.nonsense is no parameter"),
    ("cairn.", "cairn. is no parameter"),
    ("memblock=yes", "memblock=yes: expected debug"),
    ("memblock", "memblock=: expected debug"),
    ("cairn.init", "cairn.init=: expected commands"),
    ("cairn.autosave", "cairn.autosave=: expected seconds from 0 to 10000000: ignored"),
    ("cairn.autosave=10000001", "cairn.autosave=10000001: expected seconds"),
    ("cairn.init=" + "x" * 512, "cairn.init=: expected commands"),
    ("loglevel=high", "loglevel=high: expected a number"),
    ("console=", "console=: expected a port"),
    ("console=ttyAMA9", "console=ttyAMA9: the device tree has no such port"),
    ("console=" + "x" * 200, "expected a port"),
    ("earlycon=vga,0", "earlycon=vga,0: expected pl011,ADDRESS"),
    ("initrd=junk", "initrd=junk: expected START,SIZE"),
    ("initrd=0x20000000,1M", "is not in memory"),
    ("initrd=0xfffff000,8K", "is not in memory"),
    ("initrd=0x60010000,4K", "overlaps what is reserved"),
    ("initrd=0x68000800,1", "overlaps what is reserved"),
    ("initrd=0x70000000,0", "initrd=0x70000000,0: expected START,SIZE"),
])
def test_odd_parameters(boot, args, words):
    """A line that names the parameter, and the boot goes on."""
    board = boot("-a", args)
    assert words in board.boot_log
    assert "put: k" in board.run("put k v")


@pytest.mark.parametrize("args, words", [
    ("cairn.store=junk", "cairn.store=junk: expected SIZE[@ADDR]"),
    ("cairn.store=", "cairn.store=: expected SIZE[@ADDR]"),
    ("cairn.store", "cairn.store=: expected SIZE[@ADDR]"),
    ("cairn.store=1M@", "expected SIZE[@ADDR]"),
    ("cairn.store=1Mx", "expected SIZE[@ADDR]"),
    ("cairn.store=0", "cairn.store=0 asks for none"),
    ("cairn.store=3G", "at most"),
    ("cairn.store=1M@0x100000000", "end of the address space"),
    ("cairn.store=128M", "no room"),
    ("cairn.store=64M@0x62000000", "is not in memory"),
    ("cairn.store=1M@0x20000000", "is not in memory"),
    ("cairn.store=1M@0xfff00000", "is not in memory"),
    ("cairn.store=1M@0x61000800", "expected multiples of 4096"),
    ("cairn.store=5000@0x61000000", "expected multiples of 4096"),
    ("cairn.store=5000", "expected multiples of 4096"),
    ("cairn.store=4096@0x61000000", "expected 8192 to"),
    ("cairn.store=1M@0x60000000", "overlaps what is reserved"),
    ("cairn.store=64M@0x60000000", "overlaps what is reserved"),
    ("cairn.store=8K@0x62000000", "overlaps what is reserved"),  # the tree
])
def test_store_refused(boot, args, words):
    """No store is better than one over something else; a line says why there is none."""
    board = boot("-m", "64M", "-a", args)
    line = re.search(r"store: .*the store stays closed", board.boot_log)
    assert line and words in line[0]
    answer = board.run("put k v")
    assert "not open" in answer and words in answer
    assert "not open" in board.run("store format")
    assert "64 MiB" in board.run("dmesg")


@pytest.mark.parametrize("args, first, size", [
    ("cairn.store=64K@0x61000000", 0x61000000, 0x10000),
    ("cairn.store=8K@0x61000000", 0x61000000, 0x2000),
    ("cairn.store=2M", 0x63E00000, 0x200000),
    ("cairn.store=12K", 0x63FFD000, 0x3000),
    ("cairn.store=junk cairn.store=2M", 0x63E00000, 0x200000),
])
def test_store_place(boot, args, first, size):
    board = boot("-m", "64M", "-a", "memblock=debug " + args)
    assert (first, first + size - 1, 0) in board.boot_map().reserved
    assert f"bytes free at 0x{first:08x}" in board.boot_log
    assert f"region:       {size} bytes" in board.run("stat")


@pytest.mark.parametrize("args, shown, hidden", [
    ("quiet mem=junk cairn.x", ["mem=junk"], ["Memory:", "cairn.x"]),
    ("loglevel=4 mem=junk cairn.x", ["mem=junk"], ["Memory:", "cairn.x"]),
    ("loglevel=5 mem=junk cairn.x", ["mem=junk", "cairn.x"], ["Memory:"]),
    ("loglevel=7 mem=junk cairn.x", ["mem=junk", "cairn.x", "Memory:"], []),
    ("loglevel=0 mem=junk cairn.x", [], ["mem=junk", "cairn.x", "Memory:"]),
    ("quiet loglevel=7 cairn.x", ["cairn.x", "Memory:"], []),
])
def test_levels(boot, args, shown, hidden):
    """What is not shown is in the log all the same, and a dump that was asked for is shown."""
    board = boot("-a", args)
    log = re.sub(r".*Command line.*\n", "", board.boot_log)
    assert all(text in log for text in shown)
    assert not any(text in log for text in hidden)
    dmesg = board.run("dmesg")
    assert all(text in dmesg for text in shown + hidden)
    assert show(board.map().memory) == ["60000000-9fffffff"]


@pytest.mark.parametrize("args", ["console=ttyAMA1", "console=ttyAMA0 console=ttyAMA1,115200n8"])
def test_console(boot, tmp_path, args):
    """Nothing at all comes out of the port that is not the console, a reset included."""
    other = tmp_path / "uart0"
    board = boot("-a", args, extra=["-serial", f"file:{other}", "-serial", "mon:stdio"])
    assert "] Cairn " in board.boot_log
    assert "put: k" in board.run("put k v")
    board.reset()
    assert board.run("get k") == "v"
    assert board.poweroff() == 0
    assert other.read_bytes() == b""


def test_earlycon(boot_tree):
    """Where the tree names no console, earlycon= does."""
    board = boot_tree("no-stdout", bootargs="earlycon=pl011,0x1000b000 cairn.semihosting",
                      extra=["-serial", "null", "-serial", "null", "-serial", "mon:stdio"])
    assert "put: k" in board.run("put k v")
    assert board.poweroff() == 0


@pytest.mark.parametrize("length", [1022, 1023, 1024, 1500, 5000])
def test_long(boot_tree, length):
    """The command line is cut at 1023 characters, as Linux cuts it."""
    last = " mem=16M"
    start = "memblock=debug cairn.semihosting " + "filler-0123456789 " * 300
    board = boot_tree("nomap", bootargs=start[:length - len(last)] + last)
    cut = length > 1023
    assert (f"{length} characters in the device tree, cut at 1023" in board.boot_log) == cut
    arguments = board.run("bootargs")
    assert arguments == (start[:length - len(last)] + last)[:1023]
    found = show(board.boot_map().memory)
    # One character too many makes it mem=16, which is refused as less than a page.
    assert found == (["60000000-73ffffff", "74000000-743fffff 4", "74400000-7fffffff"] if cut
                     else ["60000000-60ffffff"])


def test_control_characters(boot):
    """A line of the log stays one line, whatever the command line holds."""
    board = boot("-a", "a=\x1b[31m\x07\x7f mem=64M")
    assert "\x1b[31m" not in board.boot_log and "\x07" not in board.boot_log
    assert r"\x1b[31m\x07\x7f" in board.boot_log
    assert show(board.map().memory) == ["60000000-63ffffff"]
