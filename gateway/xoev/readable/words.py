"""How wide words are at most: which might be wider than a line of the readable application, which tables surely fit.

Knows: how wide a letter is at most. Never does: put a character into a word. Standard: none; widths of the font in
`template.py`. Start reading: `pieces`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

HEADING: Final = 14 / 11
TITLE: Final = 1.8
"""How much larger than a value its letters are."""
_LONG: Final = re.compile(r"\S{18,}")
_LINE: Final = 440.0
_ROOM: Final = 470.0
_CELL: Final = 8.5
_MOST: Final = 13.2
"""Points at 11 pt: the line that a value has, the page's, what a cell adds to its text, the widest letter in bold."""
_WIDTHS: Final = {
    letter: width
    for letters, width in (
        (" !\"'(),-./:;IJ[\\]`fijlt{|}²³", 4.4),
        ("#$*+0123456789<=>?EFLPS^_abcdeghknopqrsuvxyz~§ßàáäçèéòóöü–€", 6.9),
        ("%&ABCDGHKNOQRTUVXYZwÄÖÜ", 9.0),
        ("@MWm", 11.6),
    )
    for letter in letters
}
"""The same of the letters that most words are made of."""


def _width(text: str) -> float:
    """How wide a text is at most, in points at 11 pt in bold."""
    return sum([_WIDTHS.get(letter, _MOST) for letter in text])


def fits(word: str, scale: float = 1.0) -> bool:
    """Whether a word surely fits a line."""
    return _width(word) * scale <= _LINE


def table_fits(names: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether a table surely fits the page with no text in it broken."""
    return sum(_CELL + max(map(_width, column)) for column in zip(names, *rows, strict=True)) <= _ROOM


def all_fit(text: str) -> bool:
    """Whether each word of a text surely fits a line."""
    return all(fits(match[0]) for match in _LONG.finditer(text))


def pieces(text: str, scale: float = 1.0) -> str | list[str]:
    """The text; or, where a word might not fit, its pieces, of which every second one is such a word."""
    parts, at = [], 0
    for match in _LONG.finditer(text):
        if not fits(match[0], scale):
            parts += [text[at : match.start()], match[0]]
            at = match.end()
    return [*parts, text[at:]] if parts else text
