"""The municipality's claims as open data, by the column names of the OZG Data Hub, so that both can be compared.

Knows: its columns, what of ours stands in which. Never does: I/O; say what the Data Hub says (those are our own words).
Standard: OZG Data Hub `open-pvog` (column names), RFC 4180. Start reading: `open_data`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from gateway.catalogue.entry import LifeCycle
from gateway.catalogue.publication.town import TownStatus
from gateway.catalogue.status import ServiceStatus
from gateway.catalogue.tables import table
from gateway.german_time import german_date

MEDIA_TYPE: Final = "text/csv; charset=utf-8; header=present"
COLUMNS: Final = (
    "leika_key",
    "leika_name",
    "ars",
    "ars_name",
    "url",
    "online_status",
    "aktiv",
    "art_flaechendeckung",
    "datenstand_pvog_import",
    "ozgid",
)
_WORKS: Final = {True: "ok", False: "nicht ok", None: ""}


def open_data(towns: Iterable[TownStatus]) -> bytes:
    """One row for each service that is offered today, also where it has no key.

    `online_status` is what our probes say, `datenstand_pvog_import` the day of the export that last held it.
    """
    return table(COLUMNS, _rows(towns), delimiter=",").encode()


def _rows(towns: Iterable[TownStatus]) -> Iterator[Sequence[str | None]]:
    for town in towns:
        for service in town.services:
            yield _row(town, service.status)


def _row(town: TownStatus, status: ServiceStatus) -> Sequence[str | None]:
    entry = status.revision.entry
    return (
        entry.leika_key,
        entry.titles.get("de"),
        town.ars,
        town.name,
        entry.url,
        _WORKS[status.works],
        "nein" if entry.life_cycle is LifeCycle.SUSPENDED else "ja",
        None,
        german_date(status.exported_at).isoformat() if status.exported_at else None,
        None,
    )
