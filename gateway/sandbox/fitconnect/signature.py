"""The document's signature, as a careful authority would check it, over exactly the bytes received.

Knows: plain detached JWS, JAdES and XAdES at level B-B; where the key comes from: a configured JWK set, else the
signature's certificate or `jwk`. Never does: judge who the signer is without a configured set; a sandbox has no trust
list of municipalities. Standards: RFC 7515 App. F, metadata 2.x `contentStructure.data.signature`; see
`signature_json` and `signature_xml`. Start reading: `check`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from gateway.crypto import jws
from gateway.crypto.keys import VerifyKey, verify_key
from gateway.errors import CryptoFailure, KeyUnfit
from gateway.fitconnect import names
from gateway.sandbox.fitconnect import certificate, signature_json
from gateway.sandbox.fitconnect.certificate import require


def check(
    signature: object, document: bytes, signers: Path | None = None, *, media_type: str, now: datetime
) -> str | None:
    """None where `signature` (the metadata's object) signs `document`, else a sentence that says what is wrong."""
    if not isinstance(signature, Mapping):
        return "The document is not signed"
    try:
        _check(signature, document, signers, media_type, now)
    except certificate.Refused as refused:
        return str(refused)
    except (CryptoFailure, KeyUnfit, ValueError, OSError):
        return "The signature of the document does not verify"
    return None


def _check(signature: Mapping[str, Any], document: bytes, signers: Path | None, media_type: str, now: datetime) -> None:
    kind, profile = signature.get("signatureFormat"), signature.get("eidasAdesProfile")
    detached = signature.get("detachedSignature") is True
    content = signature.get("content")
    require(profile in {None, names.ADES_B_B}, "The profile of the signature is not supported")
    if kind == names.SIGNATURE_FORMAT_XML and profile:
        leaf = _in_xml(content, document, media_type, now, detached=detached)
    elif kind == names.SIGNATURE_FORMAT_JSON and profile and detached:
        leaf = signature_json.check(_token(content), document, media_type, now)
    elif kind == names.SIGNATURE_FORMAT_JSON and detached:
        return _plain(_token(content), document, signers)
    else:
        raise certificate.Refused("The signature is neither detached JSON nor XAdES")
    certificate.require_known(leaf, signers)
    return None


def _in_xml(content: object, document: bytes, media_type: str, now: datetime, *, detached: bool) -> x509.Certificate:
    from gateway.sandbox.fitconnect import signature_xml  # noqa: PLC0415 - lxml is loaded for XML only

    if not detached:
        require(content is None, "The signature stands in the document and beside it")
        return signature_xml.check_inside(document, media_type, now)
    raw = base64.b64decode(str(content), validate=True)
    return signature_xml.check(raw, document, media_type, now)


def _plain(token: str, document: bytes, signers: Path | None) -> None:
    header = jws.header_of(token)
    alg = header.get("alg")
    require(alg in signature_json.ALGORITHMS, "The signature does not use PS512 or ECDSA")
    if alg == names.SIGNATURE_ALG:
        jws.verify_detached(token, document, _key(header, signers), alg=names.SIGNATURE_ALG)
        return
    leaf = certificate.chain(header.get("x5c"))[0]
    certificate.require_known(leaf, signers)
    protected, _, value = token.split(".")
    payload = base64.urlsafe_b64encode(document).rstrip(b"=").decode()
    signature_json.verify(f"{protected}.{payload}.{value}", leaf)


def _token(content: object) -> str:
    """The JWS itself, or what its base64 spells: the schema's text allows both readings."""
    if not isinstance(content, str):
        return ""
    if "." in content:
        return content
    try:
        padded = content + "=" * (-len(content) % 4)
        return base64.b64decode(padded.replace("-", "+").replace("_", "/"), validate=True).decode("ascii")
    except ValueError:
        return ""


def _key(header: Mapping[str, Any], signers: Path | None) -> VerifyKey:
    if signers is not None:
        known = json.loads(signers.read_text(encoding="utf-8")).get("keys", [])
        jwk = next((k for k in known if k.get("kid") == header.get("kid")), None)
        if jwk is None:
            raise CryptoFailure
        return verify_key(jwk)
    if isinstance(header.get("x5c"), list) and header["x5c"] and isinstance(header["x5c"][0], str):
        return _of_certificate(header["x5c"][0])
    if isinstance(header.get("jwk"), dict):
        return verify_key(header["jwk"])
    raise CryptoFailure


@lru_cache
def _of_certificate(text: str) -> VerifyKey:
    leaf = x509.load_der_x509_certificate(base64.b64decode(text, validate=True)).public_key()
    if not isinstance(leaf, rsa.RSAPublicKey) or leaf.key_size < names.MODULUS_BITS:
        raise CryptoFailure
    return leaf
