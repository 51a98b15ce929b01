"""Availability by German day and outages, newest first: of services alone, and of one municipality."""

from __future__ import annotations

from datetime import date, timedelta

from gateway.catalogue.probes.outage import Outage
from gateway.store.catalogue.probes import StoredProbes
from gateway.store.connection.database import numbered
from tests.catalogue.entries import ARS

DAY = numbered("INSERT INTO probe_days VALUES (%(town)s, %(day)s, %(service)s, %(good)s, %(bad)s)")
OUTAGE = numbered(
    "INSERT INTO outages (municipality, subject, began_at, ended_at, changed_at, reason) "
    "VALUES (%(town)s, 'hausnummer', %(began)s, %(ended)s::timestamptz, %(changed)s, 'status')"
)
OTHER = "150900550550"


async def test_days_of_a_municipality_from_one_on(store):
    rows = ((ARS, "hausnummer", 2, 20, 3), (ARS, "hausnummer", 1, 10, 1), (ARS, "ausweis", 2, 7, 0))
    for town, service, day, good, bad in (*rows, (OTHER, "hausnummer", 2, 0, 3)):
        await store.database.run(DAY, town=town, service=service, day=date(2026, 7, day), good=good, bad=bad)
    probes = StoredProbes(store.database)
    days = [(date(2026, 7, 1), 10, 1), (date(2026, 7, 2), 20, 3)]
    other = [(date(2026, 7, 2), 7, 0)]
    assert await probes.daily(ARS, date(2026, 6, 1)) == {"hausnummer": days, "ausweis": other}
    assert await probes.daily(ARS, date(2026, 7, 2)) == {"hausnummer": days[1:], "ausweis": other}
    assert await probes.daily("150900000000", date(2026, 7, 1)) == {}


async def test_outages_that_changed_last_come_first(store, clock):
    now = clock.now()
    first, second = now - timedelta(hours=3), now - timedelta(hours=1)
    for town, began, ended, changed in (
        (ARS, first, second, second),
        (ARS, second, None, now),
        (OTHER, second, None, now),
    ):
        await store.database.run(OUTAGE, town=town, began=began, ended=ended, changed=changed)
    probes = StoredProbes(store.database)
    lasting, over = await probes.outages(ARS, 10)
    assert lasting == Outage(lasting.no, ARS, "hausnummer", second, None, now, "status")
    assert over == Outage(over.no, ARS, "hausnummer", first, second, second, "status")
    assert await probes.outages(ARS, 1) == (lasting,)
