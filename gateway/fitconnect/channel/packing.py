"""Sealing the parts of a submission into the store, each in one pass and in constant memory.

Knows: pieces, threads, blobs. Never does: HTTP, choose keys. Standard: RFC 7516 as `crypto.jwe` frames it.
Start reading: `Packer.attachment`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from gateway.crypto.keys import PublicKey
from gateway.errors import InternalError
from gateway.fitconnect import envelope, names
from gateway.fitconnect.envelope import Sealing
from gateway.model import Part
from gateway.ports import Enclosure, Store

THREAD_BYTES: Final = 65_536
"""Work on more bytes than this leaves the event loop."""
PIECE_BYTES: Final = 786_432
"""Bytes sealed at once where they are in memory (a multiple of 3: base64 wastes nothing)."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A sealed part in the store, and the SHA-512 (lower-case hex) of its plain bytes."""

    part: Part
    sha512: str


@dataclass(frozen=True, slots=True)
class Packer:
    """Seals for one key into one submission's blobs. `random` gives so many random bytes."""

    store: Store
    submission_id: UUID
    key: PublicKey
    random: Callable[[int], bytes]

    async def attachment(self, enclosure: Enclosure) -> Packed:
        """Seal a file. Raises `InternalError` where it has not the size announced for it."""
        if enclosure.content is not None:
            source = pieces(enclosure.content)
        elif enclosure.blob is not None:
            source = self.store.read_blob(enclosure.blob)
        else:
            raise InternalError(rule="enclosure")
        packed, size = await self._seal(str(enclosure.attachment_id), names.CTY_ATTACHMENT, source)
        if size != enclosure.size:
            raise InternalError(rule="enclosure_size")
        return packed

    async def content(self, name: str, cty: str, content: bytes) -> Packed:
        """Seal what is in memory: document or metadata."""
        packed, _ = await self._seal(name, cty, pieces(content))
        return packed

    async def _seal(self, name: str, cty: str, source: AsyncIterator[bytes]) -> tuple[Packed, int]:
        sealing = Sealing(self.key, cty=cty, random=self.random(envelope.RANDOM_BYTES))
        async with self.store.write_blob(self.submission_id) as writer:
            async for piece in source:
                await writer.write(await _sealed(sealing, piece))
            await writer.write(sealing.finish())
            blob = await writer.finish()
        return Packed(Part(name, blob, sealing.size, sealing.tag), sealing.sha512), sealing.plain_size


async def pieces(content: bytes) -> AsyncIterator[bytes]:
    """The content in pieces of `PIECE_BYTES`."""
    view = memoryview(content)
    for start in range(0, len(content), PIECE_BYTES):
        yield content if len(content) <= PIECE_BYTES else bytes(view[start : start + PIECE_BYTES])


async def _sealed(sealing: Sealing, piece: bytes) -> bytes:
    if len(piece) > THREAD_BYTES:
        return await asyncio.to_thread(sealing.update, piece)
    return sealing.update(piece)
