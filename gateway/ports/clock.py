"""The time, as the inside asks for it.

Knows: the shape of each answer. Never does: anything itself; adapters live in the rooms above and meet in `wiring`.
Standard: architecture §3. Start reading: `Clock`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The one reader of time."""

    def now(self) -> datetime:
        """The current instant, UTC, aware."""
        ...
