# SPDX-License-Identifier: MIT
"""Memory that runs out: 64 MiB filled under each policy, and who has to go."""

import re

import pytest

M = 1 << 20
KIB_512 = 512 * 1024
KILLED = re.compile(r"\] Out of memory(?: \(oom_kill_allocating_task\))?: Killed process (\d+) \((\S+)\) "
                    r"total-vm:(\d+)kB, anon-rss:(\d+)kB, pgtables:(\d+)kB oom_score_adj:(-?\d+)$", re.M)


@pytest.fixture
def oom(boot):
    """Starts a board of 64 MiB with a command line."""
    return lambda args="", *options: boot("-m", "64M", "-a", args, *options)


def meminfo(board):
    return {name: int(kilobytes) for name, kilobytes in
            re.findall(r"^(\w+): +(\d+) kB$", board.run("meminfo"), re.M)}


def reserved(board):
    return board.run("memblock reserved")


def tasks(board):
    """name -> (kB that it holds, its oom_score_adj)."""
    rows = re.findall(r"^ *\d+ +\d+ +\d+ +(\d+) +(\d+) +(-?\d+) +\d+  (\S+)", board.run("oom tasks"), re.M)
    return {name: (int(rss) + int(tables), int(adj)) for rss, tables, adj, name in rows}


def new(board, name, size, *parent):
    said = board.run(" ".join(["arena", "new", name, str(size), *parent]))
    assert re.fullmatch(rf"arena new: {name}, \d+ bytes at 0x[0-9a-f]{{8}}", said)


def touch(board, name, size, *core):
    """Whether the touch of SIZE bytes came through, and what was logged meanwhile."""
    said = board.run(" ".join(["arena", "touch", name, str(size), *core]))
    done = f"arena touch: {name}, {size} bytes" in said
    assert done or f"arena touch: {name}: removed to make room: dmesg has the report" in said, said
    return done, said


def fill(board, name, size, *parent):
    new(board, name, size, *parent)
    assert touch(board, name, size) == (True, f"arena touch: {name}, {size} bytes")


def killed(text):
    """Who was, by name, as the log says."""
    return [m[1] for m in KILLED.findall(text)]


def test_a_page_comes_when_it_is_touched(oom):
    """A promise costs what memblock's list needs for it; all of it is given back to the byte."""
    board = oom()
    before = reserved(board), meminfo(board)
    new(board, "web", 32 * M)
    promised = meminfo(board)
    assert promised["Committed_AS"] == 32 * 1024
    assert before[1]["MemFree"] - promised["MemFree"] <= 8192 * 16 // 1024  # at most 16 bytes for each page
    touch(board, "web", 8 * M)
    assert tasks(board)["web"] == (8 * 1024 + 2 * 4, 0)
    assert promised["MemFree"] - meminfo(board)["MemFree"] == 8 * 1024 + 2 * 4
    assert board.run("arena free web") == "arena free: web is gone, 8200 kB given back"
    assert (reserved(board), meminfo(board)) == before
    fill(board, "db", 1 * M)
    among = reserved(board), meminfo(board)
    fill(board, "web", 32 * M)  # for which memblock's list has to grow
    board.run("arena free web")
    assert (reserved(board), meminfo(board)) == among


def test_policy_0(oom):
    """Each promise by itself may be all of memory, all of them together more."""
    board = oom()
    free = meminfo(board)["MemFree"]
    said = board.run("arena new all 65M")
    assert re.search(r"overcommit: all: 66560 kB are refused: all of memory is \d+ kB", said)
    assert "arena new: all: so much cannot be promised" in said
    for name in "abc":
        new(board, name, f"{free - 100}K")
    assert meminfo(board)["Committed_AS"] == 3 * (-(-(free - 100) // 4) * 4)


def test_policy_1(oom):
    """Whatever is asked for; touching it is another matter."""
    board = oom("cairn.overcommit=1")
    new(board, "all", "300M")
    done, said = touch(board, "all", 300 * M)
    assert not done and killed(said) == ["all"]
    assert meminfo(board)["Committed_AS"] == 0


@pytest.mark.parametrize("ratio", [None, 10, 120])
def test_policy_2(oom, ratio):
    """All promises stay below the limit, so nothing that was promised fails."""
    board = oom("cairn.overcommit=2" + (f" cairn.overcommit_ratio={ratio}" if ratio else ""))
    info = meminfo(board)
    total = int(re.search(r"^(\d+) kB are free or would", board.run("oom tasks"), re.M)[1])
    assert info["CommitLimit"] == total // 4 * (ratio or 50) // 100 * 4
    half = info["CommitLimit"] // 8 * 4
    new(board, "web", f"{half}K")
    limit = meminfo(board)["CommitLimit"]  # less: memblock's list has grown for it
    said = board.run(f"arena new pub {limit - half}K")
    assert f"overcommit: pub: {limit - half} kB are refused: {half} kB are promised, and all promises have to " \
           f"stay below {limit} kB" in said
    assert "arena new: pub: so much cannot be promised" in said
    new(board, "pub", f"{limit - half - 4}K")
    assert meminfo(board)["Committed_AS"] == limit - 4
    assert "4 kB are refused" in board.run("arena new tub 1")
    board.run("arena free web")
    new(board, "tub", f"{half - 256}K")


def test_the_worst_goes(oom):
    """The one that holds most; the report has everybody, and is kept with the log, over a reset."""
    board = oom()
    fill(board, "web", 30 * M)
    fill(board, "db", 20 * M)
    new(board, "cache", 20 * M)
    done, said = touch(board, "cache", 20 * M)
    assert done
    lines = [line.split("] ", 1)[1] for line in said.splitlines()[:-1]]
    assert lines[0] == "cache invoked oom-killer: order=0, oom_score_adj=0"
    assert re.fullmatch(r"Mem-Info: 0 pages free of \d+", lines[1])
    assert lines[2:4] == ["Tasks state (memory values in pages):",
                          "[  pid  ] total_vm      rss pgtables_bytes oom_score_adj name"]
    assert re.fullmatch(r"\[      1\] +(\d+) +\1 +0 +0 boot", lines[4])
    assert lines[5:8] == ["[      2]        0        0        0             0 store",
                          "[      3]     7680     7680    32768             0 web",
                          "[      4]     5120     5120    20480             0 db"]
    assert re.fullmatch(r"\[      5\]     5120 +\d+ +\d+             0 cache", lines[8])
    assert lines[9:] == ["Out of memory: Killed process 3 (web) total-vm:30720kB, anon-rss:30720kB, "
                         "pgtables:32kB oom_score_adj:0"]
    assert set(tasks(board)) == {"boot", "store", "db", "cache"}
    report = "\n".join(lines)
    kept = board.run("dmesg -o")
    assert kept.startswith(report)
    assert "] Cairn " in kept and killed(kept) == ["web"]
    board.send("reset\r")
    board.wait_prompt()
    assert board.run("dmesg -o") == kept
    assert list(tasks(board)) == ["boot", "store"]


def test_the_lists_are_as_before(oom):
    """A victim and those who freed theirs leave nothing in memblock."""
    board = oom()
    lists = []
    for _ in range(2):  # the first time the store's index grows for the report
        fill(board, "web", 30 * M)
        fill(board, "db", 20 * M)
        new(board, "cache", 20 * M)
        done, said = touch(board, "cache", 20 * M)
        assert done and killed(said) == ["web"]
        board.run("arena free db; arena free cache; oom kill store")
        lists.append(reserved(board))
    assert lists[0] == lists[1]


def test_protected_tasks(oom):
    """At -1000 never, by either scale; a score above decides against size."""
    board = oom()
    for name, adj in (("web", "adj web -17"), ("db", "score_adj db -1000"), ("pub", "score_adj pub 900")):
        fill(board, name, (28 if name == "web" else 14 if name == "db" else 1) * M)
        board.run("oom " + adj)
    new(board, "cache", 30 * M)
    done, said = touch(board, "cache", 30 * M)
    assert not done and killed(said) == ["pub", "cache"]
    assert tasks(board)["web"][1] == tasks(board)["db"][1] == -1000


def test_scores(oom):
    """What the issue of both scales is about: rounding, in step."""
    board = oom()
    fill(board, "web", 1 * M)
    assert board.run("oom adj web 9") == "oom_adj 8 oom_score_adj 529"
    assert board.run("oom adj web 15") == "oom_adj 15 oom_score_adj 1000"
    assert board.run("oom adj web -17") == "oom_adj -17 oom_score_adj -1000"
    assert board.run("oom score web") == "oom_score 0"
    assert board.run("oom score_adj web 0") == "oom_adj 0 oom_score_adj 0"
    total = int(re.search(r"^(\d+) kB are free or would", board.run("oom tasks"), re.M)[1])
    assert board.run("oom score web") == f"oom_score {(1000 + 257 * 1000 // (total // 4)) * 2 // 3}"
    assert board.run("oom adj web 16") == 'V is "16": a number from -17 to 15 was expected'
    assert board.run("oom adj web") == "oom_adj 0 oom_score_adj 0"


@pytest.mark.parametrize("value, word", [(1, "system-wide"), (2, "compulsory")])
def test_panic_on_oom(oom, value, word):
    """Nobody is removed; the report is in the store and the panic is told by the next boot."""
    board = oom(f"cairn.panic=reset cairn.panic_on_oom={value}")
    fill(board, "web", 40 * M)
    new(board, "cache", 40 * M)
    board.send(f"arena touch cache {40 * M}\r")
    said = board.until_fault()
    assert "cache invoked oom-killer" in said and not killed(said)
    board.wait_prompt()
    assert "Last reset: panic" in board.boot_log
    assert f"Out of memory: {word} panic_on_oom is enabled" in board.run("dmesg -p")
    kept = board.run("dmesg -o")
    assert kept.startswith("cache invoked oom-killer") and " web\n" in kept


def test_nobody_is_left(oom):
    board = oom("cairn.panic=reset cairn.oom_dump_tasks=0")
    fill(board, "web", 40 * M)
    new(board, "cache", 40 * M)
    board.run("oom score_adj web -1000; oom score_adj cache -1000")
    board.send(f"arena touch cache {40 * M}\r")
    said = board.until_fault()
    assert "] Out of memory and no killable processes...\n" in said
    assert "Tasks state" not in said
    board.wait_prompt()
    assert "System is deadlocked on memory" in board.run("dmesg -p")
    kept = board.run("dmesg -o")
    assert kept.startswith("cache invoked oom-killer") and "no killable processes..." in kept


def test_kill_allocating_task(oom):
    """The one that asks, though another holds more; not if it is protected."""
    board = oom("cairn.oom_kill_allocating_task=1")
    fill(board, "web", 40 * M)
    new(board, "cache", 40 * M)
    done, said = touch(board, "cache", 40 * M)
    assert not done and "Out of memory (oom_kill_allocating_task): Killed process 4 (cache)" in said
    new(board, "cache", 40 * M)
    board.run("oom score_adj cache -1000")
    done, said = touch(board, "cache", 40 * M)
    assert done and killed(said) == ["web"]


def test_children_go_first(oom):
    """The worst of the victim's own, one level down, before itself."""
    board = oom()
    fill(board, "web", 28 * M)
    fill(board, "small", 1 * M, "web")
    fill(board, "large", 10 * M, "web")
    fill(board, "grand", 11 * M, "large")
    new(board, "cache", 30 * M)
    done, said = touch(board, "cache", 30 * M)
    assert done and killed(said) == ["large", "small", "web"]
    assert len(re.findall(r"Out of memory: Kill process 3 \(web\) score \d+ or sacrifice child", said)) == 2


def test_notifiers_save_everyone(oom):
    """What the heap does not need is enough: nobody is removed, nothing is reported."""
    board = oom()
    info = meminfo(board)
    size = info["MemFree"] + 1024 - 80  # kB; and its tables
    new(board, "web", f"{size}K")
    assert touch(board, "web", size * 1024) == (True, f"arena touch: web, {size * 1024} bytes")
    left = meminfo(board)
    assert left["HeapSize"] < info["HeapSize"] - 1024 + 512
    board.run("oom kill store")
    left = meminfo(board)
    assert 128 <= left["HeapSize"] - left["HeapUsed"] < 140  # that part is never given back
    assert tasks(board)["store"][0] < 1024
    assert "oom-killer" not in board.run("dmesg")
    assert board.run("put a b") == "put: a, 1 byte"


def test_the_store_sheds_entries(oom):
    """Where the heap has nothing more, an eighth of what the policy would let go next."""
    board = oom("cairn.store_entries=16 cairn.panic=reset")
    for i in range(20):
        board.run(f"put key{i} value")
    assert board.run("ls").endswith("16 entries, 80 bytes")
    fill(board, "web", 40 * M)
    new(board, "cache", 30 * M)
    done, said = touch(board, "cache", 30 * M)
    assert done and killed(said) == ["web"]
    assert "store: memory runs out: 0 entries purged, 2 evicted" in said
    keys = board.run("ls")
    assert "key4 " not in keys and "key5 " not in keys and "key6 " in keys


def test_a_store_that_is_not_shared(project, boot, patch_image):
    """There was no memory for a second index: no core but the first has entries go, or writes the report."""
    no_memory = bytes.fromhex("0c2040427047")  # movs r0, #ENOMEM; negs r0, r0; bx lr
    image = patch_image({project.symbols["store_share"] & ~1: no_memory})
    board = boot("-m", "64M", "--smp", "2", "-a", "cairn.store_entries=16 cairn.panic=reset", extra=["-kernel", image])
    assert "store: not shared: no memory is left for it: only core 0 may use it" in board.boot_log
    for i in range(16):
        board.run(f"put key{i} value")
    fill(board, "web", 40 * M)
    new(board, "cache", 40 * M)
    done, said = touch(board, "cache", 40 * M, "1")
    assert done and killed(said) == ["web"] and "evicted" not in said
    new(board, "web", 40 * M)
    board.run("del cairn/oom; oom score_adj web -1000; oom score_adj cache -1000")
    board.send(f"arena touch web {40 * M} 1\r")
    said = board.until_fault()
    assert "no killable processes" in said and "evicted" not in said
    board.wait_prompt()
    assert "System is deadlocked on memory" in board.run("dmesg -p")
    assert "memory never ran out" in board.run("dmesg -o")


def test_on_all_cores(oom):
    """All of them touch one arena at once, and in the end more than there is."""
    board = oom("", "--smp", "4")
    new(board, "web", 40 * M)
    assert touch(board, "web", 40 * M - KIB_512, "3")[0]
    before = meminfo(board)["MemFree"]
    assert touch(board, "web", 40 * M, "all")[0]
    assert before - meminfo(board)["MemFree"] == 512
    assert tasks(board)["web"][0] == 40 * 1024 + 10 * 4
    new(board, "cache", 30 * M)
    left = (meminfo(board)["MemFree"] + tasks(board)["store"][0]) * 1024 // KIB_512 * KIB_512
    assert touch(board, "cache", left - KIB_512, "2")[0]
    done, said = touch(board, "cache", left + KIB_512, "all")
    assert done and killed(said) == ["web"]
    assert tasks(board)["cache"][0] >= (left + KIB_512) // 1024
    board.run("arena free cache")
    assert board.run("dmesg -o").startswith("cache invoked oom-killer")


def test_the_logs_backlog(oom):
    """Lines that the ring drops are still there, until the task log goes."""
    board = oom("log_buf_len=256K quiet")
    assert tasks(board)["log"] == (256, 0)
    for _ in range(230):
        board.run("memblock")
    whole = board.run("dmesg")
    assert "] Cairn " in whole and len(whole) > 70000
    assert board.run("oom kill log") == "oom kill: log is gone, 256 kB given back"
    ring = board.run("dmesg")
    assert whole.endswith(ring[ring.index("\n"):]) and len(ring) < 65536
    assert "log" not in tasks(board)


def test_bad_values(oom):
    """One line each, and the default stays."""
    bad = {"cairn.overcommit": ("3", "0, 1 or 2"), "cairn.overcommit_ratio": ("x", "percent from 0 to 1000"),
           "cairn.panic_on_oom": ("-1", "0, 1 or 2"), "cairn.oom_kill_allocating_task": ("", "0 or 1"),
           "cairn.oom_dump_tasks": ("yes", "0 or 1"), "cairn.store_policy": ("fifo", "lru or sieve"),
           "log_buf_len": ("big", "a size such as 1M, at most 1G")}
    board = oom(" ".join(f"{name}={value}" for name, (value, _) in bad.items()) + " cairn.oom=1")
    for name, (value, expected) in bad.items():
        assert board.boot_log.count(f"] {name}={value}: expected {expected}: ignored\n") == 1
    assert "cairn.oom is no parameter of this image" in board.boot_log
    board = oom("log_buf_len=16M")
    assert "] log_buf_len=: 16777216 bytes are more than an eighth of memory: ignored\n" in board.boot_log
    assert "log" not in tasks(board)
