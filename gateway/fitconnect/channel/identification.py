"""The identification report of a submission as a data set of its metadata: written, signed by the municipality, packed.

Knows: that a detached signature and what it signs are a whole JWS. Never does: choose a key, HTTP.
Standard: RFC 7515 (compact serialisation, appendix F). Start reading: `described`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.crypto import base64url
from gateway.errors import InternalError
from gateway.fitconnect import names
from gateway.fitconnect.identification_report import Reported, report
from gateway.fitconnect.metadata import Account, DataSet
from gateway.model import PLAIN_JWS, Document, Signature
from gateway.ports.keys import Keys


@dataclass(frozen=True, slots=True)
class Described:
    """What goes into the metadata for a login, and what evidence keeps of it (no name)."""

    data_sets: tuple[DataSet, ...] = ()
    account: Account | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


NOBODY: Final = Described()


async def described(keys: Keys, reported: Reported, reply_channels: frozenset[str]) -> Described:
    """The report, signed with the key that signs the municipality's documents, and the account's handles.

    Answers are asked for in the mailbox only where the destination offers that. Raises `SigningKeyUnfit`, `SignerAway`.
    """
    content, identity = report(reported), reported.identity
    document = Document(
        content=content,
        standard="identification-report",
        schema_uri=names.IDENTIFICATION_REPORT,
        namespace="",
        media_type=names.JSON,
        sha256=hashlib.sha256(content).hexdigest(),
    )
    signature = await keys.sign_document(reported.municipality, document, PLAIN_JWS)
    compact = _whole(signature, content)
    facts = {
        "identification_report": {
            "sha512": hashlib.sha512(compact.encode()).hexdigest(),
            "algorithm": signature.algorithm,
            "kid": signature.kid,
        }
    }
    mailbox = identity.mailbox if names.MAILBOX_CHANNEL in reply_channels else None
    return Described(
        (DataSet(reported.report_id, names.IDENTIFICATION_REPORT, names.JOSE, compact),),
        Account(mailbox, identity.application_id),
        facts,
    )


def _whole(signature: Signature, content: bytes) -> str:
    """The compact JWS of a detached signature and what it signs."""
    header, dots, value = (signature.content or "").partition("..")
    if not dots:
        raise InternalError(rule="detached_signature")
    return f"{header}.{base64url.encode(content).decode()}.{value}"
