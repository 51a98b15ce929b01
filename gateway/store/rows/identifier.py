"""Identifiers that sort by the time they were made.

Knows: UUID version 7. Never does: read a clock, make randomness; both are given. Standard: RFC 9562 §5.7.
Start reading: `ordered`.

Rows with such ids lie beside those made at about the same time. With random ids each row of a large table touches a
page of its own in every index, which the database has to read and, after a checkpoint, to write whole.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

RANDOM_BYTES: Final = 10


def ordered(now: datetime, random: bytes) -> UUID:
    """A UUID of version 7.

    Args:
        now: with a time zone; counts to the millisecond.
        random: `RANDOM_BYTES` of them, fresh; 74 bits are used, so that nobody guesses an id.
    """
    if len(random) != RANDOM_BYTES:
        raise ValueError(len(random))
    milliseconds = int(now.timestamp() * 1000)
    parts = bytearray(milliseconds.to_bytes(6, "big") + random)
    parts[6] = parts[6] & 0x0F | 0x70
    parts[8] = parts[8] & 0x3F | 0x80
    return UUID(bytes=bytes(parts))
