# SPDX-License-Identifier: MIT
"""fcs export and import: JSON lines, plain files and regions into each other."""

import ctypes
import json
import os
import struct
import subprocess
import time

import pytest

from fcs_tool import (PAGE, VECTOR, WAIT, complaint, contents, exported, fcs, image, out, path, run, store,
                      unchanged)

IN_CLOSE_NOWRITE, IN_OPEN = 0x10, 0x20  # of <sys/inotify.h>

ODD = {
    "text": (b"plain", b"caf\xc3\xa9 \"quoted\" \\ /", b"", -1),
    "nothing": (b"empty", b"", b"", 0),
    "bytes": (b"\x00\xff\x80", bytes(range(256)), b"\x00", 123456789012345),
    "control": (b"new\nline", b"tab\there", b"esc\x1b", -5),
    "latin1 control": (b"c1\xc2\x85", b"\x7f", b"m\xc3\xa9ta", 2**63 - 1),
    "not utf-8": (b"\xc3(", b"\xed\xa0\x80", b"\xf5", 1),
}


def fill(store):
    script = "".join(f"put {key.hex()} {value.hex() or '.'} {meta.hex() or '.'} {expiry}\n"
                     for key, value, meta, expiry in ODD.values())
    fcs("run", "--file", *store, "-", stdin=f"start\n{script}".encode())


def field(entry, name):
    return entry[name].encode() if name in entry else bytes.fromhex(entry[name + "_hex"])


def test_json(store):
    fill(store)
    found = {(field(e, "key"), field(e, "value"), field(e, "meta"), e["expiry"]) for e in exported(*store)}
    assert found == set(ODD.values())
    raw = out("export", *store)
    assert raw.isascii() or "caf\u00e9" in raw.decode()
    assert b"value_hex" in raw and b'"key":"plain"' in raw


@pytest.mark.parametrize("kind", [[], ["--classic"], ["--size", "16K"]])
def test_round_trips(store, path, kind):
    """JSON lines, a pipe of them, and the store itself: what comes out is what went in."""
    fill(store)
    lines = path(".json")
    lines.write_bytes(out("export", *store))
    strip = [{k: v for k, v in e.items() if k != "seq"} for e in exported(*store)]
    for source, stdin in (([lines], b""), (["-"], lines.read_bytes()), ([], lines.read_bytes()), (store, b"")):
        new = path()
        assert out("import", new, *source, *kind, stdin=stdin) == b"imported: 6\n"
        assert [{k: v for k, v in e.items() if k != "seq"} for e in exported(new)] == strip
        assert new.read_bytes()[:4] == (b"FCS1" if kind == ["--classic"] else b"CARN")


def records(data):
    """The live records of a plain .dat by an own reader, as the Java class reads it."""
    assert data[:4] == b"FCS1"
    off, found = 4, {}
    while len(data) - off >= 24:
        size, key_len, data_len, meta_len, expiry = struct.unpack_from(">iiiiq", data, off)
        assert size >= 24 and off + size <= len(data)
        assert min(data_len, meta_len) >= 0 and 24 + max(key_len, 0) + data_len + meta_len <= size
        if key_len > 0:
            at = off + 24
            key, value = data[at:at + key_len], data[at + key_len:at + key_len + data_len]
            assert key not in found
            found[key] = (value, data[at + key_len + data_len:at + key_len + data_len + meta_len], expiry)
        off += size
    assert off == len(data)
    return found


def test_export_fcs1(store, path):
    fill(store)
    fcs("del", *store, "empty")
    plain = path(".dat")
    assert unchanged(store[0], "export", *store, "--fcs1", plain).stdout == b""
    expected = {key: rest for key, *rest in ODD.values() if key != b"empty"}
    # A store that is opened with a clock loses what is expired: "del" was the last that did.
    expected = {key: tuple(rest) for key, rest in expected.items() if rest[2] <= 0 or rest[2] > time.time() * 1000}
    found = records(plain.read_bytes())
    if store[0].read_bytes()[:4] == b"FCS1":
        found = {key: rest for key, rest in found.items() if rest[2] <= 0 or rest[2] > time.time() * 1000}
    assert found == expected
    assert out("check", plain).endswith(b": sound\n")


def test_export_fcs1_damaged(image, path):
    """A slot that is kept aside becomes an empty free one, and nothing of its bytes is in the file."""
    data = bytearray(image.read_bytes())
    data[data.index(b"AAA")] = ord("Z")
    image.write_bytes(data)
    plain = path(".dat")
    unchanged(image, "export", image, "--fcs1", plain, quiet=False)
    found = plain.read_bytes()
    assert sorted(records(found)) == [b"b", b"c", b"e"]
    assert b"ZAA" not in found and found[4:4 + 24] == struct.pack(">iiiiq", 48, 0, 0, 0, -1)


@pytest.mark.parametrize("damage, lost", [
    (lambda data: data[:-1], "ec84a097"),
    (lambda data: data[:67 + 8] + b"\x7f" + data[67 + 9:], "04094b3f"),
    (lambda data: data[:1485] + bytes(4) + data[1489:], "ec84a097"),
])
def test_damaged_plain_file(path, damage, lost):
    """Nothing changes a file that is cut or has lengths that cannot be; what can be read goes into a new one."""
    file, mended = path(".dat"), path(".dat")
    file.write_bytes(VECTOR.read_bytes())
    fcs("run", "--file", file, "-", stdin=b"start\nstop\n")  # it ends in a record then
    whole = records(file.read_bytes())
    before = damage(file.read_bytes())
    file.write_bytes(before)
    assert "it is damaged and can only be read" in fcs("put", file, "k", "v", status=3).said
    assert "it is damaged and can only be read" in fcs("compact", file, status=3).said
    script = b"start\nput 61 62\ndel 61\nclear\npurge\nsize\nstop\n"
    answers = fcs("run", "--file", file, "-", stdin=script, quiet=False).stdout.decode().splitlines()
    assert answers == ["STARTED 16", *4 * ["ERR it is damaged and can only be read"], "SIZE 16", "STOPPED"]
    assert file.read_bytes() == before
    fcs("export", file, "--fcs1", mended, quiet=False)
    found = records(mended.read_bytes())
    assert found == {key: rest for key, rest in whole.items() if key != bytes.fromhex(lost)}
    assert out("check", mended).endswith(b": sound\n")


def test_export_over_itself(image, path):
    link = path()
    link.symlink_to(image)
    assert "which it would overwrite" in unchanged(image, "export", image, "--fcs1", link, status=2).said


def test_import_vector(path):
    """A .dat of the Java class becomes a region, and comes back as the same entries."""
    new, back = path(), path()
    assert out("import", new, VECTOR) == b"imported: 17\n"
    fcs("export", new, "--fcs1", back)
    assert records(back.read_bytes()) == records(VECTOR.read_bytes())
    assert out("check", new).endswith(b": sound\n")


@pytest.mark.parametrize("line, said", [
    ("nonsense", "no JSON: "),
    ("[1]", "expected a JSON object"),
    ('{"key":"a"}', "expected both a key and a value"),
    ('{"key":"a","value":1}', '"value": not a member'),
    ('{"key":"a","value":"b","colour":"red"}', '"colour": not a member'),
    ('{"key":"a","key_hex":"61","value":"b"}', '"key_hex": not a member'),
    ('{"key":"a","value_hex":"6"}', '"value_hex": not a member'),
    ('{"key":"a","value":"b","expiry":"1"}', '"expiry": not a member'),
    ('{"key":"a","value":"b","key":"c"}', "no JSON: duplicate"),
    ('{"key":"a","value":"b"} {"key":"c","value":"d"}', "no JSON: "),
    ('{"key":"a\xff","value":"b"}', "no JSON: "),
])
def test_import_bad_line(image, path, line, said):
    """Nothing is imported, and no file is made."""
    good = '{"key":"new","value":"x"}'
    lines, new = path(), path()
    lines.write_bytes(f"{good}\n\n{line}\n{good}\n".encode("latin1"))
    for args in ([image, lines], [new, lines]):
        complained = complaint("import", *args, status=2)
        assert said in complained and f"{lines}:3: " in complained
    assert not new.exists() and "new" not in contents(image)


@pytest.mark.parametrize("length", [0, 65536])
def test_import_key_length(image, path, length):
    new = path()
    for key in ({"key": "k" * length}, {"key_hex": "00" * length}):
        lines = "".join(json.dumps({**k, "value": "x"}) + "\n" for k in ({"key": "new"}, key)).encode()
        for file in (image, new):
            said = complaint("import", file, stdin=lines, status=2)
            assert f"standard input:2: a key of {length} bytes: expected 1 to 65535: nothing is imported" in said
    assert not new.exists() and "new" not in contents(image)


def test_import_too_much(path, run, image):
    """A file that was to be made is not; of one that is there it is said what is in it."""
    lines, new = path(), path()
    lines.write_text("".join(json.dumps({"key": str(i), "value": "x" * 1000}) + "\n" for i in range(100)))
    said = complaint("import", new, lines, "--size", "16K", status=3)
    assert "it stays as it was" in said and "entry 12: there is no room for it" in said
    assert not new.exists() and not list(new.parent.glob(new.name + ".*"))
    said = complaint("import", image, lines, status=3)
    there = len(contents(image)) - 4
    assert f"the first {there} entries are in it" in said and f"entry {there + 1}: " in said


def test_import_refused(image, path, run):
    """What is free is told of an entry that finds no room, and of no other."""
    lines = json.dumps({"key": "k", "value": "x" * 65536}).encode()
    said = complaint("import", image, stdin=lines, status=3)
    assert "entry 1: it is larger than any slot could be: 61240 bytes are free" in said
    dat = path()
    dat.write_bytes(VECTOR.read_bytes()[:-1])
    said = complaint("import", dat, stdin=b'{"key":"k","value":""}', status=3)
    assert said.endswith("entry 1: it is damaged and can only be read\n")


def test_import_named_pipe(path):
    """It is opened once: with the close of a first time what the writer had sent would be gone."""
    new, pipe = path(), path()
    os.mkfifo(pipe)
    libc = ctypes.CDLL(None)
    events = libc.inotify_init1(os.O_NONBLOCK)
    assert libc.inotify_add_watch(events, os.fsencode(pipe), IN_OPEN | IN_CLOSE_NOWRITE) >= 0
    writer = subprocess.Popen(["sh", "-c", 'printf "%s" "$0" > "$1"', '{"key":"a","value":"b"}', pipe])
    try:
        assert out("import", new, pipe) == b"imported: 1\n"
    finally:
        writer.kill()
        writer.wait(WAIT)
        closed = [mask for _, mask, _, _ in struct.iter_unpack("iIII", os.read(events, 1 << 16))].count(IN_CLOSE_NOWRITE)
        os.close(events)
    assert closed == 1
    assert contents(new) == {"a": "b"}


def test_import_into_itself(image):
    assert "into another one" in unchanged(image, "import", image, image, status=2).said


def test_import_from_a_dump(image, path):
    dump, new = path(), path()
    dump.write_bytes(bytes(7 * PAGE) + image.read_bytes())
    assert out("import", new, dump, "--ram-base", "0x60000000", "--at", "0x60007000") == b"imported: 4\n"
    assert contents(new) == contents(image)
