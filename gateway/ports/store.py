"""What the inside asks of the store: submissions, their changes, their evidence.

Knows: the shape of each answer. Never does: anything itself; adapters live in the rooms above and meet in `wiring`.
Standard: architecture §3. Start reading: `Store`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from gateway.model import Attachment, Document, Identity, Scope, State, Submission, instant
from gateway.ports.blobs import BlobWriter, IncomingUpload, SmallBlob, Upload


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One line of a submission's journal: an intent before, or a result after, a call outside. No personal data."""

    step: str
    kind: str  # "intent" | "result" | "error"
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EvidenceEntry:
    """One entry of a submission's evidence chain. `body` is JSON-ready and holds no personal data."""

    kind: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Passed:
    """A state that a submission reached and left again before it was written down, and when it reached it."""

    state: State
    at: datetime


@dataclass(frozen=True, slots=True)
class Change:
    """What one commit writes: the submission as it is from now on and all that goes with it.

    `wake_at` asks for another `advance` at that instant. `discard` names blobs that are not needed any more, `blobs`
    are new ones. `passed` are states on the way to the submission's own, each told in the change feed as well.
    """

    submission: Submission
    journal: tuple[JournalEntry, ...] = ()
    evidence: tuple[EvidenceEntry, ...] = ()
    wake_at: datetime | None = None
    discard: tuple[UUID, ...] = ()
    blobs: tuple[SmallBlob, ...] = ()
    passed: tuple[Passed, ...] = ()


@dataclass(frozen=True, slots=True)
class TakenLogin:
    """The login that an application is bound to: used up by it in the same transaction.

    `identity` rests with the application under its data key. A correction keeps that of its original: `login` is None.
    """

    login: UUID | None
    identity: Identity


@dataclass(frozen=True, slots=True)
class NewSubmission:
    """What `intake` asks to be stored in one transaction before the 201.

    `digest` is the keyed digest of the body under `idempotency_key`; `record` and `document` are encrypted by the
    store; `receipt` is the compact JWS given to the portal.
    """

    submission: Submission
    idempotency_key: str = field(repr=False)
    digest: bytes
    record: bytes = field(repr=False)
    document: Document
    attachments: tuple[Attachment, ...] = field(repr=False)
    reference: str | None = field(repr=False)
    receipt: str
    evidence: tuple[EvidenceEntry, ...] = ()
    supersedes: UUID | None = None
    login: TakenLogin | None = None
    reused: frozenset[UUID] = frozenset()
    """Uploads among the attachments that belong to what it supersedes: their bytes are copied."""

    @property
    def view(self) -> View:
        """The submission as it is read at once."""
        return View(
            submission=self.submission,
            standard=self.document.standard,
            schema_uri=self.document.schema_uri,
            document_sha256=self.document.sha256,
            attachments=self.attachments,
            reference=self.reference,
            receipt=self.receipt,
            supersedes=self.supersedes,
        )


@dataclass(frozen=True, slots=True)
class Stored:
    """What was taken in, decrypted for the worker. Holds personal data."""

    record: bytes = field(repr=False)
    document: Document
    attachments: tuple[Attachment, ...] = field(repr=False)
    received_at: datetime
    reference: str | None = field(default=None, repr=False)
    identity: Identity | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class View:
    """A submission as portals and operators read it. `reference` and file names are decrypted for this answer only."""

    submission: Submission
    standard: str
    schema_uri: str
    document_sha256: str
    attachments: tuple[Attachment, ...] = field(default=(), repr=False)
    reference: str | None = field(default=None, repr=False)
    receipt: str | None = field(default=None, repr=False)
    supersedes: UUID | None = None
    superseded_by: UUID | None = None

    def as_json(self) -> dict[str, Any]:
        """The submission in the shape of the fixed HTTP interface (§3)."""
        submission = self.submission
        return {
            "id": str(submission.id),
            "state": submission.state.value,
            "service": submission.service,
            "municipality": submission.municipality,
            "reference": self.reference,
            "created_at": instant(submission.created_at),
            "updated_at": instant(submission.updated_at),
            "channel": submission.channel,
            "destination_id": submission.destination_id,
            "case_id": submission.case_id,
            "document": {"standard": self.standard, "schema_uri": self.schema_uri, "sha256": self.document_sha256},
            "attachments": [
                {"kind": a.kind, "filename": a.filename, "size": a.size, "sha256": a.sha256} for a in self.attachments
            ],
            "deadline": instant(submission.deadline) if submission.deadline else None,
            "reason": submission.reason.as_json() if submission.reason else None,
            "events": [event.as_json() for event in submission.events],
            "supersedes": str(self.supersedes) if self.supersedes else None,
            "superseded_by": str(self.superseded_by) if self.superseded_by else None,
            "test": submission.test,
        }


@dataclass(frozen=True, slots=True)
class StateChange:
    """One line of the change feed."""

    cursor: str
    submission_id: UUID
    state: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list asks for; unset means any."""

    states: tuple[str, ...] = ()
    service: str | None = None
    municipality: str | None = None
    reference: str | None = None
    created_after: datetime | None = None
    cursor: str | None = None
    limit: int = 50


class Store(Protocol):
    """Everything that the journey of a submission needs kept: durably by `store.postgres`, else by `store.memory`."""

    async def known(self, client: str, idempotency_key: str, digest: bytes) -> View | None:
        """What an earlier call with this key stored, as answered then (state `received`); None if the key is new.

        Raises `IdempotencyConflict` where the digest differs, `Erased` where it was erased since.
        """
        ...

    async def uploads(self, client: str, uploads: tuple[UUID, ...]) -> Mapping[UUID, Attachment]:
        """Size, digest, media type and blob of those of the client's uploads that exist (kind and name are blank)."""
        ...

    async def files_of(self, client: str, submission: UUID, uploads: tuple[UUID, ...]) -> Mapping[UUID, Attachment]:
        """The same of the files that a submission of the client's took over; `blob` is None where the bytes are gone.

        What the client has sent anew under the same id is left out.
        """
        ...

    async def create(self, new: NewSubmission) -> View:
        """Commit application, uploads, evidence and first job in one transaction.

        Raises `IdempotencyConflict`, `UploadUnknown`, `UploadTaken`, `Superseded`, `LoginUnusable`. The same key and
        digest again (also a racing call) returns what the first call stored, as `known` does.
        """
        ...

    async def view(self, submission_id: UUID, scope: Scope) -> View:
        """The submission for reading. Raises `NotFound`, also for what lies outside the scope."""
        ...

    async def list_views(self, criteria: Filter, scope: Scope) -> tuple[tuple[View, ...], str | None]:
        """A page, newest first, and the cursor of the next one."""
        ...

    async def changes(self, after: str | None, scope: Scope, limit: int) -> tuple[StateChange, ...]:
        """State changes after a cursor, in order, none skipped. Raises `InvalidParameter` for a foreign cursor."""
        ...

    async def receive_upload(self, incoming: IncomingUpload, body: AsyncIterator[bytes]) -> Upload:
        """Take a body of exactly the announced length, encrypted from the first byte.

        Raises `LengthMismatch`, `DigestMismatch`, `UploadConflict`; nothing is kept then.
        """
        ...

    async def load(self, submission_id: UUID) -> Submission:
        """The submission as committed. Raises `NotFound`."""
        ...

    async def commit(self, expected: int, change: Change) -> Submission:
        """Write `change` if the row still has version `expected`, else raise `VersionGone`.

        Returns the submission at version `expected` + 1.
        """
        ...

    async def stored(self, submission_id: UUID) -> Stored:
        """Record, document and attachments, decrypted. Raises `Erased`."""
        ...

    async def identity_of(self, submission_id: UUID) -> Identity | None:
        """Who logged in for a submission; None: nobody, or it was erased. Raises `NotFound`."""
        ...

    def read_blob(self, blob: UUID) -> AsyncIterator[bytes]:
        """The plain bytes of a finished blob, frame by frame (at most 1 MiB each)."""
        ...

    def write_blob(self, submission_id: UUID) -> AbstractAsyncContextManager[BlobWriter]:
        """A writer for a blob of that submission, under the submission's data key."""
        ...

    async def paused(self, destination_id: str) -> bool:
        """Whether an operator stopped deliveries to this destination, to all, or everything (maintenance)."""
        ...

    async def in_maintenance(self) -> bool:
        """Whether nothing new may be taken over."""
        ...
