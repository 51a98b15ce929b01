"""A store on a database of the test's own, a clock that the test moves, and submissions to put in."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from gateway.model import Attachment, Document, Scope, State, Submission
from gateway.ports.blobs import IncomingUpload
from gateway.ports.store import Change, EvidenceEntry, NewSubmission
from gateway.store.postgres import PostgresStore

TOWN, OTHER_TOWN = "150900546546", "150900000000"
MASTER_KEY = bytes(range(32))
EVERYBODY = Scope(client=None)


class MovableClock:
    def __init__(self) -> None:
        self.at = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def advance(self, **how: float) -> None:
        self.at += timedelta(**how)


def submission(**changed: object) -> Submission:
    at = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
    values = {
        "id": uuid4(),
        "municipality": TOWN,
        "client": "portal",
        "service": "hausnummer",
        "state": State.RECEIVED,
        "version": 1,
        "created_at": at,
        "updated_at": at,
        "channel": "fitconnect",
        "deadline": at + timedelta(days=14),
    }
    return Submission(**{**values, **changed})


def new_submission(
    key: str = "k-1",
    *,
    attachments: tuple[Attachment, ...] = (),
    reference: str | None = "AZ-Mustermann",
    **changed: object,
) -> NewSubmission:
    record = json.dumps({"applicant": {"name": "Müßiggang-Ändersën"}}, ensure_ascii=False).encode()
    content = b"<antrag>M\xc3\xbc\xc3\x9figgang-\xc3\x84nders\xc3\xabn</antrag>"
    return NewSubmission(
        submission=submission(**changed),
        idempotency_key=key,
        digest=hashlib.sha256(b"body").digest(),
        record=record,
        document=Document(
            content=content,
            standard="xfall",
            schema_uri="urn:schema",
            namespace="urn:ns",
            media_type="application/xml",
            sha256=hashlib.sha256(content).hexdigest(),
        ),
        attachments=attachments,
        reference=reference,
        receipt="eyJ.receipt.sig",
        evidence=(EvidenceEntry("received", {"sha256": "ab", "size": 12}),),
    )


async def pieces(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


def incoming(data: bytes, *, client: str = "portal", upload: UUID | None = None, **changed: object) -> IncomingUpload:
    values = {
        "client": client,
        "municipality": TOWN,
        "upload": upload or uuid4(),
        "media_type": "application/pdf",
        "length": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    return IncomingUpload(**{**values, **changed})


async def uploaded(
    store: PostgresStore, data: bytes = b"%PDF-1.7", filename: str = "Lageplan Müller.pdf", **how: object
) -> Attachment:
    it = incoming(data, **how)
    done = await store.receive_upload(it, pieces(data))
    found = (await store.uploads(it.client, (done.upload,)))[done.upload]
    return Attachment(
        kind="site_plan",
        filename=filename,
        media_type=found.media_type,
        size=found.size,
        sha256=found.sha256,
        upload=found.upload,
        blob=found.blob,
    )


async def drained(blob: AsyncIterator[bytes]) -> bytes:
    return b"".join([frame async for frame in blob])


async def taken(store, data, key="old", state=State.ACCEPTED):
    """An application with one file, in that state."""
    new = new_submission(key, attachments=(await uploaded(store, data),))
    await store.create(new)
    await store.commit(1, Change(replace(new.submission, state=state)))
    return new


async def correcting(store, old, key="new", **how):
    (upload,) = (one.upload for one in old.attachments)
    found = await store.files_of("portal", old.submission.id, (upload,))
    files = tuple(replace(one, kind="site_plan", filename="Plan.pdf") for one in found.values())
    new = new_submission(key, attachments=files, **how)
    return replace(new, supersedes=old.submission.id, reused=frozenset(found))


async def bytes_of(store, submission_id):
    (one,) = (await store.stored(submission_id)).attachments
    return await drained(store.read_blob(one.blob))


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
async def store(postgres_dsn: str, clock: MovableClock) -> AsyncIterator[PostgresStore]:
    opened = await PostgresStore.open(
        postgres_dsn, master_key=MASTER_KEY, place="master.key", clock=clock, random=os.urandom, pool_size=8
    )
    yield opened
    await opened.close()
