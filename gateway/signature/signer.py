"""Raw signatures: by a private key in memory, or by an external signer.

Knows: that a signer has an identity and turns a message into a signature. Never does: choose a mechanism.
Standards: see `mechanism`. Start reading: `Signer`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from gateway.errors import KeyUnfit
from gateway.signature import mechanism
from gateway.signature.identity import SigningIdentity
from gateway.signature.mechanism import Mechanism, SigningPrivateKey


class Signer(Protocol):
    """One who signs: `sign` gives RSA octets, or r and s side by side."""

    @property
    def identity(self) -> SigningIdentity:
        """Whose signatures these are."""
        ...

    def sign(self, how: Mechanism, message: bytes) -> bytes:
        """The raw signature of a message. Raises `SignerAway`, `SigningKeyUnfit`, `CryptoFailure`."""
        ...


@dataclass(frozen=True, slots=True)
class LocalSigner:
    """A private key that was read from a file."""

    identity: SigningIdentity
    _key: SigningPrivateKey = field(repr=False)

    def sign(self, how: Mechanism, message: bytes) -> bytes:
        """See the protocol."""
        return mechanism.sign(how, self._key, message)


def local(jwk: Mapping[str, Any], identity: SigningIdentity) -> LocalSigner:
    """The signer of a private JWK. KeyUnfit (`private_form`) where private and public part do not fit together."""
    kind = RSAKey if jwk.get("kty") == "RSA" else ECKey
    members = {name: value for name, value in jwk.items() if name not in {"x5c", "key_ops", "alg", "use"}}
    try:
        key = kind.import_key(members).private_key
    except (JoseError, ValueError, TypeError, KeyError):
        raise KeyUnfit(rule="private_form") from None
    if key is None or key.public_key() != identity.public:
        raise KeyUnfit(rule="private_form")
    return LocalSigner(identity, key)
