# SPDX-License-Identifier: MIT
"""
The same boot on the desk: memmap gets the tree (and the ATAGs) that a QEMU handed over, and has to end up with
the lists of the target. Both are taken from QEMU's own command line, so that this works for any boot.
"""

import os
import re
import struct
import subprocess
from pathlib import Path

from board import joined, parse_dump
from flash import Flash

WAIT = 60  # seconds for a run of memmap, or of a QEMU that only writes its tree
ATAGS_OFFSET = 0x100  # where QEMU and most loaders put them, from the start of RAM
ATAGS_MAX = 16384
CORE = 0x54410001
STORE = "1M"  # what the board takes if nobody says otherwise
# What decides which tree QEMU hands over. The rest may disturb the boot that is going on.
TREE_OPTIONS = ("-M", "-m", "-smp", "-kernel", "-append", "-dtb", "-initrd")


def parents():
    """{pid: pid of its parent} of all processes."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            found[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            pass  # it has ended
    return found


def qemu_argv(ancestor):
    """The command line of the QEMU that is ANCESTOR or descends from it."""
    parent = parents()
    for pid in parent:
        above = pid
        while above in parent and above != ancestor:
            above = parent[above]
        if above == ancestor:
            argv = [os.fsdecode(arg) for arg in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")]
            if "qemu-system" in Path(argv[0]).name:
                return argv[:-1]
    raise AssertionError(f"no QEMU below process {ancestor}")


def option(argv, name):
    """The argument of the last NAME in ARGV, or None."""
    values = [value for arg, value in zip(argv, argv[1:]) if arg == name]
    return values[-1] if values else None


def blobs(argv):
    """{address: bytes} of what `-device loader` puts into RAM."""
    found = {}
    for arg in argv:
        match = re.match(r"loader,file=(.*),addr=0x([0-9a-f]+),force-raw=on$", arg)
        if match:
            found[int(match[2], 16)] = Path(match[1]).read_bytes()
    return found


def lines(log):
    """Without time stamps, nor the callers of a trace, which are code of another machine."""
    return [re.sub(r" [\w.]+\+0x[0-9a-f]+/0x[0-9a-f]+$", "", re.sub(r"^\[ *\d+\.\d+\] ", "", line))
            for line in log.splitlines()]


def until_dump(found):
    """The lines up to the end of the dump."""
    last = max(i for i, line in enumerate(found) if re.match(r" reserved\[0x[0-9a-f]+\]\t", line))
    return found[:last + 1]


def subtract(ranges, others):
    """What of RANGES [(first, last)] is not in OTHERS; both sorted."""
    left = []
    for first, last in ranges:
        for a, b in others:
            if a <= last and b >= first:
                if a > first:
                    left.append((first, a - 1))
                first = b + 1
        if first <= last:
            left.append((first, last))
    return left


class Desk:
    """Compares boots of one board."""

    def __init__(self, project, folder):
        self.project, self.folder = project, folder
        self.dumped = {}  # command line -> the tree that QEMU makes for it
        self.compared = 0

    def compare(self, board):
        """The boot that BOARD is at the prompt of ends up with the lists that memmap has for it."""
        log = board.boot_log
        if "] Memory: " not in log:
            log = board.run("dmesg") + "\n"  # it was not for the console
        argv = qemu_argv(board.child.pid)
        text = self.survey(board, log, argv)
        if "] MEMBLOCK configuration:" in log:
            self.compare_all(log, text)
        else:
            self.compare_lists(board, text)
        self.compared += 1

    def compare_all(self, log, text):
        """Everything that was said between the command line and the end of the dump."""
        theirs = lines(log)
        start = next(i for i, line in enumerate(theirs) if line.startswith("Command line ("))
        # What is odd about boot data comes before it, among what only the target says.
        ours = [line for line in until_dump(lines(text)) if line not in theirs[:start]]
        assert ours == until_dump(theirs[start + 1:])

    def compare_lists(self, board, text):
        """What the prompt knows: the lists as they are now, with page tables and heap."""
        ours = parse_dump(text)
        answer = board.run("memblock memory; meminfo; memblock reserved")
        lists = [[tuple(int(n, 16) for n in pair) for pair in re.findall(
            r"^ *\d+: 0x([0-9a-f]{8})\.\.0x([0-9a-f]{8})$", part, re.M)
            if pair != ("00000000", "ffffffff")] for part in re.split("MemTotal:", answer)]
        kilobytes = dict(re.findall(r"(\w+): +(\d+) kB", answer))
        assert joined(*lists[0]) == joined(*(region[:2] for region in ours.memory))
        nomap = sum(last + 1 - first for first, last, flags in ours.memory if flags & 4)
        assert int(kilobytes["NoMap"]) == nomap // 1024
        reserved = [region[:2] for region in ours.reserved]
        assert not subtract(reserved, lists[1])
        since = subtract(lists[1], reserved)
        assert len(since) <= 2
        assert sum(last + 1 - first for first, last in since) == \
            1024 * int(kilobytes["HeapSize"]) + self.tables_size(board) + self.log_size(board)

    def tables_size(self, board):
        """The bytes that the boot has reserved for page tables, in whole pages."""
        at, leaves = re.search(r"tables: first level at 0x([0-9a-f]+), second level \d+ of (\d+)",
                               board.run("pgtable")).groups()
        first, last = self.project.image
        return 0 if first <= int(at, 16) <= last else 16384 + (int(leaves) + 3) // 4 * 4096

    def log_size(self, board):
        """The bytes that log_buf_len= has been given."""
        shown = re.search(r"^ *\d+ +\d+ +\d+ +(\d+) .* log$", board.run("oom tasks"), re.M)
        return 1024 * int(shown[1]) if shown else 0

    def survey(self, board, log, argv):
        """What memmap prints about the boot with this log."""
        image = self.project.image
        source, at, size = re.search(r"\] device tree: ([^,]+), 0x([0-9a-f]+), (\d+) bytes", log).groups()
        letter = re.search(r"cairn\.image=([AB])|$", log)[1]
        options = ["--phys", 32, "--load-addr", hex(image[0]), "--store", STORE,
                   "--image", f"0x{image[0]:x},{image[1] + 1 - image[0]}"]
        if source != "linked into the image":
            options += ["--dtb-at", "0x" + at]
        if "] ATAGs: memory from " in log:
            path = self.folder / "desk.atags"
            path.write_bytes(self.atags(board, argv))
            options += ["--atags", path]
        path = self.folder / "desk.dtb"
        path.write_bytes(self.tree(argv, source, int(at, 16), int(size), letter).ljust(int(size), b"\0"))
        done = subprocess.run([self.project.memmap, *map(str, options), path], capture_output=True,
                              timeout=WAIT, text=True, errors="replace", check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def tree(self, argv, source, at, size, letter):
        """The tree from SOURCE, as the boot calls it."""
        kernel = option(argv, "-kernel")
        loaded = blobs(argv)
        if (option(argv, "-drive") or "").startswith("if=pflash") and not kernel:
            path = option(argv, "-drive").partition(",file=")[2].replace(",,", ",")
            return Flash(self.project, path).tree(letter, size)
        if source == "linked into the image":
            return self.project.dtb.read_bytes()
        if source == "appended to the image":
            plain = self.project.bin.stat().st_size
            images = [Path(kernel).read_bytes()] if kernel else loaded.values()
            return max(images, key=len)[plain:]
        if kernel:
            return self.dump_tree(argv)
        return loaded[at] if at in loaded else loaded[self.registers(argv)[2]]  # it was in the way

    def registers(self, argv):
        """r0 to r2 as the code that stands for a boot loader sets them; None: QEMU is the loader."""
        stub = [blob for blob in blobs(argv).values() if len(blob) == 28]
        return (0, *struct.unpack("<7I", stub[0])[4:6]) if stub else None

    def dump_tree(self, argv):
        """The tree as QEMU hands it over for a command line: with memory, bootargs and initrd."""
        made = [argv[0], "-nographic"]
        for name in TREE_OPTIONS:
            value = option(argv, name)
            made += [name, value] if value is not None else []
        key = tuple(made)
        if key not in self.dumped:
            path = self.folder / "dumped.dtb"
            subprocess.run([*made, "-machine", f"dumpdtb={path}"], check=True, timeout=WAIT,
                           stdin=subprocess.DEVNULL, capture_output=True)
            self.dumped[key] = path.read_bytes()
        return self.dumped[key]

    def atags(self, board, argv):
        """The list that the boot was given: a blob, or what QEMU has put into RAM."""
        start = self.project.image[0] & 0xF8000000
        loaded = blobs(argv)
        registers = self.registers(argv)
        r2 = registers[2] if registers else start + ATAGS_OFFSET
        for at in r2, start + ATAGS_OFFSET:
            if loaded.get(at, b"")[4:8] == struct.pack("<I", CORE):
                return loaded[at].ljust(ATAGS_MAX, b"\0")[:ATAGS_MAX]
        answer = board.run(f"md 0x{r2:x} 512")
        words = [int(word, 16) for line in re.findall(r"^[0-9a-f]{8}: ([0-9a-f ]{35}).*$", answer, re.M)
                 for word in line.split()]
        return struct.pack(f"<{len(words)}I", *words)
