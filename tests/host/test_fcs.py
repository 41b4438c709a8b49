# SPDX-License-Identifier: MIT
"""
fcs, a store in a file: the commands for entries on every kind of file, wrong usage, and how the store in a file is
found. It is the build with ASan and UBSan.
"""

import os
import random
import stat
import subprocess
import time

import pytest

from fcs_tool import (FCS, PAGE, START, VECTOR, WAIT, complaint, contents, fcs, image, out, path, run,
                      store, unchanged)
from test_fcs_check import crc32c


# ---- single entries ------------------------------------------------------------------------------


def test_put_get_del(store):
    assert out("get", *store, "k", status=1) == b""
    assert out("put", *store, "k", "v") == b""
    assert out("get", *store, "k") == b"v"
    assert out("put", *store, "k", "another") == b""
    assert out("get", *store, "k") == b"another"
    assert out("del", *store, "k") == b""
    assert out("del", *store, "k", status=1) == b""
    assert out("get", *store, "k", status=1) == b""


def test_bytes(store):
    """Any byte goes into a value and out of it, and with --hex into a key."""
    value = bytes(range(256)) * 40
    fcs("put", *store, "--hex", "00ff0A", "-", stdin=value)
    assert out("get", *store, "--hex", "00ff0a") == value.hex().encode() + b"\n"
    fcs("put", *store, "plain", "-", stdin=value)
    assert out("get", *store, "plain") == value
    fcs("put", *store, "empty", "")
    assert out("get", *store, "empty") == b""
    fcs("put", *store, "--hex", "61", "0062")
    assert out("get", *store, "a") == b"\0b"
    fcs("put", *store, "dash", "--", "-5")
    assert out("get", *store, "dash") == b"-5"


def test_long_keys(store):
    key = "k" * 65535
    fcs("put", *store, key, "v")
    assert out("get", *store, key) == b"v"
    assert "1 to 65535" in complaint("put", *store, key + "k", "v", status=2)
    assert "1 to 65535" in complaint("put", *store, "", "v", status=2)


def test_ls(store):
    for key in ("one", "two", "twos"):
        fcs("put", *store, key, key * 3)
    fcs("put", *store, "--hex", "0a5cc3", "ff", "--meta", "0102", "--expires", "99999999999999")
    fcs("put", *store, "gr\u00fc\\n", "x", "--expires", "1")  # expired
    fcs("put", *store, "gr\u00fc\\", "x")
    lines = [
        "         9      0             -1 one",
        "         9      0             -1 two",
        "        12      0             -1 twos",
        "         1      2 99999999999999 \\x0a\\\\\\xc3",
        "         1      0             -1 gr\u00fc\\\\",
    ]
    assert sorted(out("ls", *store).decode().splitlines()) == sorted(lines)
    assert sorted(out("ls", *store, "tw").decode().splitlines()) == lines[1:3]
    assert out("ls", *store, "--hex", "0a").decode().splitlines() == [lines[3][:33] + "0a5cc3"]
    assert out("ls", *store, "nothing") == b""


def test_expiry(store):
    future = int(time.time() * 1000) + 3600000
    fcs("put", *store, "later", "1", "--expires", future)
    fcs("put", *store, "past", "1", "--expires", 1)
    fcs("put", *store, "never", "1", "--expires", 0)
    assert out("get", *store, "later") == out("get", *store, "never") == b"1"
    assert out("get", *store, "past", status=1) == b""


def test_no_file_is_made(path):
    """Only run and import make files."""
    for args in (["ls"], ["get", "k"], ["put", "k", "v"], ["del", "k"], ["check"], ["compact"], ["export"], ["info"]):
        file = path()
        assert "No such file" in complaint(args[0], file, *args[1:], status=3)
        assert not file.exists()


def test_reading_changes_nothing(store, image, path):
    file, *options = store
    fcs("put", *store, "k", "v")
    for args in (["ls"], ["get", "k"], ["check"], ["export"], ["info"], ["export", "--fcs1", path()]):
        unchanged(file, args[0], file, *options, *args[1:])


# ---- usage ---------------------------------------------------------------------------------------


def test_help():
    assert out("--help").startswith(b"usage: fcs COMMAND")


@pytest.mark.parametrize("args, said", [
    ([], "expected a command"),
    (["fly"], "fly: there is no such command"),
    (["ls"], 'expected "fcs ls FILE [PREFIX]"'),
    (["get", "f"], 'expected "fcs get FILE KEY"'),
    (["put", "f", "k"], 'expected "fcs put FILE KEY VALUE|-"'),
    (["ls", "a", "b", "c"], 'expected "fcs ls FILE [PREFIX]"'),
    (["ls", "--frag", "1", "f"], "--frag: not an option here"),
    (["ls", "--size"], "--size needs an argument"),
    (["ls", "--nothing", "f"], "--nothing: no option"),
    (["ls", "-x", "f"], "-x: there is no such option"),
    (["ls", "--hex=1", "f"], "--hex=1: no option"),
    (["ls", "--ram-base", "x", "f"], "--ram-base x: expected an address"),
    (["ls", "--ram-base", "7", "f"], "--ram-base 7: expected a multiple of 4096"),
    (["ls", "--phys", "x"], "--phys x: expected an address"),
    (["ls", "--phys", "7"], "--phys 7: expected a multiple of 4096"),
    (["get", "--phys", "4096"], "expected \"fcs get FILE KEY\""),
    (["ls", "--phys", "4096", "a", "b"], "expected \"fcs ls FILE [PREFIX]\""),
    (["ls", "--phys", "4096", "--at", "0"], "--phys: neither --at, --ram-base nor --classic"),
    (["import", "--phys", "4096", "f"], "--phys: not an option here"),
    (["ls", "--at", "-1", "f"], "--at -1: expected an address"),
    (["run", "--size", "5000", "o"], "--size 5000: expected a multiple of 4K"),
    (["run", "--size", "4K", "o"], "--size 4K: expected a multiple of 4K from 8K"),
    (["run", "--size", "2G", "o"], "--size 2G: expected"),
    (["run", "--max-entries", "0", "o"], "--max-entries 0: expected 1 to 16777214"),
    (["run", "--max-entries", "16777215", "o"], "expected 1 to 16777214"),
    (["run", "--max-entries", "x", "o"], "--max-entries x"),
    (["run", "--frag", "0", "o"], "--frag 0: expected a number above 0"),
    (["run", "--frag", "1.1", "o"], "--frag 1.1"),
    (["run", "--frag", "nan", "o"], "--frag nan"),
    (["run", "--frag", "1x", "o"], "--frag 1x"),
    (["run", "--policy", "fifo", "o"], "--policy fifo: expected lru or sieve"),
    (["put", "--expires", "soon", "f", "k", "v"], "--expires soon"),
    (["put", "--expires", "9223372036854775808", "f", "k", "v"], "--expires"),
    (["put", "--meta", "abc", "f", "k", "v"], "--meta abc: expected an even number"),
    (["get", "--hex", "f", "abc"], "abc: expected an even number"),
    (["get", "--hex", "f", "6 1"], "6 1: expected an even number"),
    (["put", "--hex", "f", "61", "x" * 500], "x...: expected an even number"),
])
def test_wrong_usage(args, said):
    assert said in complaint(*args, status=2)


def test_output_that_cannot_be_written(image):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([FCS, "export", image], stdout=full, stderr=subprocess.PIPE, timeout=WAIT, check=False)
    assert done.returncode == 3 and b"standard output" in done.stderr


# ---- files ---------------------------------------------------------------------------------------


def test_what_is_no_store(path):
    file = path()
    file.write_bytes(b"")
    assert "it is empty" in complaint("ls", file, status=3)
    file.write_bytes(bytes(100000))
    assert "neither a plain .dat, nor" in complaint("ls", file, status=3)
    file.write_bytes(random.Random(1).randbytes(100000))
    assert "neither a plain .dat, nor" in complaint("put", file, "k", "v", status=3)
    assert "not a regular file" in complaint("ls", file.parent, status=3)
    assert "there is no store at 0x2000" in complaint("ls", file, "--at", "8192", status=3)
    pipe = path()
    os.mkfifo(pipe)  # nobody writes to it, ever
    assert "not a regular file" in complaint("ls", pipe, status=3)
    assert "not a regular file" in complaint("put", pipe, "k", "v", status=3)


def test_other_version(image):
    """One of another version is left alone."""
    data = bytearray(image.read_bytes())
    for copy in (0, 2048):
        data[copy + 7] = 2
    image.write_bytes(data)
    assert "of a version that this program does not know" in unchanged(image, "put", image, "k", "v", status=3).said


def test_both_superblocks_damaged(image):
    data = bytearray(image.read_bytes())
    for copy in (0, 2048):
        data[copy + 20] ^= 1
    image.write_bytes(data)
    assert "both copies" in unchanged(image, "put", image, "k", "v", status=3).said


def test_cut_image(image):
    image.write_bytes(image.read_bytes()[:20000])
    assert "the file is cut" in unchanged(image, "ls", image, status=3).said


def test_larger_file(image):
    """What follows the region stays as it is."""
    behind = os.urandom(10000)
    image.write_bytes(image.read_bytes() + behind)
    fcs("put", image, "k", "v" * 50000)
    assert image.read_bytes()[65536:] == behind
    assert "there is no room" in complaint("put", image, "l", "v" * 50000, status=3)


def test_classic_flag(image, path):
    """It is for a .dat whose first bytes are damaged, not for a region."""
    assert "a region image, no plain .dat" in complaint("ls", "--classic", image, status=3)
    file = path()
    file.write_bytes(b"FCS2" + VECTOR.read_bytes()[4:])
    assert "neither a plain" in complaint("ls", file, status=3)
    assert "does not begin with FCS1" in unchanged(file, "ls", "--classic", file, status=3).said


def test_dump(image, path):
    """A region somewhere in RAM is found, at an address if the dump has one."""
    dump = path()
    region = image.read_bytes()
    dump.write_bytes(os.urandom(3 * PAGE) + region + os.urandom(2 * PAGE))
    assert contents(dump) == contents(image)
    info = out("info", dump).decode()
    assert "kind:        RAM dump\nat:          0x3000\n" in info
    assert "at:          0x60003000\n" in out("info", dump, "--ram-base", "0x60000000").decode()
    for at in (["--at", "0x3000"], ["--at", "0x60003000", "--ram-base", "0x60000000"],
               ["--at", "12288", "--ram-base", "0x60000000"]):
        assert contents(dump, *at) == contents(image)
    assert "no store at 0x60004000" in complaint("ls", dump, "--ram-base", "0x60000000", "--at", "0x60004000", status=3)
    fcs("put", dump, "k", "v")
    data = dump.read_bytes()
    assert len(data) == len(region) + 5 * PAGE and data[3 * PAGE:] != region
    assert contents(dump)["k"] == "v"


def test_image_as_dump(image):
    assert "kind:        RAM dump\nat:          0x60000000\n" in out("info", "--ram-base", "0x60000000", image).decode()


def test_several_regions(image, path, run):
    other = path()
    run("start\nput 6f 70\n", "--file", other, "--size", "16K")
    dump = path()
    dump.write_bytes(bytes(PAGE) + image.read_bytes() + bytes(PAGE) + other.read_bytes())
    said = complaint("ls", dump, "--ram-base", "0x80000000", status=3)
    assert said.splitlines() == [
        f"fcs: {dump}: a store of 65536 bytes at 0x80001000",
        f"fcs: {dump}: a store of 16384 bytes at 0x80012000",
        f"fcs: {dump}: there are 2 stores in it: --at says which one",
    ]
    assert contents(dump, "--at", "0x12000") == {"o": "p"}
    assert contents(dump, "--at", "0x80001000", "--ram-base", "0x80000000") == contents(image)


def test_region_in_a_value(image, path, run):
    """A region that lies in the value of another one is not offered."""
    outer = path()
    run("start\n", "--file", outer, "--size", "256K")
    pad = PAGE - (START + 24 + len("image")) % PAGE
    fcs("put", outer, "image", "-", stdin=bytes(pad) + image.read_bytes())
    data = outer.read_bytes()
    assert data.index(image.read_bytes()) % PAGE == 0
    outer.write_bytes(bytes(PAGE) + data)
    assert out("get", outer, "image") == bytes(pad) + image.read_bytes()


def test_put_again_without_room(image):
    """The new entry needs its room beside the old one, which stays if there is none."""
    fcs("put", image, "k", "1" * 40000)
    assert "there is no room for it" in complaint("put", image, "k", "2" * 40000, status=3)
    assert out("get", image, "k") == b"1" * 40000


def test_sparse_image(path, run):
    """A region that is written to has all its place on the disk before, so that a full one is told in a sentence."""
    file, sparse = path(), path()
    run("start\nput 61 62\n", "--file", file, "--size", "1M")
    pages = file.read_bytes()
    with sparse.open("wb") as out_file:
        out_file.truncate(4 * len(pages))
        for at in range(0, len(pages), PAGE):
            if any(pages[at:at + PAGE]):
                out_file.seek(len(pages) + at)
                out_file.write(pages[at:at + PAGE])
    before = sparse.stat().st_blocks * 512
    assert before < len(pages) / 2
    unchanged(sparse, "ls", sparse)
    assert sparse.stat().st_blocks * 512 == before
    fcs("put", sparse, "k", "v")
    assert len(pages) <= sparse.stat().st_blocks * 512 < 2 * len(pages)
    assert contents(sparse) == {"a": "b", "k": "v"} and sparse.stat().st_size == 4 * len(pages)


def test_links_and_permissions(path, run):
    """A .dat is replaced as a whole; a link to it stays one, and its owner and permissions stay."""
    file, link = path(".dat"), path(".lnk")
    run("start\n", "--classic", "--file", file)
    file.chmod(0o640)
    owner = (1234, 5678) if os.geteuid() == 0 else (os.getuid(), os.getgroups()[-1])
    os.chown(file, *owner)
    link.symlink_to(file.name)
    fcs("put", link, "k", "v")
    assert link.is_symlink() and not file.is_symlink()
    assert stat.S_IMODE(file.stat().st_mode) == 0o640 and (file.stat().st_uid, file.stat().st_gid) == owner
    assert out("get", file, "k") == b"v"
    assert sorted(file.parent.iterdir()) == sorted(f for f in file.parent.iterdir() if f.suffix in (".dat", ".lnk", ".txt"))


# ---- info, compact -------------------------------------------------------------------------------


def test_info(image):
    lines = dict(line.split(":", 1) for line in out("info", image).decode().splitlines())
    lines = {name: value.strip() for name, value in lines.items()}
    assert lines.pop("salt").startswith("0x")
    assert lines == {"kind": "region image", "size": "65536", "version": "1", "boots": "1", "entries": "4",
                     "used": "192", "free": "61240", "free slots": "2", "kept aside": "0", "largest": "61152",
                     "next number": lines["next number"]}


def test_info_of_a_panic(image):
    """The report is shown as long as it is whole, and nothing is changed."""
    text = "panic: \N{SNOWMAN}\n#0  60010000\n".encode() + b"\x1b\n"
    body = len(text).to_bytes(4, "big") + text
    note = b"PANC" + crc32c(body).to_bytes(4, "big") + body
    data = bytearray(image.read_bytes())
    data[2176:2176 + len(note)] = note
    image.write_bytes(data)
    said = out("info", image).decode()
    assert said.endswith("\npanic:\n  panic: \N{SNOWMAN}\n  #0  60010000\n  \\x1b\n")
    assert image.read_bytes() == data
    data[2190] ^= 1
    image.write_bytes(data)
    assert "panic" not in out("info", image).decode()


def test_info_classic():
    lines = out("info", VECTOR).decode()
    assert lines == ("kind:        plain .dat\nsize:        1749\nentries:     17\nused:        1248\nfree:        322\n"
                     "free slots:  3\nkept aside:  0\n")


def test_compact(store):
    script = "".join(f"put {i:04x} {'77' * (i % 50) or '.'}\n" for i in range(200)) + "".join(
        f"del {i:04x}\n" for i in range(0, 200, 2))
    fcs("run", "--file", *store, "-", stdin=b"start\n" + script.encode())
    before = contents(*store)
    said = out("compact", *store).decode()
    assert " bytes moved; " in said
    assert contents(*store) == before
    slots_left = "0" if store[0].read_bytes().startswith(b"FCS1") else "1"
    assert f"free slots:  {slots_left}\n" in out("info", *store).decode()
    assert out("compact", *store).startswith(b"0 bytes moved")
    assert out("check", *store).endswith(b": sound\n")
