"""Pages and feeds as bytes, kept for some seconds: many readers cost one look at the database.

Knows: how long one is fresh, that an old one is better than none while the database is away. Never does: make one.
Standard: RFC 9111 (what a cache may do; this one is before the network). Start reading: `RenderedDocuments.of`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from gateway.errors import DatabaseAway
from gateway.ports.clock import Clock
from gateway.web.http.conditional import tag_of

FRESH: Final = timedelta(seconds=5)
BETTER_THAN_NONE: Final = timedelta(hours=1)
MOST_BYTES: Final = 32 << 20


@dataclass(frozen=True, slots=True)
class RenderedDocument:
    """Bytes with their tag, as they were made then."""

    content: bytes
    tag: str
    made_at: datetime


class RenderedDocuments:
    """The documents of one process, by what they are of; the oldest go when they are too many."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._made: dict[Hashable, RenderedDocument] = {}
        self._turns: dict[Hashable, asyncio.Lock] = {}
        self._bytes = 0

    async def of(self, key: Hashable, make: Callable[[], Awaitable[bytes]]) -> RenderedDocument:
        """The document, made anew where it is old; one caller makes it, the others get it or the one before.

        Raises what `make` raises, but `DatabaseAway` only where there is none of the last hour.
        """
        known = self._known(key, FRESH)
        if known is not None:
            return known
        turn = self._turns.setdefault(key, asyncio.Lock())
        old = self._known(key, BETTER_THAN_NONE)
        if old is not None and turn.locked():
            return old
        try:
            async with turn:
                known = self._known(key, FRESH)
                return known or self._keep(key, await make())
        except DatabaseAway:
            if old is not None:
                return old
            raise
        finally:
            if not turn.locked():
                self._turns.pop(key, None)

    def _known(self, key: Hashable, within: timedelta) -> RenderedDocument | None:
        document = self._made.get(key)
        if document is None or self._clock.now() - document.made_at > within:
            return None
        return document

    def _keep(self, key: Hashable, content: bytes) -> RenderedDocument:
        document = RenderedDocument(content, tag_of(content), self._clock.now())
        self._drop(key)
        self._made[key] = document
        self._bytes += len(content)
        while self._bytes > MOST_BYTES and len(self._made) > 1:
            self._drop(next(iter(self._made)))
        return document

    def _drop(self, key: Hashable) -> None:
        document = self._made.pop(key, None)
        if document is not None:
            self._bytes -= len(document.content)
