# SPDX-License-Identifier: MIT
"""tools/stack/depth.py, on small programs."""

import re
import subprocess
from pathlib import Path

import pytest

DEPTH = Path(__file__).resolve().parents[2] / "tools" / "stack" / "depth.py"
FLAGS = ["-std=gnu11", "-mcpu=cortex-a9", "-mthumb", "-O1", "-g", "-fno-inline", "-fno-ipa-pure-const", "-ffunction-sections",
         "-fcallgraph-info=su", "-fno-optimize-sibling-calls"]
RULES = "stack main main.c:SIZE main\n"

HEAD = """\
#define SIZE 1024
void use(void *at);
void use(void *at) { __asm__ volatile("" ::"r"(at)); }
#define TAKE(n) do { char room[n]; use(room); } while (0)
"""


@pytest.fixture
def depth(tmp_path):
    """depth(SOURCE, RULES, ASSEMBLER): (exit status, what is printed, the figure, the functions on the way)."""
    def run(source, rules=RULES, assembler=""):
        (tmp_path / "main.c").write_text(HEAD + source, encoding="utf-8")
        (tmp_path / "low.S").write_text(".syntax unified\n.thumb\n" + assembler, encoding="utf-8")
        (tmp_path / "rules").write_text(rules, encoding="utf-8")
        for name in ("main.c", "low.S"):
            subprocess.run(["arm-none-eabi-gcc", *FLAGS, "-c", name, "-o", name[:-1] + "o"], cwd=tmp_path, check=True)
        subprocess.run(["arm-none-eabi-gcc", *FLAGS, "-nostdlib", "-Wl,-e,main", "main.o", "low.o", "-o", "main.elf"],
                       cwd=tmp_path, check=True)
        done = subprocess.run([DEPTH, "rules", "main.elf", "main.o", "low.o"], cwd=tmp_path, check=False, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        figure = re.search(r"^figure stack_main_bytes (\d+) bytes$", done.stdout, re.M)
        parts = re.findall(r"^part stack_main_bytes \d+ (\S+)$", done.stdout, re.M)
        return done.returncode, done.stdout, figure and int(figure[1]), parts
    return run


def test_deepest_way(depth):
    status, _, figure, way = depth("""
static void small(void) { TAKE(16); }
static void large(void) { TAKE(128); small(); }
static void direct(void) { TAKE(144); }
int main(void) { large(); direct(); return 0; }
""")
    assert (status, way[:3]) == (0, ["main", "main.c:large", "main.c:small"])
    assert 128 + 16 <= figure < 128 + 16 + 64


POINTERS = """
struct ops { void (*put)(int); void (*get)(void *); };
static void put_one(int x) { (void)x; TAKE(64); }
static void put_other(int x) { (void)x; TAKE(256); }
static void get(void *at) { use(at); TAKE(512); }
static void unused(int x) { (void)x; TAKE(900); }
struct ops ops = {put_one, get}, more[2] = {{put_other, get}};
void say(struct ops *o);
void say(struct ops *o) { o->put(1); }
int main(void) { say(&ops); return (int)(long)more; }
"""


def test_pointer(depth):
    """Whoever has the type and whose address is taken: not get(), not unused()."""
    status, _, figure, way = depth(POINTERS.replace("static void unused", "void unused(int x); void unused"))
    assert (status, way[:3]) == (0, ["main", "say", "main.c:put_other"])
    assert 256 <= figure < 512


def test_only(depth):
    status, _, figure, way = depth(POINTERS.replace("static void unused", "void unused(int x); void unused"),
                                   RULES + "only ops.put main.c:put_one # the only one for now\n")
    assert (status, way[:3]) == (0, ["main", "say", "main.c:put_one"]) and figure < 256


def test_pointer_that_is_not_understood(depth):
    status, said, _, _ = depth("""
typedef void fn(void);
void here(void);
void here(void) { }
fn *which(void);
fn *which(void) { return here; }
int main(void) { which()(); return 0; }
""")
    assert status == 1 and re.search(r"main\.c:\d+:\d+: main calls something through a pointer", said)


CIRCLE = """
void odd(int n);
void even(int n);
void odd(int n) { TAKE(64); if (n) even(n - 1); }
void even(int n) { TAKE(32); if (n) odd(n - 1); }
int main(void) { odd(9); return 0; }
"""


def test_circle(depth):
    status, said, _, _ = depth(CIRCLE)
    assert status == 1 and "calls go round in a circle: odd > even > odd" in said


def test_once_and_never(depth):
    status, _, _, way = depth(CIRCLE, RULES + "once even odd # n is 1 at most\n")
    assert (status, way[:5]) == (0, ["main", "odd", "even", "odd", "even"])
    status, _, _, way = depth(CIRCLE, RULES + "never even odd # n is 0\n")
    assert (status, way[:3]) == (0, ["main", "odd", "even"])


def test_what_is_computed(depth):
    source = "void take(int n);\nvoid take(int n) { char room[n]; use(room); }\nint main(void) { take(9); return 0; }\n"
    status, said, _, _ = depth(source)
    assert status == 1 and "depends on what is computed: take" in said
    status, _, figure, _ = depth(source, RULES + "frame take 400 # n is below that\n")
    assert status == 0 and 400 < figure < 464


LOW = """
.global low
.thumb_func
.type low, %function
low:
	push {r4-r7, lr}
	sub sp, sp, #40
	bl high
	add sp, sp, #40
	pop {r4-r7, pc}
"""


def test_assembler(depth):
    """Of what no C compiler made the instructions tell: 60 bytes, and whom it calls."""
    status, said, _, way = depth("void low(void);\nvoid high(void);\nvoid high(void) { TAKE(64); }\nint main(void) { low(); return 0; }\n",
                                 assembler=LOW)
    assert (status, way[:3]) == (0, ["main", "low", "high"])
    assert re.search(r"^ +60  low$", said, re.M)


def test_on_top_and_chain(depth):
    """What comes on top is added; a chain is followed even where another call is deeper."""
    source = """
void interrupt(void);
void interrupt(void) { TAKE(32); }
void deep(void);
void deep(void) { TAKE(256); }
void flat(void);
void flat(void) { TAKE(16); }
int main(void) { deep(); flat(); interrupt(); return 0; }
"""
    status, _, _, way = depth(source, "stack main main.c:SIZE main>flat + interrupt\n")
    assert (status, [name for name in way if name != "use"]) == (0, ["main", "flat", "interrupt"])


def test_too_small(depth):
    status, said, figure, _ = depth("int main(void) { TAKE(1024); return 0; }")
    assert status == 1 and figure > 1024 and "too small: the stack main" in said


@pytest.mark.parametrize("rule, said", [("never main nobody # why", "rules that are no use (any more): never main nobody"),
                                        ("only ops.put main.c:put_* # gone", "rules that are no use (any more): only ops.put"),
                                        ("never main use", "rules:2: expected one of"), ("perhaps main use # why", "rules:2: expected"),
                                        ("stack other main.c:LESS main", "main.c does not say what LESS is"),
                                        ("stack other main.c:SIZE main>gone", "there is no function gone")])
def test_bad_rules(depth, rule, said):
    status, output, _, _ = depth("int main(void) { TAKE(64); return 0; }", RULES + rule + "\n")
    assert status == 1 and said in output
