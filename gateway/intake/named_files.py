"""The files that an application names: uploads of the client's, and in a correction those of what it corrects.

Knows: what is told of one that is not there. Never does: judge a file (`services.attachments` does), copy one.
Standard: fixed interfaces §3. Start reading: `named`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID

from gateway.model import Attachment, Client, Finding
from gateway.ports.store import Store
from gateway.services.attachments import bare


@dataclass(frozen=True, slots=True)
class Named:
    """The attachments in the order of the body, the uploads among them that belong to what is corrected, and faults."""

    attachments: tuple[Attachment, ...] = ()
    reused: frozenset[UUID] = frozenset()
    missing: tuple[Finding, ...] = ()
    _places: frozenset[str] = field(default=frozenset())

    def without_consequences(self, findings: Sequence[Finding]) -> list[Finding]:
        """The findings but those about bytes that are not there: they have been told to be missing."""
        return [one for one in findings if one.pointer not in self._places]


async def named(
    store: Store, client: Client, listed: Sequence[Mapping[str, Any]], corrected: UUID | None = None
) -> Named:
    """What the list of attachments (of the right shape) means; `corrected` is the client's own earlier application."""
    wanted = tuple(UUID(item["upload"]) for item in listed)
    if not wanted:
        return Named()
    earlier = await store.files_of(client.id, corrected, wanted) if corrected else {}
    gone = {upload for upload, one in earlier.items() if one.blob is None}
    there = {**await store.uploads(client.id, wanted), **earlier}
    missing = tuple(
        Finding(f"/attachments/{no}/upload", *(_GONE if upload in gone else _UNKNOWN))
        for no, upload in enumerate(wanted)
        if upload in gone or upload not in there
    )
    attachments = tuple(
        replace(
            there.get(upload, _NOTHING),
            kind=item["kind"],
            filename=unicodedata.normalize("NFC", item["filename"]),
            media_type=bare(item["media_type"]),
            upload=upload,
        )
        for upload, item in zip(wanted, listed, strict=True)
    )
    return Named(attachments, frozenset(earlier), missing, frozenset(one.pointer for one in missing))


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
