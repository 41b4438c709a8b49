# SPDX-License-Identifier: MIT
"""A failed assertion of what the tests share shows its values, too."""

import pytest

pytest.register_assert_rewrite("fcs_tool", "fcs_play", "memmap_tool", "memmap_forms")
