"""What is published of the catalogue, made from the runtime: for `serve`, the worker and the command alike.

Knows: which rows answer which question. Never does: decide what is published. Standard: architecture §2.
Start reading: `daily_reports`.
"""

from __future__ import annotations

from gateway.catalogue.publication.daily import DailyReports
from gateway.catalogue.publication.look import Publication
from gateway.store.catalogue.land_counts import StoredLandCounts
from gateway.store.catalogue.probes import StoredProbes
from gateway.store.catalogue.reports import StoredReports
from gateway.store.catalogue.statuses import StoredStatuses
from gateway.wiring.runtime import Runtime


def publication(runtime: Runtime) -> Publication:
    """The look at what is published."""
    database, clock = runtime.store.database, runtime.clock
    names = {ars: municipality.name for ars, municipality in runtime.municipalities.items()}
    return Publication(names, StoredStatuses(database), StoredProbes(database), StoredLandCounts(database), clock)


def daily_reports(runtime: Runtime) -> DailyReports:
    """The reports by day, signed with the key of evidence."""
    return DailyReports(publication(runtime), StoredReports(runtime.store.database), runtime.keys.token, runtime.clock)
