# SPDX-License-Identifier: MIT
"""
loady with a real sender, lrzsz's sb, over a serial port of QEMU that is a socket.

LOADY_BYTES=n for a longer file.
"""

import os
import random
import re
import socket
import subprocess
import time

import pytest

from conftest import LEFT_OUT, LOAD

ADDR = 0x61000000
LONG = int(os.environ.get("LOADY_BYTES", "70000"))
WAIT = 60  # seconds for any one answer
PROMPT = b"cairn> "


class Line:
    """The far end of the console's line: a shell, and a sender of files."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        end = time.monotonic() + WAIT
        while True:  # QEMU makes it
            try:
                self.socket.connect(path)
                break
            except OSError:
                assert time.monotonic() < end
                time.sleep(0.05)
        self.socket.settimeout(WAIT)

    def until(self, text):
        """What comes up to TEXT."""
        got = b""
        while not got.endswith(text):
            try:
                byte = self.socket.recv(1)
            except TimeoutError:
                raise AssertionError(f"waiting for {text}: {got}") from None
            assert byte, got
            got += byte
        return got[:-len(text)].replace(b"\r", b"").decode("latin-1")

    def type(self, text):
        self.socket.sendall(text.encode() + b"\r")

    def run(self, command):
        self.type(command)
        self.until(command.encode())
        return self.until(b"\n" + PROMPT).lstrip("\n")

    def load(self, path, *options, address=ADDR):
        """What loady says when sb has sent the file at PATH; sb's status."""
        self.type(f"loady 0x{address:x}")
        self.until(b"ends the wait\r\n")
        self.socket.settimeout(None)  # sb wants to wait
        sent = subprocess.run(["sb", *options, path], stdin=self.socket, stdout=self.socket,
                              stderr=subprocess.PIPE, timeout=WAIT, check=False)
        self.socket.settimeout(WAIT)
        said = self.until(PROMPT)
        return re.search(r"^loady: .*$", said, re.M)[0], sent.returncode

    def memory(self, address, length):
        """LENGTH bytes, a multiple of 16, as md shows them."""
        shown = self.run(f"md 0x{address:x} {length // 4}")
        rows = re.findall(r"^[0-9a-f]{8}: ((?:[0-9a-f]{8} ){3}[0-9a-f]{8})", shown, re.M)
        return b"".join(int(word, 16).to_bytes(4, "little") for row in rows for word in row.split())


@pytest.fixture
def line(boot, tmp_path):
    """A board at its prompt, on a line that carries every byte."""
    path = str(tmp_path / "line")
    board = boot("-m", "64M", extra=["-serial", f"unix:{path},server=on,wait=on", "-monitor", "none"], prompt=False)
    line = Line(path)
    line.until(PROMPT)
    yield line
    board.child.sendintr()  # QEMU has no keys of its own where its terminal is not the line
    board.exit_status()


def file_of(path, length, seed=1):
    path.write_bytes(random.Random(seed).randbytes(length))
    return path


@pytest.mark.parametrize("options", [["-b"], ["-b", "-k"]], ids=["128", "1024"])
@pytest.mark.parametrize("length", [0, 1, 128, 1024, 40000])
def test_a_file(line, tmp_path, options, length):
    """Every byte arrives, and none behind them is written."""
    path = file_of(tmp_path / "some file", length)
    line.run(f"mw 0x{ADDR + (length + 3) // 4 * 4:x} 0x12345678")
    said, status = line.load(path, *options)
    assert said == f"loady: {length} bytes at 0x{ADDR:08x}: some file"
    assert status == 0
    data = path.read_bytes()
    padded = data + bytes(-len(data) % 16)
    for at in {0, max(0, len(padded) - 512)}:
        got = line.memory(ADDR + at, 512)
        assert got[:len(data) - at] == data[at:at + 512]
    assert "12345678" in line.run(f"md 0x{ADDR + (length + 3) // 4 * 4:x} 1")


def test_long(line, tmp_path):
    """By long blocks; parts of it are compared. (The short ones of another test pass block number 255.)"""
    path = file_of(tmp_path / "large", LONG)
    assert line.load(path, "-k")[0] == f"loady: {LONG} bytes at 0x{ADDR:08x}: large"
    data = path.read_bytes()
    for at in range(0, len(data) - 512, 20000):
        assert line.memory(ADDR + at, 512) == data[at:at + 512]


@pytest.mark.parametrize("address, who", [
    (LOAD, "image"), (0x63F00000, "store"), (0x63FFFFFF, "store"), (0x10009000, None), (0x64000000, None)])
def test_memory_in_use_is_refused(line, address, who):
    """Before a sender is asked for anything."""
    said = line.run(f"loady 0x{address:x}")
    reason = f"in use: {who}" if who else "no memory, or not to be mapped"
    assert said == f"loady: not 0x{address:08x}-0x{address:08x}: {reason}"


def test_a_file_that_reaches_into_the_store_is_refused(line, tmp_path):
    """As soon as the sender has said how long it is: nothing of it is written."""
    path = file_of(tmp_path / "file", 5000)
    line.run("put k v")
    line.run("mw 0x63efff00 0x12345678")
    said, status = line.load(path, address=0x63EFFF00)
    assert said == "loady: not 0x63efff00-0x63f01287: in use: store"
    assert status != 0
    assert "12345678" in line.run("md 0x63efff00 1")
    assert line.run("get k") == "v"


def reserved(line):
    """The first and last byte of each reservation."""
    return [(int(first, 16), int(last, 16)) for first, last in
            re.findall(r": 0x([0-9a-f]+)..0x([0-9a-f]+)", line.run("memblock reserved"))]


def test_the_file_stays(line, tmp_path):
    """Its memory is nobody else's, until the next one comes, over it or elsewhere; a boot may begin there."""
    before = reserved(line)
    for address, length in ((ADDR, 5000), (ADDR + 4096, 9000), (ADDR, 5000), (0x62800000, 16)):
        line.load(file_of(tmp_path / "file", length), "-k", address=address)
        assert reserved(line) == sorted([*before, (address, address + length - 1)])
    assert line.run("memtest 0x62800000 4096") == "memtest: not 0x62800000-0x62800fff: in use: payload"
    assert "boot: 0x62800000: there is no zImage" in line.run("boot 0x62800000")
    line.load(file_of(tmp_path / "empty", 0), "-k")
    assert reserved(line) == before


def test_what_did_not_come_leaves_nothing(line, tmp_path):
    """A wait that nobody answers costs no file; one that is refused does."""
    before = reserved(line)
    line.load(file_of(tmp_path / "file", 5000), "-k")
    with_file = reserved(line)
    line.type(f"loady 0x{ADDR:x}")
    line.until(b"ends the wait\r\n")
    line.socket.sendall(b"\x03")
    line.until(PROMPT)
    assert reserved(line) == with_file
    line.load(file_of(tmp_path / "file", 5000), address=0x63EFFF00)
    assert reserved(line) == before


def test_a_payload_by_the_console(line, project):
    """What came that way is entered."""
    path = project.payload
    assert line.load(path, "-k")[0].startswith(f"loady: {path.stat().st_size} bytes at")
    line.type(f"boot 0x{ADDR:x}")
    line.until(b"boot: zImage at 0x%08x" % ADDR)
    line.until(b"payload: ")


@pytest.mark.skipif("oom" in LEFT_OUT, reason="oom kill is what removes it")
def test_a_payload_that_is_gone(line, project, tmp_path):
    """Its memory may be somebody else's meanwhile: what is left of it is not entered."""
    before = reserved(line)
    line.load(file_of(tmp_path / "file", 5000), "-k")
    assert line.run("oom kill payload") == "oom kill: payload is gone, 8 kB given back"
    assert reserved(line) == before
    line.load(project.payload, "-k")
    assert line.run("oom kill payload").startswith("oom kill: payload is gone, ")
    assert line.run(f"boot 0x{ADDR:x}").startswith(f"boot: 0x{ADDR:x}: there is no zImage")


def test_the_wait_ends_by_a_key(line):
    line.type(f"loady 0x{ADDR:x}")
    line.until(b"ends the wait\r\n")
    line.socket.sendall(b"\x03")
    assert "loady: cancelled: 0 bytes at" in line.until(PROMPT)
    assert line.run("version")


def test_a_sender_that_gives_up(line, tmp_path):
    """It ends in the midst of a file; what it left on the line is no command."""
    line.type(f"loady 0x{ADDR:x}")
    line.until(b"C")
    block = b"name\x005000 0 0".ljust(128, b"\0")
    crc = 0
    for byte in block:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ (0x1021 if crc & 0x8000 else 0)) & 0xFFFF
    line.socket.sendall(b"\x01\x00\xff" + block + crc.to_bytes(2, "big"))
    line.until(b"\x06C")
    line.socket.sendall(b"\x18\x18" + b"poweroff\r")
    assert f"loady: cancelled: 0 bytes at 0x{ADDR:08x}: name" in line.until(PROMPT)
    assert line.run("version")
