"""A process dies at any commit or call of a push: the next one brings the collector to what was exported."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from gateway.catalogue.pushing.push import LEASE
from tests.catalogue.collecting import sandbox
from tests.catalogue.exporting import exporter, register
from tests.store.test_catalogue_pushes import KEYS, ROWS, claim

LIFE = """
import asyncio, pathlib, sys
from datetime import datetime
from gateway import failpoints
from gateway.store.connection.database import Database
from tests.catalogue.collecting import Sandbox
from tests.store.test_catalogue_pushes import make_pusher, push

class At:
    now = staticmethod(lambda: datetime.fromisoformat(sys.argv[3]))

async def main(dsn, directory, at, secret, token_url, address):
    failpoints.arm("worker", pathlib.Path(directory))
    database = await Database.open(dsn, size=2)
    client = {"client_id": "catalogue-sandbox-editor", "client_secret": secret}
    line = {"collector_client": client, "collector_token_url": token_url, "collector": address}
    async with Sandbox(line, None).collector(At) as collector:
        done = await push(make_pusher(database, At, collector))
    sys.stderr.write(done.state.value)
    await database.close()

asyncio.run(main(*sys.argv[1:]))
"""


COMMITS = ("prepare_pushes", "claim_push", "push", "renew_push", "settle_push")


@pytest.mark.parametrize("point", [f"{when}.catalogue.{commit}" for commit in COMMITS for when in ("before", "after")])
async def test_killed_at_any_point_the_next_one_brings_it_to_its_end(store, postgres_dsn, clock, tmp_path, point):
    """The first call of `push` is the token's; wherever it dies, nothing is lost and nothing there twice."""
    for service, key in KEYS.items():
        await register(store.database, claim(service, leika_key=key), clock.now())
    await exporter(store.database).make(clock.now())
    (tmp_path / f"worker.{point}").touch()
    async with sandbox() as there:

        async def lives():
            client, line = there.line["collector_client"], there.line
            values = (clock.now().isoformat(), client["client_secret"], line["collector_token_url"], line["collector"])
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", LIFE, postgres_dsn, str(tmp_path), *values),
                cwd=Path(__file__).parents[2],
                stderr=asyncio.subprocess.PIPE,
            )
            _, told = await process.communicate()
            return await process.wait(), told.decode().rpartition("\n")[2]

        assert (await lives())[0] == -signal.SIGKILL
        clock.at += LEASE
        if point != "after.catalogue.settle_push":
            assert await lives() == (0, "accepted")
        assert len(await there.offers()) == 3
        assert [row["state"] for row in await store.database.rows(ROWS)] == ["accepted"]
