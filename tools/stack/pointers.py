# SPDX-License-Identifier: MIT
"""
What a call through a pointer may reach: each function of the pointer's type whose address is taken anywhere, unless
the rules say that only some are ever put there.

The pointer is found where the call is in the source, and is named "struct.member", or "source:name" if it is a
variable or a parameter.
"""

import re
from collections import defaultdict
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

# How a call looks: what is in front of the last name, and that name.
CALL = re.compile(r"((?:\w+(?:\[[^\]]*\])?(?:->|\.))*)(\w+)(?:\[[^\]]*\])?\)?\s*\(")
LINES_OF_A_CALL = 4


@cache
def lines_of(source):
    return Path(source).read_text(encoding="utf-8").splitlines()


class Pointers:
    """
    targets(site) is what this is for. used: the rules that were needed, by their number; empty: pointers through which
    there is nothing to be called.
    """

    def __init__(self, types, graph, rules):
        self.types = types
        self.rules = rules
        self.used = set()
        self.empty = set()
        self.of_type = defaultdict(set)
        for function in graph.taken:
            source, _, name = function.rpartition(":")
            for (unit, other), signature in types.functions.items():
                if other == name and source in ("", unit):
                    self.of_type[signature].add(function)

    def at(self, site):
        """The pointers that are called in a line, or in what follows of it: their names and types."""
        source, line, _ = site.rsplit(":", 2)
        source = source.removeprefix("./")
        for text in lines_of(source)[int(line) - 1:][:LINES_OF_A_CALL]:
            found = {pointer for chain, name in CALL.findall(text) for pointer in self.named(source, chain, name)}
            if found:
                return found
        return set()

    def named(self, source, chain, name):
        """Those that a call by that name in the source may be of, CHAIN in front of it."""
        owners = re.findall(r"(\w+)(?:\[[^\]]*\])?(?:->|\.)", chain)
        if not owners:
            return {(f"{source}:{name}", signature) for signature in self.seen(self.types.variables, source, name)}
        records = self.seen(self.types.records, source if len(owners) == 1 else None, owners[-1])
        return {(f"{record}.{name}", self.types.members[record, name]) for record in records
                if (record, name) in self.types.members}

    @staticmethod
    def seen(table, source, name):
        """What a table has under a name, seen from a source; a header is seen from anywhere."""
        if not source or not source.endswith(".h"):
            return table.get((source, name), set())
        return set().union(*(found for (unit, other), found in table.items() if unit and other == name))

    def targets(self, site):
        """The functions; None: what is called is not understood."""
        pointers = self.at(site)
        if not pointers:
            return None
        return set().union(*(self.narrowed(pointer, self.of_type[signature]) for pointer, signature in pointers))

    def narrowed(self, pointer, possible):
        """Those of the possible functions that the rules leave. A rule that leaves none is no use."""
        if not possible:
            self.empty.add(pointer)
        for number, (kind, words) in enumerate(self.rules):
            if kind == "only" and fnmatchcase(pointer, words[0]):
                left = {function for function in possible if any(fnmatchcase(function, pattern) for pattern in words[1:])}
                if left:
                    self.used.add(number)
                    possible = left
        return possible
