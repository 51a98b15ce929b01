"""A process dies at any commit or call of a push: the next one brings the collector to what was exported."""

from __future__ import annotations

import signal
from types import SimpleNamespace

import pytest

from gateway import failpoints
from gateway.catalogue.pushing.push import LEASE
from gateway.store.connection.database import Database
from tests.catalogue.collecting import Sandbox, sandbox
from tests.catalogue.exporting import exporter, register
from tests.forked import lived
from tests.store.test_catalogue_pushes import KEYS, ROWS, claim, make_pusher, push


async def life(dsn, directory, at, line):
    failpoints.arm("worker", directory)
    clock = SimpleNamespace(now=lambda: at)
    database = await Database.open(dsn, size=2)
    async with Sandbox(line, None).collector(clock) as collector:
        done = await push(make_pusher(database, clock, collector))
    await database.close()
    return done.state.value


COMMITS = ("prepare_pushes", "claim_push", "push", "renew_push", "settle_push")


@pytest.mark.parametrize("point", [f"{when}.catalogue.{commit}" for commit in COMMITS for when in ("before", "after")])
async def test_killed_at_any_point_the_next_one_brings_it_to_its_end(store, postgres_dsn, clock, tmp_path, point):
    """The first call of `push` is the token's; wherever it dies, nothing is lost and nothing there twice."""
    for service, key in KEYS.items():
        await register(store.database, claim(service, leika_key=key), clock.now())
    await exporter(store.database).make(clock.now())
    (tmp_path / f"worker.{point}").touch()
    async with sandbox() as there:
        line = {name: there.line[name] for name in ("collector_client", "collector_token_url", "collector")}
        assert await lived(life, postgres_dsn, tmp_path, clock.now(), line) == (-signal.SIGKILL, None)
        clock.at += LEASE
        if point != "after.catalogue.settle_push":
            assert await lived(life, postgres_dsn, tmp_path, clock.now(), line) == (0, "accepted")
        assert len(await there.offers()) == 3
        assert [row["state"] for row in await store.database.rows(ROWS)] == ["accepted"]
