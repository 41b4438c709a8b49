# SPDX-License-Identifier: MIT
"""
The pages of the documentation: README.md and docs/*.md, taken apart into text and fenced blocks.

Right above a block may stand HTML comments, one a line, that say how it is checked:

    check-docs: not run: WHY        it is not, and why
    check-docs: file NAME           it is (a part of) this file, which is there when the page's commands run
    check-docs: run COMMAND         what is done on the host first,
    check-docs: boot COMMAND        the board that it types at,
    check-docs: type COMMAND        what is typed there first
    check-docs: let TEXT be COMMAND whatever COMMAND prints stands for TEXT in it
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
PAGES = [REPO / "README.md", *sorted((REPO / "docs").glob("*.md"))]
NAMES = [str(page.relative_to(REPO)) for page in PAGES]

LANGUAGES = {"sh", "console", "c", "dts", "json", "text"}
VERBS = {"not run:", "file", "run", "boot", "type", "let"}
MARK = re.compile(r"<!-- check-docs: (not run:|\w+) (.+) -->$")
COMMAND = re.compile(r"(\$ |cairn> |=> |\./|make |build/|tools/|apt-get )")


@dataclass
class Block:
    page: str
    line: int  # of its first line, from 1
    language: str
    text: str = ""
    marks: list = field(default_factory=list)  # (verb, what follows it)

    @property
    def where(self):
        return f"{self.page}:{self.line}"

    def marked(self, verb):
        return [what for name, what in self.marks if name == verb]

    @property
    def not_run(self):
        """Why it is not run; None: it is."""
        return next(iter(self.marked("not run:")), None)


def split(name):
    """(text, blocks, errors) of a page; in the text the blocks are empty lines."""
    text, blocks, errors, marks, open_block = [], [], [], [], None
    for number, line in enumerate((REPO / name).read_text(encoding="utf-8").splitlines(), 1):
        fence = re.match(r" *```(.*)$", line)
        mark = re.match(MARK, line.strip())
        if open_block:
            if fence:
                open_block = None
            else:
                open_block.text += line + "\n"
            line = ""
        elif fence:
            open_block = Block(name, number + 1, fence[1], marks=marks)
            blocks.append(open_block)
            marks, line = [], ""
        elif mark:
            marks.append((mark[1], mark[2]))
        elif "check-docs:" in line and "<!--" in line or marks:
            errors.append(f"{name}:{number}: a mark that is none, or with no block right below it")
            marks = []
        elif re.match(r" {4,}\S", line) and not text[-1]:
            errors.append(f"{name}:{number}: a block is fenced, not indented")
        text.append(line)
    if open_block:
        errors.append(f"{open_block.where}: a block without an end")
    return "\n".join(text), blocks, errors


def faults(block):
    """What is wrong with how a block is marked, as text."""
    if block.language not in LANGUAGES:
        yield f"```{block.language}: expected one of {', '.join(sorted(LANGUAGES))}"
    for verb, _ in block.marks:
        if verb not in VERBS:
            yield f"check-docs: {verb}: expected one of {', '.join(sorted(VERBS))}"
    if block.not_run or block.marked("file"):
        return
    if block.language == "c":
        yield "code that belongs to no file is not compiled"
    if block.language not in ("sh", "console"):
        for line in block.text.splitlines():
            if COMMAND.match(line):
                yield f"a command in a block that is none of commands: {line}"
