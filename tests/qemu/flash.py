# SPDX-License-Identifier: MIT
"""The contents of the board's flash in a file, by docs/SPEC.md: images, and what the selector counts."""

import re
import struct
import subprocess
from pathlib import Path

REPO = Path(__file__).parents[2]
DTS = REPO / "dts" / "vexpress-a9.dts"
MAKE_TREE = REPO / "tools" / "flash-tree.sh"
HEADER = struct.Struct("<8I92sI")
RECORD = struct.Struct("<4I6I2I16s")
SLOTS, AREAS = 64, 4
BLANK = 0xFFFFFFFF
TRIES = 3


def crc32c_table():
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        yield byte


TABLE = list(crc32c_table())


def crc32c(data):
    crc = BLANK
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ BLANK


def partitions():
    """The offset of each partition by its name, as the board's tree has them."""
    found = re.findall(r'label = "([^"]+)";\s*reg = <(0x\w+) 0x\w+>', DTS.read_text())
    return {name: int(offset, 16) for name, offset in found}


class Flash:
    """The file PATH."""

    def __init__(self, project, path):
        self.project, self.path = project, path
        self.at = {name: int(value, 16) for name, value in
                   re.findall(r"^#define (\w+) 0x(\w+)$", project.flash_layout.read_text(), re.M)}

    def place(self, letter):
        """The offset of an image."""
        return self.at[f"IMAGE_{letter}_OFFSET"]

    def read(self, offset, size):
        with open(self.path, "rb") as file:
            file.seek(offset)
            return file.read(size)

    def write(self, offset, data):
        with open(self.path, "r+b") as file:
            file.seek(offset)
            file.write(data)

    def image(self, letter):
        """The fields of an image's header, its code and its tree, all checked."""
        fields = HEADER.unpack(self.read(self.place(letter), HEADER.size))
        magic, version, code_at, code_size, tree_at, tree_size, mark, crc, text, header_crc = fields
        assert magic.to_bytes(4, "little") == b"CIMG" and version == 1
        assert crc32c(HEADER.pack(*fields)[:-4]) == header_crc
        data = self.read(self.place(letter) + HEADER.size, code_size + tree_size)
        assert crc32c(data) == crc
        return {"code_at": code_at, "code": data[:code_size], "tree_at": tree_at,
                "tree": data[code_size:], "mark": mark, "crc": crc, "text": text.rstrip(b"\0")}

    def put_image(self, letter, code=None, bootargs=None, text="test", tree=None):
        """Makes an image of CODE and TREE, with BOOTARGS, and writes it to the place of LETTER."""
        code_path, folder = self.project.bin, self.path.parent
        if code is not None:
            code_path = folder / "code.bin"
            code_path.write_bytes(code)
        made_tree = self.project.flash_dtb
        if bootargs is not None:
            made_tree = folder / "tree.dtb"
            subprocess.run([MAKE_TREE, tree or self.project.dtb, self.project.dtb, made_tree,
                            bootargs + " cairn.image=?"], check=True, timeout=30)
        first, last = self.project.image
        made = subprocess.run([self.project.flash_image, code_path, f"{first:x}", made_tree,
                               f"{last + 1:x}", text], check=True, timeout=30, capture_output=True)
        self.write(self.place(letter), made.stdout)

    def tree(self, letter, size):
        """SIZE bytes of the tree of an image."""
        return self.image(letter)["tree"][:size]

    def records(self):
        """(offset, fields) of each place that is not blank."""
        stride = self.at["SELECTOR_SIZE"] // (1 + AREAS)
        for area in range(AREAS):
            for slot in range(SLOTS):
                offset = self.at["SELECTOR_OFFSET"] + (1 + area) * stride + slot * RECORD.size
                raw = self.read(offset, RECORD.size)
                if raw != b"\xff" * RECORD.size:
                    yield offset, RECORD.unpack(raw)

    def counted(self):
        """What counts: (preferred letter, tries used of A and B, whether each is confirmed)."""
        found = dict(self.records())
        valid = {at: r for at, r in found.items()
                 if r[0].to_bytes(4, "little") == b"SSLT" and r[3] == crc32c(RECORD.pack(*r)[:12])}
        if valid:
            record = max(valid.values(), key=lambda r: r[1])
        else:
            first = self.at["SELECTOR_OFFSET"] + self.at["SELECTOR_SIZE"] // (1 + AREAS)
            record = (0, 0, 0, 0, *RECORD.unpack(self.read(first, RECORD.size))[4:])
        used = [sum(word != BLANK for word in record[4 + TRIES * i:4 + TRIES * (i + 1)])
                for i in range(2)]
        confirmed = []
        for i, letter in enumerate("AB"):
            try:
                confirmed.append(record[10 + i] == self.image(letter)["crc"])
            except AssertionError:
                confirmed.append(False)
        return "AB"[record[2]], used, confirmed
