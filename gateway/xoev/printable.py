"""What the readable application can show: texts without characters that its fonts lack, with places to break.

Knows: the repertoire of the embedded fonts, long words. Never does: judge a record (`latin.py` does), lay out a page.
Standard: DIN 91379:2022-08 (the fonts hold all of it), PDF/UA-1 (ISO 14289-1: no glyph may be missing).
Start reading: `printable`.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Final

from gateway.xoev.latin import Datatype, offence

BREAK: Final = "\u200b"
"""An invisible place to break a word."""
_SHOWN_TOO: Final = "\u2010\u2011\u2013\u2014" + BREAK
_SPACES: Final = str.maketrans({"\t": " ", "\r": "\n"})
_UNBROKEN: Final = re.compile(r"\S{25,}")
_PIECE: Final = re.compile("[^\u200b]{12}(?:[\u0300-\u036f]|(?<=\u035f).)*")
"""Twelve characters with the marks that belong to the last; none is parted from its letter."""


def printable(text: str) -> str:
    """The text in NFC with `[U+…]` for each character that the fonts may lack; doing it twice changes nothing.

    The embedded fonts hold all of DIN 91379 but the tabulator (a test prints it); it becomes a space, the rest of a
    checked record comes back unchanged.
    """
    if text.isascii() and text.isprintable():  # all of these are in the repertoire
        return text
    rest = unicodedata.normalize("NFC", text).replace("\r\n", "\n").translate(_SPACES)
    done: list[str] = []
    while (position := offence(rest, Datatype.EVERYTHING)) is not None:
        letter = rest[position]
        done += (rest[:position], letter if letter in _SHOWN_TOO else f"[U+{ord(letter):04X}]")
        rest = rest[position + 1 :]
    return "".join(done) + rest


def breakable(text: str) -> str:
    """The text, printable, with invisible places to break in words that are longer than a line may be."""
    return _UNBROKEN.sub(lambda match: _PIECE.sub(f"\\g<0>{BREAK}", match[0]), printable(text))


def every_text(value: Any) -> Any:  # noqa: ANN401 - JSON
    """A JSON value in which each text is printable, whatever it was made of."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {key: every_text(inner) for key, inner in value.items()}
    return [every_text(inner) for inner in value] if isinstance(value, list) else value


def unprintable(text: str) -> tuple[str, ...]:
    """The code points of a text (`U+F0B7`) that `printable` names instead of showing, each once."""
    composed = unicodedata.normalize("NFC", text)
    replaced: list[str] = []
    while (position := offence(composed, Datatype.EVERYTHING)) is not None:
        if composed[position] not in _SHOWN_TOO:
            replaced.append(f"U+{ord(composed[position]):04X}")
        composed = composed[position + 1 :]
    return tuple(dict.fromkeys(replaced))
