"""What worker, page and command make of the rows: a report of each day that says what they say."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from gateway.catalogue.publication.report_check import check
from gateway.catalogue.publication.town import CountedUnit, LandCount
from gateway.catalogue.status import Source
from gateway.crypto.keys import generate_ed25519, private_key
from gateway.german_time import german_date
from gateway.store.catalogue import land_counts
from gateway.store.catalogue.reports import StoredReports
from gateway.store.catalogue.truths import StoredTruths
from gateway.store.connection.database import numbered
from gateway.wiring.catalogue_publication import publication
from gateway.worker import catalogue_report
from gateway.worker.catalogue_report import RESTS, ReportRenewal
from tests.catalogue.entries import ARS, ENTRY, entry
from tests.store.test_catalogue_publication import EXPORTED
from tests.store.test_catalogue_statuses import DELIVERED, FINDING, LISTED, WORKS, kept

DAY = numbered("INSERT INTO probe_days VALUES (%(town)s, %(day)s, %(service)s, 9, 1)")
PROBES = numbered("UPDATE probe_standing SET works = %(works)s, since = %(now)s WHERE subject = 'hausnummer'")
PROBED = numbered("UPDATE probe_standing SET probed_at = %(now)s, successes = successes + 1")
DEPENDENCY = numbered("INSERT INTO probe_standing VALUES ('', 'token:test', false, %(now)s, 3, 0, 'x', %(now)s)")
UNLISTED = numbered("UPDATE catalogue_listings SET listed = false")
SEEN = numbered("UPDATE catalogue_listings SET seen_at = %(now)s")
SETTLED = numbered("DELETE FROM catalogue_findings")
KEY = private_key(generate_ed25519("gateway-evidence")[0])


def runtime(store, clock):
    names = {ARS: SimpleNamespace(name="Stadt Tangerhütte")}
    return SimpleNamespace(
        store=store,
        clock=clock,
        municipalities=names,
        keys=SimpleNamespace(token=KEY),
    )


@pytest.fixture
def renewal(store, clock):
    return ReportRenewal(runtime(store, clock), tick=lambda: 0.0)


async def of_today(store, clock):
    return await StoredReports(store.database).of(german_date(clock.now()))


async def said(store, clock):
    (town,) = json.loads((await of_today(store, clock)).body)["municipalities"]
    return town


async def test_the_worker_makes_a_report_each_day_once_somebody_claims_something(store, clock, renewal):
    await renewal.look()
    assert await of_today(store, clock) is None
    row = await kept(store, clock, ENTRY)
    await store.database.run(WORKS, **row)
    await renewal.look()
    first = await of_today(store, clock)
    assert check(first.body, first.signature, [KEY.public_jwk]).day == first.day
    clock.advance(days=1)
    await renewal.look()
    town = await said(store, clock)
    assert (town["name"], town["services"][0]["works"]) == ("Stadt Tangerhütte", True)
    assert await StoredReports(store.database).of(first.day) == first, "the last one of a day stands for it"


async def counted(store, clock):
    async with store.database.transaction() as connection:
        count = LandCount(Source.DATA_HUB, CountedUnit.LEISTUNG, 28, 16, clock.now())
        await land_counts.keep(connection, ARS, count)


CHANGES = {
    "an entry": lambda store, clock: kept(store, clock, entry(service="termin", leika_key=None)),
    "an export": lambda store, clock: store.database.run(EXPORTED, now=clock.now()),
    "a probe": lambda store, clock: store.database.run(PROBES, works=False, now=clock.now()),
    "a listing": lambda store, _: store.database.run(UNLISTED),
    "a finding": lambda store, clock: store.database.run(FINDING, town=ARS, service="hausnummer", now=clock.now()),
    "no finding": lambda store, _: store.database.run(SETTLED),
    "a count": counted,
}
NO_NEWS = {
    "availability": lambda store, clock: store.database.run(
        DAY, town=ARS, service="hausnummer", day=german_date(clock.now())
    ),
    "as good as before": lambda store, clock: store.database.run(PROBED, now=clock.now()),
    "a dependency": lambda store, clock: store.database.run(DEPENDENCY, now=clock.now()),
    "read back": lambda store, clock: store.database.run(SEEN, now=clock.now()),
}


@pytest.mark.parametrize("change", [*CHANGES, *NO_NEWS])
async def test_a_report_is_renewed_when_what_it_says_changes_and_by_nothing_else(store, clock, renewal, change):
    row = await kept(store, clock, ENTRY)
    for each in (WORKS, LISTED, FINDING):
        await store.database.run(each, **row)
    await renewal.look()
    first, mark = await of_today(store, clock), await StoredTruths(store.database).mark()
    clock.advance(minutes=1)
    await ({**CHANGES, **NO_NEWS}[change])(store, clock)
    assert (await StoredTruths(store.database).mark() != mark) == (change in CHANGES)
    await renewal.look()
    same = await of_today(store, clock) == first
    assert same == (change in NO_NEWS or change in {"an export", "a finding"}), "of both it says nothing here"


async def test_an_outage_is_in_the_report_once_the_page_shows_it_and_goes_again(store, clock, renewal):
    row = await kept(store, clock, ENTRY)
    await store.database.run(DELIVERED, number=1, **row)
    await store.database.run(WORKS, **row)
    for works in (True, False, True):
        await renewal.look()
        shown = await publication(runtime(store, clock)).town(ARS)
        town = await said(store, clock)
        assert town["services"][0]["works"] == shown.services[0].status.works == works
        assert town["counts"] == shown.counts.as_json()
        clock.advance(minutes=1)
        await store.database.run(PROBES, works=not works, now=clock.now())


async def test_a_long_making_is_followed_by_a_long_rest_and_a_failed_one_is_tried_again(store, clock, monkeypatch):
    ticks = iter([0.0, 3.0, 3.0, 10.0, 63.0, 70.0, 70.0, 1000.0, 1001.0, 1001.0, 5000.0])
    renewal = ReportRenewal(runtime(store, clock), tick=lambda: next(ticks))
    row = await kept(store, clock, ENTRY)
    await store.database.run(WORKS, **row)
    await renewal.look()
    first = await of_today(store, clock)
    assert RESTS == 20
    await store.database.run(PROBES, works=False, now=clock.now())
    await renewal.look()
    assert await of_today(store, clock) == first, "10 s is before 63 s"
    making = catalogue_report.daily_reports

    def failing(_):
        raise ZeroDivisionError

    monkeypatch.setattr(catalogue_report, "daily_reports", failing)
    with pytest.raises(ZeroDivisionError):
        await renewal.look()
    monkeypatch.setattr(catalogue_report, "daily_reports", making)
    await renewal.look()
    assert (await said(store, clock))["services"][0]["works"] is False
    await renewal.look()


async def test_of_two_workers_the_second_leaves_the_bytes_of_the_first(store, clock, renewal):
    await kept(store, clock, ENTRY)
    await renewal.look()
    first = await of_today(store, clock)
    clock.advance(minutes=1)
    await ReportRenewal(runtime(store, clock)).look()
    assert await of_today(store, clock) == first


async def test_a_town_is_what_its_rows_say(store, clock):
    row = await kept(store, clock, ENTRY)
    at = {"town": ARS, "service": "hausnummer"}
    await store.database.run(WORKS, **row)
    await store.database.run(DAY, day=german_date(clock.now()), **at)
    town = await publication(runtime(store, clock)).town(ARS)
    (service,) = town.services
    assert (service.status.works, service.last_days[-1], town.counts.claimed) == (True, (9, 1), 1)
    assert town.at == clock.now()
    assert await publication(runtime(store, clock)).outages(ARS, 5) == []
