"""The sealed parts of a submission: limits before, hash and seal while streaming.

Knows: FIT-Connect's limits, the `cty` of each part, that one pass both hashes and seals.
Never does: I/O, randomness (key and nonce of each part are given), compression.
Standard: FIT-Connect "attachments" (limits), RFC 7516. Start reading: `check_limits`, then `Sealing`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from gateway.crypto.jwe import Sealer, sealed_size
from gateway.crypto.keys import PublicKey
from gateway.errors import DestinationUnfit
from gateway.fitconnect import names

CEK_BYTES: Final = 32
IV_BYTES: Final = 12
RANDOM_BYTES: Final = CEK_BYTES + IV_BYTES
"""Random bytes that one part takes: content key, then nonce."""


def check_limits(document_bytes: int, attachment_bytes: Sequence[int], key: PublicKey) -> None:
    """Refuse what the delivery service would not take: number and sealed size of attachments, size of the document.

    Sizes are of the plain bytes. Raises `DestinationUnfit` naming the limit.
    """
    sealed = [sealed_size_of(size, key, names.CTY_ATTACHMENT) for size in attachment_bytes]
    document = sealed_size_of(document_bytes, key, names.XML)
    _require(len(sealed) <= names.MAX_ATTACHMENTS, f"at most {names.MAX_ATTACHMENTS} attachments")
    _require(
        max(sealed, default=0) <= names.MAX_ATTACHMENT_BYTES, f"an attachment has {_mb(names.MAX_ATTACHMENT_BYTES)}"
    )
    _require(document_bytes <= names.MAX_DATA_BYTES, f"the document has {_mb(names.MAX_DATA_BYTES)}")
    _require(sum(sealed) + document <= names.MAX_TOTAL_BYTES, f"a submission has {_mb(names.MAX_TOTAL_BYTES)}")


def sealed_size_of(plain_bytes: int, key: PublicKey, cty: str) -> int:
    """Exact length in bytes of the compact JWE of so many plain bytes."""
    return sealed_size(plain_bytes, kid=key.kid, cty=cty, modulus_bits=key.key.key_size)


class Sealing:
    """One part on its way: feed plain bytes, get sealed bytes; hash, size and tag are known at the end.

    `random` are `RANDOM_BYTES` bytes used for this part only. Raises `CryptoFailure`.
    """

    __slots__ = ("_digest", "_sealer", "plain_size", "size")

    def __init__(self, key: PublicKey, *, cty: str, random: bytes) -> None:
        cek, iv = random[:CEK_BYTES], random[CEK_BYTES:]
        self._sealer = Sealer(key.key, kid=key.kid, cty=cty, cek=cek, iv=iv)
        self._digest = hashlib.sha512()
        self.plain_size = 0
        self.size = 0

    def update(self, data: bytes) -> bytes:
        """The next sealed bytes."""
        self._digest.update(data)
        self.plain_size += len(data)
        sealed = self._sealer.update(data)
        self.size += len(sealed)
        return sealed

    def finish(self) -> bytes:
        """The last sealed bytes."""
        sealed = self._sealer.finish()
        self.size += len(sealed)
        return sealed

    @property
    def sha512(self) -> str:
        """Lower-case hex over exactly the plain bytes fed."""
        return self._digest.hexdigest()

    @property
    def tag(self) -> str:
        """The authentication tag, after `finish`."""
        return self._sealer.tag


def whole(key: PublicKey, *, cty: str, random: bytes, content: bytes) -> tuple[bytes, Sealing]:
    """Seal a part that is in memory."""
    sealing = Sealing(key, cty=cty, random=random)
    sealed = sealing.update(content) + sealing.finish()
    return sealed, sealing


def _mb(size: int) -> str:
    return f"at most {size // 1_000_000} MB"


def _require(kept: bool, limit: str) -> None:
    if not kept:
        raise DestinationUnfit(rule=f"limit ({limit})")
