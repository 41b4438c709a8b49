# SPDX-License-Identifier: MIT
"""
Who calls whom in a program, and how many bytes of stack each function takes.

A function is "name", or "source:name" if it is static. Of C sources gcc tells (-fcallgraph-info=su); of libraries
and assembler their instructions do.
"""

import re
import subprocess
from collections import defaultdict

BRANCHES = {"R_ARM_THM_CALL", "R_ARM_THM_JUMP24", "R_ARM_CALL", "R_ARM_JUMP24", "R_ARM_THM_JUMP19"}


def printed(*argv):
    return subprocess.run(argv, check=True, text=True, capture_output=True).stdout


def registers(text):
    """How many are in a list such as "{r0-r3, lr}" or "{d8-d15}"."""
    count = 0
    for item in re.search(r"\{(.*?)\}", text)[1].split(","):
        first, _, last = item.strip().partition("-")
        count += int(last[1:]) - int(first[1:]) + 1 if last else 1
    return count


def taken_by(instruction, operands):
    """Bytes of stack that an instruction takes; None: it cannot be said."""
    if instruction == "push" or instruction.startswith("stm") and "sp!" in operands:
        return 4 * registers(operands)
    if instruction == "vpush":
        return 8 * registers(operands)
    if instruction.startswith("srs"):
        return 8
    if instruction.startswith("str") and (pushed := re.search(r"\[sp, #-(\d+)\]!", operands)):
        return int(pushed[1])
    if instruction in ("sub", "subw", "bic") and re.match(r"sp\b", operands):
        number = re.match(r"sp, (?:sp, )?#(\d+)", operands)
        return int(number[1]) if number else None
    return 0


class Graph:
    """
    frames:  function -> bytes
    calls:   function -> functions
    sites:   function -> where it calls through a pointer, "source:line:column"
    taken:   functions whose address is taken
    unknown: functions of which frames has not all: their stack depends on what is computed
    """

    def __init__(self, elf, objects):
        self.frames = {}
        self.calls = defaultdict(set)
        self.sites = defaultdict(set)
        self.unknown = set()
        self.sources = {str(path): self.read_callgraph(path.with_suffix(".ci")) for path in objects
                        if path.with_suffix(".ci").exists()}
        self.read_instructions(elf)
        for function in list(self.calls):
            # What has no frame was inlined, or is what gcc knows by itself.
            names = {called.removeprefix("__builtin_") for called in self.calls[function]}
            self.calls[function] = {name for name in names if name in self.frames}
        self.taken = self.read_relocations()

    def read_callgraph(self, path):
        """Adds what gcc told of a source; its name."""
        source = None
        for line in path.read_text(encoding="utf-8").splitlines():
            title = re.match(r'graph: \{ title: "(.*)"', line)
            node = re.match(r'node: \{ title: "(.*?)" label: ".*\\n(\d+) bytes \((.*)\)"', line)
            edge = re.match(r'edge: \{ sourcename: "(.*?)" targetname: "(.*?)" label: "(.*?)"', line)
            if title:
                source = title[1]
            elif node:
                self.frames[node[1]] = int(node[2])
                if node[3] != "static":
                    self.unknown.add(node[1])
            elif edge and edge[2] == "__indirect_call":
                self.sites[edge[1]].add(edge[3])
            elif edge:
                self.calls[edge[1]].add(edge[2])
        return source

    def read_instructions(self, elf):
        """Adds the functions that are of no C source. One that goes on in another one calls it."""
        compiled = {function.split(":")[-1] for function in self.frames}
        function = None
        for line in printed("arm-none-eabi-objdump", "-d", "--no-show-raw-insn", elf).splitlines():
            if head := re.match(r"[0-9a-f]+ <(.*)>:$", line):
                function = None if head[1] in compiled else head[1]
                if function:
                    self.frames.setdefault(function, 0)
                continue
            words = re.split(r"[;@]", line.expandtabs(1))[0].split(maxsplit=2)
            if not function or len(words) < 2:
                continue
            instruction, operands = words[1].split(".")[0], words[2] if len(words) > 2 else ""
            taken = taken_by(instruction, operands)
            if taken is None:
                self.unknown.add(function)
            else:
                self.frames[function] += taken
            called = re.search(r"<([^>+]*)(\+0x[0-9a-f]+)?>$", operands.strip())
            if called and instruction.startswith(("b", "cb")) and called[1] != function:
                self.calls[function].add(called[1])

    def read_relocations(self):
        taken, section = set(), ""
        source = next(iter(self.sources.values()), None)  # of a single file readelf does not print the name
        for line in printed("arm-none-eabi-readelf", "-rW", *self.sources).splitlines():
            words = line.split()
            if line.startswith("File: "):
                source = self.sources[words[1]]
            elif line.startswith("Relocation section"):
                section = line.split("'")[1]
            elif len(words) > 4 and words[2] not in BRANCHES and not section.startswith((".rel.debug", ".rel.ARM")):
                taken |= {name for name in (f"{source}:{words[4]}", words[4]) if name in self.frames}
        return taken
