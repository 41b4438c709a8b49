# SPDX-License-Identifier: MIT
"""
memmap, the boot on the desk: every option, wrong usage, trees that cannot be used or would rather harm,
and what is printed: lists, JSON, the picture in text and the one in SVG. It is the build with ASan and UBSan.

That its lists are those of the target is a matter of tests/qemu, which compares them for every boot.
"""

import itertools
import json
import random
import re
import struct
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
DTS = REPO / "tests" / "dts"
MEMMAP = REPO / "build" / "host" / "memmap-asan"
WAIT = 60  # seconds for a run, which takes a hundredth of one

HALF = 'memory@60000000 { device_type = "memory"; reg = <0x60000000 0x20000000>; };'
CELLS = "#address-cells = <1>; #size-cells = <1>;"


def run(*args, status=0):
    """What memmap prints. Whatever its status, it has not crashed."""
    done = subprocess.run([MEMMAP, *map(str, args)], capture_output=True, timeout=WAIT, check=False)
    assert done.returncode == status, done
    done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
    if status:
        assert done.stderr.startswith("memmap: ") and done.stderr.count("\n") == 1, done
    return done


def survey(*args):
    """The JSON, with numbers for its hexadecimal strings."""
    found = json.loads(run("--json", *args).stdout)
    assert list(found) == ["memory", "reserved", "messages"]
    for region in found["memory"] + found["reserved"]:
        for name in ("base", "size", "flags"):
            assert re.fullmatch("0x(0|[1-9a-f][0-9a-f]*)", region[name])
            region[name] = int(region[name], 16)
    return found


def regions(found):
    """[(base, end, flags)] of a list, or with the name where there is one."""
    return [(r["base"], r["base"] + r["size"], r["name"] if "name" in r else r["flags"])
            for r in found]


def reserved(*args):
    return regions(survey(*args)["reserved"])


def memory(*args):
    return regions(survey(*args)["memory"])


def messages(*args):
    return "\n".join(survey(*args)["messages"])


def source(*parts, memreserve=""):
    return "/dts-v1/; %s / { %s %s };" % (memreserve, CELLS, " ".join(parts))


def children(body):
    return "reserved-memory { %s ranges; %s };" % (CELLS, body)


@pytest.fixture
def tree(tmp_path):
    """The file of a tree: tests/dts/NAME.dts, or the text that is given. CHANGE patches its bytes."""
    numbers = itertools.count()

    def make(text, change=None):
        text = text if "{" in text else (DTS / f"{text}.dts").read_text()
        blob = subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-i", DTS], check=True,
                              timeout=WAIT, input=text.encode(), capture_output=True).stdout
        path = tmp_path / f"tree{next(numbers)}.dtb"
        path.write_bytes(change(blob) if change else blob)
        return path

    return make


@pytest.fixture
def half(tree):
    """512 MiB at 0x60000000 and nothing else."""
    return tree(source(HALF))


# ---- what is printed -------------------------------------------------------------------------

STAMP = "[    0.000000] "


def parse_dump(text):
    """The dump in TEXT, every byte of which is checked, as JSON has it."""
    lines = text[text.index(STAMP + "MEMBLOCK configuration:"):].split("\n")
    width = len(re.search("memory size = 0x([0-9a-f]+)", lines[1])[1])
    ones = 2**(4 * width) - 1
    at, found, sizes = 2, [], []
    for name in ("memory", "reserved"):
        count = int(re.fullmatch(rf"\[    0.000000\]  {name}\.cnt  = 0x([0-9a-f]+)", lines[at])[1], 16)
        at += 1
        found.append([])
        for i in range(count):
            first, last, size, flags = (int(n, 16) for n in re.fullmatch(
                rf"\[    0.000000\]  {name}\[0x{i:x}\]\t\[0x([0-9a-f]{{{width}}})-0x([0-9a-f]{{{width}}})\]"
                rf", 0x([0-9a-f]{{{width}}}) bytes flags: 0x([0-9a-f]+)", lines[at]).groups())
            assert (last - first + 1) & ones == size
            if size:
                found[-1].append((first, first + size, flags))
            at += 1
        sizes.append(sum(end - base for base, end, _ in found[-1]))
    assert lines[1] == (f"{STAMP} memory size = 0x{sizes[0]:0{width}x} "
                        f"reserved size = 0x{sizes[1]:0{width}x}")
    assert lines[at].startswith("Map: ")
    return width, found


PICTURE = re.compile(r"0x([0-9a-f]+)-0x([0-9a-f]+) +(\d+(?:\.\d)? \w+)  "
                     r"(free|hotpluggable|reserved|no-map|store|no memory) +(\S+)(?: +(\S.*))?")
BARS = dict(zip(("free", "hotpluggable", "reserved", "no-map", "store", "no memory"), "-+#xs:"))
UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]


def size_text(size):
    unit = max(u for u in range(7) if u == 0 or size >> (10 * u))
    whole, rest = divmod(size, 1 << (10 * unit))
    return f"{whole}{f'.{rest * 10 >> (10 * unit)}' if rest else ''} {UNITS[unit]}"


def parse_picture(text):
    """[(base, end, kind, name)] of the picture, whose bars and sizes are checked."""
    lines = text[text.index("\nMap: ") + 1:].rstrip("\n").split("\n")
    if len(lines) == 1:
        return []
    number, unit = re.match(r"Bars: (\d+) (\w+) a character", lines[1]).groups()
    scale = int(number) << (10 * UNITS.index(unit))
    assert scale & (scale - 1) == 0
    found = []
    for line in lines[2:]:
        first, last, size, kind, bar, name = PICTURE.fullmatch(line).groups()
        assert len(first) == len(last) == len(lines[2].split("-")[0]) - 2
        first, last = int(first, 16), int(last, 16)
        assert size == size_text(last + 1 - first), line
        length = 1 if kind == "no memory" else (last + 1 - first) // scale
        assert bar == (BARS[kind] * length or ".") and length <= 32, line
        found.append((first, last + 1, kind, name or ""))
    longest = max(end - base for base, end, kind, _ in found if kind != "no memory")
    assert scale == 4096 or longest // scale >= 16
    assert all(a[1] == b[0] for a, b in zip(found, found[1:]))
    return found


def check_all_forms(path, *options):
    """Runs both widths; text, JSON and pictures have to agree. Returns the last SVG."""
    svg = path.with_suffix(".svg")
    for bits in 32, 64:
        args = ["--phys", bits, *options, path]
        text = run("--svg", svg, *args).stdout
        found = survey(*args)
        width, (mem, res) = parse_dump(text)
        assert width == bits // 4
        assert mem == regions(found["memory"])
        assert [r[:2] for r in res] == [r[:2] for r in regions(found["reserved"])]
        said = text[:text.index(STAMP + "MEMBLOCK")].split("\n")[:-1]
        assert said == [STAMP + message for message in found["messages"]]
        picture = parse_picture(text)
        for base, end, kind, _ in picture:
            in_memory = [f for b, e, f in mem if b <= base and end <= e]
            in_reserved = any(b <= base and end <= e for b, e, _ in res)
            assert in_memory or not any(b < end and e > base for b, e, _ in mem)
            assert in_reserved or not any(b < end and e > base for b, e, _ in res)
            assert kind == "store" or kind == (
                "no-map" if in_memory == [4] else "reserved" if in_reserved else
                {(): "no memory", (0,): "free", (1,): "hotpluggable"}[tuple(in_memory)])
        everything = [r[:2] for r in mem + res]
        assert bool(picture) == bool(everything)
        if everything:
            assert picture[0][0] == min(everything)[0]
            assert picture[-1][1] == max(end for _, end in everything)
        check_svg(svg)
    return svg


@pytest.mark.parametrize("name", sorted(path.stem for path in DTS.glob("*.dts")))
def test_trees(tree, name):
    check_all_forms(tree(name), "--image", "0x60010000,256K", "--dtb-at", "0x64000000", "--store", "1M")


def test_json_is_what_the_issue_shows(tree):
    path = tree(source(HALF, children("a@70000000 { reg = <0x70000000 0x1000>; };")))
    assert json.loads(run("--json", path).stdout) == {
        "memory": [{"base": "0x60000000", "size": "0x20000000", "flags": "0x0"}],
        "reserved": [{"base": "0x70000000", "size": "0x1000", "flags": "0x0", "name": "a@70000000"}],
        "messages": [],
    }


def test_text(tree):
    path = tree(source(HALF, children("a@70000000 { reg = <0x70000000 0x1000>; };")))
    assert run("--phys", 32, path).stdout == "\n".join((
        "[    0.000000] MEMBLOCK configuration:",
        "[    0.000000]  memory size = 0x20000000 reserved size = 0x00001000",
        "[    0.000000]  memory.cnt  = 0x1",
        "[    0.000000]  memory[0x0]\t[0x60000000-0x7fffffff], 0x20000000 bytes flags: 0x0",
        "[    0.000000]  reserved.cnt  = 0x1",
        "[    0.000000]  reserved[0x0]\t[0x70000000-0x70000fff], 0x00001000 bytes flags: 0x0",
        "Map: 512 MiB of memory from 0x60000000 on, 511.9 MiB of it free",
        "Bars: 8 MiB a character, a dot is less; - free, + hotpluggable, # reserved, x no-map, "
        "s store, : no memory",
        "0x60000000-0x6fffffff      256 MiB  free          --------------------------------",
        "0x70000000-0x70000fff        4 KiB  reserved      .                                a@70000000",
        "0x70001000-0x7fffffff    255.9 MiB  free          -------------------------------",
        ""))


def test_nothing_is_reserved_unless_asked_for(half):
    assert survey(half) == {"memory": [{"base": 0x60000000, "size": 0x20000000, "flags": 0}],
                            "reserved": [], "messages": []}
    trace = [line for line in run("--trace", half).stdout.split("\n") if "memblock_" in line]
    assert len(trace) == 1 and "memblock_add" in trace[0]


def test_picture(tree):
    text = source('a { device_type = "memory"; reg = <0x60000000 0x10000000>; };',
                  'b { device_type = "memory"; reg = <0x80000000 0x4000000>; hotpluggable; };',
                  children("r@61000000 { reg = <0x61000000 0x1000000>; };"
                           "s@61800000 { reg = <0x61800000 0x800000>; };"
                           "t@62000000 { reg = <0x62000000 0x1000>; };"
                           "n@63000000 { reg = <0x63000000 0x1000>; no-map; };"
                           "o@1000 { reg = <0x1000 0x1000>; };"
                           'c { compatible = "cairn,store"; size = <0x100000>; };'))
    assert parse_picture(run(tree(text)).stdout) == [
        (0x1000, 0x2000, "reserved", "o@1000 (not in memory)"),
        (0x2000, 0x60000000, "no memory", ""),
        (0x60000000, 0x61000000, "free", ""),
        (0x61000000, 0x62000000, "reserved", "r@61000000, s@61800000"),
        (0x62000000, 0x62001000, "reserved", "t@62000000"),
        (0x62001000, 0x63000000, "free", ""),
        (0x63000000, 0x63001000, "no-map", "n@63000000"),
        (0x63001000, 0x70000000, "free", ""),
        (0x70000000, 0x80000000, "no memory", ""),
        (0x80000000, 0x83F00000, "hotpluggable", ""),
        (0x83F00000, 0x84000000, "store", "c"),
    ]


def test_names_of_merged_regions(tree):
    """In the order of the addresses, each once."""
    path = tree(source(HALF, children("b@61002000 { reg = <0x61002000 0x1000>; };"
                                      "a@61000000 { reg = <0x61000000 0x2000>; };"),
                       memreserve="/memreserve/ 0x61003000 0x1000; /memreserve/ 0x61004000 0x1000;"
                                  "/memreserve/ 0x62000000 0x1000;"))
    assert reserved(path) == [(0x61000000, 0x61005000, "a@61000000, b@61002000, memreserve"),
                              (0x62000000, 0x62001000, "memreserve")]


def test_names_of_neighbours(tree):
    """Who only touches a region does not hold it."""
    path = tree(source(HALF, children("a@61000000 { reg = <0x61000000 0x1000>; };"
                                      "b@61001000 { reg = <0x61001000 0x1000>; no-map; };"
                                      "c@60fff000 { reg = <0x60fff000 0x1000>; no-map; };")))
    assert reserved(path) == [(0x61000000, 0x61001000, "a@61000000")]


def test_no_memory(tree):
    path = tree(source())
    found = survey(path)
    assert found["memory"] == found["reserved"] == []
    assert [m.split(":")[0] for m in found["messages"]] == ["no memory"]
    assert run(path).stdout.endswith("\nMap: no memory\n")
    check_all_forms(path)


# ---- options ---------------------------------------------------------------------------------


@pytest.mark.parametrize("own", ["", 'chosen { bootargs = "mem=32M"; };'])
def test_bootargs(tree, own):
    path = tree(source(HALF, own))
    assert memory("--bootargs", "mem=64M", path) == [(0x60000000, 0x64000000, 0)]
    assert memory("--bootargs", "", path) == [(0x60000000, 0x80000000, 0)]
    assert memory(path) == [(0x60000000, 0x62000000 if own else 0x80000000, 0)]


def test_bootargs_are_those_of_a_tree(tree):
    """Quotes, what is too long, and parameters that are none: as if the tree had said it."""
    for args in ("mem=junk cairn.x", 'a="b mem=1M" mem=64M -- mem=1M', "x" * 1023 + " mem=64M"):
        quoted = args.replace('"', '\\"')
        path = tree(source(HALF, f'chosen {{ bootargs = "{quoted}"; }};'))
        assert survey(path) == survey("--bootargs", args, tree(source(HALF)))
    assert "1031 characters in the device tree, cut at 1023" in messages("--bootargs", args,
                                                                         tree(source(HALF)))


def test_image(half):
    assert reserved("--image", "0x60010000,256K", half) == [(0x60010000, 0x60050000, "image")]


@pytest.mark.parametrize("size", ["4G", "0xffffffff"])
def test_image_as_large_as_the_address_space(half, size):
    """The last byte is never covered, whatever is asked for."""
    assert reserved("--phys", 32, "--image", f"0,{size}", half) == [(0, 0xFFFFFFFF, "image")]


def test_image_up_to_the_last_address(half):
    assert reserved("--phys", 32, "--image", "0xfffff000,4K", half) == [
        (0xFFFFF000, 0xFFFFFFFF, "image")]


def test_dtb_at_0(half):
    assert reserved("--dtb-at", 0, half) == [(0, half.stat().st_size, "device tree")]


def test_dtb_at(tree):
    """It takes what its header says, not what stands behind it in the file, nor what options add."""
    path = tree(source(HALF), change=lambda blob: blob + bytes(5000))
    size = struct.unpack(">I", path.read_bytes()[4:8])[0]
    assert size < path.stat().st_size
    for more in [], ["--bootargs", "x" * 500]:
        assert reserved("--dtb-at", "0x64000000", *more, path) == [
            (0x64000000, 0x64000000 + size, "device tree")]


def test_initrd(tree, half):
    wanted = [(0x62000000, 0x62002000, "initrd")]
    assert reserved("--initrd", "0x62000800,0x62001801", half) == wanted
    own = tree(source(HALF, "chosen { linux,initrd-start = <0x63000000>; "
                      "linux,initrd-end = <0x63001000>; };"))
    assert reserved(own) == [(0x63000000, 0x63001000, "initrd")]
    assert reserved("--initrd", "0x62000800,0x62001801", own) == wanted
    assert reserved("--initrd", "0x62000800,0x62001801", "--bootargs", "initrd=0x64000000,4K",
                    own) == [(0x64000000, 0x64001000, "initrd")]
    refused = survey("--initrd", "0x20000000,0x20001000", half)
    assert refused["reserved"] == [] and "is not in memory" in refused["messages"][0]


def tag(kind, *data):
    return struct.pack(f"<{2 + len(data)}I", 2 + len(data), kind, *data)


def atags(*tags):
    return b"".join([tag(0x54410001), *tags, struct.pack("<2I", 0, 0)])


def cmdline_tag(text):
    raw = text.encode() + bytes(4 - len(text) % 4)
    return struct.pack("<2I", 2 + len(raw) // 4, 0x54410009) + raw


@pytest.mark.parametrize("tags, options, wanted", [
    ([], [], {"memory": [(0x60000000, 0x80000000, 0)], "reserved": []}),
    ([tag(0x54410002, 0x1000000, 0x70000000)], [],
     {"memory": [(0x70000000, 0x71000000, 0)], "reserved": []}),
    ([cmdline_tag("mem=16M")], [], {"memory": [(0x60000000, 0x61000000, 0)], "reserved": []}),
    ([cmdline_tag("mem=16M")], ["--bootargs", "mem=32M"],
     {"memory": [(0x60000000, 0x61000000, 0)], "reserved": []}),
    ([tag(0x54420005, 0x62000000, 0x1000)], ["--initrd", "0x63000000,0x63001000"],
     {"memory": [(0x60000000, 0x80000000, 0)], "reserved": [(0x62000000, 0x62001000, "initrd")]}),
], ids=["none", "mem", "cmdline", "cmdline over bootargs", "initrd over initrd"])
def test_atags(half, tmp_path, tags, options, wanted):
    path = tmp_path / "atags"
    path.write_bytes(atags(*tags))
    found = survey("--atags", path, *options, half)
    assert regions(found["memory"]) == wanted["memory"]
    assert regions(found["reserved"]) == wanted["reserved"]
    assert found["messages"] == []
    svg = tmp_path / "svg"
    run("--svg", svg, "--atags", path, *options, half)
    args = re.search(r"mem=16M|$", repr(tags))[0]  # theirs, not those of the options
    assert f"command line: {args or '(none)'}" in svg_texts(svg)


def test_atags_without_end(half, tmp_path):
    path = tmp_path / "atags"
    path.write_bytes(atags(tag(0x54410002, 0x1000000, 0x60000000))[:-8])
    assert "no end mark in 24 bytes" in messages("--atags", path, half)


@pytest.mark.parametrize("content, said", [
    (b"", "no list of ATAGs"), (b"\0" * 64, "no list of ATAGs"), (atags()[:7], "no list of ATAGs"),
    (atags() + bytes(16384), "at most 16384 bytes"), (None, "No such file"),
])
def test_atags_refused(half, tmp_path, content, said):
    path = tmp_path / "atags"
    if content is not None:
        path.write_bytes(content)
    assert said in run("--atags", path, half, status=1).stderr


def test_atags_of_the_largest_size(half, tmp_path):
    path = tmp_path / "atags"
    path.write_bytes((atags() + bytes(16384))[:16384])
    assert reserved("--atags", path, half) == []


def test_store(tree, half):
    assert reserved("--store", "1M", half) == [(0x7FF00000, 0x80000000, "store")]
    assert reserved("--store", "64K@0x61000000", half) == [(0x61000000, 0x61010000, "store")]
    assert "overlaps" in messages("--store", "64K@0x61000000", "--image", "0x61000000,4K", half)
    assert reserved("--bootargs", "cairn.store=2M", half) == [(0x7FE00000, 0x80000000, "store")]
    assert reserved("--bootargs", "cairn.store=0", half) == []
    node = tree("store-static")
    assert reserved(node) == [(0x70000000, 0x70200000, "store@70000000")]
    for more in ["--bootargs", "cairn.store=2M", half], [node]:
        with_it = run("--json", "--store", "1M", *more)
        assert with_it.stdout == run("--json", *more).stdout
        assert "--store does not count" in with_it.stderr


def test_load_addr(tree, half):
    low = tree(source('a { device_type = "memory"; reg = <0x50000000 0x4000000>; };', HALF))
    assert memory(low) == [(0x50000000, 0x54000000, 0), (0x60000000, 0x80000000, 0)]
    assert memory("--load-addr", "0x60010000", low) == [(0x60000000, 0x80000000, 0)]
    assert "Ignoring memory block 0x50000000 - 0x54000000" in messages("--load-addr", "0x60010000",
                                                                       low)
    # No node holds it: the lowest bank, from which mem= counts.
    assert memory("--load-addr", "0x20010000", "--bootargs", "mem=1M", low) == [
        (0x50000000, 0x50100000, 0)]
    # No node at all: the address, cut to 128 MiB.
    assert memory("--load-addr", "0x69010000", "--bootargs", "mem=1M", tree(source())) == [
        (0x68000000, 0x68100000, 0)]
    assert memory("--bootargs", "mem=1M", tree(source())) == [(0, 0x100000, 0)]


CALLER = r" [a-z_]\w*(\.\w+)*\+0x[0-9a-f]+/0x[0-9a-f]+$"


def test_trace(half):
    """From the first call on, with callers by name; memblock=debug from where it stands."""
    args = ["--phys", 32, "--image", "0x60010000,64K", "--store", "1M", "--dtb-at", "0x64000000"]
    log = run(*args, "--trace", "--bootargs", "mem=64M", half).stdout
    trace = [line for line in log.split("\n") if "memblock_" in line]
    assert all(line.startswith(STAMP) and re.search(CALLER, line) for line in trace)
    tree_end = 0x64000000 + half.stat().st_size - 1
    plain = [re.sub(CALLER, "", line[len(STAMP):]) for line in trace]
    assert plain == [
        "memblock_add: [0x60000000-0x7fffffff]",
        f"memblock_reserve: [0x64000000-0x{tree_end:08x}]",
        "memblock_remove: [0x60000000-0x7fffffff]",
        "memblock_add: [0x60000000-0x63ffffff]",
        "memblock_reserve: [0x60010000-0x6001ffff]",
        "memblock_phys_alloc_range: 1048576 bytes align=0x100000 from=0x00000000 "
        "max_addr=0x00000000",
        "memblock_reserve: [0x63f00000-0x63ffffff]",
    ]
    log = run(*args, "--bootargs", "mem=64M memblock=debug", half).stdout
    assert [re.sub(CALLER, "", line[len(STAMP):]) for line in log.split("\n")
            if "memblock_" in line] == plain[4:]
    assert "memblock_" not in run(*args, half).stdout


@pytest.mark.parametrize("program", ["memmap", "memmap-asan"])
def test_trace_names_are_of_the_right_width(half, program):
    """Each width has code of its own, and the names are those of the functions that called."""
    for bits in "32", "64":
        out = subprocess.run([MEMMAP.with_name(program), "--phys", bits, "--trace", "--image", "4K,4K",
                              half], check=True, capture_output=True, timeout=WAIT, text=True).stdout
        assert re.search(r"memblock_reserve: \[.*\] reserve_all\+0x", out)
        assert re.search(r"memblock_add: \[.*\] \w*(scan|add)_\w+\+0x", out)


def test_phys(tree):
    path = tree("cells-2-2")
    high = tree("/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; memory { device_type = "
                '"memory"; reg = <0 0x80000000 0 0x80000000 8 0x80000000 1 0>; }; };')
    assert memory(path) == memory("--phys", 64, path) == memory("--phys=32", path)
    assert memory(high) == [(0x80000000, 0x100000000, 0), (0x880000000, 0x980000000, 0)]
    assert memory("--phys", 32, high) == [(0x80000000, 0xFFFFFFFF, 0)]
    assert "Ignoring memory block 0x880000000 - 0x980000000" in messages("--phys", 32, high)


def test_options_in_any_place(half):
    wanted = run("--json", "--phys", 32, half).stdout
    assert run(half, "--phys=32", "--json").stdout == wanted
    assert run("--phys=32", "--json", "--", half).stdout == wanted


def test_help():
    text = run("--help").stdout
    for option in ("bootargs S", "image BASE,SIZE", "dtb-at ADDR", "initrd START,END", "atags FILE",
                   "store SIZE[@ADDR]", "load-addr ADDR", "trace", "svg OUT", "json", "phys 32|64"):
        assert f"\n  --{option} " in text, option
    assert all(len(line) <= 100 for line in text.splitlines())


# ---- wrong usage and files that cannot be used -----------------------------------------------


@pytest.mark.parametrize("args, said", [
    ([], "expected the file"),
    (["FILE", "more"], "more: expected one file only"),
    (["--unheard", "FILE"], "--unheard: no option"),
    (["--i", "1,2", "FILE"], "--i: no option"),
    (["-j", "FILE"], "-j: there is no such option"),
    (["--json=yes", "FILE"], "--json=yes: no option, or one that takes no argument"),
    (["FILE", "--svg"], "--svg needs an argument"),
    (["--phys", "33", "FILE"], "--phys 33: expected 32 or 64"),
    (["--phys", "", "FILE"], "expected 32 or 64"),
    (["--image", "0x60010000", "FILE"], "expected BASE,SIZE"),
    (["--image", "0x60010000,", "FILE"], "expected BASE,SIZE"),
    (["--image", ",4K", "FILE"], "expected BASE,SIZE"),
    (["--image", "1,2,3", "FILE"], "expected BASE,SIZE"),
    (["--image", "0x60010000,4Kx", "FILE"], "expected BASE,SIZE"),
    (["--image", "-1,4K", "FILE"], "expected BASE,SIZE"),
    (["--image", " 1,4K", "FILE"], "expected BASE,SIZE"),
    (["--image", "0x60010000,0", "FILE"], "expected a size above 0"),
    (["--image", "0xfffffffffffff000,8K", "FILE"], "pass the last address of 64 bits"),
    (["--image", "0x10000000000000000,1", "FILE"], "expected BASE,SIZE"),
    (["--image", "0xfffff000,8K", "--phys", "32", "FILE"], "pass the last address of 32 bits"),
    (["--image", "0x100000000,8K", "--phys", "32", "FILE"], "beyond the last address of 32 bits"),
    (["--dtb-at", "", "FILE"], "expected an address"),
    (["--dtb-at", "0x60000004", "FILE"], "expected a multiple of 8"),
    (["--dtb-at", "0x100000000", "--phys", "32", "FILE"], "beyond the last address of 32 bits"),
    (["--dtb-at", "0xfffffff8", "--phys", "32", "FILE"], "pass the last address of 32 bits"),
    (["--initrd", "0x62000000", "FILE"], "expected START,END"),
    (["--initrd", "0x62000000,0x62000000", "FILE"], "expected an end above the start"),
    (["--initrd", "0x62000000,0x100000001", "--phys", "32", "FILE"], "pass the last address"),
    (["--load-addr", "here", "FILE"], "expected an address"),
    (["--load-addr", "4G", "--phys", "32", "FILE"], "beyond the last address of 32 bits"),
    (["--store", "lots", "FILE"], "expected SIZE[@ADDR]"),
    (["--store", "1M@", "FILE"], "expected SIZE[@ADDR]"),
    (["--store", "1M@0x61000000x", "FILE"], "expected SIZE[@ADDR]"),
    (["--store", "0", "FILE"], "expected a size above 0"),
    (["--store", "8G", "--phys", "32", "FILE"], "pass the last address of 32 bits"),
])
def test_wrong_usage(half, args, said):
    done = run(*(half if arg == "FILE" else arg for arg in args), status=2)
    assert said in done.stderr
    assert "--help" in done.stderr or "--dtb-at" in args
    assert done.stdout == ""


def header(blob, **changes):
    names = ("magic totalsize off_dt_struct off_dt_strings off_mem_rsvmap version last_comp_version "
             "boot_cpuid_phys size_dt_strings size_dt_struct").split()
    fields = dict(zip(names, struct.unpack(">10I", blob[:40])), **changes)
    return struct.pack(">10I", *fields.values()) + blob[40:]


@pytest.mark.parametrize("change, said", [
    (lambda blob: b"", "not a device tree"),
    (lambda blob: blob[:39], "not a device tree"),
    (lambda blob: b"/dts-v1/; / { }; " + bytes(64), "not a device tree"),
    (lambda blob: blob[:-1], "the tree says it has"),
    (lambda blob: header(blob, totalsize=0), "damaged"),
    (lambda blob: header(blob, totalsize=40), "damaged"),
    (lambda blob: header(blob, totalsize=(2 << 20) + 1), "at most 2097152"),
    (lambda blob: header(blob, totalsize=0xFFFFFFFF), "at most 2097152"),
    (lambda blob: header(blob, off_dt_struct=0xFFFFFFF8), "damaged"),
    (lambda blob: header(blob, version=1), "damaged"),
    (lambda blob: header(blob, size_dt_struct=8), "damaged"),
])
def test_damaged(tree, change, said):
    done = run(tree(source(HALF), change=change), status=1)
    assert said in done.stderr
    assert done.stdout == ""


def test_missing_files(tmp_path, half):
    assert "No such file" in run(tmp_path / "none", status=1).stderr
    assert "Is a directory" in run(tmp_path, status=1).stderr
    assert "not a device tree" in run("/dev/zero", status=1).stderr
    assert "No such file" in run("--svg", tmp_path / "none" / "svg", half, status=1).stderr


def test_output_that_cannot_be_written(half):
    """It is no success to print into a full disk."""
    for option in "--json", "--trace":
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([MEMMAP, option, half], stdout=full, stderr=subprocess.PIPE,
                                  timeout=WAIT, text=True, check=False)
        assert (done.returncode, done.stderr) == (
            1, "memmap: standard output: No space left on device\n")
    assert "No space left" in run("--svg", "/dev/full", half, status=1).stderr


# ---- trees that would rather harm ------------------------------------------------------------

NAMES = [b'quote"quote"', b"back\\slash\\\\", b"control\x01\x1b[1m", b"line\nbreak\tx",
         b"\xff\xfe bytes\x80", b"cut \xe4\xbd\xa0 \xe4\xbd ", b"over \xc0\xaf \xed\xa0\x80",
         b"<&>'\"]]> ok", b"high \xf4\x90\x80\x80 x", b"C1 \xc2\x9b1m \xef\xbf\xbe",
         b"%s%n%d %*c  ", "ünïcödé x".encode(), b"\xc4\xbc \xe2\x84\xa2",
         b"long forms \xe0\x80\xaf \xf0\x80\x80\xaf", "漢字".encode() * 30, b"\x1b" * 60]


@pytest.mark.parametrize("name", NAMES)
def test_hostile_names(tree, name):
    """A node's name may hold any bytes; model and command line, too."""
    stand_in = b"Z" * len(name)
    path = tree(source(f'model = "{stand_in.decode()}";', HALF,
                       f'chosen {{ bootargs = "cairn.{stand_in.decode()}"; }};',
                       children(f"{stand_in.decode()} {{ reg = <0x20000000 0x1000>; }};")),
                change=lambda blob: blob.replace(stand_in, name))
    assert path.read_bytes().count(name) == 3
    found = survey(path)
    shown = name.decode(errors="replace")
    assert re.sub("\ufffd+", "\ufffd", found["reserved"][0]["name"]) == re.sub("\ufffd+", "\ufffd",
                                                                              shown)
    text = run(path).stdout
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", text)
    svg = path.with_suffix(".svg")
    run("--svg", svg, path)
    check_svg(svg)
    if shown.isprintable() and "\ufffd" not in shown and len(name) < 30:
        assert f"{shown} (not in memory)" in text
        assert any(f"{shown} (not in memory)" == label for label in svg_texts(svg))


def at(i, step):
    return f"0x{0x61000000 + i * step:08x}"


HOSTILE = {
    "overlapping children": source(HALF, children("".join(
        f"n{i} {{ reg = <{at(i, 0x1000)} 0x2000>; }};" for i in range(3000)))),
    "nested children": source(HALF, children("".join(
        f"n{i} {{ reg = <{at(i, 0x1000)} {0x10000000 - i * 0x2000}>; }};" for i in range(3000)))),
    "many children": source(HALF, children("".join(
        f"n{i} {{ reg = <{at(i, 0x2000)} 0x1000>; }};" for i in range(3000)))),
    "no-map children": source(HALF, children("".join(
        f"n{i} {{ reg = <{at(i, 0x2000)} 0x1000>; no-map; }};" for i in range(300)))),
    "dynamic children": source(HALF, children("".join(
        f"n{i} {{ size = <0x1000>; alignment = <0x2000>; }};" for i in range(300)))),
    "many banks": source("m { device_type = \"memory\"; reg = <", "".join(
        f" {0x7F000000 - i * 0x2000} 0x1000" for i in range(4000)), ">; };"),
    "many nodes": source("".join(f'm{i} {{ device_type = "memory"; reg = <{at(i, 0x2000)} 0x1000>; }};'
                                 for i in range(300))),
    "all of the address space": source('m { device_type = "memory"; reg = <0 0xffffffff>; };',
                                       memreserve="/memreserve/ 0 0xffffffffffffffff;"
                                       "/memreserve/ 0xfffffffffffff000 0x2000;"
                                       "/memreserve/ 0x8000000000000000 0x8000000000000000;"),
    "64 bits": "/dts-v1/; /memreserve/ 0xffffffffffff0000 0x10000; / { #address-cells = <2>; "
               '#size-cells = <2>; m { device_type = "memory"; reg = <0 0 0xffffffff 0xffffffff>; '
               '}; n { device_type = "memory"; reg = <0xffffffff 0xfffff000 0 0x1000>; }; };',
    "cells": "/dts-v1/; / { #address-cells = <3>; #size-cells = <0xffffffff>; " + HALF + "};",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile(tree, what):
    check_all_forms(tree(HOSTILE[what]), "--store", "1M")


@pytest.mark.parametrize("step, size", [(0x1000, 0x800), (0x1000, 0x1000), (0, 0x1000),
                                        (0x100, 0x10000000)],
                         ids=["apart", "touching", "the same", "nested"])
def test_very_many_memreserves(tree, step, size):
    """As many as 2 MiB hold; the map of them does not take longer than the boot."""
    def add(blob):
        blob += bytes(-len(blob) % 8)
        entries = b"".join(struct.pack(">2Q", 0x61000000 + i * step, size) for i in range(130000))
        return header(blob + entries + bytes(16), off_mem_rsvmap=len(blob),
                      totalsize=len(blob) + len(entries) + 16)

    path = tree(source(HALF), change=add)
    svg = path.with_suffix(".svg")
    picture = parse_picture(run("--svg", svg, path).stdout)
    assert picture[1][2:] == ("reserved", "memreserve")
    check_svg(svg)


def test_all_names_are_there(tree):
    """The boot's own list of names has an end, and so has memblock's; memmap's has none."""
    path = tree(HOSTILE["many children"])
    found = survey(path)
    assert len(found["reserved"]) == 128
    names = ", ".join(r["name"] for r in found["reserved"]).split(", ")
    assert names == [f"n{i}" for i in range(3000)]
    held = [(base, name) for base, _, kind, name in parse_picture(run(path).stdout)
            if kind == "reserved" and name]
    assert held == [(0x61000000 + i * 0x2000, f"n{i}") for i in range(3000)]


def test_flipped_bits(tree):
    """Trees with one to four damaged bytes: each is refused or read, and nothing else happens."""
    rng = random.Random(11)
    sources = [(DTS / f"{name}.dts").read_text() for name in ("dynamic", "reserved-static", "banks")]
    blobs = [bytearray(tree(text).read_bytes()) for text in sources]
    path = tree(source(HALF))
    taken = 0
    for _ in range(400):
        blob = bytearray(rng.choice(blobs))
        for _ in range(rng.randrange(1, 5)):
            blob[rng.randrange(8, len(blob))] = rng.randrange(256)
        path.write_bytes(blob)
        done = subprocess.run([MEMMAP, "--json", "--phys", rng.choice(["32", "64"]), "--bootargs", "x",
                               "--svg", path.with_suffix(".svg"), path],
                              capture_output=True, timeout=WAIT, check=False)
        assert done.returncode in (0, 1), done
        if done.returncode == 0:
            taken += 1
            json.loads(done.stdout.decode())
            ET.parse(path.with_suffix(".svg"))
        else:
            assert done.stderr.count(b"\n") == 1
    assert 0 < taken < 400


# ---- the SVG ---------------------------------------------------------------------------------

SVG = "{http://www.w3.org/2000/svg}"
COLOURS = {"free": "#cdeac0", "hotpluggable": "#f0e442", "reserved": "#e69f00", "no-map": "#5b6470",
           "store": "#0072b2", "no memory": "#ffffff"}
BAR_TOP = 100  # title and legend lie above it
FACTOR = 0.61  # of the font's size is the width of a character


def svg_texts(path):
    return [element.text for element in ET.parse(path).iter(SVG + "text")]


def text_boxes(root):
    """[(left, top, right, bottom, text)]; what is beyond Latin may be twice as wide."""
    boxes = []
    for element in root.iter(SVG + "text"):
        size = float(element.get("font-size", root.get("font-size")))
        width = FACTOR * size * sum(1 if ord(c) < 0x300 else 2 for c in element.text)
        left, base = float(element.get("x")), float(element.get("y"))
        if element.get("text-anchor") == "end":
            left -= width
        boxes.append((left, base - 0.8 * size, left + width, base + 0.25 * size, element.text))
    return boxes


def check_svg(path):
    """Well-formed, 800 wide, all of it inside, no text over another, only one file."""
    root = ET.parse(path).getroot()
    assert root.tag == SVG + "svg" and root.get("width") == "800"
    height = float(root.get("height"))
    assert height < 2500
    boxes = text_boxes(root)
    for left, top, right, bottom, text in boxes:
        assert 0 <= left and right <= 800 and 0 <= top and bottom <= height, text
    rows = sorted(boxes, key=lambda box: box[1])
    for i, a in enumerate(rows):
        for b in rows[i + 1:]:
            if b[1] >= a[3]:
                break
            assert b[0] >= a[2] or a[0] >= b[2], (a, b)
    for rect in root.iter(SVG + "rect"):
        if rect.get("x"):
            assert float(rect.get("x")) >= 0
            assert float(rect.get("y")) + float(rect.get("height")) <= height
    assert "href" not in path.read_text() and "url(" not in path.read_text()
    return root


def svg_labels(path):
    """[(first, last, size text, words)] of the labels, from the top."""
    found, texts = [], svg_texts(path)
    for i, text in enumerate(texts):
        match = re.fullmatch("0x([0-9a-f]+)-0x([0-9a-f]+)", text)
        if match:
            found.append((int(match[1], 16), int(match[2], 16), texts[i + 1], texts[i + 2]))
    return found


def svg_segments(path):
    """[(y, height, colour)] of what the bar is made of, from the top."""
    rects = [rect for rect in ET.parse(path).iter(SVG + "rect")
             if rect.get("x") == "16" and float(rect.get("y")) > BAR_TOP]
    return sorted((float(r.get("y")), float(r.get("height")), r.get("fill")) for r in rects)


def test_svg(tree):
    """To scale, each kind in its colour, and every address, size and name."""
    text = source('model = "a board";', 'chosen { bootargs = "mem=hello <&>"; };',
                  'a { device_type = "memory"; reg = <0x60000000 0x20000000>; };',
                  'b { device_type = "memory"; reg = <0x80000000 0x10000000>; hotpluggable; };',
                  children("r@68000000 { reg = <0x68000000 0x8000000>; };"
                           "n@70000000 { reg = <0x70000000 0x4000000>; no-map; };"
                           's@78000000 { compatible = "cairn,store"; reg = <0x78000000 0x8000000>; };'
                           "o@1000 { reg = <0x1000 0x1000>; };"))
    path = check_all_forms(tree(text))
    found = run(path.with_suffix(".dtb")).stdout
    assert [(a, b + 1) for a, b, _, _ in svg_labels(path)] == [
        (base, end) for base, end, _, _ in parse_picture(found)]
    assert [(size, words) for _, _, size, words in svg_labels(path)] == [
        ("4 KiB", "o@1000 (not in memory)"), ("1.4 GiB", "no memory"), ("128 MiB", "free"),
        ("128 MiB", "r@68000000"), ("64 MiB", "n@70000000 (no-map)"), ("64 MiB", "free"),
        ("128 MiB", "s@78000000 (store)"), ("256 MiB", "hotpluggable")]
    segments = svg_segments(path)
    assert [colour for _, _, colour in segments] == [COLOURS[kind] for kind in (
        "reserved", "free", "reserved", "no-map", "free", "store", "hotpluggable")]
    heights = [height for _, height, _ in segments[1:]]
    unit = heights[0] / 2
    assert [round(height / unit) for height in heights] == [2, 2, 1, 1, 2, 4]
    assert sum(heights) == pytest.approx(12 * unit)
    for (y, height, _), (below, _, _) in zip(segments[1:], segments[2:]):
        assert y + height == pytest.approx(below, abs=0.02)
    # Between the reservation at 4 KiB and memory lies a break, not 1.4 GiB.
    assert segments[1][0] - sum(segments[0][:2]) < 30
    texts = svg_texts(path)
    assert texts[0] == f"{path.with_suffix('.dtb').name}: a board"
    assert "command line: mem=hello <&>" in texts
    assert texts[1].startswith("768 MiB of memory from 0x60000000 on, 448 MiB of it free; 64-bit")
    assert set(COLOURS) <= set(texts)


def test_svg_breaks(tree):
    """Gaps without memory are drawn short and marked; small ones are drawn as long as they are."""
    text = ("/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; m { device_type = \"memory\"; reg = "
            "<0 0x80000000 0 0x40000000  0 0xc8000000 0 0x38000000  8 0 0 0x80000000>; }; };")
    path = tree(text)
    svg = check_all_forms(path)
    run("--svg", svg, path)
    segments = svg_segments(svg)
    assert [colour for _, _, colour in segments] == [COLOURS[k] for k in
                                                     ("free", "no memory", "free", "free")]
    gib = segments[0][1]
    assert segments[1][1] == pytest.approx(gib / 8, rel=0.01)
    assert segments[3][1] == pytest.approx(2 * gib, rel=0.01)
    assert segments[3][0] - sum(segments[2][:2]) < 30
    root = ET.parse(svg).getroot()
    edges = [p for p in root.iter(SVG + "path") if p.get("d").count("l5") > 4]
    assert len(edges) == 2
    assert [words for _, _, _, words in svg_labels(svg)] == ["free", "no memory", "free",
                                                             "no memory", "free"]


def test_svg_of_60_regions(tree):
    """Tiny ones, all with a label of their own."""
    path = tree(source(HALF, children("".join(f"n{i} {{ reg = <{at(i, 0x3000)} 0x1000>; }};"
                                              for i in range(60)))))
    svg = path.with_suffix(".svg")
    run("--svg", svg, path)
    check_svg(svg)
    assert [words for _, _, _, words in svg_labels(svg)] == ["free", *(f"n{i}" for i in range(60)),
                                                             "free"]


@pytest.mark.parametrize("count", [80, 3000])
def test_svg_groups(tree, count):
    """More than fit: neighbours share a label that says how many they are; none is left out."""
    path = tree(source(HALF, children("".join(f"n{i} {{ reg = <{at(i, 0x3000)} 0x1000>; }};"
                                              for i in range(count)))))
    svg = path.with_suffix(".svg")
    run("--svg", svg, path)
    check_svg(svg)
    labels = svg_labels(svg)
    assert 20 < len(labels) <= 64
    held = [label for label in parse_picture(run(path).stdout) if label[2] == "reserved"]
    spoken_for = 0
    for first, last, size, words in labels:
        inside = [s for s in held if first <= s[0] and s[1] <= last + 1]
        group = re.match(r"(\d+) regions: ", words)
        assert len(inside) == (int(group[1]) if group else words != "free"), words
        if inside:
            assert size == size_text(sum(s[1] - s[0] for s in inside))
            assert words.split(": ")[-1].startswith(inside[0][3] or "reserved")
        spoken_for += len(inside)
    assert spoken_for == len(held)


def test_svg_of_a_tiny_tree(tree):
    path = tree('/dts-v1/; / { m { device_type = "memory"; reg = <0 0x1000>; }; };')
    svg = check_all_forms(path)
    assert svg_labels(svg) == [(0, 0xFFF, "4 KiB", "free")]


def test_svg_without_memory(tree):
    svg = check_all_forms(tree(source()))
    assert "There is no memory, and nothing is reserved." in svg_texts(svg)


@pytest.mark.parametrize("name", ["\uffff", "\ufffe", "\x01", "\U0001f4be", "<&>\"'"])
def test_svg_of_a_file_with_any_name(half, tmp_path, name):
    path, svg = tmp_path / f"{name}.dtb", tmp_path / "map.svg"
    path.write_bytes(half.read_bytes())
    run("--svg", svg, path)
    ET.parse(svg)


def test_svg_never_overwrites_what_was_read(half, tmp_path):
    before = half.read_bytes()
    link = tmp_path / "link"
    link.symlink_to(half)
    for svg in half, link:
        done = run("--svg", svg, half, status=2)
        assert "would overwrite" in done.stderr and not done.stdout
    assert half.read_bytes() == before


def test_json_and_svg_together(half, tmp_path):
    svg = tmp_path / "map.svg"
    assert survey("--svg", svg, half) == survey(half)
    check_svg(svg)
