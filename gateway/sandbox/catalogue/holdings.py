"""What the catalogue holds after an import: Leistungen, online services, responsibilities, by agency and id.

Knows: objects as values, inherited offers that every town sees, offers of other towns. Never does: XML, HTTP.
Standard: XZuFi (names of objects). Start reading: `Holdings`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

Key = tuple[str, str, str]
"""Class of the object, agency and id: an id counts only together with its agency."""
LAND: Final = "150000000000"
FEDERATION: Final = "000000000000"


@dataclass(frozen=True, slots=True)
class HeldObject:
    """One object as it was written. Which members are set depends on its class.

    `leika_key`, `names` (by language) and `texts`: a Leistung; `links` (address, title, language) and `trust`: an
    online service; `parent`, `leistung`, `areas` and `secondary`: a responsibility; `names`: a unit.
    """

    key: Key
    names: dict[str, str] = field(default_factory=dict)
    leika_key: str | None = None
    texts: dict[str, str] = field(default_factory=dict)
    links: tuple[tuple[str, str, str], ...] = ()
    trust: str | None = None
    parent: str | None = None
    leistung: str | None = None
    areas: tuple[str, ...] = ()
    secondary: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """An online service for one Leistung in one area: a row of the Data Hub, a hit of the search."""

    id: str
    leistung_id: str
    leika_key: str
    name: str
    url: str
    ars: str


_OTHERS: Final = (
    ("99102013104000", "Hundesteuer Anmeldung", "150900550550"),
    ("99050012104000", "Gewerbe anmelden", "150900550550"),
    ("99115005104000", "Wohnsitz anmelden", "150900550550"),
    ("99102013070000", "Hundesteuer Abmeldung", "150900535535"),
    ("99050012104000", "Gewerbe anmelden", "150900535535"),
    ("99115005070000", "Wohnsitz Abmeldung", "150900535535"),
    ("99108001001000", "Parkausweis für Bewohner beantragen", "150900535535"),
    ("99102013104000", "Hundesteuer Anmeldung", "150900225225"),
    ("99050012070000", "Gewerbe abmelden", "150900225225"),
    ("99115004001001", "Einfache Melderegisterauskunft", "150900415415"),
    ("99027002012000", "Geburtsurkunde beantragen", "150900415415"),
)
_INHERITED: Final = (
    ("99049001001000", "Führungszeugnis beantragen", FEDERATION),
    ("99107023037000", "Wohngeld erstmalig oder neu beantragen", LAND),
)


def elsewhere() -> Iterator[Offer]:
    """What stands there before anybody reports: of eleven other towns, of the Land and of the federation."""
    for number, (leika_key, name, ars) in enumerate((*_OTHERS, *_INHERITED), start=1):
        url = f"https://anderswo.example/{ars}/{leika_key}"
        yield Offer(f"B100019.OD.{number}", f"B100019.LB.{number}", leika_key, name, url, ars)


class Holdings:
    """All objects, and the offers that they make together."""

    def __init__(self) -> None:
        self.objects: dict[Key, HeldObject] = {}
        self.spoilt: dict[str, str] = {}
        """`online_status` of the Data Hub by address, where it is not `ok`."""

    def offers(self) -> list[Offer]:
        """Every offer: of other towns first, then what was imported."""
        offers = list(elsewhere())
        named = {(key[0], key[2]): held for key, held in self.objects.items()}
        for (kind, agency, number), held in self.objects.items():
            service = named.get(("onlinedienst", held.parent or ""))
            leistung = named.get(("leistung", held.leistung or ""))
            if kind != "zustaendigkeit" or service is None or leistung is None or leistung.leika_key is None:
                continue
            title = service.names.get("de") or leistung.names.get("de") or number
            address = next((uri for uri, _, language in service.links if language in {"de", ""}), "")
            ids = f"{agency}.OD.{service.key[2]}", f"{agency}.LB.{leistung.key[2]}"
            offers += [Offer(*ids, leistung.leika_key, title, address, ars) for ars in held.areas]
        return offers

    def status_of(self, url: str) -> str:
        """What the Data Hub says of an address."""
        return self.spoilt.get(url, "ok")


def levels(ars: str) -> tuple[str, ...]:
    """The area and those above it: district, Land, federation."""
    return ars, ars[:5] + "0" * 7, ars[:2] + "0" * 10, FEDERATION


def below(ars: str, area: str) -> bool:
    """Whether an area lies within another that ends in zeros."""
    return ars.startswith(area.rstrip("0")) and ars != area
