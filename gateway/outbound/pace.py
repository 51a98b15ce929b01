"""How long one exchange may take in all, and from when it counts as slow: by what it moved. Pure.

Knows: a base and a least rate; counterparts by their kind, closed. Never does: I/O, clocks (instants are given).
Standard: none; RFC 9110 leaves it open. Start reading: `Pace`, then `Progress`.

A time-out for each piece does not bound the whole: a counterpart that sends a byte before each runs out would never be
left. So the whole has a time that grows only with the bytes moved, in either direction.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Counterpart(StrEnum):
    """Whom a client speaks with; the label of figures and the subject of alarms."""

    FITCONNECT = "fitconnect"
    WEBHOOK = "webhook"
    ALARM_WEBHOOK = "alarm_webhook"
    LOGOUT = "logout"
    MAIL = "mail"
    TIMESTAMP = "timestamp"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds for any exchange, and the bytes that buy another second."""

    base_s: float
    bytes_per_s: float

    def seconds(self, moved: int) -> float:
        """For an exchange that moved so many bytes."""
        return self.base_s + moved / self.bytes_per_s


WHOLE: Final = Pace(60.0, 16_384.0)
"""An exchange that takes longer is cut off: its outcome is unknown."""
USUAL: Final = Pace(10.0, 131_072.0)
"""An exchange that takes longer counts as slow."""


@dataclass(slots=True)
class Progress:
    """One exchange under way: when it began, by any clock in seconds, and the bytes that it moved so far."""

    pace: Pace
    began: float
    moved: int = 0

    def add(self, size: int) -> None:
        """So many bytes more."""
        self.moved += size

    def overdue(self, now: float) -> bool:
        """Whether it takes longer than what it moved allows."""
        return now - self.began > self.pace.seconds(self.moved)
