"""A process dies in the middle of an export, or at its commit: nothing half is accepted, the next one makes it."""

from __future__ import annotations

import signal
from datetime import UTC, datetime

import pytest

from gateway import failpoints
from gateway.catalogue.xzufi import composing
from gateway.store.catalogue.exports import StoredExports
from gateway.store.connection.database import Database, numbered
from tests.catalogue.entries import entry
from tests.catalogue.exporting import exporter, read_export, register, served
from tests.forked import lived

AT = datetime(2026, 11, 30, 12, tzinfo=UTC)
ROWS = ("catalogue_exports", "catalogue_files", "catalogue_objects", "catalogue_delivered")


async def life(dsn, directory):
    composing.FILE_OBJECTS = 9
    failpoints.arm("worker", directory)
    database = await Database.open(dsn, size=2)
    done = await exporter(database).make(AT)
    await database.close()
    return done.changed


@pytest.mark.parametrize("point", ["before.steps.export", "after.steps.export", "before.exports.accept"])
async def test_killed_in_the_middle_leaves_nothing_and_the_next_one_takes_over(store, postgres_dsn, tmp_path, point):
    for number in range(10):
        await register(store.database, entry(service=f"s{number}"), AT)
    (tmp_path / f"worker.{point}").touch()
    assert await lived(life, postgres_dsn, tmp_path) == (-signal.SIGKILL, None)
    for table in ROWS:
        assert await store.database.rows(numbered(f"SELECT 1 FROM {table}")) == []
    assert await served(store.database) == {}
    assert await lived(life, postgres_dsn, tmp_path) == (0, True)
    files = await served(store.database)
    assert len(files) > 2
    assert len(read_export(files).of("Onlinedienst")) == 10


async def test_killed_after_the_commit_has_made_the_export_and_the_next_one_finds_nothing_to_do(
    store, postgres_dsn, tmp_path
):
    await register(store.database, entry(), AT)
    (tmp_path / "worker.after.exports.accept").touch()
    assert await lived(life, postgres_dsn, tmp_path) == (-signal.SIGKILL, None)
    before = await served(store.database)
    assert (await StoredExports(store.database).last()).services == 1
    assert await lived(life, postgres_dsn, tmp_path) == (0, False)
    assert await served(store.database) == before
    assert not (await exporter(store.database).make(AT)).changed
