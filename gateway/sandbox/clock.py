"""Time, ids and secrets of the sandbox: injected, so that tests turn the clock and foresee ids.

Knows: an offset that the admin API moves. Never does: wait. Standard: RFC 9562 (UUID version 4).
Start reading: `Clock`.
"""

from __future__ import annotations

import random
import secrets
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def _system() -> datetime:
    return datetime.now(UTC)


class Clock:
    """The time of day plus what was added by `advance`. `read` gives the undisturbed time, aware, in UTC."""

    def __init__(self, read: Callable[[], datetime] = _system, *, offset_s: float = 0.0) -> None:
        self._read = read
        self.offset_s = offset_s

    def now(self) -> datetime:
        """The sandbox's time, UTC."""
        return self._read() + timedelta(seconds=self.offset_s)

    def seconds(self) -> int:
        """The sandbox's time in whole Unix seconds, as `iat` and `callback-timestamp` want it."""
        return int(self.now().timestamp())

    def advance(self, seconds: float) -> None:
        """Move the sandbox's time; everything that has a deadline sees it."""
        self.offset_s += seconds


class Ids:
    """Ids and secrets. With a `seed` always the same ones, in the same order; without, unforeseeable."""

    def __init__(self, seed: int | None = None) -> None:
        self._random: random.Random = secrets.SystemRandom() if seed is None else random.Random(seed)  # noqa: S311 - seeded for tests only

    def uuid(self) -> str:
        """A UUID version 4, lower case."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def secret(self) -> str:
        """43 characters that nobody guesses (unless seeded)."""
        return "".join(self._random.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", k=43))
