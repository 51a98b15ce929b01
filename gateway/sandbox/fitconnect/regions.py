"""Regions of a destination: which of them covers which.

Knows: the levels of the regional key (state, government district, district, association, municipality), and that a full
key which ends in zeros from a level on means the level above. Never does: know which keys exist.
Standard: ARS (Destatis). Start reading: `covers`.
"""

from __future__ import annotations

from typing import Final

_DIGITS: Final = 12
_LEVELS: Final = (0, 2, 3, 5, 9)


def digits(region: str) -> str:
    """The digits of a region that say something: `DE150900000000` is the district `15090`."""
    key = region.removeprefix("DE")
    if len(key) < _DIGITS:
        return key
    return next((key[:level] for level in _LEVELS if not key[level:].strip("0")), key)


def covers(region: str, inner: str) -> bool:
    """Whether what lies in `wanted` lies in `region` too."""
    return digits(inner).startswith(digits(region))
