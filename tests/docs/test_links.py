# SPDX-License-Identifier: MIT
"""Every link leads somewhere."""

import re

import pytest

from pages import NAMES, REPO, split


def anchors(name):
    """Those that a forge makes of the headings of a page."""
    for heading in re.findall(r"^#+ (.+)$", split(name)[0], re.M):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("name", NAMES)
def test_links(name):
    """To files and headings; to nothing outside, which may go away unseen."""
    for link in re.findall(r"\]\(([^)\s]+)\)", split(name)[0]):
        path, _, anchor = link.partition("#")
        target = ((REPO / name).parent / path).resolve() if path else REPO / name
        assert target.exists() and target.is_relative_to(REPO), f"{name}: {link}"
        assert not anchor or anchor in anchors(str(target.relative_to(REPO))), f"{name}: {link}"


@pytest.mark.parametrize("name", NAMES)
def test_pages_are_linked(name):
    """README.md leads to every page."""
    assert name == "README.md" or f"({name})" in split("README.md")[0]


@pytest.mark.parametrize("name", ["README.md", "docs/CHANGES.md"])
def test_nothing_is_listed_twice(name):
    """What two changes have both written is there once: pages in the lists, rows of a table."""
    text = split(name)[0]
    links = re.findall(r"\]\(([^)\s]+)\)", "\n".join(re.findall(r"^- .*", text, re.M)))
    rows = [(table, cell) for table, rows in enumerate(re.findall(r"(?:^\|.*\n)+", text, re.M))
            for cell in re.findall(r"^\| ([^|]+) \|", rows, re.M)]
    for found in (links, rows):
        assert len(found) == len(set(found)), f"{name}: {[one for one in found if found.count(one) > 1]}"
