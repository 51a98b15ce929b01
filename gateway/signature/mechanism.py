"""Signature mechanisms: one for each key and format, with its names in JOSE and XML.

Knows: RSA with PSS (JOSE) and PKCS#1 v1.5 (XML), ECDSA with the hash that fits the curve. Never does: choose a hash
below SHA-256, or sign with a curve that a format has no name for. Standards: RFC 7518 §3, RFC 9231 §2.3 (XML
identifiers), ETSI TS 119 312 (which of them). Start reading: `choose`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature, encode_dss_signature

from gateway.crypto.border import silent
from gateway.errors import CryptoFailure
from gateway.model import SignatureFormat

SigningPublicKey: TypeAlias = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
SigningPrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_XML: Final = "http://www.w3.org/2001/04/xmldsig-more#"


@dataclass(frozen=True, slots=True)
class Mechanism:
    """`name` is what an external signer is told; `jose` and `xml` are the identifiers, None where there is none."""

    name: str
    hash: hashes.HashAlgorithm
    jose: str | None
    xml: str | None

    def digest(self, message: bytes) -> bytes:
        """The digest of `message` that is signed."""
        hasher = hashes.Hash(self.hash)
        hasher.update(message)
        return hasher.finalize()


RSA_PSS: Final = Mechanism("RSA-PSS-SHA512", hashes.SHA512(), "PS512", None)
RSA_PKCS1: Final = Mechanism("RSA-PKCS1-SHA512", hashes.SHA512(), None, f"{_XML}rsa-sha512")
_SHA256, _SHA384, _SHA512 = hashes.SHA256(), hashes.SHA384(), hashes.SHA512()
_BY_CURVE: Final = {
    "secp256r1": Mechanism("ECDSA-SHA256", _SHA256, "ES256", f"{_XML}ecdsa-sha256"),
    "secp384r1": Mechanism("ECDSA-SHA384", _SHA384, "ES384", f"{_XML}ecdsa-sha384"),
    "secp521r1": Mechanism("ECDSA-SHA512", _SHA512, "ES512", f"{_XML}ecdsa-sha512"),
    "brainpoolP256r1": Mechanism("ECDSA-SHA256", _SHA256, None, f"{_XML}ecdsa-sha256"),
    "brainpoolP384r1": Mechanism("ECDSA-SHA384", _SHA384, None, f"{_XML}ecdsa-sha384"),
    "brainpoolP512r1": Mechanism("ECDSA-SHA512", _SHA512, None, f"{_XML}ecdsa-sha512"),
}


def choose(key: SigningPublicKey, signature_format: SignatureFormat) -> Mechanism | None:
    """How this key signs in that format; None where it cannot."""
    if isinstance(key, rsa.RSAPublicKey):
        return RSA_PKCS1 if signature_format is SignatureFormat.XADES else RSA_PSS
    mechanism = _BY_CURVE.get(key.curve.name)
    if mechanism is None:
        return None
    named = mechanism.xml if signature_format is SignatureFormat.XADES else mechanism.jose
    return mechanism if named else None


def sign(mechanism: Mechanism, key: SigningPrivateKey, message: bytes) -> bytes:
    """The signature as JOSE and XML write it: RSA octets, or r and s side by side (RFC 7518 §3.4)."""
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, _padding(mechanism), mechanism.hash)
    return joined(key.sign(message, ec.ECDSA(mechanism.hash)), key.curve)


@silent
def verify(mechanism: Mechanism, key: SigningPublicKey, digest: bytes, signature: bytes) -> None:
    """Return where `signature` (as `sign` writes it) is right for the digest; CryptoFailure else."""
    hashed = Prehashed(mechanism.hash)
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, digest, _padding(mechanism), hashed)
        return
    size = octets(key.curve)
    if len(signature) != 2 * size:
        raise CryptoFailure
    r, s = int.from_bytes(signature[:size]), int.from_bytes(signature[size:])
    key.verify(encode_dss_signature(r, s), digest, ec.ECDSA(hashed))


@silent
def joined(der: bytes, curve: ec.EllipticCurve) -> bytes:
    """An ECDSA signature in DER as r and s side by side. CryptoFailure where it is none of that curve."""
    size = octets(curve)
    r, s = decode_dss_signature(der)
    return r.to_bytes(size) + s.to_bytes(size)


def octets(curve: ec.EllipticCurve) -> int:
    """Bytes of r and of s; the order of each curve here has as many bits as its field."""
    return (curve.key_size + 7) // 8


def _padding(mechanism: Mechanism) -> padding.AsymmetricPadding:
    if mechanism is RSA_PSS:
        return padding.PSS(padding.MGF1(mechanism.hash), mechanism.hash.digest_size)
    if mechanism is RSA_PKCS1:
        return padding.PKCS1v15()
    raise CryptoFailure
