"""Routes of many services: some are asked at a time, those of before count until their turn comes."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from gateway.catalogue.readback.judging import held_against, routed
from gateway.catalogue.readback.routes import RememberedRoutes, in_turn, with_remembered
from gateway.catalogue.readback.routing_source import RoutingSource
from gateway.catalogue.readback.rows import AnswerRefused
from gateway.catalogue.status import Listing, Source
from gateway.errors import CounterpartBusy, CounterpartGarbled
from gateway.fitconnect.channel.routing_client import JudgedRoute, RoutingEnvironment
from gateway.fitconnect.routing import Route
from tests.catalogue.readback.answers import ARS, NOW, Wire, key
from tests.catalogue.readback.test_judging import DESTINATION, OTHER, claim

MANY = 40
ROUTING = RoutingEnvironment("https://routing.example", "https://portal.example", frozenset())
NONE = {"routes": [], "totalCount": 0}
BUSY = httpx.Response(429, headers={"Retry-After": "7"})


def entries(number=MANY):
    return [claim(no, destination_id=DESTINATION) for no in range(number)]


def said(*services, destination=DESTINATION):
    """A route for each key, vouched for."""
    return {key(no): [JudgedRoute(Route(destination, "x"), None)] for no in services}


class Remembering:
    """What was answered last, kept as the rows do; `changed` is what a test says."""

    def __init__(self):
        self.routes = RememberedRoutes()

    async def of(self, _):
        return self.routes

    def keep(self, judgement, changed=frozenset()):
        self.routes = RememberedRoutes(judgement.listings, judgement.findings, frozenset(changed))


async def read(wire, remembering, most, now=NOW, wanted=None):
    async with wire.client() as client:
        asker = wire.asker(client).anew(most)
        source = RoutingSource({ARS: ROUTING}, asker, lambda: 0.0, remembering)
        return await source.read(asker, ARS, wanted or entries(), now), asker


def asked(wire):
    return [request.url.params["leikaKey"] for request in wire.requests if "leikaKey" in request.url.params]


async def test_every_route_has_its_turn_and_nobody_is_asked_more_than_may_be():
    wire, remembering, most = Wire({"/routes": NONE}), Remembering(), 6
    for turn in range(8):
        before = len(wire.requests)
        judgement, asker = await read(wire, remembering, most, NOW + timedelta(days=turn))
        assert len(wire.requests) - before == asker.requests <= most
        remembering.keep(judgement)
    first_round = asked(wire)[:MANY]
    assert sorted(first_round) == [key(no) for no in range(MANY)]
    assert asked(wire)[MANY:] == first_round[: 8 * most - MANY], "the second round goes as the first did"
    assert (len(judgement.listings), len(judgement.findings)) == (MANY, MANY)


async def test_a_route_that_was_not_asked_stays_as_it_was_and_a_changed_one_comes_first():
    wire, remembering = Wire({"/routes": NONE}), Remembering()
    first = routed(entries(), said(*range(30)), NOW)
    remembering.keep(first, changed={"dienst-35", "dienst-20"})
    judgement, _ = await read(wire, remembering, 3, NOW + timedelta(days=1))
    assert asked(wire) == [key(20), key(35), key(0)]
    unasked = [f"dienst-{no}" for no in range(MANY) if no not in {0, 20, 35}]
    assert {name: judgement.listings[name] for name in unasked} == {name: first.listings[name] for name in unasked}
    assert [one for one in judgement.findings if one.service in unasked] == [
        one for one in first.findings if one.service in unasked
    ]
    assert (judgement.listed, judgement.rows) == (28, 28)
    assert {one.seen_at for name, one in judgement.listings.items() if name not in unasked} == {NOW + timedelta(days=1)}


async def test_what_is_no_longer_wanted_is_not_remembered():
    wire, remembering = Wire({"/routes": NONE}), Remembering()
    remembering.keep(routed(entries(), said(), NOW))
    judgement, _ = await read(wire, remembering, 3, wanted=entries(4))
    assert set(judgement.listings) == {one.service for one in judgement.findings} == {f"dienst-{no}" for no in range(4)}


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 20) | st.none()), max_size=20),
    st.frozensets(st.integers(0, 19), max_size=5),
)
def test_new_and_changed_ones_come_first_then_what_was_asked_longest_ago(pairs, changed):
    wanted = [claim(no, leika_key=key(at), destination_id=DESTINATION) for no, (at, _) in enumerate(pairs)]
    listings = {
        f"dienst-{no}": Listing(Source.ROUTING, True, NOW - timedelta(days=days))
        for no, (_, days) in enumerate(pairs)
        if days is not None
    }
    keys = in_turn(wanted, RememberedRoutes(listings, (), frozenset(f"dienst-{no}" for no in changed)))
    ages = {}
    for no, (at, days) in enumerate(pairs):
        ages.setdefault(key(at), []).append(1000 if days is None or no in changed else days)
    assert sorted(keys) == sorted(ages)
    assert [max(ages[each]) for each in keys] == sorted((max(each) for each in ages.values()), reverse=True)


async def test_a_service_that_is_busy_at_the_end_leaves_what_was_answered_until_then():
    wire = Wire({"/routes": lambda request: BUSY if request.url.params["leikaKey"] == key(2) else NONE})
    judgement, asker = await read(wire, Remembering(), 4)
    assert (set(judgement.listings), asker.requests) == ({"dienst-0", "dienst-1"}, 4)
    judgement, asker = await read(wire, Remembering(), 3)
    assert (set(judgement.listings), asker.requests) == ({"dienst-0", "dienst-1"}, 3), "not even a second time"
    with pytest.raises(CounterpartBusy):
        await read(wire, Remembering(), 9)
    with pytest.raises(CounterpartBusy):
        await read(Wire({"/routes": BUSY}), Remembering(), 1)


async def test_one_whose_answer_is_none_holds_up_no_other_and_is_told():
    bad = {key(0): b"<html>", key(1): httpx.Response(400, json={"title": "unknown key"})}
    wire = Wire({"/routes": lambda request: bad.get(request.url.params["leikaKey"], NONE)})
    with capture_logs() as lines:
        judgement, asker = await read(wire, Remembering(), 5)
    assert (set(judgement.listings), asker.requests) == ({"dienst-2", "dienst-3", "dienst-4"}, 5)
    assert [(line["leika_key"], line["code"]) for line in lines] == [
        (key(0), "counterpart_garbled"),
        (key(1), "counterpart_refused"),
    ]
    for most in (2, 1):
        with pytest.raises(CounterpartGarbled):
            await read(wire, Remembering(), most)


async def test_more_of_them_than_may_be_asked_hold_up_no_other_either():
    bad = {key(no) for no in range(4)}
    wire = Wire({"/routes": lambda request: b"<html>" if request.url.params["leikaKey"] in bad else NONE})
    async with wire.client() as client:
        source = RoutingSource({ARS: ROUTING}, wire.asker(client), lambda: 0.0, remembering := Remembering())
        for turn in range(3):
            now = NOW + timedelta(days=turn)
            with pytest.raises(CounterpartGarbled) if turn == 0 else nullcontext():
                remembering.keep(await source.read(source.asker.anew(3), ARS, entries(8), now))
    assert asked(wire) == [key(no) for no in (0, 1, 2, 3, 4, 5, 6, 7, 0)]
    assert set(remembering.routes.listings) == {f"dienst-{no}" for no in range(4, 8)}


@pytest.mark.parametrize(
    ("now", "changed", "refused"),
    [((0, 1, 2, 3), (), False), ((0, 1), (), True), ((0, 1), (3, 4), False), ((), (), True), ((), range(5), False)],
)
def test_what_was_asked_is_held_against_what_it_was_before_and_a_new_question_against_nothing(now, changed, refused):
    before = routed(entries(), said(*range(MANY)), NOW)
    remembered = RememberedRoutes(before.listings, (), frozenset(f"dienst-{no}" for no in changed))
    judgement = with_remembered(routed(entries(5), said(*now), NOW), entries(), remembered)
    assert judgement.listed == MANY - 5 + len(now)
    with pytest.raises(AnswerRefused, match="shrunk") if refused else nullcontext():
        held_against(before.listings, judgement, entries())


def test_another_destination_than_ours_is_named_as_before():
    moved = with_remembered(
        routed(entries(1), said(0, destination=OTHER), NOW), entries(2), RememberedRoutes({}, (), frozenset())
    )
    assert [(one.service, one.found) for one in moved.findings] == [("dienst-0", OTHER)]
    assert json.dumps(sorted(moved.listings)) == '["dienst-0"]'
    assert replace(moved, comparable=None) == routed(entries(1), said(0, destination=OTHER), NOW)
