# SPDX-License-Identifier: MIT
"""What a program's debug information says of its functions and of what points at functions: their types, as text."""

import re
import subprocess
from collections import defaultdict

PASSED_THROUGH = {"const_type", "volatile_type", "restrict_type", "atomic_type", "typedef"}
RECORDS = {"structure_type": "struct", "union_type": "union", "enumeration_type": "enum"}
KEPT = {"name", "type", "declaration"}


class Entry:
    """One entry: its kind without DW_TAG_, its attributes without DW_AT_, the entries below it."""

    def __init__(self, tag, unit):
        self.tag = tag
        self.unit = unit or self
        self.attributes = {}
        self.below = []

    @property
    def name(self):
        return self.attributes.get("name")


def read_entries(elf):
    """All entries by their offset, as readelf prints them."""
    said = subprocess.run(["arm-none-eabi-readelf", "--debug-dump=info", elf], check=True, text=True, capture_output=True)
    entries, above, entry = {}, [], None
    for line in said.stdout.splitlines():
        head = re.match(r" <([0-9a-f]+)><([0-9a-f]+)>: Abbrev Number: \d+(?: \(DW_TAG_(\w+)\))?", line)
        if head:
            depth = int(head[1], 16)
            if not head[3]: # the end of a level
                entry = None
                continue
            entry = entries[head[2]] = Entry(head[3], above[0] if depth else None)
            del above[depth:]
            if depth:
                above[-1].below.append(entry)
            above.append(entry)
            continue
        attribute = re.match(r"    <[0-9a-f]+>   DW_AT_(\w+)\s*: (.*)", line)
        if entry and attribute and attribute[1] in KEPT:
            value = attribute[2].strip()
            entry.attributes[attribute[1]] = (value.rsplit("): ", 1)[-1] if attribute[1] == "name" else
                                              value.strip("<>").removeprefix("0x"))
    return entries


class Types:
    """
    functions: (source, name) -> type
    members:   (struct, member) -> type of the function that it points at
    variables: (source, name) -> such types, of variables and parameters
    records:   (source, name) of a variable or parameter, (None, name) of a member -> the structs that it is or points at

A struct without a name has that of what it is the type of.
    """

    def __init__(self, elf):
        self.entries = read_entries(elf)
        self.functions = {}
        self.members = {}
        self.variables = defaultdict(set)
        self.records = defaultdict(set)
        for entry in self.entries.values():
            if entry.tag in RECORDS and entry.name:
                self.add_members(entry, entry.name)
            elif entry.tag in ("variable", "formal_parameter", "member") and entry.name:
                self.add_variable(entry)
            elif entry.tag == "subprogram" and entry.name and "declaration" not in entry.attributes:
                self.functions.setdefault((entry.unit.name, entry.name), self.signature(entry))

    def followed(self, entry):
        """The entry of its type, through what changes nothing; None: void."""
        at = self.entries.get(entry.attributes.get("type"))
        while at and at.tag in PASSED_THROUGH:
            at = self.entries.get(at.attributes.get("type"))
        return at

    def text(self, entry):
        """The type of an entry."""
        at = self.followed(entry)
        if not at:
            return "void"
        if at.tag == "pointer_type":
            return f"ptr<{self.text(at)}>"
        if at.tag == "array_type":
            return f"array<{self.text(at)}>"
        if at.tag == "subroutine_type":
            return self.signature(at)
        return f"{RECORDS.get(at.tag, '')} {at.name or 'unnamed'}".strip()

    def signature(self, entry):
        taken = [self.text(below) if below.tag == "formal_parameter" else "..." for below in entry.below
                 if below.tag in ("formal_parameter", "unspecified_parameters")]
        return f"{self.text(entry)} ({', '.join(taken) or 'void'})"

    def pointed_at(self, entry):
        """The entry of what it points at, or has an array of pointers at."""
        at = self.followed(entry)
        while at and at.tag == "array_type":
            at = self.followed(at)
        return self.followed(at) if at and at.tag == "pointer_type" else None

    def add_members(self, record, name):
        for member in record.below:
            if member.tag == "member" and member.name:
                at = self.pointed_at(member)
                if at and at.tag == "subroutine_type":
                    self.members[name, member.name] = self.signature(at)

    def add_variable(self, entry):
        at = self.pointed_at(entry)
        if at and at.tag == "subroutine_type" and entry.tag != "member":
            self.variables[entry.unit.name, entry.name].add(self.signature(at))
        record = at or self.followed(entry)
        while record and record.tag == "array_type":
            record = self.followed(record)
        if record and record.tag in RECORDS:
            source = None if entry.tag == "member" else entry.unit.name
            self.records[source, entry.name].add(record.name or entry.name)
            if not record.name:
                self.add_members(record, entry.name)
