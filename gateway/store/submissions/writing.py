"""Submissions written: taken in, loaded, committed.

Knows: the two writing statements and what a caller learns when they find nothing to do. Never does: decide a state.
Standard: architecture §3 (accepted means on disk; the state is the row; compare and swap). Start reading: `create`.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, bindparam, exists, select, update

from gateway.errors import LoginUnusable, NotFound, Superseded, UploadTaken, UploadUnknown, VersionGone
from gateway.evidence import chain
from gateway.evidence.chain import Link
from gateway.model import Attachment, Submission
from gateway.ports.blobs import SmallBlob
from gateway.ports.clock import Clock
from gateway.ports.store import Change, JournalEntry, NewSubmission, Passed
from gateway.store.connection import database as db
from gateway.store.connection.database import Connection, Database, compiled
from gateway.store.keys import encrypted_columns
from gateway.store.keys.keyring import DataKey, DataKeyring
from gateway.store.login.bounds import UNUSABLE
from gateway.store.proof import chains
from gateway.store.rows import identities
from gateway.store.rows import tables as t
from gateway.store.rows import values as rows
from gateway.store.submissions.statements import COLUMNS, CREATE, CREATE_AT_HAND, committing

REMEMBERED = 4096  # submissions whose last version this process keeps in mind

_LOAD = compiled(
    select(
        *(t.submissions.c[name] for name in COLUMNS), t.submissions.c.evidence_seq, t.submissions.c.evidence_head
    ).where(t.submissions.c.id == bindparam("id"))
)
_OF_UPLOADS = compiled(
    select(t.blobs.c.data_key, t.data_keys.c.wrapped, t.data_keys.c.municipality)
    .join(t.blobs, t.blobs.c.id == t.uploads.c.blob)
    .join(t.data_keys, t.data_keys.c.id == t.blobs.c.data_key)
    .where(
        t.uploads.c.client == bindparam("client"),
        t.uploads.c.upload == any_(bindparam("uploads", type_=ARRAY(Uuid))),
        t.uploads.c.expires_at > bindparam("now"),
    )
)
_SUPERSEDE = compiled(
    update(t.submissions)
    .values(superseded_by=bindparam("new"))
    .where(
        t.submissions.c.id == bindparam("old"),
        t.submissions.c.client == bindparam("whose"),
        t.submissions.c.superseded_by.is_(None),
    )
)
_CLAIM = compiled(
    update(t.blobs)
    .values(submission=bindparam("new"))
    .where(
        t.blobs.c.id == any_(bindparam("copies", type_=ARRAY(Uuid))),
        t.blobs.c.submission.is_(None),
        exists(
            select(t.submissions.c.id).where(
                t.submissions.c.id == bindparam("old", type_=Uuid), t.submissions.c.erased_at.is_(None)
            )
        ),
    )
)
_TAKE_LOGIN = compiled(
    update(t.logins)
    .values(submission=bindparam("new"))
    .where(
        t.logins.c.id == bindparam("login"),
        t.logins.c.submission.is_(None),
        t.logins.c.expires_at > bindparam("now"),
        t.logins.c.municipality == bindparam("municipality"),
        t.logins.c.owner == bindparam("owner"),
    )
)
_REWRAP = compiled(
    update(t.data_keys)
    .values(municipality=bindparam("new_municipality"), wrapped=bindparam("wrapped"))
    .where(t.data_keys.c.id == bindparam("data_key"))
)


@dataclass(frozen=True, slots=True)
class SeenRow:
    """What this process knows of a row at one version; whoever changes the row raises its version."""

    version: int
    state: str
    evidence_seq: int
    evidence_head: bytes


class Submissions:
    """Writes submissions with optimistic locking, which makes it safe to remember the version last seen."""

    def __init__(self, database: Database, keyring: DataKeyring, clock: Clock) -> None:
        self._database = database
        self._keyring = keyring
        self._clock = clock
        self._seen: OrderedDict[UUID, SeenRow] = OrderedDict()

    async def create(self, new: NewSubmission) -> bool:
        """Write everything in one transaction; False where the idempotency key stands already.

        Raises `UploadUnknown`, `UploadTaken`, `Superseded`, `LoginUnusable`; nothing is written then.
        """
        now = self._clock.now()
        key = await self._keyring.new(new.submission.municipality, now)
        links = chain.chained(new.evidence, seq=0, head=chain.start(new.submission.id), at=now)
        values = self._values(new, key, links, now)
        uploads = sorted({a.upload for a in new.attachments if a.upload is not None} - new.reused)
        copies = [a.blob for a in new.attachments if a.upload in new.reused]
        login = None if new.login is None else new.login.login
        alone = new.supersedes is None and login is None
        row = None
        if alone and not uploads:
            row = await self._database.one(CREATE, **values, uploads=uploads)
        elif alone:
            row = await self._database.one(CREATE_AT_HAND, **values, uploads=uploads, wanted=len(uploads))
        if row is None and (uploads or not alone):  # by several statements, which say what is missing
            async with self._database.transaction("submissions.create_with") as connection:
                row = await db.one(connection, CREATE, **values, uploads=uploads)
                if row is not None and uploads:
                    await self._settle_uploads(connection, new.submission, uploads, row["claimed"], now)
                if row is not None and new.supersedes is not None:
                    await self._supersede(connection, new.submission, new.supersedes)
                    await self._claim(connection, new.submission, new.supersedes, copies)
                if row is not None and login is not None:
                    await self._take_login(connection, new.submission, login, now)
        if row is None:
            return False
        self._remember(new.submission.id, new.submission.version, new.submission.state.value, links, None)
        return True

    async def load(self, submission_id: UUID) -> Submission:
        """The submission as committed. Raises `NotFound`."""
        row = await self._database.one(_LOAD, id=submission_id)
        if row is None:
            raise NotFound
        self._seen[submission_id] = SeenRow(row["version"], row["state"], row["evidence_seq"], row["evidence_head"])
        self._forget_oldest()
        return rows.submission_of(row)

    async def commit(self, expected: int, change: Change, frames: Sequence[bytes] = ()) -> Submission:
        """Compare and swap; all that goes with the change is written with it. Raises `VersionGone`.

        `frames` are the change's small blobs, encrypted, in their order.
        """
        now = self._clock.now()
        after = replace(change.submission, version=expected + 1)
        seen = await self._at_version(after.id, expected)
        links = chain.chained(change.evidence, seq=seen.evidence_seq, head=seen.evidence_head, at=now)
        last = links[-1] if links else None
        lines = told(seen.state, change, now)
        statement = committing(
            evidence=bool(links), blobs=bool(change.blobs), discard=bool(change.discard), changed=bool(lines)
        )
        row = await self._database.one(
            statement,
            **rows.columns_of(after),
            **_journal(change.journal),
            **chains.columns_of(links),
            **_blobs(change.blobs, frames),
            change_states=[line.state.value for line in lines],
            change_ats=[line.at for line in lines],
            evidence_seq=last.seq if last else seen.evidence_seq,
            evidence_head=last.hash if last else seen.evidence_head,
            expected=expected,
            discard=list(change.discard),
            wake=change.wake_at is not None,
            wake_at=change.wake_at,
            now=now,
        )
        if row is None:
            self._seen.pop(after.id, None)
            raise VersionGone
        self._remember(after.id, after.version, after.state.value, links, seen)
        return after

    async def _at_version(self, submission_id: UUID, version: int) -> SeenRow:
        seen = self._seen.get(submission_id)
        if seen is None or seen.version != version:
            await self.load(submission_id)
            seen = self._seen[submission_id]
        if seen.version != version:
            raise VersionGone
        return seen

    def _remember(
        self, submission_id: UUID, version: int, state: str, links: Sequence[Link], before: SeenRow | None
    ) -> None:
        seq, head = (before.evidence_seq, before.evidence_head) if before else (0, chain.start(submission_id))
        if links:
            seq, head = links[-1].seq, links[-1].hash
        self._seen[submission_id] = SeenRow(version, state, seq, head)
        self._forget_oldest()

    def _forget_oldest(self) -> None:
        while len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)

    def _values(self, new: NewSubmission, key: DataKey, links: Sequence[Link], now: datetime) -> dict[str, Any]:
        submission, document, ring = new.submission, new.document, self._keyring
        sealed = encrypted_columns.sealer(ring, key, submission.id)
        return {
            **rows.columns_of(submission),
            **chains.columns_of(links),
            **_attachments(new.attachments, sealed),
            "idempotency_key": ring.digest(b"idempotency", submission.client.encode(), new.idempotency_key.encode()),
            "digest": new.digest,
            "answer": rows.frozen(submission),
            "data_key": key.id,
            "wrapped": key.wrapped,
            "record": sealed(encrypted_columns.RECORD, new.record),
            "document": sealed(encrypted_columns.DOCUMENT, document.content),
            "namespace": document.namespace,
            "media_type": document.media_type,
            "identity": new.login and sealed(encrypted_columns.IDENTITY, identities.frozen(new.login.identity)),
            "standard": document.standard,
            "schema_uri": document.schema_uri,
            "document_sha256": document.sha256,
            "reference": None if new.reference is None else sealed(encrypted_columns.REFERENCE, new.reference.encode()),
            "reference_index": None if new.reference is None else encrypted_columns.index(ring, new.reference),
            "receipt": new.receipt,
            "supersedes": new.supersedes,
            "superseded_by": None,
            "evidence_seq": links[-1].seq if links else 0,
            "evidence_head": links[-1].hash if links else chain.start(submission.id),
            "now": now,
        }

    async def _supersede(self, connection: Connection, submission: Submission, old: UUID) -> None:
        """Link the corrected application to its correction. Raises `Superseded` where it has another one."""
        if not await db.run(connection, _SUPERSEDE, old=old, new=submission.id, whose=submission.client):
            raise Superseded

    async def _take_login(self, connection: Connection, submission: Submission, login: UUID, now: datetime) -> None:
        """The login is used up by this submission. Raises `LoginUnusable` where it is not to be had."""
        whose = {"municipality": submission.municipality, "owner": submission.client}
        if not await db.run(connection, _TAKE_LOGIN, login=login, new=submission.id, now=now, **whose):
            raise LoginUnusable(findings=(UNUSABLE,))

    async def _claim(
        self, connection: Connection, submission: Submission, old: UUID, copies: Sequence[UUID | None]
    ) -> None:
        """Take over the copies of the old one's files, which is locked by now and must not have been erased."""
        if not copies:
            return
        claimed = await db.run(connection, _CLAIM, copies=copies, new=submission.id, old=old)
        if claimed != len(copies):
            raise UploadUnknown

    async def _settle_uploads(
        self, connection: Connection, submission: Submission, uploads: Sequence[UUID], claimed: int, now: datetime
    ) -> None:
        """Say which upload could not be claimed, or give the keys of the claimed ones to the submission's town."""
        living = await db.rows(connection, _OF_UPLOADS, client=submission.client, uploads=uploads, now=now)
        if claimed != len(uploads):
            raise UploadTaken if len(living) == len(uploads) else UploadUnknown
        for row in living:
            town = row["municipality"]
            if town != submission.municipality:
                old = await self._keyring.unwrap(town, row["data_key"], row["wrapped"])
                new = await self._keyring.wrapped_for(submission.municipality, old.id, old.key, now)
                await db.run(
                    connection, _REWRAP, data_key=new.id, wrapped=new.wrapped, new_municipality=submission.municipality
                )


def _blobs(small_blobs: Sequence[SmallBlob], frames: Sequence[bytes]) -> Mapping[str, Any]:
    names = [blob.id for blob in small_blobs]
    sizes = [len(blob.content) for blob in small_blobs]
    return {"blob_ids": names, "blob_sizes": sizes, "frame_blobs": names, "frame_datas": list(frames)}


def told(state: str, change: Change, now: datetime) -> Sequence[Passed]:
    """The states that the change feed tells of: each that differs from the one before it, the first from `state`."""
    lines = []
    for passed in (*change.passed, Passed(change.submission.state, now)):
        if passed.state.value != state:
            lines.append(passed)
            state = passed.state.value
    return lines


def _journal(entries: Sequence[JournalEntry]) -> Mapping[str, Any]:
    return {
        "journal_steps": [entry.step for entry in entries],
        "journal_kinds": [entry.kind for entry in entries],
        "journal_details": [json.dumps(dict(entry.detail)) for entry in entries],
    }


def _attachments(attachments: Sequence[Attachment], sealed: Callable[[bytes, bytes], bytes]) -> Mapping[str, Any]:
    return {
        "attachment_nos": list(range(len(attachments))),
        "attachment_kinds": [a.kind for a in attachments],
        "attachment_filenames": [
            sealed(encrypted_columns.filename(no), a.filename.encode()) for no, a in enumerate(attachments)
        ],
        "attachment_media_types": [a.media_type for a in attachments],
        "attachment_sizes": [a.size for a in attachments],
        "attachment_sha256s": [a.sha256 for a in attachments],
        "attachment_purposes": [a.purpose.value for a in attachments],
        "attachment_uploads": [a.upload for a in attachments],
        "attachment_blobs": [a.blob for a in attachments],
    }
