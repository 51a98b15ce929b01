"""Which routes are asked for first, where not all may be, and how answers of before stand beside those of now.

Knows: that new and changed destinations go first, then what was asked longest ago. Never does: I/O, clocks; judge a
route (`judging.routed` does). Standard: Routing API 2.0.0 (one key a request). Start reading: `in_turn`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final, Protocol

from gateway.catalogue.entry import Entry
from gateway.catalogue.readback.judging import Judgement
from gateway.catalogue.status import CatalogueFinding, Listing

_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class RememberedRoutes:
    """What the routing service said last of a municipality's services, and when (`Listing.seen_at`).

    `changed`: services that have another key or destination since; their answer was to another question.
    """

    listings: Mapping[str, Listing] = field(default_factory=dict)
    findings: tuple[CatalogueFinding, ...] = ()
    changed: frozenset[str] = frozenset()


class RoutesAnswered(Protocol):
    """Who remembers."""

    async def of(self, municipality: str) -> RememberedRoutes:
        """What was said last. Raises `DatabaseAway`."""
        ...


def in_turn(
    wanted: Iterable[Entry], remembered: RememberedRoutes, unanswered: Mapping[str, datetime] | None = None
) -> Sequence[str]:
    """The keys to ask for, each once: first those of new and changed routes, then what was asked longest ago.

    `unanswered`: when keys were asked for whose answer was none; their turn is over as well.
    """
    asked: dict[str, datetime] = {}
    for entry in wanted:
        if entry.leika_key:
            at = _asked_at(entry.service, remembered)
            asked[entry.leika_key] = min(at, asked.get(entry.leika_key, at))
    for key, at in (unanswered or {}).items():
        if key in asked:
            asked[key] = max(at, asked[key])
    return sorted(asked, key=lambda key: (asked[key], key))


def with_remembered(now: Judgement, wanted: Iterable[Entry], remembered: RememberedRoutes) -> Judgement:
    """The answers of now, and of every other route that is wanted the one before with its findings."""
    left = {entry.service for entry in wanted} - now.listings.keys()
    still = {service: listing for service, listing in remembered.listings.items() if service in left}
    listings = {**still, **now.listings}
    findings = (*now.findings, *(finding for finding in remembered.findings if finding.service in still))
    rows = sum(listing.listed for listing in listings.values())
    comparable = frozenset(now.listings) - remembered.changed
    return replace(now, listings=listings, findings=findings, rows=rows, comparable=comparable)


def _asked_at(service: str, remembered: RememberedRoutes) -> datetime:
    listing = remembered.listings.get(service)
    return _NEVER if listing is None or service in remembered.changed else listing.seen_at
