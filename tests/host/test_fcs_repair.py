# SPDX-License-Identifier: MIT
"""fcs repair: what it would do, what it does, and what it saves."""

import json
import random
import subprocess

import pytest

from fcs_tool import (FCS, MARK, PAGE, START, VECTOR, WAIT, complaint, contents, fcs, image, path, run, set_word,
                      slots, unchanged)

ALL = {"a": "AAA", "b": "BB", "c": "C", "e": ""}


def without(*keys):
    return {key: value for key, value in ALL.items() if key not in keys}


def said(done, file):
    """What repair says, without the name of the program and the file."""
    start = f"fcs: {file}: "
    lines = done.said.splitlines()
    assert all(line.startswith(start) for line in lines), done
    return [line[len(start):] for line in lines]


def plan(file, *args):
    """The lines of a repair that only says what it would do; the file stays as it is."""
    done = unchanged(file, "repair", file, *args, status=1, quiet=False)
    assert not done.stdout and "dropped" not in done.said.replace("would be dropped", "")
    lines = said(done, file)
    assert lines[-1] == "nothing is changed without --yes"
    return lines[:-1]


def repair(file, *args):
    done = fcs("repair", "--yes", file, *args, quiet=False)
    lines = said(done, file)
    assert lines[-1].startswith("repaired; ")
    return lines, done.stdout.decode()


def check_clean(file):
    total = fcs("check", file, quiet=False)
    assert not total.said and total.stdout.endswith(b"kept aside 0, problems 0, notes 0: sound\n"), total


@pytest.fixture
def damaged(image):
    """b's value is damaged, and c's length of the value; offsets of both."""
    data = bytearray(image.read_bytes())
    _, (b, _), (c, _), *_ = slots(data)
    data[b + 26] ^= 0x20
    set_word(data, c + 8, 1000)
    image.write_bytes(data)
    return image, b, c


def test_nothing_to_repair(image):
    for args in (), ("--yes",):
        done = unchanged(image, "repair", image, *args, quiet=False)
        assert said(done, image) == ["there is nothing to repair"] and not done.stdout


def test_plan_and_repair(damaged):
    image, b, c = damaged
    found = [f'problem: offset {b}: a slot of 48 bytes, key "b": wrong checksum',
             f'problem: offset {c}: a slot of 48 bytes, key "c": wrong checksum']
    lines = plan(image)
    assert lines[:2] == found
    opened = lines[2:4]
    assert all(line.startswith("in a copy: ") and "kept aside and not served" in line for line in opened)
    assert lines[4:] == [f'offset {b}: a slot of 48 bytes, key "b", value of 2 bytes: would be dropped',
                         f'offset {c}: a slot of 48 bytes, key "c": would be dropped']
    lines, printed = repair(image)
    assert lines[:2] == found and not printed
    assert lines[2:4] == [line.removeprefix("in a copy: ") for line in opened]
    assert lines[4:] == [f'offset {b}: a slot of 48 bytes, key "b", value of 2 bytes: dropped',
                         f'offset {c}: a slot of 48 bytes, key "c": dropped',
                         "repaired; entries 2, slots dropped 2"]
    check_clean(image)
    assert contents(image) == without("b", "c")


def test_save(damaged, path):
    """The slots' bytes as they were, and JSON lines that import takes, if somebody wants that."""
    image, b, c = damaged
    before = bytearray(image.read_bytes())
    folder = path()
    plan(image, "--save", folder)
    assert not folder.exists()
    lines, printed = repair(image, "--save", folder)
    about = {off: [line.rsplit(": ", 1)[1] for line in lines if line.startswith(f"offset {off}: ")] for off in (b, c)}
    assert about == {b: ["saved", "dropped"], c: ["saved", "dropped"]}
    assert lines.index(f'offset {b}: a slot of 48 bytes, key "b", value of 2 bytes: dropped') > \
        lines.index(f'offset {c}: a slot of 48 bytes, key "c": saved')
    [entry] = map(json.loads, printed.splitlines())
    assert entry == {"key": "b", "value": "Bb", "meta_hex": "01", "expiry": 99999999999999, "seq": 2}
    saved = {int(file.stem[len("slot-"):]): file.read_bytes() for file in folder.iterdir()}
    for off in b, c:
        set_word(before, off + 4, MARK)
    assert saved == {off: before[off:off + 48] for off in (b, c)}
    assert contents(image) == without("b", "c")
    fcs("import", image, "-", stdin=printed.encode())
    assert contents(image) == {**without("c"), "b": "Bb"}


def fails(image, folder, stdout=subprocess.PIPE):
    """What a repair says that ends with 3, having done nothing to the file."""
    before = image.read_bytes()
    done = subprocess.run([FCS, "repair", "--yes", "--save", folder, image], stdout=stdout, stderr=subprocess.PIPE,
                          timeout=WAIT, check=False)
    text = done.stderr.decode()
    assert done.returncode == 3 and image.read_bytes() == before, done
    assert "dropped" not in text and "kept aside" not in text
    assert text.endswith(f"fcs: {image}: nothing was changed\n")
    return text


def test_save_overwrites_nothing(damaged, path):
    """Before anything is done, the folder is looked at."""
    image, _, c = damaged
    folder = path()
    folder.mkdir()
    file = folder / f"slot-{c}.bin"
    for other in "of another day", "x" * 48:
        file.write_text(other)
        assert f"{file}: it is there already with other bytes" in fails(image, folder)
        assert file.read_text() == other and list(folder.iterdir()) == [file]
    file.unlink()
    file.symlink_to("nowhere")
    assert f"{file}: something has this name" in fails(image, folder)
    file.unlink()
    repair(image, "--save", folder)
    check_clean(image)


def test_save_to_no_folder(damaged, path):
    image, *_ = damaged
    file = path()
    file.write_text("a file")
    assert f"--save {file}: it is there, and no folder\n" in fails(image, file)
    assert f"--save {file}/below: " in fails(image, file / "below")
    assert file.read_text() == "a file"


def test_save_again(damaged, path):
    """After a full disk behind standard output, and with what that try has left in the folder."""
    image, b, c = damaged
    folder = path()
    with open("/dev/full", "wb") as full:
        assert "fcs: standard output: " in fails(image, folder, stdout=full)
    left = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert set(left) == {f"slot-{b}.bin", f"slot-{c}.bin"}
    lines, printed = repair(image, "--save", folder)
    assert lines[-1] == "repaired; entries 2, slots dropped 2" and json.loads(printed)["key"] == "b"
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == left
    check_clean(image)


def test_mends(image):
    """What needs no drop: a cut, a copy of the superblock, a size. All entries stay."""
    sound = image.read_bytes()
    (a, size), (b, _), *_ = slots(sound)
    for change in ((a + 4, 0), (2048 + 20, 5), (b, 7), (b + size - 4, 0), (PAGE, 0)):
        data = bytearray(sound)
        set_word(data, *change)
        image.write_bytes(data)
        plan(image)
        lines, _ = repair(image)
        assert lines[-1] == "repaired; entries 4, slots dropped 0"
        check_clean(image)
        assert contents(image) == ALL


def test_dump(image):
    data = bytearray(image.read_bytes())
    data[START + 26] ^= 1
    image.write_bytes(bytes(3 * PAGE) + data + b"\xee" * 5000)
    args = "--ram-base", "0x60000000"
    assert any('key "a"' in line and line.endswith("would be dropped") for line in plan(image, *args))
    repair(image, *args)
    after = image.read_bytes()
    assert not any(after[:3 * PAGE]) and after[-5000:] == b"\xee" * 5000
    assert contents(*args, image) == without("a")


def test_refused(image, path):
    complaint("repair", status=2)
    assert "not an option here" in complaint("check", "--yes", image, status=2)
    assert "not an option here" in complaint("ls", "--save", "x", image, status=2)
    classic = path(".dat")
    classic.write_bytes(VECTOR.read_bytes())
    for args in (), ("--yes",):
        before = classic.read_bytes()
        assert "a plain .dat has no checksums" in complaint("repair", *args, classic, status=3)
        assert classic.read_bytes() == before
    data = bytearray(image.read_bytes())
    data[20] ^= 1
    data[2048 + 20] ^= 1
    image.write_bytes(data)
    assert "both copies of the store's superblock are damaged" in complaint("repair", "--yes", image, status=3)
    assert image.read_bytes() == data


def test_any_damage(image):
    """Without --yes nothing changes; with it nothing is left to find, and no value is one that was never written."""
    sound = image.read_bytes()
    end = slots(sound)[-1][0] + 100
    rnd = random.Random(7)
    lost = 0
    for _ in range(40):
        data = bytearray(sound)
        for _ in range(rnd.randrange(1, 4)):
            off, count = rnd.choice((2048, rnd.randrange(START - 20, end))), rnd.randrange(1, 64)
            data[off:off + count] = rnd.choice((bytes(count), b"\xff" * count, rnd.randbytes(count)))
        image.write_bytes(data)
        done = subprocess.run([FCS, "repair", image], capture_output=True, timeout=WAIT, check=False)
        assert done.returncode in (0, 1) and b"Sanitizer" not in done.stderr, done
        assert image.read_bytes() == data
        if done.returncode:
            repair(image)
        check_clean(image)
        left = contents(image)
        assert left.items() <= ALL.items(), left
        lost += len(ALL) - len(left)
    assert lost > 20
