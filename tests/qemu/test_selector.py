# SPDX-License-Identifier: MIT
"""The start from flash: the selector chooses an image, whatever is in the other one, and counts tries."""

import os
import random
import re
import shutil
import signal
import struct
import subprocess

import pytest

from board import PROMPT
from conftest import loader
from flash import MAKE_TREE, TRIES, Flash
from test_payload import NO_MACHINE, PAYLOAD, leave

MANUAL = "cairn.panic=reset cairn.confirm=manual"
NOWHERE = struct.pack("<I", 0xE7F000F0) * 8  # undefined instructions


@pytest.fixture
def flash(project, tmp_path):
    """A copy of what `make flash` makes, in which no image confirms itself; its size is given back after the
    test."""
    path = tmp_path / "flash.img"
    shutil.copyfile(project.flash_img, path)
    contents = Flash(project, path)
    for letter in "AB":
        contents.put_image(letter, bootargs=MANUAL, text=f"test {letter}")
    yield contents
    path.unlink()


@pytest.fixture
def start(project, spawn):
    """Starts a board from a flash."""

    def start_board(flash, *options, **kwargs):
        return spawn([project.script, "--flash", flash.path, *options], **kwargs)

    return start_board


def said(board):
    """What the selector said, a line each."""
    lines = board.boot_log.splitlines()
    return [line[len("Selector: "):] for line in lines if line.startswith("Selector: ")]


def test_made_flash(project):
    """`make flash` puts the same image, which is whole, into both places."""
    flash = Flash(project, project.flash_img)
    assert flash.image("A") == flash.image("B")
    image = flash.image("A")
    binary = project.bin.read_bytes()
    assert image["code_at"] == project.image[0] and image["tree_at"] == project.image[1] + 1
    assert image["code"][:len(binary)] == binary
    assert image["tree"][:project.flash_dtb.stat().st_size] == project.flash_dtb.read_bytes()
    assert image["tree"][image["mark"] - 12:image["mark"] + 1] == b"cairn.image=?"
    assert image["text"].startswith(b"Cairn ")
    assert not list(flash.records())


def nodes(tree, path):
    """What a tree has below PATH: {node: {property: cells}}."""
    def run(*command):
        return subprocess.run(command, check=True, timeout=30, capture_output=True, text=True).stdout

    names = run("fdtget", "-p", tree, path).split()
    found = {name: run("fdtget", "-t", "x", tree, path, name) for name in names}
    children = run("fdtget", "-l", tree, path).split()
    return {path: found, **{at: what for child in children
                            for at, what in nodes(tree, f"{path}/{child}").items()}}


def test_tree_for_flash(project, tmp_path):
    """A tree that is not Cairn's own gets the partitions, in the place of those that it has."""
    partitions = "/flash@40000000/partitions"
    tree, made = tmp_path / "tree.dtb", tmp_path / "made.dtb"
    shutil.copyfile(project.dtb, tree)
    subprocess.run(["fdtput", "-r", tree, partitions], check=True, timeout=30)
    subprocess.run(["fdtput", "-cp", tree, f"{partitions}/other"], check=True, timeout=30)
    subprocess.run([MAKE_TREE, tree, project.dtb, made, "some=words"], check=True, timeout=30)
    assert nodes(made, partitions) == nodes(project.dtb, partitions)
    assert b"some=words\0" in made.read_bytes()
    subprocess.run(["fdtput", "-r", tree, "/flash@40000000"], check=True, timeout=30)
    for what, why in ((project.bin, "it is no device tree"),
                      (tree, 'it has no flash (compatible = "cfi-flash")')):
        refused = subprocess.run([MAKE_TREE, what, project.dtb, made, ""], timeout=30, check=False,
                                 capture_output=True, text=True)
        assert (refused.returncode, refused.stderr) == (1, f"flash-tree.sh: {what}: {why}\n")


@pytest.mark.parametrize("cores", [1, 4])
def test_image_a(flash, start, cores):
    board = start(flash, "--smp", cores)
    assert said(board) == ["image A, test A, try 1 of 3"]
    assert "cairn.image=A" in board.run("bootargs")
    assert board.run("cores").count("online") == cores
    board.run("put kept yes")
    board.reset()
    assert said(board) == ["image A, test A, try 2 of 3"]
    assert board.run("get kept") == "yes"
    assert board.run("cores").count("online") == cores
    board.poweroff()
    assert flash.counted() == ("A", [2, 0], [False, False])


@pytest.mark.parametrize("offset, clause", [
    (0, "there is none"),
    (20, "its header does not match its checksum"),
    (127, "its header does not match its checksum"),
    (128, "its bytes do not match their checksum"),
    (100000, "its bytes do not match their checksum"),
])
@pytest.mark.parametrize("broken", "AB")
def test_damaged_image(flash, start, broken, offset, clause):
    place = flash.place(broken) + offset
    flash.write(place, bytes([flash.read(place, 1)[0] ^ 0x10]))
    board = start(flash)
    line = f"image {broken}: {clause}: it is left out"
    good = "AB"[broken == "A"]
    assert said(board) == ([line] if broken == "A" else []) + [f"image {good}, test {good}, try 1 of 3"]
    assert f"cairn.image={good}" in board.run("bootargs")


def test_image_that_panics(flash, start):
    """An image that ends in a panic before it is confirmed has its three tries, and no more."""
    flash.put_image("A", bootargs=MANUAL + ' cairn.init="crash panic"', text="bad")
    board = start(flash, prompt=False)
    for number in range(1, 1 + TRIES):
        board.until(f"Selector: image A, bad, try {number} of 3")
        board.until_fault()
    board.wait_prompt()
    assert said(board) == ["image A: its tries are used up and it was not confirmed: it is left out",
                           "image B, test B, try 1 of 3"]
    board.poweroff()
    assert flash.counted() == ("A", [3, 1], [False, False])


def test_image_that_is_no_code(flash, start):
    """An exception before the image has vectors of its own is a try, too."""
    flash.put_image("A", code=NOWHERE, text="bad")
    board = start(flash, prompt=False)
    for number in range(1, 1 + TRIES):
        board.until(f"Selector: image A, bad, try {number} of 3")
        board.until(r"Selector: exception at 6001000\d in the image: reset")
    board.wait_prompt()
    assert "image B, test B, try 1 of 3" in said(board)


def test_nothing_to_start(flash, start):
    """With neither image the board says so and stays, with the other cores asleep."""
    for letter in "AB":
        flash.write(flash.place(letter), b"\0" * 128)
    board = start(flash, "--smp", 4, prompt=False)
    board.until("Selector: neither image can be started: the board stays here")
    assert not list(flash.records())


def test_last_resort(flash, start):
    """Images that are whole are tried again when both have used up their tries, in turns: so a good one comes
    up whatever the other one does."""
    flash.put_image("B", code=NOWHERE, text="bad")
    board = start(flash)
    for number in range(2, 1 + TRIES):
        board.reset()
        assert said(board) == [f"image A, test A, try {number} of 3"]
    board.send("reset\r")
    for number in range(1, 1 + TRIES):
        board.until(f"Selector: image B, bad, try {number} of 3")
    board.until("image B: its tries are used up and it was not confirmed: it is left out")
    board.until("Selector: image A: nothing else is left: it is tried again")
    board.wait_prompt()
    assert said(board)[-1] == "image A, test A"
    assert flash.counted() == ("A", [3, 3], [False, False])
    board.run("boot confirm")
    board.reset()
    assert said(board) == ["image A, test A"]


def test_the_old_version_stays_confirmed(flash, start):
    """It runs behind a new one that failed, as often as one likes."""
    board = start(flash)
    board.run("boot confirm")
    board.run("boot select B")
    for number in range(1, 1 + TRIES):
        board.reset()
        assert said(board) == [f"image B, test B, try {number} of 3"]
    for _ in range(1 + TRIES):
        board.reset()
        assert said(board) == ["image B: its tries are used up and it was not confirmed: it is left out",
                               "image A, test A"]
    assert flash.counted() == ("B", [0, 3], [True, False])


def test_power_cut_gives_no_try_back(flash, start, tmp_path):
    """QEMU is killed at any moment of each start: image A is never entered more than three times."""
    seed = int(os.environ.get("SELECTOR_SEED", 1))
    print(f"SELECTOR_SEED={seed}")
    rng = random.Random(seed)
    pid = tmp_path / "pid"
    used = 0
    while used < TRIES:
        pid.unlink(missing_ok=True)
        board = start(flash, "--", "-pidfile", pid, prompt=False)
        line = rng.choice(["Selector: ", "Selector: image A, test A, try", PROMPT])
        board.until(line)
        board.kill_qemu(int(pid.read_text()), signal.SIGKILL)
        _, tries, _ = flash.counted()
        assert used + (line != "Selector: ") <= tries[0] <= used + 1 and tries[1] == 0
        used = tries[0]
    flash.write(flash.place("B"), b"\0")
    board = start(flash, prompt=False)
    board.until("image A: its tries are used up and it was not confirmed: it is left out")


def test_two_letters_of_one_board(flash, start):
    """The other image is started with its own tree."""
    flash.put_image("B", bootargs="cairn.panic=reset mem=512M", text="half")
    flash.write(flash.place("A"), b"\0")
    board = start(flash)
    assert "mem=512M cairn.image=B" in board.run("bootargs")


def test_confirmed_by_itself(project, flash, start):
    """What `make flash` makes is confirmed by its first boot, and then flash is not written any more."""
    shutil.copyfile(project.flash_img, flash.path)
    board = start(flash, "--smp", 2)
    assert "] flash: image A, confirmed now\n" in board.boot_log
    before = flash.path.read_bytes()
    board.reset()
    assert re.fullmatch(r"image A, Cairn [^,]+", said(board)[0])
    assert "] flash: image A, confirmed\n" in board.boot_log
    assert flash.path.read_bytes() == before
    assert flash.counted() == ("A", [1, 0], [True, False])


def test_new_version(flash, start):
    """The way of a new version: into the place of the image that does not run, selected, and confirmed."""
    board = start(flash)
    assert "not confirmed: \"boot confirm\" does it" in board.boot_log
    board.run("boot confirm")
    assert board.run("boot status") == "image A: test A, confirmed, runs, is tried first\n" \
        "image B: test B, 3 of 3 tries left"
    board.poweroff()
    flash.put_image("B", bootargs="cairn.panic=reset", text="new B")
    board = start(flash)
    assert said(board) == ["image A, test A"]
    assert board.run("boot select B") == "image B is tried first from now on"
    board.reset()
    assert said(board) == ["image B, new B, try 1 of 3"]
    assert "] flash: image B, confirmed now\n" in board.boot_log
    board.reset()
    assert said(board) == ["image B, new B"]
    assert flash.counted() == ("B", [0, 1], [True, True])


def test_new_version_by_cairn(project, flash, start):
    """The same without another program: erased and written from the prompt, as docs/board.md has it."""
    flash.write(flash.place("B"), b"\0" * 4096)
    size = project.cairn_img.stat().st_size
    board = start(flash, "--", *loader(project.cairn_img, 0x61000000))
    assert board.run("boot select B") == "boot select: there is none"
    assert "the board starts from image-a: --force does it" in board.run("flash erase image-a 0x200000")
    for command in "flash erase image-b 0x200000", f"flash write image-b 0x61000000 {size}", "boot select B":
        assert "not" not in board.run(command)
    board.reset()
    assert re.fullmatch(r"image B, Cairn [^,]+, try 1 of 3", said(board)[0])
    assert flash.read(flash.place("B"), size) == project.cairn_img.read_bytes()


def test_new_version_that_fails(flash, start):
    """It panics at each start: then the one before it runs again, and says why."""
    flash.put_image("B", bootargs=MANUAL + ' cairn.init="crash read"', text="new B")
    board = start(flash)
    board.run("boot select B")
    board.send("reset\r")
    for number in range(1, 1 + TRIES):
        board.until(f"Selector: image B, new B, try {number} of 3")
        board.until_fault()
    board.wait_prompt()
    assert "image A, test A, try 1 of 3" in said(board)
    assert "] flash: image B was left out: its tries are used up and it was not confirmed\n" \
        in board.boot_log


def test_many_selections(flash, start):
    """More than an area holds, so that the next one is erased."""
    board = start(flash)
    for number in range(130):
        letter = "BA"[number % 2]
        assert board.run(f"boot select {letter}") == f"image {letter} is tried first from now on"
    board.run("boot select B")
    board.reset()
    assert said(board) == ["image B, test B, try 1 of 3"]
    assert len(list(flash.records())) == 132


def test_confirmed_by_an_entry(flash, start):
    """What runs behind Cairn writes entries, not flash: the next boot confirms the image that it names."""
    board = start(flash)
    name = board.run("get cairn/image")
    assert name == f"A {flash.image('A')['crc']:08x}"
    board.run(f"put boot/confirm '{name}'")
    board.reset()
    assert "] flash: image A, confirmed by boot/confirm\n" in board.boot_log
    assert "] flash: image A, confirmed\n" in board.boot_log
    assert flash.counted() == ("A", [2, 0], [True, False])
    board.reset()
    assert said(board) == ["image A, test A"]


def test_damaged_image_is_not_selected(flash, start):
    flash.write(flash.place("B") + 1000, b"\xa5\x5a")
    board = start(flash)
    assert board.run("boot select B") == "boot select: its bytes do not match their checksum"
    assert board.run("boot status").endswith(
        "image B: test B, left out: its bytes do not match their checksum")
    assert flash.counted()[0] == "A"


def test_power_cut_in_selections(flash, start, tmp_path):
    """QEMU is killed while one selection follows the other: the next start has the last one, or the next."""
    seed = int(os.environ.get("SELECTOR_SEED", 1))
    print(f"SELECTOR_SEED={seed}")
    rng = random.Random(seed)
    pid = tmp_path / "pid"
    for _ in range(4):
        pid.unlink(missing_ok=True)
        board = start(flash, "--", "-pidfile", pid)
        for _ in range(rng.randrange(1, 40)):
            board.run("boot select A; boot select B; boot select A; boot select B")
        board.send("boot select A; boot select B\r")
        board.until(rng.choice(["boot select B", "image A is", "image B is"]))
        board.kill_qemu(int(pid.read_text()), signal.SIGKILL)
        preferred, used, _ = flash.counted()
        assert used == [0, 0]
        board = start(flash, prompt=False)
        board.until(f"Selector: image {preferred}, test {preferred}, try 1 of 3")
        board.close()


def test_started_otherwise(boot):
    """Without the selector nothing is said, and nothing can be confirmed."""
    board = boot()
    assert "] flash: " not in board.boot_log
    assert board.run("boot confirm") == "boot confirm: no image of the flash runs"
    assert board.run("boot select A") == "boot select: there is none"


@pytest.mark.parametrize("used", [1, 4])
def test_payload_behind_the_selector(project, flash, start, used):
    """Cores that the selector parked get to the payload, whether Cairn used them or not; the selector comes
    back with the reset."""
    flash.put_image("A", bootargs=f"{MANUAL} cairn.cores={used}", text="test A")
    board = start(flash, "--smp", 4, "--", *loader(project.payload, PAYLOAD))
    report = leave(board, f"boot 0x{PAYLOAD:x}")
    assert (report.core["r0"], report.core["r1"]) == (0, NO_MACHINE)
    assert [what for what, _ in report.others] == ["core here"] * 3
    assert said(board) == ["image A, test A, try 2 of 3"]
