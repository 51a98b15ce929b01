"""Keys as JWK: the rules a foreign public key must keep, and our own private keys, loaded once.

Knows: FIT-Connect's JWK rules, RFC 7517, 7518 §6, 7638, 8037. Never does: fetch a key, judge a
certificate chain (that is `certificates`), or show a private part in a `repr`.
Start reading: `public_key` for theirs, `private_key` for ours.

Every broken rule is a `KeyUnfit` whose `rule` is one of the slugs in `RULES`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal

import pybase64
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from gateway.crypto import base64url, rsa_private
from gateway.crypto.certificates import require
from gateway.crypto.generation import RootCertificate, generate_ec, generate_ed25519, generate_root, generate_rsa
from gateway.errors import KeyUnfit

__all__ = [
    "RULES",
    "PrivateKey",
    "PublicKey",
    "RootCertificate",
    "VerifyKey",
    "digest",
    "generate_ec",
    "generate_ed25519",
    "generate_root",
    "generate_rsa",
    "private_key",
    "public_key",
    "public_members",
    "thumbprint",
    "verify_key",
]

Use = Literal["wrapKey", "verify"]
VerifyKey = rsa.RSAPublicKey | ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey
SecretKey = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey

RULES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "jwk_form": "a JWK is a JSON object",
        "kty": "kty is RSA (private keys also OKP or EC)",
        "private_part": "a public key holds no private part",
        "key_ops": "key_ops is exactly one value: wrapKey or verify (private: unwrapKey or sign)",
        "alg": "alg is RSA-OAEP-256 for wrapKey and PS512 for verify (Ed25519: EdDSA, P-256: ES256)",
        "kid": "kid is a string of 8 to 64 characters",
        "n": "n is the base64url of a modulus of at least 4096 bits: 683 characters or more, no leading zero",
        "e": "e is AQAB",
        "x5c_missing": "x5c holds at least the leaf certificate",
        "x5c_form": "each entry of x5c is the base64 of one DER certificate, at most 10 of them",
        "x5c_leaf": "n and e are those of the leaf certificate",
        "private_form": "all parts of the private key are there and fit together",
        "crv": "crv is Ed25519 or P-256, and the point lies on it",
    }
)

_ALG_OF: Final = {"wrapKey": "RSA-OAEP-256", "verify": "PS512"}
_PUBLIC_OP: Final = {"unwrapKey": "wrapKey", "sign": "verify"}
_PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_KEPT: Final = ("alg", "crv", "e", "key_ops", "kid", "kty", "n", "x", "x5c", "y")
_N_CHARS: Final = 683  # 4096 bits
_N_CHARS_MOST: Final = 2731  # 16384 bits, the most that OpenSSL takes
_MODULUS_BITS: Final = 4096
_CHAIN_MOST: Final = 10


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public RSA key that keeps all rules. `x5c` holds DER certificates, leaf first; `jwk` is as received.

    `sha256` is the key's `digest`.
    """

    kid: str
    key: rsa.RSAPublicKey = field(repr=False)
    x5c: tuple[bytes, ...] = field(repr=False)
    jwk: Mapping[str, Any] = field(repr=False)
    sha256: str


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """One of our keys, loaded once (loading an RSA-4096 key costs a hundred signatures); `alg` is what it is for."""

    kid: str
    key: SecretKey = field(repr=False)
    alg: str
    public_jwk: Mapping[str, Any] = field(repr=False)
    x5c: tuple[bytes, ...] = field(default=(), repr=False)

    @property
    def rsa(self) -> rsa.RSAPrivateKey:
        """The key, where it is an RSA key; TypeError else."""
        if not isinstance(self.key, rsa.RSAPrivateKey):
            raise TypeError(self.kid)
        return self.key


def public_key(jwk: Mapping[str, Any], *, use: Use, x5c_required: bool) -> PublicKey:
    """A foreign RSA key to seal for (`wrapKey`) or to verify with (`verify`), all JWK rules checked.

    The chain in `x5c` is compared with the key but not followed: that is `certificates.check_chain`. KeyUnfit with the
    first rule broken, in the order of `RULES`.
    """
    require(isinstance(jwk, Mapping), "jwk_form")
    require(jwk.get("kty") == "RSA", "kty")
    require(not _PRIVATE_MEMBERS & jwk.keys(), "private_part")
    require(jwk.get("key_ops") == [use], "key_ops")
    require(jwk.get("alg") == _ALG_OF[use], "alg")
    kid = kid_of(jwk)
    key = _rsa_numbers(jwk).public_key()
    x5c = _x5c(jwk, key, required=x5c_required)
    return PublicKey(kid, key, x5c, MappingProxyType(dict(jwk)), digest(jwk))


def verify_key(jwk: Mapping[str, Any]) -> VerifyKey:
    """A public key of RFC 7517 to verify with: RSA of 4096 bits or more, Ed25519 or P-256. KeyUnfit else.

    For JWK sets of our own kind (receipts, evidence); FIT-Connect's keys go through `public_key`.
    """
    require(isinstance(jwk, Mapping), "jwk_form")
    kind = jwk.get("kty")
    if kind == "RSA":
        return _rsa_numbers(jwk).public_key()
    if kind == "OKP":
        return _ed25519_public(jwk)
    require(kind == "EC", "kty")
    return _p256_numbers(jwk)


def private_key(jwk: Mapping[str, Any]) -> PrivateKey:
    """One of our private keys: RSA (`unwrapKey` or `sign`), Ed25519 or P-256. KeyUnfit where it breaks a rule."""
    require(isinstance(jwk, Mapping), "jwk_form")
    kind = jwk.get("kty")
    require(isinstance(kind, str) and kind in {"RSA", "OKP", "EC"}, "kty")
    kid = kid_of(jwk)
    if kind == "RSA":
        return _rsa_private(jwk, kid)
    key, alg = _ed25519_private(jwk) if kind == "OKP" else _p256_private(jwk)
    require(jwk.get("alg", alg) == alg, "alg")
    require(jwk.get("key_ops", ["sign"]) == ["sign"], "key_ops")
    members = ("kty", "crv", "x") if kind == "OKP" else ("kty", "crv", "x", "y")
    public = {**{name: jwk[name] for name in members}, "kid": kid, "alg": alg, "key_ops": ["verify"]}
    return PrivateKey(kid, key, alg, MappingProxyType(public))


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """The SHA-256 thumbprint of an RSA, EC or OKP key (RFC 7638), base64url."""
    names = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}.get(
        str(jwk.get("kty")), ()
    )
    require(bool(names) and all(isinstance(jwk.get(name), str) for name in names), "kty")
    canonical = json.dumps({name: jwk[name] for name in names}, separators=(",", ":"), ensure_ascii=False)
    return base64url.encode(hashlib.sha256(canonical.encode()).digest()).decode("ascii")


def public_members(jwk: Mapping[str, Any]) -> Mapping[str, Any]:
    """The members of a JWK that make the key and its chain; whatever else it holds is left out."""
    return {name: jwk[name] for name in _KEPT if name in jwk}


def digest(jwk: Mapping[str, Any]) -> str:
    """SHA-256 in lower-case hex over the canonical JSON of `public_members`: key, use and certificates in one name."""
    text = json.dumps(public_members(jwk), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def kid_of(jwk: Mapping[str, Any]) -> str:
    """The name of a key. Raises `KeyUnfit` where it has none of 8 to 64 printable characters."""
    kid = jwk.get("kid")
    if not isinstance(kid, str) or not 8 <= len(kid) <= 64 or not kid.isprintable():
        raise KeyUnfit(rule="kid")
    return kid


def _octets(jwk: Mapping[str, Any], name: str, rule: str, size: int | None = None) -> bytes:
    text = jwk.get(name)
    if not isinstance(text, str):
        raise KeyUnfit(rule=rule)
    try:
        octets = base64url.decode(text.encode("ascii"))
    except ValueError:
        raise KeyUnfit(rule=rule) from None
    require(size is None or len(octets) == size, rule)
    return octets


def _rsa_numbers(jwk: Mapping[str, Any]) -> rsa.RSAPublicNumbers:
    text = jwk.get("n")
    require(isinstance(text, str) and _N_CHARS <= len(text) <= _N_CHARS_MOST, "n")
    modulus = _octets(jwk, "n", "n")
    n = int.from_bytes(modulus)
    require(modulus[0] != 0 and n.bit_length() >= _MODULUS_BITS and n % 2 == 1, "n")
    require(jwk.get("e") == "AQAB", "e")
    return rsa.RSAPublicNumbers(65537, n)


def _x5c(jwk: Mapping[str, Any], key: rsa.RSAPublicKey, *, required: bool) -> tuple[bytes, ...]:
    chain = jwk.get("x5c")
    if chain is None and not required:
        return ()
    if not isinstance(chain, Sequence) or isinstance(chain, str) or not chain:
        raise KeyUnfit(rule="x5c_missing")
    require(len(chain) <= _CHAIN_MOST and all(isinstance(entry, str) for entry in chain), "x5c_form")
    try:
        ders = tuple(pybase64.b64decode(entry, validate=True) for entry in chain)
        leaf, *_ = (x509.load_der_x509_certificate(der).public_key() for der in ders)
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion):
        raise KeyUnfit(rule="x5c_form") from None
    require(isinstance(leaf, rsa.RSAPublicKey) and leaf == key, "x5c_leaf")
    return ders


def _rsa_private(jwk: Mapping[str, Any], kid: str) -> PrivateKey:
    ops = jwk.get("key_ops")
    use = next((public for private, public in _PUBLIC_OP.items() if ops == [private]), "")
    require(bool(use), "key_ops")
    alg = _ALG_OF[use]
    require(jwk.get("alg") == alg, "alg")
    numbers = _rsa_numbers(jwk)
    members = ("d", "p", "q", "dp", "dq", "qi")
    d, p, q, dp, dq, qi = (int.from_bytes(_octets(jwk, name, "private_form")) for name in members)
    try:
        key = rsa_private.key_pair(rsa.RSAPrivateNumbers(p, q, d, dp, dq, qi, numbers))
    except ValueError:
        raise KeyUnfit(rule="private_form") from None
    x5c = _x5c(jwk, key.public_key(), required=False)
    public = {"kty": "RSA", "key_ops": [use], "alg": alg, "kid": kid, "n": jwk["n"], "e": jwk["e"]}
    if x5c:
        public["x5c"] = list(jwk["x5c"])
    return PrivateKey(kid, key, alg, MappingProxyType(public), x5c)


def _ed25519_public(jwk: Mapping[str, Any]) -> ed25519.Ed25519PublicKey:
    require(jwk.get("crv") == "Ed25519", "crv")
    try:
        return ed25519.Ed25519PublicKey.from_public_bytes(_octets(jwk, "x", "crv", 32))
    except ValueError:
        raise KeyUnfit(rule="crv") from None


def _ed25519_private(jwk: Mapping[str, Any]) -> tuple[ed25519.Ed25519PrivateKey, str]:
    public = _ed25519_public(jwk)
    key = ed25519.Ed25519PrivateKey.from_private_bytes(_octets(jwk, "d", "private_form", 32))
    require(key.public_key() == public, "private_form")
    return key, "EdDSA"


def _p256_numbers(jwk: Mapping[str, Any]) -> ec.EllipticCurvePublicKey:
    require(jwk.get("crv") == "P-256", "crv")
    x, y = (int.from_bytes(_octets(jwk, name, "crv", 32)) for name in ("x", "y"))
    try:
        return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    except ValueError:
        raise KeyUnfit(rule="crv") from None


def _p256_private(jwk: Mapping[str, Any]) -> tuple[ec.EllipticCurvePrivateKey, str]:
    numbers = _p256_numbers(jwk).public_numbers()
    secret = int.from_bytes(_octets(jwk, "d", "private_form", 32))
    try:
        key = ec.EllipticCurvePrivateNumbers(secret, numbers).private_key()
    except ValueError:
        raise KeyUnfit(rule="private_form") from None
    return key, "ES256"
