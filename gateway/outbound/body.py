"""Bodies that are sent piece by piece, each within a time, and all of them together of the size that was said.

Knows: back-pressure, the time-out for writing, which aiohttp lacks. Never does: hold more than one piece.
Standard: RFC 9112 §6. Start reading: `StreamedBody.write_with_length`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import Payload

from gateway.errors import InternalError

PIECE_BYTES: Final = 262_144


async def pieces(content: bytes) -> AsyncIterator[memoryview]:
    """`content` in pieces that share its memory."""
    view = memoryview(content)
    for start in range(0, len(view), PIECE_BYTES):
        yield view[start : start + PIECE_BYTES]


class StreamedBody(Payload):
    """A body from an iterator. `limit` are the seconds a piece may take; then the connection is cut.

    `size` is for the header `Content-Length` where the request has none. `error` is what the iterator raised, `cut`
    says that a piece took too long. `moved` is told the size of each piece that went out.
    """

    def __init__(
        self,
        source: AsyncIterator[bytes | memoryview],
        limit: float,
        size: int | None = None,
        *,
        moved: Callable[[int], None],
    ) -> None:
        super().__init__(source)
        self._source = source
        self._limit = limit
        self._size = size
        self._moved = moved
        self.error: Exception | None = None
        self.cut = False

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """Send every piece. Raises `OSError`, what the source raises, `InternalError` for another size than said."""
        self._consumed = True
        loop = asyncio.get_running_loop()
        sent = 0
        async for piece in self._watched():
            sent += len(piece)
            if content_length is not None and sent > content_length:
                self._fail_for_size()
            timer = loop.call_later(self._limit, self._abort, writer)
            try:
                await writer.write(piece)
            finally:
                timer.cancel()
            self._moved(len(piece))
        if content_length is not None and sent != content_length:
            self._fail_for_size()

    async def _watched(self) -> AsyncIterator[bytes | memoryview]:
        try:
            async for piece in self._source:
                yield piece
        except Exception as error:
            self.error = error
            raise

    def _fail_for_size(self) -> None:
        self.error = InternalError(rule="body_size")
        raise self.error

    async def write(self, writer: AbstractStreamWriter) -> None:
        """As `write_with_length`, of any size."""
        await self.write_with_length(writer, None)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Nothing is kept that could be decoded. Raises `TypeError`."""
        raise TypeError(encoding, errors)

    def _abort(self, writer: AbstractStreamWriter) -> None:
        """End the connection with what is unsent: whoever does not read would hold it for ever."""
        self.cut = True
        if writer.transport is not None:
            writer.transport.abort()
