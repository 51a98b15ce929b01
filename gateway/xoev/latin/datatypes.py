"""Texts that every authority can read: DIN 91379 datatypes and NFC.

Knows: which letters a name, a street or a free text may hold. Never does: change a text beyond NFC, or repeat it.
Standard: DIN 91379:2022-08, datatypes A to E; Unicode Normalization Form C (UAX #15).
Start reading: `offence`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from enum import StrEnum
from functools import cache, partial
from typing import Final

from gateway.xoev.latin.repertoire import SEQUENCES, SINGLES


class Datatype(StrEnum):
    """The datatypes of DIN 91379, by what they are meant for."""

    PERSON_NAME = "A"
    OTHER_NAME = "B"
    NORMATIVE = "C"
    LEGAL_NAME = "D"
    EVERYTHING = "E"


MEANING: Final[dict[Datatype, tuple[str, str]]] = {
    Datatype.PERSON_NAME: (
        "nur Buchstaben für Personennamen (lateinisch), Leerzeichen, Bindestrich, Apostroph, Komma und Punkt",
        "only letters of personal names (Latin), space, hyphen, apostrophe, comma and full stop",
    ),
    Datatype.OTHER_NAME: (
        "nur lateinische Buchstaben, Ziffern und übliche Zeichen auf einer Zeile",
        "only Latin letters, digits and usual signs on one line",
    ),
    Datatype.NORMATIVE: (
        "nur lateinische Buchstaben, Ziffern, übliche Zeichen und Zeilenumbrüche, keine typografischen Zeichen",
        "only Latin letters, digits, usual signs and line breaks, no typographic quotes or dashes",
    ),
    Datatype.LEGAL_NAME: (
        "nur lateinische und griechische Buchstaben, Ziffern und Zeichen auf einer Zeile",
        "only Latin and Greek letters, digits and signs on one line",
    ),
    Datatype.EVERYTHING: (
        "nur lateinische, griechische und kyrillische (bulgarische) Buchstaben, Ziffern und Zeichen",
        "only Latin, Greek and Cyrillic (Bulgarian) letters, digits and signs",
    ),
}
"""What each datatype allows, in German and English, for the sentence of a finding."""


def offence(text: str, datatype: Datatype) -> int | None:
    """Where the text in NFC leaves the datatype: index of the first character too many, or None.

    The caller brings the text to NFC first; linear in the length of the text.
    """
    plain, composed = _patterns(datatype)
    if plain.fullmatch(text):
        return None
    match = composed.match(text)
    end = match.end() if match else 0
    return None if end == len(text) else end


def nfc(value: object) -> object:
    """A JSON value with every text in NFC; the value itself where nothing has to change."""
    return value if _composed(value) else with_texts(value, partial(unicodedata.normalize, "NFC"))


def _composed(value: object) -> bool:
    if isinstance(value, str):
        return value.isascii() or unicodedata.is_normalized("NFC", value)
    if isinstance(value, dict):
        return all(map(_composed, value.values()))
    return not isinstance(value, list) or all(map(_composed, value))


def with_texts(value: object, change: Callable[[str], str]) -> object:
    """A JSON value with each text changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: with_texts(inner, change) for key, inner in value.items()}
    return [with_texts(inner, change) for inner in value] if isinstance(value, list) else value


def code_points(datatype: Datatype) -> Iterator[int]:
    """Every single code point that the datatype allows."""
    for members, table in SINGLES.items():
        if datatype.value in members:
            for entry in table.split():
                first, _, last = entry.partition("-")
                yield from range(int(first, 16), int(last or first, 16) + 1)


def sequences() -> Iterator[str]:
    """Every letter made of several code points; all datatypes allow them."""
    for entry in SEQUENCES.split():
        yield "".join(chr(int(part, 16)) for part in entry.split("+"))


@cache
def _patterns(datatype: Datatype) -> tuple[re.Pattern[str], re.Pattern[str]]:
    single = "[" + "".join(re.escape(chr(point)) for point in code_points(datatype)) + "]"
    longest_first = sorted(sequences(), key=len, reverse=True)
    several = "|".join(re.escape(sequence) for sequence in longest_first)
    return re.compile(f"{single}*+"), re.compile(f"(?:{several}|{single})*+")
