"""Files of a submission once more, for the one that corrects it.

Knows: which files of it still stand, and that a copy has a key of its own, so that neither submission's erasure touches
the other's file. Never does: hold a file (frames are read and sealed again one by one), claim a copy (`submissions`
does, with the commit that first names it). Standard: architecture §5. Start reading: `Copies.standing`, `Copies.made`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, bindparam, exists, select

from gateway.errors import CryptoFailure, Erased, NotFound, UploadUnknown
from gateway.model import Attachment
from gateway.ports.clock import Clock
from gateway.ports.store import NewSubmission
from gateway.store.connection.database import Database, compiled
from gateway.store.keys.keyring import DataKeyring
from gateway.store.rows import tables as t
from gateway.store.submissions import blobs

_A, _U, _B, _S = t.attachments.c, t.uploads.c, t.blobs.c, t.submissions.c
_RESENT = exists(
    select(_U.upload).where(
        _U.client == _S.client,
        _U.upload == _A.upload,
        _U.submission.is_(None),
        _U.expires_at > bindparam("now", type_=_U.expires_at.type),
    )
)
_FILES = compiled(
    select(_A.upload, _A.media_type, _A.size, _A.sha256, _B.id.label("blob"))
    .join_from(t.attachments, t.submissions, _S.id == _A.submission)
    .join(
        t.blobs,
        (_B.id == _A.blob) & _B.finished & exists(select(t.data_keys.c.id).where(t.data_keys.c.id == _B.data_key)),
        isouter=True,
    )
    .where(
        _S.id == bindparam("submission", type_=Uuid),
        _S.client == bindparam("client"),
        _A.upload == any_(bindparam("uploads", type_=ARRAY(Uuid))),
        ~_RESENT,
    )
)


class Copies:
    """Finds and copies the files of a submission that is corrected."""

    def __init__(self, database: Database, keyring: DataKeyring, clock: Clock, new_id: Callable[[], UUID]) -> None:
        self._database, self._keyring, self._clock, self._new_id = database, keyring, clock, new_id

    async def standing(self, client: str, submission: UUID, uploads: tuple[UUID, ...]) -> Mapping[UUID, Attachment]:
        """See the port `Store.files_of`."""
        rows = await self._database.rows(
            _FILES, client=client, submission=submission, uploads=list(uploads), now=self._clock.now()
        )
        return {row["upload"]: Attachment(kind="", filename="", **row) for row in rows}

    @asynccontextmanager
    async def made(self, new: NewSubmission) -> AsyncIterator[NewSubmission]:
        """The submission with copies in the place of the files it takes over; what nobody claimed is removed.

        Raises `UploadUnknown` where a file was erased meanwhile.
        """
        writers: list[blobs.Writer] = []
        attachments = []
        try:
            for attachment in new.attachments:
                if attachment.upload not in new.reused or attachment.blob is None:
                    attachments.append(attachment)
                    continue
                key = await self._keyring.new(new.submission.municipality, self._clock.now())
                writers.append(blobs.Writer(self._database, self._clock, key, self._new_id(), new_key=True))
                await self._copy(attachment.blob, writers[-1])
                attachments.append(replace(attachment, blob=writers[-1].blob))
            yield replace(new, attachments=tuple(attachments))
        finally:
            for writer in writers:
                await writer.abandon()  # takes only what no submission has claimed

    async def _copy(self, source: UUID, writer: blobs.Writer) -> None:
        try:
            async with aclosing(blobs.read(self._database, self._keyring, source)) as frames:
                async for frame in frames:
                    await writer.write(frame)
        except (NotFound, Erased):
            raise UploadUnknown from None
        except CryptoFailure:
            if await blobs.stands(self._database, source):
                raise
            raise UploadUnknown from None  # erased while it was read
        await writer.finish()
