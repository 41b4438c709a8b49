# SPDX-License-Identifier: MIT
"""
tools/gdb/cairn.py on what a board can be stopped at, or have lost: a region cut at each write of puts, deletes, batches,
evictions, compaction and clears. It has to show what an open of the store finds in the same bytes.
"""

import subprocess
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
REGION = 12288
CUTS = 6000

# Runs in gdb behind the script: regions come from the file, not from a board.
COMPARE = """
cuts = data = None
def read(address, length):
    return data[address:address + length]
with open("{file}", "rb") as file:
    cuts = 0
    while line := file.readline():
        expected = [file.readline().decode() for _ in range(int(line))]
        data = file.read({region})
        if cuts % 2:  # which copy of the superblock is which does not matter
            data = data[2048:2176] + data[128:2048] + data[:128] + data[2176:]
        region = Region(0)
        found = ["%s %u %d %s\\n" % (key.decode(), len(slot.data), slot.expiry, slot.data[:8].split(bytes(1))[0].decode())
                 for key, slot in region.entries(list(region.slots())).items()]
        assert found == expected, "cut %u: %s, expected %s" % (cuts, found, expected)
        assert not region.problems or region.super.state == FORMATTING, "cut %u: %s" % (cuts, region.problems)
        cuts += 1
print(cuts, "cuts")
"""


def test_regions_that_a_cut_leaves(tmp_path):
    subprocess.run(["gcc", "-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-I", REPO,
                    REPO / "tests" / "host" / "cut_regions.c", REPO / "build" / "lib" / "host" / "libcairn-store.a",
                    "-o", tmp_path / "cut_regions"], check=True, timeout=60)
    with open(tmp_path / "cuts", "wb") as file:
        subprocess.run([tmp_path / "cut_regions"], check=True, stdout=file, timeout=60)
    (tmp_path / "compare.py").write_text(COMPARE.format(file=tmp_path / "cuts", region=REGION), encoding="utf-8")
    done = subprocess.run(["gdb-multiarch", "-batch", "-nx", "-x", REPO / "tools" / "gdb" / "cairn.py",
                           "-x", tmp_path / "compare.py"], check=False, text=True, capture_output=True, timeout=120)
    assert done.stderr == ""
    assert int(done.stdout.split()[0]) >= CUTS
