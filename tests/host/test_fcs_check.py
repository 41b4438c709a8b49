# SPDX-License-Identifier: MIT
"""fcs check: sound files, what a reset leaves, and damage."""

import random
import struct
import subprocess

import pytest

from fcs_tool import (FCS, FREE, MARK, PAGE, START, WAIT, fcs, image, out, path, run, session, set_word, slots,
                      unchanged, word)


def check(file, data, status):
    """The lines of "check" for this image, all but the total; the total. Nothing may be changed by it."""
    file.write_bytes(data)
    done = unchanged(file, "check", file, status=status, quiet=False)
    assert all(line.startswith(f"fcs: {file}: in a copy: ") for line in done.said.splitlines()), done
    lines = done.stdout.decode().splitlines()
    verdict = "sound" if "kept aside 0" in lines[-1] else "sound but for what is kept aside"
    assert lines[-1].endswith(": damaged" if status else f": {verdict}")
    assert all(line.startswith(("problem: ", "note: ")) for line in lines[:-1])
    assert any(line.startswith("problem: ") for line in lines) == bool(status)
    return lines[:-1], lines[-1]


def test_check_sound(image):
    assert check(image, image.read_bytes(), 0) == (
        [], "region image: entries 4, free slots 2, kept aside 0, problems 0, notes 0: sound")


def test_check_cuts(image):
    """What a reset may leave is no damage."""
    sound = image.read_bytes()
    (a, size), (b, _), *_ = slots(sound)

    data = bytearray(sound)
    set_word(data, a + 4, 0)
    assert check(image, data, 0)[0] == [f"note: offset {a}: a put was cut: the record is whole, and not visible yet"]

    data = bytearray(sound)
    set_word(data, a + size - 8, FREE)
    lines, total = check(image, data, 0)
    assert lines == [f"note: offset {a}: a delete was cut: the slot is free, its key length still there"]
    assert "entries 3, free slots 3" in total

    data = bytearray(sound)
    set_word(data, a + size - 8, FREE)
    set_word(data, a + 4, 0)
    set_word(data, b + size - 8, FREE)
    set_word(data, b + 4, 0)
    assert check(image, data, 0)[0] == [f"note: offset {b}: a free slot behind a free slot"]
    for half in ((a, 2 * size, a + size - 4), None), (None, (b + size - 4,)):
        joined = bytearray(data)
        if half[0]:
            set_word(joined, a, 2 * size)
        else:
            set_word(joined, b + size - 4, 0x5a7ac0de ^ 2 * size)
        lines, total = check(image, joined, 0)
        assert any("a split or a join of slots was cut" in line for line in lines) and "entries 2" in total

    data = bytearray(sound)
    d = slots(sound)[3][0]
    set_word(data, d + 8, 100)  # of the free slot
    assert check(image, data, 0)[0] == [f"note: offset {d}: a put was cut: the lengths in a free slot do not fit in it"]

    data = bytearray(sound)
    data[2048 + 21] ^= 1
    assert check(image, data, 0)[0] == ["note: offset 0: only one copy of the superblock is valid and the newest"]


def test_check_damage(image):
    sound = image.read_bytes()
    (a, size), (b, _), (c, _), *_ = slots(sound)

    data = bytearray(sound)
    data[a + 25] ^= 1
    lines, total = check(image, data, 1)
    assert lines == [f'problem: offset {a}: a slot of 48 bytes, key "a": wrong checksum']
    assert "entries 3" in total and total.endswith("problems 1, notes 0: damaged")

    data = bytearray(sound)
    set_word(data, a + 4, 0x10000)
    assert check(image, data, 1)[0] == [f"problem: offset {a}: key length 65536, which is 1"]

    data = bytearray(sound)
    set_word(data, b, size + 8)
    lines, total = check(image, data, 1)
    assert lines == [f"problem: offset {b}: the size or the tag of a slot is damaged; the other one tells"]
    assert "entries 4" in total
    set_word(data, b + size - 4, 0)
    lines, total = check(image, data, 1)
    assert lines == [f'problem: offset {b}: {size} bytes, key "b": they belong to slots that nothing is known of']
    assert "entries 3" in total

    data = bytearray(sound)
    data[PAGE] ^= 1
    assert check(image, data, 1)[0][0] == "problem: offset 4096: the image does not begin with FCS1"

    data = bytearray(sound)
    set_word(data, c + 4, MARK)
    lines, total = check(image, data, 0)
    assert lines == [f"note: offset {c}: a slot of 48 bytes that is kept aside as damaged"] and "kept aside 1" in total


def test_check_newer_record(image):
    """Two records of one key, as a put leaves them that was cut before it ended the old one."""
    before = image.read_bytes()
    fcs("put", image, "a", "new")
    data = bytearray(image.read_bytes())
    (a, size), *_ = slots(before)
    data[a:a + size] = before[a:a + size]
    lines, total = check(image, data, 0)
    assert len(lines) == 1 and lines[0].startswith(f"note: offset {a}: its key has a newer record at offset ")
    assert "entries 4" in total


def test_check_cut_eviction(path):
    """The record that was to go is still there beside the one that took its place."""
    file = path()
    process, ask = session("--file", file, "--size", "16K", "--max-entries", "2")
    for line in ("start", "put 61 62", "put 62 63"):
        ask(line)
    before = file.read_bytes()
    ask("put 63 64")
    data = bytearray(file.read_bytes())
    process.stdin.close()
    process.wait(WAIT)
    (a, size), *_ = slots(before)
    data[a:a + size] = before[a:a + size]
    lines, total = check(file, data, 0)
    assert lines == [f"note: offset {a}: an eviction was cut: the record is dead"] and "entries 2" in total


def test_check_cut_clear(image):
    """A clear's commit is a number in the superblock."""
    before = image.read_bytes()
    process, ask = session("--file", image)
    assert ask("start") == "STARTED 4" and ask("clear") == "OK"
    data = bytearray(image.read_bytes())
    process.stdin.close()
    process.wait(WAIT)
    data[START:] = before[START:]
    lines, total = check(image, data, 0)
    assert [line.split(": ", 2)[2] for line in lines] == ["a clear was cut: the record is dead"] * 4
    assert "entries 0" in total


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def set_super(data, *words):
    """Both copies of the superblock with other words, (offset, value), and the right checksum."""
    for copy in (0, 2048):
        for off, value in words:
            set_word(data, copy + off, value)
        set_word(data, copy + 124, crc32c(data[copy:copy + 124]))


def test_check_cut_format(image):
    data = bytearray(image.read_bytes())
    set_super(data, (8, 0x464f524d))
    assert check(image, data, 0)[0] == ["note: offset 0: a format was cut: the next open completes it"]


def test_check_numbers(image):
    """A number that was not given out yet is none."""
    data = bytearray(image.read_bytes())
    set_super(data, (36, 3))
    lines, total = check(image, data, 1)
    assert [line.split(": ", 2)[2] for line in lines] == [f"a record with number {n}; all are below 3" for n in (3, 5)]
    assert "entries 2" in total


def test_check_batch(image):
    """A batch that is cut before its commit is none; one that is cut behind it is completed."""
    data = bytearray(image.read_bytes())
    a, size = slots(data)[0]
    set_word(data, a + 4, 0)
    set_word(data, a + size - 8, word(data, a + size - 8) ^ 0x00535447)
    lines, total = check(image, data, 0)
    assert lines == [f"note: offset {a}: a batch was cut before its commit: the record is dead"] and "entries 3" in total
    set_super(data, (52, 1), (60, 1))
    lines, total = check(image, data, 0)
    assert lines == [f"note: offset {a}: a batch was cut behind its commit: the next open does the rest"]
    assert "entries 4" in total


def test_check_batch_deletes(image):
    """Behind its commit a delete of a batch counts as done, and the record that it is about as gone."""
    before = image.read_bytes()
    fcs("put", image, "a", "")
    data = bytearray(image.read_bytes())
    (a, size), *_ = slots(before)
    [(d, d_size)] = [slot for slot in slots(data) if data[slot[0] + 24:slot[0] + 25] == b"a" and word(data, slot[0] + 4)]
    data[a:a + size] = before[a:a + size]
    set_word(data, d + 4, 0)
    set_word(data, d + d_size - 8, word(data, d + d_size - 8) ^ 0x53444c00)
    lines, total = check(image, data, 0)
    assert lines == [f"note: offset {d}: a batch was cut before its commit: the record is dead"] and "entries 4" in total
    number = word(data, d + d_size - 12)
    set_super(data, (52, number), (60, number))
    lines, total = check(image, data, 0)
    assert lines == [f"note: offset {d}: a batch was cut behind its commit: the next open does the rest",
                     f"note: offset {a}: the delete at offset {d} is about it"] and "entries 3" in total
    set_word(data, a + 4, 0)  # and the record is gone already
    set_word(data, a + size - 8, FREE)
    assert "entries 3" in check(image, data, 0)[1]


def test_check_every_byte(image):
    """Any byte flipped in slots that are in use is seen, or is one that means nothing; check never changes the file."""
    sound = image.read_bytes()
    last = slots(sound)[-1][0]
    rnd = random.Random(5)
    seen = 0
    for off in rnd.sample(range(START, last), 60):
        data = bytearray(sound)
        data[off] ^= 1 << rnd.randrange(8)
        image.write_bytes(data)
        done = subprocess.run([FCS, "check", image], capture_output=True, timeout=WAIT, check=False)
        assert done.returncode in (0, 1) and b"Sanitizer" not in done.stderr, done
        assert image.read_bytes() == data
        seen += done.returncode
    assert seen > 30


def dat(*recs, tail=b""):
    return b"FCS1" + b"".join(struct.pack(">iiiiq", size, k, d, m, -1) + body.ljust(max(size - 24, 0), b"\0")
                              for size, k, d, m, body in recs) + tail


GOOD = (30, 1, 2, 0, b"abb")


@pytest.mark.parametrize("data, status, said", [
    (dat(GOOD), 0, []),
    (dat(), 0, []),
    (dat(GOOD, (40, 0, 5, 5, b"stale")), 0, []),
    (dat(GOOD, (40, -7, 0, 0, b"")), 0, []),
    (dat(GOOD, tail=bytes(23)), 0, ["note: offset 34: 23 bytes behind the last slot are not used"]),
    (dat(GOOD, GOOD), 1, ["problem: offset 4: its key has a later record at offset 34: this slot is lost"]),
    (dat(GOOD, (30, 1, 9, 0, b"b")), 1, ["problem: offset 34: 1 bytes of key, 9 of value and 0 of metadata in a slot of 30"]),
    (dat(GOOD, (30, 1, -1, 0, b"b")), 1, ["problem: offset 34: 1 bytes of key, -1 of value and 0 of metadata in a slot of 30"]),
    (dat(GOOD, (30, 2**31 - 1, 2**31 - 1, 2**31 - 1, b"b")), 1, ["problem: offset 34: 2147483647 bytes of key"]),
    (dat(GOOD, (0, 1, 1, 1, b"")), 1, ["problem: offset 34: a slot of 0 bytes: nothing behind it can be found"]),
    (dat(GOOD, (-9, 1, 1, 1, b"")), 1, ["problem: offset 34: a slot of -9 bytes: nothing behind it can be found"]),
    (dat(GOOD, GOOD)[:-3], 1, ["problem: offset 34: a slot of 30 bytes, of which 27 are there: the file is cut"]),
])
def test_check_classic(path, data, status, said):
    file = path()
    file.write_bytes(data)
    done = unchanged(file, "check", file, status=status, quiet=False)
    assert "in a copy" not in done.said
    lines = done.stdout.decode().splitlines()
    assert lines[-1].endswith(": damaged" if status else ": sound")
    assert len(lines) > len(said)
    for got, expected in zip(lines, said):
        assert got.startswith(expected)


def test_check_classic_magic(path):
    file = path()
    file.write_bytes(b"FCS2")
    assert "does not begin with FCS1" in out("check", "--classic", file, status=1, quiet=False).decode()
