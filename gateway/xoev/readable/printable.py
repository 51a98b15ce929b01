"""What the readable application can show: texts without characters that its fonts lack or that are invisible.

Knows: the repertoire of its fonts. Never does: judge a record (`datatypes.py` does), lay out a page, break a word.
Standard: DIN 91379:2022-08 (the fonts hold all of it), PDF/UA-1 (ISO 14289-1: no glyph may be missing).
Start reading: `printable`.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from gateway.xoev.latin.datatypes import Datatype, offence

_SHOWN_TOO: Final = "\u2010\u2011\u2013\u2014"
_UNSEEN: Final = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
"""Marks for breaking or joining inside a word; left in place they would keep a search from finding the word."""
_PLAIN: Final = re.compile("[ -~§°ÄÖÜßäöü–]*")
"""What nearly all texts are made of: in the repertoire, and in NFC in any order."""
_SPACES: Final = str.maketrans({"\t": " ", "\r": "\n"})


def printable(text: str) -> str:
    """The text in NFC with `[U+…]` for each character that the fonts may lack and without unseen marks inside words.

    The embedded fonts hold all of DIN 91379 but the tabulator (a test prints it); it becomes a space, the rest of a
    checked record comes back unchanged. Doing it twice changes nothing.
    """
    if _PLAIN.fullmatch(text):
        return text
    unread = unicodedata.normalize("NFC", text.translate(_UNSEEN)).replace("\r\n", "\n").translate(_SPACES)
    done: list[str] = []
    while (position := offence(unread, Datatype.EVERYTHING)) is not None:
        letter = unread[position]
        done += (unread[:position], letter if letter in _SHOWN_TOO else f"[U+{ord(letter):04X}]")
        unread = unread[position + 1 :]
    return "".join(done) + unread


def unprintable(text: str) -> tuple[str, ...]:
    """The code points of a text (`U+F0B7`) that `printable` names instead of showing, each once."""
    composed = unicodedata.normalize("NFC", text.translate(_UNSEEN))
    replaced: list[str] = []
    while (position := offence(composed, Datatype.EVERYTHING)) is not None:
        if composed[position] not in _SHOWN_TOO:
            replaced.append(f"U+{ord(composed[position]):04X}")
        composed = composed[position + 1 :]
    return tuple(dict.fromkeys(replaced))
