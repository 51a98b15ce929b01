"""The keys that signatures of ours are checked with: those that the verifier brings, or those in the archive.

Knows: JWK sets, one key by its `kid`, explicit typing. Never does: take a key because a token names it.
Standard: RFC 7517 §5, RFC 8725 §3.11. Start reading: `read`, then `Signers`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from gateway.crypto import jws
from gateway.crypto.keys import VerifyKey, verify_key
from gateway.errors import CryptoFailure, EvidenceKeysInvalid, KeyUnfit
from gateway.model import Finding

MOST_KEYS: Final = 100
LARGEST_SET: Final = 1_000_000  # bytes


class Signers:
    """Keys by their `kid`, the first of each (RFC 7517 §4.5); a JWK that is no key to verify with is left out."""

    def __init__(self, jwks: Iterable[Mapping[str, Any]]) -> None:
        self._keys: dict[str, VerifyKey] = {}
        for jwk in jwks:
            try:
                key = verify_key(jwk)
            except KeyUnfit:
                continue
            self._keys.setdefault(str(jwk.get("kid")), key)

    def __len__(self) -> int:
        """How many different `kid`s there are."""
        return len(self._keys)

    def knows(self, token: str) -> bool:
        """Whether the key that a token names is one of these; its signature is another question."""
        try:
            return str(jws.header_of(token).get("kid")) in self._keys
        except CryptoFailure:
            return False

    def payload(self, token: str, kind: str) -> bytes:
        """What a compact JWS of that `typ` says, signed by the key that it names. Raises `CryptoFailure`."""
        key = self._of(token, kind)
        return jws.verify(token, key, alg=_alg(key))

    def detached(self, token: str, content: bytes, kind: str) -> None:
        """Return where a detached JWS of that `typ` is a signature of `content`. Raises `CryptoFailure`."""
        key = self._of(token, kind)
        jws.verify_detached(token, content, key, alg=_alg(key))

    def _of(self, token: str, kind: str) -> VerifyKey:
        header = jws.header_of(token)
        key = self._keys.get(str(header.get("kid")))
        if key is None or header.get("typ") != kind:
            raise CryptoFailure
        return key


def read(content: bytes, pointer: str) -> tuple[Mapping[str, Any], ...]:
    """The JWKs of a set in JSON. Raises `EvidenceKeysInvalid` naming `pointer`; also where no key can verify."""
    try:
        jwk_set = json.loads(content) if len(content) <= LARGEST_SET else None
    except (ValueError, RecursionError):
        jwk_set = None
    keys = jwk_set.get("keys") if isinstance(jwk_set, dict) else None
    listed = isinstance(keys, list) and len(keys) <= MOST_KEYS and all(isinstance(jwk, dict) for jwk in keys)
    if keys and listed and Signers(keys):
        return tuple(keys)
    fault = Finding(
        pointer,
        "jwks",
        "Erwartet wird ein JWK-Satz mit öffentlichen Schlüsseln, wie ihn `gateway evidence keys` ausgibt.",
        "A JWK set of public keys is expected, as `gateway evidence keys` prints it.",
    )
    raise EvidenceKeysInvalid(findings=(fault,))


def _alg(key: VerifyKey) -> str:
    if isinstance(key, ed25519.Ed25519PublicKey):
        return jws.EDDSA
    return jws.ES256 if isinstance(key, ec.EllipticCurvePublicKey) else jws.PS512
