"""Data at rest: wrapped keys, encrypted frames and values, keyed digests.

Knows: AES-256-GCM, HKDF-SHA256, HMAC-SHA-256, and what each ciphertext is bound to. Never does: draw a nonce or a key
(arguments), store anything. Standards: NIST SP 800-38D, RFC 5869, RFC 2104; architecture §5. Start reading: `wrap`.

Each thing has a data key; a key that is wrapped can be shredded, and with it all that it encrypted. Blob frames use
their number as nonce, which is safe only because each blob has a key of its own, derived from its id: **a blob id is
never used for other bytes**. Moving a frame, a value or a wrapped key to another place breaks its tag.
"""

from __future__ import annotations

import hmac
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.crypto.border import silent
from gateway.errors import CryptoFailure

KEY_SIZE: Final = 32
NONCE_SIZE: Final = 12
TAG_SIZE: Final = 16
WRAPPED_SIZE: Final = NONCE_SIZE + KEY_SIZE + TAG_SIZE  # bytes of a wrapped key
_FRAMES_MOST: Final = 1 << 32


class MasterKey:
    """A master key (32 bytes) and where it was read from; shows its id, which tells nothing of the key.

    CryptoFailure on a wrong size.
    """

    __slots__ = ("digests", "id", "key", "source", "wrapping")

    def __init__(self, key: bytes, source: str) -> None:
        self.key, self.source = key, source
        self.id = keyed_digest(key, b"gateway/master-key-id")[:4].hex()
        self.wrapping = keyed_digest(key, b"gateway/municipality-keys")
        self.digests = keyed_digest(key, b"gateway/digests")

    def __repr__(self) -> str:
        return f"MasterKey({self.id})"


def wrap(key: bytes, kek: bytes, *, context: bytes, nonce: bytes) -> bytes:
    """`key` (32 bytes) encrypted under `kek` (32 bytes), the nonce (12 random bytes, never twice under it) in front.

    `context` names the place it belongs to; it must be the same when unwrapping. CryptoFailure on wrong sizes.
    """
    if len(key) != KEY_SIZE:
        raise CryptoFailure
    return _encrypt(kek, nonce, key, b"wrap\x00" + context)


def unwrap(wrapped: bytes, kek: bytes, *, context: bytes) -> bytes:
    """The key that `wrap` wrapped for the same context. CryptoFailure otherwise."""
    key = _decrypt(kek, wrapped, b"wrap\x00" + context)
    if len(key) != KEY_SIZE:
        raise CryptoFailure
    return key


def blob_key(data_key: bytes, blob_id: UUID) -> bytes:
    """The key of one blob's frames, 32 bytes, derived from its data key and id."""
    return _derive(data_key, b"ozg-gateway blob\x00" + blob_id.bytes)


@silent
def seal_frame(key: bytes, blob_id: UUID, number: int, last: bool, data: bytes) -> bytes:
    """Frame `number` (from 0) of a blob, encrypted under its `blob_key`; `last` marks the end: none can cut it off."""
    return AESGCM(_checked(key)).encrypt(_frame_nonce(number), data, _frame_context(blob_id, number, last))


@silent
def open_frame(key: bytes, blob_id: UUID, number: int, last: bool, sealed: bytes) -> bytes:
    """The data of a frame; CryptoFailure where key, blob, number or end are not those it was sealed with."""
    return AESGCM(_checked(key)).decrypt(_frame_nonce(number), sealed, _frame_context(blob_id, number, last))


def seal_value(data_key: bytes, *, context: bytes, data: bytes, nonce: bytes) -> bytes:
    """A column's value, encrypted under a key derived from `data_key`, the nonce (12 random bytes) in front.

    `context` names table, column and row, so that a value cannot be moved. CryptoFailure on wrong sizes.
    """
    return _encrypt(_derive(data_key, b"ozg-gateway value"), nonce, data, b"value\x00" + context)


def open_value(data_key: bytes, *, context: bytes, sealed: bytes) -> bytes:
    """The value that `seal_value` sealed for the same context. CryptoFailure otherwise."""
    return _decrypt(_derive(data_key, b"ozg-gateway value"), sealed, b"value\x00" + context)


def keyed_digest(key: bytes, *parts: bytes) -> bytes:
    """HMAC-SHA-256 over the parts, each behind its length (8 bytes), so that no two lists of parts read alike."""
    mac = hmac.new(_checked(key), digestmod="sha256")
    for part in parts:
        mac.update(len(part).to_bytes(8))
        mac.update(part)
    return mac.digest()


def _checked(key: bytes) -> bytes:
    if len(key) != KEY_SIZE:
        raise CryptoFailure
    return key


def _derive(key: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=KEY_SIZE, salt=None, info=info).derive(_checked(key))


@silent
def _encrypt(key: bytes, nonce: bytes, data: bytes, associated: bytes) -> bytes:
    if len(nonce) != NONCE_SIZE:
        raise CryptoFailure
    return nonce + AESGCM(_checked(key)).encrypt(nonce, data, associated)


@silent
def _decrypt(key: bytes, sealed: bytes, associated: bytes) -> bytes:
    if len(sealed) < NONCE_SIZE + TAG_SIZE:
        raise CryptoFailure
    return AESGCM(_checked(key)).decrypt(sealed[:NONCE_SIZE], sealed[NONCE_SIZE:], associated)


def _frame_nonce(number: int) -> bytes:
    if not 0 <= number < _FRAMES_MOST:
        raise CryptoFailure
    return number.to_bytes(NONCE_SIZE)


def _frame_context(blob_id: UUID, number: int, last: bool) -> bytes:
    return b"frame\x00" + blob_id.bytes + number.to_bytes(8) + (b"\x01" if last else b"\x00")
