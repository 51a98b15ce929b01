"""Rotating the master key: nothing is lost, nothing is left, whatever else goes on or goes wrong."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import LargeBinary

import gateway
from gateway.crypto import vault
from gateway.crypto.vault import MasterKey
from gateway.errors import Erased, MasterKeyStillNeeded, MasterKeyWrong, ProcessesWithoutKey
from gateway.model import State
from gateway.ports.store import Change, Filter
from gateway.store.erasure.erased_list import NAME, ErasedList
from gateway.store.keys import master_keys, rotation
from gateway.store.postgres import PostgresStore
from gateway.store.rows.tables.every import metadata
from tests.store.conftest import EVERYBODY, MASTER_KEY, OTHER_TOWN, drained, new_submission, uploaded

NEW_KEY = bytes(range(32, 64))
OLD, NEW = MasterKey(MASTER_KEY, "old"), MasterKey(NEW_KEY, "new")


async def opened(dsn, clock, first=NEW, *previous, random=os.urandom):
    return await PostgresStore.open(
        dsn, master_key=first.key, place=first.source, previous=previous, clock=clock, random=random, pool_size=2
    )


@pytest.fixture
async def both(postgres_dsn, clock):
    """A store with some submissions under the old key, opened with the new key before it."""
    store = await opened(postgres_dsn, clock, OLD)
    await filled(store)
    await store.close()
    store = await opened(postgres_dsn, clock, NEW, OLD)
    yield store
    await store.close()


async def filled(store):
    for number in range(3):
        attachment = await uploaded(store)
        town = {"municipality": OTHER_TOWN} if number == 2 else {}
        await store.create(new_submission(f"k-{number}", attachments=() if town else (attachment,), **town))
    await store.webhooks.add("portal", OTHER_TOWN, "https://portal.example/hook", ("submission.state",))


async def everything(store):
    """All that is encrypted, in the clear."""
    views, _ = await store.list_views(Filter(limit=50), EVERYBODY)
    found = {}
    for view in views:
        stored = await store.stored(view.submission.id)
        blobs = [await drained(store.read_blob(each.blob)) for each in view.attachments]
        found[view.submission.id] = (view, stored.record, stored.document.content, blobs)
    hooks = await store.webhooks.listed("portal")
    return found, [hook.url for hook in hooks]


async def test_afterwards_everything_is_read_with_the_new_key_alone(both, postgres_dsn, clock):
    before = await everything(both)
    assert len(before[0]) == 3
    done = await both.rotation().run()
    assert (done.master, done.data_keys, done.left, done.broken) == (NEW.id, 7, 0, ())
    assert await master_keys.needs(both.database) == (master_keys.Need(NEW.id, True, 4, 7),)
    alone = await opened(postgres_dsn, clock, NEW)
    try:
        assert await everything(alone) == before
        key = new_submission("k-0")
        assert (await alone.known("portal", "k-0", key.digest)) is not None, "digests outlive the rotation"
    finally:
        await alone.close()
    with pytest.raises(MasterKeyWrong, match=NEW.id):
        await opened(postgres_dsn, clock, OLD)


async def test_nothing_moves_until_it_is_asked_for(both):
    await both.create(new_submission("later"))
    assert await master_keys.needs(both.database) == (master_keys.Need(OLD.id, True, 2, 8),)


async def test_a_key_in_use_cannot_be_left_out(both, postgres_dsn, clock, monkeypatch):
    monkeypatch.setattr(rotation, "BATCH", 2)
    batches = iter([False, False, False])
    await both.rotation().run(lambda: next(batches, True))
    (old, new) = sorted(await master_keys.needs(both.database), key=lambda need: need.current)
    assert (old.master, new.master, new.current) == (OLD.id, NEW.id, True)
    assert 0 < old.data_keys < 7
    with pytest.raises(MasterKeyStillNeeded, match=f"{OLD.id}.* {old.rows} "):
        await opened(postgres_dsn, clock, NEW)
    await both.rotation().run()
    await (await opened(postgres_dsn, clock, NEW)).close()


@pytest.mark.parametrize("crash_after", [1, 3, 5, 8, 12, 14])
async def test_run_again_after_a_crash_it_finishes(postgres_dsn, clock, monkeypatch, crash_after):
    monkeypatch.setattr(rotation, "BATCH", 2)
    store = await opened(postgres_dsn, clock, OLD)
    await filled(store)
    before = await everything(store)
    await store.close()
    left = [crash_after]

    def failing(size):
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return os.urandom(size)

    crashing = await opened(postgres_dsn, clock, NEW, OLD, random=failing)
    with pytest.raises(KeyboardInterrupt):
        await crashing.rotation().run()
    await crashing.close()
    again = await opened(postgres_dsn, clock, NEW, OLD)
    assert await everything(again) == before, "readable in the middle"
    assert (await again.rotation().run()).left == 0
    await again.close()
    alone = await opened(postgres_dsn, clock, NEW)
    assert await everything(alone) == before
    await alone.close()


async def test_processes_with_both_keys_go_on_and_notice(both, postgres_dsn, clock):
    running = await opened(postgres_dsn, clock, OLD, NEW)
    new = new_submission("before")
    await running.create(new)
    await both.rotation().run()
    assert (await running.stored(new.submission.id)).record == new.record
    late = new_submission("late")
    await running.create(late)  # within the minute still under the old generation
    need = await master_keys.needs(both.database)
    assert [each.master for each in need] == [NEW.id], "and yet nothing hangs on the old master key"
    clock.advance(minutes=2)
    await running.create(new_submission("later"))
    assert (await both.rotation().run()).data_keys == 1
    alone = await opened(postgres_dsn, clock, NEW)
    assert (await alone.stored(late.submission.id)).record == late.record
    for store in (running, alone):
        await store.close()


async def test_it_waits_for_processes_that_lack_the_new_key(both, postgres_dsn, clock, monkeypatch):
    monkeypatch.setattr(rotation, "LOOKS", 1)
    behind = await opened(postgres_dsn, clock, OLD)
    with pytest.raises(ProcessesWithoutKey, match=NEW.id):
        await both.rotation().run()
    assert [need.master for need in await master_keys.needs(both.database)] == [OLD.id]
    await behind.close()
    monkeypatch.undo()
    assert (await both.rotation().run()).left == 0


async def test_what_is_held_comes_in_a_later_pass_and_what_is_erased_stays_erased(both, postgres_dsn, tmp_path):
    view = (await both.list_views(Filter(limit=50), EVERYBODY))[0][0]
    it = replace(view.submission, state=State.REJECTED, version=1)
    await both.commit(1, Change(it))
    with psycopg.connect(postgres_dsn) as holder:
        key = "(SELECT data_key FROM submissions WHERE id = %s)"
        holder.execute(f"SELECT FROM data_keys WHERE id = {key} FOR UPDATE", [it.id])
        passes = []

        async def sleep(seconds):
            passes.append(seconds)
            holder.rollback()
            await both.retention(ErasedList(tmp_path / NAME)).erase(it.id, "request")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(rotation, "pause", sleep)
            done = await both.rotation().run()
    assert passes
    assert done.left == 0
    with pytest.raises(Erased):
        await both.stored(it.id)


async def test_a_damaged_key_is_named_and_holds_up_nothing(both, postgres_dsn):
    with psycopg.connect(postgres_dsn) as owner:
        (broken,) = owner.execute(
            "UPDATE data_keys SET wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1) "
            "WHERE id = (SELECT id FROM data_keys ORDER BY id LIMIT 1) RETURNING id"
        ).fetchone()
    done = await both.rotation().run()
    assert (done.data_keys, done.left, done.broken) == (6, 1, (str(broken),))
    assert [need.master for need in await master_keys.needs(both.database)] == [NEW.id]


async def test_what_an_older_release_wrote_is_taken_along(postgres_dsn, clock):
    store = await opened(postgres_dsn, clock, OLD)
    await filled(store)
    before = await everything(store)
    digest = store.digest(b"x")
    await store.close()
    with psycopg.connect(postgres_dsn) as owner:  # as the release before left it
        wrapped = master_keys.facts_under(OLD, OLD.digests, os.urandom)
        owner.execute("UPDATE municipality_keys SET master = NULL")
        owner.execute("DELETE FROM facts WHERE name = 'digest_key'")
        owner.execute("UPDATE facts SET value = %s WHERE name = 'master_key_check'", [wrapped[master_keys.CHECK]])
    with pytest.raises(MasterKeyWrong):
        await opened(postgres_dsn, clock, NEW)
    store = await opened(postgres_dsn, clock, NEW, OLD)
    assert store.digest(b"x") != digest
    assert store.digest(b"x") == vault.keyed_digest(OLD.digests, b"x"), "as the older release made them"
    await store.rotation().run()
    assert (await everything(store))[1] == before[1]
    assert store.digest(b"x") == vault.keyed_digest(OLD.digests, b"x")
    await store.close()


async def test_the_log_says_what_was_done_and_cannot_be_changed(both, postgres_dsn):
    await both.rotation().run()
    await both.rotation().run()  # nothing left to do, nothing to say
    with psycopg.connect(postgres_dsn, autocommit=True) as owner:
        rows = owner.execute("SELECT kind, master, data_keys FROM key_log ORDER BY id").fetchall()
        assert rows == [("began", NEW.id, 0), ("ended", NEW.id, 7)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            owner.execute("DELETE FROM key_log")


def test_every_wrapped_key_of_the_schema_is_one_that_rotation_knows():
    binary = {
        f"{table.name}.{column.name}": column.comment or ""
        for table in metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    keys = {name for name, comment in binary.items() if name.endswith(".wrapped") or "key of" in comment}
    assert keys == {"municipality_keys.wrapped", "data_keys.wrapped"}, (
        "a new wrapped key: teach rotation.py and master_keys.py"
    )
    known = {  # every other binary column and why it is no key: contents under a data key, digests, public values
        "facts.value", "blob_frames.data", "submissions.reference", "submissions.reference_index",
        "submissions.evidence_head", "submission_secrets.record", "submission_secrets.document", "attachments.filename",
        "idempotency.key", "idempotency.digest", "evidence.prev", "evidence.hash", "evidence_leaves.head",
        "evidence_stamps.token", "webhooks.url", "webhooks.secret", "webhooks.previous", "spent_assertions.digest",
        "tus_uploads.metadata", "submission_secrets.identity", "logins_under_way.handle", "logins_under_way.browser",
        "logins_under_way.request", "logins_under_way.address", "logins_under_way.answer", "logins_done.handle",
        "logins_done.browser", "logins_done.request", "logins.login_ref",
        "logins.subject", "logins.identity", "login_sessions.cookie", "login_codes.code", "login_codes.request",
        "login_tokens.token", "login_tokens.code", "login_tokens.opens", "login_requests.uri",
        "login_requests.request", "login_answers.digest", "login_accounts.account",
        "catalogue_answers.body", "catalogue_files.content", "availability_reports.body", "feedback.free_text",
    }  # fmt: skip
    assert binary.keys() - keys <= known, "a new binary column: a key of its own, or contents under a data key?"


def test_only_the_keyring_its_masters_and_rotation_wrap_keys():
    room = Path(gateway.__file__).parent
    wrapping = {
        str(file.relative_to(room))
        for file in room.rglob("*.py")
        if re.search(r"\bvault\.wrap\(|import.*\bwrap\b.*vault|MasterKey\(", file.read_text(encoding="utf-8"))
    }
    wrapping -= {"crypto/vault.py"}
    assert wrapping <= {
        "store/keys/master_keys.py", "store/keys/keyring.py", "store/keys/rotation.py", "store/postgres.py",
        "keys/files.py",
    }  # fmt: skip
