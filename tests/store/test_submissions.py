"""Taking in and committing: everything in one transaction, nothing twice."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest

from gateway.errors import Erased, IdempotencyConflict, NotFound, UploadTaken, UploadUnknown, VersionGone
from gateway.evidence import chain
from gateway.model import Event, EventMeaning, FitConnectAddress, Part, Reason, State
from gateway.ports.blobs import SMALL_BLOB, SmallBlob
from gateway.ports.store import (
    Change,
    EvidenceEntry,
    JournalEntry,
    Passed,
)
from gateway.store.postgres import PostgresStore
from gateway.store.rows import values as rows
from tests.store.conftest import EVERYBODY, MASTER_KEY, OTHER_TOWN, drained, new_submission, uploaded


async def test_what_was_created_is_loaded_viewed_and_decrypted(store):
    attachment = await uploaded(store)
    new = new_submission(attachments=(attachment,))
    view = await store.create(new)
    assert view.submission == new.submission
    assert await store.load(new.submission.id) == new.submission
    assert await store.view(new.submission.id, EVERYBODY) == view
    stored = await store.stored(new.submission.id)
    assert (stored.record, stored.document, stored.attachments) == (new.record, new.document, (attachment,))
    assert stored.received_at == new.submission.created_at
    assert await drained(store.read_blob(attachment.blob)) == b"%PDF-1.7"


async def test_the_same_key_and_digest_again_is_answered_as_then(store):
    new = new_submission()
    first = await store.create(new)
    moved = replace(new.submission, state=State.HELD, reason=Reason("x", "d", "e"), case_id="c")
    await store.commit(1, Change(submission=moved))
    again = await store.create(new_submission())
    assert again == first
    assert await store.known("portal", "k-1", new.digest) == first
    assert await store.known("portal", "k-2", new.digest) is None
    assert await store.known("other", "k-1", new.digest) is None


async def test_the_same_key_with_another_body_is_a_conflict(store):
    await store.create(new_submission())
    with pytest.raises(IdempotencyConflict):
        await store.create(replace(new_submission(), digest=b"other"))
    with pytest.raises(IdempotencyConflict):
        await store.known("portal", "k-1", b"other")


async def test_a_repeat_after_erasure_is_told_so(store):
    new = new_submission()
    await store.create(new)
    async with store.database.connection() as connection:
        await connection.execute("DELETE FROM data_keys")
    with pytest.raises(Erased):
        await store.known("portal", "k-1", new.digest)
    with pytest.raises(Erased):
        await store.stored(new.submission.id)
    assert (await store.view(new.submission.id, EVERYBODY)).reference is None


async def test_ten_racing_calls_with_one_key_store_one_submission(store, postgres_dsn):
    views = await asyncio.gather(*(store.create(new_submission()) for _ in range(10)))
    assert len({view.submission.id for view in views}) == 1
    with psycopg.connect(postgres_dsn) as connection:
        for table in ("submissions", "idempotency", "data_keys", "changes", "evidence", "procrastinate_jobs"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (1,), table


async def test_racing_submissions_over_one_upload_leave_one(store, postgres_dsn):
    attachment = await uploaded(store)
    outcomes = await asyncio.gather(
        *(store.create(new_submission(f"k-{no}", attachments=(attachment,))) for no in range(6)), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["UploadTaken"] * 5 + ["View"]
    with psycopg.connect(postgres_dsn) as connection:
        assert connection.execute("SELECT count(*) FROM idempotency").fetchone() == (1,)


async def test_an_unknown_used_or_foreign_upload_stores_nothing(store, postgres_dsn):
    mine, foreign = await uploaded(store), await uploaded(store, client="other")
    await store.create(new_submission("first", attachments=(mine,)))
    for attachment, error in (
        (mine, UploadTaken),
        (foreign, UploadUnknown),
        (replace(mine, upload=uuid4()), UploadUnknown),
    ):
        with pytest.raises(error):
            await store.create(new_submission("second", attachments=(attachment,)))
    with psycopg.connect(postgres_dsn) as connection:
        assert connection.execute("SELECT count(*) FROM submissions").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM procrastinate_jobs").fetchone() == (1,)


async def test_an_upload_follows_its_submission_into_another_town(store, postgres_dsn):
    attachment = await uploaded(store, b"x" * 3_000_000)
    await store.create(new_submission(attachments=(attachment,), municipality=OTHER_TOWN))
    assert await drained(store.read_blob(attachment.blob)) == b"x" * 3_000_000
    with psycopg.connect(postgres_dsn) as connection:
        for table in ("blobs", "data_keys", "submissions"):
            assert connection.execute(f"SELECT DISTINCT municipality FROM {table}").fetchall() == [(OTHER_TOWN,)]


async def test_a_stored_event_means_what_its_channel_says_and_the_row_keeps_its_type_alone(store, clock, postgres_dsn):
    """Rows of every release look alike, so those from before there were meanings read right too."""
    said = [("submit-submission", "service"), ("accept-submission", "d-1"), ("reject-submission", "service")]
    log = tuple(Event(kind, issuer, True, clock.now(), jti=kind) for kind, issuer in said)
    log += (Event("accept-submission", "d-1", False, clock.now(), ({"rule": "tags_missing"},), "refused:1"),)
    for channel, meant in (
        ("fitconnect", [EventMeaning.SUBMITTED, EventMeaning.ACCEPTED, EventMeaning.WITHDRAWN]),
        ("of a later release", [EventMeaning.NOTICE] * 3),
    ):
        new = new_submission(channel, channel=channel)
        await store.create(new)
        await store.commit(1, Change(replace(new.submission, destination_id="D-1", events=log)))
        it = (await store.load(new.submission.id)).events
        assert [event.meaning for event in it[:3]] == meant
        assert [event.type for event in it[:3]] == [kind for kind, _ in said]
        assert [event.lack is None for event in it] == [True, True, True, channel != "fitconnect"]
    with psycopg.connect(postgres_dsn) as connection:
        ((row,),) = connection.execute("SELECT DISTINCT events FROM submissions").fetchall()
    assert {*row[0]} == {"type", "issuer", "verified", "at", "problems", "jti", "token"}


@pytest.mark.parametrize("address", [None, FitConnectAddress("urn:x:y", None), FitConnectAddress("urn:x:y", "DE15")])
async def test_the_address_of_a_channel_stands_in_columns_of_its_own(store, postgres_dsn, address):
    """The value is one, the columns are those of every release."""
    new = new_submission(address=address)
    assert (await store.create(new)).submission == new.submission
    assert await store.load(new.submission.id) == new.submission
    assert rows.thawed(json.loads(rows.frozen(new.submission))) == new.submission
    with psycopg.connect(postgres_dsn) as connection:
        ((identifier, region),) = connection.execute("SELECT service_identifier, region FROM submissions").fetchall()
    assert (identifier, region) == ((address.service_identifier, address.region) if address else (None, None))


async def test_a_commit_writes_all_that_goes_with_it(store, clock, postgres_dsn):
    new = new_submission()
    await store.create(new)
    it = await store.load(new.submission.id)
    async with store.write_blob(it.id) as writer:
        await writer.write(b"sealed")
        blob = await writer.finish()
    clock.advance(seconds=1)
    event = Event("accept-submission", "iss", True, clock.now(), ({"type": "t"},), "jti", "a.b.c")
    after = replace(
        it, state=State.SEALED, parts=(Part("data", blob, 6, "t"),), events=(event,), remote_id="r", intent="announce",
        attempts=2, next_at=clock.now() + timedelta(hours=1), held_from=State.RECEIVED, updated_at=clock.now(),
    )  # fmt: skip
    change = Change(
        submission=after,
        journal=(JournalEntry("seal", "intent"), JournalEntry("seal", "result", {"parts": 1})),
        evidence=(EvidenceEntry("sealed", {"n": 1.5, "ä": None}), EvidenceEntry("sealed", {})),
        wake_at=clock.now() + timedelta(days=1),
    )
    committed = await store.commit(1, change)
    assert committed == replace(after, version=2) == await store.load(it.id)
    assert [(line["step"], line["kind"], line["version"]) for line in await store.journal_of(it.id)] == [
        ("seal", "intent", 2),
        ("seal", "result", 2),
    ]
    links = await store.evidence_of(it.id)
    assert [link.kind for link in links] == ["received", "sealed", "sealed"]
    assert chain.broken_at(links, it.id) is None
    assert [line.state for line in await store.changes(None, EVERYBODY, 10)] == ["received", "sealed"]
    await store.commit(2, Change(submission=replace(committed, state=State.CANCELLED, parts=()), discard=(blob,)))
    with pytest.raises(NotFound):
        await drained(store.read_blob(blob))


async def test_states_passed_before_the_commit_are_told_in_their_order_and_at_their_time(store, clock):
    new = new_submission()
    await store.create(new)
    passed = (Passed(State.RECEIVED, clock.now()), Passed(State.SUBMITTED, clock.now()))
    reached = clock.now()
    clock.advance(seconds=1)
    await store.commit(1, Change(replace(new.submission, state=State.ACCEPTED), passed=passed))
    told = [(line.state, line.at) for line in await store.changes(None, EVERYBODY, 10)][1:]
    assert told == [("submitted", reached), ("accepted", clock.now())], "nothing twice, nothing left out"


async def test_small_blobs_stand_with_the_commit_or_not_at_all(store, clock, postgres_dsn):
    new = new_submission()
    await store.create(new)
    small = tuple(SmallBlob(uuid4(), content) for content in (b"", b"Antrag", os.urandom(SMALL_BLOB)))
    change = Change(submission=replace(new.submission, intent="seal"), blobs=small)
    await store.commit(1, change)
    late = replace(change, blobs=(SmallBlob(uuid4(), b"late"),))
    with pytest.raises(VersionGone):
        await store.commit(1, late)
    other = await PostgresStore.open(
        postgres_dsn, master_key=MASTER_KEY, place="master.key", clock=clock, random=os.urandom, pool_size=2
    )
    try:
        for reader in (store, other, store):  # held in memory, from the database, and once more
            assert [await drained(reader.read_blob(each.id)) for each in small] == [each.content for each in small]
        with pytest.raises(NotFound):
            await drained(other.read_blob(late.blobs[0].id))
        with psycopg.connect(postgres_dsn) as connection:
            stored = connection.execute("SELECT data FROM blob_frames").fetchall()
        assert not any(b"Antrag" in data for (data,) in stored)
        await store.commit(2, Change(submission=new.submission, discard=(small[1].id,)))
        with pytest.raises(NotFound):
            await drained(store.read_blob(small[1].id))
    finally:
        await other.close()


async def test_only_one_of_two_workers_commits_on_a_version(store):
    new = new_submission()
    await store.create(new)
    change = Change(submission=replace(new.submission, intent="seal"), journal=(JournalEntry("seal", "intent"),))
    outcomes = await asyncio.gather(*(store.commit(1, change) for _ in range(5)), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Submission"] + ["VersionGone"] * 4
    assert len(await store.journal_of(new.submission.id)) == 1
    with pytest.raises(VersionGone):
        await store.commit(1, change)


async def test_evidence_goes_on_in_a_process_that_never_saw_the_submission(store):
    new = new_submission()
    await store.create(new)
    for version in range(1, 4):
        store._submissions._seen.clear()
        await store.commit(version, Change(submission=new.submission, evidence=(EvidenceEntry("e", {"v": version}),)))
    links = await store.evidence_of(new.submission.id)
    assert chain.broken_at(links, new.submission.id) is None
    assert [link.seq for link in links] == [1, 2, 3, 4]


async def test_tampered_evidence_is_found(store, postgres_dsn):
    new = new_submission()
    await store.create(new)
    await store.commit(1, Change(submission=new.submission, evidence=(EvidenceEntry("e", {"a": 1}),) * 3))
    with psycopg.connect(postgres_dsn) as connection:
        connection.execute("SET session_replication_role = replica")  # past the trigger, as only a superuser can
        connection.execute("UPDATE evidence SET body = '{\"a\":2}' WHERE seq = 3")
    assert chain.broken_at(await store.evidence_of(new.submission.id), new.submission.id) == 3


async def test_an_unknown_submission_is_not_found(store):
    with pytest.raises(NotFound):
        await store.load(uuid4())
    with pytest.raises(NotFound):
        await store.stored(uuid4())
    with pytest.raises(NotFound):
        await store.view(uuid4(), EVERYBODY)
