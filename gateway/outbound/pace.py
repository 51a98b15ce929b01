"""How long one exchange may take in all, and from when it counts as slow: by what it moved. Pure.

Knows: a base and a least rate; counterparts by their kind, closed. Never does: I/O, clocks (instants are given).
Standard: none; RFC 9110 leaves it open. Start reading: `Pace`, then `Progress`.

A time-out for each piece alone is none for the whole: who sends a byte before each runs out is never left. So the whole
has a time that only grows with the bytes that really went over the wire, in either direction.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol


class Counterpart(StrEnum):
    """Whom a client speaks with; the label of figures and the subject of alarms."""

    FITCONNECT = "fitconnect"
    WEBHOOK = "webhook"
    ALARM_WEBHOOK = "alarm_webhook"
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
"""Whoever takes longer is left: its outcome is unknown."""
USUAL: Final = Pace(10.0, 131_072.0)
"""Whoever takes longer is told of."""


class Timer(Protocol):
    """What ends an exchange; `asyncio.Timeout` is one."""

    def reschedule(self, when: float | None) -> None:
        """End it at `when` of its clock."""
        ...


@dataclass(slots=True)
class Progress:
    """One exchange under way: what it moved so far, and its end, which bytes put off.

    `began` is an instant of the timer's clock.
    """

    pace: Pace
    began: float
    timer: Timer | None = None
    moved: int = 0
    _counted: int = field(default=0, init=False)

    def add(self, size: int) -> None:
        """So many bytes more; the timer learns of it for each second that they bought."""
        self.moved += size
        if self.timer is not None and self.moved - self._counted >= self.pace.bytes_per_s:
            self._counted = self.moved
            self.timer.reschedule(self.began + self.pace.seconds(self.moved))
