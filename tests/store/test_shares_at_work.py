"""A worker whose one destination drips delivers for all others, and takes the dripping one's up again afterwards."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from uuid import UUID, uuid4

import structlog

from gateway.delivery import fair_share
from gateway.delivery.advance import Delivery
from gateway.delivery.circuit_breaker import OPENS_AFTER
from gateway.delivery.fair_share import PATIENCE_S, PLACES, FairShare
from gateway.fitconnect.events import MEANINGS
from gateway.fitconnect.limits import LIMITS
from gateway.model import Event, Municipality, Part, State
from gateway.outbound.client import Policy, exchange, http_client
from gateway.outbound.pace import Pace
from gateway.ports.blobs import SmallBlob
from gateway.ports.channel import Announced, Sealed
from gateway.ports.store import Change
from gateway.store.operation import jobs
from tests.store.conftest import OTHER_TOWN, TOWN, new_submission

CONCURRENCY = 2
DRIPS = "879ee109-a690-4db8-ab32-424284184d7d"
WELL = "11111111-a690-4db8-ab32-424284184d7d"
SISTER = "22222222-a690-4db8-ab32-424284184d7d"


class Now:
    def now(self):
        return datetime.now(UTC)


class Channel:
    """Destinations by service; announcing to the one that drips is a real exchange that never ends in time."""

    limits = LIMITS

    def __init__(self, destinations, client, url):
        self.destinations, self.client, self.url = destinations, client, url
        self.inside = self.most = 0

    def destination_of(self, service, *, test):
        return self.destinations[service]

    async def seal(self, submission, _parcel, _store):
        small = [SmallBlob(uuid4(), name.encode()) for name in ("metadata", "data")]
        parts = tuple(Part(blob.content.decode(), blob.id, 8, "t" * 22) for blob in small)
        to = self.destinations[submission.service]
        return Sealed(parts, to, {}, tuple(small))

    async def announce(self, submission):
        if submission.destination_id == DRIPS:
            self.inside += 1
            self.most = max(self.most, self.inside)
            try:
                await exchange(self.client, "POST", self.url)
            finally:
                self.inside -= 1
        return Announced(f"remote-{submission.id}", "case")

    async def submit(self, _submission, _read):
        return None

    async def events(self, submission):
        return tuple(
            Event(
                kind,
                submission.destination_id,
                True,
                Now().now(),
                jti=f"{submission.remote_id}-{kind}",
                token="t",
                meaning=MEANINGS[kind],
            )
            for kind in ("submit-submission", "accept-submission")
        )


@asynccontextmanager
async def dripping():
    """The address of one who sends a byte now and then, until the end of the block."""
    over, answering = asyncio.Event(), []

    async def drip(reader, writer):
        answering.append(asyncio.current_task())
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            while not over.is_set():
                writer.write(b"a")
                await writer.drain()
                await asyncio.sleep(0.02)
        writer.transport.abort()

    listener = await asyncio.start_server(drip, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/", over
    finally:
        over.set()
        listener.close()
        await asyncio.gather(*answering, return_exceptions=True)
        await asyncio.sleep(0)


class Tick:
    """The worker's clock, which moves when the test says so: no slow machine makes a part seem stuck."""

    now = 0.0

    def __call__(self):
        return self.now


def delivery(store, channels, tick):
    service = SimpleNamespace(readable=lambda *_a, **_k: b"%PDF-", calendar=lambda *_a, **_k: None)
    town = Municipality("tangerhuette", TOWN, "Stadt Tangerhütte", "https://p.example")
    return Delivery(
        store=store,
        channels={(town, "fitconnect"): channel for town, channel in channels.items()},
        municipalities=dict.fromkeys(channels, town),
        services=SimpleNamespace(get=lambda _id: service, ids=lambda: ("hausnummer", "termin")),
        clock=Now(),
        new_id=uuid4,
        jitter=lambda: 0.0,
        shares=FairShare(PLACES * CONCURRENCY, tick=tick, patience_s=0.2),
    )


def told_of(lines):
    """The destinations whose part was found stuck."""
    return {line["destination_id"] for line in lines if line["event"] == "delivery.part_taken"}


async def asleep(_seconds):
    return None


async def accepted(store, ids):
    for one in ids:
        while (await store.load(one)).state is not State.ACCEPTED:  # noqa: ASYNC110 - a row has no event
            await asyncio.sleep(0.02)


async def test_while_one_destination_drips_the_others_of_its_town_and_another_town_are_served(
    store, postgres_dsn, monkeypatch
):
    monkeypatch.setattr(fair_share, "SOON_S", 0.05)  # those who come back are waited for here
    made = [new_submission(f"drips-{no}", created_at=Now().now()) for no in range(12)]
    made += [new_submission(f"sister-{no}", service="termin", created_at=Now().now()) for no in range(2)]
    made += [new_submission(f"well-{no}", municipality=OTHER_TOWN, created_at=Now().now()) for no in range(4)]
    for new in made:
        await store.create(new)
    ids = [new.submission.id for new in made]
    # for as long as the test may last, no exchange with the dripping destination ends by itself
    policy = Policy(allow_private=("loopback",), whole=Pace(60.0, 1e9))
    stop, tick = asyncio.Event(), Tick()
    with structlog.testing.capture_logs() as lines:
        async with dripping() as (url, over), http_client(policy) as client:
            drips = Channel({"hausnummer": DRIPS, "termin": SISTER}, client, url)
            channels = {TOWN: drips, OTHER_TOWN: Channel({"hausnummer": WELL}, client, url)}
            carries = replace(delivery(store, channels, tick), sleep=asleep)
            app = jobs.build_app(postgres_dsn, lambda submission: carries.advance(UUID(submission)))
            async with app.open_async():
                working = asyncio.create_task(jobs.work(app, concurrency=(PLACES + 1) * CONCURRENCY, stop=stop))
                try:
                    await asyncio.wait_for(accepted(store, ids[12:]), 30)
                    async with asyncio.timeout(30):
                        while drips.inside < CONCURRENCY:  # noqa: ASYNC110 - an exchange that begins has no event
                            await asyncio.sleep(0.02)
                        tick.now = PATIENCE_S  # only the dripping ones are left, and they move no more
                        while not told_of(lines):  # noqa: ASYNC110 - a line in the log has no event
                            await asyncio.sleep(0.02)
                finally:
                    held = drips.inside
                    stop.set()
                    over.set()
                    await working
    assert held == drips.most == CONCURRENCY
    assert told_of(lines) == {DRIPS}


async def test_a_destination_that_drips_is_left_after_the_whole_time_and_its_circuit_opens(store):
    new = new_submission(created_at=Now().now())
    await store.create(new)
    policy = Policy(allow_private=("loopback",), whole=Pace(0.05, 1e9))
    async with dripping() as (url, _), http_client(policy) as client:
        carries = replace(delivery(store, {TOWN: Channel({"hausnummer": DRIPS}, client, url)}, Tick()), sleep=asleep)
        for _ in range(OPENS_AFTER):
            await carries.advance(new.submission.id)
            it = await store.load(new.submission.id)
            await store.commit(it.version, Change(replace(it, next_at=None)))
    assert it.state is State.SEALED
    assert it.attempts >= OPENS_AFTER
    assert carries.circuits.wait(DRIPS, Now().now()) is not None
