# SPDX-License-Identifier: MIT
"""What an image has, and does not know, that parts were left out of (docs/parts.md): "make check-parts" has each."""

import re

import pytest

from conftest import LEFT_OUT
from test_gdb import gdb

COMMANDS = {"stage": ("boot", "flash", "loady"), "oom": ("arena", "oom")}
PARAMETERS = {
    "stage": ("cairn.autosave=9", "cairn.boot=flash", "cairn.bootdelay=1", "cairn.confirm=manual", "cairn.image=A"),
    "oom": ("cairn.oom_dump_tasks=0", "cairn.oom_kill_allocating_task=1", "cairn.overcommit=2",
            "cairn.overcommit_ratio=20", "cairn.panic_on_oom=1", "cairn.store_entries=5", "cairn.store_policy=sieve"),
}


def is_there(part):
    return part not in LEFT_OUT


def test_commands_are_those_of_its_parts(boot):
    board = boot()
    listed = re.findall(r"^(\w+) ", board.run("help"), re.M)
    for part, commands in COMMANDS.items():
        for command in commands:
            assert (command in listed) == is_there(part)
            unknown = f'there is no command "{command}"' in board.run(command)
            assert unknown != is_there(part)
    usage = board.run("store x")
    assert ("save" in usage) == is_there("stage") and "repair" in usage
    assert ("usage" in board.run("store save")) != is_there("stage")
    assert ("saves" in board.run("help store")) == is_there("stage")
    assert ("usage" in board.run("dmesg -o")) != is_there("oom")
    assert ("out of memory" in board.run("help dmesg")) == is_there("oom")
    assert board.poweroff() == 0


def test_parameters_are_those_of_its_parts(boot):
    board = boot("-a", " ".join(parameter for part in PARAMETERS.values() for parameter in part))
    for part, parameters in PARAMETERS.items():
        for parameter in parameters:
            refused = f"command line: {parameter.partition('=')[0]} is no parameter of this image: ignored"
            assert (refused in board.boot_log) != is_there(part)
    assert ("CommitLimit" in board.run("meminfo")) == is_there("oom")


def test_version_says_what_was_left_out(boot):
    board = boot()
    without = "-".join(["-without", *LEFT_OUT]) if LEFT_OUT else ""
    version = re.search(r"\] Cairn (\S+)$", board.boot_log, re.M)[1]
    assert version.endswith(without) and ("-without" in version) == bool(LEFT_OUT)
    assert board.run("version").startswith(version + "\n")


@pytest.mark.parametrize("smp", [1, 2, 4])
def test_store_is_there_after_a_reset(boot, smp):
    board = boot("--smp", str(smp))
    board.run("put key 'still here'")
    assert "recovered" in board.reset()
    assert board.run("get key") == "still here"
    assert board.run("store check").endswith("problems 0, notes 0: sound")
    assert len(re.findall(r"^core \d online", board.run("cores"), re.M)) == smp


def test_gdb_knows_what_tasks_there_may_be(boot, gdb):
    """What was loaded is a task without arenas as well; with neither part there is no list of them."""
    boot(extra=gdb.options)
    if not is_there("stage") and not is_there("oom"):
        assert gdb.ask("cairn tasks")[-1].startswith("cairn tasks: gdb's program has none: ")
    elif is_there("stage"):
        task, loaded = "'mm/task.c'::tasks[31]", "'mm/loaded.c'::loaded.h"
        *_, found, complaints = gdb.ask(f"set {task}.pid = 99", f"set {task}.holdings = &{loaded}",
                                        f"set {loaded}.count = &'mm/loaded.c'::count", "cairn tasks")
        assert complaints == "" and found.endswith(f"\n{28 * ' '}what count() in mm/loaded.c counts\n")
