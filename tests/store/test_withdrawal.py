"""Taking back and correcting on a real store: nothing lost, nobody undone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.errors import StateConflict, VersionGone
from gateway.intake.withdrawal import withdraw
from gateway.model import State
from gateway.ports.store import Change
from tests.store.conftest import EVERYBODY, new_submission


async def test_a_cancelled_application_ends_and_a_late_worker_changes_nothing(store, clock):
    new = new_submission()
    await store.create(new)
    await withdraw(store, clock, new.submission.id)
    await withdraw(store, clock, new.submission.id)
    after = await store.load(new.submission.id)
    assert (after.state, after.version) == (State.CANCELLED, 2)
    with pytest.raises(VersionGone):
        await store.commit(1, Change(replace(new.submission, state=State.SEALED)))
    assert [each.state for each in await store.changes(None, EVERYBODY, 10)] == ["received", "cancelled"]
    assert [each.kind for each in await store.evidence_of(new.submission.id)][-1] == "cancelled"


async def test_what_may_have_gone_out_is_not_cancelled(store, clock):
    new = new_submission(state=State.UPLOADED, intent="submit")
    await store.create(new)
    with pytest.raises(StateConflict):
        await withdraw(store, clock, new.submission.id)
    assert (await store.load(new.submission.id)).state is State.UPLOADED


async def test_a_worker_that_was_quicker_is_asked_again(store, clock, monkeypatch):
    new = new_submission()
    await store.create(new)
    load, raced = store.load, []

    async def outrun(name):
        seen = await load(name)
        if not raced:
            raced.append(await store.commit(seen.version, Change(replace(seen, state=State.SEALED))))
        return seen

    monkeypatch.setattr(store, "load", outrun)
    await withdraw(store, clock, new.submission.id)
    assert (await load(new.submission.id)).state is State.CANCELLED
