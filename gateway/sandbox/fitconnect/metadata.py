"""The rules of metadata 2.x, checked against the official schema file where one is given, else against our own.

Knows: metadata 2.0.0 and 2.1.0 (they differ in one length). Never does: fetch a schema.
Standard: FIT-Connect metadata 2.0.0 and 2.1.0, JSON Schema 2020-12; formats are asserted. Our rule set says the same in
its own words. Start reading: `Rules.broken`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import jsonschema_rs

from gateway.fitconnect import names

Schema = dict[str, Any]
_URI: Final = re.compile(rf"^{re.escape(names.METADATA_PREFIX)}(\d+\.\d+\.\d+){re.escape(names.METADATA_SUFFIX)}$")
_TEXT: Final[Schema] = {"type": "string"}
_URL: Final[Schema] = {"type": "string", "format": "uri"}
_ID: Final[Schema] = {"type": "string", "format": "uuid", "minLength": 32, "maxLength": 36}
_SHORT: Final[Schema] = {"type": "string", "pattern": r"^[\w\d-]+$", "minLength": 1, "maxLength": 36}
_ADES: Final = [f"http://uri.etsi.org/ades/191x2/level/baseline/B-{level}#" for level in ("B", "T", "LT", "LTA")]


def version_of(uri: object) -> str | None:
    """The version that a metadata `$schema` names, None where it is no such URI."""
    match = _URI.match(uri) if isinstance(uri, str) else None
    return match[1] if match else None


class Rules:
    """Compiled rules for each version. `directory` may hold official schema files, found by their `$id`."""

    def __init__(self, directory: Path | None = None) -> None:
        schemas = {version: _own(version) for version in names.METADATA_VERSIONS}
        self.official: set[str] = set()
        for file in sorted(directory.rglob("*.json")) if directory else ():
            document = _read(file)
            version = version_of(document.get("$id"))
            if version in schemas:
                schemas[version] = _without_multiple(document)
                self.official.add(version)
        self._validators = {
            v: jsonschema_rs.validator_for(s, validate_formats=True) for v, s in schemas.items() if v is not None
        }

    def broken(self, metadata: Mapping[str, Any], version: str) -> list[str]:
        """Pointers of all broken rules, empty where the metadata keep them; values are not repeated."""
        pointers = ["/" + "/".join(map(str, e.instance_path)) for e in self._validators[version].iter_errors(metadata)]
        payment = metadata.get("paymentInformation")
        amount = payment.get("grossAmount") if isinstance(payment, Mapping) else None
        if isinstance(amount, int | float) and not isinstance(amount, bool) and Decimal(repr(amount)) % Decimal("0.01"):
            pointers.append("/paymentInformation/grossAmount")
        return pointers

    def knows(self, version: str | None) -> bool:
        """Whether there are rules for a version."""
        return version in self._validators


def _read(file: Path) -> Schema:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _without_multiple(schema: Schema) -> Schema:
    """The schema without `multipleOf 0.01`, which binary floats break; `broken` checks it in decimals."""
    amount = schema.get("properties", {}).get("paymentInformation", {}).get("properties", {}).get("grossAmount", {})
    amount.pop("multipleOf", None)
    return schema


def _object(required: tuple[str, ...] = (), **properties: Schema) -> Schema:
    return {"type": "object", "required": list(required), "properties": properties}


def _hash() -> Schema:
    return _object(
        ("type", "content"), type={"const": names.HASH_TYPE}, content={"type": "string", "pattern": "^[a-f0-9]{128}$"}
    )


def _signature() -> Schema:
    return _object(
        ("signatureFormat", "detachedSignature"),
        signatureFormat={"enum": ["cms", "xml", "pdf", "asic", "json"]},
        detachedSignature={"type": "boolean"},
        eidasAdesProfile={"enum": _ADES},
        content={"type": "string", "pattern": "^[a-zA-Z0-9+/=]+|[a-zA-Z0-9_-]+$"},
    )


def _content_structure() -> Schema:
    data = _object(
        ("hash", "submissionSchema"),
        hash=_hash(),
        signature=_signature(),
        submissionSchema=_object(("schemaUri", "mimeType"), schemaUri=_URL, mimeType={"enum": [names.JSON, names.XML]}),
    )
    attachment = _object(
        ("hash", "purpose", "mimeType", "attachmentId"),
        hash=_hash(),
        signature=_signature(),
        purpose={"enum": ["form", "attachment", "report", "data"]},
        filename=_TEXT,
        description=_TEXT,
        mimeType={"type": "string", "pattern": r"^[-\w.]+/[-\w.+]+$"},
        attachmentId=_ID,
        fragments={"type": "array", "uniqueItems": True, "minItems": 1, "items": _ID},
    )
    return _object(("attachments", "data"), data=data, attachments={"type": "array", "items": attachment})


def _payment() -> Schema:
    return _object(
        ("transactionReference", "transactionId", "paymentMethod", "status"),
        transactionUrl=_URL | {"minLength": 1},
        transactionId=_SHORT,
        transactionReference=_TEXT,
        transactionTimestamp={"type": "string", "format": "date-time"},
        paymentMethod={"enum": ["GIROPAY", "PAYDIRECT", "CREDITCARD", "PAYPAL", "INVOICE", "OTHER"]},
        paymentMethodDetail=_SHORT,
        status={"enum": ["INITIAL", "BOOKED", "FAILED", "CANCELED"]},
        grossAmount={"type": "number", "minimum": 0.01},
    )


def _reply_channel(version: str) -> Schema:
    mail = {"type": "string", "format": "email"}
    key = _object(
        ("kty", "key_ops", "alg", "kid", "n", "e"),
        kty={"const": "RSA"},
        key_ops={"type": "array", "items": {"const": names.KEY_OPS_ENCRYPT}},
        alg={"const": names.JWE_ALG},
        kid={"type": "string", "minLength": names.KID_LENGTH[0], "maxLength": names.KID_LENGTH[1]},
        n={"type": "string", "minLength": names.MODULUS_MIN_CHARS},
        e={"const": "AQAB"},
    )
    standards = {"type": "array", "minItems": 1, "items": _URL}
    pgp = {"type": "string", "pattern": "^-----BEGIN PGP PUBLIC KEY BLOCK-----\\n\\n"}
    reference = {"type": "string", "maxLength": 150, "pattern": "^[-._a-z0-9~/]+$"}
    file_mark = {"type": "string", "maxLength": 60 if version != "2.0.0" else 10}
    channels = _object(
        (),
        eMail=_object(("address",), address=mail, pgpPublicKey=pgp),
        deMail=_object(("address",), address=mail),
        fink=_object(("finkPostfachRef",), finkPostfachRef=reference, host=_URL),
        elster=_object(("accountId",), accountId=_TEXT, lieferTicket=_TEXT, geschaeftszeichen=file_mark),
        fitConnect=_object(
            ("processStandards", "encryptionPublicKey"), processStandards=standards, encryptionPublicKey=key
        ),
        idBundDeMailbox=_object(("mailboxUuid",), mailboxUuid=_ID),
    )
    return channels | {"minProperties": 1, "maxProperties": 1}


def _data_set() -> Schema:
    kinds = [names.JSON, names.XML, names.JOSE]
    return _object(
        ("dataSetId", "schema", "hash", "content"),
        dataSetId={"type": "string", "format": "uuid"},
        schema=_object(("schemaUri", "mimeType"), schemaUri=_URL, mimeType={"enum": kinds}),
        hash=_hash(),
        description=_TEXT,
        content={},
    )


def _own(version: str) -> Schema:
    reference = _object(
        (),
        senderReference=_TEXT,
        applicationDate={"type": "string", "format": "date"},
        idBundDeApplicationId=_ID,
        zustimmungZumDigitalenBescheid={"type": "boolean"},
    )
    product = _object(
        ("name", "version", "manufacturer"), name=_TEXT, description=_TEXT, version=_TEXT, manufacturer=_TEXT
    )
    root = _object(
        ("$schema", "contentStructure"),
        contentStructure=_content_structure(),
        paymentInformation=_payment(),
        replyChannel=_reply_channel(version),
        additionalReferenceInfo=reference | {"additionalProperties": False},
        author=_object(("name", "product"), name=_TEXT, description=_TEXT, url=_TEXT, product=product),
        dataSets={"type": "array", "items": _data_set()},
    )
    root["properties"]["$schema"] = {"type": "string", "pattern": names.METADATA_2_PATTERN}
    return root | {"$schema": "https://json-schema.org/draft/2020-12/schema"}
