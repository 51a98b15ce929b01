"""The keys that sign ID tokens: of their own, never that of access tokens and evidence.

Knows: RS256 (what every relying party reads), PS256, ES256, EdDSA; which key signs and which are published beside it.
Never does: files, randomness but a new key's own. Standards: RFC 7517, OpenID Connect Core §10.1. Start reading:
`IdTokenKeys`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from gateway.crypto import base64url, jws, rsa_private
from gateway.crypto.keys import PrivateKey, VerifyKey, kid_of, private_key, verify_key
from gateway.crypto.keys import generate_ed25519 as new_ed25519
from gateway.errors import CryptoFailure, KeyUnfit

ALGORITHMS: Final = (jws.RS256, jws.PS256, jws.ES256, jws.EDDSA)
DEFAULT: Final = jws.RS256
_RSA_ALGS: Final = frozenset({jws.RS256, jws.PS256})
_NEW_BITS: Final = 3072
_BITS: Final = range(2048, 16385)
_PRIVATE: Final = ("d", "p", "q", "dp", "dq", "qi")
_ALG_OF_TYPE: Final = {"EC": jws.ES256, "OKP": jws.EDDSA}


def generate(alg: str, kid: str) -> dict[str, Any]:
    """A new private JWK for this algorithm."""
    if alg in _RSA_ALGS:
        return _rsa_jwk(rsa.generate_private_key(65537, _NEW_BITS), alg, kid)
    if alg == jws.EDDSA:
        return dict(new_ed25519(kid)[0])
    numbers = ec.generate_private_key(ec.SECP256R1()).private_numbers()
    point = {name: _text(getattr(numbers.public_numbers, name), 32) for name in ("x", "y")}
    d = _text(numbers.private_value, 32)
    return {"kty": "EC", "crv": "P-256", "alg": jws.ES256, "kid": kid, "key_ops": ["sign"], **point, "d": d}


def read_private(jwk: Mapping[str, Any]) -> PrivateKey:
    """A private key for ID tokens: RSA of 2048 bits or more with its `alg`, P-256 or Ed25519. Raises `KeyUnfit`."""
    if not isinstance(jwk, Mapping) or jwk.get("kty") != "RSA":
        key = private_key(jwk)
        return PrivateKey(key.kid, key.key, key.alg, _published(key.public_jwk, key.kid, key.alg))
    public = _rsa_public(jwk)
    try:
        d, p, q, dp, dq, qi = (_number(jwk[name]) for name in _PRIVATE)
        key_pair = rsa_private.key_pair(rsa.RSAPrivateNumbers(p, q, d, dp, dq, qi, public.public_numbers()))
    except (KeyError, ValueError, UnsupportedAlgorithm):
        raise KeyUnfit(rule="private_form") from None
    return PrivateKey(kid_of(jwk), key_pair, jwk["alg"], _published(jwk, kid_of(jwk), jwk["alg"]))


def read_public(jwk: Mapping[str, Any]) -> Mapping[str, Any]:
    """The public half of a key that is published beside ours, private members left out. Raises `KeyUnfit`."""
    if isinstance(jwk, Mapping) and "d" in jwk:
        return read_private(jwk).public_jwk
    verifying, alg = _verifying(jwk)
    del verifying
    return _published(jwk, kid_of(jwk), alg)


class IdTokenKeys:
    """The keys at work: of `signing` the first of an algorithm signs, all are published, and so are `others`."""

    def __init__(self, signing: Sequence[PrivateKey], others: Sequence[Mapping[str, Any]] = ()) -> None:
        self._signing: dict[str, PrivateKey] = {}
        for key in signing:
            self._signing.setdefault(key.alg, key)
        known = {str(jwk["kid"]): dict(jwk) for jwk in (*others, *(key.public_jwk for key in reversed(signing)))}
        self.published: tuple[Mapping[str, Any], ...] = tuple(reversed(known.values()))
        self._verifying = {kid: _verifying(jwk) for kid, jwk in known.items()}

    @property
    def algorithms(self) -> list[str]:
        """What ID tokens can be signed with."""
        return [alg for alg in ALGORITHMS if alg in self._signing]

    def sign(self, payload: bytes, alg: str, typ: str) -> str:
        """A compact JWS. Raises `KeyError` where no key of the algorithm is at work: `algorithms` has to be asked."""
        return jws.sign(payload, self._signing[alg], {"typ": typ})

    def verify(self, token: str) -> bytes:
        """The payload of a token that one of these keys signed. CryptoFailure for any fault alike."""
        verifying = self._verifying.get(str(jws.header_of(token).get("kid")))
        if verifying is None:
            raise CryptoFailure
        key, alg = verifying
        return jws.verify(token, key, alg=alg)


def _verifying(jwk: Mapping[str, Any]) -> tuple[VerifyKey, str]:
    if isinstance(jwk, Mapping) and jwk.get("kty") == "RSA":
        return _rsa_public(jwk), str(jwk["alg"])
    return verify_key(jwk), _ALG_OF_TYPE[jwk["kty"]]


def _published(jwk: Mapping[str, Any], kid: str, alg: str) -> Mapping[str, Any]:
    members = {name: jwk[name] for name in ("kty", "crv", "n", "e", "x", "y") if name in jwk}
    return MappingProxyType({**members, "kid": kid, "alg": alg, "use": "sig"})


def _rsa_public(jwk: Mapping[str, Any]) -> rsa.RSAPublicKey:
    if jwk.get("alg") not in _RSA_ALGS:
        raise KeyUnfit(rule="alg")
    if jwk.get("e") != "AQAB":
        raise KeyUnfit(rule="e")
    kid_of(jwk)
    try:
        key = rsa.RSAPublicNumbers(65537, _number(jwk["n"])).public_key()
    except (KeyError, ValueError, UnsupportedAlgorithm):
        raise KeyUnfit(rule="n") from None
    if key.key_size not in _BITS:
        raise KeyUnfit(rule="n")
    return key


def _rsa_jwk(key: rsa.RSAPrivateKey, alg: str, kid: str) -> dict[str, Any]:
    numbers = key.private_numbers()
    public = {"n": numbers.public_numbers.n, "e": numbers.public_numbers.e}
    exponents = {"d": numbers.d, "dp": numbers.dmp1, "dq": numbers.dmq1, "qi": numbers.iqmp}
    parts = {**public, **exponents, "p": numbers.p, "q": numbers.q}
    texts = {name: _text(value, (value.bit_length() + 7) // 8) for name, value in parts.items()}
    return {"kty": "RSA", "alg": alg, "kid": kid, "key_ops": ["sign"], **texts}


def _number(text: object) -> int:
    if not isinstance(text, str):
        raise ValueError  # noqa: TRY004 - every fault of a key's form is one kind of error
    return int.from_bytes(base64url.decode(text.encode("ascii")))


def _text(value: int, size: int) -> str:
    return base64url.encode(value.to_bytes(size)).decode("ascii")
