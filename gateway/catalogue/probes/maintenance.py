"""Times in which failures are expected: measured all the same, told nobody.

Knows: windows of one municipality. Never does: I/O. Standard: catalogue reference §6.2. Start reading: `maintained`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class MaintenanceWindow:
    """A window, half open. `services` empty: all of the municipality, and what they need."""

    begins: datetime
    ends: datetime
    services: frozenset[str] = frozenset()

    def concerns(self, name: str) -> bool:
        """Whether it is about a subject of that name."""
        return not self.services or name in self.services


def maintained(windows: Iterable[MaintenanceWindow], name: str, at: datetime) -> bool:
    """Whether failures of a subject are expected at that time."""
    return any(window.concerns(name) and window.begins <= at < window.ends for window in windows)


def began(windows: Iterable[MaintenanceWindow], name: str, failed_at: datetime, now: datetime) -> datetime:
    """When an outage that is told now began: with its first failure, or when the maintenance was to be over."""
    ends = (
        window.ends for window in windows if window.concerns(name) and window.begins <= failed_at and window.ends <= now
    )
    return max((failed_at, *ends))
