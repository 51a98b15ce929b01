"""Sealing the parts of a submission into the store, each in one pass and in constant memory.

Knows: pieces, threads, blobs; small parts stay in memory until the commit. Never does: HTTP, choose keys.
Standard: RFC 7516 as `crypto.jwe` frames it.
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
from gateway.ports.blobs import SMALL_BLOB, SmallBlob
from gateway.ports.channel import Enclosure
from gateway.ports.store import Store

SMALL_PLAIN: Final = (SMALL_BLOB - 1_024) * 3 // 4
"""Plain bytes that, sealed, fit into a small blob; they are sealed at once, on the event loop."""
PIECE_BYTES: Final = 786_432
"""Bytes sealed at once where they are in memory (a multiple of 3: base64 wastes nothing)."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A sealed part, and the SHA-512 (lower-case hex) of its plain bytes. `small`: it is not in the store yet."""

    part: Part
    sha512: str
    small: SmallBlob | None = None


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
        return await self._seal(str(enclosure.attachment_id), names.CTY_ATTACHMENT, source, enclosure.size)

    async def content(self, name: str, cty: str, content: bytes) -> Packed:
        """Seal what is in memory: document or metadata."""
        return await self._seal(name, cty, pieces(content), len(content))

    async def _seal(self, name: str, cty: str, source: AsyncIterator[bytes], size: int) -> Packed:
        sealing = Sealing(self.key, cty=cty, random=self.random(envelope.RANDOM_BYTES))
        if size <= SMALL_PLAIN:
            blob, small = await self._whole(sealing, source)
        else:
            blob, small = await self._streamed(sealing, source), None
        if sealing.plain_size != size:
            raise InternalError(rule="enclosure_size")
        return Packed(Part(name, blob, sealing.size, sealing.tag), sealing.sha512, small)

    async def _whole(self, sealing: Sealing, source: AsyncIterator[bytes]) -> tuple[UUID, SmallBlob]:
        sealed = [sealing.update(piece) async for piece in source]
        small = SmallBlob(UUID(bytes=self.random(16), version=4), b"".join((*sealed, sealing.finish())))
        return small.id, small

    async def _streamed(self, sealing: Sealing, source: AsyncIterator[bytes]) -> UUID:
        async with self.store.write_blob(self.submission_id) as writer:
            async for piece in source:
                await writer.write(await asyncio.to_thread(sealing.update, piece))
            await writer.write(sealing.finish())
            return await writer.finish()


async def pieces(content: bytes) -> AsyncIterator[bytes]:
    """The content in pieces of `PIECE_BYTES`."""
    view = memoryview(content)
    for start in range(0, len(content), PIECE_BYTES):
        yield content if len(content) <= PIECE_BYTES else bytes(view[start : start + PIECE_BYTES])
