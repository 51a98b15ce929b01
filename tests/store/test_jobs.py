"""Jobs: one waits, one runs, the earliest wish counts, and those of the dead come back."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from procrastinate import sql
from procrastinate.exceptions import ConnectorException
from procrastinate.psycopg_connector import PsycopgConnector

from gateway.model import State
from gateway.ports.store import Change
from gateway.store.operation import jobs
from tests.store.conftest import new_submission


def waiting(dsn):
    with psycopg.connect(dsn) as connection:
        return connection.execute(
            "SELECT lock, status::text, scheduled_at, queue_name, task_name FROM procrastinate_jobs ORDER BY id"
        ).fetchall()


async def ran(app, stop, until, seconds=15):
    worker = asyncio.create_task(jobs.work(app, concurrency=4, stop=stop))
    try:
        await asyncio.wait_for(until, seconds)
    finally:
        stop.set()
        await worker


async def test_a_created_submission_is_advanced_and_the_job_forgotten(store, postgres_dsn):
    seen = asyncio.Queue()
    app = jobs.build_app(postgres_dsn, seen.put)
    new = new_submission()
    await store.create(new)
    async with app.open_async():
        await ran(app, asyncio.Event(), seen.get())
    assert waiting(postgres_dsn) == []


async def test_of_several_wishes_the_earliest_counts_and_one_job_waits(store, postgres_dsn, clock):
    new = new_submission()
    await store.create(new)
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute("DELETE FROM procrastinate_jobs")
    now = clock.now()
    for version, (wish, expected) in enumerate(
        [
            (timedelta(hours=2), timedelta(hours=2)),
            (timedelta(hours=1), timedelta(hours=1)),
            (timedelta(hours=3), timedelta(hours=1)),
        ],
        start=1,
    ):
        await store.commit(version, Change(submission=new.submission, wake_at=now + wish))
        assert waiting(postgres_dsn) == [(str(new.submission.id), "todo", (now + expected), "delivery", "advance")]
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute("SELECT wake_submission(%s, NULL)", [new.submission.id])
    assert waiting(postgres_dsn)[0][2] is None
    await store.commit(4, Change(submission=new.submission, wake_at=now))
    assert len(waiting(postgres_dsn)) == 1
    assert waiting(postgres_dsn)[0][2] is None


async def test_an_instant_returned_means_again_then_also_while_another_wish_waits(store, postgres_dsn):
    calls = []
    done = asyncio.Event()
    new = new_submission()

    async def advance(submission_id):
        calls.append(submission_id)
        if len(calls) == 1:
            later = datetime.now(UTC) + timedelta(hours=1)
            await store.commit(1, Change(submission=new.submission, wake_at=later))
            return datetime.now(UTC)
        done.set()
        return None

    app = jobs.build_app(postgres_dsn, advance)
    await store.create(new)
    async with app.open_async():
        await ran(app, asyncio.Event(), done.wait())
    assert calls == [str(new.submission.id)] * 2


async def test_an_unforeseen_error_brings_the_submission_back_later(store, postgres_dsn):
    failed = asyncio.Event()

    async def advance(_):
        failed.set()
        raise RuntimeError("unforeseen")

    app = jobs.build_app(postgres_dsn, advance)
    await store.create(new_submission())
    async with app.open_async():
        await ran(app, asyncio.Event(), failed.wait())
    states = sorted(status for _, status, *_ in waiting(postgres_dsn))
    assert states == ["failed", "todo"]


@pytest.mark.parametrize("sign_of_life", ["none", "old"])
async def test_jobs_of_a_dead_worker_are_taken_over(store, postgres_dsn, sign_of_life):
    new = new_submission()
    await store.create(new)
    app = jobs.build_app(postgres_dsn, lambda _: None)
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        worker = None
        if sign_of_life == "old":
            worker = connection.execute(
                "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '7 s') RETURNING id"
            ).fetchone()[0]
        connection.execute("UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s", [worker])
        connection.execute("SELECT wake_submission(%s, now() + interval '1 day')", [new.submission.id])
    async with app.open_async():
        assert await jobs.rescue_stalled(app, 6.0) == 1
        assert await jobs.rescue_stalled(app, 6.0) == 0
    assert [(status, at) for _, status, at, *_ in waiting(postgres_dsn)] == [("todo", None)]


@pytest.mark.parametrize(
    ("lost", "method"), [("fetch_job", "execute_query_one_async"), ("finish_job", "execute_query_async")]
)
async def test_a_job_in_doubt_after_a_lost_connection_comes_back(store, postgres_dsn, lost, method, monkeypatch):
    """The worker lives on, its job is marked as its own, and nobody carries it out: it must not keep it."""
    plain, cuts, calls, again = getattr(PsycopgConnector, method), [], [], asyncio.Event()

    async def cut(connector, query, **arguments):
        if query != sql.queries[lost] or cuts:
            return await plain(connector, query, **arguments)
        if lost == "fetch_job" and (await plain(connector, query, **arguments))["id"] is None:
            return {"id": None}
        cuts.append(query)
        raise ConnectorException

    async def advance(_):
        calls.append(None)
        if cuts:
            again.set()

    monkeypatch.setattr(PsycopgConnector, method, cut)
    app = jobs.build_app(postgres_dsn, advance)
    await store.create(new_submission())

    async def rescued():
        while not again.is_set():
            await jobs.rescue_stalled(app, 3600.0)
            await asyncio.sleep(0.02)

    async with app.open_async():
        await ran(app, asyncio.Event(), rescued())
    assert len(calls) == (1 if lost == "fetch_job" else 2)


async def test_jobs_of_a_living_worker_are_left_alone(store, postgres_dsn):
    await store.create(new_submission())
    app = jobs.build_app(postgres_dsn, lambda _: None)
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        worker = connection.execute("INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id").fetchone()
        connection.execute("UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s", worker)
    async with app.open_async():
        assert await jobs.rescue_stalled(app, 6.0) == 0


async def test_a_submission_without_a_job_gets_one_unless_it_is_done_or_held(store, postgres_dsn):
    news = [new_submission(f"k{no}") for no in range(3)]
    for new in news:
        await store.create(new)
    await store.commit(1, Change(submission=replace(news[1].submission, state=State.HELD)))
    await store.commit(1, Change(submission=replace(news[2].submission, state=State.CANCELLED)))
    assert await jobs.orphans(store.database) == 0
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute("DELETE FROM procrastinate_jobs")
    assert await jobs.orphans(store.database) == 1
    assert [lock for lock, *_ in waiting(postgres_dsn)] == [str(news[0].submission.id)]


async def test_the_engine_keeps_no_history_of_jobs_that_go_well(store, postgres_dsn):
    await store.create(new_submission())
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute("UPDATE procrastinate_jobs SET status = 'doing'")
        assert connection.execute("SELECT count(*) FROM procrastinate_events").fetchone() == (0,)
        connection.execute("UPDATE procrastinate_jobs SET status = 'failed'")
        assert connection.execute("SELECT type FROM procrastinate_events").fetchall() == [("failed",)]


async def test_old_failures_are_forgotten(store, postgres_dsn):
    app = jobs.build_app(postgres_dsn, lambda _: None)
    await store.create(new_submission())
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute("UPDATE procrastinate_jobs SET status = 'failed'")
        connection.execute("UPDATE procrastinate_events SET at = now() - interval '25 hours'")
    async with app.open_async():
        await jobs.forget_failed(app)
    assert waiting(postgres_dsn) == []
