#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Runs memmap (the build with ASan and UBSan) on every .dtb below a folder, with addresses of 64 and of 32
bits and in all of its forms, and lists crashes, hangs, output that is none, trees that it refuses, and what
the boot says about the others.

    tools/check-dtbs.py MEMMAP FOLDER

Exit status 1 if there was a crash, a hang or output that is none, or no tree at all.
"""

import collections
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

SECONDS = 20  # for a run, which takes a hundredth of one
SHOWN = 4  # trees named for each kind of complaint

Result = collections.namedtuple("Result", "path bits bad refused messages")


def broken(done, form, svg):
    """What is wrong with a run that ended by itself; None: nothing."""
    if done.returncode not in (0, 1):
        report = done.stderr.decode(errors="replace").strip().splitlines()
        return f"crash, status {done.returncode}: {' | '.join(report[:3])}"
    if done.returncode == 1:
        return None if done.stderr.count(b"\n") == 1 else "status 1 without a line that says why"
    try:
        ET.parse(svg)
        if form == "--json":
            json.loads(done.stdout)
        elif b"\nMap: " not in done.stdout:
            return "text without a map"
    except (OSError, ValueError, ET.ParseError) as error:
        return f"{form}: {error}"
    return None


def survey(memmap, path, bits):
    """Both forms of one tree at one width."""
    refused, messages = None, []
    with tempfile.TemporaryDirectory() as folder:
        svg = Path(folder) / "svg"
        for form in "--json", "--trace":
            try:
                done = subprocess.run([memmap, form, "--phys", str(bits), "--svg", svg, path],
                                      capture_output=True, timeout=SECONDS, check=False)
            except subprocess.TimeoutExpired:
                return Result(path, bits, f"hang: no end within {SECONDS} seconds", None, [])
            bad = broken(done, form, svg)
            if bad:
                return Result(path, bits, bad, None, [])
            if done.returncode:
                refused = done.stderr.decode(errors="replace").strip()
            elif form == "--json":
                messages = [message for message in json.loads(done.stdout)["messages"]
                            if not message.startswith("memblock_")]  # a trace that the tree asks for
    return Result(path, bits, None, refused, messages)


def kind_of(message):
    """A message without what differs from tree to tree: names and numbers."""
    message = re.sub(r"^(reserved-memory: )?[^\s:]+@[0-9a-f,]+:|^reserved-memory: [^\s:]+:",
                     r"NODE:", message)
    message = re.sub(r"(overlaps) (?!the |what )\S+", r"\1 NODE", message)
    return re.sub(r"\b(0x[0-9a-f]+|\d+)\b", "N", message)


def show(title, rows, limit):
    """A list of (tree, bits, words), of which LIMIT are shown."""
    if rows:
        print(f"\n{title}: {len(rows)}")
        for path, bits, words in rows[:limit]:
            print(f"  {path} ({bits} bits){': ' + words if words else ''}")
        if len(rows) > limit:
            print(f"  and {len(rows) - limit} more")


def main():
    if len(sys.argv) != 3 or not Path(sys.argv[2]).is_dir():
        print("usage: tools/check-dtbs.py MEMMAP FOLDER, or make check-dtbs DTBS=FOLDER", file=sys.stderr)
        return 2
    memmap, folder = sys.argv[1:]
    trees = sorted(path for path in Path(folder).rglob("*.dtb") if path.is_file())
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda job: survey(memmap, *job),
                                [(path, bits) for path in trees for bits in (64, 32)]))
    bad = [(r.path, r.bits, r.bad) for r in results if r.bad]
    complaints = collections.defaultdict(list)
    for r in results:
        for kind in dict.fromkeys(map(kind_of, r.messages)):
            complaints[kind].append((r.path, r.bits, ""))
    refused = [(r.path, r.bits, r.refused) for r in results if r.refused]
    show("crashes, hangs and output that is none", bad, len(bad))
    show("refused", refused, len(refused))
    for kind, rows in sorted(complaints.items(), key=lambda item: -len(item[1])):
        show(kind, rows, SHOWN)
    silent = sum(1 for r in results if not (r.bad or r.refused or r.messages))
    print()
    print(f"figure check_dtbs_trees {len(trees)} trees")
    print(f"figure check_dtbs_widths {len(results)} trees_times_widths")
    print(f"figure check_dtbs_bad {len(bad)} trees_times_widths")
    print(f"figure check_dtbs_refused {len(refused)} trees_times_widths")
    print(f"figure check_dtbs_silent {silent} trees_times_widths")
    if not trees:
        print(f"check-dtbs: {folder}: expected .dtb files below it", file=sys.stderr)
    return 1 if bad or not trees else 0


if __name__ == "__main__":
    sys.exit(main())
