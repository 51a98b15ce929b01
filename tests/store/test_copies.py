"""A correction that names the files of what it corrects: the same bytes under a key of its own, or a clear refusal."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.errors import DatabaseAway, Superseded, UploadUnknown
from gateway.model import State
from gateway.ports.store import Change
from gateway.store.erasure import sweep
from gateway.store.erasure.erased_list import NAME, ErasedList
from gateway.store.submissions.blobs import FRAME
from tests.store.conftest import bytes_of, correcting, incoming, pieces, taken

TABLES = ("submissions", "attachments", "uploads", "blobs", "data_keys", "idempotency")


@pytest.fixture
def retention(store, tmp_path):
    return store.retention(ErasedList(tmp_path / NAME))


async def counted(store):
    async with store.database.connection() as connection:
        return [(await connection.fetchrow(f"SELECT count(*) AS n FROM {table}"))["n"] for table in TABLES]


@pytest.mark.parametrize("size", [0, 10, FRAME, 2 * FRAME + 10])
@pytest.mark.parametrize("first", ["old", "new"])
async def test_a_file_stands_twice_and_erasing_one_leaves_the_other(store, retention, size, first):
    data = os.urandom(size)
    old = await taken(store, data, state=State.REJECTED)
    new = await correcting(store, old)
    made = await store.create(new)
    assert (made.supersedes, made.attachments[0].sha256) == (old.submission.id, old.attachments[0].sha256)
    assert made.attachments[0].blob != old.attachments[0].blob
    await store.commit(1, Change(replace(new.submission, state=State.ACCEPTED)))
    both = {"old": old.submission.id, "new": new.submission.id}
    assert [await bytes_of(store, each) for each in both.values()] == [data, data]
    await retention.erase(both.pop(first), "request")
    (left,) = both.values()
    assert await bytes_of(store, left) == data
    await retention.erase(left, "request")
    assert (await counted(store))[2:5] == [0, 0, 0]


async def test_after_erasure_the_file_is_known_to_be_gone_and_may_be_sent_again(store, retention):
    old = await taken(store, b"one")
    upload = old.attachments[0].upload
    late = await correcting(store, old)
    await retention.erase(old.submission.id, "request")
    before = await counted(store)
    assert [one.blob for one in (await store.files_of("portal", old.submission.id, (upload,))).values()] == [None]
    with pytest.raises(UploadUnknown):  # found before, erased meanwhile
        await store.create(late)
    assert await counted(store) == before
    await store.receive_upload(incoming(b"two", upload=upload), pieces(b"two"))
    assert await store.files_of("portal", old.submission.id, (upload,)) == {}, "what was sent anew is meant"


async def test_what_is_erased_between_copy_and_commit_is_not_taken_over(store, retention, monkeypatch):
    old = await taken(store, b"one")
    new = await correcting(store, old)
    create = store._create

    async def erased_first(whole):
        await retention.erase(old.submission.id, "request")
        return await create(whole)

    monkeypatch.setattr(store, "_create", erased_first)
    with pytest.raises(UploadUnknown):
        await store.create(new)
    assert (await counted(store))[2:5] == [0, 0, 0]


@pytest.mark.parametrize("size", [10, 2 * FRAME + 10])
async def test_nothing_stays_of_a_correction_that_is_refused_or_repeated(store, size):
    old = await taken(store, os.urandom(size))
    first, second = await correcting(store, old), await correcting(store, old, "second")
    made = await store.create(first)
    before = await counted(store)
    with pytest.raises(Superseded):
        await store.create(second)
    assert (await store.create(first)).submission.id == made.submission.id
    assert await counted(store) == before


async def test_a_lost_answer_to_the_commit_loses_no_file(store, monkeypatch):
    old = await taken(store, b"%PDF-1.7 b")
    new = await correcting(store, old)
    create = store._create

    async def unheard(whole):
        await create(whole)
        raise DatabaseAway

    monkeypatch.setattr(store, "_create", unheard)
    with pytest.raises(DatabaseAway):
        await store.create(new)
    assert await bytes_of(store, new.submission.id) == b"%PDF-1.7 b"


async def test_what_a_crash_left_of_a_copy_is_swept(store, clock, monkeypatch):
    old = await taken(store, b"%PDF-1.7 c")
    before = await counted(store)

    async def crash(_):
        raise KeyboardInterrupt

    async def no_time(_):
        return None

    monkeypatch.setattr(store, "_create", crash)
    monkeypatch.setattr("gateway.store.submissions.blobs.Writer.abandon", no_time)
    with pytest.raises(KeyboardInterrupt):
        await store.create(await correcting(store, old))
    assert await counted(store) != before
    clock.advance(hours=2)
    assert (await sweep.sweep(store.database, clock.now())).loose == 1
    assert await counted(store) == before
    clock.at -= timedelta(hours=2)
    assert await bytes_of(store, old.submission.id) == b"%PDF-1.7 c"
