"""How much one destination is asked for: so many submissions a minute, so many at once. Pure.

Knows: the token bucket as one instant (also for requests of clients), places, the order of those that wait. Never
does: I/O, clocks; count (the store does).
Standard: architecture §3; the bucket is the generic cell rate algorithm (ITU-T I.371, annex A).
Start reading: `decide`.

A submission that must wait gets an instant that stays its own: the queue is one row for each, without polling, and a
worker that dies loses nothing but its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

SLACK: Final = timedelta(seconds=5)
"""An idle destination saves up the tokens of this time (burst)."""
LOOK_AGAIN: Final = timedelta(seconds=60)
"""When a submission that waits for a place asks by itself; a place that becomes free wakes it at once."""
LONGEST_REST: Final = timedelta(hours=1)
"""The longest rest that one `Retry-After` may ask for."""


@dataclass(frozen=True, slots=True)
class TokenBucket:
    """A token every so often, and as many saved up as come in the time `saved`; kept as one instant."""

    every: timedelta
    saved: timedelta

    def first(self, kept: datetime | None, now: datetime) -> datetime:
        """When the next token is there. To be kept: that, and `every` for each token that is taken."""
        return max(kept or now - self.saved, now - self.saved)

    def there(self, first: datetime, now: datetime) -> int:
        """How many tokens are there; what `every` is rounded by takes none away."""
        rounding = (self.saved // self.every + 2) * timedelta.resolution
        return max(0, (now - first + rounding) // self.every + 1)


@dataclass(frozen=True, slots=True)
class RateLimit:
    """What a destination takes: submissions a minute, submissions at once; None: no bound."""

    per_minute: float | None = None
    at_once: int | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """What stands of a destination when somebody asks: the bucket's instant, others on their way, others that wait.

    `known`: the one that asks waits already; `go_at` is the instant it was given.
    """

    bucket: datetime | None
    running: int
    waiting: int
    known: bool = False
    go_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SlotDecision:
    """The answer. `ask_at` unset: go now. `bucket` and `go_at` are to be remembered."""

    ask_at: datetime | None
    bucket: datetime | None
    go_at: datetime | None


def decide(bound: RateLimit, seen: Observed, now: datetime) -> SlotDecision:
    """Whether one may go now, or when it asks again.

    Its token is taken once, at its first question: the instant it got stays its own until it went. A newcomer leaves
    free places to those that wait.
    """
    bucket, go_at = seen.bucket, seen.go_at
    if bound.per_minute is not None and go_at is None:
        tokens = TokenBucket(timedelta(seconds=60 / bound.per_minute), SLACK)
        go_at = tokens.first(bucket, now)
        bucket = go_at + tokens.every
    if go_at is not None and go_at > now:
        return SlotDecision(go_at, bucket, go_at)
    if bound.at_once is not None and bound.at_once - seen.running <= (0 if seen.known else seen.waiting):
        return SlotDecision(now + LOOK_AGAIN, bucket, go_at or now)
    return SlotDecision(None, bucket, go_at)


class Slots(Protocol):
    """What `delivery` asks of the store. One adapter: `gateway/store/operation/destination_slots.py`."""

    async def take(self, submission: UUID, destination: str, bound: RateLimit) -> datetime | None:
        """None: go. Else when to ask again, or to be woken before."""
        ...

    async def give_back(self, submission: UUID) -> None:
        """It went, or stopped: its place is free and the next one is woken."""
        ...

    async def rest(self, destination: str, seconds: float) -> None:
        """The destination asked to be left alone; every worker does."""
        ...

    async def resting(self, destination: str) -> datetime | None:
        """Until when it is left alone; at most a second old."""
        ...
