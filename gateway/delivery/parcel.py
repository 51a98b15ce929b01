"""The parcel: document, readable PDF, calendar file of an appointment, attachments, as a channel seals them.

Knows: what stands in it, in which order, under which name. Never does: read a blob, seal.
Standard: fixed interfaces §3, RFC 5545. Start reading: `parcel_of`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from gateway import failpoints
from gateway.model import Attachment, Identity, Level, Municipality, Purpose, Submission
from gateway.ports.channel import Attestation, Enclosure, Parcel
from gateway.ports.store import Stored
from gateway.services.service import Service
from gateway.xoev.message.around import attachment_id
from gateway.xoev.readable.application import Names

_LEVELS: Final = {
    Level.BASIC: ("Basisregistrierung", "basic registration"),
    Level.LOW: ("Vertrauensniveau niedrig", "level of assurance low"),
    Level.SUBSTANTIAL: ("Vertrauensniveau substanziell", "level of assurance substantial"),
    Level.HIGH: ("Vertrauensniveau hoch", "level of assurance high"),
}


async def parcel_of(
    submission: Submission, stored: Stored, service: Service, municipality: Municipality, new_id: Callable[[], UUID]
) -> Parcel:
    """All that is sealed for a submission: the readable application first, the portal's own files last."""
    record = json.loads(stored.record)
    readable = await _readable(submission, stored, record, service, municipality.name)
    enclosures = [Enclosure(new_id(), "antrag.pdf", "application/pdf", Purpose.FORM, len(readable), content=readable)]
    failpoints.before("steps.appointment")
    calendar = service.calendar(record, uid=str(submission.id), received_at=stored.received_at, place=municipality.name)
    if calendar is not None:
        enclosures.append(
            Enclosure(new_id(), "termin.ics", "text/calendar", Purpose.ATTACHMENT, len(calendar), content=calendar)
        )
    enclosures += [_enclosed(submission.id, attachment, new_id) for attachment in stored.attachments]
    attestation = Attestation(stored.identity, municipality.public_url) if stored.identity else None
    return Parcel(stored.document, tuple(enclosures), stored.received_at, attestation)


async def _readable(
    submission: Submission, stored: Stored, record: Mapping[str, Any], service: Service, municipality_name: str
) -> bytes:
    failpoints.before("steps.readable")
    return await asyncio.to_thread(
        service.readable,
        record,
        municipality_name=municipality_name,
        received_at=stored.received_at,
        attachments=stored.attachments,
        names=Names(str(submission.id), submission.case_id, stored.reference),
        login=_logged_in(stored.identity) if stored.identity else None,
    )


def _logged_in(identity: Identity) -> tuple[str, str]:
    """Where, by which means and how surely: `id.bund.de, eID, Vertrauensniveau hoch`."""
    host = urlsplit(identity.issuer).hostname or identity.issuer
    way = ", ".join(part for part in (host, identity.means) if part)
    de, en = _LEVELS[identity.level]
    return f"{way}, {de}", f"{way}, {en}"


def _enclosed(submission_id: UUID, attachment: Attachment, new_id: Callable[[], UUID]) -> Enclosure:
    """The file, under the name that a message in the document gives it."""
    upload = attachment.upload
    return Enclosure(
        attachment_id(submission_id, upload) if upload else new_id(),
        attachment.filename,
        attachment.media_type,
        attachment.purpose,
        attachment.size,
        blob=attachment.blob,
    )
