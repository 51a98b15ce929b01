"""The signed root: at an instant, so many heads of chains stood as the tree under this root says.

Knows: the bytes of a leaf, the payload of a root, how both are signed and read. Never does: choose whom to trust.
Standard: ADR 8; RFC 7515 with explicit typing (`typ`, RFC 8725 §3.11), since the gateway's key also signs receipts
and tokens. Start reading: `ChainHead`, `sign`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from gateway.crypto import jws
from gateway.crypto.keys import PrivateKey
from gateway.evidence.chain import canonical

ROOT_TYPE: Final = "evidence-root"
MANIFEST_TYPE: Final = "evidence-manifest"
NOTHING_BEFORE: Final = "0" * 64
_MEMBERS: Final = frozenset({"at", "leaves", "no", "prev", "root"})


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The newest entry of a submission's chain: its number and its hash (32 bytes)."""

    submission: UUID
    seq: int
    hash: bytes

    def leaf(self) -> bytes:
        """The 56 bytes that the tree takes: id, number (8 bytes, big endian), hash."""
        return self.submission.bytes + self.seq.to_bytes(8) + self.hash


@dataclass(frozen=True, slots=True)
class Newest:
    """A root by its number and the digest of its token (hex); by the hash chain the newest stands for all before."""

    no: int
    digest: str


NOTHING: Final = Newest(0, NOTHING_BEFORE)
"""There is no root yet."""


@dataclass(frozen=True, slots=True)
class SignedRoot:
    """What a signed root says.

    `no` counts from 1; `at` is when it was signed (RFC 3339, microseconds); `root` is that of a tree of so many
    `leaves`; `prev` is the `digest_of` the token before.
    """

    no: int
    at: str
    leaves: int
    root: bytes
    prev: str


def sign(key: PrivateKey, root: SignedRoot) -> str:
    """The root as compact JWS."""
    payload = {"at": root.at, "leaves": root.leaves, "no": root.no, "prev": root.prev, "root": root.root.hex()}
    return jws.sign(canonical(payload).encode(), key, {"alg": key.alg, "kid": key.kid, "typ": ROOT_TYPE})


def digest_of(token: str | None) -> str:
    """How the root after this one names it; None: there is none before."""
    return hashlib.sha256(token.encode()).hexdigest() if token else NOTHING_BEFORE


def sign_manifest(key: PrivateKey, manifest: bytes) -> str:
    """The detached JWS of an archive's manifest."""
    return jws.sign_detached(manifest, key, {"alg": key.alg, "kid": key.kid, "typ": MANIFEST_TYPE})


def read(payload: bytes) -> SignedRoot:
    """What a root's payload says. ValueError for anything but what `sign` writes."""
    members: Mapping[str, Any] = json.loads(payload)
    if not isinstance(members, dict) or members.keys() != _MEMBERS or canonical(members).encode() != payload:
        raise ValueError
    numbers, texts = (members["no"], members["leaves"]), (members["at"], members["prev"], members["root"])
    if not all(type(number) is int and number > 0 for number in numbers):
        raise ValueError
    if not all(isinstance(text, str) for text in texts):
        raise ValueError
    datetime.fromisoformat(members["at"])
    return SignedRoot(members["no"], members["at"], members["leaves"], bytes.fromhex(members["root"]), members["prev"])


def unproven(token: str) -> SignedRoot:
    """What a root says, whoever signed it. ValueError or `CryptoFailure` for anything but what `sign` writes."""
    return read(jws.unproven(token))
