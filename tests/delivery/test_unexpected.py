"""Whatever exception a step raises, the submission ends in a state with a cause, and goes on once it is mended."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from gateway import failpoints
from gateway.errors import DatabaseAway, StepFailed, unexpected
from gateway.fitconnect.limits import LIMITS
from gateway.model import State
from gateway.submission import journey
from gateway.submission.actions import resumed
from gateway.submission.journey import STEP_ATTEMPTS, Step, StepKind
from gateway.submission.states import BEFORE_SUBMITTED
from tests.journeys.test_every_crash import MortalStore, carried_out, worker, world
from tests.submission.test_journey import NOW, ready

SECRET = "Ändersën Müßiggang"
KINDS = ["ValueError", "RuntimeError", "KeyError", "MemoryError", "RecursionError", "OSError", "Unforeseen"]
PLACES = {
    "steps.document": State.RECEIVED,
    "steps.readable": State.RECEIVED,
    "steps.appointment": State.RECEIVED,
    "steps.seal": State.RECEIVED,
    "steps.announce": State.SEALED,
    "steps.upload": State.ANNOUNCED,
    "steps.submit": State.UPLOADED,
}


@pytest.fixture
def armed(tmp_path):
    failpoints.arm("worker", tmp_path)
    yield tmp_path
    failpoints.arm("worker", None)


def held_for_a_person(it) -> bool:
    return it.row.state is State.HELD and it.row.reason is not None and it.row.reason.code == StepFailed.code


async def taken_up_again(it) -> None:
    await it.store.commit(it.row.version, resumed(it.row, it.now(), "operator"))
    await carried_out(it)


def test_every_step_of_a_delivery_is_among_the_places():
    elsewhere = {
        "steps.export",
        "steps.mail",
        "steps.sign",
        "steps.read_events",
    }  # tests/store, tests/fitconnect, below
    assert set(failpoints.STEPS) == {*PLACES, *elsewhere}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("point", PLACES)
async def test_any_exception_of_a_step_holds_the_submission_after_a_few_tries(armed, point, kind):
    it, began = world(), world().now()
    there = armed / f"worker.before.{point}"
    there.write_text(f"raise {kind}", encoding="ascii")
    await carried_out(it)
    assert held_for_a_person(it)
    assert it.row.held_from is PLACES[point]
    assert kind in it.row.reason.de
    assert kind in it.row.reason.en
    assert it.row.attempts == STEP_ATTEMPTS
    assert timedelta(seconds=20) < it.now() - began < timedelta(minutes=3)
    there.unlink()
    await taken_up_again(it)
    assert it.row.state is State.ACCEPTED


async def test_an_answer_that_cannot_be_read_is_asked_for_again_and_counted(armed):
    """What was submitted is never held; an alarm of its own tells (tests/store/test_set_aside.py)."""
    it = world()
    there = armed / "worker.before.steps.read_events"
    there.write_text("raise ValueError", encoding="ascii")
    with pytest.raises(AssertionError):
        await carried_out(it, lives=STEP_ATTEMPTS + 2)
    assert it.row.state is State.SUBMITTED
    assert it.row.attempts >= STEP_ATTEMPTS
    assert it.row.next_at > it.now() - timedelta(hours=1)
    there.unlink()
    await carried_out(it)
    assert it.row.state is State.ACCEPTED


@pytest.mark.parametrize("state", sorted(BEFORE_SUBMITTED - {State.HELD, State.RECEIVED}))
async def test_a_commit_that_fails_for_what_it_brings_holds_the_submission(monkeypatch, state):
    """As by a text that the database does not take: what only counts the failure can be written."""
    it = world()
    commit = MortalStore.commit

    async def refusing(store, expected, change):
        if change.submission.state is state:
            raise ValueError(SECRET)
        return await commit(store, expected, change)

    monkeypatch.setattr(MortalStore, "commit", refusing)
    await carried_out(it)
    assert held_for_a_person(it)
    assert SECRET not in json.dumps(it.row.reason.as_json(), ensure_ascii=False)
    monkeypatch.setattr(MortalStore, "commit", commit)
    await taken_up_again(it)
    assert it.row.state is State.ACCEPTED
    assert it.submits == 1


@pytest.mark.parametrize("method", ["paused", "load"])
async def test_what_fails_apart_from_any_step_is_counted_or_raised(monkeypatch, method):
    it, tries = world(), []

    async def failing(*_):
        tries.append(1)
        raise KeyError(SECRET)

    monkeypatch.setattr(MortalStore, method, failing)
    if method == "paused":
        await carried_out(it)
        assert held_for_a_person(it)
    else:  # the row cannot even be read: the job counts (gateway/store/operation/jobs.py)
        with pytest.raises(KeyError):
            await worker(it).advance(it.row.id)
    assert len(tries) <= STEP_ATTEMPTS + 1


async def test_a_database_that_is_away_is_no_fault_of_the_submission(monkeypatch):
    it = world()

    async def away(*_):
        raise DatabaseAway

    monkeypatch.setattr(MortalStore, "paused", away)
    for _ in range(20):
        with suppress(DatabaseAway):
            await worker(it).advance(it.row.id)
    assert (it.row.state, it.row.attempts) == (State.RECEIVED, 0)


async def test_the_log_names_type_and_place_and_nothing_of_the_text(monkeypatch):
    it = world()

    async def failing(*_):
        raise RuntimeError(SECRET)

    monkeypatch.setattr(MortalStore, "stored", failing)
    with capture_logs() as lines:
        await worker(it).advance(it.row.id)
    line = next(line for line in lines if line["event"] == "delivery.step_failed")
    assert (line["error"], line["code"], line["step"]) == ("RuntimeError", "step_failed", "seal")
    assert line["place"].startswith("gateway.delivery.advance:")
    assert SECRET not in repr(lines)


def test_a_submit_in_doubt_stays_in_doubt_while_the_event_log_cannot_be_read():
    it = journey.begin(ready(State.UPLOADED), Step(StepKind.SUBMIT)).submission
    change = journey.failed(it, Step(StepKind.READ_EVENTS), StepFailed(step="read_events", kind="ValueError"), NOW, 0.5)
    assert journey.next_step(change.submission, change.wake_at, LIMITS).kind is StepKind.READ_EVENTS


def test_an_exception_without_our_code_in_its_way_has_no_place():
    assert unexpected.named(ValueError(SECRET)) == {"error": "ValueError", "place": "?"}
