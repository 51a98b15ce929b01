"""An httpx client over our way out: what goes over the wire, what comes back, and what stays refused."""

from __future__ import annotations

import asyncio
import gzip
import logging
import zlib

import httpx
import pytest

from gateway import failpoints
from gateway.errors import (
    AddressRefused,
    CounterpartAway,
    CounterpartGarbled,
    InternalError,
)
from gateway.outbound import httpx_transport
from gateway.outbound.client import USER_AGENT, Policy, http_client
from gateway.outbound.durations import Durations
from gateway.outbound.httpx_errors import OutboundRefused
from gateway.outbound.httpx_transport import OutboundTransport, exchange, httpx_client
from gateway.outbound.pace import Counterpart, Pace

from .conftest import OK

PERSONAL = b"Erika Mustermann\r\n\r\n"
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n"


def answering(body, *fields):
    return PLAIN % (len(body), b"".join(field + b"\r\n" for field in fields)) + body


@pytest.fixture
async def opened():
    """Make httpx clients; each is closed at the end."""
    made = []

    def make(*, find=None, durations=None, limit=None, call="", **policy):
        more = {"find": find} if find else {}
        more |= {"limit": limit} if limit else {}
        client = httpx_client(
            Policy(**{"allow_private": ("loopback",), **policy}), durations=durations, call=call, **more
        )
        made.append(client)
        return client

    yield make
    for client in made:
        await client.aclose()


async def echo(reader, writer):
    """Answer every request with its own head and body, whatever form they have."""
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        lower = head.lower()
        body = b""
        if b"content-length: " in lower:
            body = await reader.readexactly(int(lower.split(b"content-length: ")[1].split(b"\r\n")[0]))
        elif b"transfer-encoding: chunked" in lower:
            body = await reader.readuntil(b"0\r\n\r\n")
        writer.write(answering(head + body))
        await writer.drain()


async def pieces(*given):
    for piece in given:
        yield piece


async def test_an_answer_has_status_fields_in_their_case_duplicates_and_version(serving, opened):
    wire = b"HTTP/1.0 299 Odd\r\nX-One: a\r\nSet-Cookie: b=1\r\nset-cookie: c=2\r\nContent-Length: 2\r\n\r\nok"
    async with serving(wire, close=True) as server:
        client = opened()
        got = await client.get(server.url)
    assert (got.status_code, got.reason_phrase, got.http_version, got.text) == (299, "Odd", "HTTP/1.0", "ok")
    assert got.headers.raw[:3] == [(b"X-One", b"a"), (b"Set-Cookie", b"b=1"), (b"set-cookie", b"c=2")]
    assert got.headers.get_list("set-cookie") == ["b=1", "c=2"]
    assert list(client.cookies.jar) == []


async def test_a_request_has_its_own_fields_in_their_case_and_none_that_nobody_asked_for(listen, opened):
    url = f"http://127.0.0.1:{await listen(echo)}/a%2Fb?q=%C3%A4&x"
    fields = [("X-Twice", "1"), ("x-twice", "2"), ("X-Umlaut", "ä".encode()), ("Host", "town.example")]
    got = await opened().send(httpx.Request("POST", url, content=b"body", headers=fields))
    head, _, body = got.content.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    assert first == b"POST /a%2Fb?q=%C3%A4&x HTTP/1.1"
    assert sorted(lines) == [
        b"Accept-Encoding: identity",
        b"Content-Length: 4",
        b"Host: town.example",
        b"User-Agent: " + USER_AGENT.encode(),
        b"X-Twice: 1",
        b"X-Twice: 2",
        b"X-Umlaut: \xc3\xa4",
    ]
    assert body == b"body"


async def test_a_client_adds_our_name_and_httpx_little_else(listen, opened):
    url = f"http://127.0.0.1:{await listen(echo)}/"
    head = (await opened().get(url)).content.strip()
    assert sorted(line.lower() for line in head.split(b"\r\n")[1:]) == [
        b"accept-encoding: identity",
        b"accept: */*",
        b"connection: keep-alive",
        b"host: " + url[7:-1].encode(),
        b"user-agent: " + USER_AGENT.encode(),
    ]


@pytest.mark.parametrize(
    ("content", "fields", "form", "body"),
    [
        (b"abc", {}, b"content-length: 3", b"abc"),
        (b"", {}, b"content-length: 0", b""),
        (b"x" * 300_000, {}, b"content-length: 300000", b"x" * 300_000),
        (("ab", "c"), {}, b"transfer-encoding: chunked", b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"),
        (("ab", "c"), {"Content-Length": "3"}, b"content-length: 3", b"abc"),
        (b"\x1f\x8b", {"Content-Encoding": "gzip"}, b"content-encoding: gzip", b"\x1f\x8b"),
    ],
)
async def test_a_body_has_a_length_or_comes_in_chunks_and_never_both(listen, opened, *, content, fields, form, body):
    streamed = content if isinstance(content, bytes) else pieces(*(piece.encode() for piece in content))
    got = await opened().post(f"http://127.0.0.1:{await listen(echo)}/", content=streamed, headers=fields)
    head, _, sent = got.content.partition(b"\r\n\r\n")
    assert form in head.lower()
    assert (b"transfer-encoding" in head.lower()) == (b"content-length" not in head.lower())
    assert sent == body


@pytest.mark.parametrize("said", ["2", "4"])
async def test_a_streamed_body_of_another_size_than_said_is_our_own_fault(listen, opened, said):
    url = f"http://127.0.0.1:{await listen(echo)}/"
    with pytest.raises(httpx.LocalProtocolError) as caught:
        await opened().put(url, content=pieces(b"abc"), headers={"Content-Length": said})
    assert isinstance(caught.value.__cause__, InternalError)


async def test_a_body_whose_size_nobody_said_has_an_end(listen, opened, monkeypatch):
    monkeypatch.setattr(httpx_transport, "MAX_CHUNKED_BYTES", 4)
    url = f"http://127.0.0.1:{await listen(echo)}/"
    assert (await opened().put(url, content=pieces(b"ab", b"cd"))).status_code == 200
    with pytest.raises(httpx.LocalProtocolError):
        await opened().put(url, content=pieces(b"ab", b"cd", b"e"))


async def test_what_the_source_of_a_body_raises_passes_unchanged(listen, opened):
    async def source():
        yield b"a"
        raise FileNotFoundError

    client = opened(max_connections=1)
    url = f"http://127.0.0.1:{await listen(echo)}/"
    for _ in range(2):
        with pytest.raises(FileNotFoundError):
            await client.put(url, content=source())


async def test_loopback_is_refused_unless_allowed_and_the_refusal_is_no_failure_of_the_network(serving, opened):
    async with serving() as server:
        for client in (opened(allow_private=()), opened(allow_private=(), proxy=server.url)):
            with pytest.raises(OutboundRefused) as caught:
                await client.get(server.url)
            assert isinstance(caught.value, httpx.TransportError)
            assert not isinstance(caught.value, httpx.NetworkError | httpx.TimeoutException)
            assert isinstance(caught.value.__cause__, AddressRefused)
            assert caught.value.request.url == server.url
        with pytest.raises(AddressRefused):
            await exchange(opened(allow_private=()), "GET", server.url)
    assert server.connections == 0


async def test_a_name_is_judged_by_all_it_resolves_to_and_its_connection_pinned(serving, opened):
    async def find(host, _port):
        asked.append(host)
        return {"town.example": ["127.0.0.1"], "rebinding.example": ["8.8.8.8", "10.0.0.1"]}[host]

    asked = []
    client = opened(find=find)
    async with serving() as server:
        for _ in range(2):
            await client.get(f"http://town.example:{server.port}/")
        with pytest.raises(OutboundRefused):
            await client.get("http://rebinding.example/")
    assert asked == ["town.example", "rebinding.example"]
    assert f"host: town.example:{server.port}\r\n" in server.heads[0].lower()


async def test_a_redirect_is_not_followed_and_one_that_is_asked_for_is_judged_anew(serving, opened):
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/\r\nContent-Length: 0\r\n\r\n"
    async with serving(moved) as server:
        client = opened()
        assert (await client.get(server.url)).status_code == 302
        with pytest.raises(OutboundRefused):
            await client.get(server.url, follow_redirects=True)
        client.follow_redirects = True
        assert (await exchange(client, "GET", server.url)).status == 302


@pytest.mark.parametrize("url", ["ftp://town.example/", "http://u:p@127.0.0.1:1/", "ws://town.example/"])
async def test_other_schemes_and_names_of_users_are_not_spoken(opened, url):
    with pytest.raises(httpx.UnsupportedProtocol) as caught:
        await opened().get(url)
    assert isinstance(caught.value.__cause__, CounterpartAway)
    with pytest.raises(CounterpartAway):
        await exchange(opened(), "GET", url)


@pytest.mark.parametrize("url", ["http://[::1/", "http://x:y/", "/x"])
async def test_what_is_no_address_counts_as_away(opened, url):
    with pytest.raises(CounterpartAway):
        await exchange(opened(), "GET", url)


@pytest.mark.parametrize(
    "answer",
    [
        answering(b"0123456789A"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nB\r\n0123456789A\r\n0\r\n\r\n",
        answering(b"abcd", b"Content-Encoding: br"),
        answering(b"abcd", b"Content-Encoding: gzip, gzip"),
        b"SMTP ready\r\n\r\n",
    ],
)
async def test_what_is_too_long_or_packed_unknown_or_no_http_is_garbled(serving, opened, answer):
    async with serving(answer) as server:
        client = opened(limit=10)
        with pytest.raises(httpx.RemoteProtocolError) as caught:
            await client.get(server.url)
        assert isinstance(caught.value.__cause__, CounterpartGarbled)
        with pytest.raises(CounterpartGarbled):
            await exchange(opened(), "GET", server.url, limit=10)


async def test_the_limit_of_one_request_goes_before_that_of_the_client(serving, opened):
    async with serving(answering(b"x" * 20)) as server:
        client = opened(limit=10)
        assert len((await client.get(server.url, extensions={"limit": 20})).content) == 20
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(server.url)


async def test_what_an_answer_without_a_body_would_have_is_left_as_it_was_said(serving, opened):
    async with serving(b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\nContent-Encoding: gzip\r\n\r\n") as server:
        got = await opened(limit=10).head(server.url)
    assert (got.content, got.headers["content-length"], got.headers["content-encoding"]) == (b"", "2000", "gzip")


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        (b"gzip", gzip.compress(b"Stra\xc3\x9fe" * 100)),
        (b"X-GZIP", gzip.compress(b"Stra\xc3\x9fe" * 60) + gzip.compress(b"Stra\xc3\x9fe" * 40)),
        (b"deflate", zlib.compress(b"Stra\xc3\x9fe" * 100)),
        (b"identity", b"Stra\xc3\x9fe" * 100),
    ],
    ids=["gzip", "two members", "deflate", "not at all"],
)
async def test_a_packed_answer_is_unpacked_once(serving, opened, coding, packed):
    async with serving(answering(packed, b"Content-Encoding: " + coding, b"Content-Type: text/plain")) as server:
        got = await opened(limit=700).get(server.url)
        assert got.content == "Straße".encode() * 100
        assert (await exchange(opened(), "GET", server.url)).body == got.content
    assert got.headers["content-type"] == "text/plain"
    assert got.headers.get("content-encoding", "identity") == "identity"


@pytest.mark.parametrize(
    "packed",
    [gzip.compress(b"x" * 1_000_000), gzip.compress(b"x" * 50)[:-9], b"no gzip at all", gzip.compress(b"x") + b"more"],
    ids=["large", "cut off", "no gzip", "more behind it"],
)
async def test_a_packed_answer_that_grows_too_large_or_is_none_is_refused(serving, opened, packed):
    async with serving(answering(packed, b"Content-Encoding: gzip")) as server:
        with pytest.raises(httpx.DecodingError) as caught:
            await opened(limit=10_000).get(server.url)
        assert isinstance(caught.value.__cause__, CounterpartGarbled)
        with pytest.raises(CounterpartGarbled):
            await exchange(opened(), "GET", server.url, limit=10_000)


async def test_an_answer_streams_and_leaves_its_connection_for_the_next(listen, opened):
    going = asyncio.Event()
    connections = []

    async def slow(reader, writer):
        connections.append(writer)
        while True:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc")
            await going.wait()
            writer.write(b"def")

    client = opened(max_connections=1)
    url = f"http://127.0.0.1:{await listen(slow)}/"
    for _ in range(2):
        going.clear()
        got = []
        async with client.stream("GET", url) as answer:
            async for piece in answer.aiter_bytes():
                got.append(piece)
                going.set()
        assert got == [b"abc", b"def"]
    assert len(connections) == 1


async def test_whoever_leaves_a_stream_early_gives_its_place_back_and_closes_the_connection(listen, opened):
    closed = asyncio.Event()

    async def endless(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\nabc")
        await reader.read()
        closed.set()

    durations = Durations()
    client = opened(max_connections=1, pool_s=1.0, durations=durations)
    url = f"http://127.0.0.1:{await listen(endless)}/"
    for _ in range(3):
        closed.clear()
        async with client.stream("GET", url) as answer:
            async for piece in answer.aiter_bytes():
                assert piece == b"abc"
                break
        await asyncio.wait_for(closed.wait(), 5)
    assert sum(durations.take()[Counterpart.OTHER].numbers) == 3


async def test_whoever_is_cancelled_gives_its_place_back(listen, opened):
    async def silent(reader, _writer):
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await reader.read()
        gone.set()

    asked, gone = asyncio.Event(), asyncio.Event()
    client = opened(max_connections=1, pool_s=1.0)
    url = f"http://127.0.0.1:{await listen(silent)}/"
    for _ in range(2):
        asked.clear()
        gone.clear()
        task = asyncio.create_task(client.get(url))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(gone.wait(), 5)


async def test_durations_are_told_of_once_with_the_kind_of_counterpart(serving, opened):
    durations = Durations()
    client = opened(durations=durations, counterpart=Counterpart.TIMESTAMP)
    async with serving() as server:
        await client.get(server.url)
    with pytest.raises(OutboundRefused):
        await client.get("http://10.0.0.1/")
    taken = durations.take()
    assert {kind: sum(tally.numbers) for kind, tally in taken.items()} == {Counterpart.TIMESTAMP: 2}


@pytest.mark.parametrize("named", [{"call": "timestamp.stamp"}, None])
async def test_a_call_passes_its_failpoints_before_it_leaves_and_once_its_answer_is_whole(
    serving, opened, tmp_path, named
):
    async with serving() as server:
        client = opened(call="" if named else "timestamp.stamp")
        failpoints.arm("worker", tmp_path)
        try:
            async with client.stream("GET", server.url, extensions=named) as answer:
                assert [each.name for each in tmp_path.iterdir()] == ["worker.before.timestamp.stamp.passed"]
                await answer.aread()
            assert (tmp_path / "worker.after.timestamp.stamp.passed").exists()
            (tmp_path / "worker.before.timestamp.stamp").write_text("raise LookupError", encoding="ascii")
            with pytest.raises(LookupError):
                await client.get(server.url, extensions=named)
        finally:
            failpoints.arm("worker", None)
    assert len(server.heads) == 1


async def test_an_error_shows_neither_our_token_nor_the_answer_and_no_line_the_address(serving, opened, caplog):
    caplog.set_level(logging.INFO)
    token = "s3cret"
    async with serving() as server:
        await opened().get(f"{server.url}/hook/{token}")
    async with serving(PERSONAL, close=True) as server:
        with pytest.raises(httpx.RemoteProtocolError) as caught:
            await opened().get(server.url, headers={"Authorization": token})
    async with serving() as server:
        with pytest.raises(httpx.LocalProtocolError) as odd:
            await opened().get(server.url, headers={"X-Odd": f"{token}\r\nY: 1"})
    assert server.heads == []
    logging.getLogger("tests").error("x", exc_info=caught.value)
    logging.getLogger("tests").error("x", exc_info=odd.value)
    assert token not in caplog.text
    assert "Erika" not in caplog.text


async def test_a_request_is_never_repeated(listen, opened):
    heads = []

    async def once_then_gone(reader, writer):
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(OK)
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.close()

    url = f"http://127.0.0.1:{await listen(once_then_gone)}/"
    client = opened()
    assert (await client.get(url)).text == "ok"
    with pytest.raises(httpx.RemoteProtocolError) as caught:
        await client.get(url)
    assert isinstance(caught.value.__cause__, CounterpartAway)
    assert len(heads) == 2


async def test_a_transport_serves_a_client_that_somebody_else_makes(serving):
    transport = OutboundTransport(http_client(Policy(allow_private=("loopback",))))
    async with serving() as server, httpx.AsyncClient(transport=transport, base_url=server.url) as client:
        assert (await client.get("/x")).text == "ok"
    assert "accept-encoding: identity\r\n" in server.heads[0].lower()


async def test_an_answer_that_never_ends_is_left_though_nobody_asks_for_more(listen, opened):
    closed = asyncio.Event()

    async def endless(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\nabc")
        await reader.read()
        closed.set()

    client = opened(whole=Pace(0.05, 1e9))
    async with client.stream("GET", f"http://127.0.0.1:{await listen(endless)}/") as answer:
        stream = answer.aiter_raw()
        assert await anext(stream) == b"abc"
        await asyncio.wait_for(closed.wait(), 5)
        with pytest.raises(httpx.ReadTimeout) as caught:
            await anext(stream)
    assert isinstance(caught.value.__cause__, CounterpartAway)
