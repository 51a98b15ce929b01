"""What one may send before anybody knows who it is."""

from __future__ import annotations

import asyncio
import tracemalloc

import pytest

from gateway.httpserver.limits import WireLimits
from tests.httpserver.conftest import GET, healthy, talk

LIMITS = WireLimits()
START = b"GET /health HTTP/1.1\r\nHost: x\r\n"
CHUNKED = b"POST /read HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
MEGABYTE = 1_000_000

ENDLESS = {
    "target": (b"GET /" + b"a" * MEGABYTE, 414),
    "blanks before the target": (b"GET " + b" " * MEGABYTE, 414),
    "one header line": (START + b"X: " + b"a" * MEGABYTE, 431),
    "one header name": (START + b"a" * MEGABYTE, 431),
    "short header fields": (START + b"a:\r\n" * (MEGABYTE // 4), 431),
    "blanks in a header": (START + b"X:" + b" " * MEGABYTE, 431),
    "empty lines": (b"\r\n" * (MEGABYTE // 2), 400),
    "trailer line": (CHUNKED + b"0\r\nX: " + b"a" * MEGABYTE, 431),
    "short trailers": (CHUNKED + b"0\r\n" + b"a:\r\n" * (MEGABYTE // 4), 431),
    "chunk extension": (CHUNKED + b"1;" + b"a" * MEGABYTE, 431),
    "chunk extensions": (CHUNKED + (b"1;" + b"a" * 60 + b"\r\nx\r\n") * (MEGABYTE // 66), 431),
}


@pytest.mark.parametrize("name", ENDLESS)
@pytest.mark.parametrize("step", [MEGABYTE * 2, 1_400])
async def test_what_has_no_end_is_refused_closed_and_costs_little(served, name, step):
    sent, status = ENDLESS[name]
    async with served() as it:
        tracemalloc.start()
        try:
            # the connection stays open on our side: the server closes it
            answer = await talk(it.port, *(sent[at : at + step] for at in range(0, len(sent), step)))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert answer.startswith(f"HTTP/1.1 {status} ".encode())
        assert b"connection: close" in answer
        assert peak < 12 * MEGABYTE  # both sides of the wire, and what was sent
        assert await healthy(it.port)
        assert not it.app.bodies


async def test_another_connection_is_answered_while_endless_lines_come(served):
    async with served(linger_s=0.2) as it:
        line = b"X: " + b"a" * 60_000

        async def flood():
            _, writer = await asyncio.open_connection("127.0.0.1", it.port)
            try:
                writer.write(START)
                while True:
                    writer.write(line)
                    await writer.drain()
            except ConnectionError:
                pass

        floods = [asyncio.create_task(flood()) for _ in range(5)]
        assert await healthy(it.port)
        await asyncio.wait_for(asyncio.gather(*floods), 20)  # each is cut off, though nobody reads the answer
        assert await healthy(it.port)


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /" + b"a" * (LIMITS.line_bytes - 1) + b" HTTP/1.1\r\nHost: x\r\n\r\n", 200),
        (b"GET /" + b"a" * LIMITS.line_bytes + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
        (START + b"X: " + b"a" * (LIMITS.field_bytes - 1) + b"\r\n\r\n", 200),
        (START + b"X: " + b"a" * LIMITS.field_bytes + b"\r\n\r\n", 431),
        (START + b"X: 1\r\n" * (LIMITS.fields - 1) + b"\r\n", 200),
        (START + b"X: 1\r\n" * LIMITS.fields + b"\r\n", 431),
        (START + (b"X: " + b"a" * 16_000 + b"\r\n") * 2 + b"\r\n", 200),
        (START + (b"X: " + b"a" * 16_000 + b"\r\n") * 2 + b"Y: " + b"a" * 800 + b"\r\n\r\n", 431),
    ],
)
async def test_each_limit_is_taken_exactly(served, head, status):
    async with served(idle_s=0.05) as it:
        assert (await talk(it.port, head)).startswith(f"HTTP/1.1 {status} ".encode())


WRONG = {
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "two hosts": (b"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400),
    "two hosts in another case": (b"GET / HTTP/1.1\r\nHost: x\r\nhOST: y\r\n\r\n", 400),
    "an empty host": (b"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400),
    "two names in a host": (b"GET / HTTP/1.1\r\nHost: x, y\r\n\r\n", 400),
    "a host with a path": (b"GET / HTTP/1.1\r\nHost: x/y\r\n\r\n", 400),
    "two hosts in 1.0": (b"GET / HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n", 400),
    "gzip": (START + b"Transfer-Encoding: gzip\r\n\r\n", 501),
    "gzip before chunked": (START + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    "gzip after chunked": (START + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 501),
    "identity": (START + b"Transfer-Encoding: identity\r\n\r\n", 501),
    "chunked twice": (START + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501),
    "an invented coding": (START + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
    "chunked and a length": (START + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400),
    "a length and chunked": (START + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "chunked in 1.0": (b"POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "2.0": (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
    "2.0, known before": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "3.0": (b"GET / HTTP/3.0\r\nHost: x\r\n\r\n", 505),
    "0.9": (b"GET / HTTP/0.9\r\nHost: x\r\n\r\n", 505),
    "no version": (b"GET /\r\n\r\n", 505),
    "another protocol": (b"GET / HTCPCP/1.0\r\nHost: x\r\n\r\n", 400),
    "connect": (b"CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n", 400),
    "bare line feeds": (b"GET / HTTP/1.1\nHost: x\n\n", 400),
    "a folded field": (START + b"X: a\r\n b\r\n\r\n", 400),
}


@pytest.mark.parametrize("name", WRONG)
async def test_what_is_not_spoken_here_is_told_and_closed(served, name):
    sent, status = WRONG[name]
    async with served() as it:
        answer = await talk(it.port, sent)
        assert answer.startswith(f"HTTP/1.1 {status} ".encode())
        assert answer.count(b"HTTP/1.1") == 1
        assert not it.app.scopes


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: stadt.example:\r\n\r\n",
        b"POST /read HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n1;why=not\r\nx\r\n0\r\nX-T: 1\r\n\r\n",
    ],
)
async def test_what_is_unusual_and_right_is_taken(served, head):
    async with served(idle_s=0.05) as it:
        assert (await talk(it.port, head)).startswith(b"HTTP/1.1 200 ")


async def test_a_trailer_never_becomes_a_header_of_the_request(served):
    async with served(idle_s=0.05) as it:
        await talk(it.port, CHUNKED + b"1\r\nx\r\n0\r\nAuthorization: Bearer x\r\n\r\n")
        assert it.app.bodies == [1]
        assert b"authorization" not in dict(it.app.scopes[0]["headers"])


async def test_chunks_of_one_byte_are_no_attack(served):
    async with served(idle_s=0.05) as it:
        answer = await talk(it.port, CHUNKED + b"1\r\nx\r\n" * 30_000 + b"0\r\n\r\n")
        assert answer.endswith(b"30000")


@pytest.mark.parametrize("body", [b"", b"abc", GET])
@pytest.mark.parametrize("step", [1, 10_000])
async def test_who_offers_another_protocol_is_answered_in_this_one(served, body, step):
    # what Java's HTTP client sends over plain HTTP
    head = b"POST /read HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: %s\r\n" + (
        b"Content-Length: %d\r\n\r\n" % len(body)
    )
    for protocol in (b"h2c", b"websocket"):
        async with served(idle_s=0.05) as it:
            sent = head % protocol + body + GET
            answer = await talk(it.port, *(sent[at : at + step] for at in range(0, len(sent), step)))
            assert answer.count(b"HTTP/1.1 200") == 2
            assert it.app.bodies == [len(body)]  # a body that looks like a request stays a body


async def test_a_chunked_body_behind_an_offer_is_read_and_its_trailers_are_bounded(served):
    head = CHUNKED[:-2] + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n1\r\nx\r\n0\r\n"
    async with served(idle_s=0.05) as it:
        assert (await talk(it.port, head + b"X: 1\r\n\r\n" + GET)).count(b"HTTP/1.1 200") == 2
        assert it.app.bodies == [1]
        assert (await talk(it.port, head + b"X: 1\r\n" * 200)).startswith(b"HTTP/1.1 431")


async def test_requests_that_wait_behind_one_are_few(served):
    async with served(pipelined=4) as it:
        answering = asyncio.create_task(talk(it.port, GET.replace(b"health", b"wait") + GET * 5_000))
        while not (it.made and it.made[0]._refused):  # noqa: ASYNC110 - the server's own state
            await asyncio.sleep(0.005)
        assert await healthy(it.port)
        it.app.gate.set()
        answer = await answering
        assert answer.count(b"HTTP/1.1") == 1  # the one that was begun is answered; then the connection ends
        assert answer.startswith(b"HTTP/1.1 200")


async def test_requests_in_one_packet_are_all_answered_in_turn(served):
    async with served(idle_s=0.05) as it:
        assert (await talk(it.port, GET * 10)).count(b"HTTP/1.1 200") == 10


async def test_a_refusal_never_stands_in_for_an_earlier_answer(served):
    async with served() as it:
        answering = asyncio.create_task(talk(it.port, GET.replace(b"health", b"wait") + b"nonsense\r\n\r\n"))
        while not (it.made and it.made[0]._refused):  # noqa: ASYNC110 - the server's own state
            await asyncio.sleep(0.005)
        it.app.gate.set()
        answer = await answering
        assert answer.startswith(b"HTTP/1.1 200")
        assert answer.count(b"HTTP/1.1") == 1
