"""The rules of metadata 2.0.0 and 2.1.0 as a JSON Schema of our own, in our own words.

Knows: which members metadata may hold and what each must look like; a test compares its verdicts with the official
files where those are installed. Never does: I/O, validation itself (`metadata.faults`).
Standard: FIT-Connect metadata 2.0.0, 2.1.0 (JSON Schema 2020-12). Start reading: `schema`.

The two versions differ in one length: `replyChannel.elster.geschaeftszeichen` (10 and 60 characters).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gateway.fitconnect import names

Rule = dict[str, Any]

_UUID: Final[Rule] = {"type": "string", "format": "uuid", "minLength": 32, "maxLength": 36}
_URI: Final[Rule] = {"type": "string", "format": "uri"}
_TEXT: Final[Rule] = {"type": "string"}
_EMAIL: Final[Rule] = {"type": "string", "format": "email"}
_ADES: Final = "http://uri.etsi.org/ades/191x2/level/baseline/"
_ELSTER_REFERENCE: Final[Mapping[str, int]] = {"2.0.0": 10, "2.1.0": 60}


def schema(version: str) -> Rule:
    """The JSON Schema of one version in `names.METADATA_VERSIONS`; KeyError for any other."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": f"The rules of FIT-Connect metadata {version}, written by the OZG gateway.",
        **_object(
            {"$schema": {"type": "string", "pattern": names.METADATA_2_PATTERN}, "contentStructure": _content()},
            required=("$schema", "contentStructure"),
            paymentInformation=_payment(),
            replyChannel=_reply_channel(_ELSTER_REFERENCE[version]),
            additionalReferenceInfo=_reference(),
            author=_author(),
            dataSets={"type": "array", "items": _data_set()},
        ),
    }


def _object(properties: Rule, *, required: tuple[str, ...], **more: Rule) -> Rule:
    return {"type": "object", "properties": {**properties, **more}, "required": list(required)}


def _all(**properties: Rule) -> Rule:
    return _object(properties, required=tuple(properties))


def _one_of(*values: str) -> Rule:
    return {"type": "string", "enum": list(values)}


def _hash() -> Rule:
    return _all(type=_one_of(names.HASH_TYPE), content={"type": "string", "pattern": "^[a-f0-9]{128}$"})


def _signature() -> Rule:
    return _object(
        {
            "signatureFormat": _one_of("cms", "xml", "pdf", "asic", "json"),
            "detachedSignature": {"type": "boolean"},
            "eidasAdesProfile": _one_of(*(f"{_ADES}{level}#" for level in ("B-B", "B-T", "B-LT", "B-LTA"))),
            # as published: the anchors bind only one branch each, so the dots of a compact JWS are allowed
            "content": {"type": "string", "pattern": "^[a-zA-Z0-9+/=]+|[a-zA-Z0-9_-]+$"},
        },
        required=("signatureFormat", "detachedSignature"),
    )


def _content() -> Rule:
    data = _object(
        {"hash": _hash(), "submissionSchema": _all(schemaUri=_URI, mimeType=_one_of(names.JSON, names.XML))},
        required=("hash", "submissionSchema"),
        signature=_signature(),
    )
    return _all(data=data, attachments={"type": "array", "items": _attachment()})


def _attachment() -> Rule:
    return _object(
        {
            "hash": _hash(),
            "purpose": _one_of("form", "attachment", "report", "data"),
            "mimeType": {"type": "string", "pattern": r"^[-\w.]+/[-\w.+]+$"},
            "attachmentId": _UUID,
        },
        required=("hash", "purpose", "mimeType", "attachmentId"),
        filename=_TEXT,
        description=_TEXT,
        signature=_signature(),
        fragments={
            "type": "array",
            "uniqueItems": True,
            "contains": {"type": "string"},
            "minContains": 1,
            "items": _UUID,
        },
    )


def _payment() -> Rule:
    token = {"type": "string", "minLength": 1, "maxLength": 36, "pattern": r"^[\w\d-]+$"}
    return _object(
        {
            "transactionReference": _TEXT,
            "transactionId": token,
            "paymentMethod": _one_of("GIROPAY", "PAYDIRECT", "CREDITCARD", "PAYPAL", "INVOICE", "OTHER"),
            "status": _one_of("INITIAL", "BOOKED", "FAILED", "CANCELED"),
        },
        required=("transactionReference", "transactionId", "paymentMethod", "status"),
        transactionUrl={**_URI, "minLength": 1},
        transactionTimestamp={"type": "string", "format": "date-time"},
        paymentMethodDetail=token,
        grossAmount={"type": "number", "minimum": 0.01, "multipleOf": 0.01},
    )


def _reply_channel(reference_length: int) -> Rule:
    pgp = {"type": "string", "pattern": "^-----BEGIN PGP PUBLIC KEY BLOCK-----\\n\\n"}
    fink = {"type": "string", "maxLength": 150, "pattern": "^[-._a-z0-9~/]+$"}
    reference = {"type": "string", "maxLength": reference_length}
    channel = _object(
        {
            "eMail": _object({"address": _EMAIL}, required=("address",), pgpPublicKey=pgp),
            "deMail": _all(address=_EMAIL),
            "fink": _object({"finkPostfachRef": fink}, required=("finkPostfachRef",), host=_URI),
            "elster": _object(
                {"accountId": _TEXT}, required=("accountId",), lieferTicket=_TEXT, geschaeftszeichen=reference
            ),
            "fitConnect": _all(
                processStandards={"type": "array", "minItems": 1, "items": _URI}, encryptionPublicKey=_public_key()
            ),
            "idBundDeMailbox": _all(mailboxUuid=_UUID),
        },
        required=(),
    )
    return {**channel, "minProperties": 1, "maxProperties": 1}


def _public_key() -> Rule:
    shortest, longest = names.KID_LENGTH
    return _all(
        kty=_one_of("RSA"),
        key_ops={"type": "array", "items": _one_of(names.KEY_OPS_ENCRYPT)},
        alg=_one_of(names.JWE_ALG),
        kid={"type": "string", "minLength": shortest, "maxLength": longest},
        n={"type": "string", "minLength": names.MODULUS_MIN_CHARS},
        e=_one_of("AQAB"),
    )


def _reference() -> Rule:
    members = {
        "senderReference": _TEXT,
        "applicationDate": {"type": "string", "format": "date"},
        "idBundDeApplicationId": _UUID,
        "zustimmungZumDigitalenBescheid": {"type": "boolean"},
    }
    return {**_object(members, required=()), "additionalProperties": False}


def _author() -> Rule:
    product = _object(
        {"name": _TEXT, "version": _TEXT, "manufacturer": _TEXT},
        required=("name", "version", "manufacturer"),
        description=_TEXT,
    )
    return _object({"name": _TEXT, "product": product}, required=("name", "product"), description=_TEXT, url=_TEXT)


def _data_set() -> Rule:
    return _object(
        {
            "dataSetId": {"type": "string", "format": "uuid"},
            "schema": _all(schemaUri=_URI, mimeType=_one_of(names.JSON, names.XML, names.JOSE)),
            "hash": _hash(),
            "content": {},
        },
        required=("dataSetId", "schema", "hash", "content"),
        description=_TEXT,
    )
