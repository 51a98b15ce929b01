"""Bytes on their way: small blobs, uploads, pieces.

Knows: the shape of each answer. Never does: anything itself; adapters live in the rooms above and meet in `wiring`.
Standard: architecture §3. Start reading: `BlobWriter`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from gateway.model import Attachment


@dataclass(frozen=True, slots=True)
class SmallBlob:
    """Bytes of one frame at most (`SMALL_BLOB` bytes) that become a blob with the commit that first names it."""

    id: UUID
    content: bytes = field(repr=False)


SMALL_BLOB = 131_072


@dataclass(frozen=True, slots=True)
class IncomingUpload:
    """What a portal announces of an upload: `length` in bytes, `sha256` lower-case hex of `Repr-Digest` or None."""

    client: str
    municipality: str
    upload: UUID
    media_type: str
    length: int
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Upload:
    """A finished upload of one client. `sha256` is lower-case hex; `created` is False where it stood already."""

    upload: UUID
    size: int
    sha256: str
    media_type: str
    expires_at: datetime
    created: bool

    def attachment(self, blob: UUID) -> Attachment:
        """The file before an application says what it is: kind and name are blank."""
        return Attachment("", "", self.media_type, self.size, self.sha256, upload=self.upload, blob=blob)


@dataclass(frozen=True, slots=True)
class Resumable:
    """How far an upload in pieces has come, in bytes. `metadata` is what its client said of it; may name a person."""

    upload: UUID
    length: int
    offset: int
    expires_at: datetime
    media_type: str = "application/octet-stream"
    metadata: str = field(default="", repr=False)


class ResumableUploads(Protocol):
    """Uploads in pieces (tus); one that is complete is an upload as `Store.receive_upload` makes them."""

    async def begin(
        self, client: str, municipality: str, media_type: str, length: int, metadata: str = ""
    ) -> Resumable:
        """A new upload of `length` bytes; `metadata` is kept encrypted, and given back by `find` alone."""
        ...

    async def find(self, client: str, upload: UUID) -> Resumable:
        """How far it has come. Raises `NotFound`."""
        ...

    async def append(
        self, client: str, upload: UUID, offset: int, body: AsyncIterator[bytes], *, whole: bool
    ) -> Resumable:
        """Take bytes behind `offset`; with `whole` all of the body counts or nothing. Raises `OffsetConflict`."""
        ...

    async def end(self, client: str, upload: UUID) -> None:
        """Give it up. Raises `NotFound`."""
        ...


class BlobWriter(Protocol):
    """Takes the bytes of one blob in order; frames and encryption are the store's affair."""

    async def write(self, data: bytes) -> None:
        """Append bytes of any length."""
        ...

    async def finish(self) -> UUID:
        """Make the blob whole and return its id; what is not finished is swept."""
        ...
