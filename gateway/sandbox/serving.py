"""A sandbox behind a socket: one process for a directory, loopback, an end in time.

Knows: the listener, the lock of a directory, a connection that a fault resets. Never does: know what is served.
Standard: RFC 9112. Start reading: `served`.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Final

from starlette.types import ASGIApp

from gateway.errors import AddressTaken, AlreadyServing
from gateway.httpserver.limits import WireLimits
from gateway.httpserver.protocol import BoundedProtocol
from gateway.httpserver.server import serve as httpserver
from gateway.sandbox.faults import CUT

_GRACE_S: Final = 5
_LINGER_OFF: Final = struct.pack("ii", 1, 0)


@asynccontextmanager
async def served(app: ASGIApp, listener: socket.socket, stop: asyncio.Event) -> AsyncIterator[bool]:
    """Serve inside the block, and stay at its end until `stop` is set; yields whether requests are answered."""
    async with httpserver(app, [listener], _Protocol, grace_s=_GRACE_S) as serving:
        stopping = asyncio.create_task(stop.wait())
        try:
            yield not serving.done()
            await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            await asyncio.gather(stopping, return_exceptions=True)


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """Hold the directory: two processes would each write it without the other's records. Raises `AlreadyServing`."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (directory / "sandbox.lock").open("a+", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise AlreadyServing(pid=lock.read().strip() or "?") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 lets the system choose. Raises `AddressTaken`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise AddressTaken(address=f"{_literal(host)}:{port}") from None
    listener.listen(512)
    return listener


def base_url(host: str, listener: socket.socket) -> str:
    """Where clients reach the listener, without trailing slash."""
    return f"http://{_literal(host)}:{listener.getsockname()[1]}"


def _literal(host: str) -> str:
    return f"[{host}]" if ":" in host else host


class _Protocol(BoundedProtocol):
    """Lets a fault reset the connection that a request came on; senders find it open for longer."""

    limits = WireLimits(idle_s=30)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {CUT: {"now": self._cut}}

    def _cut(self) -> None:
        with suppress(OSError, AttributeError):
            raw = self.transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_OFF)
        self.transport.abort()
