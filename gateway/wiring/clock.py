"""The machine's clock: the only place that reads it for what is decided or kept.

Knows: UTC. Never does: measure how long something took. Start reading: `SystemClock`.
"""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The current instant, UTC."""
        return datetime.now(UTC)
