"""What the gateway knows around a record: ids, instants, the town, the attachments, the municipality's parameters.

Knows: the closed list of what a message mapping may ask for with `@/…`. Never does: make an id, read a clock.
Standard: XÖV-Basisnachricht 1.1 (what a header carries). Start reading: `Around`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid5

from gateway.german_time import german_time
from gateway.model import Attachment, Purpose
from gateway.xoev.mapping.attached import Attached
from gateway.xoev.mapping.converters import Shape
from gateway.xoev.mapping.model import STAR, Tokens
from gateway.xoev.message.entries import KNOWN

_TEXT: Final[Shape] = {"type": "string"}
VOCABULARY: Final[Mapping[Tokens, Shape]] = {
    ("message", "id"): _TEXT,
    ("message", "created_at"): {"type": "string", "format": "date-time"},
    ("message", "test"): _TEXT,
    ("case", "id"): _TEXT,
    ("case", "received_on"): {"type": "string", "format": "date"},
    ("product", "name"): _TEXT,
    ("product", "maker"): _TEXT,
    ("product", "version"): _TEXT,
    ("municipality", "name"): _TEXT,
    ("municipality", "ars"): _TEXT,
    ("municipality", "ags"): _TEXT,
    ("municipality", "state"): _TEXT,
    ("attachments", STAR): {"type": "object"},
    ("attachments", STAR, "id"): _TEXT,
    ("attachments", STAR, "kind"): _TEXT,
    ("attachments", STAR, "title"): _TEXT,
    ("attachments", STAR, "filename"): _TEXT,
    ("attachments", STAR, "media_type"): _TEXT,
    ("attachments", STAR, "size"): {"type": "integer"},
    ("attachments", STAR, "sha256"): _TEXT,
}
"""Everything a mapping may name behind `@`, with the shape of its value; parameters come on top."""


@dataclass(frozen=True, slots=True)
class Product:
    """The software that writes, as the header names it."""

    name: str
    maker: str
    version: str


@dataclass(frozen=True, slots=True)
class Around:
    """What belongs to one message beside its record.

    `message_id` names the message for all time, also when it is sent again; `case_id` names the application, and the
    authority refers to it. `created_at` has a time zone. `attachments` are in the order of the create body.
    """

    message_id: UUID
    case_id: UUID
    created_at: datetime
    ars: str
    municipality: str
    product: Product
    attachments: Sequence[Attachment] = field(default=(), repr=False)
    test: bool = False

    def known(self, titles: Mapping[str, str], parameters: Mapping[str, str]) -> dict[str, Any]:
        """The values behind `@`.

        Args:
            titles: the German title of each kind of attachment.
            parameters: what the municipality set, with defaults.
        """
        local, zone = german_time(self.created_at)
        offset = "+02:00" if zone == "MESZ" else "+01:00"
        message = {
            "id": str(self.message_id),
            "created_at": local.strftime("%Y-%m-%dT%H:%M:%S.") + f"{local.microsecond // 1000:03}{offset}",
        }
        if self.test:
            message["test"] = "true"
        ars = self.ars
        return {
            "message": message,
            "case": {"id": str(self.case_id), "received_on": local.date().isoformat()},
            "product": {"name": self.product.name, "maker": self.product.maker, "version": self.product.version},
            "municipality": {"name": self.municipality, "ars": ars, "ags": ars[:5] + ars[9:], "state": ars[:2]},
            "parameters": dict(parameters),
            "attachments": [
                self._attachment(file, titles) for file in self.attachments if file.purpose is Purpose.ATTACHMENT
            ],
        }

    def attached(self) -> tuple[Attached, ...]:
        """The files that portals sent, as fields of a form name them; what the gateway adds itself is left out."""
        return tuple(
            Attached(
                attachment.kind,
                f"/attachments/{number}",
                {"id": str(attachment_id(self.case_id, attachment.upload)), "filename": attachment.filename},
            )
            for number, attachment in enumerate(self.attachments)
            if attachment.purpose is Purpose.ATTACHMENT and attachment.upload is not None
        )

    def _attachment(self, attachment: Attachment, titles: Mapping[str, str]) -> dict[str, Any]:
        return {
            "id": str(attachment_id(self.case_id, attachment.upload)) if attachment.upload else None,
            "kind": attachment.kind,
            "title": titles.get(attachment.kind, attachment.kind),
            "filename": attachment.filename,
            "media_type": attachment.media_type.partition(";")[0].strip().lower(),
            "size": attachment.size,
            "sha256": attachment.sha256,
        }


def rehearsal(ars: str, attachments: Sequence[Attachment] = ()) -> Around:
    """Placeholder surroundings, for checking a record before there is a message."""
    nobody, past = UUID(int=0), datetime(2000, 1, 1, tzinfo=UTC)
    return Around(nobody, nobody, past, ars, "-", Product("-", "-", "-"), attachments)


def attachment_id(case_id: UUID, upload: UUID) -> UUID:
    """The name of an attachment in message and envelope alike: the same for the same upload of an application."""
    return uuid5(case_id, f"attachment/{upload}")


def shape(source: Tokens, parameters: Sequence[str]) -> Shape | None:
    """The shape of a value behind `@`; None for one that is never known."""
    if source[:2] == (KNOWN, "parameters"):
        return _TEXT if len(source) == 3 and source[2] in parameters else None
    return VOCABULARY.get(source[1:])
