"""Reading: the body that a portal sends becomes an application and what is wrong around its record.

Knows: keys, types and patterns of the body. Never does: judge the record, ask the store, know a service.
Standard: fixed interfaces §3. Start reading: `Application.of`.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self, TypeVar
from uuid import UUID

from gateway.input.patterns import REFERENCE
from gateway.input.pointers import token
from gateway.model import Finding
from gateway.services.attachments import MAX_FILES, bare

Kind = TypeVar("Kind")
MAX_ATTACHMENTS: Final = MAX_FILES - 1
"""One of those that FIT-Connect takes (reference §2.3) is the readable application."""

KEYS: Final[Mapping[str, tuple[type, bool, str]]] = {
    "service": (str, True, "Text"),
    "municipality": (str, True, "Text (zwölfstelliger ARS)"),
    "record": (dict, True, "Objekt"),
    "attachments": (list, False, "Liste"),
    "login": (str, False, "Text (login_ref des ID-Tokens)"),
    "reference": (str, False, "Text"),
    "test": (bool, False, "Wahrheitswert"),
}
ATTACHMENT_KEYS: Final = ("kind", "filename", "media_type", "upload")


@dataclass(frozen=True, slots=True)
class ListedAttachment:
    """What the body says about a file: the file itself was uploaded before, under the client's own id."""

    kind: str
    filename: str = field(repr=False)
    media_type: str
    upload: UUID

    @classmethod
    def of(cls, item: Mapping[str, str]) -> Self:
        """An item in which `_attachment_faults` found nothing."""
        filename = unicodedata.normalize("NFC", item["filename"])
        return cls(item["kind"], filename, bare(item["media_type"]), UUID(item["upload"]))


@dataclass(frozen=True, slots=True)
class Application:
    """What the portal hands off: the record of one service for one municipality. Holds personal data.

    `faults` is all that is wrong around the record; a value that cannot be read is None and has its finding there.
    `login` is the `login_ref` of who applies. `content` is the whole body in canonical JSON: what tells two
    applications under the same key apart.
    """

    service: str | None
    municipality: str | None
    record: Mapping[str, Any] | None = field(repr=False)
    attachments: tuple[ListedAttachment, ...] | None = field(repr=False)
    reference: str | None = field(repr=False)
    test: bool | None
    faults: tuple[Finding, ...]
    content: bytes = field(repr=False)
    login: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Self:
        """Read the body, once; nothing behind this sees it."""
        attachments, test = body.get("attachments"), body.get("test")
        listed = _only(list, [] if attachments is None else attachments)
        broken = _attachment_faults(listed or [])
        return cls(
            service=_only(str, body.get("service")),
            municipality=_only(str, body.get("municipality")),
            record=_only(dict, body.get("record")),
            attachments=None if listed is None or broken else tuple(ListedAttachment.of(item) for item in listed),
            reference=_only(str, body.get("reference")),
            test=_only(bool, False if test is None else test),
            faults=(*_faults(body), *broken),
            content=canonical(body),
            login=_only(str, body.get("login")),
        )


def canonical(value: object) -> bytes:
    """JSON with sorted keys and no white space, UTF-8: the bytes that digests are taken over."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _only(kind: type[Kind], value: object) -> Kind | None:
    return value if isinstance(value, kind) else None


def _faults(body: Mapping[str, Any]) -> list[Finding]:
    """Unknown and missing keys, wrong types, patterns; the list of attachments is looked into by itself."""
    findings = [_unknown(f"/{token(key)}") for key in body if key not in KEYS]
    for key, (kind, required, german) in KEYS.items():
        value = body.get(key)
        if key not in body:
            findings += [_missing(f"/{key}")] if required else []
        elif value is None and not required:
            continue
        elif not isinstance(value, kind):
            findings.append(_typed(f"/{key}", german, kind.__name__))
    reference = body.get("reference")
    if isinstance(reference, str) and not REFERENCE.fullmatch(reference):
        findings.append(
            Finding(
                "/reference",
                "pattern",
                "Erlaubt sind 1 bis 64 Zeichen aus A–Z, a–z, 0–9 und . _ : / -.",
                "Allowed are 1 to 64 characters of A–Z, a–z, 0–9 and . _ : / -.",
            )
        )
    return findings


def _attachment_faults(listed: list[Any]) -> list[Finding]:
    if len(listed) > MAX_ATTACHMENTS:
        limit = f"{MAX_ATTACHMENTS}"
        return [Finding("/attachments", "too_many", f"Höchstens {limit} Anlagen.", f"At most {limit} attachments.")]
    findings: list[Finding] = []
    seen: set[str] = set()
    for no, item in enumerate(listed):
        pointer = f"/attachments/{no}"
        if not isinstance(item, dict):
            findings.append(_typed(pointer, "Objekt", "object"))
            continue
        findings += [_unknown(f"{pointer}/{token(key)}") for key in item if key not in ATTACHMENT_KEYS]
        for key in ATTACHMENT_KEYS:
            if key not in item:
                findings.append(_missing(f"{pointer}/{key}"))
            elif not isinstance(item[key], str):
                findings.append(_typed(f"{pointer}/{key}", "Text", "string"))
        findings += _upload_faults(f"{pointer}/upload", item.get("upload"), seen)
    return findings


def _upload_faults(pointer: str, upload: object, seen: set[str]) -> list[Finding]:
    if not isinstance(upload, str):
        return []
    try:
        name = str(UUID(upload))
    except ValueError:
        return [
            Finding(pointer, "format", "Erwartet wird die UUID eines Uploads.", "The UUID of an upload is expected.")
        ]
    if name in seen:
        return [Finding(pointer, "doubled", "Ein Upload darf nur einmal vorkommen.", "An upload may occur only once.")]
    seen.add(name)
    return []


def _unknown(pointer: str) -> Finding:
    return Finding(pointer, "unknown_key", "Diese Angabe ist hier nicht vorgesehen.", "This key is not expected here.")


def _missing(pointer: str) -> Finding:
    return Finding(pointer, "missing", "Diese Angabe ist nötig und fehlt.", "This key is required and missing.")


def _typed(pointer: str, german: str, english: str) -> Finding:
    return Finding(pointer, "type", f"Erwartet wird: {german}.", f"Expected: {english}.")
