# SPDX-License-Identifier: MIT
"""Text is wrapped, so that a difference of two versions shows the sentence that changed."""

import re

import pytest

from pages import NAMES, split

WIDTH = 110
# What cannot be wrapped: a row of a table, a comment, and a line that is one link.
WIDE = re.compile(r" *(?:\||<!--|(?:[-*] |\d+\. )?!?\[[^\]]*\]\([^)]*\)[.,:;]?$)")


@pytest.mark.parametrize("name", NAMES)
def test_width(name):
    text = split(name)[0].splitlines()
    wide = [f"{name}:{number}: {len(line)} columns, expected at most {WIDTH}"
            for number, line in enumerate(text, 1) if len(line) > WIDTH and not WIDE.match(line)]
    assert not wide, "\n".join(wide)
