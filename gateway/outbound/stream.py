"""One TCP or TLS connection on asyncio, as httpcore wants it; a third of the cost of going through AnyIO.

Knows: back-pressure both ways, time-outs by one timer, TLS upgrade. Never does: resolve names, choose addresses.
Standard: asyncio transports and protocols. Start reading: `connect`, then `Stream`.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from typing import Any, Final, cast

import httpcore

HELD_BYTES: Final = 262_144
"""Bytes received and not yet read before the other side is made to wait."""
TOGETHER_BYTES: Final = 65_536
"""Small writes wait for each other up to this size, or for the next read: head and body leave as one packet."""


async def connect(address: str, port: int, limit: float | None) -> httpcore.AsyncNetworkStream:
    """A connection to an address literal within `limit` seconds. Raises httpcore's `ConnectError`, `ConnectTimeout`."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(limit):
            _, wire = await loop.create_connection(_Wire, address, port)
    except TimeoutError as error:
        raise httpcore.ConnectTimeout(address) from error
    except OSError as error:
        raise httpcore.ConnectError(address) from error
    return Stream(wire)


class _Wire(asyncio.Protocol):
    """Collects what arrives and says when more may be sent. One task reads, one writes."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport
        self.ended = False
        self.error: Exception | None = None
        self._chunks: deque[bytes] = deque()
        self._held = 0
        self._stopped = False
        self._full = False
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's are no subclass

    def data_received(self, data: bytes) -> None:
        self._chunks.append(data)
        self._held += len(data)
        if self._held > HELD_BYTES and not self._stopped:
            self._stopped = True
            self.transport.pause_reading()
        _wake(self._reader)

    def eof_received(self) -> bool:
        self.ended = True
        _wake(self._reader)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended = True
        self.error = exc
        _wake(self._reader)
        _wake(self._writer)

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        _wake(self._writer)

    @property
    def has_news(self) -> bool:
        """Whether something arrived, or the other side closed: an idle connection is of no use then."""
        return bool(self._chunks) or self.ended or self.transport.is_closing()

    async def read(self, most: int, limit: float | None) -> bytes:
        """Up to `most` bytes; nothing at the end. Raises `OSError`, `TimeoutError`."""
        while not self._chunks and not self.ended:
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await _within(self._reader, limit)
            finally:
                self._reader = None
        if not self._chunks:
            if self.error:
                raise self.error
            return b""
        chunk = self._chunks.popleft()
        if len(chunk) > most:
            self._chunks.appendleft(chunk[most:])
            chunk = chunk[:most]
        self._held -= len(chunk)
        if self._stopped and self._held <= HELD_BYTES:
            self._stopped = False
            self.transport.resume_reading()
        return chunk

    async def write(self, data: bytes, limit: float | None) -> None:
        """Hand over all bytes; waits while the other side is slow. Raises `OSError`, `TimeoutError`."""
        if self.ended and self.transport.is_closing():
            raise self.error or ConnectionResetError
        self.transport.write(data)
        while self._full and not self.transport.is_closing():
            self._writer = asyncio.get_running_loop().create_future()
            try:
                await _within(self._writer, limit)
            finally:
                self._writer = None
        if self.error:
            raise self.error


class Stream(httpcore.AsyncNetworkStream):
    """The connection in httpcore's words."""

    def __init__(self, wire: _Wire) -> None:
        self._wire = wire
        self._pending: list[bytes] = []
        self._pending_bytes = 0

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's interface
        """Up to `max_bytes` bytes; nothing at the end. Raises `ReadError`, `ReadTimeout`."""
        try:
            if self._pending:
                await self._flush(timeout)
            return await self._wire.read(max_bytes, timeout)
        except TimeoutError as error:
            raise httpcore.ReadTimeout from error
        except OSError as error:
            raise httpcore.ReadError from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - as above
        """Send all of `buffer`, at the latest with the next read. Raises `WriteError`, `WriteTimeout`."""
        self._pending.append(buffer)
        self._pending_bytes += len(buffer)
        if self._pending_bytes < TOGETHER_BYTES:
            return
        try:
            await self._flush(timeout)
        except TimeoutError as error:
            raise httpcore.WriteTimeout from error
        except OSError as error:
            raise httpcore.WriteError from error

    async def _flush(self, limit: float | None) -> None:
        data = self._pending[0] if len(self._pending) == 1 else b"".join(self._pending)
        self._pending.clear()
        self._pending_bytes = 0
        if data:
            await self._wire.write(data, limit)

    async def aclose(self) -> None:
        """Close; what was handed over may still leave, nobody waits for it."""
        self._wire.transport.close()
        await asyncio.sleep(0)
        self._wire.transport.abort()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - as above
    ) -> httpcore.AsyncNetworkStream:
        """The same connection under TLS, checked against `server_hostname`. Raises `ConnectError`, `ConnectTimeout`."""
        loop = asyncio.get_running_loop()
        inner = _Wire()
        try:
            async with asyncio.timeout(timeout):
                transport = await loop.start_tls(
                    self._wire.transport, inner, ssl_context, server_hostname=server_hostname
                )
        except TimeoutError as error:
            await self.aclose()
            raise httpcore.ConnectTimeout from error
        except (OSError, ssl.CertificateError) as error:
            await self.aclose()
            raise httpcore.ConnectError from error
        if transport is None:  # the other side left during the handshake
            raise httpcore.ConnectError
        inner.connection_made(transport)
        return Stream(inner)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - httpcore's interface
        """What httpcore asks of a connection."""
        if info == "is_readable":
            return self._wire.has_news
        name = {"ssl_object": "ssl_object", "client_addr": "sockname", "server_addr": "peername", "socket": "socket"}
        return self._wire.transport.get_extra_info(name[info]) if info in name else None


def _wake(waiter: asyncio.Future[None] | None) -> None:
    if waiter and not waiter.done():
        waiter.set_result(None)


async def _within(waiter: asyncio.Future[None], limit: float | None) -> None:
    if limit is None:
        await waiter
        return
    timer = asyncio.get_running_loop().call_later(limit, _expire, waiter)
    try:
        await waiter
    finally:
        timer.cancel()


def _expire(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_exception(TimeoutError())
