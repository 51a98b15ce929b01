"""Changes reach the collector until it has them: one push a municipality, under a lease, the same transfer again."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from gateway.catalogue.delta import ExportReplaced
from gateway.catalogue.entry import LifeCycle
from gateway.catalogue.pushing import push as pushing
from gateway.catalogue.pushing.push import FIRST_WAIT, LEASE, LONGEST_WAIT, Pusher, PushState
from gateway.catalogue.xzufi import composing
from gateway.errors import CounterpartAway, CounterpartBusy, CounterpartError, CounterpartRefused, TokenRefused
from gateway.store.catalogue.exported_files import ExportedFiles
from gateway.store.catalogue.pushes import KEPT, StoredPushes
from gateway.store.connection.database import numbered
from tests.catalogue.collecting import sandbox
from tests.catalogue.entries import ARS, entry
from tests.catalogue.exporting import exporter, read, register, writer
from tests.catalogue.test_xzufi_schema import official

ADDRESS, OTHER_TOWN, OWN = "https://collector.example/push", "150900225225", "OZGGATEWAY"
KEYS = {"s0": "99012021002000", "s1": "99102013104000", "s2": "99050012104000"}
ROWS = numbered(
    "SELECT municipality, since, export, state, failures, cause, status, files FROM catalogue_pushes ORDER BY no"
)


@dataclass
class FakeCollector:
    """Takes transfers, or raises what it is told to."""

    errors: list[CounterpartError] = field(default_factory=list)
    taken: list[bytes] = field(default_factory=list)

    async def send(self, content):
        if self.errors:
            raise self.errors.pop(0)
        self.taken.append(content)


@pytest.fixture
def collector():
    return FakeCollector()


@pytest.fixture
async def town(store, clock):
    for service, key in KEYS.items():
        await register(store.database, claim(service, leika_key=key), clock.now())
    await exporter(store.database).make(clock.now())
    clock.advance(hours=1)
    return store.database


@pytest.fixture
def pusher(town, clock, collector):
    return make_pusher(town, clock, collector)


def claim(service, **changes):
    values = {"leika_key": KEYS.get(service), "url": f"https://rathaus.example/{service}", **changes}
    return entry(service=service, **values)


def make_pusher(database, clock, collector, *, address=ADDRESS, unverified=True):
    rows = StoredPushes(database, clock, address, OWN)
    return Pusher(rows, ExportedFiles(database), writer(), collector, clock, unverified)


async def push(pusher, **how):
    await pusher.rows.prepare()
    return await pusher.next(**how)


async def change(town, clock, service, **changes):
    clock.advance(minutes=1)
    await register(town, claim(service, **changes), clock.now())
    return (await exporter(town, shrink_percent=100.0).make(clock.now())).accepted


async def test_a_collector_that_has_nothing_gets_all_and_then_only_what_changed(town, clock, pusher, collector):
    first = await push(pusher)
    assert (first.state, first.push.since, first.files) == (PushState.ACCEPTED, 0, 1)
    assert len(read(collector.taken).of("Onlinedienst")) == 3
    assert await push(pusher) is None
    collector.taken.clear()
    last = await change(town, clock, "s1", titles={"de": "Anders", "en": "Other"})
    second = await push(pusher)
    assert (second.push.since, second.export) == (first.export, last.no)
    only = read(collector.taken)
    assert (len(only.of("Leistung")), len(only.of("Onlinedienst")), only.deleted) == (1, 1, [])


async def test_what_was_withdrawn_is_deleted_until_that_is_taken(town, clock, pusher, collector):
    await push(pusher)
    await change(town, clock, "s1", life_cycle=LifeCycle.WITHDRAWN)
    collector.errors = [CounterpartAway(host="x")] * 2
    for _ in range(2):
        assert (await push(pusher)).state is PushState.WAITING
        clock.advance(hours=1)
        await change(town, clock, "s0", titles={"de": str(clock.now()), "en": "x"})
    collector.taken.clear()
    assert (await push(pusher)).state is PushState.ACCEPTED
    assert [kind for kind, _, _ in read(collector.taken).deleted] == ["Zustaendigkeit", "Onlinedienst", "Leistung"]


async def test_the_same_changes_are_the_same_transfer(town, clock, pusher, collector):
    collector.errors = [CounterpartBusy(host="x", http_status=503)]
    taken = []
    original = collector.send

    async def send(content):
        taken.append(content)
        await original(content)

    collector.send = send
    await push(pusher)
    clock.advance(hours=2)
    await push(pusher)
    assert len(taken) == 2
    assert taken[0] == taken[1]


async def test_two_towns_have_transfers_of_their_own(town, clock, pusher, collector):
    await register(town, claim("s0", municipality=OTHER_TOWN), clock.now())
    await exporter(town, towns=[ARS, OTHER_TOWN]).make(clock.now())
    assert {(await push(pusher)).push.municipality for _ in range(2)} == {ARS, OTHER_TOWN}
    transfers = {content.split(b"transaktionID>")[1] for content in collector.taken}
    assert len(transfers) == 2
    assert [len(read([content]).of("Onlinedienst")) for content in collector.taken] == [3, 1]


async def test_of_a_large_export_only_the_files_of_the_town_are_read(store, clock, collector, monkeypatch):
    monkeypatch.setattr(composing, "FILE_OBJECTS", 6)
    towns = ["150900070070", ARS, "150900550550"]
    for town in towns:
        for service in KEYS:
            await register(store.database, claim(service, municipality=town), clock.now())
    accepted = (await exporter(store.database, towns=towns).make(clock.now())).accepted
    files, read_names = ExportedFiles(store.database), []
    assert accepted.files == len(await files.names(accepted.no)) == 6
    original = files.file

    async def file(name):
        read_names.append(name)
        return await original(name)

    files.file = file
    for town in towns:
        read_names.clear()
        only = read(await pushing.delta(files, accepted, 0, writer(), town))
        assert (len(only.objects), len(only.of("Organisationseinheit"))) == (10, 1)
        assert len(read_names) <= 3


async def test_objects_of_our_own_agency_go_to_nobody(store, clock, collector):
    await register(store.database, claim("s0"), clock.now())
    await exporter(store.database, agency=OWN).make(clock.now())
    assert await push(make_pusher(store.database, clock, collector)) is None


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (CounterpartAway(host="x"), FIRST_WAIT),
        (CounterpartBusy(host="x", http_status=503), FIRST_WAIT),
        (CounterpartBusy(host="x", http_status=429, retry_after=7200.0), timedelta(hours=2)),
        (CounterpartRefused(host="x", http_status=403, problem="unknown"), LONGEST_WAIT),
        (TokenRefused(host="x"), LONGEST_WAIT),
    ],
)
async def test_it_is_tried_again_by_class_of_error(clock, pusher, collector, error, wait):
    collector.errors = [error]
    result = await push(pusher)
    assert (result.state, result.cause, result.next_at) == (PushState.WAITING, error.code, clock.now() + wait)
    clock.at = result.next_at - timedelta(seconds=1)
    assert await push(pusher) is None
    clock.at = result.next_at
    assert (await push(pusher)).state is PushState.ACCEPTED


async def test_waits_grow_up_to_an_hour_and_begin_anew_with_new_data(town, clock, pusher, collector):
    collector.errors = [CounterpartAway(host="x")] * 9
    waits = []
    for _ in range(8):
        result = await push(pusher)
        waits.append((result.next_at - clock.now()).total_seconds() / 60)
        clock.at = result.next_at
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]
    await change(town, clock, "s0", titles={"de": "Neu", "en": "New"})
    assert (await push(pusher)).next_at - clock.now() == FIRST_WAIT


@pytest.mark.parametrize("status", [400, 413, 415, 422])
async def test_refused_data_rest_until_they_change_or_a_person_pushes(town, clock, pusher, collector, status):
    refusal = CounterpartRefused(host="x", http_status=status, problem="unknown")
    collector.errors = [refusal, refusal]
    with capture_logs() as logs:
        result = await push(pusher)
    assert (result.state, result.status) == (PushState.REFUSED, status)
    assert [line["event"] for line in logs] == ["catalogue.push_failed"]
    clock.advance(days=3)
    assert await push(pusher) is None
    assert (await push(pusher, at_once=True)).state is PushState.REFUSED
    assert await push(pusher, at_once=True, besides=[result.push.no]) is None
    await change(town, clock, "s0", titles={"de": "Berichtigt", "en": "Corrected"})
    assert (await push(pusher)).state is PushState.ACCEPTED
    assert len(read(collector.taken).of("Onlinedienst")) == 3


async def test_an_export_that_nobody_vouches_for_stays_here(town, clock, collector):
    strict = make_pusher(town, clock, collector, unverified=False)
    result = await push(strict)
    assert (result.state, result.cause, collector.taken) == (PushState.WAITING, "catalogue_unverified", [])
    assert strict.refusal(await strict.rows.last()).findings[0].rule == "schema_not_installed"
    await exporter(town, writer=writer(official=official())).make(clock.now())
    clock.advance(hours=1)
    strict = Pusher(strict.rows, strict.files, writer(official=official()), collector, clock)
    assert (await push(strict)).state is PushState.ACCEPTED


async def test_a_collector_that_takes_nothing_now_is_not_asked_for_every_town(town, clock, pusher, collector):
    await register(town, claim("s0", municipality=OTHER_TOWN), clock.now())
    await exporter(town, towns=[ARS, OTHER_TOWN]).make(clock.now())
    await pusher.rows.prepare()
    collector.errors = [CounterpartAway(host="x"), CounterpartRefused(host="x", http_status=422, problem="unknown")]
    states = [result.state async for result in pusher.each(lambda: False, set())]
    assert states == [PushState.WAITING]
    states = [result.state async for result in pusher.each(lambda: False, set(), at_once=True)]
    assert states == [PushState.REFUSED, PushState.ACCEPTED]
    assert [result async for result in pusher.each(lambda: True, set(), at_once=True)] == []


async def test_nobody_vouches_for_any_town_and_each_says_so(town, clock, collector):
    await register(town, claim("s0", municipality=OTHER_TOWN), clock.now())
    await exporter(town, towns=[ARS, OTHER_TOWN]).make(clock.now())
    strict = make_pusher(town, clock, collector, unverified=False)
    await strict.rows.prepare()
    assert [result.cause async for result in strict.each(lambda: False, set())] == ["catalogue_unverified"] * 2


async def test_one_who_dies_is_followed_and_writes_nothing_late(town, clock, pusher, collector):
    await pusher.rows.prepare()
    late = await pusher.rows.claim(LEASE)
    assert await push(pusher) is None
    clock.at += LEASE * 0.8
    assert await pusher.rows.renew(late, LEASE)
    clock.at += LEASE * 0.8
    assert (await push(pusher), await pusher.rows.under_way()) == (None, True)
    clock.at += LEASE * 0.4
    assert not await pusher.rows.under_way()
    other = make_pusher(town, clock, FakeCollector())
    result = await push(other)
    assert result.state is PushState.ACCEPTED
    assert not await pusher.rows.renew(late, LEASE)
    failed = pushing.PushResult(late, clock.now(), PushState.REFUSED, 1, clock.now())
    assert not await pusher.rows.settle(failed)
    assert [row["state"] for row in await town.rows(ROWS)] == ["accepted"]


async def test_an_export_that_comes_while_one_is_pushed_is_pushed_next(town, clock, pusher, collector):
    await push(pusher)
    second = await change(town, clock, "s0", titles={"de": "Zwei", "en": "Two"})
    collector.taken.clear()
    original = collector.send

    async def send(content):
        await original(content)
        collector.send = original
        await change(town, clock, "s1", titles={"de": "Drei", "en": "Three"})
        await make_pusher(town, clock, collector).rows.prepare()

    collector.send = send
    assert (await push(pusher)).export == second.no
    third = await push(pusher)
    assert (third.push.since, third.state) == (second.no, PushState.ACCEPTED)
    assert len(read(collector.taken[1:]).of("Leistung")) == 1
    assert await push(pusher) is None


async def test_files_that_later_exports_took_away_are_never_left_out_in_silence(town, clock, pusher, collector):
    await pusher.rows.prepare()
    first = await pusher.rows.last()
    for number in range(2):
        await change(town, clock, "s0", titles={"de": str(number), "en": "x"})
    with pytest.raises(ExportReplaced):
        await pushing.delta(pusher.files, first, 0, writer())
    assert (await push(pusher)).state is PushState.ACCEPTED
    assert len(read(collector.taken).of("Onlinedienst")) == 3


async def test_another_address_has_nothing_yet(town, clock, pusher, collector):
    collector.errors = [CounterpartAway(host="x")]
    await push(pusher)
    moved = make_pusher(town, clock, collector, address="https://new.example/")
    assert (await push(moved)).push.since == 0
    assert await push(make_pusher(town, clock, collector)) is not None


async def test_the_last_push_of_a_town_is_kept_for_ever(town, clock, pusher):
    await push(pusher)
    await change(town, clock, "s0", titles={"de": "Neu", "en": "New"})
    await push(pusher)
    clock.at += KEPT + timedelta(days=1)
    assert await pusher.rows.prune() == 1
    assert [row["since"] for row in await town.rows(ROWS)] != [0]
    assert await push(pusher) is None


async def test_published_then_pushed_then_listed_and_withdrawn_then_gone(town, clock):
    async with sandbox() as there, there.collector(clock) as collector:
        pusher = make_pusher(town, clock, collector)
        assert (await push(pusher)).state is PushState.ACCEPTED
        assert await there.offers() == {key: f"https://rathaus.example/{service}" for service, key in KEYS.items()}
        await change(town, clock, "s1", url="https://rathaus.example/neu")
        await change(town, clock, "s2", life_cycle=LifeCycle.WITHDRAWN)
        assert (await push(pusher)).state is PushState.ACCEPTED
        assert await there.offers() == {
            KEYS["s0"]: "https://rathaus.example/s0",
            KEYS["s1"]: "https://rathaus.example/neu",
        }
        imports = (await there.state())["imports"]
        assert [each["faults"] for each in imports] == [[], []]
        assert imports[1]["deleted"] == 3, "Leistung, Onlinedienst, Zustaendigkeit"


@pytest.mark.parametrize(
    ("order", "code", "state"),
    [
        ({"match": "POST /collector/*", "kind": "status", "value": 422}, "counterpart_refused", "refused"),
        ({"match": "POST /collector/*", "kind": "status", "value": 503}, "counterpart_busy", "waiting"),
        ({"match": "POST /collector/*", "kind": "reset"}, "counterpart_away", "waiting"),
        ({"match": "POST /auth/*", "kind": "status", "value": 503}, "counterpart_busy", "waiting"),
        ({"match": "POST /auth/*", "kind": "status", "value": 403}, "counterpart_garbled", "waiting"),
        ({"match": "POST /auth/*", "kind": "garbage"}, "counterpart_garbled", "waiting"),
    ],
)
async def test_what_a_collector_may_answer_is_an_error_of_its_class(town, clock, order, code, state):
    async with sandbox() as there, there.collector(clock) as collector:
        await there.fault(times=1, **order)
        pusher = make_pusher(town, clock, collector)
        result = await push(pusher)
        assert (result.cause, result.state.value) == (code, state)
        clock.advance(hours=1)
        assert (await push(pusher, at_once=True)).state is PushState.ACCEPTED


async def test_a_wrong_secret_and_an_address_that_is_not_allowed_need_a_person(town, clock):
    async with sandbox() as there:
        async with there.collector(clock, secret="wrong") as collector:
            result = await push(make_pusher(town, clock, collector))
            assert (result.cause, result.next_at - clock.now()) == ("token_refused", LONGEST_WAIT)
        clock.advance(hours=1)
        async with there.collector(clock, allow_private=()) as collector:
            assert (await push(make_pusher(town, clock, collector))).cause == "address_refused"


async def test_a_token_that_was_refused_is_renewed_once(town, clock):
    async with sandbox() as there, there.collector(clock) as collector:
        pusher = make_pusher(town, clock, collector)
        await push(pusher)
        await there.admin.post(there.line["admin"] + "/clock", json={"advance_s": 301})
        await change(town, clock, "s0", titles={"de": "Neu", "en": "New"})
        assert (await push(pusher)).state is PushState.ACCEPTED
