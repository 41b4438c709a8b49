#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Shows that each rule of the store's protocol bites: breaks one at a time, as tests/powercut/mutants.txt
says, in a copy of the sources, and runs the store's tests until one fails.

    tools/mutate-store.py [NAME...]
    tools/mutate-store.py --check     only whether the lines that they change are there

Exit status 1 if a mutant passes all tests, or could not be tried: its lines are gone, or it does not build.
"""

import collections
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

LIST = Path("tests/powercut/mutants.txt")
TREE = Path("build/mutate")
SECONDS = 300  # for one test program, which takes a tenth of that

# Lines of a function: those to be found, next to each other, and what takes their place.
Edit = collections.namedtuple("Edit", "function old new")


class Mutant:
    """One rule, and the edits that break it."""

    def __init__(self, name):
        self.name = name
        self.rule = ""
        self.first = "test_store_cut"
        self.edits = []


def read_list(text):
    """The mutants of a list; its first lines say how one is written."""
    mutants = []
    for number, line in enumerate(text.splitlines(), 1):
        word, _, rest = line.partition(" ")
        if not word or word.startswith("#"):
            continue
        if word == "mutant":
            mutants.append(Mutant(rest))
        elif word == "rule":
            mutants[-1].rule = rest
        elif word == "test":
            mutants[-1].first = rest
        elif word == "in":
            mutants[-1].edits.append(Edit(rest, [], []))
        elif word == "-":
            if mutants[-1].edits[-1].new:  # the next place in the same function
                mutants[-1].edits.append(Edit(mutants[-1].edits[-1].function, [], []))
            mutants[-1].edits[-1].old.append(rest.strip())
        elif word == "+":
            mutants[-1].edits[-1].new.append(rest)
        else:
            sys.exit(f"{LIST}:{number}: '{word}' begins no line of a mutant")
    return mutants


def function_lines(lines, name):
    """Where the body of the function NAME is, from its first line to its brace; None: not here."""
    for start, line in enumerate(lines):
        if re.match(rf"[a-z].*\b{name}\(", line):
            end = next((i for i in range(start, len(lines)) if lines[i] in ("}", "};")), start)
            if any(each == "{" for each in lines[start:end]):
                return start, end
    return None


def find_edit(sources, edit):
    """The path and first line of what EDIT changes, and None; or what is wrong with it."""
    places = [(path, where) for path, lines in sources.items()
              if (where := function_lines(lines, edit.function))]
    if len(places) != 1:
        return None, f"there are {len(places)} functions {edit.function}() in store/"
    path, (start, end) = places[0]
    count = len(edit.old)
    hits = [i for i in range(start, end - count + 1)
            if [line.strip() for line in sources[path][i:i + count]] == edit.old]
    if len(hits) != 1:
        return None, f"it is in {edit.function}() {len(hits)} times: {edit.old[0]}"
    return (path, hits[0]), None


def mutated(mutant, originals):
    """The sources with all edits of the mutant, and why that cannot be, or None."""
    sources = {path: text.splitlines() for path, text in originals.items()}
    changes = []
    for edit in mutant.edits:
        place, why = find_edit(sources, edit)
        if why:
            return None, why
        changes.append((*place, edit))
    for path, at, edit in sorted(changes, key=lambda change: -change[1]):
        indent = re.match(r"\s*", sources[path][at]).group()
        sources[path][at:at + len(edit.old)] = [indent + line for line in edit.new]
    return {path: "\n".join(lines) + "\n" for path, lines in sources.items()}, None


def copy_tree():
    """A copy of what is in the working tree; what did not change keeps its time, and what was built."""
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], capture_output=True,
                           text=True, check=True).stdout
    for name in names.splitlines():
        to = TREE / name
        if Path(name).is_file() and not (to.is_file() and to.read_bytes() == Path(name).read_bytes()):
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(name, to)
    for folder in "store", "tests/unit", "tests/powercut":
        for path in (TREE / folder).iterdir():
            if not Path(folder, path.name).exists():
                path.unlink()


def build(tests):
    """None, or the compiler's first error. Warnings are of no interest: code is cut out."""
    done = subprocess.run(["make", "-s", "-j2", "WARN=-w", *tests], cwd=TREE, capture_output=True,
                          text=True, check=False)
    if done.returncode == 0:
        return None
    errors = [line for line in done.stderr.splitlines() if "rror" in line]
    return (errors or ["make failed"])[0]


def complaint(output):
    """What a failing test said, in short."""
    for pattern in (r"the first: (.*)", r"ERROR: (.*)", r"\bERROR\b.*?--- (.*)", r"(runtime error.*)"):
        found = re.search(pattern, output)
        if found:
            return found.group(1)
    return "it ended early"


def run_tests(tests):
    """The first test that fails and what it said; None: all pass."""
    for test in tests:
        try:
            done = subprocess.run([TREE.resolve() / test], cwd=TREE, capture_output=True, text=True,
                                  errors="replace", timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return test, f"no end within {SECONDS} seconds"
        if done.returncode != 0:
            return test, complaint(done.stderr + done.stdout)
    return None


def try_mutant(mutant, originals, tests):
    """A line on what became of it, and whether that is how it should be."""
    sources, why = mutated(mutant, originals)
    if why:
        return f"rule {mutant.name}: its line is gone: {why}", False
    changed = [path for path in sources if sources[path] != originals[path]]
    try:
        for path in changed:
            (TREE / path).write_text(sources[path])
        why = build(tests)
        if why:
            return f"rule {mutant.name}: it does not build: {why}", False
        failed = run_tests(sorted(tests, key=lambda test: Path(test).name != mutant.first))
    finally:
        for path in changed:
            (TREE / path).write_text(originals[path])
    if not failed:
        return f"SURVIVED {mutant.name}: {mutant.rule}", False
    return f"caught   {mutant.name}, by {Path(failed[0]).name}: {failed[1][:200]}", True


def sources_in(folder):
    """The text of each file that mutants may change, by its path below FOLDER."""
    return {path.relative_to(folder): path.read_text()
            for path in sorted(Path(folder, "store").glob("*.c"))
            if path.name != "classic.c"}  # that layout has no protocol


def check_list(mutants):
    """Says of which mutants the lines are gone; whether there is none."""
    originals = sources_in(".")
    reasons = {mutant.name: mutated(mutant, originals)[1] for mutant in mutants}
    gone = {name: why for name, why in reasons.items() if why}
    for name, why in gone.items():
        print(f"{LIST}: {name}: {why}", file=sys.stderr)
    return not gone


def test_programs():
    """All tests of the store."""
    return [f"build/host/{path.stem}" for folder in ("powercut", "unit")
            for path in sorted(Path("tests", folder).glob("test_store_*.c"))]


def main():
    os.chdir(Path(__file__).resolve().parent.parent)
    mutants = read_list(LIST.read_text())
    if sys.argv[1:] == ["--check"]:
        return 0 if check_list(mutants) else 1
    unknown = set(sys.argv[1:]) - {mutant.name for mutant in mutants}
    if unknown:
        sys.exit(f"no such mutant in {LIST}: {', '.join(sorted(unknown))}")
    if sys.argv[1:]:
        mutants = [mutant for mutant in mutants if mutant.name in sys.argv[1:]]
    tests = test_programs()
    copy_tree()
    why = build(tests)
    failed = None if why else run_tests(tests)
    if why or failed:
        sys.exit(f"without any mutant: {why or f'{failed[0]} fails: {failed[1]}'}")
    originals = sources_in(TREE)
    good = 0
    for mutant in mutants:
        start = time.monotonic()
        line, caught = try_mutant(mutant, originals, tests)
        print(f"{line} ({time.monotonic() - start:.0f} s)", flush=True)
        good += caught
    print(f"{good} of {len(mutants)} mutants were caught")
    return 0 if good == len(mutants) else 1


if __name__ == "__main__":
    sys.exit(main())
