"""What worker, page and command make of the rows: one report a day, of the towns of this gateway."""

from __future__ import annotations

import json
from types import SimpleNamespace

from gateway.catalogue.publication.report_check import check
from gateway.crypto.keys import generate_ed25519, private_key
from gateway.german_time import german_date
from gateway.store.catalogue.reports import StoredReports
from gateway.store.connection.database import numbered
from gateway.wiring.catalogue_publication import publication
from gateway.worker.catalogue_report import make_todays
from tests.catalogue.entries import ARS, ENTRY
from tests.store.test_catalogue_statuses import WORKS, kept

DAY = numbered("INSERT INTO probe_days VALUES (%(town)s, %(day)s, %(service)s, 9, 1)")
KEY = private_key(generate_ed25519("gateway-evidence")[0])


def runtime(store, clock):
    names = {ARS: SimpleNamespace(name="Stadt Tangerhütte")}
    return SimpleNamespace(store=store, clock=clock, municipalities=names, keys=SimpleNamespace(token=KEY))


async def test_the_worker_makes_one_report_a_day_once_somebody_claims_something(store, clock):
    it, reports, day = runtime(store, clock), StoredReports(store.database), clock.now().date()
    await make_todays(it)
    assert await reports.of(day) is None
    row = await kept(store, clock, ENTRY)
    await make_todays(it)
    first = await reports.of(day)
    assert check(first.body, first.signature, [KEY.public_jwk]).day == day
    await store.database.run(WORKS, **row)
    clock.advance(hours=1)
    await make_todays(it)
    assert await reports.of(day) == first
    clock.advance(days=1)
    await make_todays(it)
    (town,) = json.loads((await reports.of(clock.now().date())).body)["municipalities"]
    assert (town["name"], town["services"][0]["works"]) == ("Stadt Tangerhütte", True)


async def test_a_town_is_what_its_rows_say(store, clock):
    row = await kept(store, clock, ENTRY)
    at = {"town": ARS, "service": "hausnummer"}
    await store.database.run(WORKS, **row)
    await store.database.run(DAY, day=german_date(clock.now()), **at)
    town = await publication(runtime(store, clock)).town(ARS)
    (service,) = town.services
    assert (service.status.works, service.last_days[-1], town.counts.claimed) == (True, (9, 1), 1)
    assert await publication(runtime(store, clock)).outages(ARS, 5) == []
