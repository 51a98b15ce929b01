"""Patterns of a service's rules, matched by an automaton (RE2) in time linear in the text.

Knows: that a pattern is about a whole value. Never does: backtrack; what needs it (look-around, back-references) is
refused when the service is loaded. Standard: RE2 syntax; what JSON Schema recommends (2020-12, §6.4) is part of it.
Start reading: `matches`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Protocol

import re2

MAX_LENGTH: Final = 500
"""Characters of a pattern."""
_MEMORY: Final = 1 << 20
"""Bytes that a pattern may take compiled; repetitions of repetitions take more."""


class _Pattern(Protocol):
    def fullmatch(self, text: str) -> object: ...


def is_pattern(text: str) -> bool:
    """Whether it is a pattern, not too long, and one that is matched in linear time."""
    return _compiled(text) is not None


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern holds for the whole text."""
    compiled = _compiled(pattern)
    try:
        return compiled is not None and bool(compiled.fullmatch(text))
    except UnicodeEncodeError:  # half a surrogate pair is no character
        return False


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> _Pattern | None:
    if len(pattern) > MAX_LENGTH:
        return None
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        compiled: _Pattern = re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError):
        return None
    return compiled
