"""Levels of a login in the words of OpenID Connect, and what each allows a session.

Knows: which `acr` values there are, STORK strings of portals made for BundID, how long a session of a level lasts.
Never does: decide who is asked for which. Standards: eIDAS LoA URIs, BSI TR-03160-1. Start reading: `level_of`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gateway.model import Level

_STORK: Final = re.compile(r"STORK-QAA-Level-([1-4])")


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How long a browser stays signed in, in seconds: at all, and without use."""

    longest_s: int
    idle_s: int


_LIMITS: Final[Mapping[Level, SessionLimits]] = {
    Level.BASIC: SessionLimits(12 * 3600, 3600),
    Level.LOW: SessionLimits(12 * 3600, 3600),
    Level.SUBSTANTIAL: SessionLimits(2 * 3600, 1800),
    Level.HIGH: SessionLimits(1800, 300),
}


def level_of(acr: str, issuer: str) -> Level | None:
    """The level that an `acr` value means; None: one that we do not know."""
    if stork := _STORK.fullmatch(acr):
        return Level(int(stork[1]))
    return next((level for level in Level if level.acr(issuer) == acr), None)


def acr_values(issuer: str) -> list[str]:
    """Every `acr` value of the issuer, lowest first."""
    return [level.acr(issuer) for level in Level]


def session_limits(level: Level) -> SessionLimits:
    """What BSI TR-03160-1 allows a session of this level."""
    return _LIMITS[level]
