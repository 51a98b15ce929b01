"""Compact and detached JWS: PS512, EdDSA (Ed25519) and ES256; for ID tokens also RS256 and PS256.

Knows: the framing of RFC 7515 §7.1 and Appendix F, and five algorithms. Never does: choose a key by what a token
says, follow `jku`, `jwk` or `x5c`, accept another algorithm than the caller named, or parse a key: keys are objects.
Standards: RFC 7515, RFC 7518 §3.3 to §3.5 (salt of the hash's length), RFC 8037, RFC 9864. Start reading: `verify`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from gateway.crypto import base64url
from gateway.crypto import header as protected_header
from gateway.crypto.border import silent
from gateway.crypto.keys import PrivateKey, PublicKey, VerifyKey
from gateway.errors import CryptoFailure

PS512: Final = "PS512"
EDDSA: Final = "EdDSA"
ED25519: Final = "Ed25519"  # the same by its name of RFC 9864; taken, never written
ES256: Final = "ES256"
RS256: Final = "RS256"
PS256: Final = "PS256"

HEADER_LIMIT: Final = 64 * 1024  # characters; room for an x5c chain of RSA-4096 certificates
TOKEN_LIMIT: Final = 16 * 1024 * 1024  # characters
_RSA_BITS_LEAST: Final = 2048  # the standard's floor (RFC 7518 §3.5); FIT-Connect's own, 4096, is a rule of `keys`
_FORBIDDEN: Final = frozenset({"crit", "b64"})
_CURVE_OCTETS: Final = 32
_RSA_HASHES: Final[Mapping[str, hashes.HashAlgorithm]] = {
    PS512: hashes.SHA512(),
    PS256: hashes.SHA256(),
    RS256: hashes.SHA256(),
}


def sign(payload: bytes, key: PrivateKey, header: Mapping[str, Any]) -> str:
    """A compact JWS over `payload`.

    `alg` and `kid` are the key's and need not stand in `header`; where they do, they must agree, else CryptoFailure.
    """
    protected = _protected(key, header)
    body = base64url.encode(payload)
    signature = base64url.encode(_sign(b".".join((protected, body)), key))
    return b".".join((protected, body, signature)).decode("ascii")


def sign_detached(content: bytes, key: PrivateKey, header: Mapping[str, Any]) -> str:
    """A JWS over `content` with an empty payload part, `header..signature` (RFC 7515 App. F)."""
    protected, _, signature = sign(content, key, header).split(".")
    return f"{protected}..{signature}"


@silent
def header_of(token: str) -> Mapping[str, Any]:
    """The header of a compact or detached JWS, before anything is verified. CryptoFailure on faults of form."""
    return protected_header.read(_segments(token)[0])


@silent
def unproven(token: str) -> bytes:
    """The payload of a compact JWS, before anything is verified. CryptoFailure on faults of form."""
    return base64url.decode(_segments(token)[1])


@silent
def verify(token: str, key: VerifyKey | PublicKey, *, alg: str) -> bytes:
    """The payload of a compact JWS whose signature is right. CryptoFailure otherwise, whatever the fault.

    `alg` is the one the caller expects (`PS512`, `EdDSA`, `ES256`, …); the token's own must be the same.
    """
    protected, body, signature = _segments(token)
    payload = base64url.decode(body)
    _verify(protected, body, signature, key, alg)
    return payload


@silent
def verify_detached(token: str, content: bytes, key: VerifyKey | PublicKey, *, alg: str) -> None:
    """Return where a detached JWS is a right signature of `content`, else CryptoFailure."""
    protected, body, signature = _segments(token)
    if body:
        raise CryptoFailure
    _verify(protected, base64url.encode(content), signature, key, alg)


def _segments(token: str) -> tuple[bytes, bytes, bytes]:
    if len(token) > TOKEN_LIMIT:
        raise CryptoFailure
    segments = token.encode("ascii").split(b".", 3)
    if len(segments) != 3 or not 0 < len(segments[0]) <= HEADER_LIMIT:
        raise CryptoFailure
    protected, body, signature = segments
    return protected, body, signature


def _protected(key: PrivateKey, header: Mapping[str, Any]) -> bytes:
    members = {"alg": key.alg, "kid": key.kid, **header}
    if members["alg"] != key.alg or members["kid"] != key.kid or _FORBIDDEN & members.keys():
        raise CryptoFailure
    return protected_header.write(members)


def _sign(message: bytes, key: PrivateKey) -> bytes:
    secret = key.key
    if isinstance(secret, rsa.RSAPrivateKey) and key.alg in _RSA_HASHES:
        return secret.sign(message, _padding(key.alg), _RSA_HASHES[key.alg])
    if isinstance(secret, ed25519.Ed25519PrivateKey) and key.alg == EDDSA:
        return secret.sign(message)
    if isinstance(secret, ec.EllipticCurvePrivateKey) and key.alg == ES256:
        r, s = decode_dss_signature(secret.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(_CURVE_OCTETS) + s.to_bytes(_CURVE_OCTETS)
    raise CryptoFailure


def _verify(protected: bytes, body: bytes, signature: bytes, key: VerifyKey | PublicKey, alg: str) -> None:
    members = protected_header.read(protected)
    if members.get("alg") != alg or _FORBIDDEN & members.keys():
        raise CryptoFailure
    message = protected + b"." + body
    raw = base64url.decode(signature)
    public = key.key if isinstance(key, PublicKey) else key
    if isinstance(public, rsa.RSAPublicKey) and alg in _RSA_HASHES:
        if public.key_size < _RSA_BITS_LEAST or len(raw) != (public.key_size + 7) // 8:
            raise CryptoFailure
        public.verify(raw, message, _padding(alg), _RSA_HASHES[alg])
    elif isinstance(public, ed25519.Ed25519PublicKey) and alg in {EDDSA, ED25519}:
        public.verify(raw, message)
    elif isinstance(public, ec.EllipticCurvePublicKey) and alg == ES256 and isinstance(public.curve, ec.SECP256R1):
        if len(raw) != 2 * _CURVE_OCTETS:
            raise CryptoFailure
        r, s = int.from_bytes(raw[:_CURVE_OCTETS]), int.from_bytes(raw[_CURVE_OCTETS:])
        public.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
    else:
        raise CryptoFailure


def _padding(alg: str) -> padding.AsymmetricPadding:
    if alg == RS256:
        return padding.PKCS1v15()
    hashed = _RSA_HASHES[alg]
    return padding.PSS(mgf=padding.MGF1(hashed), salt_length=hashed.digest_size)
