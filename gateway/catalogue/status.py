"""The four truths of an entry, never merged: claimed, delivered, listed, working; and where they contradict.

Knows: what each source says, findings of a closed list. Never does: I/O; decide when a probe has failed (`probes`
does) or what a read-back means (`readback` does). Standard: catalogue reference §6.2. Start reading: `ServiceStatus`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol

from gateway.catalogue.entry import Revision


class Source(StrEnum):
    """Who says whether a service is listed."""

    PVOG = "pvog"
    DATA_HUB = "datahub"
    ROUTING = "routing"


class FindingCode(StrEnum):
    """Where claim and read-back contradict, or a claim cannot be published."""

    NO_LEIKA = "no_leika"
    MISSING_IN_PVOG = "missing_in_pvog"
    URL_MISMATCH = "url_mismatch"
    INHERITED_ONLY = "inherited_only"
    STATUS_NICHT_OK = "status_nicht_ok"
    DESTINATION_MISSING = "destination_missing"
    SIGNATURE_TRUNCATED = "signature_truncated"
    STALE = "stale"
    ORPHAN = "orphan"


@dataclass(frozen=True, slots=True)
class Listing:
    """What one source said of a service when it was last read with a sound answer."""

    source: Source
    listed: bool
    seen_at: datetime
    url: str | None = None
    place: str | None = None
    """Where in that source: its own id of the object."""


@dataclass(frozen=True, slots=True)
class CatalogueFinding:
    """A contradiction. `service` is None for what no entry claims (`orphan`); `place` says where it was seen.

    `expected` is what the registry says, `found` what the source says; both are texts that anybody may read.
    """

    municipality: str
    service: str | None
    code: FindingCode
    source: Source | None
    since: datetime
    place: str = ""
    expected: str | None = None
    found: str | None = None
    leika_key: str | None = None


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """One entry and what is known of it. `works`: None before the first probe.

    `delivered`: it is in the last accepted export in this state. `listed`: any source lists it as the municipality's
    own; None before the first sound read-back.
    """

    revision: Revision
    delivered: bool = False
    exported_at: datetime | None = None
    listings: tuple[Listing, ...] = ()
    works: bool | None = None
    works_since: datetime | None = None
    probed_at: datetime | None = None
    findings: tuple[CatalogueFinding, ...] = ()

    @property
    def listed(self) -> bool | None:
        """Whether PVOG or Data Hub list it as the municipality's own; None where neither has been read yet."""
        answers = [listing.listed for listing in self.listings if listing.source is not Source.ROUTING]
        return any(answers) if answers else None

    @property
    def codes(self) -> tuple[str, ...]:
        """The findings' codes, each once; a service without key is flagged whatever was read back."""
        flagged = () if self.revision.entry.leika_key else (FindingCode.NO_LEIKA.value,)
        return tuple(dict.fromkeys((*flagged, *(finding.code.value for finding in self.findings))))

    def as_json(self, day: date) -> dict[str, Any]:
        """The line of `gateway catalogue list` (fixed interfaces §1). `counted`: whether it is one of the offer."""
        entry = self.revision.entry
        return {
            "municipality": entry.municipality,
            "service": entry.service,
            "leika_key": entry.leika_key,
            "title": dict(entry.titles),
            "url": entry.url,
            "delivered_by": entry.delivered_by,
            "revision": self.revision.number,
            "life_cycle": entry.life_cycle.value,
            "validity": entry.validity_on(day).value,
            "counted": entry.published_on(day),
            "delivered": self.delivered,
            "listed": self.listed,
            "works": self.works,
            "findings": list(self.codes),
        }


class CatalogueStatuses(Protocol):
    """Who reads the four truths together: list, page, report, work list and figures all show the same."""

    async def of(self, municipality: str | None = None) -> Sequence[ServiceStatus]:
        """Every entry that is neither a draft nor long withdrawn, by municipality and title; of all towns where None.

        Raises `DatabaseAway`.
        """
        ...
