# SPDX-License-Identifier: MIT
"""The start from flash: the selector chooses an image, whatever is in the other one, and counts tries."""

import os
import random
import shutil
import signal
import struct

import pytest

from board import PROMPT
from flash import TRIES, Flash

NOWHERE = struct.pack("<I", 0xE7F000F0) * 8  # undefined instructions


@pytest.fixture
def flash(project, tmp_path):
    """A copy of what `make flash` makes, in which no image confirms itself; its size is given back after the
    test."""
    path = tmp_path / "flash.img"
    shutil.copyfile(project.flash_img, path)
    contents = Flash(project, path)
    for letter in "AB":
        contents.put_image(letter, bootargs="cairn.panic=reset", text=f"test {letter}")
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
    flash.put_image("A", bootargs='cairn.panic=reset cairn.init="crash panic"', text="bad")
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
    flash.put_image("A", code=NOWHERE, text="bad")
    flash.write(flash.place("B"), b"\0" * 128)
    board = start(flash, "--smp", 4, prompt=False)
    board.until("Selector: neither image can be started: the board stays here")
    assert flash.counted()[1] == [3, 0]


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
