"""The port `Store` in the memory of one process: the same answers as PostgreSQL's, gone when the process ends.

Knows: what each method promises; one contract (`tests/contract/test_store.py`) holds both stores to it. Never does:
encrypt, wait, wake a worker. Standard: `gateway/ports/store.py`. Start reading: `MemoryStore.create`, then `commit`.

No method waits between its checks and its writes, so that what it does happens at once or not at all.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from gateway.crypto.keys import digest as key_digest
from gateway.errors import (
    Erased,
    IdempotencyConflict,
    InternalError,
    NotFound,
    StillUnderWay,
    Superseded,
    UploadUnknown,
    VersionGone,
)
from gateway.evidence import chain
from gateway.evidence.chain import Link
from gateway.model import Attachment, Identity, Scope, State, Submission
from gateway.ports.blobs import IncomingUpload, Upload
from gateway.ports.clock import Clock
from gateway.ports.keys import KeyArchive
from gateway.ports.store import Change, EvidenceEntry, Filter, NewSubmission, StateChange, Store, Stored, View
from gateway.store.memory.blobs import Blob, Blobs, MemoryWriter
from gateway.store.memory.logins import MemoryLoginStore
from gateway.store.memory.resumable import MemoryPieces
from gateway.store.operation.pauses import ALL, MAINTENANCE
from gateway.store.rows import values as rows
from gateway.store.submissions import changes, reading
from gateway.store.submissions.writing import told
from gateway.submission.states import ERASABLE


@dataclass(slots=True)
class _Row:
    """A submission with all that was stored with it; `answer` is what its portal was told then."""

    submission: Submission
    answer: Submission
    new: NewSubmission
    evidence: tuple[Link, ...]
    journal: tuple[Mapping[str, object], ...] = ()
    superseded_by: UUID | None = None
    erased: bool = False

    @property
    def order(self) -> tuple[datetime, UUID]:
        return self.submission.created_at, self.submission.id

    def seen_by(self, scope: Scope) -> bool:
        submission, towns = self.submission, scope.municipalities
        return scope.client in {None, submission.client} and (towns is None or submission.municipality in towns)

    def view(self) -> View:
        return replace(self.new.view, submission=self.submission, superseded_by=self.superseded_by)

    def prove(self, entries: Sequence[EvidenceEntry], now: datetime) -> None:
        last = self.evidence[-1] if self.evidence else None
        seq, head = (last.seq, last.hash) if last else (0, chain.start(self.submission.id))
        self.evidence += chain.chained(entries, seq=seq, head=head, at=now)


class MemoryStore(Store, KeyArchive):
    """Everything of the port, in one process.

    `pieces` keeps the port `ResumableUploads`, `logins` the port `LoginStore`; `pauses` holds destinations, `all` or
    `maintenance`; `kept_keys` the public keys by their digest.
    """

    def __init__(self, clock: Clock, new_id: Callable[[], UUID]) -> None:
        self._clock = clock
        self._bytes = Blobs(clock, new_id)
        self.pieces = MemoryPieces(clock, self._bytes)
        self.logins = MemoryLoginStore(clock, os.urandom)
        self._rows: dict[UUID, _Row] = {}
        self._answers: dict[tuple[str, str], tuple[bytes, _Row]] = {}
        self._feed: list[StateChange] = []
        self.kept_keys: dict[str, Mapping[str, Any]] = {}
        self.pauses: set[str] = set()

    @property
    def blobs(self) -> Mapping[UUID, Blob]:
        """All blobs that stand, whole or not."""
        return self._bytes.kept

    async def known(self, client: str, idempotency_key: str, digest: bytes) -> View | None:
        """See the port."""
        before, row = self._answers.get((client, idempotency_key), (b"", None))
        if row is None:
            return None
        if before != digest:
            raise IdempotencyConflict
        if row.erased:
            raise Erased
        return replace(row.view(), submission=row.answer, superseded_by=None)

    async def uploads(self, client: str, uploads: tuple[UUID, ...]) -> Mapping[UUID, Attachment]:
        """See the port."""
        return self._bytes.find(client, uploads)

    async def files_of(self, client: str, submission: UUID, uploads: tuple[UUID, ...]) -> Mapping[UUID, Attachment]:
        """See the port."""
        row = self._rows.get(submission)
        if row is None or row.submission.client != client:
            return {}
        return {
            attachment.upload: replace(
                attachment, kind="", filename="", blob=attachment.blob if self._bytes.whole(attachment.blob) else None
            )
            for attachment in row.new.attachments
            if attachment.upload is not None
            and attachment.upload in uploads
            and not self._bytes.unused(client, attachment.upload)
        }

    async def create(self, new: NewSubmission) -> View:
        """See the port."""
        submission, now = new.submission, self._clock.now()
        if standing := await self.known(submission.client, new.idempotency_key, new.digest):
            return standing
        if submission.id in self._rows:
            raise InternalError(cause="a submission of this id stands already")
        copies = {
            attachment.blob: self._copy(attachment.blob, submission.id)
            for attachment in new.attachments
            if attachment.upload in new.reused
        }
        kept = tuple(
            replace(attachment, blob=copies[attachment.blob][0]) if attachment.upload in new.reused else attachment
            for attachment in new.attachments
        )
        claimed = self._bytes.claimable(
            submission.client, {attachment.upload for attachment in kept if attachment.upload} - new.reused
        )
        old = None if new.supersedes is None else self._rows.get(new.supersedes)
        if new.supersedes and (old is None or old.submission.client != submission.client or old.superseded_by):
            raise Superseded
        if new.login is not None:
            self.logins.must_be_free(new.login, submission, now)
            self.logins.take(new.login, submission)
        row = _Row(_as_kept(submission), _as_kept(submission), replace(new, attachments=kept), ())
        row.prove(new.evidence, now)
        if old is not None:
            old.superseded_by = submission.id
        for upload in claimed:
            self._bytes.claim(upload, submission.id)
        self._bytes.kept.update(copies.values())
        self._rows[submission.id] = row
        self._answers[submission.client, new.idempotency_key] = (new.digest, row)
        self._tell(submission.id, submission.state, now)
        return replace(row.view(), submission=submission)

    async def view(self, submission_id: UUID, scope: Scope) -> View:
        """See the port."""
        row = self._row(submission_id)
        if not row.seen_by(scope):
            raise NotFound
        return row.view()

    async def list_views(self, criteria: Filter, scope: Scope) -> tuple[tuple[View, ...], str | None]:
        """See the port."""
        behind = None if criteria.cursor is None else reading.position(criteria.cursor)
        rows_ = (row for row in self._rows.values() if row.seen_by(scope) and _matches(row, criteria))
        matching = sorted(
            (row for row in rows_ if behind is None or row.order < behind), key=lambda row: row.order, reverse=True
        )
        page = matching[: criteria.limit]
        more = len(matching) > len(page) and page
        return tuple(row.view() for row in page), reading.cursor(*page[-1].order) if more else None

    async def changes(self, after: str | None, scope: Scope, limit: int) -> tuple[StateChange, ...]:
        """See the port."""
        behind = _numbers(after) if after else (0, 0)
        lines = (
            line
            for line in self._feed
            if _numbers(line.cursor) > behind and self._rows[line.submission_id].seen_by(scope)
        )
        return tuple(islice(lines, limit))

    async def receive_upload(self, incoming: IncomingUpload, body: AsyncIterator[bytes]) -> Upload:
        """See the port."""
        return await self._bytes.receive(incoming, body)

    async def load(self, submission_id: UUID) -> Submission:
        """See the port."""
        return self._row(submission_id).submission

    async def commit(self, expected: int, change: Change) -> Submission:
        """See the port."""
        row, now = self._row(change.submission.id), self._clock.now()
        if change.blobs and row.erased:
            raise Erased
        if row.submission.version != expected:
            raise VersionGone
        before, after = row.submission, replace(change.submission, version=expected + 1)
        journal = tuple(
            {"at": now, "version": after.version, "step": entry.step, "kind": entry.kind, "detail": _json(entry.detail)}
            for entry in change.journal
        )
        row.prove(change.evidence, now)
        row.journal += journal
        row.submission = _as_kept(replace(after, **{name: getattr(before, name) for name in rows.FIXED}))
        for passed in told(before.state, change, now):
            self._tell(after.id, passed.state, passed.at)
        for small in change.blobs:
            self._bytes.kept[small.id] = Blob(bytearray(small.content), after.id)
        for blob in change.discard:
            self._bytes.discard(blob, after.id)
        return after

    async def stored(self, submission_id: UUID) -> Stored:
        """See the port."""
        row, new = self._row(submission_id), self._rows[submission_id].new
        if row.erased:
            raise Erased
        identity = None if new.login is None else new.login.identity
        return Stored(new.record, new.document, new.attachments, row.submission.created_at, new.reference, identity)

    async def identity_of(self, submission_id: UUID) -> Identity | None:
        """See the port."""
        login = self._row(submission_id).new.login
        return None if login is None else login.identity

    def read_blob(self, blob: UUID) -> AsyncIterator[bytes]:
        """See the port."""
        return self._bytes.read(blob)

    @asynccontextmanager
    async def write_blob(self, submission_id: UUID) -> AsyncIterator[MemoryWriter]:
        """See the port. Leaving without `finish` removes what was written."""
        if self._row(submission_id).erased:
            raise Erased
        async with self._bytes.write(submission_id) as writer:
            yield writer

    async def paused(self, destination_id: str) -> bool:
        """See the port."""
        return not self.pauses.isdisjoint((ALL, MAINTENANCE, destination_id))

    async def in_maintenance(self) -> bool:
        """See the port."""
        return MAINTENANCE in self.pauses

    async def keep_key(self, jwk: Mapping[str, Any]) -> None:
        """See the port `KeyArchive`."""
        self.kept_keys.setdefault(key_digest(jwk), dict(jwk))

    async def evidence_of(self, submission_id: UUID) -> tuple[Link, ...]:
        """The evidence chain of a submission, first link first."""
        return self._rows[submission_id].evidence if submission_id in self._rows else ()

    async def journal_of(self, submission_id: UUID) -> tuple[Mapping[str, object], ...]:
        """The journal: `at`, `version`, `step`, `kind`, `detail` of each line, oldest first."""
        return self._rows[submission_id].journal if submission_id in self._rows else ()

    async def erase(self, submission_id: UUID, why: str) -> bool:
        """Erase the payload of one submission that ended; False where it was erased already.

        Raises `NotFound`, `StillUnderWay`.
        """
        row = self._row(submission_id)
        submission, new = row.submission, row.new
        if row.erased:
            return False
        if submission.state not in ERASABLE:
            raise StillUnderWay(state=submission.state.value, submission=submission_id)
        row.prove((EvidenceEntry("erased", {"why": why}),), self._clock.now())
        nameless = tuple(replace(attachment, filename="") for attachment in new.attachments)
        document = replace(new.document, content=b"")
        row.new = replace(new, record=b"", document=document, attachments=nameless, reference=None, login=None)
        self.logins.erase(submission_id)
        row.submission, row.erased = replace(submission, version=submission.version + 1), True
        for client, upload in self._bytes.erase(submission_id):
            self.pieces.forget(client, upload)
        return True

    def _row(self, submission_id: UUID) -> _Row:
        row = self._rows.get(submission_id)
        if row is None:
            raise NotFound
        return row

    def _copy(self, blob: UUID | None, submission: UUID) -> tuple[UUID, Blob]:
        """The bytes of what is corrected, under a name of their own. Raises `UploadUnknown` where they are gone."""
        if blob is None or not self._bytes.whole(blob):
            raise UploadUnknown
        return self._bytes.new_id(), Blob(self._bytes.kept[blob].content, submission)

    def _tell(self, submission_id: UUID, state: State, at: datetime) -> None:
        self._feed.append(StateChange(f"1.{len(self._feed) + 1}", submission_id, state.value, at))


def _as_kept(submission: Submission) -> Submission:
    """The submission as it comes back from a row: without what a row has no place for."""
    return rows.thawed(json.loads(rows.frozen(submission)))


def _json(value: Mapping[str, Any]) -> object:
    return json.loads(json.dumps(dict(value)))


def _matches(row: _Row, criteria: Filter) -> bool:
    submission = row.submission
    return (
        (not criteria.states or submission.state.value in criteria.states)
        and criteria.service in {None, submission.service}
        and criteria.municipality in {None, submission.municipality}
        and criteria.reference in {None, row.new.reference}
        and (criteria.created_after is None or submission.created_at > criteria.created_after)
    )


def _numbers(cursor: str) -> tuple[int, int]:
    transaction, number = changes.position(cursor, "#query/after")
    return int(transaction), number
