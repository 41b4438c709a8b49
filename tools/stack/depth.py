#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""
The deepest that each stack of a program can become, and the calls that lead there, by what every function takes and
whom it calls. A call through a pointer may reach each function of the pointer's type whose address is taken.

    tools/stack/depth.py RULES ELF OBJECT...

The objects are those of the ELF, compiled with -fcallgraph-info=su. RULES has a line for each stack, and for what
cannot be seen in the code, with the reason behind a #:

    stack NAME SOURCE:MACRO ROOT... [+ ROOT...]  how large it is, who is called first, what may come on top of all;
                                    a root A>B calls B, whatever else it might
    only POINTER FUNCTION...        only these are ever put into the pointer, of those with its type
    never CALLER FUNCTION           does not call it here
    once CALLER FUNCTION            calls it at most once, however deep: it would not do so again
    frame FUNCTION BYTES            takes so much, which its instructions do not say

Patterns such as * may stand for functions and pointers. Prints "figure stack_NAME_bytes" and a part for each
function on the way. Exit status 1 if a stack is too small, a call is not understood, calls go round in a circle, or
a rule is no use.
"""

import re
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path

from dwarf import Types
from graph import Graph
from pointers import Pointers

KINDS = {"stack": 3, "only": 2, "never": 2, "once": 2, "frame": 2}  # and how many words, at least


def fail(text):
    sys.exit(f"stack-depth: {text}")


def read_rules(path):
    """The rules, as (kind, words)."""
    rules = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        text, _, reason = line.partition("#")
        kind, *words = text.split() or [""]
        if not kind:
            continue
        if kind not in KINDS or len(words) < KINDS[kind] or not (reason.strip() or kind == "stack"):
            fail(f"{path}:{number}: expected one of {', '.join(KINDS)}, what it is about, and # why: {line}")
        rules.append((kind, words))
    return rules


class Program:
    """What is known of one program: deepest() is what this is for."""

    def __init__(self, rules, elf, objects):
        self.rules = rules
        self.graph = Graph(elf, objects)
        self.pointers = Pointers(Types(elf), self.graph, rules)
        self.used = self.pointers.used
        self.known = {}
        self.way = []
        self.set_frames()
        for function, sites in self.graph.sites.items():
            for site in sites:
                self.add_targets(function, site)

    def of_kind(self, kind):
        return [(number, words) for number, (other, words) in enumerate(self.rules) if other == kind]

    def set_frames(self):
        for number, (function, size) in self.of_kind("frame"):
            if function in self.graph.unknown:
                self.graph.unknown.remove(function)
                self.graph.frames[function] = int(size)
                self.used.add(number)
        if self.graph.unknown:
            fail(f"what these take depends on what is computed: {', '.join(sorted(self.graph.unknown))};"
                 " a rule \"frame\" can say how much it is")

    def add_targets(self, function, site):
        targets = self.pointers.targets(site)
        if targets is None:
            fail(f"{site}: {function} calls something through a pointer, and the source there does not show what")
        self.graph.calls[function] |= targets

    def matching(self, kind, caller, called):
        """The first rule for that call, or None."""
        for number, words in self.of_kind(kind):
            if fnmatchcase(caller, words[0]) and any(fnmatchcase(called, word) for word in words[1:]):
                self.used.add(number)
                return number
        return None

    def deepest(self, function, once=frozenset()):
        """(bytes, functions on the way) below a call of the function, when calls of the rules `once` were made."""
        if (function, once) in self.known:
            return self.known[function, once]
        if (function, once) in self.way:
            circle = [at for at, _ in self.way[self.way.index((function, once)):]] + [function]
            fail("calls go round in a circle: " + " > ".join(circle) + "\nA rule \"only\", \"never\" or \"once\" can end it.")
        self.way.append((function, once))
        best = (0, ())
        for called in sorted(self.graph.calls[function]):
            if self.matching("never", function, called) is not None:
                continue
            rule = self.matching("once", function, called)
            if rule is None:
                below = self.deepest(called, once)
            elif rule not in once:
                below = self.deepest(called, once | {rule})
            else:
                continue
            best = max(best, below, key=lambda deep: deep[0])
        self.way.pop()
        self.known[function, once] = self.on_top(function, best)
        return self.known[function, once]

    def on_top(self, function, rest):
        return (self.graph.frames[function] + rest[0], (function, *rest[1]))

    def from_root(self, root):
        """The deepest of a root as a rule names it."""
        *first, last = root.split(">")
        for function in (*first, last):
            if function not in self.graph.frames:
                fail(f"there is no function {function}, with which a stack was said to begin")
        deep = self.deepest(last)
        for function in reversed(first):
            deep = self.on_top(function, deep)
        return deep


def size_of(place):
    """The value of a macro, SOURCE:NAME."""
    source, name = place.split(":")
    found = re.search(rf"^#define {name} (\w+)", Path(source).read_text(encoding="utf-8"), re.M)
    if not found:
        fail(f"{source} does not say what {name} is")
    return int(found[1], 0)


def report(program, name, place, roots):
    """Prints how deep a stack becomes; True: it is large enough."""
    size, groups = size_of(place), [group.split() for group in " ".join(roots).split("+")]
    deep = [max(map(program.from_root, group), key=lambda found: found[0]) for group in groups]
    total = sum(found[0] for found in deep)
    print(f"stack {name}: {total} of {size} bytes")
    for function in [function for found in deep for function in found[1]]:
        print(f"{program.graph.frames[function]:9}  {function}")
        print(f"part stack_{name}_bytes {program.graph.frames[function]} {function}")
    print(f"figure stack_{name}_bytes {total} bytes")
    return total <= size


def main():
    if len(sys.argv) < 4:
        fail("usage: tools/stack/depth.py RULES ELF OBJECT...")
    path, elf, *objects = map(Path, sys.argv[1:])
    program = Program(read_rules(path), elf, objects)
    small = [words[0] for _, words in program.of_kind("stack") if not report(program, words[0], words[1], words[2:])]
    if program.pointers.empty:
        print(f"nothing is ever put into: {', '.join(sorted(program.pointers.empty))}")
    idle = [f"{kind} {' '.join(words)}" for number, (kind, words) in enumerate(program.rules)
            if kind != "stack" and number not in program.used]
    if idle:
        fail(f"{path}: rules that are no use (any more): {'; '.join(idle)}")
    if small:
        fail(f"too small: the stack {' and '.join(small)}; see above")


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        fail(f"{error.cmd[0]} failed: {error.stderr.strip()}")
