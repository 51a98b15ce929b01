"""Who finds another asking for what it needs goes back for later: nothing is counted against it, nothing is lost."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from gateway.delivery.advance import LOOK_AGAIN_S, UPLOADS_AT_ONCE
from gateway.delivery.fair_share import FairShare, Party, Refusal
from gateway.model import Part, State
from gateway.ports.blobs import SmallBlob
from gateway.ports.channel import LookUnderWay, Sealed
from tests.journeys.test_every_crash import ARS, DESTINATION, Channel, worker, world


class Shared(Channel):
    """Each kind of call finds a look under way the first time."""

    def __init__(self, where, calls):
        super().__init__(where)
        self.calls = set(calls)

    async def _call(self, name):
        if name in self.calls:
            self.calls.discard(name)
            raise LookUnderWay
        await super()._call(name)


CALLS = ("seal", "announce", "upload", "submit", "events")


@pytest.mark.parametrize("calls", [*[(each,) for each in CALLS], CALLS])
async def test_a_step_that_would_wait_for_another_is_done_later_and_no_failure_is_counted(calls):
    it = world()
    delivery = replace(worker(it), channels={(ARS, "fitconnect"): Shared(it, calls)})
    waits = 0
    for _ in range(20):
        again = await delivery.advance(it.row.id)
        assert it.row.attempts == 0
        if it.row.state is State.ACCEPTED:
            break
        if again is not None:
            waits += 1
            assert again - it.now_ == timedelta(seconds=LOOK_AGAIN_S)
        it.now_ += timedelta(seconds=LOOK_AGAIN_S)
    assert it.row.state is State.ACCEPTED
    assert it.submits == 1
    assert State.HELD not in it.states


async def test_a_submission_without_a_place_goes_back_untouched_and_goes_on_when_one_is_free():
    it, now = world(), [0.0]
    shares = FairShare(2, tick=lambda: now[0])
    delivery = replace(worker(it), shares=shares)
    assert await shares.take(Party(DESTINATION, ARS)) is None
    now[0] = 1000.0
    again = await delivery.advance(it.row.id)
    assert again > it.now_
    assert (it.row.state, it.points) == (State.RECEIVED, [])
    shares.leave(Party(DESTINATION, ARS))
    await delivery.advance(it.row.id)
    assert it.row.state is State.ACCEPTED
    assert await shares.take(Party(DESTINATION, ARS)) is None, "its place was not given back"
    now[0] = 2000.0
    assert isinstance(await shares.take(Party(DESTINATION, ARS)), Refusal)


class Crowded(Channel):
    """Many small attachments; counts how many are on their way at once, of which the first wait for each other."""

    inside = most = 0

    def __init__(self, where):
        super().__init__(where)
        self.met = asyncio.Event()

    async def seal(self, _submission, _parcel, _store):
        names = ("metadata", "data", *(str(uuid4()) for _ in range(50)))
        small = [SmallBlob(uuid4(), name.encode()) for name in names]
        parts = tuple(Part(name, blob.id, len(name), "t" * 22) for name, blob in zip(names, small, strict=True))
        return Sealed(parts, DESTINATION, {}, tuple(small))

    async def upload(self, _submission, _part, _body):
        self.inside += 1
        self.most = max(self.most, self.inside)
        if self.inside == UPLOADS_AT_ONCE:
            self.met.set()
        await asyncio.wait_for(self.met.wait(), 10)
        await asyncio.sleep(0)
        self.inside -= 1

    async def submit(self, submission, _read):
        self.world.submitted.add(submission.remote_id)


async def test_a_submission_with_many_attachments_takes_a_few_connections_at_once():
    it = world()
    channel = Crowded(it)
    await replace(worker(it), channels={(ARS, "fitconnect"): channel}).advance(it.row.id)
    assert it.row.state is State.ACCEPTED
    assert channel.most == UPLOADS_AT_ONCE
