"""One prober at a time, and what its measurements change: standing, figures, outages and alarms, all or nothing."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from gateway.catalogue import entry_json
from gateway.catalogue.entry import LifeCycle
from gateway.catalogue.probes.maintenance import MaintenanceWindow
from gateway.catalogue.probes.run import NOTED_AT_ONCE, Prober, Result, Rules, Run
from gateway.catalogue.probes.standing import Measurement, Subject
from gateway.notify.alarms import CERTIFICATE_ENDING, DEPENDENCY_DOWN, SERVICE_DOWN
from gateway.store.catalogue.probe_runs import LEASE, StoredRuns
from gateway.store.catalogue.probes import StoredProbes
from gateway.store.connection.database import numbered
from gateway.store.operation.alarms import open_alarms
from tests.catalogue.entries import ARS, ENTRY, entry

PAGE, OTHER, TOKEN = Subject(ARS, "hausnummer"), Subject(ARS, "termin"), Subject("", "token:test")
SEEN = numbered("SELECT subject, good, run FROM probe_measurements ORDER BY no")
STANDS = numbered("SELECT subject, works, failures FROM probe_standing ORDER BY municipality DESC, subject")
RUNS = numbered("SELECT no, ended_at IS NOT NULL AS ended, own_network FROM probe_runs ORDER BY no")
ENTRY_ROW = numbered(
    "INSERT INTO catalogue_revisions (municipality, service, number, latest, entry, digest, changed_at, changed_by) "
    "VALUES (%(town)s, %(service)s, 1, true, %(entry)s::text::jsonb, 'd', %(now)s, 'files')"
)
WITHDRAW = numbered("UPDATE catalogue_revisions SET latest = false WHERE service = %(service)s")


async def offered(store, clock, one=ENTRY):
    values = {"town": one.municipality, "service": one.service, "entry": json.dumps(entry_json.as_json(one))}
    await store.database.run(ENTRY_ROW, now=clock.now(), **values)


class World:
    """What the probers see: subjects that fail, hosts, certificates; each run takes five minutes."""

    def __init__(self, store, clock):
        self.store, self.clock = store, clock
        self.bad, self.away, self.ends, self.asked = set(), False, None, []
        self.rules = Rules()
        self.pause = None

    def measurement(self, subject, host):
        good = not self.away and subject not in self.bad
        reason = None if good else "away" if self.away else "status"
        ends = self.ends if good else None
        return Measurement(self.clock.now(), good, 7, reason, away=self.away, certificate_ends=ends, host=host)

    async def page(self, page):
        self.asked.append((page.subject, page.url, page.expected))
        if self.pause is not None:
            await self.pause()
        return self.measurement(page.subject, page.subject.name)

    async def token(self):
        return self.measurement(TOKEN, "token")

    def prober(self, **how):
        runs = StoredRuns(self.store.database, uuid4)
        values = {"dependencies": {TOKEN: self.token}, "rules": self.rules, **how}
        return Prober(runs=runs, clock=self.clock, ask_page=self.page, **values)

    async def runs(self, number, *bad):
        """So many runs in which these fail; the works of the last one."""
        self.bad = set(bad)
        for _ in range(number):
            self.clock.advance(minutes=5)
            run = await self.prober().run()
        return {result.subject: result.works for result in run.results}

    async def alarms(self):
        return {(row["rule"], row["subject"]) for row in await open_alarms(self.store.database)}

    async def outages(self):
        found = await StoredProbes(self.store.database).outages(ARS, 10)
        return [(outage.subject, outage.began_at, outage.ended_at) for outage in found]


@pytest.fixture
async def world(store, clock):
    await offered(store, clock)
    return World(store, clock)


async def test_a_service_that_fails_is_down_after_three_runs_and_works_after_three(world, store):
    assert (await world.runs(1))[PAGE] is True
    assert (await world.runs(2, PAGE))[PAGE] is True
    assert await world.alarms() == set()
    began = world.clock.now() - timedelta(minutes=5)
    assert (await world.runs(1, PAGE))[PAGE] is False
    assert await world.alarms() == {(SERVICE_DOWN, f"{ARS}/hausnummer")}
    assert await world.outages() == [("hausnummer", began, None)]
    (alarm,) = await open_alarms(store.database)
    assert (alarm["municipality"], alarm["service"]) == (ARS, "hausnummer")
    assert (await world.runs(2))[PAGE] is False
    assert (await world.runs(1))[PAGE] is True
    assert await world.alarms() == set()
    assert await world.outages() == [("hausnummer", began, world.clock.now())]
    days = await StoredProbes(store.database).daily(ARS, date(2026, 11, 23))
    assert days == {"hausnummer": [(date(2026, 11, 23), 4, 3)]}


async def test_figures_of_services_are_summed_to_german_days_with_the_measurement(world, store, clock):
    clock.advance(minutes=(22 * 60 + 45) - (clock.now().hour * 60 + clock.now().minute))  # 23:45 in Germany
    await world.runs(2)
    await world.runs(1, PAGE, TOKEN)  # midnight
    days = await StoredProbes(store.database).daily(ARS, date(2026, 11, 23))
    assert days == {"hausnummer": [(date(2026, 11, 23), 2, 0), (date(2026, 11, 24), 0, 1)]}
    assert await StoredProbes(store.database).daily("", date(2026, 11, 23)) == {}


async def test_many_are_noted_some_at_a_time_each_by_itself(world, store, clock):
    for number in range(2 * NOTED_AT_ONCE):
        await offered(store, clock, entry(service=f"dienst-{number}"))
    bad = Subject(ARS, "dienst-7")
    works = await world.runs(3, bad)
    assert len(works) == 2 * NOTED_AT_ONCE + 2
    assert [subject for subject, it_works in works.items() if not it_works] == [bad]
    assert await world.alarms() == {(SERVICE_DOWN, bad.path)}
    days = await StoredProbes(store.database).daily(ARS, date(2026, 11, 23))
    assert days.pop("dienst-7") == [(date(2026, 11, 23), 0, 3)]
    assert list(days.values()) == [[(date(2026, 11, 23), 3, 0)]] * (2 * NOTED_AT_ONCE)


async def test_probes_are_spread_over_the_time_that_there_is(world, store, clock):
    await offered(store, clock, entry(service="termin"))
    for spread_s, expected in ((60.0, [0.0, 0.05, 0.1]), (0.03, [0.0, 0.01, 0.02]), (0.0, [0.0] * 3)):
        slept = []

        async def sleep(seconds, slept=slept):
            slept.append(seconds)

        assert (await world.prober(spread_s=spread_s, sleep=sleep).run()).whole
        assert slept == pytest.approx(expected)


async def test_pages_are_those_of_published_entries_with_what_they_are_to_say(world, store, clock):
    day = clock.now().date()
    more = {
        "entwurf": {"life_cycle": LifeCycle.DRAFT},
        "pause": {"life_cycle": LifeCycle.SUSPENDED},
        "weg": {"life_cycle": LifeCycle.WITHDRAWN},
        "spaeter": {"valid_from": day + timedelta(days=1)},
        "frueher": {"valid_until": day},
        "ohne": {"url": None},
        "termin": {"valid_from": day, "valid_until": day + timedelta(days=1)},
    }
    for service, changes in more.items():
        await offered(store, clock, entry(service=service, **changes))
    await world.prober(texts={OTHER: "Termin buchen"}).run()
    titles = ("Hausnummer beantragen", "Apply for a house number")
    assert {(subject, set(expected)) == (PAGE, set(titles)) for subject, _, expected in world.asked[:1]} == {True}
    assert [(subject, expected) for subject, _, expected in world.asked[1:]] == [(OTHER, ("Termin buchen",))]
    assert {url for _, url, _ in world.asked} == {ENTRY.url}


async def test_an_entry_begins_with_its_german_day(world, store, clock):
    clock.at = datetime(2026, 11, 23, 22, 59, tzinfo=UTC)
    await offered(store, clock, entry(service="termin", valid_from=date(2026, 11, 24)))
    for expected in (False, True):
        world.asked.clear()
        await world.prober().run()
        assert (OTHER in {subject for subject, *_ in world.asked}) is expected
        clock.advance(minutes=1)


async def test_what_services_need_stands_apart_and_tells_no_feed(world):
    assert (await world.runs(3, TOKEN)) == {PAGE: True, TOKEN: False}
    assert await world.alarms() == {(DEPENDENCY_DOWN, "token:test")}
    assert await world.outages() == []


async def test_what_follows_within_minutes_is_one_outage_and_works_says_what_is(world):
    world.rules = Rules(damping=timedelta(minutes=30))
    await world.runs(1)
    await world.runs(3, PAGE)
    first = (await world.outages())[0][1]
    await world.runs(3)
    assert (await world.runs(3, PAGE))[PAGE] is False  # 15 minutes later
    assert await world.outages() == [("hausnummer", first, None)]
    assert (await world.runs(3))[PAGE] is True
    await world.runs(6)  # half an hour is over
    assert (await world.runs(3, PAGE))[PAGE] is False
    assert len(await world.outages()) == 2


async def test_maintenance_tells_nobody_and_measures_all_the_same(world, store, clock):
    begins = clock.now()
    window = MaintenanceWindow(begins, begins + timedelta(minutes=28), frozenset({"hausnummer"}))
    world.rules = Rules(maintenance={ARS: [window]})
    await world.runs(1)
    assert (await world.runs(4, PAGE))[PAGE] is False
    assert (await world.alarms(), await world.outages()) == (set(), [])
    assert len(await store.database.rows(SEEN)) == 10
    await world.runs(1, PAGE)  # minute 30: it outlasts the maintenance
    assert await world.alarms() == {(SERVICE_DOWN, f"{ARS}/hausnummer")}
    assert await world.outages() == [("hausnummer", window.ends, None)]


async def test_our_own_network_is_nobody_elses_outage(world, store):
    await world.runs(1)
    world.away = True
    assert await world.runs(3) == {PAGE: True, TOKEN: True}
    assert await world.alarms() == set()
    assert len(await store.database.rows(SEEN)) == 8
    assert {(row["ended"], row["own_network"]) for row in await store.database.rows(RUNS)} == {
        (True, True),
        (True, False),
    }
    days = await StoredProbes(store.database).daily(ARS, date(2026, 11, 23))
    assert days == {"hausnummer": [(date(2026, 11, 23), 1, 0)]}


async def test_a_certificate_that_ends_soon_is_told_until_it_is_renewed(world):
    world.ends = world.clock.now() + timedelta(days=20)
    await world.runs(1)
    assert await world.alarms() == {(CERTIFICATE_ENDING, f"{ARS}/hausnummer")}
    await world.runs(1, PAGE)  # not seen: neither renewed nor not
    assert await world.alarms() == {(CERTIFICATE_ENDING, f"{ARS}/hausnummer")}
    world.ends = world.clock.now() + timedelta(days=90)
    await world.runs(1)
    assert await world.alarms() == set()


async def test_what_is_offered_no_more_is_not_down_any_more(world, store):
    world.ends = world.clock.now() + timedelta(days=1)
    await world.runs(1)
    await world.runs(3, PAGE)
    await store.database.run(WITHDRAW, service="hausnummer")
    assert await world.runs(1) == {TOKEN: True}
    assert await world.alarms() == set()
    assert [ended for *_, ended in await world.outages()] == [world.clock.now()]
    assert [tuple(row.values()) for row in await store.database.rows(STANDS)] == [("token:test", True, 0)]


async def test_of_two_workers_one_probes(world, store):
    gate, begun = asyncio.Event(), asyncio.Event()

    async def wait():
        begun.set()
        await gate.wait()

    world.pause = wait
    first = asyncio.create_task(world.prober().run())
    await begun.wait()
    assert await world.prober().run() is None
    gate.set()
    run = await first
    assert run.whole
    assert await world.prober().run(due_before=world.clock.now() - timedelta(minutes=5)) is None  # not due yet
    world.clock.advance(minutes=5)
    assert (await world.prober().run(due_before=world.clock.now() - timedelta(minutes=5))).whole
    assert len(await store.database.rows(RUNS)) == 2


async def test_a_dead_probers_run_is_taken_over_within_ten_seconds_and_harmless(world, store):
    await world.runs(1)
    dead = StoredRuns(store.database, uuid4)
    number = await dead.begin(world.clock.now() + timedelta(minutes=5), None)
    world.clock.advance(minutes=5)
    bad = Measurement(world.clock.now(), good=False, milliseconds=1, reason="status")
    assert (await dead.note(number, {PAGE: bad}, Rules(), own_network=True))[PAGE].failures == 1
    assert await world.prober().run() is None
    world.clock.advance(seconds=LEASE.total_seconds())
    assert timedelta(seconds=8) > LEASE  # others look every two seconds
    run = await world.prober().run(due_before=world.clock.now() - timedelta(hours=1))  # what died is due
    assert run.whole
    assert await dead.note(number, {PAGE: bad}, Rules(), own_network=True) is None
    assert not await dead.renew(number, world.clock.now())
    assert not await dead.end(number, world.clock.now(), [], own_network=True)
    assert [row["ended"] for row in await store.database.rows(RUNS)] == [True, False, True]
    assert [row["works"] for row in await store.database.rows(STANDS)] == [True, True]


async def test_a_clock_that_was_ahead_keeps_nobody_from_probing(world):
    world.clock.advance(days=3650)
    await world.runs(1)
    assert await StoredRuns(world.store.database, uuid4).begin(world.clock.now(), None), "its process died then"
    world.clock.advance(days=-3650)
    hour = timedelta(hours=1)
    assert (await world.prober().run(due_before=world.clock.now() - hour)).whole
    assert await world.prober().run(due_before=world.clock.now() - hour) is None, "and the next one is due in its time"


async def test_a_run_lives_as_long_as_it_says_so(world):
    renewed = asyncio.Event()
    prober = world.prober(renew_every_s=0.0)
    renew = prober.runs.renew

    async def told(number, now):
        held = await renew(number, now)
        renewed.set()
        return held

    prober.runs.renew = told

    async def wait():
        world.clock.advance(seconds=5)
        for _ in range(2):  # one may have begun before the clock went on
            renewed.clear()
            await renewed.wait()
        world.clock.advance(seconds=5)
        assert await StoredRuns(world.store.database, uuid4).begin(world.clock.now(), None) is None

    world.pause = wait
    assert (await prober.run()).whole


async def test_a_run_that_fails_is_given_up_and_the_next_one_begins_at_once(world):
    async def fail():
        raise RuntimeError

    world.pause = fail
    with pytest.raises(ExceptionGroup):
        await world.prober().run()
    world.pause = None
    assert (await world.prober().run(due_before=datetime(2020, 1, 1, tzinfo=UTC))).whole


async def test_a_measurement_is_written_with_all_that_follows_or_not_at_all(world, store, monkeypatch):
    await world.runs(1)
    await world.runs(2, PAGE)
    seen = len(await store.database.rows(SEEN))

    async def full(*_, **__):
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr("gateway.store.catalogue.probe_runs.alarms.raise_within", full)
        with pytest.raises(RuntimeError):
            await world.runs(1, PAGE)
    assert len(await store.database.rows(SEEN)) == seen
    assert [row["failures"] for row in await store.database.rows(STANDS)] == [2, 0]
    assert (await world.alarms(), await world.outages()) == (set(), [])
    assert (await world.runs(1, PAGE))[PAGE] is False


async def test_single_measurements_go_after_days_and_figures_after_years(world, store, clock):
    await world.runs(1)
    runs, raw = StoredRuns(store.database, uuid4), timedelta(days=14)
    clock.advance(days=14)
    await runs.prune(clock.now(), raw)
    assert len(await store.database.rows(SEEN)) == 2
    clock.advance(minutes=1)
    await runs.prune(clock.now(), raw)
    assert await store.database.rows(SEEN) == []
    assert await StoredProbes(store.database).daily(ARS, date(2026, 1, 1))
    clock.advance(days=720)
    await runs.prune(clock.now(), raw)
    assert await StoredProbes(store.database).daily(ARS, date(2026, 1, 1)) == {}
    assert await store.database.rows(RUNS) == []


def test_the_lines_of_a_run_say_whose_subject_it_is(clock):

    good = Measurement(clock.now(), good=True, milliseconds=3)
    of_service = Result(PAGE, good, works=True)
    of_all = Result(TOKEN, replace(good, good=False, reason="token_refused"), works=None)
    assert of_service.as_json() == {
        "municipality": ARS,
        "service": "hausnummer",
        "good": True,
        "works": True,
        "reason": None,
        "ms": 3,
    }
    assert of_all.as_json()["municipality"] is None
    assert of_all.as_json()["dependency"] == "token:test"
    summary = Run(4, (of_service, of_all), own_network=True, whole=True).as_json()["summary"]
    assert (summary["run"], summary["good"], summary["bad"], summary["down"]) == (4, 1, 1, 0)
