# SPDX-License-Identifier: MIT
"""qemu-run.sh as a person uses it: the tour, options, and what it says when something is wrong."""

import os
import re
import select
import signal
import subprocess
import time

import pytest

from board import OWN, named_reservations, show

HIDDEN = ("qemu-system-arm",)


def run(script, *options, env=None, timeout=60):
    """Runs it with no terminal; (status, what it printed, what it complained about)."""
    done = subprocess.run([script, *map(str, options)], stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, timeout=timeout, env=env)
    return done.returncode, done.stdout.replace("\r", ""), done.stderr


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda how: how.name)
def test_qemu_goes_with_it(project, tmp_path, how):
    """Without a terminal too, and although the board would stay as it is for ever."""
    pidfile = tmp_path / "pid"
    with subprocess.Popen([project.script, "-m", "64M", "-a", "cairn.panic=halt", "--init", "crash panic", "--",
                           "-pidfile", pidfile], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                          encoding="latin-1", start_new_session=True) as script:
        while "halted" not in script.stdout.readline():
            assert script.poll() is None
        qemu = os.pidfd_open(int(pidfile.read_text()))
        script.send_signal(how)
        ended, _, _ = select.select([qemu], [], [], 10)
        if not ended:
            signal.pidfd_send_signal(qemu, signal.SIGKILL)
        os.close(qemu)
        script.stdout.read()
        assert ended


@pytest.mark.parametrize("options", [[], ["--elf"], ["--no-dtb"], ["--append-dtb"],
                                     ["--load", "0x62345000", "--append-dtb"]],
                         ids=["bin", "elf", "atags", "append", "load"])
def test_tour(project, options):
    """Without a terminal: map, put, get, list, a warm reset, get again; status 0, in 20 s."""
    start = time.monotonic()
    status, out, complaints = run(project.script, *options, "-m", "128M")
    assert (status, complaints) == (0, "")
    assert time.monotonic() - start < 20
    first, second = out.split("cairn> reset")
    assert "memory[0x0]\t[0x60000000-0x67ffffff]" in first
    assert re.search(r"cairn> put .*\nput: greeting", first)
    assert re.search(r"cairn> get greeting\nhello", first)
    assert re.search(r"cairn> ls\n(?:cairn/.*\n)*greeting ", first)
    assert f"store: recovered {OWN + 1} entr" in second
    assert re.search(r"cairn> get greeting\nhello", second)


def test_tour_that_panics(project, patch_image):
    """The status is not 0 when the image ends by a fault (here: in its third command)."""
    image = patch_image({project.symbols["cmd_get"]: b"\x00\xde"})
    status, out, _ = run(project.script, "--", "-kernel", image)
    assert "exception: undefined instruction" in out
    assert status == 1


def test_help(project):
    status, out, complaints = run(project.script, "--help")
    assert (status, complaints) == (0, "")
    for option in ("-m SIZE", "-a BOOTARGS", "-d DTB", "-i INITRD", "--smp N", "--elf", "--no-dtb",
                   "--append-dtb", "--flash [FILE]", "--load ADDR", "--image FILE", "--ram FILE",
                   "--nor FILE", "--init", "--gdb"):
        assert re.search(rf"^ +{re.escape(option)}", out, re.M), option
    assert "--" in out
    assert run(project.script, "-h")[1] == out


@pytest.mark.parametrize("options, words", [
    (["--nonsense"], "--nonsense"),
    (["extra"], "extra"),
    (["-m"], "-m needs an argument"),
    (["-m", "much"], "-m much"),
    (["-m", "-1"], "-m -1"),
    (["--smp", "0"], "--smp 0"),
    (["--smp", "5"], "--smp 5"),
    (["-d", "/nowhere.dtb"], "/nowhere.dtb"),
    (["-i", "/nowhere.img"], "/nowhere.img"),
    (["--elf", "-i", "/bin/true"], "-i"),
    (["--elf", "--append-dtb"], "--append-dtb"),
    (["--load", "0x60010000"], "--load 0x60010000"),
    (["--load", "0x62000800"], "--load 0x62000800"),
    (["--load", "0xa0000000"], "--load 0xa0000000"),
    (["--load", "here"], "--load here"),
    (["--load", "0x62000000", "--elf"], "--elf"),
    (["--init", 'put k "v"'], "--init"),
    (["-a", "x" * 1024], "1023"),
    (["--flash", "/nowhere.img"], "/nowhere.img"),
    (["--flash", "-m", "64M"], "-m"),
    (["--flash", "-a", "quiet"], "-a"),
    (["--flash", "-d", "/bin/true"], "-d"),
    (["--flash", "--init", "ls"], "--init"),
    (["--elf", "--flash"], "--elf"),
    (["--flash", "--append-dtb"], "--append-dtb"),
    (["--flash", "--nor", "flash.img"], "--nor"),
    (["--flash", "--load", "0x62000000"], "--load"),
    (["--image", "/nowhere.elf"], "--image /nowhere.elf"),
    (["--image", "/usr/bin/env"], "32-bit ARM"),
    (["--image", "/usr/bin/env", "--init", "ls -l"], "--init"),
    (["--image", "/usr/bin/env", "--elf"], "--elf"),
    (["--flash", "--image", "/usr/bin/env"], "--image"),
])
def test_wrong_usage(project, options, words):
    """One line that names what is wrong, and a status of 2; QEMU is not started."""
    status, out, complaints = run(project.script, *options)
    assert (status, out) == (2, "")
    assert complaints.count("\n") == 1 and words in complaints


def test_elf_with_a_large_tree(project, tmp_path, compile_tree):
    """QEMU would drop it in silence."""
    tree = tmp_path / "large.dtb"
    tree.write_bytes(compile_tree("nomap"))
    subprocess.run(["fdtput", "-t", "s", tree, "/", "filler", "x" * 22500], check=True, timeout=30)
    status, out, complaints = run(project.script, "--elf", "-d", tree)
    assert (status, out) == (2, "")
    assert complaints.count("\n") == 1 and "22768" in complaints


def test_the_largest_tree_for_elf(boot, tmp_path, compile_tree):
    """A tree of the largest size that is not refused arrives, so the limit is the right one."""
    tree = tmp_path / "large.dtb"
    tree.write_bytes(compile_tree("nomap"))
    room = 22768 - len(tree.read_bytes()) - 100
    subprocess.run(["fdtput", "-t", "s", tree, "/", "filler", "x" * room], check=True, timeout=30)
    assert 22600 < len(tree.read_bytes()) <= 22768
    board = boot("--elf", "-d", tree)
    assert "device tree: at the start of RAM" in board.boot_log


def test_own_tree(boot, tmp_path, compile_tree):
    """-d: QEMU replaces the memory; the tree's own boot arguments come too."""
    tree = tmp_path / "own.dtb"
    tree.write_bytes(compile_tree("nomap", "memblock=debug"))
    board = boot("-d", tree, "-m", "512M", "-a", "mem=384M")
    assert show(board.boot_map().memory) == ["60000000-73ffffff", "74000000-743fffff 4",
                                             "74400000-77ffffff"]


def test_default_memory(boot):
    assert "Memory: 1 GiB" in boot().boot_log


def test_options_for_qemu(boot, tmp_path):
    """What stands behind -- goes to QEMU."""
    pid = tmp_path / "pid"
    board = boot("-m", "64M", extra=["-pidfile", pid, "-name", "guest=-m 1G"])
    assert int(pid.read_text()) > 0
    assert "Memory: 64 MiB" in board.boot_log


def test_print(project):
    status, out, _ = run(project.script, "--print", "-m", "64M", "-a", "a 'b' $c", "--", "-S")
    assert status == 0
    words = subprocess.run(["bash", "-c", f"printf '%s\\n' {out}"], check=True, text=True,
                           capture_output=True, timeout=30).stdout.splitlines()
    assert words[0].endswith("qemu-system-arm") and words[-1] == "-S"
    assert any(word.endswith("a 'b' $c") for word in words)


def test_print_is_what_runs(project, spawn):
    """The printed command can be run, also where a file is made for it."""
    status, out, _ = run(project.script, "--print", "--append-dtb", "-m", "64M")
    assert status == 0
    board = spawn(["bash", "-c", out])
    assert "appended to the image" in board.boot_log


def test_gdb(project, spawn, tmp_path):
    """QEMU waits for gdb before the first instruction (here: on a socket of the test's own)."""
    status, out, _ = run(project.script, "--print", "--gdb", "-m", "64M")
    assert status == 0
    own = out.replace("tcp:127.0.0.1:1234", f"unix:{tmp_path}/gdb,server=on,wait=off")
    assert own != out
    board = spawn(["bash", "-c", own], prompt=False)
    board.send("\x01c")  # QEMU's monitor
    board.until(r"\(qemu\) ")
    board.send("info status\r")
    assert "paused" in board.until(r"\n\(qemu\) ")
    board.send("cont\r\x01c")
    board.until("cairn> ")


# ---- a QEMU that is not what is needed --------------------------------------------------------


@pytest.fixture
def fake_path(tmp_path):
    """A PATH with everything but QEMU, which is a script if TEXT is given."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for path in os.environ["PATH"].split(os.pathsep):
        if not os.path.isdir(path):
            continue
        for name in os.listdir(path):
            if name not in HIDDEN and not (folder / name).is_symlink():
                (folder / name).symlink_to(os.path.join(path, name))

    def with_qemu(text=None):
        if text is not None:
            (folder / "qemu-system-arm").write_text("#!/bin/sh\n" + text + "\n")
            (folder / "qemu-system-arm").chmod(0o755)
        return {**os.environ, "PATH": str(folder)}

    return with_qemu


def test_no_qemu(project, fake_path):
    status, out, complaints = run(project.script, env=fake_path())
    assert status != 0 and out == ""
    assert complaints.count("\n") == 1
    assert "qemu-system-arm" in complaints and "install" in complaints


@pytest.mark.parametrize("version", ["5.0.0 (Debian 1:5.0)", "7.1.9", "7.0", "0.15"])
def test_old_qemu(project, fake_path, version):
    env = fake_path(f"echo 'QEMU emulator version {version}'")
    status, out, complaints = run(project.script, env=env)
    assert status != 0 and out == ""
    assert complaints.count("\n") == 1
    assert "too old" in complaints and "7.2" in complaints


@pytest.mark.parametrize("version", ["7.2.0", "7.10.1", "8.0.0", "10.0.2 (Debian 1:10.0.2)"])
def test_new_qemu(project, fake_path, version):
    env = fake_path(f"echo 'QEMU emulator version {version}'")
    status, out, _ = run(project.script, "--print", env=env)
    assert status == 0 and "-M vexpress-a9" in out


@pytest.mark.parametrize("text", ["echo 'no version here'", "exit 127",
                                  "echo 'error while loading libraries' >&2; exit 127"])
def test_broken_qemu(project, fake_path, text):
    """One that cannot even say its version: a line that says so, and what to do."""
    status, out, complaints = run(project.script, env=fake_path(text))
    assert status != 0 and out == ""
    last = complaints.splitlines()[-1]
    assert last.startswith("qemu-run.sh: ") and "qemu-system-arm" in last and "7.2" in last


@pytest.mark.parametrize("options", [["-m", "2G"], ["-m", "64M", "--", "-device", "nonsense"]])
def test_qemu_fails_to_start(project, options):
    """QEMU's own line, and its status."""
    status, out, complaints = run(project.script, *options)
    assert status != 0
    assert "cairn>" not in out
    assert (out + complaints).count("\n") <= 2 and "qemu" in out + complaints


def test_ram_file_is_too_small(project, tmp_path):
    ram = tmp_path / "ram"
    ram.write_bytes(bytes(32 << 20))
    status, out, complaints = run(project.script, "-m", "64M", "--ram", ram)
    assert status != 0
    assert "size" in out + complaints and (out + complaints).count("\n") <= 2


def test_names_with_spaces(boot, tmp_path, compile_tree):
    folder = tmp_path / "a folder; with $signs"
    folder.mkdir()
    (folder / "a tree.dtb").write_bytes(compile_tree("nomap"))
    (folder / "an initrd").write_bytes(b"initrd" * 1000)
    board = boot("-m", "512M", "-d", folder / "a tree.dtb", "-i", folder / "an initrd",
                 "--ram", folder / "the ram")
    assert "initrd" in [name for _, _, name in named_reservations(board.boot_log)]
    board.run("put k v")
    assert board.poweroff() == 0
    assert (folder / "the ram").stat().st_size == 512 << 20


@pytest.mark.parametrize("options", [
    ["-m", "2M"], ["-m", "2000M"], ["-m", "0"], ["-m", "99999999999G"],
    ["-d", "/dev/null"], ["-d", "/"], ["-d", ""], ["-i", "/"], ["-i", ""],
    ["--no-dtb", "--append-dtb"], ["--append-dtb", "--no-dtb"], ["--no-dtb", "-d", "DTB"],
    ["--elf", "--no-dtb", "-a", "quiet"], ["--elf", "--no-dtb", "--init", "ls"], ["--ram", "/"], ["--nor", "/"], ["--nor", __file__],
    ["--flash", __file__], ["--flash", "--without", "stage"], ["--without", "store"],
], ids=" ".join)
def test_options_that_cannot_be(project, options):
    """One line each, before anything starts."""
    options = [project.dtb if option == "DTB" else option for option in options]
    status, out, complaints = run(project.script, *options)
    assert (status, out) == (2, "")
    assert complaints.count("\n") == 1 and complaints.startswith("qemu-run.sh: ")


def test_tour_without_a_store(project):
    """The tour is there to show that entries stay: without any it has failed."""
    status, out, complaints = run(project.script, "-a", "cairn.store=0")
    assert status == 1 and "was not there after the reset" in complaints
    assert "cairn> poweroff" in out


@pytest.mark.parametrize("commands", ["version; memblock memory", "version; memblock memory; poweroff",
                                      "version; memblock memory; get nothing; version"])
def test_init_with_nobody_there(project, commands):
    """With standard input from /dev/null it ends by itself, whatever became of the commands."""
    status, out, complaints = run(project.script, "-m", "64M", "--init", commands)
    assert (status, complaints) == (0, "")
    assert "0x60000000..0x63ffffff" in out


def test_commands_through_a_pipe(project):
    """From a pipe the commands go to the prompt."""
    done = subprocess.run([project.script, "-m", "64M", "--init", "version"], text=True,
                          input="put a 'by pipe'\rget a\rpoweroff\r", capture_output=True,
                          timeout=60)
    assert done.returncode == 0
    assert "\nby pipe" in done.stdout.replace("\r", "")
