# SPDX-License-Identifier: MIT
"""
NOR flash that is kept in a file: the shell's flash command, and snapshots of the store, which outlive QEMU.

FLASH_SEED=n for the same moments at which QEMU is killed in the midst of a save, FLASH_CUTS=n for so many.
"""

import os
import random
import re
import shutil
import signal
import subprocess

import pytest

from flash import partitions
from test_retention import Monitor, connect, gdb, gdb_answer

CUTS = int(os.environ.get("FLASH_CUTS", "8"))
SEED = int(os.environ.get("FLASH_SEED", "0")) or random.SystemRandom().randrange(1, 2**32)
BLOCK = 256 << 10
SIZE = 64 << 20
DATA = 4096  # of a snapshot, behind its slot's begin


@pytest.fixture
def machine(boot, project, tmp_path):
    """Boots a board whose flash, and if wanted RAM, is in a file that can be changed while it is off."""
    class Machine:
        tree = tmp_path / "flash.dtb"
        nor, ram, pid = tmp_path / "nor", tmp_path / "ram", tmp_path / "pid"
        at = partitions()

        def boot(self, *options, extra=()):
            return boot("-m", "64M", "-d", self.tree, "--nor", self.nor, *options,
                        extra=["-pidfile", self.pid, *extra])

        def kill(self, board):
            board.kill_qemu(int(self.pid.read_text()), signal.SIGKILL)

        def read(self, offset, size):
            with open(self.nor, "rb") as nor:
                nor.seek(offset)
                return nor.read(size)

        def flip(self, offset):
            byte = self.read(offset, 1)[0] ^ 1
            with open(self.nor, "r+b") as nor:
                nor.seek(offset)
                nor.write(bytes([byte]))

    shutil.copy(project.dtb, Machine.tree)
    return Machine()


def loaded(board):
    """Which snapshot the boot has loaded, and from where; None: none."""
    found = re.search(r"\] store: snapshot (\d+) loaded from (\S+), \d+ \w+ old\n", board.boot_log)
    return found and (int(found[1]), found[2])


# ---- the command --------------------------------------------------------------------------------


def test_info(machine):
    out = machine.boot().run("flash info")
    assert out.startswith(f"flash: {SIZE} bytes at 0x40000000\n0x00000000-0x03ffffff   256 blocks of {BLOCK}\n")
    for name, at in machine.at.items():
        assert re.search(rf"^0x{at:08x}-0x\w+ +\d+ bytes  {name}$", out, re.M)


def test_write(machine, project):
    """What is written is in the file, at once and after the power came back; the rest is as it was."""
    board = machine.boot()
    payload = machine.at["payload"]
    length = 20001
    assert board.run("flash write payload 0x60010004 8") == "flash write: 8 bytes"  # a new file is erased flash
    assert board.run(f"flash write payload 0x60010000 {length}").endswith("it has to be erased first")
    assert board.run(f"flash erase payload {BLOCK}") == f"flash erase: {BLOCK} bytes"
    assert board.run(f"flash write payload 0x60010000 {length}") == f"flash write: {length} bytes"
    expected = project.bin.read_bytes()[:length]
    assert machine.read(payload, BLOCK) == expected.ljust(BLOCK, b"\xff")
    assert machine.read(payload - 4096, 4096) == b"\xff" * 4096
    assert machine.read(payload + BLOCK, 4096) == b"\xff" * 4096
    machine.kill(board)
    board = machine.boot()
    assert board.run("flash read payload+32 16").startswith(
        f"{payload + 32:08x}: " + " ".join(f"{int.from_bytes(expected[at:at + 4], 'little'):08x}"
                                           for at in range(32, 48, 4)))
    assert board.run("md 0x%x 4" % (0x40000000 + payload + 32)).split("  ")[0].endswith(
        board.run("flash read payload+32 16").split("  ")[0].split(": ")[1])


def test_force(machine):
    board = machine.boot()
    assert board.run("flash write 0 0x60010000 4096 --force") == "flash write: 4096 bytes"
    before = machine.read(0, BLOCK)
    assert before != b"\xff" * BLOCK
    assert "--force does it" in board.run(f"flash erase 0 {BLOCK}")
    assert "--force does it" in board.run(f"flash erase store-a {SIZE // 2}")
    assert "the board starts from selector: --force does it" in board.run(f"flash erase selector {BLOCK}")
    assert machine.read(0, BLOCK) == before
    assert board.run(f"flash erase 0 {BLOCK} --force") == f"flash erase: {BLOCK} bytes"
    assert machine.read(0, BLOCK) == b"\xff" * BLOCK
    assert "SRC: nothing is mapped there" in board.run("flash write payload 0x50000000 4")
    assert "not whole erase blocks" in board.run("flash erase payload 4096")


# ---- snapshots ----------------------------------------------------------------------------------


def test_across_power_loss(machine):
    """The newest snapshot is there when the power comes back; after a warm reset, RAM is."""
    board = machine.boot("--smp", "4")  # which share the store
    assert loaded(board) is None
    board.run("put k one")
    assert re.match(r"store save: snapshot 1 in store-a, \d+ bytes$", board.run("store save"))
    board.run("put k two")
    assert board.run("store save").startswith("store save: snapshot 2 in store-b")
    board.run("put k three")
    board.reset()
    assert loaded(board) is None
    assert board.run("get k") == "three"
    machine.kill(board)
    board = machine.boot()
    assert loaded(board) == (2, "store-b")
    assert board.run("get k") == "two"
    assert board.run("store check").endswith("problems 0, notes 0: sound")
    assert board.run("store save").startswith("store save: snapshot 3 in store-a")


@pytest.mark.parametrize("offset", [12, 60, DATA, DATA + 4100], ids=["header", "sum", "super", "image"])
def test_damaged(machine, offset):
    """A damaged newest snapshot gives the one before it, with a line; two give a new store."""
    board = machine.boot()
    board.run("put k one; store save; put k two; store save")
    assert board.poweroff() == 0
    machine.flip(machine.at["store-b"] + offset)
    board = machine.boot()
    assert "] store: the snapshot in store-b is damaged: not loaded\n" in board.boot_log
    assert loaded(board) == (1, "store-a")
    assert board.run("get k") == "one"
    assert board.poweroff() == 0
    machine.flip(machine.at["store-a"] + offset)
    board = machine.boot()
    assert board.boot_log.count("is damaged: not loaded\n") == 2
    assert "] store: new, " in board.boot_log
    assert board.run("put k three; store save").endswith(" bytes")


def test_no_room_for_it(machine):
    """A snapshot that does not fit is not lost by a new store in its place."""
    board = machine.boot()
    board.run("put k one; store save")
    assert board.poweroff() == 0
    board = machine.boot("-a", "cairn.store=512K")
    assert "snapshot 1 is of a store of 1048576 bytes, and the region has 524288\n" in board.boot_log
    assert "not open" in board.run("put k two")
    assert "not open" in board.run("store save")
    assert board.poweroff() == 0
    assert machine.boot().run("get k") == "one"


def test_damaged_region(machine):
    """Traces of a store that the power has damaged are no store; RAM that kept it counts."""
    board = machine.boot("--ram", machine.ram)
    board.run("put k saved; store save; put k later")
    machine.kill(board)
    board = machine.boot("--ram", machine.ram)
    assert loaded(board) is None
    assert board.run("get k") == "later"
    machine.kill(board)
    with open(machine.ram, "r+b") as ram:
        for copy in (0, 2048):
            ram.seek((63 << 20) + copy + 100)
            ram.write(b"noise")
    board = machine.boot("--ram", machine.ram)
    assert loaded(board) == (1, "store-a")
    assert board.run("get k") == "saved"


def test_no_slots(machine):
    """A tree without partitions: a sentence, and the flash is there all the same."""
    subprocess.run(["fdtput", "-r", machine.tree, "/flash@40000000/partitions"], check=True, timeout=30)
    board = machine.boot("-a", "cairn.autosave=1")
    assert board.run("store save") == "store save: expected partitions store-a and store-b in flash"
    assert "--force does it" in board.run(f"flash erase 0 {BLOCK}")
    assert board.run("flash info").count("\n") == 1
    board.until("store: not saved: expected partitions")


def test_autosave(machine):
    """By itself, when something was written."""
    board = machine.boot("-a", "cairn.autosave=1")
    board.run("put k one")
    while "store: saved: snapshot" not in board.run("dmesg"):
        pass
    board.run("put k two")
    count = board.run("dmesg").count("store: saved: ")
    while board.run("dmesg").count("store: saved: ") == count:
        pass
    machine.kill(board)
    board = machine.boot("-a", "cairn.autosave=1h")
    assert "cairn.autosave=1h: expected seconds" in board.boot_log
    assert loaded(board)
    assert board.run("get k") == "two"


# ---- cut ----------------------------------------------------------------------------------------


class Cutter:
    """Stops the board at a command to the flash, by QEMU's gdb server."""

    def __init__(self, project, monitor):
        self.monitor = monitor
        symbols = {name.split(".")[0]: at & ~1 for name, at in project.symbols.items()}
        self.command, self.end = symbols["cfi_command"], symbols["store_leave"]

    def stop(self, board, line, nth):
        """Types LINE and stops at command NTH to the flash; how many there were before its end."""
        with connect(self.monitor.gdb) as server:
            assert gdb_answer(server).startswith("T02")  # it is stopped now
            board.send(line + "\r")
            for count in range(nth):
                for place in (self.command, self.end):
                    gdb(server, f"Z0,{place:x},2")
                gdb(server, "c")
                for place in (self.command, self.end):
                    gdb(server, f"z0,{place:x},2")
                if self.at(server) == self.end:
                    return count
                gdb(server, "s")
            return nth

    @staticmethod
    def at(server):
        """The program counter, the last of the 16 registers that "g" begins with."""
        server.sendall(b"$g#67")
        return int.from_bytes(bytes.fromhex(gdb_answer(server))[60:64], "little")


def test_killed_in_a_save(machine, project, tmp_path):
    """QEMU is killed at some command to the flash: the old snapshot or the new one, whole."""
    print(f"FLASH_SEED={SEED}")
    rng = random.Random(SEED)
    monitor = Monitor(tmp_path)
    cutter = Cutter(project, monitor)
    board = machine.boot(extra=monitor.options)
    board.run("put k 0; put large " + "x" * 400)
    assert board.run("store save").startswith("store save: snapshot 1 ")
    number, value, most = 1, "0", 60
    for turn in range(1, CUTS + 1):
        board.run(f"put k {turn}")
        nth = rng.randrange(1, most)
        reached = cutter.stop(board, "store save", nth)
        if reached < nth:
            most = reached + 2  # what a save takes, and its end
        machine.kill(board)
        board = machine.boot(extra=monitor.options)
        was, number = number, loaded(board)[0]
        assert number in (was, was + 1)
        if reached < nth:
            assert number == was + 1
        if number == was + 1:
            value = str(turn)
        assert board.run("get k") == value
        assert board.run("get large") == "x" * 400
