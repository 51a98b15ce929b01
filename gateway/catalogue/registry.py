"""The entries that a municipality's files make: its services of ours and those that run elsewhere.

Knows: which file says what of an entry, what entries may not have in common. Never does: I/O, keep revisions (`store`
does), invent a LeiKa key. Standard: catalogue reference §6.2. Start reading: `entries_of`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import combinations
from typing import Any, Final

from gateway.catalogue.entry import Entry, LifeCycle, Unit
from gateway.catalogue.entry_files import EntryFile, EntryFolder
from gateway.catalogue.entry_rules import EntryClaim, Refusal, judged
from gateway.catalogue.sentences import finding
from gateway.catalogue.units import Units
from gateway.model import Finding, Municipality
from gateway.services.loader import Services
from gateway.services.service import Service
from gateway.settings.catalogue import MunicipalityCatalogueSection, UnitSection

_OF_SERVICE: Final = ("leika_key", "assurance")
"""What the gateway itself keeps to, whatever an entry file would say."""
_OF_FILE: Final = {"format", "id", "delivered_by"}
_PUBLIC: Final = {LifeCycle.PUBLISHED, LifeCycle.SUSPENDED}


@dataclass(frozen=True, slots=True)
class CatalogueTown:
    """What entries are made of besides services. `means`: by `person` and `organisation`, how these log in here."""

    town: Municipality
    section: MunicipalityCatalogueSection
    folder: EntryFolder
    means: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TownEntries:
    """The sound entries of a municipality, and everything that is wrong.

    `refused` are ids of entries with faults: they stay as they were registered. Where not every file could be read
    (`complete` is false) nobody can say that an entry has vanished.
    """

    municipality: str
    entries: tuple[Entry, ...]
    findings: tuple[Finding, ...]
    refused: frozenset[str]
    complete: bool


def entries_of(
    town: CatalogueTown, services: Services, refusal: Refusal, registered: Mapping[str, Entry] | None = None
) -> TownEntries:
    """The municipality's entries.

    Args:
        town: its settings and files.
        services: every loaded service; those that the municipality has a destination for are its offer.
        refusal: the rule that an address breaks, or None.
        registered: the latest state of each entry by its id; what files do not change stays so.
    """
    making = _Making(town, services, registered or {})
    making.take_units()
    making.take_files()
    making.take_probes()
    return making.made(refusal)


class _Making:
    """The claims of one municipality being put together; goes on after a fault."""

    def __init__(self, town: CatalogueTown, services: Services, registered: Mapping[str, Entry]) -> None:
        self.registered = registered
        self.ars, self.slug, self.section = town.town.ars, town.town.slug, town.section
        self.folder = town.folder
        self.units = Units(_unit(self.section.unit), f"{self.slug}.catalogue.unit")
        self.findings = [*self.folder.findings, *self.units.findings]
        self.refused: set[str] = set()
        self.complete = self.folder.readable and all(file.id is not None for file in self.folder.files)
        self.claims = {
            name: self.of_service(town, service)
            for name, service in services.items()
            if town.town.destination_for(name) is not None
        }
        self.findings += [
            finding(f"{self.slug}.catalogue.urls.{name}", "entry_unknown_service")
            for name in sorted(self.section.urls.keys() - self.claims.keys())
        ]

    def of_service(self, town: CatalogueTown, service: Service) -> EntryClaim:
        """What a service's own files say."""
        ruled = service.rules_for(self.ars)
        definition, home = ruled.definition, f"{service.id}/service.toml#"
        destination = town.town.destination_for(service.id)
        accounts = definition.accounts or ("person", "organisation")
        facts: dict[str, Any] = {
            "leika_key": definition.leika_key or "none",
            "title": definition.titles,
            "summary": definition.summaries,
            "fee": definition.fees,
            "languages": definition.languages,
            "assurance": definition.assurance,
            "means": [name for account in accounts for name in town.means.get(account, ())],
            **definition.editorial,
        }
        if definition.stage == "draft" and facts.get("life_cycle") != LifeCycle.WITHDRAWN:
            facts["life_cycle"] = LifeCycle.DRAFT
        if service.id in self.section.urls:
            facts["url"] = self.section.urls[service.id]
        origins = {key: f"{home}/catalogue/{key}" for key in definition.editorial if key != "maturity"}
        origins |= {"url": f"{self.slug}.catalogue.urls.{service.id}", "unit": f"{self.slug}.catalogue.unit"}
        goes_to = destination.destination_id if destination else None
        return EntryClaim(self.ars, service.id, "gateway", facts, home, origins, goes_to)

    def take_units(self) -> None:
        """Every unit that a file describes, before any entry names one."""
        for file in self.folder.files:
            self.findings += file.findings
            if file.facts is not None and isinstance(file.facts.get("unit"), dict):
                self.tell(file.id, *self.units.describe(file.facts["unit"], f"{file.place}#/unit"))

    def take_files(self) -> None:
        """Each file becomes a claim, or changes that of a service."""
        taken: dict[str, str] = {}
        for file in self.folder.files:
            if file.id is None:
                continue
            if file.facts is None:
                self.refused.add(file.id)
            if file.id in taken:
                self.tell(file.id, finding(f"{file.place}#/id", "entry_twice", taken[file.id]))
            elif file.facts is not None:
                self.take(file, file.id, file.facts)
            taken.setdefault(file.id, file.place)

    def take_probes(self) -> None:
        """What is said of probes is said of an entry; where not every file could be read nobody knows of which."""
        if not self.complete:
            return
        known = self.claims.keys() | {file.id for file in self.folder.files}
        named = [(f"probe_texts.{name}", name) for name in self.section.probe_texts]
        for number, window in enumerate(self.section.maintenance):
            named += [(f"maintenance.{number}.services", name) for name in window.services]
        self.findings += [
            finding(f"{self.slug}.catalogue.{setting}", "entry_unknown") for setting, name in named if name not in known
        ]

    def take(self, file: EntryFile, name: str, facts: Mapping[str, Any]) -> None:
        """One file whose shape is sound."""
        claim, home = self.claims.get(name), f"{file.place}#"
        own = {key: value for key, value in facts.items() if key not in _OF_FILE}
        by_gateway = facts.get("delivered_by") == "gateway"
        if claim is not None and not by_gateway:
            self.tell(name, finding(f"{home}/id", "entry_id_taken"))
        elif claim is not None:
            fixed = [key for key in _OF_SERVICE if key in own]
            self.tell(name, *(finding(f"{home}/{key}", "entry_fact_of_service") for key in fixed))
            if claim.facts.get("life_cycle") == LifeCycle.DRAFT and own.get("life_cycle") != LifeCycle.WITHDRAWN:
                own["life_cycle"] = LifeCycle.DRAFT
            origins = {**claim.origins, **{key: f"{home}/{key}" for key in own}}
            self.claims[name] = EntryClaim(
                self.ars, name, "gateway", {**claim.facts, **own}, claim.place, origins, claim.destination_id
            )
        elif by_gateway and own.get("life_cycle") != LifeCycle.WITHDRAWN:
            self.tell(name, finding(f"{home}/id", "entry_not_ours"))
        else:
            self.claims[name] = EntryClaim(self.ars, name, "gateway" if by_gateway else "elsewhere", own, home)

    def made(self, refusal: Refusal) -> TownEntries:
        """Every claim judged, then all together."""
        entries: dict[str, Entry] = {}
        for name, claim in sorted(self.claims.items()):
            unit = self.units.named(claim.facts.get("unit"))
            entry, findings = judged(claim, unit, refusal)
            self.findings += findings
            if "unit" in claim.facts and unit is None:
                self.tell(name, finding(claim.at("unit"), "entry_unit_unknown"))
            if entry is None or not self.units.sound(unit):
                self.refused.add(name)
            else:
                entries[name] = entry
        for first, second in _same_key(entries):
            self.refused.add(first)
            self.tell(second, finding(self.claims[second].at("leika_key"), "entry_key_twice", first))
        self.hold_against_registered(entries)
        self.miss_registered()
        sound = tuple(entry for name, entry in entries.items() if name not in self.refused)
        return TownEntries(self.ars, sound, tuple(self.findings), frozenset(self.refused), self.complete)

    def hold_against_registered(self, entries: Mapping[str, Entry]) -> None:
        """Refuse what takes the id of a service that was withdrawn, or the key of an entry that stays as it was."""
        for name, entry in entries.items():
            before = self.registered.get(name)
            if before is None or before.life_cycle is not LifeCycle.WITHDRAWN or before.leika_key is None:
                continue
            if entry.leika_key != before.leika_key:
                self.tell(name, finding(self.claims[name].at("leika_key"), "entry_id_used", before.leika_key))
        while refused := [(first, second) for first, second in self.taken_keys(entries) if first not in self.refused]:
            for first, second in dict(refused).items():
                self.tell(first, finding(self.claims[first].at("leika_key"), "entry_key_twice", second))

    def miss_registered(self) -> None:
        """Tell each entry that stands and that no file names any more; it stays."""
        if not self.complete:
            return
        standing = {name for name, old in self.registered.items() if old.life_cycle in _PUBLIC}
        self.findings += [
            finding(f"{self.slug}/{name}", "entry_vanished")
            for name in sorted(standing - self.claims.keys() - self.refused)
        ]

    def taken_keys(self, entries: Mapping[str, Entry]) -> Iterator[tuple[str, str]]:
        """Sound entries, each with one that stays in the registry and has its key at the same time."""
        staying = {name: old for name, old in self.registered.items() if name not in entries or name in self.refused}
        changing = {name: entry for name, entry in entries.items() if name not in self.refused}
        for first, second in _same_key({**staying, **changing}):
            if (first in changing) != (second in changing):
                yield (first, second) if first in changing else (second, first)

    def tell(self, name: str | None, *findings: Finding) -> None:
        """Faults of an entry: it stays as it was."""
        self.findings += findings
        if findings and name is not None:
            self.refused.add(name)


def _same_key(entries: Mapping[str, Entry]) -> Iterator[tuple[str, str]]:
    """Pairs of entries that would be one Leistung twice in the same area at the same time."""
    by_key: dict[str, list[Entry]] = {}
    for entry in entries.values():
        if entry.leika_key is not None and entry.life_cycle in _PUBLIC:
            by_key.setdefault(entry.leika_key, []).append(entry)
    for several in by_key.values():
        for first, second in combinations(several, 2):
            if _begins_before_end(first, second) and _begins_before_end(second, first):
                yield first.service, second.service


def _begins_before_end(first: Entry, second: Entry) -> bool:
    return (first.valid_from or date.min) < (second.valid_until or date.max)


def _unit(section: UnitSection | None) -> Unit | None:
    if section is None:
        return None
    names = {"de": section.name} | ({"en": section.name_en} if section.name_en else {})
    return Unit(section.id, names, section.street, section.zip_code, section.city, section.phone, section.mail)
