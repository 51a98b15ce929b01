"""Strict base64url: one spelling for each value.

Knows: RFC 4648 §5 without padding, as RFC 7515 §2 demands. Never does: tolerate. Refused are the characters of plain
base64, padding, line breaks, impossible lengths, and last characters with bits that mean nothing (RFC 4648 §3.5), all
of which the decoders below would let pass. Start reading: `decode`.
"""

from __future__ import annotations

import binascii
from typing import Final

import pybase64

_ALTERNATIVE: Final = b"-_"
_TO_PLAIN: Final = bytes.maketrans(b"-_+/=", b"+/\0\0\0")
_SMALL: Final = 8192  # below it, letting other threads run costs more than it gives them


def encode(data: bytes) -> bytes:
    """`data` as base64url characters without padding."""
    return pybase64.b64encode(data, altchars=_ALTERNATIVE).rstrip(b"=")


def encoded_size(size: int) -> int:
    """How many characters `size` bytes become."""
    return (size * 4 + 2) // 3


def decode(text: bytes) -> bytes:
    """The bytes that `text` spells. ValueError on anything but the one canonical spelling."""
    end = len(text) - len(text) % 4
    return decode_quanta(text[:end]) + decode_last(text[end:])


def decode_quanta(text: bytes) -> bytes:
    """As `decode`, for a length that is a multiple of 4 (full quanta, no last one). Lets other threads run if long."""
    if len(text) < _SMALL:
        return binascii.a2b_base64(text.translate(_TO_PLAIN), strict_mode=True)
    if b"+" in text or b"/" in text or b"=" in text:
        raise ValueError
    return pybase64.b64decode(text, altchars=_ALTERNATIVE, validate=True)


def decode_last(text: bytes) -> bytes:
    """The bytes of the last, incomplete quantum: 0, 2 or 3 characters whose unused bits are zero."""
    if not text:
        return b""
    if len(text) not in {2, 3} or b"=" in text:
        raise ValueError
    data = decode_quanta(text + b"A" * (4 - len(text)))[: len(text) - 1]
    if encode(data) != text:
        raise ValueError
    return data
