"""The store in memory, holding what a test begins with."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from gateway.model import Document, Scope, Submission
from gateway.ports.blobs import IncomingUpload, SmallBlob
from gateway.ports.clock import Clock
from gateway.ports.store import Change, Filter, NewSubmission, View
from gateway.store.memory import MemoryStore
from tests.login.conftest import at_once

EVERYBODY = Scope(client=None)


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


def empty(clock: Clock | None = None) -> MemoryStore:
    return MemoryStore(clock or SystemClock(), uuid4)


def new(submission: Submission, *, record: bytes = b"{}", reference: str | None = None) -> NewSubmission:
    """What takes that submission in; its document is of no account."""
    document = Document(b"<a/>", "xfall", "urn:s", "urn:n", "application/xml", "0" * 64)
    return NewSubmission(submission, str(uuid4()), b"", record, document, (), reference, "a.b.c")


def holding(submission: Submission, store: MemoryStore | None = None, **more: Any) -> MemoryStore:
    """A store with that submission."""
    store = store or empty()
    at_once(store.create(new(submission, **more)))
    return store


def sent_ahead(
    store: MemoryStore,
    content: bytes,
    *,
    upload: UUID | None = None,
    client: str = "portal",
    media_type: str = "application/pdf",
) -> UUID:
    """The name of a file that the client has uploaded."""
    name = upload or uuid4()
    incoming = IncomingUpload(
        client, "150900546546", name, media_type, len(content), hashlib.sha256(content).hexdigest()
    )
    at_once(store.receive_upload(incoming, _once(content)))
    return name


def committed(store: MemoryStore, submission: Submission, blobs: Iterable[SmallBlob | None]) -> None:
    """Keep the small parts of a sealed submission, as its commit does."""
    row = at_once(store.load(submission.id))
    at_once(store.commit(row.version, Change(row, blobs=tuple(blob for blob in blobs if blob))))


def content_of(store: MemoryStore, blob: UUID) -> bytes:
    return at_once(drained(store.read_blob(blob)))


def everything(store: MemoryStore) -> tuple[View, ...]:
    """All submissions that were taken in, the newest first."""
    return at_once(store.list_views(Filter(), EVERYBODY))[0]


async def drained(blob: AsyncIterator[bytes]) -> bytes:
    return b"".join([frame async for frame in blob])


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
