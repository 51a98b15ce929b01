"""Secrets that anybody could guess: too short, a word from an example, a pattern.

Knows: what chance does not produce. Never does: I/O. Standard: RFC 6749 §10.10. Start reading: `weak_text`.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

LEAST_SECRET: Final = 16
"""Characters of a secret that two machines share; 22 of base64 hold 128 bits."""
LEAST_PASSWORD: Final = 8
"""Characters of a password; whoever runs the other side has chosen it."""

_EXAMPLES: Final = re.compile(
    r"change[-_ ]?(?:me|this|it)|(?:bitte|please)?[-_ ]?(?:ändern|aendern)|password|passwort|kennwort|geheimnis|geheim"
    r"|secret|example|beispiel|placeholder|platzhalter|default|standard|letmein|insecure|unsicher|qwertz|qwerty|admin"
    r"|gateway|0123456789|1234567890|123456789|12345678|1234567|123456",
    re.IGNORECASE,
)
_FEW_CHARACTERS: Final = 6
_FEW_BYTES: Final = 8
_FEW_STEPS: Final = 3


def weak_text(text: str, least: int) -> bool:
    """Whether a secret has fewer than `least` characters beside words from examples, or follows a pattern."""
    plain = text.strip().removeprefix("whsec_")
    if _EXAMPLES.search(plain):
        plain = "".join(filter(str.isalnum, _EXAMPLES.sub("", plain)))
    return len(plain) < least or len(set(plain)) < _FEW_CHARACTERS or _regular(plain.encode())


def weak_key(key: bytes) -> bool:
    """Whether the bytes of a key were not made by chance: few different ones, a pattern, or typed."""
    typed = all(0x20 <= byte < 0x7F for byte in key)
    return typed or len(set(key)) < _FEW_BYTES or _regular(key)


def _regular(values: bytes) -> bool:
    """Whether the values are a repeated part, or go up and down by the same few steps (0, 1, 2, …)."""
    steps = {(after - before) % 256 for before, after in pairwise(values)}
    repeated = any(values[part:] == values[:-part] for part in range(1, len(values) // 2 + 1))
    return repeated or len(steps) <= _FEW_STEPS
