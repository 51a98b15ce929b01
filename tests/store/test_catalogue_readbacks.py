"""A sound answer takes the place of the one before, no other changes anything, and one is read at a time."""

from __future__ import annotations

import asyncio
import json
import zlib
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from structlog.testing import capture_logs

from gateway.catalogue import entry_json
from gateway.catalogue.entry import LifeCycle
from gateway.catalogue.readback.interfaces import interfaces
from gateway.catalogue.readback.pvog_source import PvogSource
from gateway.catalogue.readback.reading import FIRST_WAIT, LEASE, SETTLED, ReadBack, ReadBackResult
from gateway.catalogue.status import Source
from gateway.store.catalogue.readbacks import StoredReadbacks
from gateway.store.catalogue.statuses import StoredStatuses
from gateway.store.connection.database import numbered
from gateway.store.operation.alarms import open_alarms
from tests.catalogue.entries import ARS, entry
from tests.catalogue.readback.answers import PVOG, Wire, descriptions, key, online, services

EVERY = timedelta(hours=24)
OTHER = "150900550550"
REVISION = numbered(
    "INSERT INTO catalogue_revisions (municipality, service, number, latest, entry, digest, changed_at, changed_by) "
    "VALUES (%(town)s, %(service)s, 1, true, %(entry)s::text::jsonb, 'd', %(now)s, 'files') "
    "ON CONFLICT (municipality, service, number) DO UPDATE SET entry = excluded.entry"
)
EXPORTED = numbered(
    "INSERT INTO catalogue_exports (state, verified, objects, services, accepted_at) "
    "VALUES ('s', false, '{}', 1, %(now)s) RETURNING no"
)
DELIVERED = numbered(
    "INSERT INTO catalogue_delivered (municipality, service, export, revision, exported_at) "
    "VALUES (%(town)s, %(service)s, 1, 1, %(now)s) ON CONFLICT (municipality, service) DO NOTHING"
)
OBJECT = numbered(
    "INSERT INTO catalogue_objects (kind, id, municipality, service, digest, export, changed_in, changed_at) "
    "VALUES ('Onlinedienst', %(id)s, %(town)s, 'dienst-1', 'd', %(no)s, %(no)s, %(now)s)"
)
FOREIGN = numbered(
    "INSERT INTO catalogue_findings (municipality, service, code, source, place, since) VALUES "
    "(%(town)s, 'dienst-1', 'status_nicht_ok', 'datahub', 'x', %(now)s)"
)
LISTED_ELSEWHERE = numbered(
    "INSERT INTO catalogue_listings VALUES (%(town)s, 'dienst-1', 'datahub', true, NULL, 'x', %(now)s)"
)
HISTORY = numbered("SELECT outcome, reason, status, requests, rows FROM catalogue_readbacks ORDER BY no")
ANSWERS = numbered("SELECT address, status, sha256, body FROM catalogue_answers ORDER BY readback, position")
TURN = numbered("SELECT next_at, leased_until, failures, failing_since, shrunk_since FROM catalogue_readback_turns")


@pytest.fixture
async def town(store, clock):
    """Entries of a town, a read-back of PVOG for it, and what PVOG answers."""
    wire = Wire(clock=clock)

    async def claimed(*numbers, town=ARS, delivered=True, **changes):
        for no in numbers:
            one = entry(service=f"dienst-{no}", leika_key=key(no), url=f"https://rathaus.example/{no}", **changes)
            facts = json.dumps(entry_json.as_json(replace(one, municipality=town)))
            await store.database.run(REVISION, town=town, service=one.service, entry=facts, now=clock.now())
            if delivered:
                await store.database.run(DELIVERED, town=town, service=one.service, now=clock.now())

    async with wire.client() as client:
        source = PvogSource(PVOG, interfaces().pvog, wire.asker(client))
        read_back = ReadBack({Source.PVOG: source}, StoredReadbacks(store.database, clock), clock, EVERY)

        async def read(*listed, at_once=True, said=None):
            wire.routes = {"/leikaid": descriptions(*range(30)), "/onlineservices": services(*listed), **(said or {})}
            return await read_back.next(read_back.pairs([ARS]), at_once=at_once)

        yield claimed, read, read_back


async def exported(store, clock, town, of="1"):
    """An export in which an object of the town changed."""
    row = await store.database.one(EXPORTED, now=clock.now())
    await store.database.run(OBJECT, id=f"{town}.{of}", town=town, no=row["no"], now=clock.now())


async def findings(store):
    return {(one.service, one.code.value, one.since) for one in await StoredStatuses(store.database).findings(ARS)}


async def test_listings_and_findings_of_one_source_are_replaced_and_what_stays_keeps_its_since(store, clock, town):
    claimed, read, _ = town
    await claimed(1, 2)
    for foreign in (FOREIGN, LISTED_ELSEWHERE):
        await store.database.run(foreign, town=ARS, now=clock.now())
    foreign, began = ("dienst-1", "status_nicht_ok", clock.now()), clock.now()
    result = await read(online(1, url="https://alt.example/"))
    assert (result.outcome, result.as_json()["listed"], result.as_json()["findings"]) == ("sound", 1, 2)
    assert await findings(store) == {
        foreign,
        ("dienst-1", "url_mismatch", began),
        ("dienst-2", "missing_in_pvog", began),
    }
    clock.advance(hours=24)
    await read(online(1, url="https://neu.example/"), online(2))
    assert await findings(store) == {foreign, ("dienst-1", "url_mismatch", began)}
    (one, two) = await StoredStatuses(store.database).of(ARS)
    assert {listing.source for listing in one.listings} == {Source.PVOG, Source.DATA_HUB}
    assert (two.listed, two.listings[0].seen_at, two.listings[0].place) == (True, clock.now(), "L1.OD.2")
    assert {one.found for one in one.findings if one.code == "url_mismatch"} == {"https://neu.example/"}
    await claimed(2, life_cycle=LifeCycle.DRAFT)
    await read(online(1))
    assert [status.revision.entry.service for status in await StoredStatuses(store.database).of(ARS)] == ["dienst-1"]
    assert await findings(store) == {foreign}
    assert set(await StoredReadbacks(store.database, clock).listed(ARS, Source.PVOG)) == {"dienst-1"}


BAD = {
    "form": {"/onlineservices": b"<html>Wartung</html>"},
    "doubled": {"/onlineservices": services(online(1), online(1))},
    "rows": {"/onlineservices": {**services(online(1)), "totalHits": 3_500_000}},
    "shrunk": {"/onlineservices": services()},
    "counterpart_garbled": {"/onlineservices": httpx.Response(302)},
    "counterpart_busy": {"/onlineservices": httpx.Response(503)},
    "counterpart_refused": {"/onlineservices": httpx.Response(403)},
}


@pytest.mark.parametrize("reason", BAD)
async def test_an_answer_that_is_no_news_changes_no_finding_and_no_listing_and_is_told(store, clock, town, reason):
    claimed, read, _ = town
    await claimed(1, 2, 3)
    await read(online(1), online(2))
    before = await findings(store), await StoredStatuses(store.database).of(ARS)
    clock.advance(hours=24)
    with capture_logs() as lines:
        result = await read(said=BAD[reason])
    failed = reason in {"counterpart_busy", "counterpart_refused"}
    assert (result.outcome, result.reason) == ("failed" if failed else "refused", reason)
    assert (await findings(store), await StoredStatuses(store.database).of(ARS)) == before
    (line,) = lines
    assert line["event"] == ("catalogue.readback_failed" if failed else "catalogue.readback_refused")
    assert line["code" if failed else "reason"] == reason
    history = await store.database.rows(HISTORY)
    assert [(row["outcome"], row["rows"]) for row in history] == [("sound", 2), (result.outcome, None)]
    (turn,) = await store.database.rows(TURN)
    assert (turn["failures"], turn["failing_since"], turn["leased_until"]) == (1, clock.now(), None)
    usual = reason == "counterpart_refused"
    assert turn["next_at"] - clock.now() == (EVERY if usual else FIRST_WAIT)
    assert (await read(online(1), online(2))).outcome == "sound"
    (turn,) = await store.database.rows(TURN)
    assert (turn["failures"], turn["failing_since"], turn["shrunk_since"]) == (0, None, None)


async def test_tries_go_further_apart_up_to_the_usual_time_and_never_before_the_source_s_wish(store, clock, town):
    claimed, read, _ = town
    await claimed(1)
    gaps = []
    for _ in range(11):
        await read(said={"/onlineservices": httpx.Response(503)})
        (turn,) = await store.database.rows(TURN)
        gaps.append((turn["next_at"] - clock.now()) / FIRST_WAIT)
    assert gaps == [1, 2, 4, 8, 16, 32, 64, 128, 256, EVERY / FIRST_WAIT, EVERY / FIRST_WAIT]
    await read(online(1))
    await read(said={"/onlineservices": httpx.Response(503, headers={"Retry-After": "7200"})})
    (turn,) = await store.database.rows(TURN)
    assert turn["next_at"] - clock.now() == timedelta(hours=2)


async def test_what_stays_much_smaller_for_two_days_is_the_source_s_word(store, clock, town):
    claimed, read, _ = town
    await claimed(1, 2, 3)
    await read(online(1), online(2), online(3))
    assert (await read(online(1))).reason == "shrunk"
    clock.advance(hours=47)
    assert (await read(said={"/onlineservices": httpx.Response(503)})).reason == "counterpart_busy"
    assert (await read(online(1))).reason == "shrunk"
    clock.advance(hours=SETTLED / timedelta(hours=1) - 47)
    assert (await read(online(1))).outcome == "sound"
    assert {code for _, code, _ in await findings(store)} == {"missing_in_pvog"}


async def told(store):
    return {
        (row["rule"], row["subject"], row["municipality"], row["service"]) for row in await open_alarms(store.database)
    }


async def test_a_service_that_is_listed_no_more_is_an_alarm_of_its_town_until_it_is_listed_or_withdrawn(
    store, clock, town
):
    claimed, read, _ = town
    await claimed(1, 2, 3, 4)
    await read(online(1), online(2), online(3))
    assert await told(store) == set(), "what was never listed is a finding and no alarm"
    await read(online(1), online(3))
    gone = ("catalogue_unlisted", f"{ARS}/dienst-2/pvog", ARS, "dienst-2")
    assert await told(store) == {gone}
    await read(online(1), online(3))
    assert await told(store) == {gone}
    await read(online(3), said={"/onlineservices": httpx.Response(503)})
    assert await told(store) == {gone}
    await read(online(1), online(2), online(3))
    assert await told(store) == set()
    await read(online(1), online(3))
    assert await told(store) == {gone}
    await claimed(2, life_cycle=LifeCycle.WITHDRAWN)
    await read(online(1), online(3))
    assert await told(store) == set()


async def test_a_source_without_a_sound_answer_for_three_days_is_an_alarm_until_one_comes(store, clock, town):
    claimed, read, _ = town
    await claimed(1)
    for bad, alarmed in ((b"<html>", False), (httpx.Response(503), False), (b"<html>", True), (b"<html>", True)):
        await read(said={"/onlineservices": bad})
        expected = {("catalogue_not_read", f"{ARS}/pvog", ARS, None)} if alarmed else set()
        assert await told(store) == expected
        clock.advance(hours=36)
    await read(online(1))
    assert await told(store) == set()
    await read(said={"/onlineservices": b"<html>"})
    assert await told(store) == set()


async def test_nothing_listed_yet_is_news_and_nothing_claimed_any_more_too(store, town):
    claimed, read, _ = town
    await claimed(1)
    assert (await read()).outcome == "sound"
    assert {code for _, code, _ in await findings(store)} == {"missing_in_pvog"}
    await read(online(1))
    await claimed(1, life_cycle=LifeCycle.WITHDRAWN)
    assert (await read()).outcome == "sound"
    assert await findings(store) == set()


async def test_answers_are_kept_as_they_came_and_forgotten_in_time(store, clock, town):
    claimed, read, read_back = town
    await claimed(1)
    await read(online(1))
    first, _ = await store.database.rows(ANSWERS)
    assert json.loads(zlib.decompress(first["body"])) == services(online(1))
    assert (first["status"], len(first["sha256"]), "/v1beta2/onlineservices" in first["address"]) == (200, 64, True)
    assert await read_back.rows.prune(clock.now()) == 0
    assert await read_back.rows.prune(clock.now() + timedelta(seconds=1)) == 1
    assert await store.database.rows(ANSWERS) == []


async def test_one_is_read_at_a_time_and_a_dead_one_is_taken_over_and_then_writes_nothing(store, clock, town):
    claimed, _, read_back = town
    await claimed(1)
    await claimed(1, town=OTHER)
    pairs = read_back.pairs([ARS, OTHER])
    first, *others = [
        turn for turn in await asyncio.gather(*(read_back.rows.claim(pairs, LEASE) for _ in range(8))) if turn
    ]
    assert others == []
    assert await read_back.rows.claim(pairs, LEASE, at_once=True) is None
    clock.advance(seconds=LEASE.total_seconds())
    again = await read_back.rows.claim([(first.municipality, first.source)], LEASE)
    assert (again.municipality, again.tries) == (first.municipality, first.tries + 1)
    late = ReadBackResult(first, clock.now(), "failed", clock.now() + EVERY, reason="counterpart_away")
    assert not await read_back.rows.settle(late)
    assert await store.database.rows(HISTORY) == []
    assert await read_back.rows.settle(replace(late, turn=again))
    assert len(await store.database.rows(HISTORY)) == 1
    other = await read_back.rows.claim(pairs, LEASE)
    assert other.municipality == ({ARS, OTHER} - {first.municipality}).pop()


async def test_the_worker_reads_what_is_due_of_municipalities_that_have_entries(store, clock, town):
    claimed, read, _ = town
    assert await read(at_once=False) is None
    await claimed(1)
    assert (await read(online(1), at_once=False)).outcome == "sound"
    assert await read(online(1), at_once=False) is None
    clock.advance(hours=24)
    assert (await read(online(1), at_once=False)).outcome == "sound"


async def test_what_nobody_foresaw_holds_up_no_other_source(store, clock, town):
    claimed, read, read_back = town
    await claimed(1)
    await read(online(1))

    class Broken:
        source, asker = Source.DATA_HUB, read_back.sources[Source.PVOG].asker

        async def read(self, *_):
            raise ZeroDivisionError("Ändersen")

    both = replace(read_back, sources={**read_back.sources, Source.DATA_HUB: Broken()})
    with capture_logs() as logged:
        result = await both.next([(ARS, Source.DATA_HUB)])
    assert (result.outcome, result.reason, result.next_at) == ("failed", "internal", clock.now() + FIRST_WAIT)
    (told,) = [each for each in logged if each["event"] == "catalogue.readback_unforeseen"]
    assert (told["error"], "Ändersen" in str(logged)) == ("ZeroDivisionError", False)
    assert (await read(online(1))).outcome == "sound", "no lease is left behind"


async def test_a_clock_that_was_ahead_keeps_nobody_waiting(store, clock, town):
    claimed, read, read_back = town
    await claimed(1)
    clock.advance(days=3650)
    await read(online(1))
    assert await read_back.rows.claim(read_back.pairs([ARS]), LEASE, at_once=True), "its process died then"
    clock.advance(days=-3650)
    assert (await read(online(1), at_once=False)).outcome == "sound"
    assert await read(online(1), at_once=False) is None, "and its turn is an ordinary one again"


async def test_nobody_can_list_what_no_export_has_delivered(store, clock, town):
    claimed, read, _ = town
    await claimed(1, 2, delivered=False)
    await read(online(1, url="https://alt.example/"))
    assert {found[:2] for found in await findings(store)} == {("dienst-1", "url_mismatch")}
    assert [one.listed for one in await StoredStatuses(store.database).of(ARS)] == [True, False]
    await claimed(1, 2)
    await read(online(1))
    assert {found[:2] for found in await findings(store)} == {("dienst-2", "missing_in_pvog")}


async def test_an_hour_after_an_export_it_is_looked_once_what_came_of_it(store, clock, town):
    claimed, read, _ = town
    await claimed(1)
    assert (await read(at_once=False)).outcome == "sound"
    await exported(store, clock, ARS)
    clock.advance(minutes=59)
    assert await read(online(1), at_once=False) is None
    clock.advance(minutes=1)
    assert (await read(online(1), at_once=False)).judgement.listed == 1
    assert await read(online(1), at_once=False) is None
    clock.advance(hours=23)
    assert await read(online(1), at_once=False) is None
    clock.advance(hours=1)
    assert await read(online(1), at_once=False) is not None


async def test_an_export_makes_those_towns_due_whose_objects_changed_in_it_and_no_others(store, clock, town):
    claimed, read, read_back = town
    await claimed(1)
    await claimed(1, town=OTHER)
    assert (await read(at_once=False)).outcome == "sound"
    await exported(store, clock, OTHER)
    clock.advance(minutes=30)
    await exported(store, clock, ARS)
    await exported(store, clock, OTHER, of="2")
    clock.advance(minutes=30)
    assert await read(online(1), at_once=False) is None, "the export of an hour ago was another town's"
    clock.advance(minutes=30)
    assert (await read(online(1), at_once=False)).judgement.listed == 1, "and there was another since"
    assert await read(online(1), at_once=False) is None
    assert (await read_back.next([(OTHER, Source.PVOG)])).turn.municipality == OTHER


async def test_a_source_that_fails_is_not_asked_sooner_because_of_an_export(store, clock, town):
    claimed, read, _ = town
    await claimed(1)
    busy = {"/onlineservices": httpx.Response(503, headers={"Retry-After": "40000"})}
    assert (await read(said=busy, at_once=False)).outcome == "failed"
    await exported(store, clock, ARS)
    clock.advance(hours=2)
    assert await read(online(1), at_once=False) is None


async def test_the_command_waits_for_a_read_back_under_way_and_stops_when_told(store, clock, town, monkeypatch):
    claimed, read, read_back = town
    await claimed(1)
    await read(online(1))
    ((pair),) = read_back.pairs([ARS])
    turn = await read_back.rows.claim([pair], LEASE, at_once=True)
    monkeypatch.setattr("gateway.catalogue.readback.reading.WAITING_S", 0.01)
    stop = asyncio.Event()
    waiting = asyncio.create_task(read_back.at_once(pair, stop))
    await asyncio.sleep(0)
    assert not waiting.done()
    await read_back.rows.settle(ReadBackResult(turn, clock.now(), "failed", clock.now(), reason="counterpart_away"))
    assert (await waiting).outcome == "sound"
    stop.set()
    assert await read_back.at_once(pair, stop) is None
