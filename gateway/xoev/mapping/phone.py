"""Telephone numbers as E.164 writes them: a plus, the country code, the number, digits only.

Knows: the usual ways to write a number for people, and how a German national one becomes international.
Never does: guess a country: a number without one is refused unless the mapping says that it is German.
Standard: ITU-T E.164 (2010) §6, at most 15 digits; written forms after E.123 and DIN 5008. Start reading: `e164`.
"""

from __future__ import annotations

import re
from typing import Final

_GERMANY: Final = "+49"
_SEPARATORS: Final = str.maketrans("", "", " ()/.-")
_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")
_WRITTEN: Final = re.compile(r"[+0(][0-9 ()/.\-]{5,38}")
_OPTIONAL_ZERO: Final = re.compile(r"\(\s*0\s*\)")


def e164(value: str, *, german: bool = False) -> str | None:
    """The number in E.164, or None where the text is no number that can be dialled from everywhere.

    Args:
        value: as somebody wrote it: `+49 3935 1234-56`, `(03935) 1234`.
        german: whether a number with a leading 0 is a German one, and a leading 00 the way abroad from Germany.

    Returns:
        `+` and 7 to 15 digits. `+49 (0)3935 …` is refused: the zero in brackets is not part of any number, and leaving
        it out would be a guess.
    """
    if not _WRITTEN.fullmatch(value) or _OPTIONAL_ZERO.search(value):
        return None
    number = value.translate(_SEPARATORS)
    if german and number.startswith("00"):
        number = "+" + number[2:]
    elif german and number.startswith("0"):
        number = _GERMANY + number[1:]
    if number.startswith(_GERMANY + "0"):
        return None
    return number if _E164.fullmatch(number) else None


def is_international(value: str) -> bool:
    """Whether a text is a number with its country code."""
    return e164(value) is not None


def is_german(value: str) -> bool:
    """The same where a leading 0 means Germany."""
    return e164(value, german=True) is not None
