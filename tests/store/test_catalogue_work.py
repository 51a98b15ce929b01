"""What waits or failed is seen with cause and way out, and told by alarms that name municipality and service."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from types import SimpleNamespace

import pytest

from gateway.catalogue.work import ALARMS, PATIENCE, WorkKind, suggestion
from gateway.errors import CatalogueEmpty, CatalogueExportBusy, CatalogueExportInvalid, DatabaseAway, NotFound
from gateway.model import Finding
from gateway.notify.alarms import sentences
from gateway.store.catalogue.work import StoredWork
from gateway.store.connection.database import numbered
from gateway.store.operation import alarms
from gateway.wiring.catalogue_work import noted
from tests.catalogue.entries import ARS

ADDRESS = "https://collector.example/"
PUSH = numbered(
    "INSERT INTO catalogue_pushes (municipality, address, since, export, state, tries, failures, created_at, next_at, "
    "failing_since, cause, leased_until) VALUES (%(town)s, %(address)s, 0, 1, %(state)s, 1, 1, %(now)s, %(now)s, "
    "%(now)s, %(cause)s, %(leased)s)"
)
TURN = numbered(
    "INSERT INTO catalogue_readback_turns (municipality, source, next_at, tries, failures, failing_since) VALUES "
    "(%(town)s, 'pvog', %(now)s, 1, 1, %(now)s)"
)
READBACK = numbered(
    "INSERT INTO catalogue_readbacks (municipality, source, at, outcome, reason, requests) VALUES "
    "(%(town)s, 'pvog', %(now)s, 'failed', 'counterpart_busy', 1)"
)
RUN = numbered("INSERT INTO probe_runs (begun_at, ended_at, own_network) VALUES (%(now)s, %(ended)s, %(own)s)")


@pytest.fixture
def work(store):
    return StoredWork(store.database, ADDRESS)


async def pushed(store, clock, state, cause, *, town=ARS, address=ADDRESS, leased=None):
    values = {"town": town, "address": address, "state": state, "cause": cause, "leased": leased}
    await store.database.run(PUSH, now=clock.now(), **values)


async def raised(store):
    rows = await alarms.open_alarms(store.database)
    return {(row["rule"], row["subject"], row["municipality"], row["service"]) for row in rows}


async def test_nothing_is_open_where_nothing_waits(work, clock):
    assert await work.open(clock.now()) == []


@pytest.mark.parametrize(
    ("state", "cause", "seen"),
    [
        ("refused", "counterpart_refused", "refused"),
        ("waiting", "counterpart_away", "failed"),
        ("waiting", "catalogue_unverified", "refused"),
        ("waiting", "token_refused", "refused"),
        ("waiting", None, "waiting"),
    ],
)
async def test_a_push_is_seen_with_cause_and_way_out(store, clock, state, cause, seen):
    work = StoredWork(store.database, ADDRESS)
    await pushed(store, clock, state, cause)
    (line,) = [each.as_json() for each in await work.open(clock.now())]
    told = line.pop("suggestion")
    assert line.pop("since").startswith("2026-11-23T12:00:00")
    assert line == {"kind": "push", "municipality": ARS, "state": seen, "cause": cause}
    assert set(told) == {"de", "en"}
    assert all(told.values())
    await work.tell(clock.now())
    alarmed = {("catalogue_push_refused", ARS, ARS, None)} if seen == "refused" else set()
    assert await raised(store) == alarmed


async def test_a_push_to_another_address_or_under_way_waits_for_nobody(store, work, clock):
    await pushed(store, clock, "waiting", None, address="https://old.example/")
    await pushed(store, clock, "waiting", None, town="150900225225", leased=clock.now() + timedelta(minutes=1))
    assert await work.open(clock.now()) == []


async def test_an_alarm_ends_with_its_cause(store, work, clock):
    await pushed(store, clock, "refused", "counterpart_refused")
    await work.tell(clock.now())
    assert await raised(store)
    await store.database.run(numbered("UPDATE catalogue_pushes SET state = 'accepted'"))
    await work.tell(clock.now())
    assert await raised(store) == set()


async def test_a_read_back_that_fails_is_seen_and_left_to_its_own_alarm(store, work, clock):
    for statement in (TURN, READBACK):
        await store.database.run(statement, town=ARS, now=clock.now())
    (seen,) = await work.open(clock.now())
    assert (seen.kind, seen.state, seen.cause, seen.part) == ("readback", "failed", "counterpart_busy", "pvog")
    assert seen.as_json()["suggestion"]["de"].startswith("pvog: ")
    clock.at += PATIENCE
    await work.tell(clock.now())
    assert await raised(store) == set(), "`catalogue_not_read` tells it: one cause, one alarm"
    clock.advance(days=30)
    assert await work.open(clock.now()) == [], "nobody asks this source any more"


async def test_a_report_is_told_when_it_fails_for_a_day(store, work, clock):
    await work.failed(WorkKind.REPORT, [("", "")], "internal", clock.now())
    await work.tell(clock.now())
    assert await raised(store) == set()
    clock.at += PATIENCE
    await work.tell(clock.now())
    assert await raised(store) == {("catalogue_work_failing", "report", None, None)}


async def test_a_failed_export_names_towns_and_services_until_one_succeeds(store, work, clock):
    places = [(ARS, "hausnummer"), (ARS, "termin")]
    await work.failed(WorkKind.EXPORT, places, "catalogue_export_invalid", clock.now())
    began = clock.now()
    clock.advance(hours=1)
    await work.failed(WorkKind.EXPORT, [*places[:1], ("", "")], "catalogue_export_shrinks", clock.now())
    await work.tell(clock.now())
    seen = await work.open(clock.now())
    assert [(each.municipality, each.part, each.since) for each in seen] == [
        (None, None, clock.now()),
        (ARS, "hausnummer", began),
    ]
    assert await raised(store) == {
        ("catalogue_export_refused", f"{ARS}/hausnummer", ARS, "hausnummer"),
        ("catalogue_export_refused", "catalogue", None, None),
    }
    assert await work.open(clock.now(), "150900225225") == seen[:1]
    await work.succeeded(WorkKind.EXPORT)
    await work.tell(clock.now())
    assert (await work.open(clock.now()), await raised(store)) == ([], set())


@pytest.mark.parametrize(("ended", "own", "cause"), [(True, False, "own_network"), (False, None, "abandoned")])
async def test_a_run_of_probes_that_says_nothing_is_seen(store, clock, ended, own, cause):
    work = StoredWork(store.database, ADDRESS)
    await store.database.run(RUN, now=clock.now(), ended=clock.now() if ended else None, own=own)
    (seen,) = await work.open(clock.now())
    assert (seen.kind, seen.cause, seen.municipality) == ("probe", cause, None)


async def test_a_sound_run_is_nothing(store, work, clock):
    await store.database.run(RUN, now=clock.now(), ended=clock.now(), own=True)
    assert await work.open(clock.now()) == []


@pytest.mark.parametrize("cause", ["counterpart_away", "counterpart_busy", "token_refused", "catalogue_unverified"])
def test_a_cause_has_a_way_out_of_its_own_in_both_languages(cause):
    ways = [suggestion("push", cause), suggestion("push", "unknown"), suggestion("push", None)]
    assert len({way for pair in ways for way in pair}) == 6


def test_every_alarm_of_this_room_is_a_rule_with_both_sentences():
    assert all(all(sentences(rule)) for rule in ALARMS)


def runtime(store, clock):
    return SimpleNamespace(store=store, clock=clock, municipalities={ARS: None})


async def failing(error):
    raise error


@pytest.mark.parametrize(
    ("error", "cause", "seen"),
    [
        (
            CatalogueExportInvalid(
                findings=(
                    Finding(f"{ARS}/hausnummer/modules/06", "html", "d", "e"),
                    Finding(f"{ARS}/hausnummer/url", "format", "d", "e"),
                    Finding("catalogue/shrink_percent", "objects_lost", "d", "e"),
                )
            ),
            "catalogue_export_invalid",
            [(ARS, "hausnummer")],
        ),
        (CatalogueExportBusy(), "catalogue_export_busy", [(None, None)]),
        (KeyError("Müßiggang"), "internal", [(None, None)]),
    ],
)
async def test_a_failure_is_kept_with_its_places_and_raised_until_a_success(store, clock, error, cause, seen):
    it, work = runtime(store, clock), StoredWork(store.database)
    with pytest.raises(type(error)):
        await noted(it, WorkKind.EXPORT, failing(error))
    found = await work.open(clock.now())
    assert ([(each.municipality, each.part) for each in found], {each.cause for each in found}) == (seen, {cause})
    assert await noted(it, WorkKind.EXPORT, asyncio.sleep(0, "done")) == "done"
    assert await work.open(clock.now()) == []


@pytest.mark.parametrize("error", [DatabaseAway(), CatalogueEmpty(), NotFound()])
async def test_what_says_nothing_of_the_work_is_not_kept(store, clock, error):
    with pytest.raises(type(error)):
        await noted(runtime(store, clock), WorkKind.REPORT, failing(error))
    assert await StoredWork(store.database).open(clock.now()) == []
