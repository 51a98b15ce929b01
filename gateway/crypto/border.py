"""The border of the room: whatever a primitive throws leaves it as a `CryptoFailure` that says nothing.

Knows: which exceptions primitives and parsers raise on hostile input. Never does: hide a programming error or a full
disk; those pass. Start reading: `silent`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cryptography.exceptions import InvalidSignature, InvalidTag, UnsupportedAlgorithm

from gateway.errors import CryptoFailure

_HOSTILE = (
    ValueError,  # binascii.Error, UnicodeError and JSONDecodeError are ValueErrors
    OverflowError,
    RecursionError,
    InvalidTag,
    InvalidSignature,
    UnsupportedAlgorithm,
)


@contextmanager
def silent() -> Iterator[None]:
    """Turn what hostile input makes a primitive raise into `CryptoFailure`, without reason and without cause."""
    try:
        yield
    except _HOSTILE:
        failed = True
    else:
        failed = False
    if failed:  # raised outside the handler: the new exception then carries no `__context__` that tells why
        raise CryptoFailure
