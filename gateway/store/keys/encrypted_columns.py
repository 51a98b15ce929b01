"""What of a submission is encrypted in columns, each value bound to its column (associated data of the AEAD).

Knows: the names of those columns. Never does: I/O. Standard: architecture §5. Start reading: `sealer`.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from gateway.crypto import vault
from gateway.store.keys.keyring import DataKey, DataKeyring

RECORD = b"record"
DOCUMENT = b"document"
REFERENCE = b"reference"
IDENTITY = b"identity"


def filename(no: int) -> bytes:
    """The column name that the file name of attachment number `no` is bound to."""
    return b"filename/%d" % no


def sealer(keyring: DataKeyring, key: DataKey, submission_id: UUID) -> Callable[[bytes, bytes], bytes]:
    """A function that encrypts (column, data) for this submission."""
    return lambda column, data: keyring.seal(key, _context(column, submission_id), data)


def opener(key: DataKey, submission_id: UUID) -> Callable[[bytes, bytes], bytes]:
    """A function that decrypts (column, sealed) of this submission. It raises `CryptoFailure`."""
    return lambda column, sealed: vault.open_value(key.key, context=_context(column, submission_id), sealed=sealed)


def index(keyring: DataKeyring, reference: str) -> bytes:
    """The blind index by which submissions of one reference are found; it tells nothing about the reference."""
    return keyring.digest(b"reference", reference.encode())


def _context(column: bytes, submission_id: UUID) -> bytes:
    return column + b"/" + submission_id.bytes
