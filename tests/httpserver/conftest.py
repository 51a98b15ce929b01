"""A real server on loopback with limits of the test's own, and sockets that send what no client would."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from gateway.httpserver.limits import WireLimits
from gateway.httpserver.protocol import BoundedProtocol
from gateway.httpserver.server import serve

GET = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"


class App:
    """Reads a body at /read, answers at once elsewhere; remembers what it was asked."""

    def __init__(self) -> None:
        self.scopes, self.bodies, self.left = [], [], 0
        self.gate = asyncio.Event()

    async def __call__(self, scope, receive, send):
        self.scopes.append(scope)
        body, status = b"ok", 200
        if scope["path"] == "/wait":
            await self.gate.wait()
        if scope["path"] == "/read":
            total, more = 0, True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    self.left += 1
                    return
                total, more = total + len(message["body"]), message["more_body"]
            self.bodies.append(total)
            body = str(total).encode()
        if scope["path"] == "/much":
            body = b"x" * 20_000_000
        if scope["path"] == "/refused":
            status = 401
        fields = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": fields})
        await send({"type": "http.response.body", "body": body})


class Clock:
    """Time and timers of a connection; tasks run on the real loop."""

    def __init__(self) -> None:
        self.now, self.timers = 0.0, []

    def time(self):
        return self.now

    def call_later(self, delay, callback, *args):
        timer = Timer(self.now + delay, lambda: callback(*args))
        self.timers.append(timer)
        return timer

    def create_task(self, work):
        return asyncio.get_running_loop().create_task(work)

    def go_to(self, moment):
        while due := sorted((each for each in self.timers if each.at <= moment), key=lambda each: each.at):
            self.timers.remove(due[0])
            self.now = due[0].at
            if not due[0].cancelled:
                due[0].callback()
        self.now = moment


class Timer:
    def __init__(self, at, callback) -> None:
        self.at, self.callback, self.cancelled = at, callback, False

    def cancel(self):
        self.cancelled = True


async def talk(port: int, *pieces: bytes) -> bytes:
    """Send the pieces and read until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)  # each piece on its own
        return await asyncio.wait_for(reader.read(), 20)
    finally:
        writer.close()


async def healthy(port: int) -> bool:
    """Whether another connection is answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(GET)
    answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    writer.close()
    return answer.startswith(b"HTTP/1.1 200")


@pytest.fixture
def served():
    """A server: `async with served(**limits) as it`, with `it.port`, `it.app`, `it.made` (its connections)."""

    @asynccontextmanager
    async def run(**limits):
        made = []

        class Watched(BoundedProtocol):
            def __init__(self, *args, **kwargs):
                super().__init__(*args, **kwargs)
                made.append(self)

        Watched.limits = WireLimits(**limits)
        app = App()
        with socket.create_server(("127.0.0.1", 0)) as door:
            async with serve(app, [door], Watched):
                yield SimpleNamespace(port=door.getsockname()[1], app=app, made=made)

    return run
