"""The shortest text that a pattern and two lengths allow; None where there is none.

Knows: which lengths each part of a pattern can have (dynamic programming, memoised). Never does: try at random; the
same pattern gives the same text. Start reading: `specimen`. A set of lengths is a bit set: bit n for length n.
"""

from __future__ import annotations

from functools import lru_cache, reduce
from operator import or_
from typing import Final

from gateway.xoev.fim.expression import Alternation, Anchor, Chars, Piece, Unsupported

_LONGEST: Final = 2000
_USUAL: Final = 255
_BUDGET: Final = 300_000
_PREFERRED: Final = "A0a1 -.,/@:_xXzZ9ÄäéΑ\n"


@lru_cache(maxsize=4096)
def specimen(pattern: Alternation, shortest: int, longest: int | None) -> str | None:
    """A text that the pattern allows, at least `shortest` and at most `longest` characters long.

    Raises `Unsupported` for a pattern that takes more than `_BUDGET` steps, and for a text of more than 2,000.
    """
    if shortest > _LONGEST:
        raise Unsupported
    most = _LONGEST if longest is None else min(longest, _LONGEST)
    for cap in sorted({min(_USUAL, most), most}):  # few texts are long, and short ones are found sooner
        search = _Search(cap)
        if lengths := search.choice(pattern) >> shortest << shortest:
            return search.built(pattern, (lengths & -lengths).bit_length() - 1)
    return None


class _Search:
    """One search for texts up to a length: lengths of parts are memoised, steps have a budget."""

    def __init__(self, cap: int) -> None:
        self.all = (1 << (cap + 1)) - 1
        self.left = _BUDGET
        self.known: dict[int, tuple[object, list[int]]] = {}

    def choice(self, pattern: Alternation) -> int:
        return reduce(or_, (self.ends(branch)[0] for branch in pattern.branches), 0)

    def ends(self, branch: tuple[Piece, ...]) -> list[int]:
        """For each place in the branch the lengths that the rest from there can have."""
        if id(branch) in self.known:
            return self.known[id(branch)][1]
        lengths = [1]
        for piece in reversed(branch):
            lengths.append(self.joined(self.piece(piece), lengths[-1]))
        lengths.reverse()
        self.known[id(branch)] = (branch, lengths)
        return lengths

    def piece(self, piece: Piece) -> int:
        return reduce(or_, self.steps(piece)[piece.low :], 0)

    def steps(self, piece: Piece) -> list[int]:
        """The lengths of 0, 1, 2 … copies, as far as copies add something."""
        if id(piece) in self.known:
            return self.known[id(piece)][1]
        single = self.atom(piece.atom)
        steps, seen = [1], 1
        while piece.high is None or len(steps) <= piece.high:
            following = self.joined(steps[-1], single)
            if len(steps) > piece.low and not following & ~seen:
                break
            steps.append(following)
            seen |= following
        self.known[id(piece)] = (piece, steps)
        return steps

    def atom(self, atom: Chars | Alternation | Anchor) -> int:
        if isinstance(atom, Alternation):
            return self.choice(atom)
        return 2 & self.all if isinstance(atom, Chars) and _char(atom) else 0

    def joined(self, first: int, second: int) -> int:
        if first.bit_count() > second.bit_count():
            first, second = second, first
        sums = 0
        while first:
            self.left -= 1
            if self.left < 0:
                raise Unsupported
            sums |= second << ((first & -first).bit_length() - 1)
            first &= first - 1
        return sums & self.all

    def built(self, pattern: Alternation, length: int) -> str:
        branch = next(option for option in pattern.branches if self.ends(option)[0] >> length & 1)
        ends, words = self.ends(branch), ""
        for no, piece in enumerate(branch):
            steps, lengths = self.steps(piece), self.piece(piece)
            taken = next(n for n in range(length + 1) if lengths >> n & 1 and ends[no + 1] >> (length - n) & 1)
            count = next(n for n in range(piece.low, len(steps)) if steps[n] >> taken & 1)
            words += self.copies(piece, steps, count, taken)
            length -= taken
        return words

    def copies(self, piece: Piece, steps: list[int], count: int, length: int) -> str:
        words = ""
        single = self.atom(piece.atom)
        for left in range(count - 1, -1, -1):
            taken = next(n for n in range(length + 1) if single >> n & 1 and steps[left] >> (length - n) & 1)
            words += self.built(piece.atom, taken) if isinstance(piece.atom, Alternation) else _char(piece.atom)
            length -= taken
        return words


def _char(chars: Chars | Alternation | Anchor) -> str:
    assert isinstance(chars, Chars)
    candidates = _PREFERRED + "".join(chr(low) for low, _ in chars.ranges)
    return next((char for char in candidates if chars.holds(char)), "")
