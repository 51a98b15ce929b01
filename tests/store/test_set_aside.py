"""A submission of which nothing can be written down as usual does not go round for ever either."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from types import SimpleNamespace
from uuid import UUID, uuid4

import psycopg
import pytest

from gateway import failpoints
from gateway.delivery.advance import Delivery
from gateway.errors import DatabaseAway, StepFailed
from gateway.evidence import chain
from gateway.fitconnect.limits import LIMITS
from gateway.model import Municipality, State
from gateway.operators.advice import suggestion
from gateway.store.operation import held, jobs
from gateway.store.operation.alarms import look, open_alarms
from gateway.store.submissions.set_aside import AGAIN, set_aside
from gateway.submission.actions import resumed
from gateway.submission.journey import STEP_ATTEMPTS, Step, StepKind, failed
from tests.store.conftest import TOWN, new_submission
from tests.store.test_alarms import at_state
from tests.store.test_jobs import ran, waiting

POINTS = ("before.submissions.commit", "after.submissions.commit", "before.steps.seal")
KINDS = ("ValueError", "MemoryError", "Unforeseen")


@pytest.fixture
def failing_at(tmp_path, request):
    point, kind = request.param
    there = tmp_path / f"worker.{point}"
    there.write_text(f"raise {kind}", encoding="ascii")
    failpoints.arm("worker", tmp_path)
    yield there
    failpoints.arm("worker", None)


async def alarms_of(store, clock) -> set[tuple[str, str]]:
    await look(store.database, clock.now(), {})
    return {(row["rule"], row["subject"]) for row in await open_alarms(store.database)}


async def test_it_is_held_with_cause_suggestion_alarm_and_an_unbroken_chain(store, clock):
    it = await at_state(store, clock, State.SEALED)
    assert await set_aside(store.database, it.id, "ValueError", clock.now())
    after = await store.load(it.id)
    assert (after.state, after.held_from, after.reason.code) == (State.HELD, State.SEALED, "step_failed")
    links = await store.evidence_of(it.id)
    assert links[-1].kind == "held"
    assert json.loads(links[-1].body)["code"] == "step_failed"
    assert chain.broken_at(links, it.id) is None
    (cause,) = await held.causes(store.database)
    assert (cause.cause, cause.number) == ("step_failed", 1)
    assert "Protokoll" in suggestion(cause.cause)["de"]
    assert await alarms_of(store, clock) == {("held_by_fault", str(it.id))}
    async with store.database.connection() as connection:
        told = await connection.fetch("SELECT state FROM changes ORDER BY xid, id")
    assert [row["state"] for row in told] == ["received", "sealed", "held"]
    assert not await set_aside(store.database, it.id, "ValueError", clock.now()), "once is enough"
    again = await store.commit(after.version, resumed(after, clock.now(), "operator"))
    assert again.state is State.SEALED
    assert await alarms_of(store, clock) == set()


@pytest.mark.parametrize("state", [State.ACCEPTED, State.REJECTED, State.EXPIRED, State.CANCELLED, State.HELD])
async def test_what_ended_or_is_held_is_not_touched(store, clock, state):
    it = await at_state(store, clock, state)
    assert not await set_aside(store.database, it.id, "ValueError", clock.now())
    assert await store.load(it.id) == it


async def test_what_is_not_there_is_not_touched(store, clock):
    assert not await set_aside(store.database, uuid4(), "ValueError", clock.now())


async def test_what_was_submitted_is_not_held_but_told_and_tried_again(store, clock, postgres_dsn):
    it = await at_state(store, clock, State.SUBMITTED)
    assert await set_aside(store.database, it.id, "ValueError", clock.now())
    after = await store.load(it.id)
    assert (after.state, after.next_at) == (State.SUBMITTED, clock.now() + AGAIN)
    assert await alarms_of(store, clock) == {("events_unread", str(it.id))}
    assert len(waiting(postgres_dsn)) == 1


async def test_an_answer_that_cannot_be_read_for_a_while_is_an_alarm_until_it_can(store, clock):
    it = await at_state(store, clock, State.SUBMITTED)
    error = StepFailed(step="read_events", kind="ValueError")
    for number in range(STEP_ATTEMPTS):
        assert await alarms_of(store, clock) == set(), number
        it = await store.commit(it.version, failed(it, Step(StepKind.READ_EVENTS), error, clock.now(), 0.5))
    assert await alarms_of(store, clock) == {("events_unread", str(it.id))}
    assert it.state is State.SUBMITTED
    async with store.database.connection() as connection:
        await connection.execute("UPDATE submissions SET attempts = 0, version = version + 1")
    assert await alarms_of(store, clock) == set()


def delivery(store, clock) -> Delivery:
    async def asleep(seconds: float) -> None:
        clock.advance(seconds=seconds)

    async def seal(*_):
        raise LookupError

    service = SimpleNamespace(readable=lambda *_a, **_k: b"%PDF-", calendar=lambda *_a, **_k: None)
    return Delivery(
        store=store,
        channels={
            (TOWN, "fitconnect"): SimpleNamespace(destination_of=lambda *_a, **_k: "d", seal=seal, limits=LIMITS)
        },
        municipalities={TOWN: Municipality("tangerhuette", TOWN, "Stadt", "https://p.example")},
        services=SimpleNamespace(get=lambda _id: service, ids=lambda: ("hausnummer",)),
        clock=clock,
        new_id=uuid4,
        jitter=lambda: 0.0,
        sleep=asleep,
    )


@pytest.fixture
def one_life(store, clock, postgres_dsn):
    """A worker that ends after one job; the next one's time has come already."""

    async def live() -> None:
        done = asyncio.Event()

        async def advance(submission_id: str):
            try:
                clock.advance(hours=1)
                return await delivery(store, clock).advance(UUID(submission_id))
            finally:
                done.set()

        async def give_up(submission_id: str, kind: str) -> None:
            await set_aside(store.database, UUID(submission_id), kind, clock.now())

        app = jobs.build_app(postgres_dsn, advance, give_up)
        async with app.open_async():
            await ran(app, asyncio.Event(), done.wait())
        with psycopg.connect(postgres_dsn, autocommit=True) as connection:
            connection.execute("UPDATE procrastinate_jobs SET scheduled_at = NULL WHERE status = 'todo'")

    return live


@pytest.mark.parametrize("failing_at", [(point, kind) for point in POINTS for kind in KINDS], indirect=True)
async def test_where_commits_fail_too_jobs_are_counted_across_workers(store, clock, one_life, failing_at):
    new = new_submission()
    await store.create(new)
    assert failing_at.exists()
    lives = 0
    while (await store.load(new.submission.id)).state is not State.HELD:
        await one_life()
        lives += 1
        assert lives <= STEP_ATTEMPTS + jobs.MOST_STUMBLES
    reason = (await store.load(new.submission.id)).reason
    assert reason.code == "step_failed"
    assert "?" not in reason.de
    assert await alarms_of(store, clock) >= {("held_by_fault", str(new.submission.id))}


async def test_one_that_cannot_even_be_given_up_waits_an_hour(store, postgres_dsn, monkeypatch):
    monkeypatch.setattr(jobs, "MOST_STUMBLES", 1)
    tried = asyncio.Event()

    async def failing(*_: str) -> None:
        tried.set()
        raise RuntimeError

    await store.create(new_submission())
    app = jobs.build_app(postgres_dsn, failing, failing)
    async with app.open_async():
        await ran(app, asyncio.Event(), tried.wait())
    with psycopg.connect(postgres_dsn) as connection:
        (later,) = connection.execute(
            "SELECT scheduled_at - now() FROM procrastinate_jobs WHERE status = 'todo'"
        ).fetchone()
    assert later > timedelta(seconds=jobs.GIVEN_UP - 60)


async def test_a_database_that_is_away_counts_for_nothing(store, postgres_dsn):
    tried = asyncio.Event()

    async def away(_: str) -> None:
        tried.set()
        raise DatabaseAway

    await store.create(new_submission())
    app = jobs.build_app(postgres_dsn, away)
    async with app.open_async():
        await ran(app, asyncio.Event(), tried.wait())
    assert [status for _, status, *_ in waiting(postgres_dsn)] == ["todo"]
