"""Levels of a login in the words of OpenID Connect, and what each allows a session.

Knows: the `acr` values of eIDAS, our own one for basic registration, STORK strings of portals made for BundID.
Never does: decide who is asked for which. Standards: eIDAS LoA URIs, BSI TR-03160-1. Start reading: `level_of`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from gateway.model import Level

_EIDAS: Final[Mapping[Level, str]] = {
    Level.LOW: "http://eidas.europa.eu/LoA/low",
    Level.SUBSTANTIAL: "http://eidas.europa.eu/LoA/substantial",
    Level.HIGH: "http://eidas.europa.eu/LoA/high",
}
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


def acr_of(level: Level, issuer: str) -> str:
    """The `acr` of a level; basic registration is below eIDAS and has an address of the issuer."""
    return _EIDAS.get(level, f"{issuer}/acr/basic")


def level_of(acr: str, issuer: str) -> Level | None:
    """The level that an `acr` value means; None: one that we do not know."""
    if found := _STORK.fullmatch(acr):
        return Level(int(found[1]))
    return next((level for level in Level if acr_of(level, issuer) == acr), None)


def acr_values(issuer: str) -> list[str]:
    """Every `acr` value of the issuer, lowest first."""
    return [acr_of(level, issuer) for level in Level]


def session_limits(level: Level) -> SessionLimits:
    """What BSI TR-03160-1 allows a session of this level."""
    return _LIMITS[level]
