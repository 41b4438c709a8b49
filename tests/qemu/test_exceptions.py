# SPDX-License-Identifier: MIT
"""An exception or a panic is reported, however early, and ends the boot."""

import re
import struct
from collections import namedtuple

import pytest

from conftest import LOAD
from test_retention import Monitor

UDF = b"\x00\xde"  # Thumb: permanently undefined
SVC = b"\x00\xdf"
RETURN = b"\x70\x47"
FOR_EVER = b"\xfe\xe7"  # b .
BKPT = b"\x00\xbe"
LOAD_FROM_0 = b"\x00\x20\x00\x68"  # movs r0, #0; ldr r0, [r0]
JUMP_TO_0 = b"\x01\x20\x00\x47"  # movs r0, #1; bx r0
STACK_IS = b"\x00\x48\x01\xe0%s\x85\x46\x00\xde"  # ldr r0, [pc]; b .+6; %s; mov sp, r0; udf

# movs r0, #13; mcr p15, 0, r0, c3, c0, 0; isb; bx lr
WINDOW_STAYS_OPEN = b"\x0d\x20\x03\xee\x10\x0f\xbf\xf3\x6f\x8f\x70\x47"
STRAY_WRITE = b"\x4f\xf0\xc8\x40\x40\xf8\x04\x0c"  # mov r0, #0x64000000; str r0, [r0, #-4]
CPSR_A = 0x100

Kind = namedtuple("Kind", "first cause callers")
CALLERS = ["crash", "cmd_crash", "shell_run", "shell_loop", "main", "reset"]
KINDS = {  # of the command crash: the report's first line, a pattern of its cause, who called whom
    "undefined": Kind("exception: undefined instruction", "Thumb instruction de00$",
                      ["undefined", *CALLERS]),
    "svc": Kind("exception: supervisor call", "", ["svc", *CALLERS[1:]]),
    "prefetch": Kind("exception: prefetch abort",
                     r"fetch from 00001000: translation fault, \w+ \(IFSR 0000000[57]\)$",
                     [None, "prefetch", *CALLERS]),
    "null": Kind("exception: data abort",
                 r"read from 00000000: translation fault, .*\(DFSR 0000000[57]\)\n"
                 r"00000000 is in the first page: a null pointer$", ["null", *CALLERS]),
    "read": Kind("exception: data abort",
                 r"read from 00001000: translation fault, .*\(DFSR 0000000[57]\)$",
                 ["read", *CALLERS]),
    "write": Kind("exception: data abort",
                  r"write to 00001000: translation fault, .*\(DFSR 0000080[57]\)$",
                  ["write", *CALLERS]),
    "alignment": Kind("exception: data abort",
                      r"read from 60[0-9a-f]{5}[13579bdf]: alignment fault \(DFSR 00000001\)$",
                      ["alignment", *CALLERS]),
    "text": Kind("exception: data abort",
                 rf"write to {LOAD:08x}: permission fault, \w+, domain 0 \(DFSR 0000080[df]\)$",
                 ["text", *CALLERS]),
    "execute": Kind("exception: prefetch abort",
                    r"fetch from 60[0-9a-f]{6}: permission fault, \w+ \(IFSR 0000000[df]\)$",
                    [None, "execute", *CALLERS]),
    "stack": Kind("exception: data abort",
                  r"write to 60[0-9a-f]{6}: translation fault, page, domain 0 \(DFSR 00000807\)\n"
                  r"60[0-9a-f]{6} is right below core 0's main stack, which was too small$",
                  ["recurse"] * 16),
    "store": Kind("exception: data abort",
                  r"write to 63fffffc: permission fault, section, domain 1 \(DFSR 0000081d\)\n"
                  r"63fffffc is in the store's region$", ["store", *CALLERS]),
    "panic": Kind("panic: somebody asked for it", "", ["panic", "plain_panic", *CALLERS]),
}


def report(board):
    """The report of an exception, up to the line behind the last register."""
    first = board.until_fault()
    text = first + board.child.after.replace("\r", "")
    board.child.expect(r"r12 [0-9a-f]{8}")
    return text + board.child.before.replace("\r", "") + board.child.after


@pytest.mark.parametrize("code, kind", [
    (UDF, "undefined instruction"),
    (SVC, "supervisor call"),
    (BKPT, "prefetch abort"),
    (JUMP_TO_0, "prefetch abort"),
    (LOAD_FROM_0, "data abort"),
])
def test_before_anything_else(project, hand_over, patch_image, code, kind):
    """Before boot data is found there is no console, no tree, no command line."""
    at = project.symbols["bootdata_find"]
    board = hand_over(0, image=patch_image({at: code}), prompt=False)
    text = report(board)
    assert re.search(rf"exception: {kind}", text)
    # What an SVC would go back to is behind it.
    place = {SVC: at + 2, JUMP_TO_0: 0}.get(code, at + len(code) - 2)
    assert re.search(rf"pc  {place:08x} " + (r"bootdata_find\+0x" if place else ""), text)
    assert re.search(r"lr  60[0-9a-f]{6} \w+\+0x", text)
    assert re.search(r"sp  60[0-9a-f]{6} cpsr [0-9a-f]{8} \(mode 13", text)
    assert len(re.findall(r"r\d+ +[0-9a-f]{8}", text)) == 13
    if code == LOAD_FROM_0:
        assert "] read from 00000000: translation fault, section (DFSR 00000005)\n" in text
        assert "] 00000000 is in the first page: a null pointer\n" in text
    board.child.expect("halted")


def call_of(project, name):
    """Where entry.S calls a function: the address of a BLX from ARM to Thumb code."""
    code = struct.unpack("<256I", project.bin.read_bytes()[:1024])
    for at, word in zip(range(LOAD, LOAD + 1024, 4), code):
        offset = ((word & 0xFFFFFF) ^ 0x800000) - 0x800000
        target = at + 8 + 4 * offset + 2 * (word >> 24 & 1)
        if word >> 25 == 0xFA >> 1 and target == project.symbols[name]:
            return at
    raise AssertionError(f"entry.S does not call {name}")


@pytest.mark.parametrize("code, words", [
    (0xE7F000F0, ["undefined instruction", "{at:08x} reset+0x", "(mode 13 svc, ARM)"]),
    (0xE59D1001, ["data abort", "{at:08x} reset+0x", "(mode 13 svc, ARM)"]),  # ldr r1, [sp, #1]
], ids=["undefined", "unaligned"])
def test_before_the_mmu_is_on(project, hand_over, patch_image, code, words):
    """Stacks are all there is. An unaligned access faults, as on a board: SCTLR.A is set."""
    at = call_of(project, "mmu_start")
    board = hand_over(0, image=patch_image({at: struct.pack("<I", code)}), prompt=False)
    text = report(board)
    for word in words:
        assert word.format(at=at) in text
    board.child.expect("halted")


def function_at(project, address):
    """The name of the function there."""
    return max((at & ~1, name) for name, at in project.symbols.items() if at <= address)[1]


def shell_fault(project, hand_over, patch_image, compile_tree, bootargs):
    """A board whose version command is an undefined instruction."""
    tree = 0x64000000
    image = patch_image({project.symbols["cmd_version"]: UDF})
    board = hand_over(tree, {tree: compile_tree("nomap", bootargs)}, image=image)
    board.run("put k v")
    board.send("version\r")
    return board


def test_exit_status(project, hand_over, patch_image, compile_tree):
    """With cairn.semihosting QEMU ends with a status of 1."""
    board = shell_fault(project, hand_over, patch_image, compile_tree, "cairn.semihosting")
    assert "cmd_version+0x0" in report(board)
    assert board.exit_status() == 1


def test_exit_status_when_quiet(project, hand_over, patch_image, compile_tree):
    """The report comes through whatever the console's level."""
    board = shell_fault(project, hand_over, patch_image, compile_tree,
                        "quiet loglevel=0 cairn.semihosting")
    assert "cmd_version+0x0" in report(board)
    assert board.exit_status() == 1


def test_halt_without_semihosting(project, hand_over, patch_image, compile_tree):
    """On a board that SVC would be one more exception: nothing is done unless it is asked for."""
    board = shell_fault(project, hand_over, patch_image, compile_tree, "quiet")
    assert "cmd_version+0x0" in report(board)
    board.child.expect("halted")
    assert board.child.isalive()


def test_bad_access_from_the_shell(boot):
    """md and mw refuse what would fault."""
    board = boot("-m", "64M")
    assert re.search("^md: not 0x00000000: .", board.run("md 0"))
    assert re.search("^mw: not 0x00000000: .", board.run("mw 0 1"))
    assert "multiple of 4" in board.run("md 0x60000001")
    assert "number" in board.run("md 0x1_0")
    assert "put: k" in board.run("put k v")


def test_semihosting_where_nobody_answers(project, hand_over, patch_image, compile_tree):
    """As on a board: the SVC comes back as an exception, which is one line and the end."""
    tree = 0x64000000
    image = patch_image({project.symbols["cmd_version"]: UDF})
    board = hand_over(tree, {tree: compile_tree("nomap", "cairn.semihosting")}, image=image,
                      extra=["-semihosting-config", "enable=off"])
    board.send("version\r")
    report(board)
    board.child.expect("exception inside the exception handler")
    board.child.expect("halted")
    assert "exception" not in board.child.before


def lines_until(board, last):
    """The report up to its last line, without time stamps."""
    board.child.expect(last)
    return re.sub(r"^\[ *\d+\.\d+\] ", "", board.child.before.replace("\r", ""), flags=re.M)


def callers(text):
    """The functions of a backtrace, the innermost first; None where there is no function."""
    frames = re.findall(r"^#(\d+) +[0-9a-f]{8} (?:(\w+)\+0x|0x)", text, re.M)
    assert [int(number) for number, _ in frames] == list(range(len(frames)))
    return [name or None for _, name in frames]


@pytest.mark.parametrize("kind, smp", [*((kind, 1) for kind in KINDS), ("null", 2), ("stack", 4),
                                       ("store", 4), ("panic", 4)])
def test_crash(boot, kind, smp):
    """Each kind is told as what it is, ends in a reset, and is there in the next boot. Asynchronous
    aborts are not masked."""
    board = boot("-m", "64M", "--smp", smp, "-a", "cairn.panic=reset", "--init", "put k v")
    board.send(f"crash {kind}\r")
    board.child.expect(r"\] (?=exception: |panic: )")
    text = lines_until(board, r"\[ *\d+\.\d+\] the store keeps this report")
    assert text.startswith(KINDS[kind].first + "\ncore 0, ")
    assert re.search(r"\Acore 0, \d+\.\d{6} s, \S+, boot 1$", text.split("\n")[1])
    assert re.search(r"boot 1\n" + KINDS[kind].cause, text, re.M)
    assert callers(text) == KINDS[kind].callers
    assert kind == "panic" or not int(re.search(r" cpsr ([0-9a-f]{8}) ", text)[1], 16) & CPSR_A
    log = board.wait_prompt()
    assert "] Last reset: panic, after " in log
    assert board.run("dmesg -p") + "\n" == text
    shown = re.findall(r"^\[ *\d+\.\d+\] cairn/panic: (.*)$", log, re.M)
    assert "\n".join(shown) + "\n" == text
    assert board.run("get k; get cairn/boots; get cairn/reset") == "v\n2\npanic"
    assert "cairn/panic" not in board.reset()
    assert board.run("dmesg -p") + "\n" == text


@pytest.mark.parametrize("kind", ["undefined", "alignment", "stack", "store", "panic"])
def test_crash_on_another_core(boot, kind):
    """The report is that core's, the board resets for it, and the next boot has it."""
    board = boot("-m", "64M", "--smp", "4", "-a", "cairn.panic=reset")
    board.send(f"crash {kind} 2\r")
    board.child.expect(r"\] (?=exception: |panic: )")
    text = lines_until(board, r"\[ *\d+\.\d+\] the store keeps this report")
    assert text.startswith(KINDS[kind].first + "\ncore 2, ")
    assert re.search(r"boot 1\n" + KINDS[kind].cause.replace("core 0", "core 2"), text, re.M)
    there = KINDS[kind].callers[:KINDS[kind].callers.index("cmd_crash")] \
        if "cmd_crash" in KINDS[kind].callers else None
    assert callers(text) == ([*there, "crash_there", "job_run", "core_main", "core_entry"] if there
                             else KINDS[kind].callers)
    assert "] Last reset: panic, after " in board.wait_prompt()
    assert board.run("dmesg -p") + "\n" == text


@pytest.mark.parametrize("smp", [2, 4])
def test_each_kind_on_each_core(boot, smp):
    """One board, which each of them resets; what the store had is there in the end."""
    board = boot("-m", "64M", "--smp", smp, "-a", "cairn.panic=reset", "--init", "put k v")
    for core in range(smp):
        for kind, expected in KINDS.items():
            board.send(f"crash {kind} {core}\r")
            board.child.expect(r"\] (?=exception: |panic: )")
            text = lines_until(board, r"\[ *\d+\.\d+\] the store keeps this report")
            assert text.startswith(f"{expected.first}\ncore {core}, ")
            assert re.search(expected.cause.replace("core 0", f"core {core}"), text, re.M)
            board.wait_prompt()
    assert board.run("get k; get cairn/boots; get cairn/reset") == f"v\n{smp * len(KINDS) + 1}\npanic"
    assert board.run("store check").endswith("problems 0, notes 0: sound")


def test_panic_of_another_core_stops_core_0(project, boot, tmp_path):
    """Both sleep for good then, until a reset."""
    monitor = Monitor(tmp_path)
    board = boot("-m", "64M", "--smp", "2", "-a", "cairn.panic=halt", extra=monitor.options)
    board.send("crash panic 1\r")
    board.until_fault()
    board.child.expect(r"\] halted\r*\n")
    for core in (0, 1):
        while function_at(project, monitor.pc(core)) != "halt":
            pass
    monitor.reset()
    assert "Last reset: panic" in board.wait_prompt()


def test_panic_stops_a_job(project, boot, patch_image, tmp_path):
    """One without an end, on another core."""
    monitor = Monitor(tmp_path)
    loop = project.symbols["plain_panic"]
    board = boot("-m", "64M", "--smp", "2", "-a", "cairn.panic=halt",
                 extra=[*monitor.options, "-kernel", patch_image({loop: FOR_EVER})])
    assert "core 1 gave no answer in time" in board.run("crash panic 1")
    assert monitor.pc(1) == loop
    board.send("crash undefined\r")
    board.until_fault()
    board.child.expect(r"\] halted\r*\n")
    while function_at(project, monitor.pc(1)) != "halt":
        pass


def test_panic_starts_no_core(project, boot, tmp_path):
    """Those that cairn.cores= left in the loader's loop stay there: the stop is for cores that run."""
    monitor = Monitor(tmp_path)
    board = boot("-m", "64M", "--smp", "4", "-a", "cairn.panic=halt cairn.cores=2", extra=monitor.options)
    board.send("crash panic\r")
    board.until_fault()
    board.child.expect(r"\] halted\r*\n")
    while function_at(project, monitor.pc(1)) != "halt":
        pass
    assert all(monitor.pc(core) < project.image[0] for core in (2, 3))


def test_core_that_takes_no_interrupts(boot):
    """Core 0 does not wait for it for ever, and the core is there again afterwards."""
    board = boot("-m", "64M", "--smp", "2")
    assert board.run("crash stuck 1") == "crash: core 1 gave no answer in time: it is still at it"
    assert board.run("crash read 1") == "crash: core 1 is still busy with the work of before"
    while "still busy" in (said := board.run("cores test")):
        pass
    assert re.search("^core 1: .* 0 torn$", said, re.M)
    assert board.run("crash panic 2") == "crash: core 2 is not online"


def test_panic_beside_a_stuck_core(boot):
    """That is not stopped, and does not stop the panic."""
    board = boot("-m", "64M", "--smp", "2", "-a", "cairn.panic=reset")
    assert "core 1 gave no answer" in board.run("crash stuck 1")
    board.send("crash panic\r")
    assert "Last reset: panic" in (board.until_fault() and board.wait_prompt())


def test_crash_inside_the_report(boot):
    """One line, and the boot ends as it was asked to."""
    board = boot("-m", "64M", "-a", "cairn.panic=reset")
    board.send("crash nested\r")
    board.until_fault()
    assert re.match(r"\nexception inside the exception handler: prefetch abort at 00001000\r",
                    board.child.after)
    assert "Last reset: panic" in board.wait_prompt()
    assert board.run("dmesg -p") == "dmesg: no panic was reported: cairn/panic is not there"


def test_fault_while_the_mmu_is_made_for_the_report(project, boot, patch_image, tmp_path):
    """Nothing works then that could say so; the core sleeps, and does not begin again and again."""
    monitor = Monitor(tmp_path)
    image = patch_image({project.symbols["pgtable_init"]: UDF})
    board = boot("-m", "64M", extra=[*monitor.options, "-kernel", image], prompt=False)
    while function_at(project, monitor.pc(0)) != "halt":
        pass
    assert function_at(project, monitor.pc(0)) == "halt"
    board.close()
    assert "exception" not in board.child.before


def put_of_the_console(project):
    """Where the driver of the port has the function that sends."""
    ops = project.symbols["pl011_ops"] - LOAD  # after its name and init()
    return struct.unpack_from("<3I", project.bin.read_bytes(), ops)[2] & ~1


@pytest.mark.parametrize("end, status", [("cairn.semihosting", 1), ("cairn.panic=reset", 0)])
def test_fault_inside_the_console(project, boot, patch_image, end, status):
    """Nothing can be said, then; but the boot ends as it was asked to, and not in a loop."""
    image = patch_image({put_of_the_console(project): UDF})
    board = boot("-m", "64M", "-a", end, extra=["-no-reboot", "-kernel", image], prompt=False)
    assert board.exit_status() == status
    assert "exception" not in board.child.before


def test_before_another_core_has_its_mmu_on(project, boot, patch_image):
    """Several of them at once, too: one report, and a line for each other one that is not stopped."""
    at = call_of(project, "mmu_join")
    image = patch_image({at: struct.pack("<I", 0xE7F000F0), project.symbols["stop_core"]: RETURN})
    board = boot("-m", "64M", "--smp", "4", "-a", "cairn.panic=halt", extra=["-kernel", image],
                 prompt=False)
    board.child.expect(r"\] (?=exception: )")
    text = lines_until(board, r"\] halted\r*\n")
    core = int(re.match(r"exception: undefined instruction\ncore ([123]), ", text)[1])
    assert callers(text)[0] == "core_entry"
    for _ in range(2):
        board.child.expect(rf"\] core ([123]): undefined instruction at {at:08x} core_entry\+0x")
        assert int(board.child.match[1]) != core
        assert "exception" not in board.child.before


def test_interrupt_while_the_window_is_open(project, boot, patch_image):
    """It is closed for the handler: what that writes to the store's region is a fault."""
    image = patch_image({project.symbols["mmu_store_window"]: WINDOW_STAYS_OPEN,
                         project.symbols["read_clock"]: STRAY_WRITE})
    board = boot("-m", "64M", "--smp", "1", "-a", "cairn.panic=halt", extra=["-kernel", image],
                 prompt=False)
    text = report(board)
    assert "write to 63fffffc: permission fault, section, domain 1 (DFSR 0000081d)" in text


def test_on_another_core(project, boot, patch_image):
    """It reports as core 0 would."""
    image = patch_image({project.symbols["job_run"]: UDF})
    board = boot("-m", "64M", "--smp", "2", "-a", "cairn.panic=halt", extra=["-kernel", image],
                 prompt=False)
    board.child.expect(r"\] (?=exception: )")
    text = lines_until(board, r"\] halted\r*\n")
    assert text.startswith("exception: undefined instruction\ncore 1, ")
    assert callers(text) == ["job_run", "core_main", "core_entry"]


def test_on_two_cores(project, boot, patch_image, tmp_path):
    """One of them reports. If it could not stop the other one, that has a line behind the report."""
    monitor = Monitor(tmp_path)
    image = patch_image({project.symbols["work_on_lists"]: UDF, project.symbols["stop_core"]: RETURN})
    board = boot("-m", "64M", "--smp", "2", "-a", "cairn.panic=halt",
                 extra=[*monitor.options, "-kernel", image])
    board.send("cores test\r")
    board.child.expect(r"\] (?=exception: )")
    text = lines_until(board, r"\[ *\d+\.\d+\] the store keeps this report")
    first = int(re.match(r"exception: undefined instruction\ncore ([01]), ", text)[1])
    assert callers(text)[0] == "work_on_lists"
    board.child.expect(r"\] halted\r*\n")
    board.child.expect(r"\] core ([01]): undefined instruction at ([0-9a-f]{8}) work_on_lists\+0x0/")
    assert int(board.child.match[1]) == 1 - first
    assert "exception" not in board.child.before
    monitor.reset()
    assert "Last reset: panic" in board.wait_prompt()
    assert board.run("dmesg -p") + "\n" == text


def test_crash_of_no_kind(boot):
    """What there is is told."""
    board = boot("-m", "64M")
    assert set(KINDS) < set(board.run("crash it").removeprefix("crash: expected one of ").split())
    assert board.run("crash") == "usage: crash KIND [CORE]"


@pytest.mark.parametrize("stack", [0, 0x1000, 0x10000000, 0x60000001, 0x63000000, 0xFFFFFFFC])
def test_broken_stack(project, boot, patch_image, tmp_path, stack):
    """The backtrace ends where nothing can be read, and the report is whole."""
    monitor = Monitor(tmp_path)
    at = project.symbols["cmd_version"]
    at += -at % 4
    code = STACK_IS.replace(b"%s", struct.pack("<I", stack), 1)
    image = patch_image({project.symbols["cmd_version"]: b"\x00\xbf", at: code})
    board = boot("-m", "64M", "-a", "cairn.panic=halt", extra=[*monitor.options, "-kernel", image])
    board.send("version\r")
    board.child.expect(r"\] (?=exception: )")
    text = lines_until(board, r"\[ *\d+\.\d+\] the store keeps this report")
    assert text.startswith("exception: undefined instruction\n")
    assert int(re.search(r"^sp  ([0-9a-f]{8}) ", text, re.M)[1], 16) & ~3 == stack & ~3
    assert callers(text)[0] == "cmd_version"
    board.child.expect(r"\] halted\r*\n")
    monitor.reset()
    board.wait_prompt()
    assert board.run("dmesg -p") + "\n" == text


def test_unknown_panic_parameter(boot):
    """It is a line, and the board halts as ever."""
    for value in "", "=reboot":
        log = boot("-m", "64M", "-a", f"cairn.panic{value}").boot_log
        assert f"cairn.panic={value[1:]}: expected reset or halt: ignored\n" in log
