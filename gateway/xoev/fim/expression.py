"""A regular expression as a tree, and its spelling.

Knows: which spelling XML Schema, ECMAScript (flag u) and linear engines read alike; a word character counts the
underscore everywhere, which XML Schema alone would not. Never does: match.
Standard: XML Schema 1.0 part 2 appendix F, ECMA-262. Start reading: `Alternation`, `spell`.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final

MAX_COPIES: Final = 20_000
_ESCAPED: Final = frozenset("\\|.?*+(){}[]^")
_IN_SET: Final = frozenset("\\[]^-")
_WRITTEN: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


class PatternBroken(ValueError):
    """The text is no regular expression."""


class Unsupported(ValueError):
    """The pattern is one, but needs what XML Schema cannot say."""


@dataclass(frozen=True, slots=True)
class Chars:
    """One character out of a set: ranges of code points and named sets (`d`, `p{L}`), or everything but those."""

    spelling: str
    ranges: tuple[tuple[int, int], ...] = ()
    sets: tuple[str, ...] = ()
    negated: bool = False

    def holds(self, char: str) -> bool:
        """Whether the character belongs to the set, in every dialect that reads the spelling."""
        inside = any(low <= ord(char) <= high for low, high in self.ranges)
        inside = inside or any(_in_set(char, name) for name in self.sets)
        return inside is not self.negated


@dataclass(frozen=True, slots=True)
class Anchor:
    """Start or end of the text: says nothing at the edges of a pattern that means the whole text."""

    start: bool


@dataclass(frozen=True, slots=True)
class Piece:
    """An atom and how often it stands; `high` None means any number."""

    atom: Chars | Alternation | Anchor
    low: int = 1
    high: int | None = 1
    quantifier: str = ""


@dataclass(frozen=True, slots=True)
class Alternation:
    """Branches, one of which has to fit."""

    branches: tuple[tuple[Piece, ...], ...]


def spell(pattern: Alternation) -> str:
    """The pattern in the shared spelling; raises `Unsupported` for an anchor inside the text."""
    return "|".join("".join(_spell(piece) for piece in branch) for branch in pattern.branches)


def _spell(piece: Piece) -> str:
    if isinstance(piece.atom, Anchor):
        raise Unsupported
    atom = f"({spell(piece.atom)})" if isinstance(piece.atom, Alternation) else piece.atom.spelling
    return atom + piece.quantifier


def legal(number: int) -> bool:
    """Whether XML 1.0 has that character."""
    return (
        number in {9, 10, 13} or 0x20 <= number <= 0xD7FF or 0xE000 <= number <= 0xFFFD or 0x10000 <= number <= 0x10FFFF
    )


def single(char: str) -> Chars:
    """That one character."""
    spelling = {**_WRITTEN, "$": "[$]"}.get(char) or (f"\\{char}" if char in _ESCAPED else char)
    return Chars(spelling, ((ord(char), ord(char)),))


def named(name: str) -> Chars:
    """A named set: `d`, `S`, `p{Lu}`."""
    return Chars("[\\w_]" if name == "w" else f"\\{name}", sets=(name,))


def charset(items: list[tuple[str, str]], *, negated: bool) -> Chars:
    """A set of characters: ranges (first, last) and named sets (backslash and name, empty text)."""
    spelled = ""
    words = ("\\w", "") in items
    for first, last in dict.fromkeys(items):
        if words and first == last == "_":
            continue
        if not last:
            spelled += "\\w_" if first == "\\w" else first
        elif first == last:
            spelled += _in_set_spelling(first)
        else:
            spelled += f"{_in_set_spelling(first)}-{_in_set_spelling(last)}"
    ranges = tuple((ord(first), ord(last)) for first, last in items if last)
    sets = tuple(first[1:] for first, last in items if not last)
    return Chars(f"[{'^' if negated else ''}{spelled}]", ranges, sets, negated)


def _in_set_spelling(char: str) -> str:
    return _WRITTEN.get(char) or (f"\\{char}" if char in _IN_SET else char)


def _in_set(char: str, name: str) -> bool:
    if name[0] in "pP":
        return unicodedata.category(char).startswith(name[2:-1]) is (name[0] == "p")
    if name in "sS":
        return (char in " \t\n\r") is (name == "s")
    if name in "dD":
        return ("0" <= char <= "9") is (name == "d")
    return (char.isascii() and char.isalnum()) is (name == "w")


def without_edges(pattern: Alternation, *, start: bool, end: bool) -> Alternation:
    """The pattern without anchors at the start or end: it always means the whole text, so they change nothing there."""
    return Alternation(tuple(_trimmed(branch, start=start, end=end) for branch in pattern.branches))


def _trimmed(branch: tuple[Piece, ...], *, start: bool, end: bool) -> tuple[Piece, ...]:
    pieces = list(branch)
    while start and pieces and pieces[0].atom == Anchor(start=True):
        pieces.pop(0)
    while end and pieces and pieces[-1].atom == Anchor(start=False):
        pieces.pop()
    for no, piece in enumerate(pieces):
        if isinstance(piece.atom, Alternation) and not piece.quantifier:
            inner = without_edges(piece.atom, start=start and no == 0, end=end and no == len(pieces) - 1)
            pieces[no] = Piece(inner)
    return tuple(pieces)


def copies(pattern: Alternation) -> int:
    """How many atoms an engine that unrolls counts would hold."""
    total = 0
    for branch in pattern.branches:
        for piece in branch:
            atoms = copies(piece.atom) if isinstance(piece.atom, Alternation) else 1
            total += min(atoms * max(piece.low, piece.high or 1, 1), MAX_COPIES + 1)
    return total
