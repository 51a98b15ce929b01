"""Blobs: rows of encrypted frames, written and read with constant memory.

Knows: frames of 1 MiB, their order, number and end. Never does: know whose bytes they are (`uploads`, `postgres` do).
Standard: architecture §1 (blobs) and §5. Start reading: `Writer`, then `read`.

No transaction is open while bytes are awaited. Frames are committed one by one without waiting for the disk; the last
commit waits for it, and with it for all frames before, since the write-ahead log is flushed in order.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import suppress
from uuid import UUID

from sqlalchemy import DateTime, Integer, LargeBinary, bindparam, cast, delete, func, insert, select, update
from sqlalchemy import Uuid as UuidType

from gateway.crypto import vault
from gateway.errors import CryptoFailure, DatabaseAway, Erased, InternalError, NotFound
from gateway.ports.clock import Clock
from gateway.store.connection import database as db
from gateway.store.connection.database import Database, Statement, compiled
from gateway.store.keys.keyring import DataKey, DataKeyring
from gateway.store.rows import tables as t

FRAME = 1 << 20
INLINE = 64 << 10  # bytes up to which a frame is sealed or opened without a thread

_B, _F = t.blobs.c, t.blob_frames.c
_NO, _DATA = bindparam("no", type_=Integer), cast(bindparam("data", type_=LargeBinary), LargeBinary)
_COLUMNS = ("municipality", "data_key", "submission", "size", "frames", "finished", "touched_at")


def _first_frame() -> Statement:
    values = {name: bindparam(name, type_=_B[name].type) for name in _COLUMNS}
    blob = insert(t.blobs).values(id=bindparam("blob"), **values).returning(_B.id).cte("made")
    written = insert(t.blob_frames).from_select(["blob", "no", "data"], select(blob.c.id, _NO, _DATA))
    return compiled(written, commits="blobs.first")


def _later_frame(*, last: bool) -> Statement:
    final = {"finished": True, "size": bindparam("size"), "frames": bindparam("frames")} if last else {}
    touched = (
        update(t.blobs)
        .values(touched_at=bindparam("touched_at", type_=DateTime(timezone=True)), **final)
        .where(_B.id == bindparam("blob"), _B.finished.is_(False))
        .returning(_B.id)
        .cte("touched")
    )
    frame = select(touched.c.id, _NO, _DATA)
    if not last:
        frame = frame.where(func.set_config("synchronous_commit", "off", True) == "off")
    written = insert(t.blob_frames).from_select(["blob", "no", "data"], frame)
    return compiled(written, commits="blobs.last" if last else "blobs.next")


_FIRST, _NEXT, _LAST = _first_frame(), _later_frame(last=False), _later_frame(last=True)
_ADD_KEY = compiled(
    insert(t.data_keys).values(id=bindparam("id"), municipality=bindparam("municipality"), wrapped=bindparam("wrapped"))
)
_GONE = delete(t.blobs).where(_B.id == bindparam("blob", type_=UuidType))
_DROP = compiled(_GONE, commits="blobs.drop")
_UNCLAIMED = _GONE.where(_B.submission.is_(None)).returning(_B.data_key).cte("gone")
_DROP_WITH_KEY = compiled(
    delete(t.data_keys).where(t.data_keys.c.id.in_(select(_UNCLAIMED.c.data_key))), commits="blobs.drop_with_key"
)
_STANDS = compiled(select(_B.id).where(_B.id == bindparam("blob", type_=UuidType)))
_BLOB = compiled(
    select(_B.size, _B.frames, _B.finished, _B.data_key, t.data_keys.c.wrapped, t.data_keys.c.municipality, _F.data)
    .join_from(t.blobs, t.data_keys, t.data_keys.c.id == _B.data_key, isouter=True)
    .join(t.blob_frames, (_F.blob == _B.id) & (_F.no == 0), isouter=True)
    .where(_B.id == bindparam("blob"))
)
_FRAME = compiled(select(_F.data).where(_F.blob == bindparam("blob"), _F.no == bindparam("no")))


class Recent:
    """A bounded write-through cache: small blobs that this process just wrote, until they are first read.

    What is sealed is mostly sent at once by the same worker, which this spares a read. After a crash, or once a blob
    was dropped here, its bytes come from the database.
    """

    def __init__(self, most: int = 8 << 20) -> None:
        self._held: OrderedDict[UUID, bytes] = OrderedDict()
        self._left = most

    def keep(self, blob: UUID, data: bytes) -> None:
        """Hold the bytes; the oldest blobs are dropped for them."""
        self._held[blob] = data
        self._left -= len(data)
        while self._left < 0:
            self._left += len(self._held.popitem(last=False)[1])

    def take(self, blob: UUID) -> bytes | None:
        """The bytes, if they are held; they are not held any more then."""
        data = self._held.pop(blob, None)
        self._left += len(data or b"")
        return data


class Writer:
    """Takes the bytes of one blob in order. Two frames are in memory: one filling, one on its way.

    `new_key` says that the data key is the blob's own and goes with it. With `hashing`, `sha256` tells the digest.
    """

    def __init__(  # noqa: PLR0913 - a resource with all that it stands on
        self,
        database: Database,
        clock: Clock,
        key: DataKey,
        blob: UUID,
        *,
        submission: UUID | None = None,
        new_key: bool = False,
        hashing: bool = False,
    ) -> None:
        self._database, self._clock = database, clock
        self._data_key, self._frame_key = key, vault.blob_key(key.key, blob)
        self._submission, self._new_key = submission, new_key
        self._hash = hashlib.sha256() if hashing else None
        self._buffer = bytearray()
        self._flight: asyncio.Task[None] | None = None
        self._no = 0
        self.blob = blob
        self.size = 0
        self.finished = False

    @property
    def sha256(self) -> str:
        """Lower-case hex over the plain bytes of the frames sealed so far."""
        return self._hash.hexdigest() if self._hash else ""

    @property
    def begun(self) -> bool:
        """Whether a frame stands in the database already."""
        return self._no > 0

    async def write(self, data: bytes) -> None:
        """Append bytes of any length."""
        view = memoryview(data)
        self.size += len(view)
        while view:
            if len(self._buffer) == FRAME:
                await self._send(last=False)
            room = FRAME - len(self._buffer)
            self._buffer += view[:room]
            view = view[room:]

    async def finish(self) -> UUID:
        """Make the blob whole, on disk."""
        await self._send(last=True)
        await self._landed()
        self.finished = True
        return self.blob

    async def seal_rest(self) -> bytes:
        """The bytes not sent yet, sealed as the last frame."""
        return await self._seal(last=True)

    async def abandon(self) -> None:
        """Leave nothing behind but what a submission has claimed; what cannot be removed now is swept later."""
        if self._flight is not None:
            self._flight.cancel()
            with suppress(asyncio.CancelledError, DatabaseAway, InternalError):
                await self._flight
        with suppress(DatabaseAway):
            if self._no and self._new_key:
                await self._database.run(_DROP_WITH_KEY, blob=self.blob)
            elif self._no:
                await self._database.run(_DROP, blob=self.blob)

    async def _send(self, *, last: bool) -> None:
        """Seal the buffer while the frame before is still on its way, then send it."""
        sealed = await self._seal(last=last)
        await self._landed()
        self._flight = asyncio.create_task(self._put(self._no, sealed, last=last))
        self._no += 1

    async def _landed(self) -> None:
        if self._flight is not None:
            await self._flight
            self._flight = None

    async def _seal(self, *, last: bool) -> bytes:
        plain, self._buffer = self._buffer, bytearray()

        def work() -> bytes:
            if self._hash:
                self._hash.update(plain)
            return vault.seal_frame(self._frame_key, self.blob, self._no, last, bytes(plain))

        return work() if len(plain) <= INLINE else await asyncio.to_thread(work)

    async def _put(self, no: int, sealed: bytes, *, last: bool) -> None:
        values = {"blob": self.blob, "no": no, "data": sealed, "touched_at": self._clock.now()}
        final = {"size": self.size if last else 0, "frames": no + 1 if last else 0}
        if no == 0:
            await self._put_first(last=last, **values, **final)
        elif await self._database.run(_LAST if last else _NEXT, **values, **(final if last else {})) != 1:
            raise InternalError(cause="the blob was swept while it was written")

    async def _put_first(self, *, last: bool, **values: object) -> None:
        key = self._data_key
        values |= {"municipality": key.municipality, "data_key": key.id, "submission": self._submission}
        if not self._new_key:
            await self._database.run(_FIRST, finished=last, **values)
            return
        async with self._database.transaction("blobs.first_of_key") as connection:
            await db.run(connection, _ADD_KEY, id=key.id, municipality=key.municipality, wrapped=key.wrapped)
            await db.run(connection, _FIRST, finished=last, **values)


def small_frame(data_key: bytes, blob: UUID, content: bytes) -> bytes:
    """The only frame of a blob that is written with a commit."""
    return vault.seal_frame(vault.blob_key(data_key, blob), blob, 0, True, content)


async def stands(database: Database, blob: UUID) -> bool:
    """Whether the blob is there, whole or not."""
    return await database.one(_STANDS, blob=blob) is not None


async def read(database: Database, keyring: DataKeyring, blob: UUID) -> AsyncGenerator[bytes]:
    """The plain bytes, frame by frame; a frame that is missing, moved or cut off raises `CryptoFailure`.

    Raises `NotFound` for an unknown or unfinished blob, `Erased` where its key is gone.
    """
    row = await database.one(_BLOB, blob=blob)
    if row is None or not row["finished"]:
        raise NotFound
    if row["wrapped"] is None:
        raise Erased
    data_key = await keyring.unwrap(row["municipality"], row["data_key"], row["wrapped"])
    key, left = vault.blob_key(data_key.key, blob), row["size"]
    for no in range(row["frames"]):
        frame = await database.one(_FRAME, blob=blob, no=no) if no else row
        sealed, last = (frame["data"] if frame else None) or b"", no == row["frames"] - 1
        arguments = (key, blob, no, last, sealed)
        plain = (
            vault.open_frame(*arguments)
            if len(sealed) <= INLINE
            else await asyncio.to_thread(vault.open_frame, *arguments)
        )
        left -= len(plain)
        if plain:
            yield plain
    if left:
        raise CryptoFailure
