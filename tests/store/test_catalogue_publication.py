"""Reports, counts of the Land and figures, as they stand in rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import product

from gateway.catalogue.entry import LifeCycle
from gateway.catalogue.publication.report import AvailabilityReport
from gateway.catalogue.publication.town import CountedUnit, LandCount, town
from gateway.catalogue.status import Source
from gateway.german_time import german_date
from gateway.store.catalogue import land_counts
from gateway.store.catalogue.figures import StoredCatalogueFigures
from gateway.store.catalogue.land_counts import StoredLandCounts
from gateway.store.catalogue.reports import StoredReports
from gateway.store.catalogue.statuses import StoredStatuses
from gateway.store.connection.database import numbered
from tests.catalogue.entries import ARS, ENTRY, entry
from tests.store.test_catalogue_statuses import DELIVERED, FINDING, LISTED, WORKS, kept

STANDS = numbered("INSERT INTO probe_standing VALUES (%(town)s, %(subject)s, false, %(now)s, 3, 0, 'status', %(now)s)")
MEASURED = numbered(
    "INSERT INTO probe_measurements (municipality, subject, run, at, good, milliseconds) "
    "VALUES (%(town)s, 'hausnummer', 1, %(at)s, true, %(ms)s)"
)
EXPORTED = numbered(
    "INSERT INTO catalogue_exports (state, verified, objects, services, accepted_at) "
    "VALUES ('x', true, '{}', 1, %(now)s)"
)


async def test_the_first_report_of_a_day_stands_until_one_is_made_anew(store, clock):
    reports, day = StoredReports(store.database), clock.now().date()
    first = AvailabilityReport(day, b"{}", "a..b", clock.now())
    second = replace(first, body=b"[]", made_at=clock.now() + timedelta(seconds=1))
    assert await reports.of(day) is None
    assert await reports.kept(first) == first
    assert await reports.kept(second) == first
    assert await reports.kept(second, anew=True) == second
    assert await reports.kept(first, anew=True) == second  # made earlier, kept later
    assert await reports.of(day) == second


async def test_reports_go_after_two_years(store, clock):
    reports, day = StoredReports(store.database), clock.now().date()
    for days in (731, 730):
        await reports.kept(AvailabilityReport(day - timedelta(days=days), b"{}", "a..b", clock.now()))
    await reports.kept(AvailabilityReport(day, b"{}", "a..b", clock.now()))
    assert await reports.of(day - timedelta(days=731)) is None
    assert await reports.of(day - timedelta(days=730)) is not None


async def test_the_newest_count_of_the_land_stands(store, clock):
    counts = StoredLandCounts(store.database)
    old = LandCount(Source.DATA_HUB, CountedUnit.LEISTUNG, 27, 15, clock.now())
    new = replace(old, counted=28, ours=16, at=clock.now() + timedelta(days=1))
    assert await counts.of(ARS) is None
    for count in (old, new):
        async with store.database.transaction() as connection:
            await land_counts.keep(connection, ARS, count)
    assert await counts.of(ARS) == new
    assert await counts.of("150900535535") is None


async def test_figures_count_entries_listings_findings_and_standings(store, clock):
    row = await kept(store, clock, ENTRY)
    await kept(store, clock, entry(service="ohne", leika_key=None))
    await kept(store, clock, entry(service="entwurf", leika_key=None, life_cycle=LifeCycle.DRAFT))
    await store.database.run(DELIVERED, number=1, **row)
    for said in (LISTED, WORKS, FINDING):
        await store.database.run(said, **row)
    await store.database.run(EXPORTED, now=clock.now())
    await store.database.run(STANDS, town="", subject="token:test", now=clock.now())
    for ms, minutes in ((900, 0), (120, 5)):
        await store.database.run(MEASURED, town=ARS, at=clock.now() + timedelta(minutes=minutes), ms=ms)
    figures = StoredCatalogueFigures(store.database, clock)
    found = await figures.read()
    assert (found.entries, found.listed) == (2, {"pvog": 1, "datahub": 0, "routing": 0})
    assert {code: number for code, number in found.findings.items() if number} == {"url_mismatch": 1, "no_leika": 1}
    assert found.exported_at == clock.now()
    dependency, service = found.standings
    assert (service.municipality, service.subject, service.works, service.milliseconds) == (
        ARS,
        "hausnummer",
        True,
        120,
    )
    assert (service.is_service, dependency.is_service) == (True, False)
    assert [each.subject for each in await figures.dependencies()] == ["token:test"]


async def test_what_counts_is_the_same_in_figures_page_and_list_on_every_day(store, clock):
    """Every life cycle with every validity, each listed: who counts in SQL counts as who counts in Python."""
    day = german_date(clock.now())
    bounds = [None, *(day + timedelta(days=days) for days in (-1, 0, 1))]
    made = [
        entry(service=f"e-{no}", leika_key=key, life_cycle=life_cycle, valid_from=begins, valid_until=ends)
        for no, (key, life_cycle, begins, ends) in enumerate(
            product((None, "99012021002000"), LifeCycle, bounds, bounds)
        )
    ]
    for one in made:
        await store.database.run(LISTED, **await kept(store, clock, one))
        await store.database.run(DELIVERED, town=ARS, service=one.service, number=1, now=clock.now())
    figures, statuses = StoredCatalogueFigures(store.database, clock), StoredStatuses(store.database)
    for days in (-1, 0, 1):
        clock.at = datetime.combine(day + timedelta(days=days), time(12), UTC)
        today, found = german_date(clock.now()), await figures.read()
        status = await statuses.of(ARS)
        shown = town(ARS, "", at=clock.now(), statuses=status, measured={}, land=None).counts
        listed = [each.as_json(today) for each in status]
        counted = [one for one in made if one.published_on(today)]
        assert found.entries == shown.claimed == len(counted) == sum(each["counted"] for each in listed) > 0
        assert found.listed["pvog"] == shown.listed == len(counted)
        assert found.entries - found.findings["no_leika"] == shown.with_key
        assert {each["validity"] for each in listed if each["counted"]} == {"current"}


async def test_figures_of_an_empty_database_are_zeros(store, clock):
    found = await StoredCatalogueFigures(store.database, clock).read()
    assert (found.entries, found.exported_at, found.standings) == (0, None, ())
    assert set(found.findings.values()) == {0}
