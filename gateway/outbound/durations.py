"""How long exchanges took, gathered in one process until somebody writes it down.

Knows: closed buckets by kind of counterpart, which exchange was slow. Never does: I/O but a log line, clocks; name an
address in a figure (the log line names the host). Standard: Prometheus histograms. Start reading: `Durations.note`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog

from gateway.outbound.pace import USUAL, Counterpart, Pace

BUCKETS: Final = (0.05, 0.25, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Upper bounds in seconds; one more holds what took longer."""

log = structlog.get_logger()


@dataclass(slots=True)
class Tally:
    """Exchanges with one kind of counterpart: how many in each bucket, their seconds, and how many were slow."""

    numbers: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    seconds: float = 0.0
    slow: int = 0


class Durations:
    """The tallies of one process since they were last taken."""

    def __init__(self, usual: Pace = USUAL) -> None:
        self._usual = usual
        self._tallies: dict[Counterpart, Tally] = {}

    def note(self, counterpart: Counterpart, host: str, seconds: float, moved: int = 0) -> None:
        """An exchange ended, well or not, after it moved so many bytes."""
        tally = self._tally(counterpart)
        tally.numbers[bisect_left(BUCKETS, seconds)] += 1
        tally.seconds += seconds
        if seconds > self._usual.seconds(moved):
            tally.slow += 1
            log.warning("outbound.slow", counterpart=counterpart.value, host=host, seconds=round(seconds, 1))

    def _tally(self, counterpart: Counterpart) -> Tally:
        return self._tallies.setdefault(counterpart, Tally())

    def take(self) -> Mapping[Counterpart, Tally]:
        """What was noted since the last call."""
        taken, self._tallies = self._tallies, {}
        return taken

    def put_back(self, taken: Mapping[Counterpart, Tally]) -> None:
        """What could not be written down counts on."""
        for counterpart, tally in taken.items():
            current = self._tally(counterpart)
            current.numbers = [number + more for number, more in zip(current.numbers, tally.numbers, strict=True)]
            current.seconds += tally.seconds
            current.slow += tally.slow
