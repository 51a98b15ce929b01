"""Bounds on guessing: how often one address may bring a client's credentials, codes or tokens that open nothing.

Knows: whom a failed try is counted to, that all processes count together. Never does: keep an address, delay what
succeeds. Standard: RFC 6749 §10.10, RFC 6585 §4 (429). Start reading: `FailedTries.check`.

Failures are counted by address and client, so that nobody locks out a portal from elsewhere. Clients share the counts
of an address by a digest of one byte: whether a client exists does not show, and an address has no more than so many.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address
from typing import Final, Protocol

from gateway.errors import TooManyRequests
from gateway.ports.clock import Clock

PER_MINUTE: Final = 120
_REMEMBERED: Final = 10_000
"""Callers that a process remembers as refused; each for a second or so."""
_PREFIX: Final = 64
"""Of an IPv6 address what names a network; the rest its user may choose."""


class FailedAllowances(Protocol):
    """What all processes share. One adapter: `gateway/store/operation/allowances.py`."""

    async def failures(self, whose: str, per_minute: int) -> float:
        """Note a failed try; seconds until there may be another, 0 where there may be one at once."""
        ...


class FailedTries:
    """Counts and refuses; without `allowances` neither. `digest` is keyed: no row or memory holds an address."""

    def __init__(self, clock: Clock, digest: Callable[..., bytes], allowances: FailedAllowances | None = None) -> None:
        self._clock = clock
        self._digest = digest
        self._allowances = allowances
        self._refused: dict[str, datetime] = {}

    def whose(self, address: str, client: str = "") -> str:
        """Whom tries from this address with this client's name are counted to."""
        share = hashlib.sha256(client.encode("utf-8", "surrogatepass")).digest()[:1]
        return self._digest(b"failed-tries", network_of(address).encode(), share).hex()

    def check(self, whose: str) -> None:
        """Raises `TooManyRequests` where too many failed just now: nothing is judged then, not even what is right."""
        until, now = self._refused.get(whose), self._clock.now()
        if until is not None and until > now:
            raise TooManyRequests(retry_after=(until - now).total_seconds() + 0.5)

    async def failed(self, whose: str) -> None:
        """Note a failed try. Raises `DatabaseAway`: what is not counted is not answered."""
        if self._allowances is None:
            return
        wait = await self._allowances.failures(whose, PER_MINUTE)
        if wait <= 0:
            self._refused.pop(whose, None)
            return
        now = self._clock.now()
        if len(self._refused) >= _REMEMBERED:
            self._refused = {name: until for name, until in self._refused.items() if until > now}
        if len(self._refused) < _REMEMBERED:
            self._refused[whose] = now + timedelta(seconds=wait)


def network_of(address: str) -> str:
    """What an address counts as: itself, or of IPv6 its network."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        mapped = parsed.ipv4_mapped
        return str(mapped) if mapped else str(IPv6Address(int(parsed) >> _PREFIX << _PREFIX))
    return str(parsed)
