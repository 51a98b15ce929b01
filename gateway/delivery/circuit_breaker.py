"""A circuit breaker for each destination: one that does not answer is not asked for a while; the others go on.

Knows: how often in a row a destination was away, and when it may be tried again. Never does: I/O, reading a clock.
Standard: architecture §3 (a circuit per destination). Start reading: `Circuits`.

It lives in the memory of one worker and decides nothing about a submission.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

OPENS_AFTER = 5
"""Failures in a row that open it."""
RESTS_S = (2.0, 5.0, 10.0, 20.0, 30.0)
"""Seconds that it stays open, the first time and each time that the one allowed to try failed again."""
PROBE_S = 5.0
"""Seconds that the others wait for the one that tries."""


@dataclass(slots=True)
class _Circuit:
    failures: int = 0
    rests: int = 0
    until: datetime | None = None
    trying: bool = False


class Circuits:
    """All circuits of one process, by destination."""

    def __init__(self) -> None:
        self._circuits: dict[str, _Circuit] = {}

    def wait(self, destination: str, now: datetime) -> datetime | None:
        """None: go ahead. Else the instant to ask again; when that has come, the first to ask may try."""
        circuit = self._circuits.get(destination)
        if circuit is None or circuit.until is None:
            return None
        if circuit.until > now:
            return circuit.until
        circuit.until, circuit.trying = now + timedelta(seconds=PROBE_S), True
        return None

    def failed(self, destination: str, now: datetime) -> bool:
        """It did not answer, or asked to be left alone. True where that opened the circuit."""
        circuit = self._circuits.setdefault(destination, _Circuit())
        circuit.failures += 1
        straggler = circuit.until is not None and not circuit.trying
        if circuit.failures < OPENS_AFTER or straggler:
            return False
        rest_s = RESTS_S[min(circuit.rests, len(RESTS_S) - 1)]
        circuit.until, circuit.trying = now + timedelta(seconds=rest_s), False
        circuit.rests += 1
        return True

    def succeeded(self, destination: str) -> None:
        """It answered: closed."""
        self._circuits.pop(destination, None)
