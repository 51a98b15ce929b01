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
    progress: Resumable
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
        begun = _Begun(Resumable(self._blobs.new_id(), length, 0, expires, media_type, metadata), municipality)
        self._begun[client, begun.progress.upload] = begun
        await self._complete(client, begun)
        return replace(begun.progress, metadata="")

    async def find(self, client: str, upload: UUID) -> Resumable:
        """See the port."""
        return self._standing(client, upload).progress

    async def append(
        self, client: str, upload: UUID, offset: int, body: AsyncIterator[bytes], *, whole: bool
    ) -> Resumable:
        """See the port. An error of `body` is raised once what came before it counts (with `whole`: nothing does)."""
        begun = self._standing(client, upload)
        if begun.progress.offset != offset:
            raise OffsetConflict(offset=begun.progress.offset)
        taken = bytearray()
        try:
            async for chunk in within(body, offset, begun.progress.length):
                taken += chunk
        except BaseException:
            if not whole:
                self._count(client, upload, offset, taken)
            raise
        self._count(client, upload, offset, taken)
        await self._complete(client, begun)
        return begun.progress

    async def end(self, client: str, upload: UUID) -> None:
        """See the port. An upload that a submission uses stays with it."""
        self._standing(client, upload)
        self.forget(client, upload)
        self._blobs.drop_unused(client, upload)

    def forget(self, client: str, upload: UUID) -> None:
        """Remove what is known of an upload besides its bytes, if it came in pieces."""
        self._begun.pop((client, upload), None)

    def _standing(self, client: str, upload: UUID) -> _Begun:
        begun = self._begun.get((client, upload))
        if begun is None or begun.progress.expires_at <= self._clock.now():
            raise NotFound
        return begun

    def _count(self, client: str, upload: UUID, offset: int, taken: bytearray) -> None:
        """Make a piece count. Raises `OffsetConflict` where another request was quicker."""
        begun = self._standing(client, upload)
        if begun.progress.offset != offset:
            raise OffsetConflict(offset=begun.progress.offset)
        begun.content += taken
        begun.progress = replace(begun.progress, offset=offset + len(taken))

    async def _complete(self, client: str, begun: _Begun) -> None:
        """Once all has arrived: one upload, as if it had been sent at once."""
        progress = begun.progress
        if progress.offset == progress.length and not begun.done:
            incoming = IncomingUpload(
                client, begun.municipality, progress.upload, progress.media_type, progress.length, None
            )
            await self._blobs.receive(incoming, _once(bytes(begun.content)))
            begun.content, begun.done = bytearray(), True


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
