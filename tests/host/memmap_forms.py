# SPDX-License-Identifier: MIT
"""What memmap prints, read back and checked: dump, picture in text, SVG."""

import re
import xml.etree.ElementTree as ET

from memmap_tool import STAMP, regions, run, survey


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
