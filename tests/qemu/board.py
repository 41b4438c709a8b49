# SPDX-License-Identifier: MIT
"""A board that runs the real image: QEMU in a terminal of its own, and what one reads there."""

import os
import re
from collections import namedtuple

import pexpect

WAIT = 30  # seconds for any one answer; a boot takes half a second
LIFE = 120  # seconds after which `timeout` ends QEMU, whatever happens
PROMPT = "cairn> "
OWN = 2  # entries that the first boot writes under cairn/
OWN_LATER = 4  # entries under cairn/ after a warm reset, or with the RAM of an earlier boot
FAULT = r"(?:\] exception: |\] panic: |\nexception inside )[^\r\n]+[\r\n]"

Map = namedtuple("Map", "memory reserved")

DUMP_LINE = re.compile(
    r"(memory|reserved)\[0x([0-9a-f]+)\]\t\[0x([0-9a-f]{8})-0x([0-9a-f]{8})\], "
    r"0x([0-9a-f]{8}) bytes flags: 0x([0-9a-f]+)$",
    re.M,
)


def parse_dump(text):
    """The last memblock dump in TEXT: (first byte, last byte, flags) for each region."""
    assert "MEMBLOCK configuration:" in text, text
    text = text[text.rindex("MEMBLOCK configuration:"):]
    found = Map([], [])
    for name, index, first, last, size, flags in DUMP_LINE.findall(text):
        regions = getattr(found, name)
        assert int(index, 16) == len(regions), text
        first, last = int(first, 16), int(last, 16)
        assert (last - first + 1) % 2**32 == int(size, 16), text
        regions.append((first, last, int(flags, 16)))
    for name, regions in found._asdict().items():
        assert f" {name}.cnt  = 0x{len(regions):x}\n" in text, text
        if regions == [(0, 0xFFFFFFFF, 0)]:  # how Linux shows an empty list
            regions.clear()
        assert all(a[1] < b[0] for a, b in zip(regions, regions[1:])), text
    return found


def show(regions):
    """Regions as text, so that a failed comparison can be read."""
    return [f"{r[0]:08x}-{r[1]:08x}" + (f" {r[2]:x}" if r[2] else "") for r in regions]


def covers(regions, first, last):
    """Whether one region holds all of [first, last]."""
    return any(r[0] <= first and last <= r[1] for r in regions)


def joined(*ranges):
    """Reservations as memblock keeps them: sorted, those that touch in one."""
    out = []
    for first, last in sorted(ranges):
        if out and first <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(last, out[-1][1]), 0)
        else:
            out.append((first, last, 0))
    return out


def named_reservations(log):
    """What the boot lists as reserved, and why: [(first byte, last byte, name)]."""
    lines = log[log.rindex("] Reserved:"):].splitlines()[1:]
    found = [re.match(r"\[ *\d+\.\d+\]   0x([0-9a-f]+)-0x([0-9a-f]+) +\d+ \S+  (.+)$", line)
             for line in lines]
    return [(int(m[1], 16), int(m[2], 16), m[3]) for m in found if m]


class Board:
    """One QEMU. Every wait has an end, and an exception or panic of the image fails the test."""

    def __init__(self, argv, echo_to, **where):
        self.child = pexpect.spawn(
            "timeout",
            ["--foreground", "-k", "5", str(LIFE), *map(str, argv)],
            encoding="latin-1",
            timeout=WAIT,
            dimensions=(24, 250),
            **where,  # cwd, env
        )
        self.child.delaybeforesend = None
        self.child.delayafterclose = self.child.delayafterterminate = 0.02
        self.child.logfile_read = echo_to
        self.boot_log = ""
        self.on_prompt = None  # called with the board after each boot

    def until(self, pattern, timeout=WAIT):
        """Waits for PATTERN, a regular expression; what came before it, without \\r."""
        which = self.child.expect([pattern, FAULT, pexpect.EOF], timeout=timeout)
        text = self.child.before.replace("\r", "")
        if which == 0:
            return text
        end = "QEMU ended" if which == 2 else self.child.after
        raise AssertionError(f"waiting for {pattern!r}: {end} after:\n{text}")

    def until_fault(self):
        """Waits for the first line of the report of an exception; what came before it."""
        self.child.expect(FAULT)
        return self.child.before.replace("\r", "")

    def wait_prompt(self):
        """Waits for a boot to reach the prompt and keeps its log."""
        self.boot_log = self.until(r"(?:^|\n)" + PROMPT) + "\n"
        if self.on_prompt:
            self.on_prompt(self)
        return self.boot_log

    def send(self, text):
        self.child.send(text)

    def run(self, command):
        """The output of a command that comes back to the prompt."""
        self.send(command + "\r")
        self.until(re.escape(command))
        return self.until(r"\n" + PROMPT).lstrip("\n")

    def entries(self, prefix=""):
        """How many entries have keys that begin with PREFIX."""
        return int(re.search(r"(\d+) entr\w+, \d+ bytes?$", self.run(f"ls '{prefix}'"))[1])

    def reset(self):
        """A warm reset; the log of the boot after it."""
        self.send("reset\r")
        self.until(r"reset\r*\n")
        return self.wait_prompt()

    def poweroff(self):
        """Powers off; QEMU's exit status."""
        self.send("poweroff\r")
        return self.exit_status()

    def exit_status(self):
        """Waits for QEMU to end by itself; its exit status."""
        self.child.expect(pexpect.EOF)
        self.child.wait()
        return self.child.exitstatus

    def kill_qemu(self, pid, signal_number):
        """Sends a signal to QEMU itself, whose PID it wrote to a file; waits for its end."""
        with open(f"/proc/{pid}/comm", encoding="ascii") as comm:
            assert comm.read().startswith("qemu-system")
        os.kill(pid, signal_number)
        self.exit_status()

    def map(self):
        """What memblock holds now."""
        return parse_dump(self.run("memblock") + "\n")

    def boot_map(self):
        """What the boot dumped (memblock=debug), before anything was allocated for the shell."""
        return parse_dump(self.boot_log)

    def close(self):
        """Ends QEMU by its own keys, so that qemu-run.sh cleans up, or by force: a board that reads no more takes none."""
        try:
            if not self.child.closed and self.child.isalive():
                self.child.send("\x01x")
                self.child.expect(pexpect.EOF, timeout=1)
        except (OSError, pexpect.ExceptionPexpect):
            pass
        self.child.close(force=True)
