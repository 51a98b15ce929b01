"""Bytes in memory: blobs, and the uploads that they come as.

Knows: to whom an upload belongs, what a repeated one means, which one is still free. Never does: show one client
another's. Standard: `gateway/ports/blobs.py`. Start reading: `Blobs.receive`.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from gateway.errors import DigestMismatch, InternalError, NotFound, UploadConflict, UploadTaken, UploadUnknown
from gateway.model import Attachment
from gateway.ports.blobs import IncomingUpload, Upload
from gateway.ports.clock import Clock
from gateway.store.submissions.blobs import FRAME
from gateway.store.submissions.uploads import KEPT, measured


@dataclass(slots=True)
class Blob:
    """Bytes, and the submission that they belong to (unset: an upload that none uses yet)."""

    content: bytearray = field(repr=False)
    submission: UUID | None = None
    finished: bool = True


@dataclass(slots=True)
class KeptUpload:
    """An upload, its blob and the submission that uses it."""

    upload: Upload
    blob: UUID
    submission: UUID | None = None

    def lives(self, now: datetime) -> bool:
        """Whether it is used or may still be."""
        return self.submission is not None or self.upload.expires_at > now


class MemoryWriter:
    """Takes the bytes of one blob in order."""

    def __init__(self, kept: dict[UUID, Blob], blob: UUID, submission: UUID) -> None:
        self._kept, self.blob = kept, blob
        kept[blob] = Blob(bytearray(), submission, finished=False)

    async def write(self, data: bytes) -> None:
        """Append bytes of any length."""
        self._standing().content += data

    async def finish(self) -> UUID:
        """Make the blob whole."""
        self._standing().finished = True
        return self.blob

    def _standing(self) -> Blob:
        if self.blob not in self._kept:
            raise InternalError(cause="the blob was erased while it was written")
        return self._kept[self.blob]


class Blobs:
    """All bytes of one store; `kept` are the blobs by their id."""

    def __init__(self, clock: Clock, new_id: Callable[[], UUID]) -> None:
        self._clock, self.new_id = clock, new_id
        self._uploads: dict[tuple[str, UUID], KeptUpload] = {}
        self.kept: dict[UUID, Blob] = {}

    def whole(self, blob: UUID | None) -> bool:
        """Whether the blob is there and finished."""
        return blob is not None and blob in self.kept and self.kept[blob].finished

    async def read(self, blob: UUID) -> AsyncGenerator[bytes]:
        """The bytes, frame by frame. Raises `NotFound` for an unknown or unfinished blob."""
        if not self.whole(blob):
            raise NotFound
        content = self.kept[blob].content
        for start in range(0, len(content), FRAME):
            yield bytes(content[start : start + FRAME])

    @asynccontextmanager
    async def write(self, submission_id: UUID) -> AsyncIterator[MemoryWriter]:
        """A writer for a blob of that submission; leaving without `finish` removes what was written."""
        writer = MemoryWriter(self.kept, self.new_id(), submission_id)
        try:
            yield writer
        finally:
            if not self.whole(writer.blob):
                self.kept.pop(writer.blob, None)

    async def receive(self, incoming: IncomingUpload, body: AsyncIterator[bytes]) -> Upload:
        """See the port `Store.receive_upload`; a repeat of the same bytes is answered as the first was."""
        content = bytearray()
        async for chunk in measured(body, incoming.length):
            content += chunk
        sha256, now = hashlib.sha256(content).hexdigest(), self._clock.now()
        if incoming.sha256 not in {None, sha256}:
            raise DigestMismatch
        name = (incoming.client, incoming.upload)
        if standing := self._uploads.get(name):
            if not standing.lives(now):
                del self.kept[standing.blob]
            elif standing.upload.sha256 != sha256:
                raise UploadConflict
            else:
                return replace(standing.upload, created=False)
        upload = Upload(incoming.upload, len(content), sha256, incoming.media_type, now + KEPT, created=True)
        self._uploads[name] = KeptUpload(upload, self.new_id())
        self.kept[self._uploads[name].blob] = Blob(content)
        return upload

    def find(self, client: str, uploads: tuple[UUID, ...]) -> Mapping[UUID, Attachment]:
        """See the port `Store.uploads`."""
        now = self._clock.now()
        standing = (self._uploads.get((client, name)) for name in uploads)
        return {
            kept.upload.upload: kept.upload.attachment(kept.blob)
            for kept in standing
            if kept is not None and kept.lives(now)
        }

    def unused(self, client: str, upload: UUID) -> bool:
        """Whether the client has sent a file under this id that no submission uses yet."""
        kept = self._uploads.get((client, upload))
        return kept is not None and kept.submission is None and kept.lives(self._clock.now())

    def claimable(self, client: str, uploads: set[UUID]) -> Sequence[KeptUpload]:
        """The uploads, each of them free. Raises `UploadUnknown`, `UploadTaken`."""
        now = self._clock.now()
        free = [
            kept for name in uploads if (kept := self._uploads.get((client, name))) and kept.upload.expires_at > now
        ]
        if len(free) != len(uploads):
            raise UploadUnknown
        if any(kept.submission is not None for kept in free):
            raise UploadTaken
        return free

    def claim(self, upload: KeptUpload, submission: UUID) -> None:
        """Give the upload to the submission."""
        upload.submission = self.kept[upload.blob].submission = submission

    def discard(self, blob: UUID, submission: UUID) -> None:
        """Remove a blob, if it is that submission's."""
        if (kept := self.kept.get(blob)) and kept.submission == submission:
            del self.kept[blob]

    def drop_unused(self, client: str, upload: UUID) -> None:
        """Remove an upload that no submission uses, if there is one."""
        kept = self._uploads.get((client, upload))
        if kept is not None and kept.submission is None:
            del self._uploads[client, upload], self.kept[kept.blob]

    def erase(self, submission: UUID) -> Sequence[tuple[str, UUID]]:
        """Remove all that belongs to the submission; the client and id of each upload."""
        erased = [name for name, kept in self._uploads.items() if kept.submission == submission]
        for name in erased:
            del self._uploads[name]
        for blob in tuple(self.kept):
            self.discard(blob, submission)
        return erased
