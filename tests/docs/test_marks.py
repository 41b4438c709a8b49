# SPDX-License-Identifier: MIT
"""Every block of the documentation says what it is, and how it is checked."""

import pytest

from pages import NAMES, faults, split


@pytest.mark.parametrize("name", NAMES)
def test_marks(name):
    _, blocks, errors = split(name)
    errors += [f"{block.where}: {fault}" for block in blocks for fault in faults(block)]
    assert not errors, "\n".join(errors)
