"""The normaliser of DIN 91379: typographic characters become allowed ones, and each replacement is reported.

Knows: which character stands for which. Never does: touch a name: names are refused with a suggestion.
Standard: DIN 91379:2022-08; the replacements are this project's, each meaning the same to a reader.
Start reading: `normalised`; `normal_record.py` applies it to a record.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gateway.xoev.latin.datatypes import Datatype, offence

_LIKE: Final[tuple[tuple[str, str, str, str], ...]] = (
    ("\u201c\u201d\u201e\u201f\u2033\u2036\u275d\u275e\u301d\u301e\uff02", '"', "Anführungszeichen", "quotation mark"),
    (
        "\u2018\u2019\u201a\u201b\u2032\u2035\u275b\u275c\uff07\u02bc",
        "'",
        "einfaches Anführungszeichen",
        "single quotation mark",
    ),
    ("\u00ab\u00bb", '"', "Guillemet", "guillemet"),
    ("\u2039\u203a", "'", "einfaches Guillemet", "single guillemet"),
    ("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043\ufe58\ufe63\uff0d", "-", "Strich", "dash"),
    (
        "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000",
        " ",
        "besonderes Leerzeichen",
        "special space",
    ),
    ("\u00ad\u200b\u200c\u200d\u2060\ufeff\u200e\u200f", "", "unsichtbares Zeichen", "invisible character"),
    ("\u2026\u22ef", "...", "Auslassungszeichen", "ellipsis"),
    ("\u2022\u2023\u25aa\u25cf\u25e6\u2219", "*", "Aufzählungspunkt", "bullet"),
    ("\u2044\u2215", "/", "Bruchstrich", "fraction slash"),
    ("\u2028\u2029\u0085\u000b\u000c", "\n", "Zeilentrenner", "line separator"),
    ("\t", " ", "Tabulator", "tabulator"),
    ("\n\r", " ", "Zeilenumbruch", "line break"),
    ("\u2192\u21d2", "->", "Pfeil", "arrow"),
    ("\u2190\u21d0", "<-", "Pfeil", "arrow"),
    ("\u2713\u2714", "x", "Häkchen", "check mark"),
)
_ONES: Final[dict[str, tuple[str, str, str]]] = {
    "\ufb00": ("ff", "Ligatur", "ligature"),
    "\ufb01": ("fi", "Ligatur", "ligature"),
    "\ufb02": ("fl", "Ligatur", "ligature"),
    "\ufb03": ("ffi", "Ligatur", "ligature"),
    "\ufb04": ("ffl", "Ligatur", "ligature"),
    "\ufb05": ("st", "Ligatur", "ligature"),
    "\ufb06": ("st", "Ligatur", "ligature"),
    "\u2116": ("Nr.", "Nummernzeichen", "numero sign"),
    "\u2122": ("(TM)", "Markenzeichen", "trade mark sign"),
    "\u2105": ("c/o", "c/o-Zeichen", "care-of sign"),
    "\u2103": ("°C", "Grad Celsius", "degree Celsius"),
}
REPLACEMENTS: Final[dict[str, tuple[str, str, str]]] = _ONES | {
    char: (to, de, en) for chars, to, de, en in _LIKE for char in chars
}
"""Character -> what stands for it, and its name in German and English."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """One character that was replaced: `position` counts from 0 in the text as it came, `to` may be empty."""

    position: int
    character: str
    to: str

    @property
    def point(self) -> str:
        """The code point, as `U+2013`."""
        return f"U+{ord(self.character):04X}"

    @property
    def names(self) -> tuple[str, str]:
        """What the character is, in German and English."""
        return REPLACEMENTS[self.character][1:]


def normalised(text: str, datatype: Datatype) -> tuple[str, tuple[Replacement, ...]]:
    """A text with every character replaced that its datatype does not allow and that has a stand-in it allows.

    Args:
        text: in NFC.
        datatype: what the field allows; characters that it allows stay as they are.

    Returns:
        the text and what was replaced; characters without a stand-in stay, and `datatypes.offence` still finds them.
    """
    if offence(text, datatype) is None:
        return text, ()
    characters: list[str] = []
    replacements: list[Replacement] = []
    for position, character in enumerate(text):
        to = stand_in(character, datatype)
        characters.append(character if to is None else to)
        if to is not None:
            replacements.append(Replacement(position, character, to))
    return "".join(characters), tuple(replacements)


def stand_in(character: str, datatype: Datatype) -> str | None:
    """What may stand for a character that the datatype does not allow; None where it is allowed or nothing does."""
    replacement = REPLACEMENTS.get(character)
    if replacement is None or offence(character, datatype) is None:
        return None
    to = replacement[0]
    if to == "\n" and offence(to, datatype) is not None:
        to = " "  # the datatype has no line breaks
    return to if offence(to, datatype) is None else None


def suggestion(character: str, datatype: Datatype) -> tuple[str, str]:
    """A sentence that proposes what could stand for a character, in German and English; empty where nothing does."""
    to = stand_in(character, datatype)
    if to is None:
        return "", ""
    _, de, en = REPLACEMENTS[character]
    if not to:
        return f" Vorschlag: {de} weglassen.", f" Suggestion: leave the {en} out."
    shown_de, shown_en = shown(to)
    return f" Vorschlag: {de} durch {shown_de} ersetzen.", f" Suggestion: replace the {en} by {shown_en}."


def shown(to: str) -> tuple[str, str]:
    """A stand-in in words, in German and English."""
    blank = {" ": ("ein Leerzeichen", "a space"), "\n": ("einen Zeilenumbruch", "a line break")}
    return blank.get(to, (f"„{to}“", f'"{to}"'))
