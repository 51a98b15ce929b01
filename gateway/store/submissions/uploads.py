"""Uploads: files that a portal sends before the application that uses them.

Knows: to whom an upload belongs, and what a repeated one means. Never does: show one client another's.
Standard: fixed interfaces §3 (attachments first), RFC 9530. Start reading: `Uploads.receive`.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    ColumnElement,
    LargeBinary,
    Uuid,
    any_,
    bindparam,
    cast,
    delete,
    insert,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from gateway.errors import DigestMismatch, LengthMismatch, UploadConflict
from gateway.model import Attachment
from gateway.ports.blobs import IncomingUpload, Upload
from gateway.ports.clock import Clock
from gateway.store.connection.database import Database, Statement, compiled
from gateway.store.keys.keyring import DataKey, DataKeyring
from gateway.store.rows import tables as t
from gateway.store.submissions.blobs import FRAME, Writer

KEPT = timedelta(hours=24)

_U = t.uploads.c
_LIVE = or_(_U.submission.is_not(None), _U.expires_at > bindparam("now"))
_MEANT = (_U.client == bindparam("client"), _U.upload == any_(bindparam("uploads", type_=ARRAY(Uuid))))
_LIVING = select(_U.upload, _U.blob, _U.size, _U.sha256, _U.media_type, _U.expires_at).where(*_MEANT, _LIVE)
_RUN_OUT = delete(t.uploads).where(*_MEANT, _U.submission.is_(None), _U.expires_at <= bindparam("now"))
_FIND = compiled(_LIVING)
_FIND_OR_CLEAR = compiled(_LIVING.add_cte(_RUN_OUT.cte("cleared")), commits="uploads.clear_expired")


def _add(*, whole: bool) -> Statement:
    """Make an upload known, unless its id stands already; small ones come with key, blob and frame at once."""
    names = [column.name for column in _U if column.name != "submission"]
    fresh = (
        upsert(t.uploads)
        .values({name: bindparam(name, type_=_U[name].type) for name in names})
        .on_conflict_do_nothing()
        .returning(_U.blob, _U.municipality, _U.size)
        .cte("fresh")
    )
    final = select(fresh.c.blob)
    if not whole:
        return compiled(final, commits="uploads.add")

    def parameter(column: Column[Any]) -> ColumnElement[Any]:
        return cast(bindparam(column.name, type_=column.type), column.type)

    b, key = t.blobs.c, bindparam("data_key", type_=Uuid)
    rows = [
        insert(t.data_keys).from_select(
            ["id", "municipality", "wrapped"], select(key, fresh.c.municipality, parameter(t.data_keys.c.wrapped))
        ),
        insert(t.blobs).from_select(
            ["id", "municipality", "data_key", "size", "frames", "finished", "touched_at"],
            select(
                *(fresh.c.blob, fresh.c.municipality, key, fresh.c.size, cast(1, b.frames.type)),
                *(cast(True, Boolean), bindparam("created_at", type_=b.touched_at.type)),
            ),
        ),
        insert(t.blob_frames).from_select(
            ["blob", "no", "data"],
            select(fresh.c.blob, cast(0, b.frames.type), cast(bindparam("data", type_=LargeBinary), LargeBinary)),
        ),
    ]
    return compiled(final.add_cte(*(row.cte(f"row_{no}") for no, row in enumerate(rows))), commits="uploads.add_whole")


_ADD_WHOLE, _ADD = _add(whole=True), _add(whole=False)


class Uploads:
    """Takes and finds uploads."""

    def __init__(self, database: Database, keyring: DataKeyring, clock: Clock, new_id: Callable[[], UUID]) -> None:
        self._database, self._keyring, self._clock, self._new_id = database, keyring, clock, new_id

    async def find(self, client: str, uploads: tuple[UUID, ...]) -> Mapping[UUID, Attachment]:
        """Those of the client's uploads that exist, used ones included; kind and name are blank."""
        rows = await self._database.rows(_FIND, client=client, uploads=list(uploads), now=self._clock.now())
        return {row["upload"]: _as_before(row).attachment(row["blob"]) for row in rows}

    async def receive(self, incoming: IncomingUpload, body: AsyncIterator[bytes]) -> Upload:
        """Take a body of exactly the announced length; a repeat of the same bytes is answered as the first was.

        Raises `LengthMismatch`, `DigestMismatch`, `UploadConflict`; nothing is kept then.
        """
        if incoming.length > FRAME:  # a small one is compared once it is read: most are new
            standing = await self._standing(incoming)
            if standing is not None:
                return await self._repeated(incoming, body, standing)
        now = self._clock.now()
        key = await self._keyring.new(incoming.municipality, now)
        writer = Writer(self._database, self._clock, key, self._new_id(), new_key=True, hashing=True)
        try:
            async for chunk in measured(body, incoming.length):
                await writer.write(chunk)
            return await self._finish(incoming, writer, key)
        except BaseException:
            await writer.abandon()
            raise

    async def _finish(self, incoming: IncomingUpload, writer: Writer, key: DataKey) -> Upload:
        small: dict[str, Any] = {}
        if writer.begun:
            await writer.finish()
        else:
            small = {"data": await writer.seal_rest(), "data_key": key.id, "wrapped": key.wrapped}
        if incoming.sha256 is not None and incoming.sha256 != writer.sha256:
            raise DigestMismatch
        now = self._clock.now()
        upload = Upload(
            upload=incoming.upload,
            size=writer.size,
            sha256=writer.sha256,
            media_type=incoming.media_type,
            expires_at=now + KEPT,
            created=True,
        )
        values = {
            "client": incoming.client,
            "upload": upload.upload,
            "municipality": incoming.municipality,
            "blob": writer.blob,
            "size": upload.size,
            "sha256": upload.sha256,
            "media_type": upload.media_type,
            "created_at": now,
            "expires_at": upload.expires_at,
        }
        if await self._added(small, values):
            return upload
        standing = await self._standing(incoming)
        if standing is None and await self._added(small, values):
            return upload  # in the place of one that had run out
        await writer.abandon()
        if standing is None or standing["sha256"] != upload.sha256 or standing["size"] != upload.size:
            raise UploadConflict
        return _as_before(standing)

    async def _added(self, small: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
        return await self._database.one(_ADD_WHOLE if small else _ADD, **values, **small) is not None

    async def _standing(self, incoming: IncomingUpload) -> Mapping[str, Any] | None:
        """The row of an earlier upload under this id; one that ran out is cleared away."""
        now: datetime = self._clock.now()
        return await self._database.one(_FIND_OR_CLEAR, client=incoming.client, uploads=[incoming.upload], now=now)

    async def _repeated(
        self, incoming: IncomingUpload, body: AsyncIterator[bytes], standing: Mapping[str, Any]
    ) -> Upload:
        """Compare a repeat with what stands, keeping nothing of it."""
        digest = hashlib.sha256()
        async for chunk in measured(body, incoming.length):
            digest.update(chunk)
        if incoming.sha256 is not None and incoming.sha256 != digest.hexdigest():
            raise DigestMismatch
        if incoming.length != standing["size"] or digest.hexdigest() != standing["sha256"]:
            raise UploadConflict
        return _as_before(standing)


async def measured(body: AsyncIterator[bytes], length: int) -> AsyncIterator[bytes]:
    """The body as long as it keeps to its announced length, in bytes. Raises `LengthMismatch`."""
    size = 0
    async for chunk in body:
        size += len(chunk)
        if size > length:
            raise LengthMismatch
        yield chunk
    if size != length:
        raise LengthMismatch


def _as_before(row: Mapping[str, Any]) -> Upload:
    columns = ("upload", "size", "sha256", "media_type", "expires_at")
    return Upload(**{name: row[name] for name in columns}, created=False)
