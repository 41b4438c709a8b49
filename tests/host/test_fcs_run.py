# SPDX-License-Identifier: MIT
"""fcs run: its language, its options, bad lines, two at a time, and being killed."""

import os
import random
import signal
import subprocess

import pytest

from fcs_tool import FCS, VECTOR, WAIT, complaint, contents, fcs, image, out, path, run, session, store


def test_run_answers(run):
    """Each operation has its line, also those that fail; after that the script goes on."""
    assert run("""
# a comment
get 61
stop
start
start
\tput 61   6162
put 62 . . 5000
put 63 64 65
put . 61
get 61
get 62
get 63
contains 61
contains 64
del 64
del 63
clock 5001
get 62
size
purge
purge
clear
size
entries
free
dump
lru
stop
stop
size
""") == [
        "ERR the store is not started", "ERR the store is not started", "STARTED 0",
        "ERR the store is started already", "OK", "OK", "OK", "ERR a key has 1 to 65535 bytes", "VAL 6162 -",
        "VAL . -", "VAL 64 65", "1", "0", "0", "1", "OK", "NIL", "SIZE 2", "PURGED 1 62", "PURGED 0", "OK", "SIZE 0",
        "ENTRIES 0", "FREE 1 4100:1044472", "DUMP 0", "LRU 0", "STOPPED", "ERR the store is not started",
        "ERR the store is not started",
    ]


@pytest.mark.parametrize("line, said", [
    ("jump", "jump: there is no such operation"),
    ("put 61", 'expected "put KEY VALUE [META [EXPIRY]]"'),
    ("put 61 62 63 5 6", 'expected "put KEY'),
    ("start 1", 'expected "start"'),
    ("get 6", "6: expected bytes in hex, or . for none"),
    ("get 6x", "6x: expected bytes in hex"),
    ("get -", "-: expected bytes in hex"),
    ("put 61 62 63 soon", "soon: expected a number of milliseconds"),
    ("clock 1.5", "1.5: expected a number"),
    ("clock 99999999999999999999", "99999999999999999999: expected a number"),
    ("get 61\0", "a NUL byte in it"),
    ("\x1b[1mget", "?[1mget: there is no such operation"),
    ("x" * 100, "x...: there is no such operation"),
])
def test_run_bad_line(path, line, said):
    """Nothing of a script with a bad line is done, and no file is made."""
    ops, file = path(), path()
    ops.write_text(f"start\nput 61 62\n{line}\nstop\n")
    complained = complaint("run", "--file", file, ops, status=2)
    assert said in complained and f"{ops}:3: " in complained
    assert not file.exists()


@pytest.mark.parametrize("kind", [[], ["--classic"]])
def test_run_bad_line_of_a_pipe(path, kind):
    """A pipe is taken line by line: what was answered is done."""
    file = path()
    done = fcs("run", *kind, "--file", file, "-", status=2, stdin=b"start\nput 61 62\nget 6\nput 63 64\n")
    assert done.stdout == b"STARTED 0\nOK\n" and "standard input:3: 6: expected" in done.said
    assert contents(file) == {"a": "b"}


def test_run_options_in_the_first_line(run, path):
    script = "# --max-entries 2 --frag 0.25 --policy lru\nstart\nput 61 61\nput 62 62\nput 63 63\nsize\nlru\n"
    assert run(script)[-2:] == ["SIZE 2", "LRU 2 62 63"]
    assert run(script, "--max-entries", "1")[-2:] == ["SIZE 1", "LRU 1 63"]
    assert run(script, "--max-entries", "-1")[-2:] == ["SIZE 3", "LRU 0"]
    assert run("# any other comment\nstart\n") == ["STARTED 0"]
    assert run("") == []
    ops = path()
    for first, said in (("--speed 5", "--speed: no option"), ("--frag 2", "--frag 2: expected"),
                        ("--file x", "--file: not an option here"), ("--frag 1 word", "word: expected options only"),
                        ("--frag", "--frag needs an argument")):
        ops.write_text(f"# {first}\nstart\n")
        complained = complaint("run", ops, status=2)
        assert said in complained and f"{ops}:1: " in complained


def test_run_policies(run):
    """One that was read once stays longer with SIEVE than three that never were."""
    script = "start\nput 61 1a\nput 62 1b\nput 63 1c\nget 61\nput 64 1d\nput 65 1e\nput 66 1f\ncontains 61\n"
    assert run(script, "--max-entries", "3")[-1] == "0"
    assert run(script, "--max-entries", "3", "--policy", "lru")[-1] == "0"
    assert run(script, "--max-entries", "3", "--policy", "sieve")[-1] == "1"


def test_run_full(run):
    answers = run(f"start\nput 61 {'ab' * 3000}\nput 62 {'ab' * 5000}\nput 62 {'ab' * 2000}\nput 63 {'ab' * 9000}\nsize\n",
                  "--size", "8K")
    assert answers[1] == "OK"
    assert answers[2].startswith("ERR it is larger than any slot could be")
    assert answers[3].startswith("ERR there is no room for it: ")
    assert answers[4].startswith("ERR it is larger") and answers[5] == "SIZE 1"


def test_run_long_lines(run, path):
    """Values of some MiB, in a file and out of it."""
    value = random.Random(3).randbytes(3 << 20).hex()
    file = path()
    for kind in (["--classic"], ["--size", "8M"]):
        assert run(f"start\nput {'6b' * 65535} {value}\nget {'6b' * 65535}\n", "--file", file, *kind)[-1] == f"VAL {value} -"
        assert len(out("get", "--hex", file, "6b" * 65535)) == len(value) + 1
        file.unlink()


def test_run_missing_script(path):
    assert "No such file" in complaint("run", path(), status=3)


def test_run_existing_file(image, path, run):
    """What the file is decides, not what the options would make."""
    assert run("start\nget 61\nfilesize\n", "--file", image, "--size", "1M")[1:] == ["VAL 414141 -", "FILESIZE 65532 65536"]
    dat = path()
    dat.write_bytes(VECTOR.read_bytes())
    assert run("start\nsize\n", "--file", dat) == ["STARTED 17", "SIZE 17"]
    assert "a region image" in complaint("run", "--classic", "--file", image, "-", status=3)


def test_run_nothing_to_write_to(path):
    assert "cannot write" in complaint("run", "--file", path() / "deep" / "file", "-", status=3)


# ---- several, and killed ones --------------------------------------------------------------------


@pytest.mark.parametrize("kind", [[], ["--classic"]])
def test_one_at_a_time(path, kind):
    file = path()
    process, ask = session("--file", file, *kind)
    assert ask("start") == "STARTED 0" and ask("put 61 62") == "OK" and ask("stop") == "STOPPED"
    assert "another fcs is at work on it" in complaint("put", file, "k", "v", status=3)
    assert "another fcs is at work on it" in complaint("ls", file, status=3)
    assert ask("start") == "STARTED 1" and ask("put 63 64") == "OK"
    process.stdin.close()
    assert process.wait(WAIT) == 0
    assert contents(file) == {"a": "b", "c": "d"}


@pytest.mark.parametrize("kind", [[], ["--classic"]])
def test_puts_at_the_same_time(path, kind):
    """What was acknowledged is there. Those that find another one at work try again."""
    file = path()
    fcs("run", *kind, "--file", file, "-", stdin=b"start\n")
    loop = 'for i in $(seq 30); do until "$0" put "$1" "$2$i" x 2> /dev/null; do :; done; done'
    pair = [subprocess.Popen(["timeout", str(WAIT), "sh", "-c", loop, FCS, file, key]) for key in "ab"]
    assert [process.wait(WAIT) for process in pair] == [0, 0]
    assert set(contents(file)) == {f"{key}{i}" for key in "ab" for i in range(1, 31)}


@pytest.mark.parametrize("kind", [[], ["--classic"]])
def test_new_file_at_the_same_time(path, kind):
    """Of two that make a file one may fail, but what was acknowledged is there."""
    for _ in range(8):
        file = path()
        pair = [subprocess.Popen([FCS, "import", *kind, file], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE) for _ in range(2)]
        for key, process in zip("ab", pair):
            process.stdin.write(b'{"key":"%c","value":"x"}' % ord(key))
        for process in pair:
            process.stdin.close()
        done = {key for key, process in zip("ab", pair) if process.wait(WAIT) == 0}
        said = b"".join(process.stderr.read() for process in pair)
        assert done and set(contents(file)) == done, said
        assert len(done) == 2 or b"something has this name by now" in said or b"another fcs" in said
        assert list(file.parent.glob(file.name + "*")) == [file]


def test_new_file_that_another_one_made(path):
    file = path()
    process, ask = session("--file", file, "--classic")
    assert ask("start") == "STARTED 0" and ask("put 61 62") == "OK"
    assert out("import", file, stdin=b'{"key":"c","value":"d"}') == b"imported: 1\n"
    assert ask("stop") == "" and process.wait(WAIT) == 3
    assert contents(file) == {"c": "d"}


def test_killed(path):
    """What was answered is there, whenever it is killed."""
    file = path()
    for number in range(8):
        process, ask = session("--file", file, "--size", "64K")
        assert ask("start") == f"STARTED {number}"
        for again in range(5):
            assert ask(f"put {number:02x} {again:02x}{number:02x}") == "OK"
        process.kill()
        process.wait(WAIT)
    assert [line.split()[-1] for line in out("ls", "--hex", file).decode().splitlines()] == [f"{i:02x}" for i in range(8)]


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
def test_interrupted(path, number):
    """No part of a new file stays. It is interrupted while it waits to say, in a full pipe, that there is no room."""
    file, lines = path(), path(".json")
    lines.write_text('{"key":"k","value":"%s"}' % ("x" * 8192))
    read, write = os.pipe()
    os.set_blocking(write, False)
    with pytest.raises(BlockingIOError):
        while True:
            os.write(write, bytes(1))
    os.set_blocking(write, True)
    process = subprocess.Popen([FCS, "import", file, lines, "--size", "8K"], stderr=write,
                               preexec_fn=lambda: signal.signal(number, signal.SIG_DFL))  # nohup would have it ignored
    while not any(part.stat().st_size for part in file.parent.glob(file.name + ".*")):
        assert process.poll() is None
    process.send_signal(number)
    assert process.wait(WAIT) == -number
    assert list(file.parent.iterdir()) == [lines]
    os.close(read)
    os.close(write)


def test_killed_before_stop(path):
    """A .dat has its old content until stop."""
    file = path()
    process, ask = session("--file", file, "--classic")
    assert ask("start") == "STARTED 0" and ask("put 61 62") == "OK" and ask("stop") == "STOPPED"
    assert ask("start") == "STARTED 1" and ask("put 63 64") == "OK"
    process.kill()
    process.wait(WAIT)
    assert contents(file) == {"a": "b"}
