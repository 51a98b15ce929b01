"""Uploads and blobs: encrypted from the first byte, one owner, repeats answered, nothing left of what failed."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest

from gateway.errors import CryptoFailure, DigestMismatch, LengthMismatch, NotFound
from gateway.store.erasure import sweep
from gateway.store.submissions.blobs import FRAME
from tests.store.conftest import MASTER_KEY, drained, incoming, new_submission, pieces, uploaded


def counted(dsn, table):
    with psycopg.connect(dsn) as connection:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


@pytest.mark.parametrize("size", [0, 1, FRAME - 1, FRAME, FRAME + 1, 3 * FRAME, 3 * FRAME + 7])
async def test_bytes_of_any_length_come_back(store, postgres_dsn, size):
    data = os.urandom(size)
    it = incoming(data)
    done = await store.receive_upload(it, pieces(data[: size // 3], b"", data[size // 3 :]))
    assert (done.size, done.sha256, done.created) == (size, it.sha256, True)
    found = (await store.uploads("portal", (it.upload,)))[it.upload]
    frames = [len(frame) async for frame in store.read_blob(found.blob)]
    assert all(length <= FRAME for length in frames)
    assert await drained(store.read_blob(found.blob)) == data
    assert counted(postgres_dsn, "blob_frames") == max(1, -(-size // FRAME))


@pytest.mark.parametrize("size", [10, FRAME + 10])
async def test_a_repeat_of_the_same_bytes_is_answered_also_after_use(store, postgres_dsn, size):
    data = os.urandom(size)
    it = incoming(data)
    first = await store.receive_upload(it, pieces(data))
    again = await store.receive_upload(it, pieces(data))
    assert (again.created, again.sha256, again.expires_at) == (False, first.sha256, first.expires_at)
    await store.create(new_submission(attachments=(await uploaded(store, data, upload=it.upload),)))
    assert not (await store.receive_upload(it, pieces(data))).created
    assert counted(postgres_dsn, "blobs") == 1


@pytest.mark.parametrize("size", [10, 2 * FRAME + 10])
@pytest.mark.parametrize(
    ("changed", "error"),
    [({"sha256": "0" * 64}, DigestMismatch), ({"length": 5}, LengthMismatch), ({"length": 9 * FRAME}, LengthMismatch)],
)
async def test_nothing_is_kept_of_a_body_that_lies(store, postgres_dsn, size, changed, error):
    data = os.urandom(size)
    with pytest.raises(error):
        await store.receive_upload(incoming(data, **changed), pieces(data[:FRAME], data[FRAME:]))
    assert [counted(postgres_dsn, t) for t in ("uploads", "blobs", "blob_frames", "data_keys")] == [0, 0, 0, 0]


async def test_nothing_is_kept_when_the_portal_hangs_up(store, postgres_dsn):
    async def broken():
        yield os.urandom(3 * FRAME)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await store.receive_upload(incoming(b"", length=9 * FRAME), broken())
    assert [counted(postgres_dsn, t) for t in ("uploads", "blobs", "data_keys")] == [0, 0, 0]


@pytest.mark.parametrize("size", [10, FRAME + 10])
async def test_racing_repeats_keep_one_blob(store, postgres_dsn, size):
    data = os.urandom(size)
    it = incoming(data)
    done = await asyncio.gather(*(store.receive_upload(it, pieces(data)) for _ in range(5)))
    assert [upload.created for upload in done].count(True) == 1
    assert [counted(postgres_dsn, t) for t in ("uploads", "blobs", "data_keys")] == [1, 1, 1]


async def test_an_upload_nobody_uses_runs_out_after_a_day(store, clock, postgres_dsn):
    used, unused = await uploaded(store, b"used"), incoming(b"unused")
    await store.receive_upload(unused, pieces(b"unused"))
    await store.create(new_submission(attachments=(used,)))
    clock.advance(hours=23, minutes=59)
    assert await sweep.sweep(store.database, clock.now()) == sweep.Swept()
    clock.advance(minutes=1)
    assert await store.uploads("portal", (unused.upload,)) == {}
    assert (await sweep.sweep(store.database, clock.now())).uploads == 1
    assert [counted(postgres_dsn, t) for t in ("uploads", "blobs", "data_keys")] == [1, 1, 2]
    assert await drained(store.read_blob(used.blob)) == b"used"


async def test_what_a_crash_left_is_swept_and_what_is_needed_stays(store, clock, postgres_dsn):
    new = new_submission(attachments=(await uploaded(store),))
    await store.create(new)
    writer_of = store.write_blob(new.submission.id)
    writer = await writer_of.__aenter__()  # a process that dies leaves neither way
    await writer.write(os.urandom(2 * FRAME + 1))
    await writer._landed()
    async with store.write_blob(new.submission.id) as finished:
        await finished.write(b"sealed, but never committed")
        await finished.finish()
    assert counted(postgres_dsn, "blobs") == 3
    assert await sweep.sweep(store.database, clock.now() + timedelta(minutes=59)) == sweep.Swept()
    swept = await sweep.sweep(store.database, clock.now() + timedelta(minutes=61))
    assert (swept.unfinished, swept.loose) == (1, 1)
    assert counted(postgres_dsn, "blobs") == 1
    assert (await store.stored(new.submission.id)).record


async def test_leaving_a_writer_unfinished_removes_its_frames(store, postgres_dsn):
    new = new_submission()
    await store.create(new)
    async with store.write_blob(new.submission.id) as writer:
        await writer.write(os.urandom(3 * FRAME))
    assert counted(postgres_dsn, "blob_frames") == 0


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE blob_frames SET no = no + 10 WHERE no < 2; UPDATE blob_frames SET no = 11 - no WHERE no >= 10",
        "DELETE FROM blob_frames WHERE no = 2; UPDATE blobs SET frames = 2, size = 2097152",
        "UPDATE blob_frames SET data = set_byte(data, 5, (get_byte(data, 5) + 1) % 256) WHERE no = 1",
        "DELETE FROM blob_frames WHERE no = 1",
    ],
    ids=["swapped", "cut off", "flipped", "missing"],
)
async def test_a_tampered_blob_does_not_open(store, postgres_dsn, attack):
    attachment = await uploaded(store, os.urandom(2 * FRAME + 5))
    with psycopg.connect(postgres_dsn) as connection:
        connection.execute(attack)
    with pytest.raises(CryptoFailure):
        await drained(store.read_blob(attachment.blob))


async def test_an_unfinished_or_unknown_blob_cannot_be_read(store):
    new = new_submission()
    await store.create(new)
    with pytest.raises(NotFound):
        await drained(store.read_blob(uuid4()))
    async with store.write_blob(new.submission.id) as writer:
        await writer.write(os.urandom(2 * FRAME))
        await writer._landed()
        with pytest.raises(NotFound):
            await drained(store.read_blob(writer.blob))


async def test_no_byte_of_an_upload_stands_readable(store, postgres_dsn):
    await uploaded(store, b"Schwarzbrotfreundin" * 100_000)
    with psycopg.connect(postgres_dsn) as connection:
        frames = connection.execute("SELECT data FROM blob_frames").fetchall()
        keys = connection.execute(
            "SELECT wrapped FROM data_keys UNION SELECT wrapped FROM municipality_keys"
        ).fetchall()
    assert not any(b"brot" in frame for (frame,) in frames)
    assert not any(MASTER_KEY[:8] in key for (key,) in keys)
