"""The objects of an entry: what it is, where it is done online, who is responsible.

Knows: which fact stands where. Never does: order (`layout` does), judge (`rules` and the schema do), fees and deadlines
(their elements are not verified; the registry keeps them). Standard: XZuFi 2.2.0, 2.3.1. Start reading: `Objects`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from gateway.catalogue.entry import Entry, FurtherLink, Revision, Unit
from gateway.catalogue.xzufi.identifiers import agency_of, object_id, value_of
from gateway.catalogue.xzufi.layout import Item
from gateway.catalogue.xzufi.profile import Kind, XzufiProfile

INSTANT: Final = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class AddressedService:
    """A service as its unit names it: public ids, and FIT-Connect's signed addressing information."""

    responsibility_id: str
    service_id: str
    signature: str | None = None


@dataclass(frozen=True, slots=True)
class Objects:
    """Makes the objects of one version of XZuFi."""

    profile: XzufiProfile

    def service(self, public_id: str, revision: Revision) -> Item:
        """The Leistung: names, texts, key, area."""
        names, values, entry = self.profile.names, self.profile.values, revision.entry
        modules = {module.module: (module.texts, module.links) for module in entry.modules}
        if entry.summaries:
            modules.setdefault(values["summary_module"], (entry.summaries, ()))
        modules[values["title_module"]] = (entry.titles, ())
        return Item(
            names["service"],
            children=(
                self._id(names["id"], public_id, Kind.SERVICE),
                self._key(entry.leika_key or ""),
                *(self._module(number, *modules[number]) for number in sorted(modules)),
                self._coded("assurance", self.profile.assurance[entry.assurance]),
                self._area(names["area_of_validity"], entry.municipality),
                self._version(revision),
                *self._languages(entry),
                *self._validity(entry),
            ),
        )

    def online_service(self, public_id: str, entry: Entry) -> Item:
        """The Onlinedienst: names, and the address in each language."""
        names, values = self.profile.names, self.profile.values
        links = (
            Item(
                names["link"],
                attributes={"languageCode": language},
                children=(
                    self._coded("link_type", values["link_type"]),
                    Item(names["link_uri"], entry.url),
                    Item(names["title"], _text(title)),
                ),
            )
            for language, title in entry.titles.items()
        )
        return Item(
            names["online_service"],
            children=(
                self._id(names["id"], public_id, Kind.ONLINE_SERVICE),
                *self._texts(names["designation"], entry.titles),
                *links,
                self._coded("assurance", self.profile.assurance[entry.assurance]),
                *self._languages(entry),
            ),
        )

    def responsibility(self, public_id: str, online_service_id: str, service_id: str, municipality: str) -> Item:
        """That this online service is the one for a service in the municipality."""
        names = self.profile.names
        return Item(
            names["responsibility_transfer"],
            children=(
                self._id(names["parent_id"], online_service_id, Kind.ONLINE_SERVICE),
                self._responsibility(AddressedService(public_id, service_id), municipality),
            ),
        )

    def unit(self, public_id: str, unit: Unit, municipality: str, services: Iterable[AddressedService]) -> Item:
        """The Organisationseinheit: name, address, what it is responsible for."""
        names, values = self.profile.names, self.profile.values
        address = Item(
            names["address"],
            children=(
                self._coded("address_type", values["address_type"]),
                Item(names["street"], _text(unit.street)),
                Item(names["zip_code"], _text(unit.zip_code)),
                Item(names["city"], _text(unit.city)),
                Item(names["political_code"], children=(self._coded("regional_key", municipality),)),
            ),
        )
        return Item(
            names["unit"],
            children=(
                self._id(names["id"], public_id, Kind.UNIT),
                Item(names["unit_name"], children=self._texts(names["name"], unit.names)),
                address,
                *(self._responsibility(service, municipality) for service in services),
            ),
        )

    def deletion(self, kind: Kind, public_id: str) -> Item:
        """That an object is no more."""
        names = self.profile.names
        return Item(
            names["delete"], attributes={"klasse": kind.value}, children=(self._id(names["id"], public_id, kind),)
        )

    def _responsibility(self, service: AddressedService, municipality: str) -> Item:
        names, values, schemes = self.profile.names, self.profile.values, self.profile.schemes
        signed = {"schemeID": schemes["destination"], "schemeAgencyID": schemes["destination_agency"]}
        signature = (Item(names["secondary_id"], service.signature, signed),) if service.signature else ()
        role = (Item(names["code"], values["role"]), Item(names["code_name"], values["role_name"]))
        return Item(
            names["responsibility"],
            children=(
                self._id(names["id"], service.responsibility_id, Kind.RESPONSIBILITY),
                *signature,
                self._id(names["service_id"], service.service_id, Kind.SERVICE),
                self._area(names["area_id"], municipality),
                Item(names["role"], children=role),
            ),
        )

    def _id(self, name: str, public_id: str, kind: Kind) -> Item:
        scheme = {"schemeAgencyID": agency_of(public_id), "schemeID": self.profile.object_schemes[kind]}
        return Item(name, value_of(public_id), scheme)

    def _area(self, name: str, municipality: str) -> Item:
        return Item(name, municipality, {"schemeID": self.profile.schemes["area"]})

    def _key(self, leika_key: str) -> Item:
        name = self.profile.names["key_reference"]
        if self.profile.values["key_form"] == "code":
            return self._coded("service_key", leika_key, name)
        return Item(name, leika_key, {"schemeID": self.profile.schemes["service_key"]})

    def _coded(self, code_list: str, code: str, name: str = "") -> Item:
        return Item(
            name or self.profile.names[code_list],
            attributes=self.profile.lists[code_list].attributes,
            children=(Item(self.profile.names["code"], code),),
        )

    def _module(self, number: str, texts: Mapping[str, str], links: tuple[FurtherLink, ...]) -> Item:
        names = self.profile.names
        further = (
            Item(
                names["further_link"],
                children=(
                    Item(names["uri"], link.uri),
                    *self._texts(names["title"], link.titles),
                    Item(names["module_position"], str(position)),
                ),
            )
            for position, link in enumerate(links)
        )
        return Item(
            names["text_module"],
            children=(
                Item(names["module_position"], str(int(number))),
                self._coded("text_modules", number, names["module_code"]),
                *self._texts(names["module_text"], texts),
                *further,
            ),
        )

    def _texts(self, name: str, texts: Mapping[str, str]) -> tuple[Item, ...]:
        return tuple(Item(name, _text(texts[code]), {"languageCode": code}) for code in sorted(texts))

    def _version(self, revision: Revision) -> Item:
        names = self.profile.names
        changed = Item(names["changed"], revision.changed_at.strftime(INSTANT))
        return Item(names["version_info"], children=(changed, Item(names["version"], str(revision.number))))

    def _languages(self, entry: Entry) -> Iterable[Item]:
        names = self.profile.names
        for code in sorted({*entry.languages} or {*entry.titles}):
            german, native = self.profile.languages[code]
            yield Item(
                names["language"],
                children=(
                    Item(names["language_code"], code),
                    Item(names["language_german"], german),
                    Item(names["language_native"], native),
                ),
            )

    def _validity(self, entry: Entry) -> Iterable[Item]:
        """The end of an entry is the first day without it; `ende` is the last day with it."""
        names = self.profile.names
        last = entry.valid_until - timedelta(days=1) if entry.valid_until is not None else None
        days = {names["begin"]: entry.valid_from, names["end"]: last}
        validity = tuple(Item(name, day.isoformat()) for name, day in days.items() if day is not None)
        if validity:
            yield Item(names["validity"], children=validity)


@dataclass(frozen=True, slots=True)
class EntryIds:
    """The public ids of an entry's objects, which no change of its facts moves."""

    service: str
    online_service: str
    responsibility: str
    unit_responsibility: str

    @classmethod
    def of(cls, agency: str, municipality: str, service: str) -> EntryIds:
        """The ids by agency, municipality and the entry's own id."""
        return cls(
            object_id(agency, Kind.SERVICE, municipality, service),
            object_id(agency, Kind.ONLINE_SERVICE, municipality, service),
            object_id(agency, Kind.RESPONSIBILITY, municipality, service),
            object_id(agency, Kind.RESPONSIBILITY, municipality, f"{service}/unit"),
        )


def _text(value: str) -> str:
    return value if value.isascii() else unicodedata.normalize("NFC", value)
