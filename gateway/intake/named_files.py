"""The files that an application names: uploads of the client's, and in a correction those of what it corrects.

Knows: what is told of one that is not there. Never does: judge a file (`services.attachments` does), copy one.
Standard: fixed interfaces §3. Start reading: `named`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from gateway.intake.body import ListedAttachment
from gateway.model import Attachment, Client, Finding
from gateway.ports.store import Store


@dataclass(frozen=True, slots=True)
class Named:
    """The attachments in the order of the body, the uploads among them that belong to what is corrected, and faults."""

    attachments: tuple[Attachment, ...] = ()
    reused: frozenset[UUID] = frozenset()
    missing: tuple[Finding, ...] = ()


async def named(
    store: Store, client: Client, listed: Sequence[ListedAttachment], corrected: UUID | None = None
) -> Named:
    """What the list of attachments means; `corrected` is the client's own earlier application."""
    if not listed:
        return Named()
    uploads = tuple(item.upload for item in listed)
    earlier = await store.files_of(client.id, corrected, uploads) if corrected else {}
    gone = {upload for upload, file in earlier.items() if file.blob is None}
    files = {**await store.uploads(client.id, uploads), **earlier}
    missing = tuple(
        Finding(f"/attachments/{no}/upload", *(_GONE if upload in gone else _UNKNOWN))
        for no, upload in enumerate(uploads)
        if upload in gone or upload not in files
    )
    attachments = tuple(
        replace(
            files.get(item.upload, _NOTHING),
            kind=item.kind,
            filename=item.filename,
            media_type=item.media_type,
            upload=item.upload,
        )
        for item in listed
    )
    return Named(attachments, frozenset(earlier), missing)


_NOTHING: Final = Attachment("", "", "", 0, "0" * 64)
_UNKNOWN: Final = (
    "upload_unknown",
    "Diesen Upload gibt es nicht (mehr); bitte die Datei zuerst senden.",
    "There is no such upload (any more); send the file first.",
)
_GONE: Final = (
    "upload_erased",
    "Die Datei der korrigierten Einreichung ist schon gelöscht; bitte erneut senden und den neuen Upload nennen.",
    "The file of the submission that is corrected has been erased; send it again and name the new upload.",
)
