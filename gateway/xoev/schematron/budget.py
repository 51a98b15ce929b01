"""How much work a rule may cause: steps that are counted, not seconds, so that every machine refuses the same rule.

Knows: how many steps are left. Never does: read a clock. Standard: of this project. Start reading: `Budget.spend`.
"""

from __future__ import annotations

from typing import Final

STEPS: Final = 2_000_000
"""Steps for one document: some seconds of one core. The rules of XBau need a few thousand for an ordinary message."""


class Exhausted(Exception):
    """The budget is used up; the caller of the rules makes a finding of it."""


class Budget:
    """Steps that are left.

    A step is one evaluation, one item of a sequence, 64 characters of a text or 64 bits of a number.
    """

    def __init__(self, steps: int = STEPS) -> None:
        self.left = steps

    def spend(self, steps: int) -> None:
        """Use steps up; raises `Exhausted` when none is left."""
        self.left -= steps
        if self.left < 0:
            raise Exhausted
