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
