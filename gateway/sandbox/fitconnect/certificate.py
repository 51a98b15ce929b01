"""The signing certificate of a document, as a strict receiver judges it without a trust list.

Knows: order of a chain, validity at signing time, key usage, strength. Never does: decide whose certificate it may be,
unless a set of known signers is given. Standards: RFC 5280, ETSI TS 119 312. Start reading: `check`.
"""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry

_AHEAD: Final = timedelta(minutes=5)
_CURVES: Final = frozenset(
    {"secp256r1", "secp384r1", "secp521r1", "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1"}
)


class Refused(Exception):
    """A broken rule as a sentence for the rejection."""


def require(kept: bool, sentence: str) -> None:
    """Refused with the sentence where the rule is not kept."""
    if not kept:
        raise Refused(sentence)


def chain(entries: object) -> list[x509.Certificate]:
    """Certificates in base64 DER, the signer's first, each issued by the next one."""
    if not isinstance(entries, list) or not 0 < len(entries) <= 10:
        raise Refused("The signature holds no certificate")
    try:
        return list(_proven(tuple(entries)))
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, x509.InvalidVersion):
        raise Refused("The certificates of the signature are no chain") from None


@lru_cache(maxsize=32)
def _proven(entries: tuple[str, ...]) -> tuple[x509.Certificate, ...]:
    """A town signs many documents with one chain; what does not hold is judged anew each time."""
    certificates = tuple(x509.load_der_x509_certificate(base64.b64decode(entry, validate=True)) for entry in entries)
    for below, above in pairwise(certificates):
        below.verify_directly_issued_by(above)
    return certificates


def check(leaf: x509.Certificate, signed_at: datetime, now: datetime) -> None:
    """Judge the signer's certificate at the time of signing."""
    require(signed_at <= now + _AHEAD, "The signing time lies in the future")
    require(leaf.not_valid_before_utc <= signed_at <= leaf.not_valid_after_utc, "The certificate was not valid then")
    key = leaf.public_key()
    strong = isinstance(key, rsa.RSAPublicKey) and key.key_size >= 3072
    require(strong or (isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES), "The key is too weak")
    try:
        usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        raise Refused("The certificate names no key usage") from None
    require(usage.digital_signature or usage.content_commitment, "The certificate is not for signatures")


def require_known(leaf: x509.Certificate, signers: Path | None) -> None:
    """Where a JWK set of signers is given, the certificate's key must be among them."""
    if signers is None:
        return
    try:
        keys = json.loads(signers.read_text(encoding="utf-8")).get("keys", [])
        known = {_spki(JWKRegistry.import_key(jwk).public_key) for jwk in keys}
    except (OSError, ValueError, JoseError):
        known = set()
    require(_spki(leaf.public_key()) in known, "The signature is by nobody who is known")


def _spki(key: Any) -> bytes:  # noqa: ANN401 - any kind of public key
    spki: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return spki
