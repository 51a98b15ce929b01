"""Availability by German day and outages, newest first: of services alone, and of one municipality."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from gateway.catalogue.probes.outage import Outage
from gateway.store.catalogue.probes import StoredProbes
from gateway.store.connection.database import numbered
from tests.catalogue.entries import ARS

HOUR = numbered("INSERT INTO probe_hours VALUES (%(town)s, %(subject)s, %(hour)s, %(good)s, %(bad)s, 0)")
OUTAGE = numbered(
    "INSERT INTO outages (municipality, subject, began_at, ended_at, changed_at, reason) "
    "VALUES (%(town)s, 'hausnummer', %(began)s, %(ended)s::timestamptz, %(changed)s, 'status')"
)
OTHER = "150900550550"


async def hour(store, at, good, bad, *, subject="hausnummer", town=ARS):
    await store.database.run(HOUR, town=town, subject=subject, hour=at, good=good, bad=bad)


async def test_hours_become_german_days_of_services_alone(store):
    await hour(store, datetime(2026, 7, 1, 21, tzinfo=UTC), 10, 1)  # 23 h in Germany
    await hour(store, datetime(2026, 7, 1, 22, tzinfo=UTC), 20, 0)  # midnight
    await hour(store, datetime(2026, 7, 2, 21, tzinfo=UTC), 0, 3)
    await hour(store, datetime(2026, 7, 2, 21, tzinfo=UTC), 0, 3, subject="token:test")
    await hour(store, datetime(2026, 7, 2, 21, tzinfo=UTC), 0, 3, town=OTHER)
    probes = StoredProbes(store.database)
    days = [(date(2026, 7, 1), 10, 1), (date(2026, 7, 2), 20, 3)]
    assert await probes.daily(ARS, date(2026, 7, 1)) == {"hausnummer": days}
    assert await probes.daily(ARS, date(2026, 7, 2)) == {"hausnummer": days[1:]}
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
