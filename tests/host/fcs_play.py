# SPDX-License-Identifier: MIT
"""
Plays a case on `fcs run --classic` and on the model in fcs1_model.py, and makes one that fails as
short as it goes.

A case is a list of parts, any of which may be left out:

    ("slot", bytes)   a slot of the file that is there before
    ("tail", bytes)   what is behind its last slot
    ("run", Options)  another run of fcs; what follows are its lines
    ("ops", lines)    lines of the script, which stay together
"""

import os
import subprocess
import tempfile
from pathlib import Path

import fcs1_model as model
from fcs1_model import fields, free_slot, record

REPO = Path(__file__).resolve().parents[2]
FCS = Path(os.environ.get("FCS", REPO / "build" / "host" / "fcs-asan"))
WAIT = 60  # seconds for a run, which takes a hundredth of one
ASK_ALL = ["size", "free", "filesize", "entries", "dump", "sha"]


class Options:
    def __init__(self, max_entries=-1, frag="0.75", clock=1000000):
        self.max_entries, self.frag, self.clock = max_entries, frag, clock

    def __str__(self):
        return f"--max-entries {self.max_entries} --frag {self.frag}"


def first_file(case):
    """The bytes of the file before the first run, or None."""
    parts = [part for kind, part in case if kind in ("slot", "tail")]
    return model.MAGIC + b"".join(parts) if parts else None


def runs(case):
    """[(options, lines)], the lines complete."""
    found = []
    for kind, part in case:
        if kind == "run" or kind == "ops" and not found:
            options = part if kind == "run" else Options()
            found.append((options, [f"clock {options.clock}", "start"]))
        if kind == "ops":
            found[-1][1].extend(part)
    for options, lines in found:
        lines += ASK_ALL + ["lru"] * (options.max_entries > 0) + ["stop"]
    return found


def run_fcs(folder, options, lines, file="store.dat"):
    ops = folder / "ops.txt"
    ops.write_text("\n".join([f"# {options}", *lines, ""]))
    return subprocess.run([FCS, "run", "--classic", "--file", folder / file, *str(options).split(), ops],
                          capture_output=True, timeout=WAIT, check=False)


def differs(got, expected, lines):
    """Says where two lists of answers differ first; None: nowhere."""
    for at, (theirs, ours) in enumerate(zip(got + ["(nothing)"], expected + ["(nothing)"])):
        if theirs != ours:
            return f"answer {at + 1} of {len(expected)} ({len(lines)} lines):\n" \
                   f"  fcs    {brief(theirs)}\n  model  {brief(ours)}"
    return None


def play(case, folder):
    """Runs CASE on fcs and on the model. What is different, or None."""
    path = folder / "store.dat"
    path.unlink(missing_ok=True)
    file = first_file(case)
    if file is not None:
        path.write_bytes(file)
    for number, (options, lines) in enumerate(runs(case), 1):
        script = model.Script(file or b"", options.max_entries, options.frag)
        expected = script.run(lines)
        file = bytes(script.file)
        done = run_fcs(folder, options, lines)
        wrong = differs(done.stdout.decode().splitlines(), expected, lines)
        if done.returncode:
            wrong = f"exit status {done.returncode}: {done.stderr.decode()}\n{wrong or ''}"
        elif not wrong and path.read_bytes() != file:
            wrong = "the file is another one" + first_byte(path.read_bytes(), file)
        if wrong:
            return f"run {number}: {wrong}"
    return None


def first_byte(got, expected):
    for at, (theirs, ours) in enumerate(zip(got, expected)):
        if theirs != ours:
            return f" at {at}: {got[at:at + 24].hex()} for {expected[at:at + 24].hex()}"
    return f": {len(got)} bytes for {len(expected)}"


# ---- shrinking ----------------------------------------------------------------------------------


def without_parts(case, fails):
    """CASE without what it still fails without: large pieces first, then each part."""
    piece = max(len(case) // 2, 1)
    while True:
        at = 0
        while at < len(case):
            less = case[:at] + case[at + piece:]
            if less and fails(less):
                case = less
            else:
                at += piece
        if piece == 1:
            return case
        piece = max(piece // 2, 1)


def shorter_words(part):
    """What a part could be instead that is easier to read."""
    kind, lines = part
    if kind == "run":
        for options in (Options(), Options(lines.max_entries), Options(-1, lines.frag)):
            if str(options) != str(lines):
                yield kind, Options(options.max_entries, options.frag, lines.clock)
    if kind == "ops" and len(lines) == 1 and lines[0].startswith("put "):
        words = lines[0].split()
        if len(words) == 5:
            yield kind, [" ".join(words[:4])]
        if len(words) == 4:
            yield kind, [" ".join(words[:3])]
        length = len(words[2]) // 2
        for less in (0, 1, length // 2, length * 3 // 4, length * 7 // 8):
            if less < length:
                yield kind, [" ".join(words[:2] + ["00" * less or "."] + words[3:])]
        if words[2].strip("0."):
            yield kind, [" ".join(words[:2] + ["00" * length] + words[3:])]


def plainer(part):
    """The slots of a file that could be there instead."""
    kind, slot = part
    if kind == "slot" and len(slot) >= 24:
        (size, key_len, data_len, meta_len, expiry), key, data, meta, slack = fields(slot)
        if key_len > 0:
            less = [record(key, data[:len(data) // 2], meta, expiry, slack),
                    record(key, data, meta, expiry), record(key, data, b"", model.NEVER, slack)]
        else:
            less = [free_slot(size), free_slot(size, 0, data_len, meta_len, expiry),
                    free_slot(size // 2 + 12)]
        yield from ((kind, one) for one in less if one != slot and len(one) <= len(slot))


def renamed(case):
    """CASE with each key by a short name, one more key at a time."""
    lines = [line.split() for kind, part in case if kind == "ops" for line in part]
    keys = {words[1] for words in lines if words[0] in ("put", "get", "contains", "del")}
    keys |= {fields(slot)[1].hex() for kind, slot in case if kind == "slot" and len(slot) >= 24} - {""}
    for number, key in enumerate(sorted(keys)):
        short = f"{number + 1:02x}" * (1 if number < 255 else 2)
        if len(key) <= len(short) or short in keys:
            continue
        other = []
        for kind, part in case:
            if kind == "ops":
                words = [line.split() for line in part]
                part = [" ".join([*w[:1], short, *w[2:]] if key in w[1:2] else w) for w in words]
            if kind == "slot" and len(part) >= 24 and fields(part)[1].hex() == key:
                (_, _, _, _, expiry), _, data, meta, slack = fields(part)
                part = record(bytes.fromhex(short), data, meta, expiry, slack)
            other.append((kind, part))
        yield other


def shrink(case, fails):
    """The shortest case that fails, as far as leaving out, renaming and shortening leads."""
    while True:
        before = case
        case = without_parts(case, fails)
        while less := next(filter(fails, renamed(case)), None):
            case = less
        at = 0
        while at < len(case):
            for part in (*shorter_words(case[at]), *plainer(case[at])):
                less = case[:at] + [part] + case[at + 1:]
                if fails(less):
                    case = less
                    break
            else:
                at += 1
        if case == before:
            return case


def brief(line):
    return line if len(line) <= 400 else f"{line[:300]}... ({len(line)} characters)"


def told_slot(slot):
    if len(slot) < 24:
        return slot.hex()
    header, *parts = fields(slot)
    return " ".join([*map(str, header), *(brief(part.hex()) or "." for part in parts)])


def told(case):
    """CASE as text to follow; slots are size, keyLen, dataLen, metaLen, expiry and bytes."""
    out, file = [], first_file(case)
    if file:
        out.append(f"# the file before: {len(file)} bytes")
        out += [f"#   {kind} {told_slot(part)}" for kind, part in case if kind in ("slot", "tail")]
    for options, lines in runs(case):
        out += [f"# fcs run --classic --file store.dat {options} OPS", *map(brief, lines)]
    return "\n".join(out)


def save(case, folder):
    """Files that show the failure: store.dat, 1.ops, 2.ops, ..."""
    folder.mkdir(parents=True, exist_ok=True)
    if first_file(case):
        (folder / "store.dat").write_bytes(first_file(case))
    for number, (options, lines) in enumerate(runs(case), 1):
        (folder / f"{number}.ops").write_text("\n".join([f"# {options}", *lines, ""]))


def try_case(case, what, folder=None):
    """Plays CASE; if fcs and the model differ, the text of a short case where they do, else None."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        if play(case, place) is None:
            return None
        case = shrink(case, lambda less: play(less, place) is not None)
        if folder:
            save(case, folder)
        return f"{what}\n{told(case)}\n{play(case, place)}"


