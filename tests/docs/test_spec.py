# SPDX-License-Identifier: MIT
"""SPEC.md has the offsets and the constants of the code, which is asked by a program."""

import re
import subprocess

import pytest

from pages import REPO, split

TEXT = split("docs/SPEC.md")[0]
WAIT = 60

# A section, what its numbers are offsets of, and the fields that its table has to have.
FLASH_IMAGE = [f"offsetof(struct flash_image, {field})" for field in
               ("magic", "version", "parts[0].base", "parts[0].size", "parts[1].base", "parts[1].size", "mark", "crc",
                "text", "header_crc")]
SELECTION = [f"offsetof(struct selection, {field})" for field in
             ("magic", "sequence", "preferred", "crc", "tried[0]", "tried[1]", "confirmed[0]", "confirmed[1]", "spare")]
TABLES = {
    "## Superblock: bytes 0 to 4095": ["SB_MAGIC", "SB_VERSION", "SB_STATE", "SB_REGION_SIZE", "SB_SALT", "SB_GENERATION",
                                       "SB_BOOTS", "SB_SEQ_LIMIT", "SB_FLOOR", "SB_BATCH_LO", "SB_BATCH_HI", "SB_EVICT_NEW",
                                       "SB_EVICT_VICTIM", "SB_EVICT_OFFSET", "SB_PLACE", "SB_CRC"],
    "### The note": [f"NOTE_OFFSET + {field}" for field in ("NOTE_MAGIC", "NOTE_CRC", "NOTE_LENGTH", "NOTE_TEXT")],
    "## Image: from byte 4096": ["HDR_SIZE", "HDR_KEYLEN", "HDR_DATALEN", "HDR_METALEN", "HDR_EXPIRY", "HDR_BYTES",
                                 "TRL_W0", "TRL_W1", "TRL_CRC", "TRL_TAG"],
    "## Image": FLASH_IMAGE,
    "## Selection": SELECTION,
}
CONSTANTS = ["SB_MAGIC_VALUE", "SB_NORMAL", "SB_FORMATTING", "NOTE_MAGIC_VALUE", "IMAGE_MAGIC", "TAG_MAGIC", "CRC_FREE",
             "CRC_STAGE", "CRC_STAGEDEL", "KEYLEN_QMARK", "FLASH_IMAGE_MAGIC", "SELECTION_MAGIC"]
# Those that no header has: file, name.
PRIVATE = [("store/snapshot.c", "HEADER_MAGIC"), ("boot/reset_cause.c", "MARK"), ("lib/log.c", "KEPT_MAGIC"),
           ("boot/zimage.c", "MAGIC"), ("boot/zimage.c", "TABLE_MAGIC"), ("boot/zimage.c", "TABLE_TAG"),
           ("boot/atags.h", "ATAG_CORE"), ("boot/atags.h", "ATAG_MEM"), ("boot/atags.h", "ATAG_INITRD2"),
           ("boot/atags.h", "ATAG_CMDLINE"), ("boot/tree_scan.c", "MAGIC")]


def section(heading):
    """What is below a heading, up to the next one."""
    return re.search(rf"^{re.escape(heading)}$\n(.*?)(?=^#|\Z)", TEXT, re.M | re.S)[1]


@pytest.fixture(scope="module")
def value(tmp_path_factory):
    """What an expression of C is, by the headers."""
    wanted = CONSTANTS + [expression for fields in TABLES.values() for expression in fields]
    folder = tmp_path_factory.mktemp("spec")
    calls = "".join(f'\tprintf("%lu\\n", (unsigned long)({expression}));\n' for expression in wanted)
    (folder / "spec.c").write_text(
        "#include <stddef.h>\n#include <stdio.h>\n#include \"boot/flash_image.h\"\n#include \"boot/selection.h\"\n"
        f'#include "store/format.h"\n#include "store/store.h"\nint main(void)\n{{\n{calls}\treturn 0;\n}}\n')
    subprocess.run(["gcc", f"-I{REPO}", "-o", folder / "spec", folder / "spec.c"], check=True, timeout=WAIT)
    told = subprocess.run([folder / "spec"], check=True, text=True, capture_output=True, timeout=WAIT).stdout.split()
    return dict(zip(wanted, map(int, told)))


@pytest.mark.parametrize("heading", TABLES)
def test_offsets(heading, value):
    cells = " ".join(re.findall(r"^\| ([^|]*\d[^|]*) \|", section(heading), re.M))
    shown = set(map(int, re.findall(r"\d+", cells)))
    for field in TABLES[heading]:
        assert value[field] in shown, f"{heading}: {field} is at {value[field]}"


@pytest.mark.parametrize("name", CONSTANTS)
def test_constants(name, value):
    assert f"0x{value[name]:08x}" in TEXT


@pytest.mark.parametrize("file, name", PRIVATE)
def test_private_constants(file, name):
    number = re.search(rf"^#define {name} (0x\w+?)U?\b", (REPO / file).read_text(encoding="utf-8"), re.M)[1]
    assert f"0x{int(number, 16):08x}" in TEXT


def test_partitions():
    """Those of the board's tree."""
    tree = (REPO / "dts" / "vexpress-a9.dts").read_text(encoding="utf-8")
    there = re.findall(r'label = "([\w-]+)";\s+reg = <0x(\w+) 0x(\w+)>', tree)
    assert len(there) == 6
    rows = re.findall(r"^\| `([\w-]+)` \| 0x(\w+) \| ([\d.]+) MiB", section("# Flash"), re.M)
    assert [(name, int(off, 16), int(size, 16)) for name, off, size in there] == \
        [(name, int(off, 16), int(float(size) * 2**20)) for name, off, size in rows]


def test_addresses():
    """Those of the boot contract, by what was built."""
    layout = (REPO / "build" / "vexpress-a9" / "gen" / "flash_layout.h").read_text(encoding="utf-8")
    numbers = {name: int(at, 16) for name, at in re.findall(r"#define (\w+) 0x(\w+)", layout)}
    sysreg, sram = numbers["SYSREG_BASE"], numbers["SELECTOR_SRAM_BASE"]
    names = subprocess.run(["arm-none-eabi-nm", REPO / "build/vexpress-a9/cairn.elf"], check=True, text=True,
                           capture_output=True, timeout=WAIT).stdout
    symbols = {name: int(at, 16) for at, name in re.findall(r"^([0-9a-f]+) \w (\S+)$", names, re.M)}
    pen = 0x48001000
    for address in (symbols["_start"], sysreg + 0x30, sysreg + 0x38, sram, sram + numbers["SELECTOR_SRAM_SIZE"] - 1,
                    pen, pen + symbols["leave_pen_end"] - symbols["leave_pen"] - 1):
        assert f"0x{address:08x}" in section("## The image in memory") + TEXT[TEXT.index("## Entry\n"):]
