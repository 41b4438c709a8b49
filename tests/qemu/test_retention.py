# SPDX-License-Identifier: MIT
"""
Resets at random moments of a running load: nothing that was acknowledged on the console is missing, and the
next boot knows what became of the last one.

RETENTION_RESETS=n resets (21), of boards with 1, 2 and 4 cores in turns, RETENTION_SEED=n for the same ones again.
"""

import json
import os
import random
import re
import signal
import socket
import struct

import pytest

from board import OWN, WAIT

RESETS = int(os.environ.get("RETENTION_RESETS", "21"))
SEED = int(os.environ.get("RETENTION_SEED", "0")) or random.SystemRandom().randrange(1, 2**32)
CORES = (1, 2, 4)
CALLS = {"store_put": 4500, "store_delete": 2000}  # instructions of the load's longer ones
KILLS = 5  # a QEMU is killed once for so many resets
KEYS = 16
BOOT_LINES = ["Last reset: ", "Memory: ", "Reserved:", "store: recovered", "cairn> "]
FIRST_LINE = "[    0.000000] Cairn "


def scramble(number):
    return number * 2654435761 % 2**32


def put_key(number):
    return scramble(number) // 65536 % KEYS


def entries_after(number):
    """{key: length of its value} when `stress` has come to NUMBER; docs/shell.md has the sequence."""
    found = {}
    for step in range(1, number + 1):
        mixed = scramble(step)
        if step % 4 == 0:
            found.pop((put_key(step - 1) + 1 + mixed // 65536 % (KEYS - 1)) % KEYS, None)
        else:
            found[put_key(step)] = (len(f"{step} ") +
                                    mixed // 256 % (4096 if step % 16 == 5 else 256))
    return {f"stress/{key:02}": size for key, size in found.items()}


def connect(path):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(WAIT)
    connection.connect(str(path))
    return connection


class Monitor:
    """QEMU's sockets: its monitor resets the board whatever that is doing, its gdb server stops it."""

    def __init__(self, folder):
        self.qmp, self.gdb, self.file = folder / "qmp", folder / "gdb", None

    @property
    def options(self):
        return ["-qmp", f"unix:{self.qmp},server=on,wait=off",
                "-gdb", f"unix:{self.gdb},server=on,wait=off"]

    def command(self, name, *events):
        """Sends a command; waits for its answer, and for events that it causes."""
        if not self.file:
            self.file = connect(self.qmp).makefile("rw")
            self.file.readline()
            self.command("qmp_capabilities")
        self.file.write(json.dumps({"execute": name}) + "\n")
        self.file.flush()
        missing = {"return", *events}
        while missing:
            answer = json.loads(self.file.readline())
            assert "error" not in answer
            missing -= {answer.get("event"), *answer}

    def reset(self):
        self.command("system_reset", "RESET")

    def reset_behind(self, address, instructions):
        """Resets the board so many instructions behind the one at ADDRESS, which it comes by."""
        with connect(self.gdb) as server:
            assert gdb_answer(server).startswith("T02")  # it is stopped now
            gdb(server, f"Z0,{address:x},2")
            gdb(server, "c")
            gdb(server, f"z0,{address:x},2")
            for _ in range(instructions):
                gdb(server, "s")
            self.reset()
            gdb(server, "D")


    def pc(self, core):
        """Where CORE is, once QEMU is there. The board stands still meanwhile."""
        while not self.gdb.is_socket():
            pass
        with connect(self.gdb) as server:
            gdb_answer(server)
            gdb(server, f"Hg{core + 1}")
            gdb_send(server, "g")
            registers = struct.unpack_from("<16I", bytes.fromhex(gdb_answer(server)))
            gdb(server, "D")
            return registers[15]


def gdb_send(server, packet):
    server.sendall(f"${packet}#{sum(packet.encode()) % 256:02x}".encode())


def gdb(server, packet):
    """Sends a packet of gdb's protocol and takes the answer, which is no error."""
    gdb_send(server, packet)
    assert gdb_answer(server)[:1] in ("O", "T"), packet  # OK, or a signal


def gdb_answer(server):
    """The next packet from the gdb server, without its frame."""
    answer = b""
    while not re.search(rb"#..$", answer):
        answer += server.recv(4096)
    server.sendall(b"+")
    return re.search(rb"\$(.*)#", answer)[1].decode()


@pytest.fixture
def monitor(tmp_path):
    monitor = Monitor(tmp_path)
    yield monitor
    if monitor.file:
        monitor.file.close()


@pytest.fixture
def rng(request):
    """Random numbers of a test's own, which the printed seed gives again."""
    print(f"RETENTION_SEED={SEED}")
    return random.Random(f"{SEED} {request.node.name}")


@pytest.fixture
def count(request):
    """To be called for each reset; the sum is a figure of the run."""
    resets = []
    yield lambda: resets.append(1)
    request.node.user_properties.append(("resets", len(resets)))


def whole_lines(text):
    return text[:text.rfind("\n") + 1]


class Watch:
    """What is known about a board, and has to be known to it after each reset."""

    def __init__(self, board, count):
        board.on_prompt = None
        self.board = board
        self.count = count  # called for each reset that was checked
        self.log = board.boot_log
        self.boots = 1
        self.own = {OWN}  # how many entries under cairn/ there may be
        self.acknowledged = 0

    def load(self, rng):
        """Starts `stress` and comes back at a random number of it, in the midst of what it does."""
        self.board.send("stress\r")
        self.board.until("nothing missing\r*\n")
        for _ in range(rng.randrange(1, 200)):
            self.acknowledge(self.board.until(r"\n") + "\n")

    def acknowledge(self, text):
        """What came from the board while `stress` ran: a whole line is an acknowledged number."""
        for number in re.findall(r"^(\d+)\n", text, re.M):
            self.acknowledged += 1
            assert int(number) == self.acknowledged

    def wait_boot(self):
        """Waits for the prompt after a reset of the load."""
        self.acknowledge(self.board.until(re.escape(FIRST_LINE)))
        self.new_log = FIRST_LINE + self.board.wait_prompt()

    def goes_on_as(self, board):
        """The same memory in another QEMU, which is at the prompt."""
        self.board, self.new_log = board, board.boot_log
        board.on_prompt = None

    def interrupt_boot(self, rng, monitor):
        """Waits for a random line of the boot after a reset of the load, and resets that."""
        self.acknowledge(self.board.until(re.escape(FIRST_LINE)))
        seen = FIRST_LINE + self.board.until(rng.choice(BOOT_LINES)) + self.board.child.after
        monitor.reset()
        self.log = seen + self.board.until(re.escape(FIRST_LINE))
        self.new_log = FIRST_LINE + self.board.wait_prompt()
        self.own = set(range(5))

    def check(self, cause, boots=1):
        """The board is at the prompt, after up to BOOTS boots."""
        board, log = self.board, self.new_log
        reached = int(re.fullmatch(r"stress: verified up to (\d+), nothing missing",
                                   board.run("stress check"))[1])
        expected = entries_after(reached)
        assert reached >= self.acknowledged
        # At most one step more is done. (A delete of what is not there counts as done, too.)
        assert expected in [entries_after(self.acknowledged + more) for more in (0, 1)]
        listed = re.findall(r"^(stress/\d\d)  (\d+) byte", board.run("ls stress/"), re.M)
        assert {key: int(size) for key, size in listed} == expected
        recovered = int(re.search(r"\] store: recovered (\d+) entries", log)[1])
        assert recovered - len(expected) in self.own
        self.acknowledged = reached

        assert f"] Last reset: {cause}" in log
        assert board.run("get cairn/reset") == cause
        assert int(board.run("get cairn/boots")) - self.boots in range(1, boots + 1)
        self.boots = int(board.run("get cairn/boots"))
        if boots == 1:  # of two the first may have been too short to read the clock
            assert f"{cause}, after {board.run('get cairn/uptime')}\n" in log
        assert board.run("dmesg -1").startswith(whole_lines(self.log)[:-1])
        self.own = {board.entries("cairn/")}
        self.log = log
        self.count()


@pytest.mark.parametrize("smp", CORES)
def test_resets(project, boot, monitor, rng, count, smp):
    """
    A reset as a watchdog's, in the midst of the load: by the clock, which is mostly while a number is printed,
    or in the midst of a call of the store. Some more come in the midst of the boot.
    """
    watch = Watch(boot("-m", "64M", "--smp", smp, extra=monitor.options), count)
    for _ in range(-(-RESETS // len(CORES))):
        watch.load(rng)
        if rng.random() < 0.5:
            monitor.reset()
        else:
            call = rng.choice(list(CALLS))
            monitor.reset_behind(project.symbols[call], rng.randrange(CALLS[call]))
        if rng.random() < 0.25:
            watch.interrupt_boot(rng, monitor)
            watch.check("warm", boots=2)
        else:
            watch.wait_boot()
            watch.check("warm")
    assert watch.board.poweroff() == 0


def test_killed(boot, rng, count, tmp_path):
    """QEMU ends without a warning in the midst of the load; its RAM is in a file."""
    ram, pid = tmp_path / "ram", tmp_path / "pid"

    def start():
        return boot("-m", "64M", "--ram", ram, extra=["-pidfile", pid])

    watch = Watch(start(), count)
    for _ in range(max(1, RESETS // KILLS)):
        watch.load(rng)
        watch.board.kill_qemu(int(pid.read_text()), signal.SIGKILL)
        watch.acknowledge(watch.board.child.before.replace("\r", ""))
        watch.goes_on_as(start())
        watch.check("power")
