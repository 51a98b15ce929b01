"""What one client may ask for: requests a minute, applications a day.

Knows: a bucket for each client, kept in this process; a day's count, looked up once a minute. Never does: wait.
Standards: RFC 6585 §4 (429), RFC 9110 §10.2.3 (Retry-After). Start reading: `Quotas`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from gateway.errors import TooManyRequests
from gateway.ports import Clock

LOOK_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ClientLimits:
    """Limits of one client; None: none. Requests count in each process, applications in all together."""

    requests_per_minute: int | None = None
    submissions_per_day: int | None = None


@dataclass(slots=True)
class _Bucket:
    left: float
    at: datetime


@dataclass(slots=True)
class _Day:
    used: int
    began: datetime
    looked: datetime


class Quotas:
    """Counts and refuses. `count` tells how many applications of a client were taken in since an instant."""

    def __init__(
        self, limits: Mapping[str, ClientLimits], clock: Clock, count: Callable[[str, datetime], Awaitable[int]]
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._count = count
        self._buckets: dict[str, _Bucket] = {}
        self._days: dict[str, _Day] = {}

    def request(self, client: str) -> None:
        """Note a request. Raises `TooManyRequests` with the seconds until the next one is free."""
        rate = self._limits.get(client, _NONE).requests_per_minute
        if rate is None:
            return
        now = self._clock.now()
        bucket = self._buckets.setdefault(client, _Bucket(rate, now))
        bucket.left = min(rate, bucket.left + (now - bucket.at).total_seconds() * rate / 60)
        bucket.at = now
        if bucket.left < 1:
            raise TooManyRequests(retry_after=(1 - bucket.left) * 60 / rate + 0.5)
        bucket.left -= 1

    async def submission(self, client: str) -> None:
        """Ask for room for one more application. Raises `TooManyRequests` with the seconds until midnight UTC."""
        most = self._limits.get(client, _NONE).submissions_per_day
        if most is None:
            return
        now = self._clock.now()
        began = now.replace(hour=0, minute=0, second=0, microsecond=0)
        day = self._days.get(client)
        if day is None or day.began != began or now - day.looked >= LOOK_EVERY:
            day = self._days[client] = _Day(await self._count(client, began), began, now)
        if day.used >= most:
            raise TooManyRequests(retry_after=(began + timedelta(days=1) - now).total_seconds() + 0.5)

    def taken(self, client: str) -> None:
        """Note an application that was taken in."""
        if client in self._days:
            self._days[client].used += 1


_NONE: Final = ClientLimits()
