"""Time-outs and broken connections by the names that httpx gives them; of ours and theirs the shorter counts."""

from __future__ import annotations

import asyncio
import socket

import httpx
import pytest

from gateway.errors import AddressRefused, CounterpartAway, CounterpartGarbled
from gateway.outbound.client import Policy
from gateway.outbound.httpx_errors import OutboundRefused, as_ours
from gateway.outbound.httpx_transport import exchange, httpx_client
from gateway.outbound.pace import Pace

SHORT = 0.03
LONG = 60.0


@pytest.fixture
async def opened():
    made = []

    def make(*, find=None, **policy):
        more = {"find": find} if find else {}
        made.append(httpx_client(Policy(**{"allow_private": ("loopback",), **policy}), **more))
        return made[-1]

    yield make
    for client in made:
        await client.aclose()


async def silent(reader, _writer):
    await reader.read()


async def never(_host, _port):
    await asyncio.Event().wait()


def both(name):
    """The short time is ours once, and httpx's once."""
    return [({f"{name}_s": SHORT}, httpx.Timeout(LONG)), ({}, httpx.Timeout(LONG, **{name: SHORT}))]


async def raising(kind, request):
    with pytest.raises(kind) as caught:
        await request
    assert isinstance(caught.value.__cause__, CounterpartAway)
    assert type(caught.value) is kind


@pytest.mark.parametrize(("policy", "waits"), both("connect"))
async def test_a_connection_that_does_not_come_about(opened, policy, waits):
    await raising(httpx.ConnectTimeout, opened(find=never, **policy).get("http://slow.example/", timeout=waits))


@pytest.mark.parametrize(("policy", "waits"), both("read"))
async def test_silence(listen, opened, policy, waits):
    url = f"http://127.0.0.1:{await listen(silent)}/"
    await raising(httpx.ReadTimeout, opened(**policy).get(url, timeout=waits))


@pytest.mark.parametrize(("policy", "waits"), both("read"))
async def test_silence_in_the_middle_of_an_answer(serving, opened, policy, waits):
    async with serving(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc") as server:
        await raising(httpx.ReadTimeout, opened(**policy).get(server.url, timeout=waits))


@pytest.mark.parametrize(("policy", "waits"), both("write"))
async def test_somebody_who_does_not_read(opened, policy, waits):
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        await raising(httpx.WriteTimeout, opened(**policy).put(url, content=b"x" * 50_000_000, timeout=waits))


@pytest.mark.parametrize(("policy", "waits"), both("pool"))
async def test_no_connection_free(listen, opened, policy, waits):
    asked, go = asyncio.Event(), asyncio.Event()

    async def slow(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await go.wait()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    client = opened(max_connections=1, **policy)
    url = f"http://127.0.0.1:{await listen(slow)}/"
    first = asyncio.create_task(client.get(url))
    await asked.wait()
    await raising(httpx.PoolTimeout, client.get(url, timeout=waits))
    go.set()
    assert (await first).text == "ok"


async def test_a_time_of_nothing_is_not_taken_for_none(listen, opened):
    url = f"http://127.0.0.1:{await listen(silent)}/"
    async with asyncio.timeout(LONG / 4):
        await raising(httpx.ReadTimeout, opened().get(url, timeout=httpx.Timeout(LONG, read=0)))


async def test_no_time_of_httpx_leaves_ours(listen, opened):
    url = f"http://127.0.0.1:{await listen(silent)}/"
    await raising(httpx.ReadTimeout, opened(read_s=SHORT).get(url, timeout=None))


async def test_whoever_sends_a_byte_before_each_time_runs_out_is_left_all_the_same(listen, opened):
    async def dripping(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.005)

    url = f"http://127.0.0.1:{await listen(dripping)}/"
    client = opened(whole=Pace(0.05, 1e9))
    await raising(httpx.ReadTimeout, client.get(url))
    with pytest.raises(CounterpartAway):
        await exchange(client, "GET", url)


async def test_the_caller_is_not_cancelled_by_it(listen, opened):
    url = f"http://127.0.0.1:{await listen(silent)}/"
    with pytest.raises(httpx.ReadTimeout):
        await opened(whole=Pace(0.05, 1e9)).get(url)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_a_closed_port_and_an_unknown_name(serving, opened):
    async def nowhere(_host, _port):
        raise OSError

    async with serving() as server:
        pass
    await raising(httpx.ConnectError, opened().get(server.url))
    await raising(httpx.ConnectError, opened(find=nowhere).get("http://nowhere.example/"))


async def test_a_proxy_that_is_not_there(serving, opened):
    async def find(_host, _port):
        return ["127.0.0.1"]

    async with serving() as server:
        pass
    client = opened(proxy=f"http://proxy.example:{server.port}", find=find)
    await raising(httpx.ProxyError, client.get("http://far.example/"))


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", b"HTTP/1.1 200 OK\r\nContent-Le"]
)
async def test_an_answer_cut_off(serving, opened, answer):
    async with serving(answer, close=True) as server:
        await raising(httpx.RemoteProtocolError, opened().get(server.url))
        with pytest.raises(CounterpartAway):
            await exchange(opened(), "GET", server.url)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (httpx.ConnectError("x"), CounterpartAway),
        (httpx.PoolTimeout("x"), CounterpartAway),
        (httpx.RemoteProtocolError("x"), CounterpartGarbled),
        (httpx.DecodingError("x"), CounterpartGarbled),
        (OutboundRefused("x"), AddressRefused),
    ],
)
def test_what_another_transport_raises_is_understood(theirs, ours):
    assert type(as_ours(theirs, "h")) is ours
