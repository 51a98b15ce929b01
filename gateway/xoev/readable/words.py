"""Words that might be wider than a line of the readable application; all others are never broken.

Knows: how wide a letter is at most. Never does: put a character into a word. Standard: none; widths of the font in
`template.py`. Start reading: `pieces`.
"""

from __future__ import annotations

import re
from typing import Final

HEADING: Final = 14 / 11
TITLE: Final = 1.8
"""How much larger than a value its letters are."""
_LONG: Final = re.compile(r"\S{18,}")
_NARROW: Final = re.compile("[a-ln-vx-z0-9:;.,_/()+-]")
_LINE: Final = 440.0
_NARROW_MOST: Final = 6.9
_MOST: Final = 13.2
"""Points at 11 pt: the line that a value has, the widest letter of each kind in bold."""


def fits(word: str, scale: float = 1.0) -> bool:
    """Whether a word surely fits a line."""
    narrow = len(_NARROW.findall(word))
    return (narrow * _NARROW_MOST + (len(word) - narrow) * _MOST) * scale <= _LINE


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
