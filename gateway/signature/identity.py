"""Who signs: the public key, its certificates, and the rules that both keep.

Knows: which keys sign documents (RSA of 3072 bits or more, P-256, P-384, P-521; brainpool by an external signer), the
order of a chain, key usage, validity. Never does: hold a private key, judge whether a root is trusted: whoever receives
a signature does that. Standards: RFC 7517, RFC 5280 §4.2.1, ETSI EN 319 412-2 §4.3.2, ETSI TS 119 312 §8.
Start reading: `faults`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final

import pybase64
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import PublicKeyAlgorithmOID

from gateway.crypto import base64url
from gateway.crypto.certificates import extension, require
from gateway.errors import KeyUnfit
from gateway.model import SignatureFormat
from gateway.signature.mechanism import SigningPublicKey, choose

RSA_BITS_LEAST: Final = 3072
CHAIN_MOST: Final = 10
_EXPONENT_LEAST: Final = 65_537
_CURVES: Final[Mapping[str, ec.EllipticCurve]] = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
}
_HASHES: Final = (hashes.SHA256, hashes.SHA384, hashes.SHA512)


@dataclass(frozen=True, slots=True, eq=False)
class SigningIdentity:
    """A signing key as others see it. `chain` begins with the certificate of the key, issuers follow.

    It is compared by identity, so that its faults and its written chain can be memoised.
    """

    kid: str
    public: SigningPublicKey = field(repr=False)
    chain: tuple[x509.Certificate, ...] = field(default=(), repr=False)

    @property
    def certificate_sha256(self) -> str | None:
        """Digest of the signing certificate in lower-case hex; None without one."""
        return self.chain[0].fingerprint(hashes.SHA256()).hex() if self.chain else None

    @property
    def not_after(self) -> datetime | None:
        """Until when every certificate of the chain is valid."""
        return min((certificate.not_valid_after_utc for certificate in self.chain), default=None)

    @property
    def x5c(self) -> tuple[str, ...]:
        """The chain as JOSE and XML write it: base64 of DER."""
        return _written(self)

    def public_jwk(self) -> dict[str, Any]:
        """The key as public JWK; one on a curve without a name in JOSE by its certificates alone."""
        members: dict[str, Any] = {"kid": self.kid} | ({"x5c": list(self.x5c)} if self.chain else {})
        if isinstance(self.public, rsa.RSAPublicKey):
            numbers = self.public.public_numbers()
            size = (self.public.key_size + 7) // 8
            return {"kty": "RSA", "n": _text(numbers.n, size), "e": _text(numbers.e, 3), **members}
        crv = next((name for name, curve in _CURVES.items() if curve.name == self.public.curve.name), None)
        point, size = self.public.public_numbers(), (self.public.key_size + 7) // 8
        where = {} if crv is None else {"crv": crv, "x": _text(point.x, size), "y": _text(point.y, size)}
        return {"kty": "EC", **where, **members}


@lru_cache(maxsize=256)
def _written(identity: SigningIdentity) -> tuple[str, ...]:
    return tuple(pybase64.b64encode_as_string(certificate.public_bytes(Encoding.DER)) for certificate in identity.chain)


def of_jwk(jwk: Mapping[str, Any], chain: tuple[x509.Certificate, ...] = ()) -> SigningIdentity:
    """The identity in a JWK (private parts are not looked at); `chain` stands for its `x5c` where given.

    KeyUnfit (`kid`, `use`, `kty`, `crv`, `public_form`, `x5c_form`) where it is none to sign with.
    """
    kid = jwk.get("kid")
    require(isinstance(kid, str) and 1 <= len(kid) <= 64 and kid.isprintable(), "kid")
    require(jwk.get("use", "sig") == "sig" and "sign" in jwk.get("key_ops", ("sign",)), "use")
    public = _public(jwk)
    return SigningIdentity(str(kid), public, chain or _x5c(jwk.get("x5c", ())))


def of_chain(chain: tuple[x509.Certificate, ...]) -> SigningIdentity:
    """The identity of a key that only certificates show; its `kid` is the certificate's SHA-256, base64url."""
    require(0 < len(chain) <= CHAIN_MOST, "x5c_missing")
    try:
        public = chain[0].public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise KeyUnfit(rule="x5c_form") from None
    if not isinstance(public, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise KeyUnfit(rule="kty")
    kid = base64url.encode(chain[0].fingerprint(hashes.SHA256())).decode("ascii")
    return SigningIdentity(kid, public, chain)


def faults(
    identity: SigningIdentity, formats: Iterable[SignatureFormat], *, at: datetime | None = None
) -> tuple[str, ...]:
    """Every rule (a slug of `rules.SENTENCES`) that keeps this key from signing in these formats.

    `at` also judges validity. KeyUnfit (`chain_form`) where a certificate's extensions cannot be read.
    """
    broken = _lasting(identity, frozenset(formats))
    if at is None or all(cert.not_valid_before_utc <= at <= cert.not_valid_after_utc for cert in identity.chain):
        return broken
    return (*broken, "signing_certificate_validity")


@lru_cache(maxsize=256)
def _lasting(identity: SigningIdentity, formats: frozenset[SignatureFormat]) -> tuple[str, ...]:
    """The rules that time does not change."""
    broken = [*_key(identity, formats)]
    if identity.chain:
        broken += [*_leaf(identity, formats), *_order(identity.chain)]
    elif formats - {SignatureFormat.JWS}:
        broken.append("signing_certificate_missing")
    return tuple(broken)


def _key(identity: SigningIdentity, formats: frozenset[SignatureFormat]) -> Iterator[str]:
    key = identity.public
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < RSA_BITS_LEAST or key.public_numbers().e < _EXPONENT_LEAST:
            yield "signing_key_bits"
        return
    able = {format_ for format_ in SignatureFormat if choose(key, format_)}
    if not able:
        yield "signing_key_curve"
    elif formats - able:
        yield "signing_key_brainpool"


def _leaf(identity: SigningIdentity, formats: frozenset[SignatureFormat]) -> Iterator[str]:
    leaf = identity.chain[0]
    if leaf.public_key() != identity.public:
        yield "signing_certificate_key"
    if leaf.public_key_algorithm_oid == PublicKeyAlgorithmOID.RSASSA_PSS and SignatureFormat.XADES in formats:
        yield "signing_key_pss"
    usage = extension(leaf, x509.KeyUsage)
    if usage is None or not (usage.digital_signature or usage.content_commitment):
        yield "signing_certificate_usage"
    constraints = extension(leaf, x509.BasicConstraints)
    if constraints is not None and constraints.ca:
        yield "signing_certificate_ca"


def _order(chain: Sequence[x509.Certificate]) -> Iterator[str]:
    if not all(_issued(below, above) for below, above in pairwise(chain)):
        yield "signing_certificate_order"
    if not all(isinstance(_hash(certificate), _HASHES) for certificate in chain):
        yield "signing_certificate_hash"


def _issued(below: x509.Certificate, above: x509.Certificate) -> bool:
    try:
        below.verify_directly_issued_by(above)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _hash(certificate: x509.Certificate) -> hashes.HashAlgorithm | None:
    try:
        return certificate.signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm):
        return None


def _public(jwk: Mapping[str, Any]) -> SigningPublicKey:
    try:
        if jwk.get("kty") == "RSA":
            return rsa.RSAPublicNumbers(_number(jwk, "e"), _number(jwk, "n")).public_key()
        require(jwk.get("kty") == "EC", "kty")
        curve = _CURVES.get(str(jwk.get("crv")))
        if curve is None:
            raise KeyUnfit(rule="crv")
        return ec.EllipticCurvePublicNumbers(_number(jwk, "x"), _number(jwk, "y"), curve).public_key()
    except ValueError:
        raise KeyUnfit(rule="public_form") from None


def _number(jwk: Mapping[str, Any], name: str) -> int:
    return int.from_bytes(base64url.decode(str(jwk.get(name, "")).encode("ascii")))


def _text(number: int, size: int) -> str:
    return base64url.encode(number.to_bytes(size)).decode("ascii")


def _x5c(entries: object) -> tuple[x509.Certificate, ...]:
    if not isinstance(entries, Sequence) or len(entries) > CHAIN_MOST:
        raise KeyUnfit(rule="x5c_form")
    try:
        return tuple(x509.load_der_x509_certificate(pybase64.b64decode(entry, validate=True)) for entry in entries)
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion):
        raise KeyUnfit(rule="x5c_form") from None
