"""Views of pages of online services, as portals hand them in: by month, country and kind of device, never by person.

Knows: what such a body may say, and all that is wrong with one. Never does: store it, take anything else from it.
Standard: Implementing Regulation (EU) 2020/1121 article 3. Start reading: `hand_in`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Protocol

from gateway.catalogue.entry import Entry
from gateway.catalogue.statistics import months
from gateway.catalogue.statistics.interfaces import SdgInterface, interfaces
from gateway.catalogue.status import CatalogueStatuses
from gateway.errors import RecordInvalid
from gateway.errors.sentences import Sentences
from gateway.model import Finding

VISITS_MOST: Final = 100_000_000
"""More than that in a month from one country, with one kind of device, is no number of a municipality."""
ENTRIES_MOST: Final = 8_000
OLDEST_MONTHS: Final = 24
_MEMBERS: Final = frozenset({"municipality", "month", "entries"})
_ENTRY_MEMBERS: Final = frozenset({"service", "url", "country", "device", "visits"})


@dataclass(frozen=True, slots=True)
class PageViews:
    """How often a service's page was opened from one country with one kind of device."""

    service: str
    url: str
    country: str
    device: str
    visits: int


@dataclass(frozen=True, slots=True)
class MonthlyViews:
    """What is handed in at once; it replaces all that was said of its services for that month."""

    municipality: str
    month: date
    views: Sequence[PageViews]

    def as_json(self) -> dict[str, Any]:
        """The answer to whoever handed them in."""
        return {
            "municipality": self.municipality,
            "month": months.written(self.month),
            "services": sorted({view.service for view in self.views}),
            "entries": len(self.views),
            "visits": sum(view.visits for view in self.views),
        }


class PageViewRows(Protocol):
    """Where views are kept."""

    async def replace(self, handed_in: MonthlyViews) -> None:
        """Keep these in place of all that was said of their services for that month. Raises `DatabaseAway`."""
        ...


async def hand_in(  # noqa: PLR0913 - what is handed in, by whom, to whom
    body: Mapping[str, Any],
    statuses: CatalogueStatuses,
    rows: PageViewRows,
    now: datetime,
    *,
    towns: Collection[str],
    services: Collection[str] | None = None,
) -> MonthlyViews:
    """Check what is handed in and keep it; `towns` and `services` (None: all) are those the caller may speak of.

    Raises `RecordInvalid` with every fault at once, `DatabaseAway`.
    """
    town = body.get("municipality")
    known = isinstance(town, str) and town in towns
    entries = [status.revision.entry for status in await statuses.of(str(town))] if known else None
    handed_in = await asyncio.to_thread(checked, body, entries, interfaces().sdg, now, services)
    await rows.replace(handed_in)
    return handed_in


def checked(
    body: Mapping[str, Any],
    entries: Sequence[Entry] | None,
    interface: SdgInterface,
    now: datetime,
    services: Collection[str] | None = None,
) -> MonthlyViews:
    """The body as a value. `entries` are those of its municipality (None: it is none that the caller may speak of).

    Raises `RecordInvalid` with every fault at once.
    """
    faults = [_fault("", "unknown_member")] if body.keys() - _MEMBERS else []
    if entries is None:
        faults.append(_fault("/municipality", "unknown_municipality"))
    month = _month(body.get("month"), now, faults)
    views = list[PageViews]()
    known = _Known(entries, services)
    listed = body.get("entries")
    if not isinstance(listed, list) or not listed or len(listed) > ENTRIES_MOST:
        faults.append(_fault("/entries", "entries", ENTRIES_MOST))
        listed = []
    for number, entry in enumerate(listed):
        if (view := _view(entry, f"/entries/{number}", known, interface, faults)) is not None:
            views.append(view)
    places = Counter((view.service, view.country, view.device) for view in views)
    if any(times > 1 for times in places.values()):
        faults.append(_fault("/entries", "doubled"))
    if faults or month is None:
        raise RecordInvalid(findings=tuple(faults))
    return MonthlyViews(str(body.get("municipality")), month, views)


class _Known:
    """The pages that may be spoken of, by service and by address."""

    def __init__(self, entries: Sequence[Entry] | None, services: Collection[str] | None) -> None:
        fit = [entry for entry in entries or () if entry.url and (services is None or entry.service in services)]
        self.nowhere = entries is None
        self.by_service = {entry.service: entry for entry in fit}
        self.by_url = {entry.url: entry for entry in fit}


def _month(value: object, now: datetime, faults: list[Finding]) -> date | None:
    month = months.parsed(value) if isinstance(value, str) else None
    if month is None:
        faults.append(_fault("/month", "month"))
    elif not months.is_over(month, now):
        faults.append(_fault("/month", "month_open"))
    elif (now.year - month.year) * 12 + now.month - month.month > OLDEST_MONTHS:
        faults.append(_fault("/month", "month_old", OLDEST_MONTHS))
    else:
        return month
    return None


def _view(
    value: object, pointer: str, known: _Known, interface: SdgInterface, faults: list[Finding]
) -> PageViews | None:
    if not isinstance(value, dict):
        faults.append(_fault(pointer, "object"))
        return None
    before = len(faults)
    if value.keys() - _ENTRY_MEMBERS:
        faults.append(_fault(pointer, "unknown_member"))
    entry = _entry(value, pointer, known, faults)
    country, device, visits = value.get("country"), value.get("device"), value.get("visits")
    if not isinstance(country, str) or country not in interface.countries:
        faults.append(_fault(f"{pointer}/country", "country"))
    if not isinstance(device, str) or device not in interface.devices:
        faults.append(_fault(f"{pointer}/device", "device", ", ".join(interface.devices)))
    if type(visits) is not int or not 0 < visits <= VISITS_MOST:
        faults.append(_fault(f"{pointer}/visits", "visits", VISITS_MOST))
    if len(faults) > before or entry is None:
        return None
    return PageViews(entry.service, str(entry.url), str(country), str(device), int(str(visits)))


def _entry(value: Mapping[str, Any], pointer: str, known: _Known, faults: list[Finding]) -> Entry | None:
    """The entry that is named, by service or by address; where by both, the service: others may share it."""
    keys = [name for name in ("service", "url") if name in value]
    if not keys:
        faults.append(_fault(pointer, "page"))
        return None
    entries = list[Entry]()
    for name in keys:
        named: Mapping[Any, Entry] = known.by_service if name == "service" else known.by_url
        entry = named.get(value[name]) if isinstance(value[name], str) else None
        if entry is None:
            faults.extend(() if known.nowhere else [_fault(f"{pointer}/{name}", f"unknown_{name}")])
        else:
            entries.append(entry)
    if len(entries) > 1 and entries[0].url != entries[1].url:
        faults.append(_fault(pointer, "page"))
    return entries[0] if entries else None


_SENTENCES: Final[Mapping[str, tuple[str, str]]] = {
    "unknown_member": (
        "Erlaubt sind nur die beschriebenen Angaben, nichts über Personen.",
        "Only the members described are allowed, nothing about persons.",
    ),
    "unknown_municipality": (
        "Erwartet wird der ARS einer Kommune, die Sie bedienen dürfen.",
        "The ARS of a municipality that you may serve is expected.",
    ),
    "month": ("Erwartet wird ein Monat JJJJ-MM.", "A month YYYY-MM is expected."),
    "month_open": (
        "Der Monat ist noch nicht zu Ende; bitte danach noch einmal senden.",
        "The month is not over yet; send it again afterwards.",
    ),
    "month_old": ("Der Monat liegt mehr als {0} Monate zurück.", "The month is more than {0} months ago."),
    "entries": ("Erwartet wird eine Liste mit 1 bis {0} Einträgen.", "A list of 1 to {0} entries is expected."),
    "object": ("Erwartet wird ein JSON-Objekt.", "A JSON object is expected."),
    "doubled": (
        "Zwei Einträge nennen denselben Dienst, dasselbe Land und dieselbe Geräteart; bitte zusammenzählen.",
        "Two entries name the same service, country and kind of device; add them up.",
    ),
    "page": (
        "Erwartet wird service oder url; wenn beide, dann desselben Eintrags.",
        "Either service or url is expected; if both, of the same entry.",
    ),
    "unknown_service": (
        "Erwartet wird ein Dienst, den Sie bedienen dürfen und der im Katalog der Kommune eine Adresse hat.",
        "A service is expected that you may serve and that has an address in the municipality's catalogue.",
    ),
    "unknown_url": (
        "Erwartet wird die Adresse eines Eintrags im Katalog der Kommune, Zeichen für Zeichen.",
        "The address of an entry in the municipality's catalogue is expected, character by character.",
    ),
    "country": (
        "Erwartet wird ein Land nach ISO 3166-1 alpha-2 (DE).",
        "A country by ISO 3166-1 alpha-2 is expected (DE).",
    ),
    "device": ("Erwartet wird eines von: {0}.", "One of these is expected: {0}."),
    "visits": ("Erwartet wird eine ganze Zahl von 1 bis {0}.", "An integer from 1 to {0} is expected."),
}
_fault: Final = Sentences(_SENTENCES).finding
