"""What a careful subscriber checks, in FIT-Connect's order; the first broken rule ends it.

Knows: the fifteen checks that FIT-Connect asks of a subscriber, and three of our own: the document is signed, has a
readable PDF beside it, and data sets keep their hashes. Never does: answer; `subscriber` does. Runs in a thread.
Standard: FIT-Connect "Prüfung einer Einreichung". Start reading: `examine`.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any, BinaryIO, Final, cast

from cryptography.hazmat.primitives.asymmetric import rsa

from gateway.crypto import jws
from gateway.crypto.jwe import Opened, Opener, header_of
from gateway.crypto.jwe_head import HEADER_LIMIT
from gateway.errors import CryptoFailure
from gateway.fitconnect import names
from gateway.sandbox.fitconnect import absence, documents, events, regions, signature, zipped
from gateway.sandbox.fitconnect.documents import Documents
from gateway.sandbox.fitconnect.metadata import Rules, version_of
from gateway.sandbox.fitconnect.problems import event_problem
from gateway.sandbox.fitconnect.records import Destination, Submission

_CHUNK: Final = 1 << 18
_IN_MEMORY: Final = 1 << 20
_PDF: Final = "application/pdf"
_METADATA_MAX: Final = 4 << 20
_HEAD: Final = HEADER_LIMIT + 1
_TITLES: Final = {
    names.SYNTAX_VIOLATION: "The document is not well-formed",
    names.SCHEMA_VIOLATION: "The document breaks its schema",
}


@dataclass(frozen=True, slots=True)
class ReceivedSubmission:
    """What a subscriber has in hand when it begins: the submission, its sealed parts, its own keys and rules."""

    submission: Submission
    destination: Destination
    event_log: tuple[str, ...]
    part: Callable[[str], BinaryIO | None]
    directory: Path
    key_for: Callable[[str], rsa.RSAPrivateKey | None] = field(repr=False)
    issuer_key: rsa.RSAPublicKey = field(repr=False)
    issuer: str
    rules: Rules = field(repr=False)
    documents: Documents = field(repr=False)
    now: datetime
    signers: Path | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """Problems (none: accept) and what was opened on the way. Holds personal data."""

    problems: tuple[Mapping[str, str], ...]
    metadata: Mapping[str, Any] | None = field(default=None, repr=False)
    document: bytes | None = field(default=None, repr=False)
    attachments: tuple[Mapping[str, str], ...] = field(default=(), repr=False)


class _Refused(Exception):
    def __init__(self, slug: str, instance: str, title: str) -> None:
        self.problem = event_problem(slug, instance, title)
        super().__init__(slug)


def examine(delivery: ReceivedSubmission) -> Result:
    """All checks in order. Never raises for anything a sender can cause."""
    metadata: Mapping[str, Any] | None = None
    document: bytes | None = None
    attachments: list[Mapping[str, str]] = []
    try:
        tags = _submit_tags(delivery)
        metadata = _metadata(delivery, tags)
        _service(delivery, metadata)
        _attachment_ids(delivery, metadata, tags)
        document = _document(delivery, metadata, tags)
        attachments.extend(  # one by one: those before a refusal stay
            _attachment(delivery, entry, tags, metadata["contentStructure"]["data"]["submissionSchema"])
            for entry in metadata["contentStructure"]["attachments"]
        )
        _readable(delivery, metadata)
    except _Refused as refused:
        return Result((refused.problem,), metadata, document, tuple(attachments))
    return Result((), metadata, document, tuple(attachments))


def _submit_tags(delivery: ReceivedSubmission) -> Mapping[str, Any]:
    """Check 1: the log verifies and holds exactly one submit-submission; its tags."""
    submits = []
    try:
        for token in delivery.event_log:
            claims, _ = events.read(token)
            if claims.iss == delivery.issuer:
                jws.verify(token, delivery.issuer_key, alg=names.SIGNATURE_ALG)
                if claims.type == names.SUBMIT_SUBMISSION:
                    submits.append(claims.payload["authenticationTags"])
    except Exception as error:
        raise _Refused(names.INVALID_EVENT_LOG, "submission", "The event log does not verify") from error
    if len(submits) != 1:
        raise _Refused(names.INVALID_EVENT_LOG, "submission", "The event log holds no single submit-submission")
    tags: Mapping[str, Any] = submits[0]
    return tags


def _metadata(delivery: ReceivedSubmission, tags: Mapping[str, Any]) -> Mapping[str, Any]:
    """Checks 2 to 6."""
    raw = _open_small(delivery, "metadata", tags.get("metadata"), _METADATA_MAX)[0]
    try:
        metadata = absence.read(raw, absence.present_in_metadata)
    except ValueError:
        metadata = None
    if not isinstance(metadata, dict):
        raise _Refused(names.SYNTAX_VIOLATION, "metadata", "The metadata are no JSON object")
    version = version_of(metadata.get("$schema"))
    if version is None or version not in delivery.destination.metadata_versions or not delivery.rules.knows(version):
        raise _Refused(names.UNSUPPORTED_SCHEMA, "metadata", "The metadata schema is not supported")
    if delivery.rules.broken(metadata, version):
        raise _Refused(names.SCHEMA_VIOLATION, "metadata", "The metadata break their schema")
    return metadata


def _service(delivery: ReceivedSubmission, metadata: Mapping[str, Any]) -> None:
    """Checks 7 to 9."""
    identifier = delivery.submission.service["identifier"]
    offered = [s for s in delivery.destination.services if s["identifier"] == identifier]
    region = delivery.submission.region
    if region is not None:
        offered = [s for s in offered if any(regions.covers(r, region) for r in s["regions"])]
    if not offered:
        raise _Refused(names.UNSUPPORTED_SERVICE, "submission", "The destination does not offer the service")
    schema = metadata["contentStructure"]["data"]["submissionSchema"]
    schema_named = {"schemaUri": schema["schemaUri"], "mimeType": schema["mimeType"]}
    if not any(schema_named in service["submissionSchemas"] for service in offered):
        raise _Refused(names.UNSUPPORTED_DATA_SCHEMA, "metadata", "The document's schema is not offered")
    channels = set(delivery.destination.reply_channels)
    for service in offered:
        channels |= set(service.get("replyChannels") or {})
    if not set(metadata.get("replyChannel", {})) <= channels:
        raise _Refused(names.UNSUPPORTED_REPLY_CHANNEL, "metadata", "The reply channel is not offered")
    _data_sets(metadata)


def _data_sets(metadata: Mapping[str, Any]) -> None:
    """Ours: ids are unique; a hash over `content` as string is right, an object is not checkable."""
    entries = metadata.get("dataSets", [])
    if len({e["dataSetId"].lower() for e in entries}) != len(entries):
        raise _Refused(names.SCHEMA_VIOLATION, "metadata", "A dataSetId is repeated")
    for entry in entries:
        content = entry["content"]
        if isinstance(content, str) and hashlib.sha512(content.encode()).hexdigest() != entry["hash"]["content"]:
            raise _Refused(names.HASH_MISMATCH, "metadata", "The hash of a data set is wrong")


def _attachment_ids(delivery: ReceivedSubmission, metadata: Mapping[str, Any], tags: Mapping[str, Any]) -> None:
    """Check 10; fragments count as the attachments they are uploaded as."""
    named = list(_part_ids(metadata))
    announced = set(delivery.submission.announced)
    if len(set(named)) != len(named) or set(named) != announced or set(tags.get("attachments", {})) != announced:
        raise _Refused(names.ATTACHMENTS_MISMATCH, "submission", "Metadata and attachments do not fit together")


def _part_ids(metadata: Mapping[str, Any]) -> Iterator[str]:
    for entry in metadata["contentStructure"]["attachments"]:
        yield from (i.lower() for i in entry.get("fragments") or [entry["attachmentId"]])


def _document(delivery: ReceivedSubmission, metadata: Mapping[str, Any], tags: Mapping[str, Any]) -> bytes:
    """Checks 11 and 12, and the document's signature. A document that travels as attachment is empty here."""
    data = metadata["contentStructure"]["data"]
    if delivery.submission.data is None or "data" not in tags:
        raise _Refused(names.MISSING_DATA, "data", "The document is missing")
    raw, opened = _open_small(delivery, "data", tags["data"], names.MAX_DATA_BYTES)
    if opened.sha512 != data["hash"]["content"]:
        raise _Refused(names.HASH_MISMATCH, "data", "The hash of the document is wrong")
    travels = any(e["purpose"] == "data" for e in metadata["contentStructure"]["attachments"])
    if raw or not travels:
        mime = data["submissionSchema"]["mimeType"]
        if opened.header.get("cty", mime) != mime:  # v1 does not ask for it
            raise _Refused(names.SYNTAX_VIOLATION, "data", _TITLES[names.SYNTAX_VIOLATION])
        _judge(delivery, data["submissionSchema"], raw)
        if "signature" in data or "signature" in delivery.destination.requires:
            wrong = signature.check(data.get("signature"), raw, delivery.signers, media_type=mime, now=delivery.now)
            if wrong:
                raise _Refused(names.TECHNICAL_ERROR, "data", wrong)
    return raw


def _judge(delivery: ReceivedSubmission, schema: Mapping[str, Any], raw: bytes) -> None:
    """Whether the document is well-formed and keeps its schema, where that is known here."""
    slug = delivery.documents.fault(raw, schema["schemaUri"], schema["mimeType"])
    if slug:
        raise _Refused(slug, "data", _TITLES[slug])


def _attachment(
    delivery: ReceivedSubmission, entry: Mapping[str, Any], tags: Mapping[str, Any], schema: Mapping[str, Any]
) -> Mapping[str, str]:
    """Check 13 for one attachment; fragments are joined in the order of their list. One may be the document."""
    attachment_id = entry["attachmentId"].lower()
    instance = f"attachment:{attachment_id}"
    sha512, sha256 = hashlib.sha512(), hashlib.sha256()
    begins = b""
    document = bytearray() if entry["purpose"] == "data" else None
    for part in entry.get("fragments") or [attachment_id]:
        name = part.lower()
        with tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=str(delivery.directory)) as spool:
            _open(delivery, name, tags["attachments"].get(name), spool, names.MAX_ATTACHMENT_BYTES, instance)
            while piece := spool.read(_CHUNK):
                sha512.update(piece)
                sha256.update(piece)
                begins = begins or piece[:5]
                if document is not None:  # one byte more than is judged tells that it is too large
                    document += piece[: documents.SIZE_MAX + 1 - len(document)]
    if sha512.hexdigest() != entry["hash"]["content"]:
        raise _Refused(names.HASH_MISMATCH, instance, "The hash of the attachment is wrong")
    if entry["purpose"] == "form" and (entry["mimeType"] != _PDF or begins != b"%PDF-"):
        raise _Refused(names.TECHNICAL_ERROR, instance, "The readable application is no PDF")
    if document is not None and len(document) <= documents.SIZE_MAX:
        _judge(delivery, schema, bytes(document))
    return {
        "id": attachment_id,
        "sha256": sha256.hexdigest(),
        "media_type": entry["mimeType"],
        "purpose": entry["purpose"],
    }


def _readable(delivery: ReceivedSubmission, metadata: Mapping[str, Any]) -> None:
    demanded = "form" in delivery.destination.requires
    if demanded and not any(e["purpose"] == "form" for e in metadata["contentStructure"]["attachments"]):
        raise _Refused(names.TECHNICAL_ERROR, "submission", "The readable application (purpose form) is missing")


def _open_small(delivery: ReceivedSubmission, name: str, tag: object, limit: int) -> tuple[bytes, Opened]:
    with tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=str(delivery.directory)) as spool:
        opened = _open(delivery, name, tag, spool, limit, name)
        return spool.read(), opened


def _open(  # noqa: PLR0913, PLR0917 - what opening one part needs
    delivery: ReceivedSubmission, name: str, tag: object, spool: IO[bytes], limit: int, instance: str
) -> Opened:
    """Compare the tag, then decrypt into `spool`, which stands at its beginning afterwards.

    An attachment is hashed by its reader, since it may be one of several fragments.
    """
    part = delivery.part(name)
    if part is None:
        raise _Refused(names.MISSING_ATTACHMENT, instance, "The attachment is missing")
    with part as sealed:
        size = sealed.seek(0, os.SEEK_END)
        sealed.seek(max(0, size - names.JWE_TAG_CHARS))
        if sealed.read().decode("ascii", "replace") != tag:
            raise _Refused(names.INCORRECT_TAG, instance, "The authentication tag is not the one in the event log")
        sealed.seek(0)
        try:
            return _decrypt(delivery, sealed, spool, limit, digest=name == instance)
        except CryptoFailure:
            raise _Refused(names.ENCRYPTION_ISSUE, instance, "The part cannot be decrypted") from None


def _decrypt(delivery: ReceivedSubmission, sealed: BinaryIO, spool: IO[bytes], limit: int, *, digest: bool) -> Opened:
    if header_of(sealed.read(_HEAD)).get("zip") == zipped.DEFLATE:
        sealed.seek(0)
        plain, opened = zipped.open_zipped(sealed.read(zipped.SEALED_MAX + 1), delivery.key_for, limit)
        spool.write(plain)
        spool.seek(0)
        return opened
    sealed.seek(0)
    opener = Opener(delivery.key_for, cast("BinaryIO", spool), max_plain=limit, digest=digest)
    while piece := sealed.read(_CHUNK):
        opener.feed(piece)
    opened = opener.finish()
    spool.seek(0)
    return opened
