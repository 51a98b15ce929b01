"""Backup and restore: everything comes back, in order, and what was erased since does not."""

from __future__ import annotations

import json
import os
import warnings
import zipfile
from contextlib import contextmanager
from dataclasses import replace
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from sqlalchemy import MetaData, create_engine
from sqlalchemy.pool import NullPool

from gateway.crypto import vault
from gateway.crypto.keys import generate_ed25519, private_key
from gateway.crypto.vault import MasterKey
from gateway.errors import BackupUnfit, DatabaseNotEmpty, Erased
from gateway.evidence import chain
from gateway.model import State
from gateway.ports.store import Change, EvidenceEntry
from gateway.store import migrations
from gateway.store.erasure.erased_list import NAME, ErasedList
from gateway.store.keys import master_keys
from gateway.store.migrations import migrate
from gateway.store.postgres import PostgresStore
from gateway.store.proof.integrity import audit
from gateway.store.proof.roots import sign_due
from gateway.store.server import backup
from tests.store.conftest import EVERYBODY, MASTER_KEY, drained, new_submission, uploaded


async def ended(store, key: str):
    attachment = await uploaded(store)
    new = new_submission(key, attachments=(attachment,))
    await store.create(new)
    it = replace(new.submission, state=State.ACCEPTED)
    accepted = {"type": "accept-submission", "issuer": "d-1", "verified": True}
    entries = [("sealed", {"destination_id": "d-1"}), ("submitted", {}), ("event", accepted)]
    return await store.commit(1, Change(it, evidence=tuple(EvidenceEntry(*each) for each in entries))), new


@pytest.fixture
def empty(postgres_empty):
    return postgres_empty


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
        assert (found.chains, found.records, found.blobs, found.broken) == (1, 1, 1, [])
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
    erased = ErasedList(tmp_path / NAME)
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


async def test_a_backup_knows_whether_there_has_to_be_a_list_of_erasures(store, postgres_dsn, empty, clock, tmp_path):
    it, _ = await ended(store, "k-1")
    assert not backup.knows_erasures(postgres_dsn)
    await store.retention(ErasedList(tmp_path / NAME)).erase(it.id, "request")
    backup.write(postgres_dsn, tmp_path / "b.zip", clock.now())
    backup.load(empty, tmp_path / "b.zip")
    assert backup.knows_erasures(empty)


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
        ("manifest.json", members["manifest.json"].replace(b'"held_from"', b'"held_from\\" FROM x"')),
        ("manifest.json", members["manifest.json"].replace(b'"tables": {', b'"tables": {"pg_authid": 5, ')),
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


@pytest.fixture
async def good(store, postgres_dsn, clock, tmp_path):
    await ended(store, "k-1")
    backup.write(postgres_dsn, tmp_path / "good.zip", clock.now())
    return tmp_path / "good.zip"


def remade(good, target, manifest=None, **changes):
    """A copy of a backup with members replaced, and the raw manifest where one is given."""
    with zipfile.ZipFile(good) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            raw = old.read(name)
            if name == "manifest.json":
                raw = manifest(json.loads(raw)) if manifest else raw
            new.writestr(name, changes.get(name.partition(".")[0], raw), zipfile.ZIP_DEFLATED)
    return target


def changed(**members):
    return lambda found: json.dumps({**found, **members}).encode()


def one_table(**members):
    return lambda found: json.dumps(
        {**found, "tables": {**found["tables"], "facts": {**found["tables"]["facts"], **members}}}
    ).encode()


MANIFESTS = {
    "deeply nested": lambda _: b"[" * 200_000 + b"]" * 200_000,
    "deeply nested inside": lambda _: b'{"format": 2, "tables": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001,
    "a huge number": lambda _: b"9" * 10_000,
    "no object": lambda _: b"[2]",
    "too large": lambda _: b" " * (2 << 20) + b"{}",
    "no UTF-8": lambda _: b"\xff{",
    "key ids that are none": changed(master_keys=[["x"]]),
    "key ids that are a word": changed(master_keys="word"),
    "a schema that is a list": changed(revision=["0001"]),
    "tables that are a list": changed(tables=[]),
    "a table that is a word": lambda found: changed(tables={**found["tables"], "facts": "word"})(found),
    "rows that are a word": one_table(rows="1"),
    "columns that are an object": one_table(columns={"name": 1, "value": 2}),
    "columns of lists": one_table(columns=[["name"], "value"]),
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_that_is_none_is_refused_with_a_sentence(good, empty, name):
    bad = remade(good, good.with_name("bad.zip"), MANIFESTS[name])
    for act in (backup.needs, lambda source: backup.load(empty, source, {"k"})):
        with pytest.raises(BackupUnfit) as told:
            act(bad)
        assert told.value.sentence("de") != told.value.sentence("en")
    with psycopg.connect(empty) as connection:
        assert connection.execute("SELECT count(*) FROM submissions").fetchone() == (0,)


def flagged(path, offset, value):
    """Write a value into each header of the directory of a ZIP."""
    raw = bytearray(path.read_bytes())
    place = raw.find(b"PK\x01\x02")
    while place >= 0:
        raw[place + offset : place + offset + 2] = value.to_bytes(2, "little")
        place = raw.find(b"PK\x01\x02", place + 1)
    path.write_bytes(raw)


@pytest.mark.parametrize(("offset", "value"), [(8, 1), (8, 0x41), (10, 99), (10, 14), (10, 12), (6, 90)])
def test_members_that_cannot_be_unpacked_are_refused_with_a_sentence(good, empty, offset, value):
    """Encrypted, strongly encrypted, packed by methods unknown or not used (LZMA, bzip2), of a later version of ZIP."""
    flagged(good, offset, value)
    with pytest.raises(BackupUnfit):
        backup.load(empty, good)


def test_a_stream_that_ends_amid_a_table_is_refused_with_a_sentence(good, empty):
    raw = bytearray(good.read_bytes())
    with zipfile.ZipFile(good) as archive:
        info = archive.getinfo("submissions.copy")
    start = info.header_offset + 30 + len(info.filename) + 20
    raw[start : start + 8] = bytes(byte ^ 0xFF for byte in raw[start : start + 8])
    good.write_bytes(raw)
    with pytest.raises(BackupUnfit):
        backup.load(empty, good)


def test_a_pipe_is_no_backup(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BackupUnfit, match="regular file"):
        backup.needs(tmp_path / "pipe")


@pytest.fixture
def blank(postgres_server):
    """Makes databases without any schema."""
    made = []

    def new() -> str:
        made.append(f"blank_{len(made)}")
        with psycopg.connect(postgres_server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {made[-1]}")
        return make_conninfo(postgres_server, dbname=made[-1])

    yield new
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        for name in made:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def written_by_an_older_release(dsn, target, clock, monkeypatch):
    """A backup as the release of schema 0120 makes it: its tables, its columns, its rows."""
    migrate(dsn, "0120")
    town, key = "150900546546", MasterKey(MASTER_KEY, "k")
    wrapped = vault.wrap(bytes(32), key.wrapping, context=master_keys.municipality_context(town), nonce=bytes(12))
    check = master_keys.facts_under(key, key.digests, os.urandom)[master_keys.CHECK]
    with psycopg.connect(dsn) as old:
        old.execute("INSERT INTO facts VALUES ('master_key_check', %s)", [check])
        old.execute("INSERT INTO municipality_keys VALUES (%s, %s, now())", [town, wrapped])
        change = "INSERT INTO changes (submission, municipality, client, state, at) VALUES (%s, %s, 'p', 's', now())"
        old.execute(change, [uuid4(), town])
        old.execute("INSERT INTO pauses VALUES ('all', now())")
    tables = MetaData()
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(dsn), poolclass=NullPool)
    with monkeypatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # xid8 is no type that SQLAlchemy reflects
        tables.reflect(engine, only=lambda name, _: not name.startswith(("procrastinate", "alembic")))
        patch.setattr(backup, "metadata", tables)
        patch.setattr(backup, "_master_keys", lambda _: [])
        patch.setattr(backup, "_ROWS", {})
        return backup.write(dsn, target, clock.now())


async def test_a_backup_of_an_older_release_is_migrated_on_the_way(blank, empty, clock, tmp_path, monkeypatch):
    summary = written_by_an_older_release(blank(), tmp_path / "b.zip", clock, monkeypatch)
    assert summary.revision == "0120"
    fresh = blank()
    assert backup.load(fresh, tmp_path / "b.zip") == summary
    with psycopg.connect(fresh) as connection:
        assert migrations.revision(connection) == migrations.known()[0]
        assert connection.execute("SELECT count(*) FROM pauses").fetchone() == (1,)
        assert connection.execute("SELECT max(xid::text::bigint) < feed_base() FROM changes").fetchone() == (True,)
    other = await reopened(fresh, clock)
    await other.create(new_submission("k-new"))
    assert await master_keys.needs(other.database) == (master_keys.Need(MasterKey(MASTER_KEY, "k").id, True, 1, 1),)
    await other.close()
    with pytest.raises(BackupUnfit, match=r"0120.*new database"):
        backup.load(empty, tmp_path / "b.zip")


async def test_a_restore_that_was_broken_off_goes_on(store, postgres_dsn, blank, clock, tmp_path):
    it, _ = await ended(store, "k-1")
    backup.write(postgres_dsn, tmp_path / "b.zip", clock.now())
    fresh = blank()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backup, "_count_on", raising)
        with pytest.raises(KeyboardInterrupt):
            backup.load(fresh, tmp_path / "b.zip")
    other = await reopened(fresh, clock)
    assert not await other.restored(), "nothing but restore may use it before"
    backup.load(fresh, tmp_path / "b.zip")
    assert (await other.view(it.id, EVERYBODY)).submission.id == it.id
    backup.finish(fresh)
    assert await other.restored()
    await other.close()
    with pytest.raises(DatabaseNotEmpty):
        backup.load(fresh, tmp_path / "b.zip")


def raising(_):
    raise KeyboardInterrupt


async def test_a_backup_names_the_master_key_that_it_needs(store, postgres_dsn, empty, clock, tmp_path):
    await ended(store, "k-1")
    backup.write(postgres_dsn, tmp_path / "b.zip", clock.now())
    needed, other = MasterKey(MASTER_KEY, "k").id, MasterKey(bytes(32), "k").id
    assert backup.needs(tmp_path / "b.zip") == (needed,)
    with pytest.raises(BackupUnfit, match=needed):
        backup.load(empty, tmp_path / "b.zip", {other})
    with psycopg.connect(empty) as connection:
        assert connection.execute("SELECT count(*) FROM submissions").fetchone() == (0,)
    backup.load(empty, tmp_path / "b.zip", {other, needed})


@contextmanager
def tampered(dsn: str):
    """The database's owner, whom nothing of ours stops."""
    with psycopg.connect(dsn, autocommit=True) as owner:
        owner.execute("ALTER TABLE evidence DISABLE TRIGGER append_only")
        yield owner
        owner.execute("ALTER TABLE evidence ENABLE TRIGGER append_only")


async def test_an_audit_names_what_is_broken(store, postgres_dsn, clock):
    it, new = await ended(store, "k-1")
    with tampered(postgres_dsn) as owner:
        owner.execute("UPDATE evidence SET kind = 'other' WHERE seq = 2")
        owner.execute("UPDATE blob_frames SET data = set_byte(data, 20, get_byte(data, 20) # 1)")
    found = await audit(store)
    assert set(found.broken) == {f"{it.id}#2", f"blob {new.attachments[0].blob}"}


async def test_an_audit_misses_no_chain_that_was_removed_or_cut(store, postgres_dsn, clock):
    cut, gone, whole = [(await ended(store, key))[0].id for key in ("k-1", "k-2", "k-3")]
    with tampered(postgres_dsn) as owner:
        owner.execute("DELETE FROM evidence WHERE submission = %s AND seq = 2", [cut])
        owner.execute("DELETE FROM evidence WHERE submission = %s", [gone])
    found = await audit(store)
    assert set(found.broken) == {f"{cut}#2", f"{gone}#1"}
    assert whole not in {UUID(each.split("#")[0]) for each in found.broken}


async def test_an_audit_holds_chains_whose_submission_is_forgotten_to_their_signed_roots(store, postgres_dsn, clock):
    whole, cut = [(await ended(store, key))[0].id for key in ("k-1", "k-2")]
    signer = private_key(generate_ed25519("gateway-evidence-1")[0])
    await sign_due(store.database, signer, clock.now())
    with tampered(postgres_dsn) as owner:
        owner.execute("DELETE FROM submissions")
        owner.execute("DELETE FROM evidence WHERE submission = %s AND seq = 2", [cut])
    found = await audit(store, [signer.public_jwk])
    assert (found.chains, set(found.broken)) == (2, {f"{cut}#2", f"submission {whole}"}), "nothing says `erased`"


async def test_an_audit_decrypts_every_record_and_misses_no_file(store, postgres_dsn, clock):
    it, _ = await ended(store, "k-1")
    other, new = await ended(store, "k-2")
    with psycopg.connect(postgres_dsn, autocommit=True) as owner:
        owner.execute(
            "UPDATE submission_secrets SET record = set_byte(record, 20, get_byte(record, 20) # 1) "
            "WHERE submission = %s",
            [it.id],
        )
        owner.execute("DELETE FROM blobs WHERE id = %s", [new.attachments[0].blob])
    found = await audit(store)
    assert set(found.broken) == {f"record {it.id}", f"blob {new.attachments[0].blob}"}
    assert (found.records, found.chains) == (2, 2), other
