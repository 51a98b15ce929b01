"""Backup and restore: everything comes back, in order, and what was erased since does not."""

from __future__ import annotations

import os
import zipfile
from dataclasses import replace

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from gateway.errors import BackupUnfit, DatabaseNotEmpty, Erased
from gateway.evidence import chain
from gateway.model import State
from gateway.ports import Change, EvidenceEntry
from gateway.store import backup
from gateway.store.audit import audit
from gateway.store.erased import ErasedList
from gateway.store.migrations import migrate
from gateway.store.postgres import PostgresStore
from tests.store.conftest import EVERYBODY, MASTER_KEY, drained, new_submission, uploaded


async def ended(store, key: str):
    attachment = await uploaded(store)
    new = new_submission(key, attachments=(attachment,))
    await store.create(new)
    it = replace(new.submission, state=State.ACCEPTED)
    return await store.commit(1, Change(it, evidence=(EvidenceEntry("event", {"type": "accept-submission"}),))), new


@pytest.fixture
def empty(postgres_server, request):
    name = f"restored_{abs(hash(request.node.name)) % 10**9}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    dsn = make_conninfo(postgres_server, dbname=name)
    migrate(dsn)
    yield dsn
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


async def reopened(dsn, clock, key: bytes = MASTER_KEY) -> PostgresStore:
    return await PostgresStore.open(dsn, master_key=key, place="k", clock=clock, random=os.urandom, pool_size=2)


async def test_everything_comes_back_readable_and_proven(store, postgres_dsn, empty, clock, tmp_path):
    it, new = await ended(store, "k-1")
    before = await store.view(it.id, EVERYBODY)
    summary = backup.write(postgres_dsn, tmp_path / "b.zip", clock.now())
    assert summary.rows["submissions"] == 1
    assert (tmp_path / "b.zip").stat().st_mode & 0o077 == 0
    assert backup.load(empty, tmp_path / "b.zip") == summary
    other = await reopened(empty, clock)
    try:
        assert await other.view(it.id, EVERYBODY) == before
        assert (await other.stored(it.id)).record == new.record
        assert await drained(other.read_blob(new.attachments[0].blob)) == b"%PDF-1.7"
        assert chain.broken_at(await other.evidence_of(it.id), it.id) is None
        found = await audit(other)
        assert (found.chains, found.blobs, found.broken) == (1, 1, ())
        assert (await other.known("portal", "k-1", new.digest)).submission.id == it.id
    finally:
        await other.close()


async def test_readers_of_the_feed_go_on_where_they_were(store, postgres_dsn, empty, clock, tmp_path):
    for number in range(3):
        await ended(store, f"k-{number}")
    seen = await store.changes(None, EVERYBODY, 100)
    backup.write(postgres_dsn, tmp_path / "b.zip", clock.now())
    backup.load(empty, tmp_path / "b.zip")
    other = await reopened(empty, clock)
    try:
        assert await other.changes(None, EVERYBODY, 100) == seen
        assert await other.changes(seen[-1].cursor, EVERYBODY, 100) == ()
        it, _ = await ended(other, "k-new")
        fresh = await other.changes(seen[-1].cursor, EVERYBODY, 100)
        assert [(line.submission_id, line.state) for line in fresh] == [(it.id, "received"), (it.id, "accepted")]
    finally:
        await other.close()


async def test_what_was_erased_after_the_backup_stays_erased(store, postgres_dsn, empty, clock, tmp_path):
    it, _ = await ended(store, "k-1")
    backup.write(postgres_dsn, tmp_path / "b.zip", clock.now())
    erased = ErasedList(tmp_path)
    await store.retention(erased).erase(it.id, "request")
    backup.load(empty, tmp_path / "b.zip")
    other = await reopened(empty, clock)
    try:
        again = [await other.retention(erased).replay(e.submission, e.keys) for e in erased]
        assert again == [True]
        with pytest.raises(Erased):
            await other.stored(it.id)
        assert (await other.view(it.id, EVERYBODY)).reference is None
        assert chain.broken_at(await other.evidence_of(it.id), it.id) is None
    finally:
        await other.close()


async def test_only_an_empty_database_is_restored_into(store, postgres_dsn, clock, tmp_path):
    await ended(store, "k-1")
    backup.write(postgres_dsn, tmp_path / "b.zip", clock.now())
    with pytest.raises(DatabaseNotEmpty):
        backup.load(postgres_dsn, tmp_path / "b.zip")


async def test_a_damaged_backup_is_refused_and_nothing_is_written(store, postgres_dsn, empty, clock, tmp_path):
    await ended(store, "k-1")
    backup.write(postgres_dsn, tmp_path / "b.zip", clock.now())
    with zipfile.ZipFile(tmp_path / "b.zip") as whole:
        members = {name: whole.read(name) for name in whole.namelist()}
    for name, raw in (
        ("blob_frames.copy", members["blob_frames.copy"][:-30]),
        ("evidence.copy", members["evidence.copy"].replace(b"accept", b"reject")),
        ("manifest.json", members["manifest.json"].replace(b'"revision": "', b'"revision": "9')),
        ("manifest.json", b"[]"),
    ):
        with zipfile.ZipFile(tmp_path / "broken.zip", "w") as broken:
            for each, content in {**members, name: raw}.items():
                broken.writestr(each, content)
        with pytest.raises(BackupUnfit):
            backup.load(empty, tmp_path / "broken.zip")
    (tmp_path / "broken.zip").write_bytes(b"no zip")
    with pytest.raises(BackupUnfit):
        backup.load(empty, tmp_path / "broken.zip")
    with psycopg.connect(empty) as connection:
        assert connection.execute("SELECT count(*) FROM submissions").fetchone() == (0,)


async def test_an_audit_names_what_is_broken(store, postgres_dsn, clock):
    it, new = await ended(store, "k-1")
    with psycopg.connect(postgres_dsn, autocommit=True) as owner:
        owner.execute("ALTER TABLE evidence DISABLE TRIGGER append_only")
        owner.execute("UPDATE evidence SET kind = 'other' WHERE seq = 2")
        owner.execute("ALTER TABLE evidence ENABLE TRIGGER append_only")
        owner.execute("UPDATE blob_frames SET data = set_byte(data, 20, get_byte(data, 20) # 1)")
    found = await audit(store)
    assert set(found.broken) == {f"{it.id}#2", f"blob {new.attachments[0].blob}"}
