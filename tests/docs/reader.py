# SPDX-License-Identifier: MIT
"""Somebody who types what a page shows, in its order, and compares what comes with what stands there."""

import difflib
import re
import subprocess
import sys

import pexpect

from board import LIFE, Board

LONG = 300  # seconds for any one block of host commands; a build is the longest

# What differs from run to run, from commit to commit or with the size of the code.
VARIES = [(re.compile(pattern), instead) for pattern, instead in (
    (r"^\[ *\d+\.\d+\]", "[TIME]"),
    (r"\bCairn (v\d[\w.-]*|[0-9a-f]{7,}(-dirty)?|unknown)", "Cairn VERSION"),
    (r"\b\d+\.\d+ s\b", "TIME s"),
    (r"(TIME s, )\S+(, boot)", r"\1VERSION\2"),
    (r"\+0x[0-9a-f]+/0x[0-9a-f]+", "+OFFSET"),
    (r"(0x60010000-)0x\w+(\S*) +(0x\w+|\d+) (bytes|KiB)", r"\1END\2 SIZE"),
    (r"(0x60010000-)0x\w+(\] \w+)", r"\1END\2"),
    (r"(reserved size = )\w+", r"\1SIZE"),
    (r"\b\d+ (KiB reserved)$", r"SIZE \1"),
    (r"^(salt: +)0x\w+", r"\1SALT"),
    (r"\b(pc|lr|sp|cpsr|r\d+) +[0-9a-f]{8}\b", r"\1 WORD"),
    (r"(#\d+ +)[0-9a-f]{8}\b", r"\1WORD"),
)]


def plain(line):
    for pattern, instead in VARIES:
        line = pattern.sub(instead, line)
    return line.rstrip()


def compare(where, command, shown, printed):
    """Fails unless PRINTED is what is SHOWN, lists of lines; "..." stands for any lines."""
    shown, printed = [plain(line) for line in shown], [plain(line) for line in printed]
    while shown and not shown[-1]:
        shown.pop()
    while printed and not printed[-1]:
        printed.pop()
    pattern = "".join(r"(?:.*\n)*?" if line == "..." else re.escape(line + "\n") for line in shown)
    if not re.fullmatch(pattern, "".join(line + "\n" for line in printed)):
        diff = "\n".join(difflib.unified_diff(shown, printed, "shown", "printed", "", "", 3, ""))
        raise AssertionError(f"{where}: {command}\n{diff}")


def steps(text):
    """[[prompt, command, lines shown below it]] of a transcript."""
    found, more = [], False
    for line in text.splitlines():
        begin = re.match(r"(\$|cairn>)(?: (.*))?$", line)
        if more:
            found[-1][1] += "\n" + line
        elif begin:
            found.append([begin[1], begin[2] or "", []])
        else:
            assert found, f"a transcript begins with a prompt, not with {line!r}"
            found[-1][2].append(line)
            continue
        more = line.endswith("\\")
    return found


class Reader:
    def __init__(self, folder, environment):
        self.folder, self.environment, self.board = folder, environment, None

    def read(self, blocks):
        """All blocks of a page."""
        for block in blocks:
            for name in block.marked("file"):
                with open(self.folder / name, "a", encoding="utf-8") as file:
                    file.write(block.text)
        for block in blocks:
            if not block.not_run and not block.marked("file"):
                self.do(block)

    def do(self, block):
        text = block.text
        for verb, what in block.marks:
            if verb == "run":
                self.run(block, what)
            elif verb == "boot":
                self.start(block, what)
            elif verb == "type":
                self.type(block, what)
            elif verb == "let":
                name, command = what.split(" be ", 1)
                text = text.replace(name, self.run(block, command).strip())
        if block.language == "sh":
            self.run(block, text)
        elif block.language == "console":
            self.transcript(block, steps(text))

    def run(self, block, script):
        """What commands print that have to end with status 0."""
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=self.folder, env=self.environment, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=LONG, check=False)
        assert done.returncode == 0, f"{block.where}: {script}\nstatus {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def terminal(self, command):
        """Runs a command as somebody would at a terminal."""
        self.close()
        self.board = Board(["bash", "-c", command], sys.stdout, cwd=self.folder, env=self.environment)

    def start(self, block, command):
        assert command.startswith("./qemu-run.sh"), f"{block.where}: {command}: expected ./qemu-run.sh"
        self.terminal(command)
        self.board.wait_prompt()

    def transcript(self, block, typed):
        for number, (prompt, command, shown) in enumerate(typed):
            if prompt == "cairn>":
                printed = self.type(block, command)
            else:
                self.terminal(command)
                stays = any(later == "cairn>" for later, *_ in typed[number + 1:number + 2])
                printed = self.board.wait_prompt() if stays else self.rest()
            compare(block.where, command, shown, printed.splitlines())

    def type(self, block, command):
        """What comes of a command at Cairn's prompt, without what stands behind it for the reader."""
        assert self.board, f"{block.where}: no board is on: say which one by \"boot\""
        command = re.sub(r" +# .*", "", command)
        if not command:
            return ""
        if command == "reset":
            return self.board.reset()
        if command == "poweroff" or command.startswith("crash "):
            self.board.send(command + "\r")
            return self.rest().partition(command)[2].lstrip("\n")
        return self.board.run(command)

    def rest(self):
        """What comes until the program ends."""
        child = self.board.child
        child.expect(pexpect.EOF, timeout=LIFE)  # a compiler may have been called
        self.close()
        return child.before.replace("\r", "")

    def close(self):
        if self.board:
            self.board.close()
        self.board = None
