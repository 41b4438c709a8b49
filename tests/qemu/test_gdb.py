# SPDX-License-Identifier: MIT
"""tools/gdb/cairn.py beside the shell: gdb at QEMU's stub, over a socket of the test's own, in batch mode."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from board import WAIT

REPO = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPO / "tests" / "docs"))

from reader import compare

SCRIPT = REPO / "tools" / "gdb" / "cairn.py"
DOC = (REPO / "docs" / "gdb.md").read_text(encoding="utf-8")
STAMP = re.compile(r"^\[ *\d+\.\d+\] ", re.M)


class Gdb:
    """gdb-multiarch with the commands, for one board."""

    def __init__(self, project, folder):
        self.elf, self.socket = project.elf, folder / "gdb"

    @property
    def options(self):
        return ["-gdb", f"unix:{self.socket},server=on,wait=off"]

    def argv(self, commands):
        return ["gdb-multiarch", "-batch", "-nx", "-iex", "set width 0", "-x", SCRIPT, self.elf,
                "-ex", f"target remote {self.socket}", *(word for line in commands for word in ("-ex", line))]

    def ask(self, *commands):
        """What each command prints; what any complains of comes last. The board stands still meanwhile."""
        marked = [line for number, command in enumerate(commands) for line in (f"echo <<{number}>>\\n", command)]
        done = subprocess.run(self.argv([*marked, "echo <<end>>\\n"]), check=False, text=True, capture_output=True,
                              timeout=WAIT)
        assert "Python Exception" not in done.stderr, done.stderr
        return [*re.findall(r"<<\d+>>\n(.*?)(?=<<)", done.stdout, re.S), done.stderr]

    def at(self, function, board, line, *commands):
        """Has LINE typed, and COMMANDS run where the board comes by FUNCTION; what they print."""
        with subprocess.Popen(self.argv([f"break {function}", "continue", *commands, "delete", "detach"]), text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as running:
            try:
                while not running.stdout.readline().startswith("Breakpoint 1 at "):
                    pass
                board.send(line + "\r")
                return running.communicate(timeout=WAIT)[0]
            finally:
                running.kill()


@pytest.fixture
def gdb(project, tmp_path):
    return Gdb(project, tmp_path)


def keys(text):
    """{key: bytes of its value} of a list as ls and `cairn store` print it."""
    return {key: int(size) for key, size in re.findall(r"^(.+)  (\d+) bytes?(?:  .*)?$", text, re.M)}


def test_as_the_shell_says(boot, gdb):
    """Lists, entries and log are what the shell prints of the same moment."""
    board = boot("-a", "mem=200M", extra=gdb.options)
    for line in ("put note first", 'put note "the second\\\\one"', "put 'k ey' ''", "put gone 1", "del gone",
                 "put short 12345 3600", 'put "a\\\\b" 1'):
        board.run(line)
    memblock, memory, reserved, ls, stat, log = map(board.run, (
        "memblock", "memblock memory", "memblock reserved", "ls", "stat", "dmesg"))
    found = gdb.ask("cairn memblock", "cairn memblock memory", "cairn memblock reserved", "cairn store",
                    "cairn store get note", "cairn store get 'k ey'", "cairn store get 'a\\\\\\\\b'", "cairn log")
    assert found.pop() == ""
    assert found[:3] == [STAMP.sub("", memblock) + "\n", memory + "\n", reserved + "\n"]
    entries, region = re.fullmatch(r"(.*\n)(region .*)\n", found[3], re.S).groups()
    assert re.search(r"^short  5 bytes  expires 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC$", entries, re.M)
    assert re.sub(r"  expires .*", "", entries) == re.sub(r"  expires .*", "", ls) + "\n"
    base = re.search(r"free at (0x[0-9a-f]+)", board.boot_log)[1]
    assert region == "region {}, {}: {} free in {} slots, {} damaged, opened {} times".format(
        base, *re.search(r"region: +(.+)\n(?s:.*)free: +(\d+) bytes in (\d+) slots\n(?s:.*)damaged: +(\d+) (?s:.*)"
                         r"opened: +(\d+) ", stat).groups())
    assert found[4:7] == ["the second\\\\one\n", "\n", "1\n"]
    assert found[7] == log + "\n"
    assert gdb.ask(f"cairn store -at {base}")[0] == found[3]


def masked(text):
    """Without places in the code, which move with it."""
    text = re.sub(r"0x600[0-9a-f]{5}", "CODE", text)
    return re.sub(r"(\.c(?::|, line ))\d+", r"\1LINE", re.sub(r"^\d+\t", "LINE\t", text, flags=re.M))


def test_recorded_session(boot, gdb):
    """docs/gdb.md shows what comes today."""
    recorded = re.search(r"^\(gdb\) target remote :1234\n\.\.\.\n(.*?)^```$", DOC, re.S | re.M)[1]
    steps = re.findall(r"^\(gdb\) (.*)\n((?:(?!\(gdb\)).*\n)*)", recorded, re.M)
    (_, first), (go, stop), *later = steps
    board = boot("-m", "64M", extra=gdb.options)
    text = gdb.at("cmd_put", board, 'put note "a few words"', "echo <<end>>\\n",
                  *(line for command, _ in later for line in (command, "echo <<end>>\\n")))
    assert masked(first).startswith("Breakpoint 1 at CODE: file ") and go == "continue"
    parts = text.split("<<end>>\n")
    assert len(parts) == len(later) + 2
    for (command, shown), printed in zip([(go, stop), *later], parts):
        compare("docs/gdb.md", command, masked(shown).splitlines(), masked(printed).splitlines())


def test_the_boot_before(boot, gdb):
    """What the ring still has of it: as the boot has put it into the store."""
    board = boot(extra=gdb.options)
    board.reset()
    found, _ = gdb.ask("cairn log before")
    assert "Last reset: power\n" in found
    assert found == board.run("dmesg -1") + "\n"


def test_a_boot_without_a_line(boot, gdb):
    """Until it has one, the ring is all of the boot before."""
    board = boot(extra=gdb.options)
    log = board.run("dmesg")
    text = gdb.at("main", board, "reset", "echo <<\\n", "cairn log", "echo ><\\n", "cairn log before", "echo >>\\n")
    now, before = re.search(r"<<\n(.*)><\n(.*)>>", text, re.S).groups()
    assert now == "" and before.startswith(log)


def test_slots(boot, gdb):
    """Each slot of the region, one behind the other; a damaged one is told, and left out of the entries."""
    board = boot(extra=gdb.options)
    board.run("put note value")
    board.run("put last 1")
    board.run("del note")
    board.run("put other value")
    line = re.compile(r"0x([0-9a-f]{8}) +(\d+)  (free|live|damaged)(?:  \"(\S+)\" .*)?$", re.M)
    text, size = gdb.ask("cairn store slots", "print 'boot/main.c'::store.end")[:2]
    slots = [(int(off, 16), int(size), state, key) for off, size, state, key in line.findall(text)]
    assert [off for off, *_ in slots] == [4100, *(off + size for off, size, *_ in slots[:-1])]
    assert slots[-1][0] + slots[-1][1] == int(size.split()[-1]) and slots[-1][2] == "free"
    assert {key for *_, state, key in slots if state == "live"} == set(keys(board.run("ls")))
    off, length = next(slot[:2] for slot in slots if slot[3] == "last")
    base = int(re.search(r"free at 0x([0-9a-f]+)", board.boot_log)[1], 16)
    value = f"{{int}}0x{base + off + 28:x}"
    _, slots, entries, _ = gdb.ask(f"set {value} = 0", "cairn store slots", "cairn store")
    assert (f"{off:08x}", "damaged", "") in [(at, state, key) for at, _, state, key in line.findall(slots)]
    assert "last" not in keys(entries) and " 1 damaged, " in entries
    tag, size = (f"{{int}}0x{base + place:x}" for place in (off + length - 4, off))
    answers = gdb.ask(f"set {tag} = 7", "cairn store", f"set {size} = 7", "cairn store")
    assert [text.split(" times\n")[1] for text in answers[1:4:2]] == [
        f"offset 0x{off:x}: the slot's two sizes differ, so it is damaged\n",
        f"offset 0x{off:x}: a slot cannot have 0x7000000 bytes, so what is behind it is not shown\n"]


def test_in_the_midst_of_a_put(boot, gdb):
    """Stopped at each flush: the old entry or the new one, and never both or none."""
    board = boot(extra=gdb.options)
    board.run('put note "the first one"')
    before = keys(board.run("ls"))
    look = ["echo <<\\n", "cairn store", "cairn store slots", "echo >>\\n"]
    steps = [*look, *3 * ["continue", *look]]
    text = gdb.at("door_flush", board, "put note two", *steps)
    board.until(r"put: note, 3 bytes")
    after = {**before, "note": 3}
    found = [keys(part) for part in re.findall(r"<<\n(.*?)>>", text, re.S)]
    assert len(found) == 4 and "Exception" not in text
    assert all(entries in (before, after) for entries in found)
    assert found[0] == before and found[-1] == after


def test_tasks(boot, gdb):
    """Who is there is what oom tasks says; arenas with the sizes that it has for them."""
    board = boot(extra=gdb.options)
    for line in ("arena new job 8M", "arena touch job 100K", "arena new child 64M job", "oom adj child 9",
                 "arena touch child 5M", "arena new gone 4K", "arena free gone"):
        board.run(line)
    rows = [line.split(None, 7) for line in board.run("oom tasks").splitlines()[1:-1]]
    expected = [f"{pid:>5} {parent:>5} {adj:>14}  {name}" for pid, parent, *_, adj, _, name in rows]
    found, complaints = gdb.ask("cairn tasks")
    assert complaints == "" and found.startswith("  pid  ppid  oom_score_adj  name\n")
    lines = found.splitlines()[1:]
    assert [line for line in lines if not line.startswith(28 * " ")] == expected
    holds = dict(zip([row[-1] for row in rows], [line.strip() for line in lines[1::2]]))
    assert holds["boot (never removed)"] == "what count_boot() in boot/oom.c counts"
    assert holds["store"] == "what count_store() in boot/oom.c counts"
    assert {"job", "child"} <= set(holds)
    for _, _, total, rss, tables, *_, name in rows:
        if name in ("job", "child"):
            assert re.fullmatch(rf"arena at 0x[0-9a-f]{{8}}: {total} kB promised, {rss} kB held, {tables} kB of tables",
                                holds[name])
    *_, complaints = gdb.ask("set 'mm/task.c'::tasks[0].holdings->next = 'mm/task.c'::tasks[0].holdings", "cairn tasks")
    assert complaints == "cairn tasks: boot holds more than 64 things: its list is damaged\n"


def test_pretty_printers(boot, gdb):
    """Regions, lists and records, each in one line."""
    board = boot("-m", "64M", extra=gdb.options)
    board.run("put note value")
    memory, region, _ = gdb.ask("print memblock.memory", "print memblock.memory.regions[0]")
    text = "[0x60000000-0x63ffffff] 64 MiB MEMBLOCK_NONE"
    assert region == f"$2 = {text}\n"
    assert memory == f"$1 = memory: 64 MiB, 1 of 128 regions = {{[0] = {text}}}\n"
    text = gdb.at("store_release", board, "get note", "print *view")
    board.until(r"\nvalue\r")
    assert re.search(r'^\$1 = "note" 5 bytes, number \d+, slot at offset 0x1[0-9a-f]{3}, \d+ bytes$', text, re.M)


def test_the_ring_goes_round(boot, gdb):
    """The log is longer than its ring: what is left begins and ends as dmesg's."""
    board = boot(extra=gdb.options)
    while board.run("dmesg").startswith("[    0.000000] Cairn "):
        board.run(";".join(["memblock"] * 15))
    log = board.run("dmesg") + "\n"
    first, _, again, _ = gdb.ask("cairn log", "set 'lib/log.c'::kept.start = 'lib/log.c'::kept.tail - 100", "cairn log")
    assert first == log and len(log) > 50000
    assert again == log  # as while a line is dropped


def test_lists_that_are_overwritten(boot, gdb):
    """What cannot be read is one line, and no more regions are read than an array has."""
    boot(extra=gdb.options)
    *_, text, complaint = gdb.ask("set memblock.memory.regions = 0x10", "cairn memblock memory",
                                  "set memblock.reserved.cnt = 0xffffffff", "cairn memblock reserved")
    assert complaint == "cairn memblock: Cannot access memory at address 0x14\n"  # a size
    assert 0 < text.count("\n") <= 128


def test_before_the_first_instruction(boot, gdb):
    """Nothing is there, and each command says so in a line."""
    boot(extra=[*gdb.options, "-S"], prompt=False)
    while not gdb.socket.is_socket():
        pass
    *found, complaints = gdb.ask("cairn memblock", "cairn store", "cairn log", "cairn log before", "cairn tasks")
    assert found[0].startswith("MEMBLOCK configuration:\n memory size = 0x00000000 ")
    assert found[1:] == ["", "", "", "  pid  ppid  oom_score_adj  name\n"]
    assert complaints.splitlines() == [
        "cairn store: the image has no store, or is not that far yet: -at ADDR says where one lies",
        *2 * ["cairn log: there is no ring yet: this boot has logged nothing"]]


def test_wrong_usage(boot, gdb):
    """One line each that says what was expected."""
    expected = {
        "cairn memblock list": '"list" is no list: memory or reserved was expected',
        "cairn log -1": '"-1" is no log: before or nothing was expected',
        "cairn tasks all": '"all": nothing was expected',
        "cairn store note": "expected slots, get KEY or nothing",
        "cairn store get": "expected slots, get KEY or nothing",
        "cairn store get nothing": "no such key: nothing",
        "cairn store get '\\\\x'": "is no key as ls shows it",
        "cairn store -at": "expected slots, get KEY or nothing",
        "cairn store -at nowhere": "nowhere",
        "cairn store -at memblock": "an address was expected",
        "cairn store -at 0x10": "0x10: ",
        "cairn store -at 0x60010000": "no superblock of version 1 that checks lies there",
    }
    boot(extra=gdb.options)
    *texts, complaints = gdb.ask(*expected)
    assert texts == [""] * len(expected)
    assert complaints.count("\n") == len(expected)
    for line, words in zip(complaints.splitlines(), expected.values()):
        assert words in line
