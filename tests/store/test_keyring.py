"""The master key: checked at opening, never guessed."""

from __future__ import annotations

import os

import pytest

from gateway.errors import DatabaseAway, MasterKeyMissing, MasterKeyWrong
from gateway.store.connection import pool
from gateway.store.postgres import PostgresStore, needs_master_key
from tests.store.conftest import MASTER_KEY, new_submission


async def opened(dsn, clock, master_key):
    return await PostgresStore.open(dsn, master_key=master_key, place="/etc/key", clock=clock, random=os.urandom)


async def test_the_first_key_is_remembered_and_another_refused(postgres_dsn, clock):
    assert not await needs_master_key(postgres_dsn)
    store = await opened(postgres_dsn, clock, MASTER_KEY)
    new = new_submission()
    await store.create(new)
    await store.close()
    assert await needs_master_key(postgres_dsn)
    with pytest.raises(MasterKeyWrong, match="/etc/key"):
        await opened(postgres_dsn, clock, bytes(32))
    with pytest.raises(MasterKeyMissing, match="/etc/key"):
        await opened(postgres_dsn, clock, None)
    store = await opened(postgres_dsn, clock, MASTER_KEY)
    assert (await store.stored(new.submission.id)).record == new.record
    await store.close()


async def test_digests_hang_on_the_master_key(store):
    assert store.digest(b"a", b"b") == store.digest(b"a", b"b")
    assert store.digest(b"a", b"b") != store.digest(b"ab")
    assert len(store.digest(b"")) == 32


async def test_a_database_that_is_not_there_is_away(clock, tmp_path, monkeypatch):
    monkeypatch.setattr(pool, "PATIENCE", 0.3)
    with pytest.raises(DatabaseAway):
        await opened(f"host={tmp_path} user=nobody", clock, MASTER_KEY)
