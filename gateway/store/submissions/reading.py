"""Submissions read: one, a page, what an earlier call stored, and what the worker needs decrypted.

Knows: scope, cursors of lists, decryption for one answer. Never does: write.
Standard: fixed interfaces §3. Start reading: `Views.view`.
"""

from __future__ import annotations

import base64
import binascii
import functools
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, FromClause, Integer, Select, Text, bindparam, func, select, true, tuple_
from sqlalchemy.dialects.postgresql import aggregate_order_by

from gateway.errors import Erased, IdempotencyConflict, InvalidParameter, NotFound
from gateway.model import Attachment, Document, Finding, Identity, Purpose, Scope
from gateway.ports.store import Filter, Stored, View
from gateway.store.connection.database import Database, Statement, compiled
from gateway.store.keys import encrypted_columns
from gateway.store.keys.keyring import DataKey, DataKeyring
from gateway.store.rows import identities, scope
from gateway.store.rows import tables as t
from gateway.store.rows import values as rows
from gateway.store.submissions.statements import COLUMNS

_S, _A = t.submissions.c, t.attachments.c
_ATTACHMENTS = (
    select(
        func.jsonb_agg(
            aggregate_order_by(
                func.jsonb_build_object(
                    *("kind", _A.kind, "media_type", _A.media_type, "size", _A.size, "sha256", _A.sha256),
                    *("purpose", _A.purpose, "upload", _A.upload, "blob", _A.blob),
                    *("filename", func.encode(_A.filename, "base64")),
                ),
                _A.no,
            )
        )
    )
    .where(_A.submission == _S.id)
    .scalar_subquery()
    .label("attachments")
)
_READ = select(
    *(_S[name] for name in COLUMNS),
    *(_S.standard, _S.schema_uri, _S.document_sha256, _S.reference, _S.receipt, _S.supersedes, _S.superseded_by),
    *(_S.data_key, t.data_keys.c.wrapped),
    _ATTACHMENTS,
).join_from(t.submissions, t.data_keys, t.data_keys.c.id == _S.data_key, isouter=True)

_LIMIT = bindparam("limit", type_=Integer)

_KNOWN = compiled(
    _READ.add_columns(t.idempotency.c.digest, t.idempotency.c.answer)
    .join(t.idempotency, t.idempotency.c.submission == _S.id)
    .where(t.idempotency.c.client == bindparam("client"), t.idempotency.c.key == bindparam("key"))
)
_KEY = compiled(
    select(t.idempotency.c.digest).where(
        t.idempotency.c.client == bindparam("client"), t.idempotency.c.key == bindparam("key")
    )
)
_STORED = compiled(
    _READ.add_columns(
        *(t.submission_secrets.c[name] for name in ("record", "document", "namespace", "identity")),
        t.submission_secrets.c.media_type.label("document_media_type"),
    )
    .join(t.submission_secrets, t.submission_secrets.c.submission == _S.id, isouter=True)
    .where(_S.id == bindparam("id"))
)
_IDENTITY = compiled(
    select(_S.id, _S.data_key, t.data_keys.c.municipality, t.data_keys.c.wrapped, t.submission_secrets.c.identity)
    .join_from(t.submissions, t.data_keys, t.data_keys.c.id == _S.data_key, isouter=True)
    .join(t.submission_secrets, t.submission_secrets.c.submission == _S.id, isouter=True)
    .where(_S.id == bindparam("id"))
)


class Views:
    """Reads submissions for portals, operators and the worker."""

    def __init__(self, database: Database, keyring: DataKeyring) -> None:
        self._database = database
        self._keyring = keyring

    async def view(self, submission_id: UUID, who: Scope) -> View:
        """One submission. Raises `NotFound`, also for what lies outside the scope."""
        row = await self._database.one(_one(scope.shape(who)), id=submission_id, **scope.values(who))
        if row is None:
            raise NotFound
        return await self._view(row)

    async def known(self, client: str, idempotency_key: str, digest: bytes) -> View | None:
        """What an earlier call stored, as answered then. Raises `IdempotencyConflict`, `Erased`."""
        key = self._keyring.digest(b"idempotency", client.encode(), idempotency_key.encode())
        key_row = await self._database.one(_KEY, client=client, key=key)
        if key_row is None:
            return None
        if key_row["digest"] != digest:
            raise IdempotencyConflict
        row = await self._database.one(_KNOWN, client=client, key=key)
        if row is None or row["wrapped"] is None:
            raise Erased
        return replace(await self._view(row), submission=rows.thawed(row["answer"]), superseded_by=None)

    async def list_views(self, criteria: Filter, who: Scope) -> tuple[tuple[View, ...], str | None]:
        """A page, newest first, and the cursor of the next one; None at the end."""
        values: dict[str, Any] = {
            "states": list(criteria.states),
            "service": criteria.service,
            "municipality": criteria.municipality,
            "created_after": criteria.created_after,
            "limit": criteria.limit + 1,
        }
        if criteria.reference is not None:
            values["reference"] = encrypted_columns.index(self._keyring, criteria.reference)
        if criteria.cursor is not None:
            values["cursor_at"], values["cursor_id"] = position(criteria.cursor)
        filters = frozenset(name for name, value in values.items() if value not in (None, []))
        fetched = await self._database.rows(
            _page(scope.shape(who), filters), **{name: values[name] for name in filters}, **scope.values(who)
        )
        page = fetched[: criteria.limit]
        views = tuple([await self._view(row) for row in page])
        return views, cursor(page[-1]["created_at"], page[-1]["id"]) if len(fetched) > criteria.limit and page else None

    async def stored(self, submission_id: UUID) -> tuple[Stored, DataKey]:
        """Record, document and attachments, decrypted, and the key of it all. Raises `NotFound`, `Erased`."""
        row = await self._database.one(_STORED, id=submission_id)
        if row is None:
            raise NotFound
        if row["wrapped"] is None or row["record"] is None:
            raise Erased
        key = await self._key(row)
        opened = encrypted_columns.opener(key, submission_id)
        document = Document(
            content=opened(encrypted_columns.DOCUMENT, row["document"]),
            standard=row["standard"],
            schema_uri=row["schema_uri"],
            namespace=row["namespace"],
            media_type=row["document_media_type"],
            sha256=row["document_sha256"],
        )
        stored = Stored(
            record=opened(encrypted_columns.RECORD, row["record"]),
            document=document,
            attachments=_attachments(row, key),
            received_at=row["created_at"],
            reference=_reference(row, key),
            identity=_identity(row, key),
        )
        return stored, key

    async def identity_of(self, submission_id: UUID) -> Identity | None:
        """Who logged in for a submission; None: nobody, or it was erased. Raises `NotFound`."""
        row = await self._database.one(_IDENTITY, id=submission_id)
        if row is None:
            raise NotFound
        return None if row["wrapped"] is None else _identity(row, await self._key(row))

    async def _view(self, row: Mapping[str, Any]) -> View:
        key = await self._key(row) if row["wrapped"] is not None else None
        return View(
            submission=rows.submission_of(row),
            standard=row["standard"],
            schema_uri=row["schema_uri"],
            document_sha256=row["document_sha256"],
            attachments=_attachments(row, key),
            reference=None if key is None else _reference(row, key),
            receipt=row["receipt"],
            supersedes=row["supersedes"],
            superseded_by=row["superseded_by"],
        )

    async def _key(self, row: Mapping[str, Any]) -> DataKey:
        return await self._keyring.unwrap(row["municipality"], row["data_key"], row["wrapped"])


def _reference(row: Mapping[str, Any], key: DataKey) -> str | None:
    if row["reference"] is None:
        return None
    return encrypted_columns.opener(key, row["id"])(encrypted_columns.REFERENCE, row["reference"]).decode()


def _identity(row: Mapping[str, Any], key: DataKey) -> Identity | None:
    if row["identity"] is None:
        return None
    return identities.thawed(encrypted_columns.opener(key, row["id"])(encrypted_columns.IDENTITY, row["identity"]))


def _attachments(row: Mapping[str, Any], key: DataKey | None) -> tuple[Attachment, ...]:
    """The attachments; without the key (erased) their names are empty."""
    attachments = []
    for no, item in enumerate(row["attachments"] or ()):
        name = ""
        if key is not None:
            name = encrypted_columns.opener(key, row["id"])(
                encrypted_columns.filename(no), base64.b64decode(item["filename"])
            ).decode()
        attachments.append(
            Attachment(
                kind=item["kind"],
                filename=name,
                media_type=item["media_type"],
                size=item["size"],
                sha256=item["sha256"],
                purpose=Purpose(item["purpose"]),
                upload=UUID(item["upload"]) if item["upload"] else None,
                blob=UUID(item["blob"]) if item["blob"] else None,
            )
        )
    return tuple(attachments)


@functools.cache
def _one(of: scope.Shape) -> Statement:
    return compiled(scope.narrowed(_READ, t.submissions, of).where(_S.id == bindparam("id")))


@functools.cache
def _page(of: scope.Shape, filters: frozenset[str]) -> Statement:
    query = _rarest(of, filters) if "states" in filters else _filtered(_READ, t.submissions, of, filters)
    return compiled(query.order_by(_S.created_at.desc(), _S.id.desc()).limit(_LIMIT))


def _rarest(of: scope.Shape, filters: frozenset[str]) -> Select[Any]:
    """The newest of each state, read in order from the index: a merge of at most a page from each."""
    states = func.unnest(bindparam("states", type_=ARRAY(Text))).table_valued("state", name="wanted").render_derived()
    candidate = t.submissions.alias("one")
    newest = _filtered(select(candidate.c.id), candidate, of, filters).where(candidate.c.state == states.c.state)
    newest_of_state = (
        newest.order_by(candidate.c.created_at.desc(), candidate.c.id.desc()).limit(_LIMIT).lateral("each")
    )
    return _READ.where(_S.id.in_(select(newest_of_state.c.id).select_from(states.join(newest_of_state, true()))))


def _filtered(query: Select[Any], table: FromClause, of: scope.Shape, filters: frozenset[str]) -> Select[Any]:
    """Narrowed by the scope and by all filters but the states."""
    columns = table.c
    behind = tuple_(bindparam("cursor_at", type_=_S.created_at.type), bindparam("cursor_id", type_=_S.id.type))
    conditions: dict[str, ColumnElement[bool]] = {
        "service": columns.service == bindparam("service"),
        "municipality": columns.municipality == bindparam("municipality"),
        "created_after": columns.created_at > bindparam("created_after"),
        "reference": columns.reference_index == bindparam("reference"),
        "cursor_at": tuple_(columns.created_at, columns.id) < behind,
    }
    chosen = (condition for name, condition in conditions.items() if name in filters)
    return scope.narrowed(query, table, of).where(*chosen)


def cursor(created_at: datetime, submission_id: UUID) -> str:
    """The cursor behind a submission in a list."""
    text = f"{created_at.isoformat()} {submission_id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def position(cursor_text: str) -> tuple[datetime, UUID]:
    """Instant and id of the submission that a cursor stands behind. Raises `InvalidParameter` for a foreign one."""
    try:
        text = base64.urlsafe_b64decode(cursor_text + "=" * (-len(cursor_text) % 4)).decode()
        at, _, identity = text.partition(" ")
        return datetime.fromisoformat(at).astimezone(UTC), UUID(identity)
    except (ValueError, binascii.Error):
        raise foreign_cursor("#query/cursor") from None


def foreign_cursor(pointer: str) -> InvalidParameter:
    """The error for a cursor that we did not give out."""
    return InvalidParameter(
        findings=(
            Finding(
                pointer=pointer,
                rule="cursor",
                de="Dieser Cursor stammt nicht von hier. Bitte den zuletzt erhaltenen unverändert senden.",
                en="This cursor was not given out here. Send the last one received, unchanged.",
            ),
        )
    )
