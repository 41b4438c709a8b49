# SPDX-License-Identifier: MIT
"""Every command of the documentation is run, and prints what stands below it."""

import pytest

from pages import NAMES, split
from reader import Reader


@pytest.mark.parametrize("name", NAMES)
def test_commands(name, folder, environment):
    reader = Reader(folder, environment)
    try:
        reader.read(split(name)[1])
    finally:
        reader.close()
