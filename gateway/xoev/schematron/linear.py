r"""Regular expressions of XPath matched in linear time.

Knows: how `fn:matches`, `fn:replace` and `fn:tokenize` read patterns and flags. Never does: backtrack; a pattern that
needs it (back-references) is refused. Standard: XQuery and XPath Functions 1.0 §7.6; the engine is RE2.
Start reading: `compiled`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Protocol

import re2
from elementpath.regex import RegexError, translate_pattern

MAX_PATTERN: Final = 2_000
_FLAGS: Final = {"s": re.DOTALL, "i": re.IGNORECASE, "x": re.VERBOSE}
_END: Final = r"$(?!\n\Z)"
_OUTSIDE_SETS: Final = re.compile(r"\[(?:\\.|[^\]\\])*\]|\\(?P<set>[dDwWsS])|\\.", re.DOTALL)
_SETS: Final = {
    "d": r"\p{Nd}",
    "D": r"\P{Nd}",
    "w": r"[^\p{P}\p{Z}\p{C}]",
    "W": r"[\p{P}\p{Z}\p{C}]",
    "s": r"[ \t\n\r]",
    "S": r"[^ \t\n\r]",
}
"""What the sets mean in XPath, in the words of RE2, where they mean ASCII otherwise."""


class Unsuitable(ValueError):
    """The pattern is none, or none that can be matched in linear time."""


class Pattern(Protocol):
    """What of a compiled pattern is used."""

    groups: int

    def search(self, text: str) -> object:
        """A match anywhere, or None."""

    def sub(self, replacement: str, text: str) -> str:
        """The text with every match replaced."""

    def split(self, text: str) -> list[str | None]:
        """The pieces between the matches."""


@lru_cache(maxsize=512)
def compiled(pattern: str, flags: str = "") -> Pattern:
    """A pattern ready to match, memoised; raises `Unsuitable`.

    Args:
        pattern: as a rule writes it, at most 2,000 characters.
        flags: `s`, `i` and `x` of XPath; `m` is refused, for RE2 sees lines where XPath sees none.
    """
    if len(pattern) > MAX_PATTERN or set(flags) - set(_FLAGS):
        raise Unsuitable
    bits = 0
    for flag in flags:
        bits |= _FLAGS[flag]
    spelled = "".join(pattern.split()) if "x" in flags else pattern
    try:
        translated = translate_pattern(spelled, bits & ~re.VERBOSE)
    except (RegexError, re.error, OverflowError, IndexError):
        raise Unsuitable from None
    options = re2.Options()
    options.log_errors = False
    options.dot_nl = "s" in flags
    options.case_sensitive = "i" not in flags
    try:
        matcher: Pattern = re2.compile(_OUTSIDE_SETS.sub(_meant, translated.replace(_END, "$")), options)
    except re2.error:
        raise Unsuitable from None
    return matcher


def _meant(match: re.Match[str]) -> str:
    return _SETS[match["set"]] if match["set"] else match[0]
