# SPDX-License-Identifier: MIT
"""The console by interrupt and without: typing ahead, long output, a panic inside an interrupt."""

import re
import subprocess
from pathlib import Path

import pexpect
import pytest

from board import PROMPT
from conftest import REPO
from test_exceptions import UDF, report

BOARD = (REPO / "dts" / "vexpress-a9.dts").read_text()
GIC = "interrupt-controller@1e001000"
TIMER = "timer@1e000200"
SYSREG = "sysreg@10000000"


def tree_without(*nodes):
    """The board's tree without these nodes."""
    text = BOARD
    for node in nodes:
        text, count = re.subn(rf"\n\t(\w+: )?{node} {{.*?\n\t}};\n", "\n", text, flags=re.S)
        assert count == 1, node
    return text.replace("interrupt-parent = <&gic>;", "") if GIC in nodes else text


def name(nodes):
    return "without-" + "-".join(node.split("@")[0] for node in nodes) if nodes else "all"


@pytest.mark.parametrize("missing", [(), (GIC,), (TIMER,), (GIC, TIMER), (SYSREG,), (SYSREG, TIMER)],
                         ids=name)
def test_typing_ahead(boot_tree, missing):
    """What is typed while commands run is kept, by interrupt or by polling, with any clock or none."""
    board = boot_tree(tree_without(*missing), "memblock=debug")
    numbers = range(400)  # some 8 KiB, more than is kept while nobody reads
    board.send("dmesg\rmemblock\r" + "".join(f"put key{n} value{n}\r" for n in numbers) + "ls key\r")
    out = board.until("400 entries, ")
    assert re.findall(r"cairn> put key(\d+) value", out) == [str(n) for n in numbers]
    assert len(re.findall(r"\nkey\d+ +\d+ bytes", out)) == 400
    assert "bytes came quicker" not in out
    stamps = re.findall(r"\n\[ *(\d+\.\d+)\] ", board.run("dmesg"))
    assert stamps == sorted(stamps, key=float)
    assert (float(stamps[-1]) > 0) == (SYSREG not in missing)


@pytest.mark.parametrize("smp", [1, 2, 4])
def test_long_output(boot, smp):
    """More than is kept to be sent, from the log and a command at once: all of it, in order."""
    board = boot("-m", "64M", "--smp", smp, "-a", "memblock=debug")
    for _ in range(4):
        board.run("; ".join(["memblock"] * 40))
    first = board.run("dmesg")
    assert len(first) > 40000
    assert board.run("dmesg") == first


@pytest.mark.parametrize("smp", [1, 2, 4])
def test_boot_log_is_whole(boot, smp):
    """What the queue showed of a boot with the trace is what the log holds."""
    board = boot("-m", "64M", "--smp", smp, "-a", "memblock=debug")
    assert board.run("dmesg") == board.boot_log.rstrip("\n")


def test_panic_inside_an_interrupt(project, hand_over, patch_image, compile_tree):
    """The report comes out whole, behind what was still queued."""
    tree = 0x64000000
    at = project.symbols["tick"]  # the timer's driver, called some ten times a second
    image = patch_image({at: UDF})
    board = hand_over(tree, {tree: compile_tree(BOARD, "cairn.semihosting memblock=debug")},
                      image=image, prompt=False)
    text = report(board)
    assert f"pc  {at:08x} tick+0x0" in text
    assert re.search(r"lr  60[0-9a-f]{6} gic_dispatch", text)
    assert board.exit_status() == 1


@pytest.mark.parametrize("smp", [1, 2, 4])
def test_time_goes_on_at_the_prompt(boot, smp):
    """Nobody types, and the next boot still knows how long the last one was there."""
    board = boot("-m", "64M", "--smp", smp, "-a", "quiet")
    before = float(re.search(r"\[ *(\d+\.\d+)\]", board.run("dmesg").splitlines()[-1])[1])
    board.child.expect(["never comes", pexpect.TIMEOUT], timeout=2)
    board.reset()
    assert float(re.search(r"after (\d+\.\d+) s", board.run("dmesg"))[1]) > before + 0.5


def test_registers_are_kept(project, boot, patch_image, tmp_path):
    """By every interrupt, of the clock and of the port: those of the core and the VFP, and the flags."""
    code = tmp_path / "registers"
    subprocess.run(["arm-none-eabi-gcc", "-c", "-mcpu=cortex-a9", "-mfloat-abi=hard", "-o", f"{code}.o",
                    Path(__file__).with_name("registers.S")], check=True, timeout=30)
    subprocess.run(["arm-none-eabi-objcopy", "-O", "binary", f"{code}.o", code], check=True, timeout=30)
    image = patch_image({project.symbols["cmd_stress"]: code.read_bytes()})
    board = boot("-m", "64M", "-a", "cairn.panic=halt", extra=["-kernel", image])
    board.send("stress\r")
    board.until("stress")
    board.send("version\r" * 20)
    assert board.until(r"\n" + PROMPT).strip() == ""
    for _ in range(20):
        assert "board: " in board.until(r"\n" + PROMPT)
