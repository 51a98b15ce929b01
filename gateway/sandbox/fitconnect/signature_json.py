"""JAdES-B-B signatures as a strict receiver checks them, by a library that did not make them (joserfc).

Knows: the header that ETSI TS 119 182-1 V1.2.1 §6.3 asks for at level B-B, and what it must not hold here.
Never does: follow an address in a header, or judge a trust list. Start reading: `check`.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry

from gateway.sandbox.fitconnect import certificate
from gateway.sandbox.fitconnect.certificate import Refused, require

ALGORITHMS: Final = ("PS512", "ES256", "ES384", "ES512")
_ALLOWED: Final = frozenset({"alg", "cty", "iat", "kid", "typ", "x5c", "x5t#S256", "x5t#o"})
_EC: Final = "1.2.840.10045.2.1"
_DIGESTS: Final = {"S384": hashlib.sha384, "S512": hashlib.sha512}


def check(token: str, document: bytes, media_type: str, now: datetime) -> x509.Certificate:
    """The certificate whose key signed `document`. Refused with a sentence where a rule is broken."""
    protected, payload, signature = _segments(token)
    require(not payload, "The JSON signature is not detached")
    attached = f"{protected}.{base64.urlsafe_b64encode(document).rstrip(b'=').decode()}.{signature}"
    try:
        header = jws.extract_compact(attached.encode(), registry=_registry()).headers()
    except (JoseError, ValueError):
        raise Refused("The JSON signature cannot be read") from None
    require(set(header) <= _ALLOWED, "The header of the JSON signature holds what a B-B signature does not need")
    require(header.get("cty", media_type) == media_type, "The header names another media type than the metadata")
    leaf = _leaf(header)
    signed_at = header.get("iat")
    require(type(signed_at) is int, "The header holds no signing time (iat)")
    certificate.check(leaf, datetime.fromtimestamp(int(str(signed_at)), UTC), now)
    verify(attached, leaf)
    return leaf


def verify(token: str, leaf: x509.Certificate) -> None:
    """Refused where a compact JWS is not signed by the certificate's key."""
    try:
        key = _key(leaf.public_bytes(Encoding.DER))
        jws.deserialize_compact(token.encode(), key, algorithms=list(ALGORITHMS), registry=_registry())
    except (JoseError, ValueError, TypeError):
        raise Refused("The signature of the document does not verify") from None


@lru_cache(maxsize=32)
def _key(der: bytes) -> ECKey | RSAKey:
    """The key of a certificate; a town signs many documents with one."""
    leaf = x509.load_der_x509_certificate(der)
    kind = ECKey if leaf.public_key_algorithm_oid.dotted_string == _EC else RSAKey
    return kind.import_key(leaf.public_key())  # type: ignore[arg-type] # the kind follows from the certificate


@cache
def _registry() -> JWSRegistry:
    registry = JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)
    registry.max_header_length = 64 * 1024
    registry.max_payload_length = 1 << 26
    return registry


def _segments(token: str) -> list[str]:
    segments = token.split(".")
    require(len(segments) == 3 and token.isascii(), "The JSON signature is no compact JWS")
    return segments


def _leaf(header: dict[str, Any]) -> x509.Certificate:
    chain = certificate.chain(header.get("x5c"))
    der = base64.b64decode(header["x5c"][0])
    require(("x5t#S256" in header) != ("x5t#o" in header), "The header does not name the certificate's digest once")
    named = header.get("x5t#o", {"digVal": header.get("x5t#S256")})
    require(isinstance(named, dict), "The header names no digest of the certificate")
    algorithm = hashlib.sha256 if "x5t#S256" in header else _DIGESTS.get(named.get("digAlg"))
    if algorithm is None:
        raise Refused("The header names the certificate by a digest that is not accepted")
    digest = base64.urlsafe_b64encode(algorithm(der).digest()).rstrip(b"=").decode()
    require(named.get("digVal") == digest, "The header's certificate digest is not that of the certificate")
    return chain[0]
