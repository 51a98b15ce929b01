"""The database killed under an open store: a clear answer at once, and work as before when it is back."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.errors import DatabaseAway
from gateway.ports.store import Change
from gateway.store.connection import pool
from gateway.store.migrations import migrate
from gateway.store.operation import jobs
from gateway.store.postgres import PostgresStore
from gateway.store.server import embedded
from tests.store.conftest import EVERYBODY, MASTER_KEY, new_submission


@pytest.fixture
def running():
    directory = Path(tempfile.mkdtemp(prefix="ozg-test-"))
    started = embedded.start(directory)
    migrate(started.dsn)
    yield started
    embedded.stop(directory)
    shutil.rmtree(directory, ignore_errors=True)


async def until_away(store):
    """Server processes notice their postmaster's death only in a moment."""
    with suppress(DatabaseAway):
        while True:
            await store.ping()


async def test_store_and_worker_come_back_with_the_database(running, clock, monkeypatch):
    store = await PostgresStore.open(
        running.dsn, master_key=MASTER_KEY, place="k", clock=clock, random=os.urandom, pool_size=4
    )
    advanced: asyncio.Queue[str] = asyncio.Queue()

    async def advance(submission_id):
        await advanced.put(submission_id)

    app = jobs.build_app(running.dsn, advance)
    stop = asyncio.Event()
    async with app.open_async():
        worker = asyncio.create_task(jobs.work(app, concurrency=2, stop=stop))
        new = new_submission()
        await store.create(new)
        assert await asyncio.wait_for(advanced.get(), 10) == str(new.submission.id)

        os.kill(running.pid, signal.SIGKILL)
        await until_away(store)
        with monkeypatch.context() as patched:
            patched.setattr(pool, "PATIENCE", 0.1)  # what ends the wait, without whose end the test would end here
            with pytest.raises(DatabaseAway):
                await asyncio.wait_for(store.commit(1, Change(submission=new.submission)), 30)
        await asyncio.to_thread(embedded.start, running.data_dir)
        await asyncio.gather(*(store.view(new.submission.id, EVERYBODY) for _ in range(8)))
        await store.commit(1, Change(submission=replace(new.submission, attempts=1)))
        again = new_submission("another")
        await store.create(again)
        while await asyncio.wait_for(advanced.get(), 15) != str(again.submission.id):
            pass
        stop.set()
        await asyncio.wait_for(worker, 10)
    await store.close()
