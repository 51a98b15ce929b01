"""What a portal asks for by `verified_claims` in the `claims` parameter.

Knows: which elements of such a request we can meet, by trust framework and level. Never does: release a value.
Standard: OpenID Connect for Identity Assurance 1.0 §5.5 to §5.7. Start reading: `verified_by_level`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.login.claims import TRUST_FRAMEWORK, VERIFIED_LEVELS, Demanded


def verified_by_level(requested: object) -> dict[str, Demanded]:
    """The claims that are asked for at each level, where framework and level are ours to give.

    Each element of a list counts for itself; one whose demands cannot be met is left out, and is no fault.
    """
    by_level: dict[str, Demanded] = {}
    for element in requested if isinstance(requested, list) else [requested]:
        verification, claims = _parts(element)
        for level in VERIFIED_LEVELS:
            if claims and _met(verification, level):
                by_level[level] = _both(by_level.get(level, {}), claims)
    return by_level


def _parts(element: object) -> tuple[Mapping[str, Any], Demanded]:
    if not isinstance(element, dict):
        return {}, {}
    verification, claims = element.get("verification"), element.get("claims")
    if not isinstance(verification, dict) or not isinstance(claims, dict):
        return {}, {}
    return verification, {name: _values(demand) for name, demand in claims.items()}


def _values(demand: object) -> list[Any] | None:
    if not isinstance(demand, dict) or not {"value", "values"} & demand.keys():
        return None
    values = demand.get("values")
    return (values if isinstance(values, list) else []) + ([demand["value"]] if "value" in demand else [])


def _both(first: Demanded, second: Demanded) -> Demanded:
    """Of a claim that is asked for twice, any of the values will do."""
    merged = {**first, **second}
    for name in first.keys() & second.keys():
        values, more = first[name], second[name]
        merged[name] = None if values is None or more is None else [*values, *more]
    return merged


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
        return any(_demands(element) for element in member)
    return isinstance(member, dict) and (
        bool({"value", "values"} & member.keys()) or any(_demands(element) for element in member.values())
    )
