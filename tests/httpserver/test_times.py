"""How long one may let the server wait, and how many may."""

from __future__ import annotations

import asyncio
import socket
import ssl

import pytest

from gateway.httpserver.connections import ConnectionState
from gateway.httpserver.limits import WireLimits
from gateway.httpserver.protocol import BoundedProtocol
from gateway.httpserver.server import serve
from tests.httpserver.conftest import GET, App, Clock, healthy, talk
from tests.login.authority import issued

READ = b"POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n"


async def test_a_connection_that_says_nothing_is_closed(served):
    async with served(head_s=0.05) as it:
        assert await talk(it.port) == b""


@pytest.mark.parametrize("half", [b"G", b"GET /health HTTP/1.1\r\n", GET[:-2], b"GET /" + b"a" * 8000])
async def test_a_half_sent_head_is_told_and_closed(served, half):
    async with served(head_s=0.05) as it:
        assert (await talk(it.port, half)).startswith(b"HTTP/1.1 408 ")
        assert await healthy(it.port)


async def test_a_head_that_drips_has_no_more_time_than_one_that_stops(served):
    async with served(head_s=0.2) as it:
        reader, writer = await asyncio.open_connection("127.0.0.1", it.port)

        async def drip():
            writer.write(b"GET /")
            while True:
                writer.write(b"a")
                await asyncio.sleep(0.02)

        dripping = asyncio.create_task(drip())
        answer = await asyncio.wait_for(reader.read(), 10)
        dripping.cancel()
        writer.close()
        assert answer.startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("further", [b"", b"\r\n", b"\r\n\r\n"])
async def test_a_connection_that_rests_is_closed(served, further):
    async with served(idle_s=0.05, head_s=0.1) as it:
        answer = await talk(it.port, GET + further)
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert answer.count(b"HTTP/1.1") == 1


async def test_a_half_sent_second_head_is_closed_too(served):
    async with served(idle_s=5, head_s=0.05) as it:
        answer = await talk(it.port, GET, b"GET /again HT")
        assert b"HTTP/1.1 408 " in answer


@pytest.mark.parametrize("begun", [b"", b"x" * 4_999])
async def test_a_half_sent_body_is_told_and_closed_and_the_application_learns_of_it(served, begun):
    async with served(body_s=0.05) as it:
        assert (await talk(it.port, READ + begun)).startswith(b"HTTP/1.1 408 ")
        assert it.app.left == 1
        assert await healthy(it.port)


async def test_a_half_sent_chunk_is_closed(served):
    head = b"POST /read HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with served(body_s=0.05) as it:
        assert (await talk(it.port, head + b"5\r\nab")).startswith(b"HTTP/1.1 408 ")


async def test_the_rest_of_a_body_that_was_answered_already_is_not_awaited_for_ever(served):
    head = READ.replace(b"/read", b"/refused")
    async with served(idle_s=5, drain_s=0.1) as it:
        answer = await talk(it.port, head, b"x" * 100)
        assert answer.startswith(b"HTTP/1.1 401 ")
        assert answer.count(b"HTTP/1.1") == 1


async def test_no_more_is_read_of_a_body_that_was_answered_than_the_limit(served):
    head = b"POST /refused HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with served(drain_bytes=200_000, idle_s=5) as it:
        with pytest.raises(ConnectionError):
            await talk(it.port, head, *[b"2710\r\n" + b"x" * 10_000 + b"\r\n"] * 10_000)
        assert it.made[0]._drained < 200_000 + 100_000


async def test_who_waits_to_be_asked_for_a_body_is_not_late(served):
    head = b"POST /wait HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
    async with served(body_s=0.05, idle_s=0.05) as it:
        reader, writer = await asyncio.open_connection("127.0.0.1", it.port)
        writer.write(head)
        await asyncio.sleep(0.2)
        it.app.gate.set()
        assert (await asyncio.wait_for(reader.read(), 5)).startswith(b"HTTP/1.1 200 ")
        writer.close()


async def test_an_answer_that_nobody_reads_does_not_hold_its_connection(served):
    async with served(write_s=0.1) as it:
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.setblocking(False)
            await asyncio.get_running_loop().sock_connect(slow, ("127.0.0.1", it.port))
            await asyncio.get_running_loop().sock_sendall(slow, GET.replace(b"health", b"much"))
            async with asyncio.timeout(10):
                while not it.made or it.made[0] in it.made[0].connections:  # noqa: ASYNC110 - the server's own state
                    await asyncio.sleep(0.01)


async def test_slow_callers_do_not_take_every_place(served):
    async with served(connections=10, connections_most=40, linger_s=0.1) as it:
        slow = [await asyncio.open_connection("127.0.0.1", it.port) for _ in range(30)]
        for number, (_, writer) in enumerate(slow):
            writer.write((b"GET / HT", READ + b"x", b"")[number % 3])
        while len(it.made) < 30:  # noqa: ASYNC110 - the server's own state
            await asyncio.sleep(0.005)
        assert await healthy(it.port)  # while all of them are there
        async with asyncio.timeout(10):
            while len(it.made[0].connections) > 10:  # noqa: ASYNC110 - the server's own state
                await asyncio.sleep(0.01)
        assert await healthy(it.port)
        for _, writer in slow:
            writer.close()


async def test_nobody_is_closed_for_others_before_it_was_listened_to_and_those_that_wait_longest_go_first():
    loop, state = Clock(), ConnectionState()
    limits = WireLimits(connections=3)
    made = []

    def came(*, waits_since):
        one = Stand(waits_since, state.open_connections.generation)
        state.connections.add(one)
        made.append(one)
        assert state.open_connections.admits(limits, loop)

    for _ in range(5):
        came(waits_since=-2.0)
    loop.go_to(0.15)
    came(waits_since=-3.0)
    assert not any(each.gone for each in made)  # it may be that nobody read from them yet
    loop.go_to(0.25)
    assert [each.gone for each in made].count(True) == 3
    assert not made[-1].gone
    came(waits_since=None)
    loop.go_to(0.55)
    assert made[5].gone
    assert not made[6].gone
    assert len(state.connections) == 3
    assert not loop.timers or len(loop.timers) == 1


class Stand:
    """Stands for a connection."""

    def __init__(self, waits_since, generation) -> None:
        self.waits_since, self.generation, self.gone = waits_since, generation, False

    def close_now(self):
        self.gone = True


async def test_where_it_is_our_turn_on_every_connection_a_further_one_is_told_to_come_later(served):
    async with served(connections=2, connections_most=3, idle_s=0.05) as it:
        busy = [asyncio.create_task(talk(it.port, GET.replace(b"health", b"wait"))) for _ in range(3)]
        while len(it.app.scopes) < 3:  # noqa: ASYNC110 - the server's own state
            await asyncio.sleep(0.005)
        answer = await talk(it.port)
        assert answer.startswith(b"HTTP/1.1 503 ")
        it.app.gate.set()
        assert await talk(it.port, b"?") != b""
        await asyncio.gather(*busy)


async def test_a_handshake_has_no_more_time_than_a_head(tmp_path):
    certificate, key = issued("CN=127.0.0.1", usage="serverAuth", address="127.0.0.1", ca=True).files(tmp_path, "s")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)

    class Short(BoundedProtocol):
        limits = WireLimits(head_s=0.1)

    with socket.create_server(("127.0.0.1", 0)) as door:
        async with serve(App(), [door], Short, tls=tls):
            assert await talk(door.getsockname()[1]) == b""
            assert await talk(door.getsockname()[1], b"\x16\x03\x01") == b""
