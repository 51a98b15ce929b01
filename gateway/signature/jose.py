"""Signatures in JSON: detached JWS, plain or as JAdES at level B-B.

Knows: which header a signature carries. Never does: sign anything but the bytes handed in, or put them into the token.
Standards: RFC 7515 App. F (detached content), ETSI TS 119 182-1 V1.2.1 §5.1 and §6.3: signing time as `iat` (new
signatures carry no `sigT` since 2025), certificate by `x5t#S256` (§5.1.7) and `x5c` (§5.1.8), `cty` (§5.1.3).
No `kid` there: §5.1.4 keeps it for issuer and serial number. No `sigD` (§5.2.8): it names objects elsewhere, and here
the content is the one that the metadata go with; so nothing is critical and any JOSE library verifies it.
Start reading: `jades`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives import hashes

from gateway.crypto import base64url
from gateway.crypto import header as protected_header
from gateway.errors import CryptoFailure
from gateway.signature.mechanism import Mechanism
from gateway.signature.signer import Signer


def jws(signer: Signer, how: Mechanism, content: bytes) -> str:
    """A plain detached JWS over `content` with `kid` and, where there is one, the chain."""
    chain = {"x5c": list(signer.identity.x5c)} if signer.identity.chain else {}
    return _detached(signer, how, {"alg": how.jose, "kid": signer.identity.kid, **chain}, content)


def jades(signer: Signer, how: Mechanism, content: bytes, *, at: datetime, media_type: str) -> str:
    """A detached JAdES-B-B signature over `content`; the signer's identity has a certificate.

    `at` is the claimed signing time (whole seconds, aware), `media_type` that of `content`.
    """
    if not signer.identity.chain:
        raise CryptoFailure
    header = {
        "alg": how.jose,
        "cty": media_type,
        "iat": int(at.timestamp()),
        "x5t#S256": base64url.encode(signer.identity.chain[0].fingerprint(hashes.SHA256())).decode("ascii"),
        "x5c": list(signer.identity.x5c),
    }
    return _detached(signer, how, header, content)


def _detached(signer: Signer, how: Mechanism, header: Mapping[str, Any], content: bytes) -> str:
    protected = protected_header.write(header)
    signature = signer.sign(how, protected + b"." + base64url.encode(content))
    return b"..".join((protected, base64url.encode(signature))).decode("ascii")
