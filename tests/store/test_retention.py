"""Erasure: nothing can be read any more, the proof stays, and what is held or on its way is not touched."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from gateway.crypto.keys import generate_ed25519
from gateway.errors import Erased, ErasedListUnreadable, ErasedListUnwritable, NotFound, OnLegalHold, StillUnderWay
from gateway.evidence import chain, cover
from gateway.model import State
from gateway.ports.store import Change
from gateway.store.erasure.erased_list import NAME, ErasedList
from gateway.store.erasure.retention import Period
from tests.store.conftest import EVERYBODY, TOWN, new_submission, uploaded

PAYLOAD, METADATA = Period(TOWN, "hausnummer", 30), Period(TOWN, None, 365)


@pytest.fixture
def retention(store, tmp_path):
    return store.retention(ErasedList(tmp_path / NAME))


async def ended(store, clock, key: str = "k-1", state: State = State.ACCEPTED, **how):
    new = new_submission(key, attachments=(await uploaded(store),), **how)
    await store.create(new)
    it = replace(new.submission, state=state, updated_at=clock.now())
    return new, await store.commit(1, Change(it))


async def test_the_payload_is_erased_when_its_period_is_over_not_before(store, clock, retention, tmp_path):
    new, it = await ended(store, clock)
    clock.advance(days=29)
    assert (await retention.due(PAYLOAD), await retention.run(PAYLOAD)) == (0, 0)
    clock.advance(days=2)
    assert await retention.due(PAYLOAD) == 1
    assert await retention.run(PAYLOAD) == 1
    assert await retention.due(PAYLOAD) == 0
    with pytest.raises(Erased):
        await store.stored(it.id)
    view = await store.view(it.id, EVERYBODY)
    assert (view.reference, [a.filename for a in view.attachments]) == (None, [""])
    assert view.submission.state is State.ACCEPTED
    with pytest.raises(Erased):
        await store.known("portal", "k-1", new.digest)
    async with store.database.connection() as connection:
        for table in ("data_keys", "blobs", "blob_frames", "uploads", "submission_secrets"):
            left = await connection.fetchrow(f"SELECT count(*) AS n FROM {table}")
            assert left["n"] == 0, table
    line = json.loads((tmp_path / NAME).read_text())
    assert line["submission"] == str(it.id)
    assert len(line["keys"]) == 2, "the submission's own and the upload's"


async def test_erasing_is_an_entry_of_an_unbroken_chain(store, clock, retention):
    _, it = await ended(store, clock)
    assert await retention.erase(it.id, "request") is True
    assert await retention.erase(it.id, "request") is False
    links = await store.evidence_of(it.id)
    said = json.loads(links[-1].body)
    assert (links[-1].kind, said["why"]) == ("erased", "request")
    assert chain.broken_at(links, it.id) is None


async def test_the_proof_of_deletion_names_each_digest_that_stays(store, clock, retention):
    """What is left of the content in any row are the digests that the signed receipt holds, and the proof says so."""
    new, it = await ended(store, clock)
    await retention.erase(it.id, "retention")
    (*_, last) = await store.evidence_of(it.id)
    assert json.loads(last.body)["remains"] == ["sha256 of the document", "sha256 of each attachment"]
    page = cover.page(it.id, await store.evidence_of(it.id), clock.now(), generate_ed25519("k")[1])
    assert "ohne Schlüssel" in page
    digests = {new.document.sha256, *(each.sha256 for each in new.attachments)}
    async with store.database.connection() as connection:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        holding = {
            name
            for (name,) in tables
            for (row,) in await connection.fetch(f"SELECT t::text FROM {name} AS t")
            if any(digest in row for digest in digests)
        }
    assert holding <= {"submissions", "attachments", "evidence"}


async def test_the_rest_goes_later_and_the_proof_stays(store, clock, retention):
    new, it = await ended(store, clock)
    clock.advance(days=31)
    await retention.run(PAYLOAD)
    assert await retention.run(METADATA) == 0
    clock.advance(days=365)
    assert await retention.due(METADATA) == 1
    assert await retention.run(METADATA) == 1
    with pytest.raises(NotFound):
        await store.view(it.id, EVERYBODY)
    assert [link.kind for link in await store.evidence_of(it.id)] == ["received", "erased"]
    with pytest.raises(Erased):
        await store.known("portal", "k-1", new.digest)


async def test_metadata_of_what_was_not_erased_are_never_removed(store, clock, retention):
    await ended(store, clock)
    clock.advance(days=4000)
    assert await retention.run(METADATA) == 0


@pytest.mark.parametrize("state", [State.RECEIVED, State.SUBMITTED, State.HELD])
async def test_what_is_on_its_way_is_neither_due_nor_erased_on_request(store, clock, retention, state):
    _, it = await ended(store, clock, state=state)
    clock.advance(days=4000)
    assert await retention.run(PAYLOAD) == 0
    with pytest.raises(StillUnderWay) as refused:
        await retention.erase(it.id, "request")
    assert all(f"`gateway held cancel {it.id}`" in refused.value.sentence(each) for each in ("de", "en"))
    assert (await store.stored(it.id)).record


async def test_a_legal_hold_keeps_until_it_is_released(store, clock, retention):
    _, it = await ended(store, clock)
    await retention.hold(it.id, held=True)
    clock.advance(days=31)
    assert await retention.run(PAYLOAD) == 0
    with pytest.raises(OnLegalHold) as refused:
        await retention.erase(it.id, "request")
    assert all(f"`gateway retention hold {it.id} --release`" in refused.value.sentence(each) for each in ("de", "en"))
    await retention.hold(it.id, held=False)
    assert await retention.run(PAYLOAD) == 1


async def test_other_services_and_towns_are_not_touched(store, clock, retention):
    _, it = await ended(store, clock)
    clock.advance(days=31)
    for other in (Period(TOWN, "termin", 30), Period("150900550550", "hausnummer", 30)):
        assert await retention.run(other) == 0
    assert (await store.stored(it.id)).record


async def test_access_tells_what_is_held_about_a_reference(store, clock, retention):
    _, it = await ended(store, clock, reference="AZ-1")
    await ended(store, clock, "k-2", reference="AZ-2")
    (row,) = await retention.subject("AZ-1")
    assert (row["id"], row["attachments"], row["erased_at"]) == (it.id, 1, None)
    await retention.erase(it.id, "request")
    assert await retention.subject("AZ-1") == []


def test_a_line_that_a_crash_cut_off_is_no_erasure_and_spoils_no_later_one(tmp_path, clock):
    erased, one, two = ErasedList(tmp_path / NAME), uuid4(), uuid4()
    erased.add(one, [uuid4()], clock.now() + timedelta(days=1))
    with (tmp_path / NAME).open("a") as file:
        file.write('{"submission": "')
    assert [each.submission for each in erased] == [one]
    erased.add(two, [uuid4()], clock.now())
    assert [each.submission for each in erased] == [one, two]
    assert (tmp_path / NAME).stat().st_mode & 0o077 == 0


def test_a_first_line_that_a_crash_cut_off_goes_too(tmp_path, clock):
    (tmp_path / NAME).write_text('{"submission": "' + "x" * 200_000)
    erased, one = ErasedList(tmp_path / NAME), uuid4()
    erased.add(one, [], clock.now())
    assert [each.submission for each in erased] == [one]


def test_a_line_that_is_taken_in_pieces_is_whole(tmp_path, clock, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:7]))
    erased, one = ErasedList(tmp_path / NAME), uuid4()
    erased.add(one, [uuid4()], clock.now())
    assert [each.submission for each in erased] == [one]


async def test_a_disk_that_is_full_within_the_line_means_that_nothing_is_erased(
    store, clock, retention, tmp_path, monkeypatch
):
    _, it = await ended(store, clock)
    _, other = await ended(store, clock, "k-2")
    assert await retention.erase(other.id, "request")
    write, listed = os.write, (tmp_path / NAME).read_bytes()

    def full(file, data):
        if len(data) < 50:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, data[:-20])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(ErasedListUnwritable) as refused:
            await retention.erase(it.id, "request")
    assert NAME in refused.value.sentence("de")
    assert (tmp_path / NAME).read_bytes() == listed
    assert (await store.stored(it.id)).record
    assert await retention.erase(it.id, "request")
    assert [each.submission for each in ErasedList(tmp_path / NAME)] == [other.id, it.id]


def test_a_line_that_says_nothing_is_named(tmp_path, clock):
    erased = ErasedList(tmp_path / NAME)
    erased.add(uuid4(), [uuid4()], clock.now())
    for broken in ("", "[]", '{"submission": 1, "keys": [], "at": ""}', '{"submission": "x"', "[" * 100_000):
        (tmp_path / "b").write_bytes((tmp_path / NAME).read_bytes() + broken.encode() + b"\n")
        with pytest.raises(ErasedListUnreadable) as refused:
            list(ErasedList(tmp_path / "b"))
        assert "Zeile 2" in refused.value.sentence("de"), broken


def test_lists_of_other_machines_are_adopted_once(tmp_path, clock):
    lists = [ErasedList(tmp_path / name) for name in "abc"]
    ids = [uuid4() for _ in lists]
    for each, submission in zip(lists, ids, strict=True):
        each.add(submission, [uuid4()], clock.now())
    for _ in range(2):
        lists[0].adopt([erasure for each in lists[1:] for erasure in each])
    assert [each.submission for each in lists[0]] == ids
