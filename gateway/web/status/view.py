"""A municipality's offer in the words and numbers of a page: what a template needs, in the reader's language.

Knows: dates and shares as people write them, which links may be shown, how days become a picture. Never does: HTML,
sentences (the catalogues of languages hold them). Standards: CLDR (by babel), SVG 2 paths. Start reading: `town_view`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from itertools import groupby
from typing import Final
from urllib.parse import urlsplit

from babel.dates import format_date, format_time
from babel.numbers import format_decimal, format_percent

from gateway.catalogue.entry import LifeCycle, Maturity
from gateway.catalogue.publication.town import Availability, Counts, PublishedService, TownStatus
from gateway.catalogue.status import ServiceStatus
from gateway.german_time import german_time

_LOCALES: Final = {"en": "en_GB"}
"""How a language writes dates and times where it does so in more than one way."""
_LEVELS: Final = {"1.1": 4, "2.0": 7}
"""The highest level of each model of maturity."""
_BARS: Final = {"good": (4, 12), "bad": (0, 16), "none": (14, 2)}
"""Top and height of a day's bar: what a day was shows without its colour too."""


@dataclass(frozen=True, slots=True)
class Share:
    """Availability over a span, as a row of the table."""

    days: str
    share: str | None
    probes: str
    failed: str


@dataclass(frozen=True, slots=True)
class Picture:
    """Bars of the last days: one path for each kind of day, and how many there are of each."""

    paths: Sequence[tuple[str, str]]
    good: str
    bad: str
    none: str


@dataclass(frozen=True, slots=True)
class MaturityLevel:
    """A maturity as assessed."""

    model: str
    level: str
    highest: str
    day: str


@dataclass(frozen=True, slots=True)
class ServiceView:
    """A service as its section shows it.

    `title_language`: where it is not the page's own. `findings`: the code of each, and the sources it comes from.
    """

    id: str
    title: str
    title_language: str | None
    link: str | None
    suspended: bool
    example: bool
    delivered: str
    listed: str
    sources: Sequence[tuple[str, str]]
    works: str
    works_at: str | None
    levels: Sequence[MaturityLevel]
    findings: Sequence[tuple[str, Sequence[str]]]
    shares: Sequence[Share]
    picture: Picture


@dataclass(frozen=True, slots=True)
class CountsView:
    """The numbers of the sentence, and which form of it fits them."""

    offerer: str
    claimed: str
    claimed_form: str
    with_key: str
    with_key_form: str
    listed: str
    listed_form: str
    land: dict[str, str] | None


@dataclass(frozen=True, slots=True)
class TownView:
    """All that the page of a municipality shows."""

    as_of: str
    counts: CountsView
    services: Sequence[ServiceView]
    down: Sequence[ServiceView]


def town_view(town: TownStatus, language: str) -> TownView:
    """The municipality's page."""
    services = [_service(service, language) for service in town.services]
    return TownView(
        as_of=_moment(town.at.replace(second=0, microsecond=0), language),
        counts=_counts(town.counts, town.name, language),
        services=services,
        down=[service for service in services if service.works == "no"],
    )


def shown_link(address: str | None) -> str | None:
    """The address, where it is one that a page may lead to: http or https, a host, nobody's credentials."""
    if address is None or any(character.isspace() or not character.isprintable() for character in address):
        return None
    try:
        parts = urlsplit(address)
        fit = parts.scheme in {"http", "https"} and parts.hostname and parts.username is None
    except ValueError:
        return None
    return address if fit else None


def picture(days: Sequence[tuple[int, int] | None]) -> Picture:
    """Days side by side, the oldest first; a day with one failure is a bad one."""
    kinds = ["none" if day is None or not sum(day) else "bad" if day[1] else "good" for day in days]
    paths: dict[str, list[str]] = {}
    at = 0
    for kind, group in groupby(kinds):
        top, height = _BARS[kind]
        width = sum(1 for _ in group)
        paths.setdefault(kind, []).append(f"M{at} {top}h{width}v{height}h-{width}z")
        at += width
    numbers = {kind: str(kinds.count(kind)) for kind in _BARS}
    return Picture([(kind, "".join(path)) for kind, path in paths.items()], **numbers)


def _service(service: PublishedService, language: str) -> ServiceView:
    status = service.status
    entry = status.revision.entry
    spoken = language if language in entry.titles else "de"
    works_at = status.works_since if status.works is False else status.probed_at
    return ServiceView(
        id=entry.service,
        title=entry.titles.get(spoken, entry.service),
        title_language=None if spoken == language else spoken,
        link=shown_link(entry.url),
        suspended=entry.life_cycle is LifeCycle.SUSPENDED,
        example=entry.example,
        delivered=_said(status.delivered),
        listed=_said(status.listed) if entry.leika_key or status.listed else "impossible",
        sources=[(listing.source.value, _said(listing.listed)) for listing in status.listings],
        works=_said(status.works),
        works_at=_moment(works_at, language) if works_at else None,
        levels=[_level(maturity, language) for maturity in entry.maturities],
        findings=[(code, _said_by(status, code)) for code in status.codes],
        shares=[_share(availability, language) for availability in service.availability],
        picture=picture(service.last_days),
    )


def _said_by(status: ServiceStatus, code: str) -> Sequence[str]:
    """The sources that gave rise to the finding: where one lists what another does not, a reader needs to know."""
    return sorted({finding.source.value for finding in status.findings if finding.code == code and finding.source})


def _said(truth: bool | None) -> str:
    return {True: "yes", False: "no", None: "unknown"}[truth]


def _level(maturity: Maturity, language: str) -> MaturityLevel:
    highest = str(_LEVELS[maturity.model])
    return MaturityLevel(maturity.model, str(maturity.level), highest, _date(maturity.assessed_on, language))


def _share(availability: Availability, language: str) -> Share:
    good = availability.per_mille
    return Share(
        days=str(availability.days),
        share=None if good is None else _percent(good, language),
        probes=_number(availability.good + availability.bad, language),
        failed=_number(availability.bad, language),
    )


def _counts(counts: Counts, name: str, language: str) -> CountsView:
    land = counts.land
    return CountsView(
        offerer="town" if "Stadt" in name else "municipality",
        claimed=_number(counts.claimed, language),
        claimed_form=_form(counts.claimed),
        with_key=_number(counts.with_key, language),
        with_key_form=_form(counts.with_key),
        listed=_number(counts.listed or 0, language),
        listed_form="unknown" if counts.listed is None else _form(counts.listed),
        land=None
        if land is None
        else {
            "counted": _number(land.counted, language),
            "ours": _number(land.ours, language),
            "source": land.source.value,
            "unit": land.unit.value,
            "date": _date(german_time(land.at)[0].date(), language),
        },
    )


def _form(number: int) -> str:
    return "one" if number == 1 else "many" if number else "none"


@lru_cache(4096)
def _number(number: int, language: str) -> str:
    return format_decimal(number, locale=_LOCALES.get(language, language))


@lru_cache(4096)
def _percent(per_mille: int, language: str) -> str:
    return format_percent(per_mille / 1000, locale=_LOCALES.get(language, language), decimal_quantization=False)


@lru_cache(4096)
def _date(day: date, language: str) -> str:
    return format_date(day, "long", locale=_LOCALES.get(language, language))


@lru_cache(4096)
def _moment(at: datetime, language: str) -> str:
    """The time that clocks in Germany show."""
    local = german_time(at)[0].replace(tzinfo=None)
    return f"{_date(local.date(), language)}, {format_time(local, 'short', locale=_LOCALES.get(language, language))}"
