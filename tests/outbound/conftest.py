"""A raw HTTP server on loopback whose answers are bytes, and clients that may reach it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress

import pytest

from gateway.outbound.client import Policy, http_client

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Server:
    """Answers every request with the same bytes; keeps what it was sent."""

    def __init__(self, answer, *, close=False):
        self.answer = answer
        self.close = close
        self.heads = []
        self.connections = 0
        self.port = 0

    async def __call__(self, reader, writer):
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head.decode("latin-1"))
                writer.write(self.answer)
                await writer.drain()
                if self.close:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
def serving():
    @asynccontextmanager
    async def serve(answer=OK, *, close=False):
        server = Server(answer, close=close)
        listener = await asyncio.start_server(server, "127.0.0.1", 0)
        server.port = listener.sockets[0].getsockname()[1]
        try:
            yield server
        finally:
            listener.close()

    return serve


@pytest.fixture
async def reaching():
    """Make clients; each is closed at the end."""
    made = []

    def make(*, find=None, **policy):
        more = {"find": find} if find else {}
        client = http_client(Policy(**{"allow_private": ("loopback",), **policy}), **more)
        made.append(client)
        return client

    yield make
    for client in made:
        await client.aclose()


@pytest.fixture
async def listen():
    """Serve connections with a handler; gives the port. Whatever is open at the end is cut."""
    listeners, writers, tasks = [], [], []

    async def start(handler):
        async def handle(reader, writer):
            writers.append(writer)
            tasks.append(asyncio.current_task())
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await handler(reader, writer)

        listener = await asyncio.start_server(handle, "127.0.0.1", 0)
        listeners.append(listener)
        return listener.sockets[0].getsockname()[1]

    yield start
    for listener in listeners:
        listener.close()
    for writer in writers:
        writer.transport.abort()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0)
