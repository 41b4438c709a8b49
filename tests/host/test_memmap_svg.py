# SPDX-License-Identifier: MIT
"""memmap's picture in SVG."""

import re
import xml.etree.ElementTree as ET

import pytest

from memmap_forms import (COLOURS, SVG, check_all_forms, check_svg, parse_picture, size_text,
                          svg_labels, svg_segments, svg_texts)
from memmap_tool import HALF, at, children, half, run, source, survey, tree


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
