#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
Compares what was measured with the budgets in tests/budgets.

    tools/check-budgets.py GROUP            checks the budgets of GROUP against build/figures/GROUP
    tools/check-budgets.py --record GROUP   writes what was measured into the table instead

"make figures-GROUP" measures: build/figures/GROUP has lines "figure NAME VALUE UNIT" and, for some figures, what
they are the sum of, "part NAME VALUE OF-WHAT". All but the parts is printed. Every budget of the group has to have
been measured. For one that is broken the commit is built that recorded it, and the parts that grew since are listed
with the commits that changed their files. Exit status 1 if a budget is broken.
"""

import collections
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

TABLE = Path("tests/budgets")
FIGURES = Path("build/figures")
BASELINE = Path("build/baseline")  # the commit that recorded a figure, to be measured again
MAP = Path("build/vexpress-a9/cairn.map")
SOURCES = ("lib", "drivers", "mm", "store", "shell", "boot", "linker", "dts", "tests/bench", "Makefile")
SHOWN = 8  # parts and commits that are listed
RECORDERS = 3  # commits that are tried

Budget = collections.namedtuple("Budget", "line group name recorded limit unit")


def fail(text):
    sys.exit(f"check-budgets: {text}")


def command(*argv, check=True):
    return subprocess.run(argv, check=check, text=True, capture_output=True).stdout


def number(text):
    """A figure as people read it."""
    value = float(text)
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def read_table():
    budgets = []
    for line, text in enumerate(TABLE.read_text(encoding="utf-8").splitlines(), 1):
        words = text.partition("#")[0].split()
        if not words:
            continue
        try:
            budgets.append(Budget(line, words[0], words[1], float(words[2]), float(words[3]), words[4]))
        except (IndexError, ValueError):
            fail(f"{TABLE}:{line}: expected GROUP NAME RECORDED LIMIT UNIT: {text}")
    return budgets


def read_figures(path):
    """What was measured, by name, and the parts of each; and the lines to be printed."""
    figures, parts, shown = {}, collections.defaultdict(dict), []
    for text in path.read_text(encoding="utf-8").splitlines():
        words = text.split(maxsplit=3)
        if words[:1] == ["part"]:
            parts[words[1]][words[3]] = parts[words[1]].get(words[3], 0) + float(words[2])
            continue
        if words[:1] == ["figure"]:
            figures[words[1]] = words[2]
        shown.append(text)
    return figures, parts, shown


# ---- what changed ----

def recorders(budget):
    """The commits that wrote the line of a budget, the last one first. What is not committed yet was written in HEAD."""
    line = rf"^{budget.group} +{budget.name} "
    commits = command("git", "log", "--format=%H", "-G", line, "--", TABLE, check=False).split()
    if commits and re.search(rf"^\+{line[1:]}", command("git", "diff", "HEAD", "--", TABLE), re.M):
        commits.insert(0, command("git", "rev-parse", "HEAD").strip())
    return commits


def measure_then(commit, group):
    """The figures of a group in that commit, and their parts; None if they cannot be measured again."""
    tree = BASELINE / commit
    measured = tree / FIGURES / group
    if measured.exists():
        return read_figures(measured)[:2]
    if not tree.exists():
        for old in sorted(BASELINE.glob("*"), key=os.path.getmtime)[:1 - RECORDERS]:
            shutil.rmtree(old)
        tree.mkdir(parents=True)
        archive = subprocess.run(["git", "archive", commit], check=True, capture_output=True).stdout
        subprocess.run(["tar", "-x", "-C", tree], check=True, input=archive)
        shutil.copytree("build/armhf", tree / "build" / "armhf")
        version = command("tools/version.sh").strip()
        (tree / "VERSION").write_text(f"{version} {command('tools/version.sh', 'date').strip()}\n", encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    done = subprocess.run(["make", "-s", "-C", tree, f"figures-{group}"], env=environment, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        (tree / "said").write_text(done.stdout, encoding="utf-8")
        return None
    return read_figures(measured)[:2]


def objects_of_functions():
    """Which object of the image each function is in, as far as its map says."""
    listed = command("awk", "-v", "list=1", "-f", "tools/map-size.awk", MAP)
    return {part.split(":")[1]: part.split(":")[0] for _, _, part in map(str.split, listed.splitlines())}


def files_of(parts):
    """The sources of parts, which are OBJECT:PART, SOURCE:FUNCTION or FUNCTION."""
    functions = objects_of_functions()
    files = set()
    for part in parts:
        stem = re.sub(r"\.[oc]$", "", part.split(":")[0] if ":" in part else functions.get(part, ""))
        files |= {f"{stem}{end}" for end in (".c", ".h", ".S") if Path(stem + end).is_file()}
    return sorted(files)


def list_commits(since, files):
    """Prints which commits changed them, and which of them git has not seen yet."""
    commits = command("git", "log", "--format=%h %s", f"{since}..HEAD", "--", *files).splitlines()
    changed = command("git", "diff", "--name-only", "HEAD", "--", *files).split()
    for text in commits[:SHOWN]:
        print(f"    {text}")
    if commits[SHOWN:]:
        print(f"    and {len(commits) - SHOWN} more: git log {since[:10]}.. -- {' '.join(files)}")
    if changed:
        print(f"    not committed yet: {', '.join(changed)}")
    return commits or changed


def before(budget, value):
    """The last commit that wrote the line and in which the figure was smaller, and its parts then; or (None, {})."""
    for commit in recorders(budget)[:RECORDERS]:
        print(f"  recorded in {command('git', 'log', '-1', '--format=%h %s', commit).strip()}", flush=True)
        then = measure_then(commit, budget.group)
        if then is None:
            print(f"  it cannot be measured again there: see {BASELINE / commit / 'said'}")
            return commit, {}
        if budget.name in then[0] and float(then[0][budget.name]) < value:
            return commit, then[1].get(budget.name, {})
        print("  where it was as large already: the line had been written for another commit")
    return None, {}


def explain(budget, value, now):
    """Prints what made a figure larger than the one recorded."""
    since, then = before(budget, value)
    if not since:
        print("  what changed is not known: the history here has no commit in which it was smaller")
        return
    grew = {part: size - then.get(part, 0) for part, size in now.items() if size > then.get(part, 0)} if then else {}
    if grew:
        print(f"  what grew since, in {budget.unit}:")
    for part in sorted(grew, key=grew.get, reverse=True)[:SHOWN]:
        print(f"    {'+' + number(grew[part]):>10}  {part}{'' if part in then else ' (new)'}")
    if len(grew) > SHOWN:
        print(f"    {'+' + number(sum(sorted(grew.values())[:-SHOWN])):>10}  {len(grew) - SHOWN} more")
    files = files_of(grew)
    print("  commits that changed their sources:" if files else "  commits since:")
    if not list_commits(since, files or SOURCES) and files:
        print("    none; what else changed:")
        list_commits(since, SOURCES)


# ---- both commands ----

def check(budgets, figures, parts):
    broken = 0
    for budget in budgets:
        value = float(figures[budget.name])
        if value <= budget.limit:
            continue
        broken += 1
        print(f"check-budgets: {budget.name} is {number(value)} {budget.unit}, {number(value - budget.limit)} more than its budget"
              f" of {number(budget.limit)}; {number(budget.recorded)} were recorded")
        explain(budget, value, parts.get(budget.name, {}))
    if broken:
        fail(f"{broken} of {len(budgets)} budgets in {TABLE} are broken: see above")


def record(budgets, figures):
    """Puts what was measured in the place of what was recorded, and leaves the columns where they are."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    for budget in budgets:
        def put(match):
            return match[1] + f"{figures[budget.name]:>{len(match[2])}}"
        lines[budget.line - 1] = re.sub(r"^(\S+\s+\S+(?=\s))(\s+\S+)", put, lines[budget.line - 1])
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main():
    argv = sys.argv[1:]
    recording = argv[:1] == ["--record"]
    if len(argv) != 1 + recording:
        fail("usage: tools/check-budgets.py [--record] GROUP")
    os.chdir(Path(__file__).resolve().parents[1])
    group = argv[-1]
    budgets = [budget for budget in read_table() if budget.group == group]
    if not budgets:
        fail(f"{TABLE} has no budget of the group {group}")
    figures, parts, shown = read_figures(FIGURES / group)
    print("\n".join(shown), flush=True)
    missing = [budget.name for budget in budgets if budget.name not in figures]
    if missing:
        fail(f"{FIGURES / group} has nothing of {', '.join(missing)}: the budgets of {TABLE} were expected")
    if recording:
        record(budgets, figures)
    else:
        check(budgets, figures, parts)


if __name__ == "__main__":
    main()
