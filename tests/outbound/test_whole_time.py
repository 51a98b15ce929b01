"""An exchange has a time in all: who drips a byte now and then is left, who moves much has longer."""

from __future__ import annotations

import asyncio
import socket
import threading

import pytest

from gateway.errors import CounterpartAway
from gateway.outbound import smtp
from gateway.outbound.client import Policy, exchange, http_client
from gateway.outbound.durations import BUCKETS, Durations
from gateway.outbound.pace import USUAL, WHOLE, Counterpart, Pace, Progress
from gateway.outbound.policy import AddressPolicy
from gateway.outbound.smtp import Relay
from gateway.outbound.threads import apart

SHORT = Pace(0.05, 1e9)


def test_the_whole_time_grows_with_the_size_and_not_with_the_number_of_bytes_that_drip():
    assert WHOLE.seconds(0) == 60
    dripping, moving = Progress(WHOLE, 1000.0), Progress(WHOLE, 1000.0)
    for _ in range(20):  # a byte every few seconds
        dripping.add(1)
    for _ in range(64):
        moving.add(262_144)
    assert not dripping.overdue(1060)
    assert dripping.overdue(1060.1)
    assert not moving.overdue(1000 + 60 + 64 * 16)
    assert moving.overdue(1000 + 60 + 64 * 16 + 0.1)


def test_what_is_usual_ends_before_what_is_borne():
    assert all(USUAL.seconds(size) < WHOLE.seconds(size) for size in (0, 1, 1 << 20, 1 << 30))


@pytest.mark.parametrize("rest", [b"X-Drip: ", b"Content-Length: 1000000\r\n\r\n"])
async def test_an_answer_that_drips_is_left_however_fast_the_drops_fall(listen, rest):
    async def drip(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n" + rest)
        while True:
            writer.write(b"a")
            await writer.drain()
            await asyncio.sleep(0.005)

    port = await listen(drip)
    durations = Durations(usual=Pace(0.01, 1e9))
    policy = Policy(allow_private=("loopback",), whole=SHORT, counterpart=Counterpart.FITCONNECT)
    async with http_client(policy, durations=durations) as client:
        with pytest.raises(CounterpartAway):
            await exchange(client, "GET", f"http://127.0.0.1:{port}/")
        assert asyncio.current_task().cancelling() == 0, "whoever called looks as if it were to end"
    taken = durations.take()
    assert taken[Counterpart.FITCONNECT].slow == 1
    assert sum(taken[Counterpart.FITCONNECT].numbers) == 1


async def test_who_reads_a_body_drop_by_drop_is_left(listen):
    async def sip(reader, writer):
        while True:
            await reader.readexactly(1)
            await asyncio.sleep(0.005)

    port = await listen(sip)
    async with http_client(Policy(allow_private=("loopback",), whole=SHORT)) as client:
        call = exchange(client, "POST", f"http://127.0.0.1:{port}/", content=bytes(20_000_000))
        with pytest.raises(CounterpartAway):
            await asyncio.wait_for(call, 5)


async def test_who_moves_its_bytes_has_as_long_as_they_take(listen):
    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n")
        for _ in range(50):
            writer.write(bytes(10_000))
            await writer.drain()
            await asyncio.sleep(0.005)

    port = await listen(answer)
    async with http_client(Policy(allow_private=("loopback",), whole=Pace(0.1, 20_000))) as client:
        got = await exchange(client, "GET", f"http://127.0.0.1:{port}/")
    assert len(got.body) == 500_000


async def test_the_time_of_a_caller_ends_an_exchange_as_its_own(listen):
    async def silent(reader, _writer):
        await reader.read()

    port = await listen(silent)
    async with http_client(Policy(allow_private=("loopback",))) as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await exchange(client, "GET", f"http://127.0.0.1:{port}/")


async def test_a_mail_server_that_drips_its_handshake_is_left_and_its_thread_ends(listen):
    async def drip(reader, writer):
        await reader.read(1)
        writer.write(b"\x16\x03\x03\x40\x00")  # a record of 16 kB that comes byte by byte
        while True:
            writer.write(b"\x02")
            await writer.drain()
            await asyncio.sleep(0.01)

    port = await listen(drip)
    relay = Relay("127.0.0.1", port, "tls", AddressPolicy.of(("loopback",)), step_s=2.0, whole_s=0.1)
    durations = Durations()
    with pytest.raises(CounterpartAway):
        await asyncio.wait_for(smtp.send(relay, "a@b.example", "c@d.example", b"x", durations=durations), 5)
    assert sum(durations.take()[Counterpart.MAIL].numbers) == 1
    mine = [each for each in threading.enumerate() if each.name == "mail"]
    for thread in mine:
        await asyncio.to_thread(thread.join, 1.0)
    assert not any(thread.is_alive() for thread in mine)


async def test_those_who_wait_for_names_or_mail_take_none_of_the_threads_that_seal():
    go = threading.Event()
    waiting = [asyncio.create_task(apart(go.wait, "waits")) for _ in range(64)]
    try:
        assert await asyncio.wait_for(asyncio.to_thread(lambda: "sealed"), 5) == "sealed"
    finally:
        go.set()
        await asyncio.gather(*waiting)

    def fails():
        raise socket.gaierror

    with pytest.raises(socket.gaierror):
        await apart(fails, "fails")


def test_durations_are_counted_in_closed_buckets_and_what_was_not_written_counts_on():
    durations = Durations()
    durations.note(Counterpart.WEBHOOK, "a.example", 0.05)
    durations.note(Counterpart.WEBHOOK, "a.example", 11.0)
    durations.note(Counterpart.WEBHOOK, "a.example", 11.0, moved=131_072 * 5)
    durations.note(Counterpart.WEBHOOK, "a.example", 1e9)
    taken = durations.take()
    assert durations.take() == {}
    tally = taken[Counterpart.WEBHOOK]
    assert (tally.numbers[0], tally.numbers[BUCKETS.index(30.0)], tally.numbers[-1]) == (1, 2, 1)
    assert tally.slow == 2
    durations.note(Counterpart.WEBHOOK, "a.example", 0.01)
    durations.put_back(taken)
    again = durations.take()[Counterpart.WEBHOOK]
    assert (sum(again.numbers), again.slow) == (5, 2)
