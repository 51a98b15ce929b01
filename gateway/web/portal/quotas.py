"""What one client may ask for: requests a minute, applications a day, at all processes together.

Knows: what this process has left of each client's allowance, fetched a few at a time. Never does: wait; ask
the database for each request. What a process does not use within a minute is forfeited.
Standards: RFC 6585 §4 (429), RFC 9110 §10.2.3 (Retry-After). Start reading: `Quotas`.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Protocol

from gateway.errors import TooManyRequests
from gateway.ports.clock import Clock

SHARES: Final = 20
"""A process fetches this part of a minute's requests at a time."""
DAY_SHARES: Final = 200
"""And this part of a day's applications."""
KEPT: Final = timedelta(minutes=1)
REMEMBERED_S: Final = 1.0
"""A client that has nothing left is refused without a question to the database for so long at most."""


@dataclass(frozen=True, slots=True)
class ClientLimits:
    """Limits of one client, counted in all processes together; None: none."""

    requests_per_minute: int | None = None
    submissions_per_day: int | None = None


class Allowances(Protocol):
    """What all processes share. One adapter: `gateway/store/operation/allowances.py`."""

    async def requests(self, client: str, per_minute: int, at_most: int) -> tuple[int, float]:
        """Take up to so many requests out of the client's bucket; how many, and seconds until there is one."""
        ...

    async def submissions(self, client: str, day: datetime, most: int, at_most: int) -> int:
        """Take up to so many applications out of the client's day, which begins at `day`; how many."""
        ...


@dataclass(slots=True)
class _Left:
    """What this process holds of one client's allowance, until when; `refused`: nothing is to be had for so long."""

    number: int
    until: datetime
    refused: float = 0.0


class Quotas:
    """Counts and refuses."""

    def __init__(self, limits: Mapping[str, ClientLimits], clock: Clock, allowances: Allowances) -> None:
        self._limits = limits
        self._clock = clock
        self._allowances = allowances
        self._requests: dict[str, _Left] = {}
        self._days: dict[str, _Left] = {}
        self._fetching: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def request(self, client: str) -> None:
        """Note a request. Raises `TooManyRequests` with the seconds until the next one is free."""
        rate = self._limits.get(client, _NONE).requests_per_minute
        if rate is not None:
            await self._take(self._requests, client, partial(self._fetch_requests, client, rate))

    async def submission(self, client: str) -> None:
        """Count one more application. Raises `TooManyRequests` with the seconds until midnight UTC."""
        most = self._limits.get(client, _NONE).submissions_per_day
        if most is not None:
            await self._take(self._days, client, partial(self._fetch_submissions, client, most))

    def give_back(self, client: str) -> None:
        """Count one application less: it was refused, or known already."""
        left = self._days.get(client)
        if left is not None:
            left.number += 1

    async def _take(self, held: dict[str, _Left], client: str, fetch: Callable[[], Awaitable[_Left]]) -> None:
        """Take one of what is held; where nothing is, one of those that wait fetches for all (single flight)."""
        if self._spend(held, client):
            return
        async with self._fetching[client]:
            if not self._spend(held, client):
                held[client] = await fetch()
                self._spend(held, client)

    async def _fetch_requests(self, client: str, rate: int) -> _Left:
        number, wait = await self._allowances.requests(client, rate, max(1, rate // SHARES))
        kept = KEPT if number else timedelta(seconds=min(wait, REMEMBERED_S))
        return _Left(number, self._clock.now() + kept, 0.0 if number else wait)

    async def _fetch_submissions(self, client: str, most: int) -> _Left:
        now = self._clock.now()
        day = now.replace(hour=0, minute=0, second=0, microsecond=0)
        tomorrow = day + timedelta(days=1)
        number = await self._allowances.submissions(client, day, most, max(1, most // DAY_SHARES))
        until = tomorrow if number else min(now + timedelta(seconds=REMEMBERED_S), tomorrow)
        return _Left(number, until, 0.0 if number else (tomorrow - now).total_seconds())

    def _spend(self, held: dict[str, _Left], client: str) -> bool:
        """Take one of what is held; False where something has to be fetched. Raises `TooManyRequests`."""
        left = held.get(client)
        if left is None or left.until <= self._clock.now():
            return False
        if left.number > 0:
            left.number -= 1
            return True
        if left.refused:
            raise TooManyRequests(retry_after=left.refused + 0.5)
        return False


_NONE: Final = ClientLimits()
