# SPDX-License-Identifier: MIT
"""Fixtures: the image under test, frozen for the session, and boards that run it."""

import fcntl
import os
import re
import shlex
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from board import Board
from desk import Desk

REPO = Path(__file__).resolve().parents[2]
DTS = REPO / "tests" / "dts"
ARTEFACTS = ("cairn.bin", "cairn.elf", "vexpress-a9.dtb", "payload.bin", "cairn.uimg")
FLASH_ARTEFACTS = ("flash.img", "cairn.img", "flash.dtb", "gen/flash_layout.h")
PARTS = ("stage", "oom")
LEFT_OUT = [part for part in PARTS if part in os.environ.get("LEFT_OUT", "").split()]  # what the image under test lacks
OUT = "-".join(["vexpress-a9", *(["without", *LEFT_OUT] if LEFT_OUT else [])])
FLASH_IMAGE = "flash-image"
MEMMAP = "memmap-asan"
STRESS = "stress.bin"  # the image with another command "stress"
EXAMPLE = "boots.elf"  # a firmware of examples/

LOAD = 0x60010000  # where the image is linked to run
TREE = 0x64000000  # where hand_over() puts the tree
STUB = 0x63000000  # where it puts the code that stands for a boot loader

MANY_TESTS = 440  # as many are all, or nearly
BOOTS_COMPARED = 500  # so many of their boots memmap has to have compared itself with


class Project:
    """qemu-run.sh and a copy of what was built: a build during the session changes nothing."""

    def __init__(self, path):
        self.path = path
        self.script = path / "qemu-run.sh"
        self.options = [word for part in LEFT_OUT for word in ("--without", part)]
        out = path / "build" / OUT
        self.bin, self.elf, self.dtb, self.payload, self.uimg = (out / name for name in ARTEFACTS)
        self.flash_img, self.flash_dtb = out / "flash.img", out / "flash.dtb"
        self.cairn_img, self.flash_layout = out / "cairn.img", out / "gen" / "flash_layout.h"
        self.flash_image = path / FLASH_IMAGE
        self.memmap = path / MEMMAP
        self.stress = out / STRESS
        self.example = path / EXAMPLE
        nm = subprocess.run(["arm-none-eabi-nm", self.elf], check=True, text=True,
                            capture_output=True, timeout=30).stdout
        self.symbols = {name: int(at, 16) for at, name in
                        re.findall(r"^([0-9a-f]+) \w (\S+)$", nm, re.M)}
        # QEMU's flags for the board alone, from the one place that knows them.
        command = shlex.split(subprocess.run([self.script, *self.options, "--print"], check=True, text=True,
                                             capture_output=True, timeout=60).stdout)
        self.machine = command[:command.index("-kernel")]

    @property
    def image(self):
        """The first and last byte that the image takes."""
        return self.symbols["__image_start"], self.symbols["__image_end"] - 1


def freeze(path):
    """Builds, then copies script and artefacts to PATH, where there is nothing to build."""
    flash = () if "stage" in LEFT_OUT else FLASH_ARTEFACTS
    subprocess.run(["make", "-s", "-C", REPO, *(f"{part.upper()}={'n' if part in LEFT_OUT else 'y'}" for part in PARTS),
                    "all", "uimg", *(["flash"] if flash else []), "example", f"build/host/{MEMMAP}",
                    f"build/host/{FLASH_IMAGE}", f"build/{OUT}/payload.bin", f"build/{OUT}/{STRESS}"],
                   check=True, timeout=600)
    temporary = path.with_suffix(".new")
    out = temporary / "build" / OUT
    (out / "gen").mkdir(parents=True)
    for name in (*ARTEFACTS, *flash, STRESS):
        shutil.copy2(REPO / "build" / OUT / name, out / name)
    shutil.copy2(REPO / "qemu-run.sh", temporary)
    for name in (MEMMAP, FLASH_IMAGE):
        shutil.copy2(REPO / "build" / "host" / name, temporary)
    shutil.copy2(REPO / "build" / "example" / EXAMPLE, temporary)
    (temporary / "Makefile").write_text("all flash: ;\n")
    (temporary / "tools").mkdir()
    (temporary / "tools" / "setup.sh").write_text("#!/bin/sh\n")
    (temporary / "tools" / "setup.sh").chmod(0o755)
    temporary.rename(path)


@pytest.fixture(scope="session", autouse=True)
def scratch(tmp_path_factory):
    """What the programs under test leave in $TMPDIR lies where pytest clears up."""
    os.environ["TMPDIR"] = str(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="session")
def project(tmp_path_factory, scratch):
    """The frozen project, one for all workers of a run."""
    base = tmp_path_factory.getbasetemp()
    if base.name.startswith("popen-"):  # a worker of pytest-xdist
        base = base.parent
    with open(base / "project.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (base / "project").exists():
            freeze(base / "project")
    return Project(base / "project")


class Count:
    """Tests, compared boots and resets of a load of all workers."""

    def __init__(self):
        self.tests = self.boots = self.resets = 0

    def pytest_runtest_logreport(self, report):
        if report.when == "teardown":
            self.tests += 1
            self.boots += dict(report.user_properties).get("boots_compared", 0)
            self.resets += dict(report.user_properties).get("resets", 0)

    def pytest_terminal_summary(self, terminalreporter):
        terminalreporter.write_line(f"figure memmap_boots_compared {self.boots} boots")
        terminalreporter.write_line(f"figure board_resets_under_load {self.resets} resets")

    def pytest_sessionfinish(self, session):
        if self.tests >= MANY_TESTS and self.boots < BOOTS_COMPARED:
            print(f"\nonly {self.boots} boots were compared with memmap's, expected {BOOTS_COMPARED}")
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_configure(config):
    if not hasattr(config, "workerinput"):  # workers hand their reports on
        config.pluginmanager.register(Count())


@pytest.fixture
def spawn(project, tmp_path, request):
    """
    Starts a Board from a command line; ends it after the test. Each boot that comes up to the prompt is
    compared with memmap's.
    """
    boards = []
    desk = Desk(project, tmp_path)

    def spawn_board(argv, prompt=True):
        board = Board(argv, sys.stdout)
        board.on_prompt = desk.compare
        boards.append(board)
        if prompt:
            board.wait_prompt()
        return board

    yield spawn_board
    for board in boards:
        board.close()
    request.node.user_properties.append(("boots_compared", desk.compared))


@pytest.fixture
def boot(project, spawn):
    """Boots by qemu-run.sh with options of its own and EXTRA ones for QEMU."""

    def boot_board(*options, extra=(), **kwargs):
        return spawn([project.script, *project.options, *options, *(["--", *extra] if extra else [])], **kwargs)

    return boot_board


@pytest.fixture
def patch_image(project, tmp_path):
    """Writes a copy of the image with some bytes changed: {address: bytes}."""

    def patched(changes):
        image = bytearray(project.bin.read_bytes())
        for address, data in changes.items():
            image[address - LOAD:address - LOAD + len(data)] = data
        path = tmp_path / "patched.bin"
        path.write_bytes(image)
        return path

    return patched


def loader(file, address):
    return ["-device", f"loader,file={file},addr=0x{address:x},force-raw=on"]


@pytest.fixture
def hand_over(project, spawn, tmp_path):
    """
    Boots as a loader that is not QEMU would: image, blobs and six instructions are put into RAM,
    and nothing is touched on the way. BLOBS is {address: bytes}; LOAD is where the image goes.
    """

    def boot_board(r2, blobs=None, image=None, memory="1G", extra=(), load=LOAD, stub_at=STUB, **kwargs):
        stub = struct.pack("<IIIIIII", 0xE3A00000,  # mov r0, #0
                           0xE59F1004,  # ldr r1, machine number
                           0xE59F2004,  # ldr r2, boot data
                           0xE59FF004,  # ldr pc, entry
                           0x8E0, r2, load)
        argv = [*project.machine, "-m", memory, *loader(image or project.bin, load)]
        for number, (address, data) in enumerate({stub_at: stub, **(blobs or {})}.items()):
            path = tmp_path / f"blob{number}"
            path.write_bytes(data)
            argv += loader(path, address)
        argv += ["-device", f"loader,addr=0x{stub_at:x},cpu-num=0", *extra]
        return spawn(argv, **kwargs)

    return boot_board


def dtc(source):
    """The tree that TEXT or the file PATH describes."""
    text = source.read_text() if isinstance(source, Path) else source
    return subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-i", DTS], check=True,
                          timeout=30, input=text.encode(), capture_output=True).stdout


@pytest.fixture
def compile_tree(tmp_path):
    """Compiles tests/dts/NAME.dts, or the text in NAME; BOOTARGS go in front of its own."""

    def compile_dts(name, bootargs=None):
        blob = dtc(name if "{" in name else DTS / f"{name}.dts")
        if bootargs is None:
            return blob
        path = tmp_path / "tree.dtb"
        path.write_bytes(blob)
        subprocess.run(["fdtput", "-p", "-t", "s", path, "/chosen", "bootargs", bootargs],
                       check=True, timeout=30)
        return path.read_bytes()

    return compile_dts


@pytest.fixture
def boot_tree(hand_over, compile_tree):
    """Boots with a tree from tests/dts (or its text), handed over untouched."""

    def boot_board(name, bootargs=None, **kwargs):
        blob = compile_tree(name, bootargs)
        board = hand_over(TREE, {TREE: blob}, **kwargs)
        board.tree = (TREE, TREE + len(blob) - 1)
        return board

    return boot_board
