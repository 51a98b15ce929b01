"""The document's signature, as a careful authority would check it: detached, PS512, over exactly the bytes received.

Knows: where the signing key comes from: a configured JWK set by `kid`, else `x5c` or `jwk` of the JWS header.
Never does: judge who the signer is without a configured set; a sandbox has no trust list of municipalities.
Standard: RFC 7515 App. F, metadata 2.x `contentStructure.data.signature`. Start reading: `check`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from gateway.crypto import jws
from gateway.crypto.keys import VerifyKey, verify_key
from gateway.errors import CryptoFailure, KeyUnfit
from gateway.fitconnect import names


def check(signature: object, document: bytes, signers: Path | None = None) -> str | None:
    """None where `signature` (the metadata's object) signs `document`, else a sentence that says what is wrong."""
    if not isinstance(signature, Mapping):
        return "The document is not signed"
    if (
        signature.get("signatureFormat") != names.SIGNATURE_FORMAT_JSON
        or signature.get("detachedSignature") is not True
    ):
        return "The signature is no detached JSON Web Signature"
    token = _token(signature.get("content"))
    try:
        header = jws.header_of(token)
        if header.get("alg") != names.SIGNATURE_ALG:
            return "The signature does not use PS512"
        jws.verify_detached(token, document, _key(header, signers), alg=names.SIGNATURE_ALG)
    except (CryptoFailure, KeyUnfit, ValueError, OSError):
        return "The signature of the document does not verify"
    return None


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
