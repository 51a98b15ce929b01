"""Metadata 2.x: choose the version, build the record, check it against its schema.

Knows: the members a sender writes, which version to write. Never does: I/O; the official schema comes as bytes.
Standard: FIT-Connect metadata 2.0.0, 2.1.0 (JSON Schema 2020-12, formats asserted). Start reading: `build`.

Metadata 1.x is not written: the bodies of 1.3 to 1.5 are not known in full, and 1.0 is refused by FITKO since 2026.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import jsonschema_rs

from gateway.errors import DestinationUnfit, InternalError
from gateway.fitconnect import metadata_rules, names
from gateway.model import Signature, SignatureFormat

_VERSION: Final = re.compile(r"\d{1,9}\.\d{1,9}\.\d{1,9}")


@dataclass(frozen=True, slots=True)
class Enclosed:
    """What metadata say of one attachment. `sha512` is lower-case hex over exactly the bytes sealed."""

    attachment_id: UUID
    filename: str = field(repr=False)
    media_type: str
    purpose: str
    sha512: str


@dataclass(frozen=True, slots=True)
class DataSet:
    """A text of another standard that travels in the metadata, as a string always: its hash is of those bytes."""

    data_set_id: UUID
    schema_uri: str
    media_type: str
    content: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Account:
    """The citizen's account, where its identity provider told its handles; None: not told, or not wanted here.

    `mailbox` is where the authority answers to, `application_id` the account's id of the application.
    """

    mailbox: UUID | None = field(default=None, repr=False)
    application_id: UUID | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Author:
    """Self-description of the sending system."""

    name: str
    product: str
    version: str
    manufacturer: str


@dataclass(frozen=True, slots=True)
class CheckedMetadata:
    """Which schema said yes: `official` (the file published by FITKO) or `own`."""

    schema: str
    version: str


def choose(offered: Sequence[str]) -> str:
    """The newest version that the destination offers and we know in full; unknown ones are passed over.

    Raises `DestinationUnfit` that names both lists.
    """
    common = [version for version in names.METADATA_VERSIONS if version in offered]
    if not common:
        known_offers = ", ".join(version for version in offered if _VERSION.fullmatch(version)) or "none"
        ours = ", ".join(names.METADATA_VERSIONS)
        raise DestinationUnfit(rule=f"metadata_version (offered: {known_offers}; known: {ours})")
    return common[0]


def build(  # noqa: PLR0913 - the members of the record
    version: str,
    *,
    document_sha512: str,
    schema_uri: str,
    media_type: str,
    signature: Signature,
    enclosed: Sequence[Enclosed],
    application_date: date,
    author: Author | None = None,
    data_sets: Sequence[DataSet] = (),
    account: Account | None = None,
) -> dict[str, Any]:
    """The metadata of one submission; one signature of the document, in it or here."""
    data = {
        "hash": _hash(document_sha512),
        "submissionSchema": {"schemaUri": schema_uri, "mimeType": media_type},
        "signature": _signature(signature),
    }
    built: dict[str, Any] = {
        "$schema": f"{names.METADATA_PREFIX}{version}{names.METADATA_SUFFIX}",
        "contentStructure": {"data": data, "attachments": [_attachment(attachment) for attachment in enclosed]},
        "additionalReferenceInfo": {"applicationDate": application_date.isoformat()},
    }
    if author:
        product = {"name": author.product, "version": author.version, "manufacturer": author.manufacturer}
        built["author"] = {"name": author.name, "product": product}
    if account and account.mailbox:
        built["replyChannel"] = {names.MAILBOX_CHANNEL: {"mailboxUuid": str(account.mailbox)}}
    if account and account.application_id:
        built["additionalReferenceInfo"]["idBundDeApplicationId"] = str(account.application_id)
    if data_sets:
        built["dataSets"] = [_data_set(data_set) for data_set in data_sets]
    return built


def write(metadata: Mapping[str, Any]) -> bytes:
    """The bytes to seal: UTF-8 JSON without spaces."""
    return json.dumps(metadata, separators=(",", ":"), ensure_ascii=False).encode()


def check(metadata: Mapping[str, Any], version: str, official: bytes | None = None) -> CheckedMetadata:
    """Say which schema the metadata keep. `official` is FITKO's file for `version`, where it is installed.

    Raises `InternalError` with the places (never the values) where they break it: what we build ourselves is ours.
    """
    if broken := faults(metadata, version, official):
        raise InternalError(rule="metadata", places=", ".join(broken))
    return CheckedMetadata("official" if official else "own", version)


def faults(metadata: Mapping[str, Any], version: str, official: bytes | None = None) -> tuple[str, ...]:
    """Every place (RFC 6901 pointer) and rule that the metadata break, as `pointer rule`; empty if none.

    `multipleOf` is judged on decimals: 0.07 is a multiple of 0.01 here.
    """
    broken: list[str] = []
    for error in _validator(version, official).iter_errors(metadata):
        pointer = "".join(f"/{part}" for part in error.instance_path)
        broken.append(f"{pointer} {error.schema_path[-1] if error.schema_path else '?'}")
    return tuple(broken)


def is_schema_of(content: bytes, version: str) -> bool:
    """Whether `content` is a JSON Schema that says it is FITKO's for `version`."""
    try:
        schema = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return isinstance(schema, dict) and schema.get("$id") == f"{names.METADATA_PREFIX}{version}{names.METADATA_SUFFIX}"


@lru_cache(maxsize=8)
def _validator(version: str, official: bytes | None) -> jsonschema_rs.Draft202012Validator:
    schema = json.loads(official) if official else metadata_rules.schema(version)
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True, offline=True)


def _attachment(attachment: Enclosed) -> dict[str, Any]:
    return {
        "hash": _hash(attachment.sha512),
        "purpose": attachment.purpose,
        "mimeType": attachment.media_type,
        "filename": attachment.filename,
        "attachmentId": str(attachment.attachment_id),
    }


def _signature(signature: Signature) -> dict[str, Any]:
    xml = signature.style.format is SignatureFormat.XADES
    described: dict[str, Any] = {
        "signatureFormat": names.SIGNATURE_FORMAT_XML if xml else names.SIGNATURE_FORMAT_JSON,
        "detachedSignature": not signature.style.enveloped,
    }
    if signature.style.format is not SignatureFormat.JWS:
        described["eidasAdesProfile"] = names.ADES_B_B
    return described if signature.content is None else described | {"content": signature.content}


def _data_set(data_set: DataSet) -> dict[str, Any]:
    return {
        "dataSetId": str(data_set.data_set_id),
        "schema": {"schemaUri": data_set.schema_uri, "mimeType": data_set.media_type},
        "hash": _hash(hashlib.sha512(data_set.content.encode()).hexdigest()),
        "content": data_set.content,
    }


def _hash(sha512: str) -> dict[str, str]:
    return {"type": names.HASH_TYPE, "content": sha512}
