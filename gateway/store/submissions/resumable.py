"""Uploads in pieces: each piece a blob of its own until the last one has come, then one upload like any other.

Knows: how far an upload has come, on disk; what its client said of it, encrypted under a data key of its own.
Never does: HTTP; show one client another's. Standard: tus 1.0.
Start reading: `Pieces.append`.

A piece counts once its blob is whole and the offset has moved with it in one statement, so that a killed process loses
no more than the piece on its way.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final
from uuid import UUID

from gateway.crypto import vault
from gateway.errors import LengthMismatch, NotFound, OffsetConflict
from gateway.ports.blobs import IncomingUpload, Resumable
from gateway.ports.clock import Clock
from gateway.store.connection.database import Database, numbered
from gateway.store.keys.keyring import DataKeyring
from gateway.store.submissions import blobs
from gateway.store.submissions.uploads import KEPT, Uploads

PIECE: Final = 8 << 20
"""Bytes after which what has arrived is made to count, in a request without checksum."""

_BEGIN = numbered(
    """
WITH key AS (
    INSERT INTO data_keys (id, municipality, wrapped)
    SELECT %(data_key)s::uuid, %(municipality)s::text, %(wrapped)s::bytea WHERE %(wrapped)s::bytea IS NOT NULL
    RETURNING id
)
INSERT INTO tus_uploads
    (client, upload, municipality, media_type, length, arrived, done, expires_at, metadata, data_key)
VALUES (%(client)s, %(upload)s, %(municipality)s::text, %(media_type)s, %(length)s, 0, false, %(expires_at)s,
    %(metadata)s::bytea, (SELECT id FROM key))
""",
    commits="tus.begin",
)
_FIND = numbered(
    """
SELECT tus.municipality, media_type, length, arrived, done, expires_at, metadata, data_key, wrapped
FROM tus_uploads AS tus LEFT JOIN data_keys ON data_keys.id = data_key
WHERE client = %(client)s AND upload = %(upload)s AND expires_at > %(now)s
"""
)
_ADD = numbered(
    """
WITH moved AS (
    UPDATE tus_uploads SET arrived = arrived + %(size)s
    WHERE client = %(client)s AND upload = %(upload)s AND arrived = %(offset)s AND arrived + %(size)s <= length
    RETURNING client, upload, municipality
)
INSERT INTO tus_pieces (client, upload, municipality, start, blob)
SELECT client, upload, municipality, %(offset)s, %(blob)s FROM moved
""",
    commits="tus.add",
)
_PIECES = numbered("SELECT blob FROM tus_pieces WHERE client = %(client)s AND upload = %(upload)s ORDER BY start")
_DONE = numbered(
    """
WITH done AS (UPDATE tus_uploads SET done = true WHERE client = %(client)s AND upload = %(upload)s),
    gone AS (DELETE FROM tus_pieces WHERE client = %(client)s AND upload = %(upload)s RETURNING blob),
    dropped AS (DELETE FROM blobs USING gone WHERE blobs.id = gone.blob RETURNING blobs.data_key)
DELETE FROM data_keys USING dropped WHERE data_keys.id = dropped.data_key
""",
    commits="tus.done",
)
_END = numbered(
    """
WITH ended AS (DELETE FROM tus_uploads WHERE client = %(client)s AND upload = %(upload)s RETURNING data_key),
    unused AS (
        DELETE FROM uploads WHERE client = %(client)s AND upload = %(upload)s AND submission IS NULL RETURNING blob
    ),
    gone AS (DELETE FROM tus_pieces WHERE client = %(client)s AND upload = %(upload)s RETURNING blob),
    dropped AS (
        DELETE FROM blobs WHERE id IN (SELECT blob FROM unused UNION ALL SELECT blob FROM gone) RETURNING data_key
    )
DELETE FROM data_keys WHERE id IN (SELECT data_key FROM dropped UNION ALL SELECT data_key FROM ended)
""",
    commits="tus.end",
)


class Pieces:
    """Keeps the port `ports.blobs.ResumableUploads`."""

    def __init__(
        self, database: Database, keyring: DataKeyring, clock: Clock, new_id: Callable[[], UUID], uploads: Uploads
    ) -> None:
        self._database, self._keyring, self._clock = database, keyring, clock
        self._new_id, self._uploads = new_id, uploads

    async def begin(
        self, client: str, municipality: str, media_type: str, length: int, metadata: str = ""
    ) -> Resumable:
        """See the port."""
        name, now = self._new_id(), self._clock.now()
        expires = now + KEPT
        key = await self._keyring.new(municipality, now) if metadata else None
        await self._database.run(
            _BEGIN,
            client=client,
            upload=name,
            municipality=municipality,
            media_type=media_type,
            length=length,
            expires_at=expires,
            metadata=self._keyring.seal(key, _place(name), metadata.encode()) if key else None,
            data_key=key.id if key else None,
            wrapped=key.wrapped if key else None,
        )
        return await self._completed(
            client, Resumable(name, length, 0, expires, media_type), await self._row(client, name)
        )

    async def find(self, client: str, upload: UUID) -> Resumable:
        """See the port. What an interruption left undone after the last piece is done now."""
        row = await self._row(client, upload)
        upload_state = Resumable(
            upload, row["length"], row["arrived"], row["expires_at"], row["media_type"], await self._said(upload, row)
        )
        return await self._completed(client, upload_state, row)

    async def _said(self, upload: UUID, row: Mapping[str, Any]) -> str:
        if row["metadata"] is None or row["wrapped"] is None:
            return ""
        key = await self._keyring.unwrap(row["municipality"], row["data_key"], row["wrapped"])
        return vault.open_value(key.key, context=_place(upload), sealed=row["metadata"]).decode()

    async def append(
        self, client: str, upload: UUID, offset: int, body: AsyncIterator[bytes], *, whole: bool
    ) -> Resumable:
        """See the port. An error of `body` is raised once what came before it counts (with `whole`: nothing does)."""
        row = await self._row(client, upload)
        if row["arrived"] != offset:
            raise OffsetConflict(offset=row["arrived"])
        writer = await self._writer(row)
        try:
            async for chunk in within(body, offset, row["length"]):
                await writer.write(chunk)
                if not whole and writer.size >= PIECE:
                    offset = await self._count(client, upload, offset, writer)
                    writer = await self._writer(row)
        except BaseException:
            if whole or not writer.size:
                await writer.abandon()
            else:
                await self._count(client, upload, offset, writer)
            raise
        if writer.size:
            await self._count(client, upload, offset, writer)
        return await self.find(client, upload)

    async def end(self, client: str, upload: UUID) -> None:
        """See the port. An upload that a submission uses stays with it."""
        await self._row(client, upload)
        await self._database.run(_END, client=client, upload=upload)

    async def _writer(self, row: Mapping[str, Any]) -> blobs.Writer:
        key = await self._keyring.new(row["municipality"], self._clock.now())
        return blobs.Writer(self._database, self._clock, key, self._new_id(), new_key=True)

    async def _count(self, client: str, upload: UUID, offset: int, writer: blobs.Writer) -> int:
        """Make a piece count; the offset behind it. Raises `OffsetConflict` where another request was quicker."""
        try:
            await writer.finish()
        except BaseException:
            await writer.abandon()
            raise
        values = {"client": client, "upload": upload, "offset": offset, "size": writer.size, "blob": writer.blob}
        if not await self._database.run(_ADD, **values):
            await writer.abandon()
            raise OffsetConflict(offset=(await self._row(client, upload))["arrived"])
        return offset + writer.size

    async def _completed(self, client: str, progress: Resumable, row: Mapping[str, Any]) -> Resumable:
        """Once all has arrived: one upload of all pieces, as if it had been sent at once."""
        if progress.offset == progress.length and not row["done"]:
            incoming = IncomingUpload(
                client, row["municipality"], progress.upload, row["media_type"], progress.length, sha256=None
            )
            try:
                await self._uploads.receive(incoming, self._pieces(client, progress.upload))
            except (LengthMismatch, NotFound):  # the pieces are gone: somebody else completed it meanwhile
                if not (await self._row(client, progress.upload))["done"]:
                    raise
            await self._database.run(_DONE, client=client, upload=progress.upload)
        return progress

    async def _pieces(self, client: str, upload: UUID) -> AsyncIterator[bytes]:
        for row in await self._database.rows(_PIECES, client=client, upload=upload):
            async for frame in blobs.read(self._database, self._keyring, row["blob"]):
                yield frame

    async def _row(self, client: str, upload: UUID) -> Mapping[str, Any]:
        row = await self._database.one(_FIND, client=client, upload=upload, now=self._clock.now())
        if row is None:
            raise NotFound
        return row


def _place(upload: UUID) -> bytes:
    """What the encrypted metadata of an upload are bound to."""
    return b"tus-metadata/" + upload.bytes


async def within(body: AsyncIterator[bytes], offset: int, length: int) -> AsyncIterator[bytes]:
    """The body as long as it stays within the upload. Raises `OffsetConflict`."""
    async for chunk in body:
        offset += len(chunk)
        if offset > length:
            raise OffsetConflict(offset=offset - len(chunk))
        yield chunk
