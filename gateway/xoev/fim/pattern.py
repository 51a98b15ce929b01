r"""Patterns of form schemas in the one spelling that XML Schema, ECMAScript and linear engines share.

Knows: the dialects in which authors write patterns (anchors, `(?:`, `\/`, lazy quantifiers), and which of it changes
nothing once a pattern always means the whole text. Never does: weaken a pattern; what cannot be said is `Unsupported`.
Standard: XML Schema 1.0 part 2 appendix F, ECMA-262 with flag u. Start reading: `read`.
"""

from __future__ import annotations

import re
from typing import Final

from gateway.xoev.fim.expression import (
    MAX_COPIES,
    Alternation,
    Anchor,
    Chars,
    PatternBroken,
    Piece,
    Unsupported,
    charset,
    copies,
    legal,
    named,
    single,
    without_edges,
)

_MAX_TEXT: Final = 4000
_MAX_NESTING: Final = 30
_LETTERS: Final = {"n": "\n", "r": "\r", "t": "\t"}
_SETS: Final = frozenset("sSdDwW")
_QUANTIFIER: Final = re.compile(r"[?*+]|\{(?:([0-9]{1,9})|(?=,[0-9]))(?:(,)([0-9]{1,9})?)?\}")
_CATEGORY: Final = re.compile(r"\{(L[ultmo]?|M[nce]?|N[dlo]?|P[cdseifo]?|Z[slp]?|S[mcko]?|C[cfon]?)\}")
_CODE_POINT: Final = re.compile(r"x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|[xu]\{([0-9A-Fa-f]{1,6})\}")
_OPENING: Final = re.compile(r"\?:|\?P?<[A-Za-z_][A-Za-z0-9_]*>")


def read(text: str) -> Alternation:
    """Read a pattern; raises `PatternBroken` or `Unsupported`."""
    if len(text) > _MAX_TEXT or not all(legal(ord(char)) for char in text):
        raise Unsupported
    reader = _Reader(text)
    expression = reader.choice(0)
    if reader.place != len(text):
        raise PatternBroken
    expression = without_edges(expression, start=True, end=True)
    if copies(expression) > MAX_COPIES:
        raise Unsupported
    return expression


class _Reader:
    """Recursive descent over the text of a pattern."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0

    def next(self) -> str:
        return self.text[self.place : self.place + 1]

    def take(self, expression: re.Pattern[str]) -> re.Match[str] | None:
        match = expression.match(self.text, self.place)
        if match:
            self.place = match.end()
        return match

    def choice(self, level: int) -> Alternation:
        if level > _MAX_NESTING:
            raise Unsupported
        branches: list[tuple[Piece, ...]] = []
        while True:
            branch: list[Piece] = []
            while self.next() not in {"", "|", ")"}:
                branch.append(self.piece(level))
            branches.append(tuple(branch))
            if self.next() != "|":
                return Alternation(tuple(branches))
            self.place += 1

    def piece(self, level: int) -> Piece:
        atom = self.atom(level)
        match = self.take(_QUANTIFIER)
        if match is None:
            return Piece(atom)
        low, high = _bounds(match)
        if isinstance(atom, Anchor) or (high is not None and high < low):
            raise PatternBroken
        if self.next() == "+":
            raise Unsupported
        if self.next() == "?":
            self.place += 1
        if self.next() in {"?", "*", "+"} or self.take(_QUANTIFIER):
            raise PatternBroken
        return Piece(atom, low, high, match[0].replace("{,", "{0,"))

    def atom(self, level: int) -> Chars | Alternation | Anchor:
        char = self.next()
        self.place += 1
        if char == "(":
            return self.group(level)
        if char == "[":
            return self.set()
        if char == "\\":
            return self.escape()
        if char in {"*", "+", "?"}:
            raise PatternBroken
        if char in {"^", "$"}:
            return Anchor(start=char == "^")
        if char == ".":
            return Chars(".", ((10, 10), (13, 13)), negated=True)
        return single(char)

    def group(self, level: int) -> Alternation:
        if not self.take(_OPENING) and self.next() in {"?", "*"}:
            raise Unsupported
        inner = self.choice(level + 1)
        if self.next() != ")":
            raise PatternBroken
        self.place += 1
        return inner

    def escape(self) -> Chars | Anchor:
        char = self.next()
        if char in {"A", "Z", "z"}:
            self.place += 1
            return Anchor(start=char == "A")
        member = self.escaped()
        return named(member[1:]) if len(member) > 1 else single(member)

    def escaped(self) -> str:
        """A character, or a named set with a backslash in front."""
        if match := self.take(_CODE_POINT):
            number = int(match[1] or match[2] or match[3], 16)
            if not legal(number):
                raise Unsupported
            return chr(number)
        char = self.next()
        self.place += 1
        if char == "":
            raise PatternBroken
        if char in _SETS:
            return "\\" + char
        if char in {"p", "P"}:
            match = self.take(_CATEGORY)
            if match is None:
                raise Unsupported
            return f"\\{char}{match[0]}"
        if char in _LETTERS:
            return _LETTERS[char]
        if char.isalnum() and char.isascii():
            raise Unsupported
        return char

    def set(self) -> Chars:
        negated = self.next() == "^"
        self.place += negated
        if negated and self.next() == "]":  # ECMAScript: nothing is excluded, so any character stands
            self.place += 1
            return charset([("\\s", ""), ("\\S", "")], negated=False)
        items: list[tuple[str, str]] = []
        while self.next() != "]" or not items:
            if self.next() in {"", "]"}:
                raise PatternBroken
            items.append(self.item())
        self.place += 1
        return charset(items, negated=negated)

    def item(self) -> tuple[str, str]:
        """A range of characters (first, last); for a named set the first is its name and the last empty."""
        first = self.member()
        if len(first) > 1:
            return first, ""
        following = self.text[self.place : self.place + 2]
        if following[:1] != "-" or following[1:] in {"]", ""}:
            return first, first
        if following == "-[":
            raise Unsupported
        before = self.place
        self.place += 1
        last = self.member()
        if len(last) > 1:
            self.place = before
            return first, first
        if last < first:
            raise PatternBroken
        return first, last

    def member(self) -> str:
        char = self.next()
        self.place += 1
        if char == "[":
            raise Unsupported
        if char == "\\":
            return self.escaped()
        return char


def _bounds(match: re.Match[str]) -> tuple[int, int | None]:
    if match[0] in {"?", "*", "+"}:
        return (1 if match[0] == "+" else 0), (1 if match[0] == "?" else None)
    low = int(match[1] or 0)
    return low, int(match[3]) if match[3] else None if match[2] else low
