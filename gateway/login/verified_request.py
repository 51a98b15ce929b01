"""What a portal asks for by `verified_claims` in the `claims` parameter.

Knows: which elements of such a request we can meet, by trust framework and level. Never does: release a value.
Standard: OpenID Connect for Identity Assurance 1.0 §5.7 and §6. Start reading: `verified_by_level`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.login.claims import TRUST_FRAMEWORK, VERIFIED_LEVELS


def verified_by_level(requested: object) -> Mapping[str, tuple[str, ...]]:
    """The names of claims that are asked for at each level, where both are ours to give.

    Each element of a list counts for itself; one whose demands cannot be met is left out, and is no fault.
    """
    found: dict[str, tuple[str, ...]] = {}
    for element in requested if isinstance(requested, list) else [requested]:
        verification, names = _parts(element)
        for level in VERIFIED_LEVELS:
            if names and _met(verification, level):
                found[level] = (*found.get(level, ()), *names)
    return found


def _parts(element: object) -> tuple[Mapping[str, Any], Iterable[str]]:
    if not isinstance(element, dict):
        return {}, ()
    verification, claims = element.get("verification"), element.get("claims")
    return (verification, tuple(claims)) if isinstance(verification, dict) and isinstance(claims, dict) else ({}, ())


def _met(verification: Mapping[str, Any], level: str) -> bool:
    """Whether we fulfil every demand; of the members that we do not give, any demand is one too many."""
    ours = {"trust_framework": TRUST_FRAMEWORK, "assurance_level": level}
    return all(
        _fits(demand, ours[name]) if name in ours else not _demands(demand) for name, demand in verification.items()
    )


def _fits(demand: object, ours: str) -> bool:
    if not isinstance(demand, dict):
        return True
    values = demand.get("values", [ours])
    return demand.get("value", ours) == ours and isinstance(values, list) and ours in values


def _demands(member: object) -> bool:
    if isinstance(member, list):
        return any(_demands(each) for each in member)
    return isinstance(member, dict) and (
        bool({"value", "values"} & member.keys()) or any(_demands(each) for each in member.values())
    )
