"""A municipality's settings and folder of entries to make entries of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gateway.catalogue.addresses import PublicAddresses
from gateway.catalogue.entry import Entry
from gateway.catalogue.entry_files import EntryFolder, read_folder
from gateway.catalogue.registry import CatalogueTown, TownEntries, entries_of
from gateway.model import Destination, Municipality
from gateway.outbound.policy import AddressPolicy
from gateway.services.loader import Services
from gateway.settings.catalogue import MunicipalityCatalogueSection
from tests.catalogue.entries import ARS
from tests.shipped_services import own_services

DESTINATION = "879ee109-a690-4db8-ab32-424284184d7d"
PUBLIC = PublicAddresses(AddressPolicy())
UNIT = {"name": "Stadt Tangerhütte", "street": "Bismarckstraße 5", "zip_code": "39517", "city": "Tangerhütte"}
ELSEWHERE = """format = 1
id = "wohnsitz-anmelden"
leika_key = "99115005104000"
url = "https://rathaus.example/wohnsitz"
[title]
de = "Wohnsitz anmelden"
"""


def offer(
    folder: Path | None = None,
    *,
    offered: tuple[str, ...] = (),
    services: Services | None = None,
    means: dict[str, tuple[str, ...]] | None = None,
    addresses: PublicAddresses = PUBLIC,
    registered: dict[str, Entry] | None = None,
    **section: Any,
) -> TownEntries:
    """What the files of a town make that offers those services of ours."""
    destinations = (Destination(DESTINATION, "fitconnect", offered),) if offered else ()
    town = Municipality("tangerhuette", ARS, "Stadt Tangerhütte", "https://stadt.example", destinations)
    values = MunicipalityCatalogueSection.model_validate({"unit": UNIT, **section})
    read = EntryFolder() if folder is None else read_folder(folder, town.slug)
    made = CatalogueTown(town, values, read, means or {})
    return entries_of(made, services or own_services(), addresses.refusal, registered)


def told(made: TownEntries, *, severity: str = "error") -> set[tuple[str, str]]:
    """Place and rule of every finding of that severity."""
    return {(each.pointer, each.rule) for each in made.findings if each.severity.value == severity}
