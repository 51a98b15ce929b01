"""What is asked of keys: signing, receipts, the public halves that are kept.

Knows: the shape of each answer. Never does: anything itself; adapters live in the rooms above and meet in `wiring`.
Standard: architecture §3. Start reading: `Keys`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from gateway.model import Document, Signature, SignatureStyle


class KeyArchive(Protocol):
    """Keeps the public keys that evidence names by their digest; none is ever removed."""

    async def keep_key(self, jwk: Mapping[str, Any]) -> None:
        """Keep a public JWK under its digest (`crypto.keys.digest`); cheap where it is kept already."""
        ...


class Keys(Protocol):
    """Signing keys by municipality; private halves never leave the adapter."""

    @property
    def receipt_key(self) -> str:
        """The digest of the public key that receipts verify with."""
        ...

    async def sign_document(self, municipality: str, document: Document, style: SignatureStyle) -> Signature:
        """Sign with the municipality's key; one that is asked for inside the document is read from there.

        Raises `SigningKeyUnfit`, `SignerAway`.
        """
        ...

    async def sign_inside(self, municipality: str, document: Document) -> Document:
        """The document with the municipality's signature in it: other bytes, another digest. Raises as above."""
        ...

    def sign_receipt(self, payload: Mapping[str, Any]) -> str:
        """Compact JWS (EdDSA or ES256) of a receipt with the gateway's key, verifiable with `/oidc/jwks.json`."""
        ...
