"""How often one address may send a form: counted in memory of one process, by a keyed digest, never by the address.

Knows: that an IPv6 network is one sender. Never does: keep an address, write anything down. Standard: RFC 6585 §4.
Start reading: `AddressBounds.note`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from gateway.errors import TooManyRequests
from gateway.login.failed_tries import network_of
from gateway.ports.clock import Clock

WITHIN: Final = timedelta(hours=1)
MOST: Final = 20
REMEMBERED: Final = 10_000
"""Senders that a process remembers; with more, those seen longest ago are forgotten."""


class AddressBounds:
    """The senders of the last hour; `digest` is keyed."""

    def __init__(self, clock: Clock, digest: Callable[..., bytes]) -> None:
        self._clock, self._digest = clock, digest
        self._times: dict[bytes, list[datetime]] = {}

    def note(self, address: str) -> None:
        """Count a form of this address. Raises `TooManyRequests` with the seconds until another one may come."""
        now, name = self._clock.now(), self._digest(b"feedback", network_of(address).encode())
        times = [at for at in self._times.pop(name, ()) if timedelta() <= now - at < WITHIN]
        self._times[name] = times
        while len(self._times) > REMEMBERED:
            del self._times[next(iter(self._times))]
        if len(times) >= MOST:
            raise TooManyRequests(retry_after=(times[0] + WITHIN - now).total_seconds())
        times.append(now)
