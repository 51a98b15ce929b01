"""Uploads in pieces: what counts stays, what does not is gone, and the end is an upload like any other."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.errors import ChecksumMismatch, NotFound
from gateway.model import State
from gateway.ports.store import Change
from gateway.store.erasure.erased_list import NAME, ErasedList
from gateway.store.erasure.sweep import GRACE, sweep
from gateway.store.submissions import resumable
from gateway.store.submissions.uploads import KEPT
from tests.store.conftest import TOWN, new_submission, pieces

DATA = bytes(range(256)) * 40


class CutOffError(Exception):
    pass


async def cut_off(*chunks, error=CutOffError):
    for chunk in chunks:
        yield chunk
    raise error


async def begun(store, length=10_240):
    return (await store.pieces.begin("portal", TOWN, "application/pdf", length)).upload


async def left(store, *tables):
    async with store.database.connection() as connection:
        return [(await connection.fetchrow(f"SELECT count(*) AS n FROM {table}"))["n"] for table in tables]


async def blobs(store):
    async with store.database.connection() as connection:
        return (await connection.fetchrow("SELECT count(*) AS n FROM blobs"))["n"]


async def test_what_came_before_the_line_broke_counts(store, monkeypatch):
    monkeypatch.setattr(resumable, "PIECE", 100)
    name = await begun(store)
    with pytest.raises(CutOffError):
        await store.pieces.append("portal", name, 0, cut_off(DATA[:150], DATA[150:170]), whole=False)
    assert (await store.pieces.find("portal", name)).offset == 170
    await store.pieces.append("portal", name, 170, pieces(DATA[170:]), whole=False)
    assert (await store.uploads("portal", (name,)))[name].sha256 == hashlib.sha256(DATA).hexdigest()


async def test_with_a_checksum_all_counts_or_nothing(store):
    name = await begun(store)
    with pytest.raises(ChecksumMismatch):
        await store.pieces.append("portal", name, 0, cut_off(DATA[:150], error=ChecksumMismatch), whole=True)
    assert (await store.pieces.find("portal", name)).offset == 0
    assert await blobs(store) == 0


async def test_what_a_killed_process_left_undone_after_the_last_piece_is_done_at_the_next_look(store, monkeypatch):
    name = await begun(store)
    with monkeypatch.context() as patched:
        patched.setattr(store.pieces._uploads, "receive", cut_off)
        with pytest.raises(TypeError):
            await store.pieces.append("portal", name, 0, pieces(DATA), whole=False)
    assert await store.uploads("portal", (name,)) == {}
    assert (await store.pieces.find("portal", name)).offset == len(DATA)
    assert (await store.uploads("portal", (name,)))[name].size == len(DATA)


async def test_an_ended_or_expired_upload_leaves_nothing_and_pieces_outlive_the_sweep(store, clock):
    ended, expiring = await begun(store), await begun(store)
    for name in (ended, expiring):
        await store.pieces.append("portal", name, 0, pieces(DATA[:50]), whole=False)
    with pytest.raises(NotFound):
        await store.pieces.end("neighbour", ended)
    await store.pieces.end("portal", ended)
    assert await blobs(store) == 1
    clock.at += GRACE + timedelta(minutes=1)
    await sweep(store.database, clock.at)
    assert await blobs(store) == 1
    assert (await store.pieces.find("portal", expiring)).offset == 50
    clock.at += KEPT
    await sweep(store.database, clock.at)
    with pytest.raises(NotFound):
        await store.pieces.find("portal", expiring)
    assert await blobs(store) == 0


async def test_the_name_of_a_file_is_kept_encrypted_for_its_client_alone_and_goes_with_the_upload(store, clock):
    said = "filename " + base64.b64encode("Müller-Łukasiewicz.pdf".encode()).decode()
    ended, expiring, erased = [
        (await store.pieces.begin("portal", TOWN, "application/pdf", len(DATA), said)).upload for _ in range(3)
    ]
    await store.pieces.append("portal", erased, 0, pieces(DATA), whole=False)
    assert {(await store.pieces.find("portal", name)).metadata for name in (ended, expiring, erased)} == {said}
    with pytest.raises(NotFound):
        await store.pieces.find("neighbour", ended)
    async with store.database.connection() as connection:
        rows = await connection.fetch("SELECT tus_uploads::text AS row, metadata FROM tus_uploads")
    assert all(said.encode() not in row["metadata"] and said not in row["row"] for row in rows)
    assert said not in repr(await store.pieces.find("portal", ended))
    await store.pieces.end("portal", ended)
    await store.pieces.end("portal", erased)
    clock.at += KEPT
    await sweep(store.database, clock.at)
    assert await left(store, "tus_uploads", "data_keys") == [0, 0]


async def test_an_erased_application_leaves_no_file_name_of_its_upload(store, tmp_path):
    made = await store.pieces.begin("portal", TOWN, "application/pdf", len(DATA), "filename SsO8cmdlbg==")
    await store.pieces.append("portal", made.upload, 0, pieces(DATA), whole=False)
    found = (await store.uploads("portal", (made.upload,)))[made.upload]
    new = new_submission(attachments=(replace(found, kind="site_plan", filename="Lageplan.pdf"),))
    await store.create(new)
    await store.commit(1, Change(replace(new.submission, state=State.CANCELLED)))
    assert (await store.pieces.find("portal", made.upload)).metadata
    await store.retention(ErasedList(tmp_path / NAME)).erase(new.submission.id, "request")
    assert await left(store, "tus_uploads", "data_keys") == [0, 0]
