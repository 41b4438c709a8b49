# SPDX-License-Identifier: MIT
"""
All cores use the store at once, and an order of their calls is found that explains every answer: the
image with the command "stress" of tests/threads/board_stress.c. STORE_SEED: other calls.
"""

import os

import pytest

from board import PROMPT

PLANS = ("few keys", "a small region", "many keys", "max_entries")
PLAN_WAIT = 60  # seconds: cores that spin share the host's


@pytest.mark.parametrize("smp", [1, 2, 4])
def test_stress_is_explained(project, spawn, smp):
    """On one core, two and four."""
    seed = int(os.environ.get("STORE_SEED", smp))
    board = spawn([*project.machine, "-smp", smp, "-m", "64M", "-dtb", project.dtb,
                   "-kernel", project.stress, "-append", "cairn.semihosting"], prompt=False)
    board.until(r"\n" + PROMPT)
    board.send(f"stress {seed}\r")
    for plan in PLANS:
        board.until(rf"{plan}: \d+ calls of each of {smp} cores? are explained", timeout=PLAN_WAIT)
    board.until(rf"stress: seed {seed}: good")
    board.until(r"\n" + PROMPT)
    assert board.poweroff() == 0
