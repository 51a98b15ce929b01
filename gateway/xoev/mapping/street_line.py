"""One line of street and house number, cut only where there is one way to cut it.

Knows: how house numbers are written in Germany (`12 a`, `2 1/2`, `5-7`, `5 und 7`, `12 a-c`, `o. Nr.`). Never does:
guess: a line with figures before the number, or with words behind it, is not cut. Standard: none; DIN 5008 shows the
usual forms. Start reading: `cut`.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

WAYS_OUT: Final = (
    "Straße und Hausnummer am Ende, z. B. „Am Markt 12 a“, „Am Markt 5-7“, „Dorfstr. o. Nr.“; sonst Straße und "
    "Hausnummer als zwei Angaben / street and house number at the end; else hand them over as two values"
)
"""What a finding names: a line that can be cut, or two values in the record (and two mappings without `as`)."""

_PART: Final = r"[0-9]{1,4}(?:\s[1-3]/[2-8]|\s?[½¼¾])?(?:\s?[a-zA-Z])?(?![0-9a-zA-Z])"
_NUMBER: Final = rf"{_PART}(?:(?:\s?[-–/+]\s?|\s?,\s|\s(?:und|u\.|bis)\s)(?:{_PART}|[a-zA-Z](?![0-9a-zA-Z])))*"
_NONE: Final = r"o\.\s?(?:Haus)?[nN]r\.|ohne (?:Haus[nN]ummer|Hausnr\.|Nr\.)"
_LINE: Final = re.compile(rf"(?P<street>\S.*?)(?:\s*,)?\s+(?P<number>{_NUMBER}|{_NONE})")
_NUMBERED: Final = re.compile(r"(?:.*\W)?[a-zA-Z]|Straße|Str\.|Weg|(?:.*\W)?(?:Haus-?)?(?:Nr\.?|Nummer)", re.IGNORECASE)
"""Streets named by the figures behind them (`C 4`, `B 189`, `Straße 12`), or that end in the word for the number."""
_ORDINAL: Final = re.compile(r"(?<![0-9])[0-9]{1,2}\.\s?(?=[^\W\d_])")


class StreetLine(NamedTuple):
    """What a line holds: the street, and the house number as it was written."""

    street: str
    number: str


def cut(line: str) -> StreetLine | None:
    """Street and house number of a line such as `Straße des 17. Juni 135 a`.

    Returns:
        both as they were written, or None where the line could be cut in two ways or in none: figures in the street
        other than a day's (`17. Juni`), figures that may name the street, a number that is not at the end, no number.
    """
    match = _LINE.fullmatch(line)
    if (
        match is None
        or re.search("[0-9]", _ORDINAL.sub("", match["street"]))
        or not re.search(r"[^\W\d_]", match["street"])
        or _NUMBERED.fullmatch(match["street"])
    ):
        return None
    return StreetLine(match["street"], match["number"])


def is_street_line(line: str) -> bool:
    """Whether a line can be cut with certainty."""
    return cut(line) is not None
