"""When a message is tried again, and what became of one try. Pure.

Knows: the delays (exponential back-off by a table, without jitter), `Retry-After`, when a message is given up. Never
does: I/O, clocks. Standards: Standard Webhooks 1.0, RFC 9110 §10.2.3 (Retry-After). Start reading: `next_try`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

GIVEN_UP_AFTER: Final = timedelta(days=3)
DELAYS: Final = (1, 5, 30, 300, 1800, 3600, 7200, 14_400, 28_800)
"""Seconds between a try that failed and the next; the last one repeats until the message is given up."""
LONGEST_WISH: Final = 3600.0
"""Seconds that a receiver may put us off by `Retry-After`."""
GONE_STATUS: Final = 410


@dataclass(frozen=True, slots=True)
class DueMessage:
    """One message that is due. `began` starts the time in which it is tried; `once`: it is not tried again.

    `tries` counts this one, also tries whose worker died; `failures` only those that the receiver failed since `began`.
    """

    id: UUID
    tries: int
    began: datetime
    failures: int = field(default=0, kw_only=True)
    once: bool = field(default=False, kw_only=True)
    given_up_after: timedelta = field(default=GIVEN_UP_AFTER, kw_only=True)


@dataclass(frozen=True, slots=True)
class SendingResult:
    """What became of one try: the receiver's status, or the code of the error that kept us from one.

    `next_at` unset: there is no further try.
    """

    message: UUID
    tries: int
    at: datetime
    delivered: bool
    status: int | None
    error: str | None
    next_at: datetime | None

    @property
    def gone(self) -> bool:
        """Whether the receiver wants nothing more (Standard Webhooks 1.0: 410)."""
        return self.status == GONE_STATUS


def next_try(message: DueMessage, now: datetime, wish: float | None = None) -> datetime | None:
    """When to try again after a failure at `now`; None where it is given up. `wish`: `Retry-After` in seconds."""
    if message.once:
        return None
    delay: float = DELAYS[min(message.failures, len(DELAYS) - 1)]
    then = now + timedelta(seconds=max(delay, min(wish or 0.0, LONGEST_WISH)))
    return then if then <= message.began + message.given_up_after else None


def seconds(retry_after: str) -> float | None:
    """What a field `Retry-After` asks for; a date in it is not read."""
    return float(retry_after) if retry_after.isascii() and retry_after.isdigit() and len(retry_after) < 9 else None
