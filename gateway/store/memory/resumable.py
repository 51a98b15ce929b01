"""Uploads in pieces, in memory: what has arrived waits until it is one upload like any other.

Knows: how far an upload has come. Never does: show one client another's. Standard: tus 1.0, `gateway/ports/blobs.py`.
Start reading: `MemoryPieces.append`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from uuid import UUID

from gateway.errors import NotFound, OffsetConflict
from gateway.ports.blobs import IncomingUpload, Resumable, ResumableUploads
from gateway.ports.clock import Clock
from gateway.store.memory.blobs import Blobs
from gateway.store.submissions.resumable import within
from gateway.store.submissions.uploads import KEPT


@dataclass(slots=True)
class _Begun:
    found: Resumable
    municipality: str
    content: bytearray = field(default_factory=bytearray, repr=False)
    done: bool = False


class MemoryPieces(ResumableUploads):
    """Keeps the port in one process; a piece counts when its request ends, with the bytes before a line that broke."""

    def __init__(self, clock: Clock, blobs: Blobs) -> None:
        self._clock, self._blobs = clock, blobs
        self._begun: dict[tuple[str, UUID], _Begun] = {}

    async def begin(
        self, client: str, municipality: str, media_type: str, length: int, metadata: str = ""
    ) -> Resumable:
        """See the port."""
        expires = self._clock.now() + KEPT
        it = _Begun(Resumable(self._blobs.new_id(), length, 0, expires, media_type, metadata), municipality)
        self._begun[client, it.found.upload] = it
        await self._complete(client, it)
        return replace(it.found, metadata="")

    async def find(self, client: str, upload: UUID) -> Resumable:
        """See the port."""
        return self._standing(client, upload).found

    async def append(
        self, client: str, upload: UUID, offset: int, body: AsyncIterator[bytes], *, whole: bool
    ) -> Resumable:
        """See the port. An error of `body` is raised once what came before it counts (with `whole`: nothing does)."""
        it = self._standing(client, upload)
        if it.found.offset != offset:
            raise OffsetConflict(offset=it.found.offset)
        taken = bytearray()
        try:
            async for chunk in within(body, offset, it.found.length):
                taken += chunk
        except BaseException:
            if not whole:
                self._count(client, upload, offset, taken)
            raise
        self._count(client, upload, offset, taken)
        await self._complete(client, it)
        return it.found

    async def end(self, client: str, upload: UUID) -> None:
        """See the port. An upload that a submission uses stays with it."""
        self._standing(client, upload)
        self.forget(client, upload)
        self._blobs.drop_unused(client, upload)

    def forget(self, client: str, upload: UUID) -> None:
        """Remove what is known of an upload besides its bytes, if it came in pieces."""
        self._begun.pop((client, upload), None)

    def _standing(self, client: str, upload: UUID) -> _Begun:
        it = self._begun.get((client, upload))
        if it is None or it.found.expires_at <= self._clock.now():
            raise NotFound
        return it

    def _count(self, client: str, upload: UUID, offset: int, taken: bytearray) -> None:
        """Make a piece count. Raises `OffsetConflict` where another request was quicker."""
        it = self._standing(client, upload)
        if it.found.offset != offset:
            raise OffsetConflict(offset=it.found.offset)
        it.content += taken
        it.found = replace(it.found, offset=offset + len(taken))

    async def _complete(self, client: str, it: _Begun) -> None:
        """Once all has arrived: one upload, as if it had been sent at once."""
        found = it.found
        if found.offset == found.length and not it.done:
            incoming = IncomingUpload(client, it.municipality, found.upload, found.media_type, found.length, None)
            await self._blobs.receive(incoming, _once(bytes(it.content)))
            it.content, it.done = bytearray(), True


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
