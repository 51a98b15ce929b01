"""Delivery dies before and after every commit and every call outside: one delivery arrives, and it is accepted.

Store and counterpart live on through each crash, as a database and another machine do; the worker does not.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest

from gateway.delivery.advance import Delivery
from gateway.errors import CounterpartAway, CounterpartRefused, DestinationUnfit
from gateway.fitconnect.events import meaning
from gateway.fitconnect.limits import LIMITS
from gateway.model import Event, Municipality, Part, State, Submission
from gateway.ports.blobs import SmallBlob
from gateway.ports.channel import Announced, Sealed
from gateway.ports.store import Change
from gateway.store.memory import MemoryStore
from gateway.submission.states import TERMINAL
from tests.login.conftest import at_once
from tests.stores import EVERYBODY, holding

ARS, DESTINATION, SERVICE = "150900546546", "879ee109-a690-4db8-ab32-424284184d7d", "https://delivery.example"
BEGAN = datetime(2026, 11, 24, 12, tzinfo=UTC)


class Killed(BaseException):
    """The process is gone: nothing catches it."""


@dataclass
class World:
    """Everything outside the worker: rows, the delivery service, time, and when the worker is to die."""

    first: Submission
    announced: dict[str, set[str]] = field(default_factory=dict)
    submitted: set[str] = field(default_factory=set)
    submits: int = 0
    now_: datetime = BEGAN
    points: list[str] = field(default_factory=list)
    kill_at: int = 0
    faults: list[Exception] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = holding(self.first, MortalStore(self))

    @property
    def row(self) -> Submission:
        return at_once(MemoryStore.load(self.store, self.first.id))

    @property
    def states(self) -> list[str]:
        """What the change feed tells behind the beginning."""
        return [line.state for line in at_once(self.store.changes(None, EVERYBODY, 1000))][1:]

    def now(self) -> datetime:
        return self.now_

    def point(self, name: str) -> None:
        self.points.append(name)
        if len(self.points) == self.kill_at:
            raise Killed(name)


class MortalStore(MemoryStore):
    """The store, and a worker that may die before and after each commit."""

    def __init__(self, world: World) -> None:
        super().__init__(world, uuid4)
        self.world = world

    async def commit(self, expected: int, change: Change) -> Submission:
        self.world.point("before commit")
        row = await super().commit(expected, change)
        self.world.point(f"after commit of {row.state}")
        return row


class Channel:
    limits = LIMITS

    def __init__(self, world: World) -> None:
        self.world = world

    def destination_of(self, _service: str, *, test: bool) -> str:
        return DESTINATION

    async def _call(self, name: str) -> None:
        if self.world.faults and name in {"announce", "upload", "submit", "events"}:
            raise self.world.faults.pop(0)
        self.world.point(f"before {name}")

    async def seal(self, _submission, _parcel, _store) -> Sealed:
        await self._call("seal")
        names = ("metadata", "data", "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222")
        small = [SmallBlob(uuid4(), name.encode()) for name in names]
        parts = tuple(Part(name, blob.id, len(name), "t" * 22) for name, blob in zip(names, small, strict=True))
        self.world.point("after seal")
        return Sealed(parts, DESTINATION, {}, tuple(small))

    async def announce(self, _submission) -> Announced:
        await self._call("announce")
        remote = str(uuid4())
        self.world.announced[remote] = set()
        self.world.point("after announce")
        return Announced(remote, "case")

    async def upload(self, submission, part, body) -> None:
        await self._call("upload")
        assert b"".join([piece async for piece in body]) == part.name.encode()
        if submission.remote_id not in self.world.announced:
            raise CounterpartRefused(host="h", http_status=404, problem="")
        self.world.announced[submission.remote_id].add(part.name)
        self.world.point("after upload")

    async def submit(self, submission, read) -> None:
        for part in submission.parts:
            assert b"".join([piece async for piece in read(part)]) == part.name.encode()
        await self._call("submit")
        assert len(self.world.announced[submission.remote_id]) == 2, "submitted without its attachments"
        self.world.submits += 1
        self.world.submitted.add(submission.remote_id)
        self.world.point("after submit")

    async def events(self, submission) -> tuple[Event, ...]:
        await self._call("events")
        kinds = ["create-submission"]
        if submission.remote_id in self.world.submitted:
            kinds += ["submit-submission", "accept-submission"]
        self.world.point("after events")
        by = {"accept-submission": DESTINATION}
        return tuple(
            Event(
                kind,
                by.get(kind, SERVICE),
                verified=True,
                at=BEGAN,
                jti=f"{submission.remote_id}-{kind}",
                token="t",
                meaning=meaning(kind, by.get(kind, SERVICE), DESTINATION, verified=True),
            )
            for kind in kinds
        )


def world(**other: str) -> World:
    first = Submission(uuid4(), ARS, "portal", "hausnummer", State.RECEIVED, 1, BEGAN, BEGAN, "fitconnect")
    return World(replace(first, **other))


def worker(world: World) -> Delivery:
    async def asleep(seconds: float) -> None:
        world.now_ += timedelta(seconds=seconds)

    service = SimpleNamespace(readable=lambda *_a, **_k: b"%PDF-", calendar=lambda *_a, **_k: None)
    return Delivery(
        store=world.store,
        channels={(ARS, "fitconnect"): Channel(world)},
        municipalities={ARS: Municipality("tangerhuette", ARS, "Stadt Tangerhütte", "https://p.example")},
        services=SimpleNamespace(get=lambda _id: service, ids=lambda: ("hausnummer",)),
        clock=world,
        new_id=uuid4,
        jitter=lambda: 0.0,
        sleep=asleep,
    )


async def carried_out(world: World, lives: int = 60) -> None:
    """Workers come and go until the submission rests; each begins with nothing but the row."""
    for _ in range(lives):
        with suppress(Killed):
            await worker(world).advance(world.row.id)
        if world.row.state in TERMINAL or world.row.state is State.HELD:
            return
        world.now_ = max(world.now_, world.row.next_at or world.now_) + timedelta(seconds=1)
    raise AssertionError(f"still {world.row.state} after {lives} lives")


def undisturbed() -> list[str]:
    it = world()
    asyncio.run(carried_out(it))
    return it.points


POINTS = undisturbed()


def test_every_commit_and_every_call_is_a_point_to_die_at():
    for call in ("seal", "announce", "upload", "submit", "events"):
        assert f"before {call}" in POINTS
        assert f"after {call}" in POINTS
    assert {p for p in POINTS if p.startswith("after commit")} == {
        f"after commit of {state}" for state in ("sealed", "announced", "uploaded", "accepted")
    }


async def test_a_state_passed_before_the_commit_is_told_all_the_same():
    it = world()
    await carried_out(it)
    assert "after commit of submitted" not in it.points, "submitted and accepted go to the disk together"
    assert it.states == ["sealed", "announced", "uploaded", "submitted", "accepted"]


@pytest.mark.parametrize("at", range(1, len(POINTS) + 1), ids=lambda at: f"{at}-{POINTS[at - 1]}".replace(" ", "_"))
async def test_killed_there_exactly_one_arrives_and_is_accepted(at):
    it = world()
    it.kill_at = at
    await carried_out(it)
    assert it.row.state is State.ACCEPTED
    assert len(it.submitted) == 1, "lost, or delivered twice"
    assert it.submits == 1, "asked again without looking into the event log first"
    assert it.store.blobs == {}, "sealed parts that nobody needs any more"


@pytest.mark.parametrize("first", range(1, len(POINTS) + 1, 3))
@pytest.mark.parametrize("gap", [1, 4, 9])
async def test_killed_twice_exactly_one_arrives(first, gap):
    it = world()
    it.kill_at = first
    with suppress(Killed):
        await worker(it).advance(it.row.id)
    it.now_ += timedelta(minutes=1)
    it.kill_at = len(it.points) + gap
    await carried_out(it)
    assert (it.row.state, len(it.submitted)) == (State.ACCEPTED, 1)


async def test_a_counterpart_that_is_away_for_a_while_delays_and_loses_nothing():
    it = world()
    it.faults = [CounterpartAway(host="h") for _ in range(12)]
    await carried_out(it)
    assert (it.row.state, len(it.submitted)) == (State.ACCEPTED, 1)


async def test_what_needs_a_person_is_held_with_its_reason_and_not_tried_again():
    it = world()
    it.faults = [DestinationUnfit(rule="no_destination")]
    await carried_out(it)
    assert (it.row.state, it.row.reason.code) == (State.HELD, "destination_unfit")
    calls = len(it.points)
    await worker(it).advance(it.row.id)
    assert len(it.points) == calls


@pytest.mark.parametrize("gone", ["municipality", "service"])
async def test_what_was_taken_out_of_the_settings_is_held_not_forgotten(gone):
    it = world(**{gone: "999999999999"})
    await carried_out(it)
    assert (it.row.state, it.row.reason.code, it.submits) == (State.HELD, "destination_unfit", 0)


@pytest.mark.parametrize("call", ["announce", "upload", "submit", "events"])
async def test_a_late_worker_changes_nothing_and_calls_nothing_any_more(call):
    it = world()
    late = worker(it)
    reached, go_on = asyncio.Event(), asyncio.Event()
    channel = late.channels[ARS, "fitconnect"]
    plain = channel._call

    async def stopped(name: str) -> None:
        await plain(name)
        if name == call and not reached.is_set():
            reached.set()
            await go_on.wait()

    channel._call = stopped
    stopped_worker = asyncio.create_task(late.advance(it.row.id))
    await reached.wait()
    it.now_ += timedelta(seconds=10)
    await carried_out(it)
    row, calls = it.row, len(it.points)
    go_on.set()
    await stopped_worker
    assert it.row == row, "a late worker undid what its successor did"
    assert len(it.submitted) == 1
    asked = [p for p in it.points[calls:] if p.startswith("before") and "commit" not in p]
    assert asked == (["before events"] if call == "submit" else []), "reading the event log changes nothing"
