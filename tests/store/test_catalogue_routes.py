"""A town with forty routed services: ten requests a read-back, and the rows know whose turn it is."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta

import httpx
import pytest

from gateway.catalogue import entry_json
from gateway.catalogue.readback.datahub_source import DataHubSource
from gateway.catalogue.readback.interfaces import interfaces
from gateway.catalogue.readback.pvog_source import PvogSource
from gateway.catalogue.readback.reading import LEAST_REQUESTS, MOST_REQUESTS, ReadBack
from gateway.catalogue.readback.routing_source import RoutingSource
from gateway.catalogue.status import Source
from gateway.fitconnect.channel.routing_client import RoutingEnvironment
from gateway.store.catalogue.entries import StoredEntries
from gateway.store.catalogue.readbacks import StoredReadbacks
from gateway.store.catalogue.routes import StoredRoutes
from gateway.store.catalogue.statuses import StoredStatuses
from gateway.store.connection.database import numbered
from tests.catalogue.entries import ARS, entry
from tests.catalogue.readback.answers import DATA_HUB, LAND, PVOG, Wire, cells, descriptions, key, online, table
from tests.catalogue.readback.answers import services as listed

MANY = 40
EVERY = timedelta(hours=24)
DESTINATION, OTHER = "879ee109-a690-4db8-ab32-424284184d7d", "00000000-0000-4000-8000-000000000000"
ROUTING = RoutingEnvironment("https://routing.example", "https://portal.example", frozenset())
LAST = numbered("SELECT source, requests, rows FROM catalogue_readbacks WHERE at = %(now)s ORDER BY no")

ROUTED = numbered("INSERT INTO catalogue_listings VALUES (%(town)s, %(service)s, 'routing', true, NULL, 'x', %(now)s)")
SHRUNK = numbered("SELECT shrunk_since FROM catalogue_readback_turns WHERE source = 'routing'")


class Town:
    """Forty services and three sources; each time it is read back by another process."""

    def __init__(self, store, clock, wire, client):
        self.store, self.clock, self.wire, self.client = store, clock, wire, client
        self.told = Counter()
        routes = {"routes": [], "totalCount": 0}
        wire.routes = {
            "/leikaid": descriptions(*range(MANY)),
            "/onlineservices": listed(*map(online, range(MANY))),
            "/export": table(*(cells(no, day="2026-11-20") for no in range(MANY))),
            LAND: {"content": [], "page": {"totalPages": 28}},
            "/routes": lambda _: routes,
        }

    async def register(self, *numbers, **changes):
        facts = {"destination_id": DESTINATION, **changes}
        claimed = [
            entry(service=f"dienst-{no}", leika_key=key(no), url=f"https://rathaus.example/{no}", **facts)
            for no in numbers
        ]
        await StoredEntries(self.store.database).register(ARS, claimed, self.clock.now(), "files")

    async def read(self):
        """The keys that were asked for, in this whole read-back."""
        asker, database = self.wire.asker(self.client), self.store.database
        sources = [
            PvogSource(PVOG, interfaces().pvog, asker),
            DataHubSource(DATA_HUB, interfaces().datahub, asker),
            RoutingSource({ARS: ROUTING}, asker, lambda: 0.0, StoredRoutes(database)),
        ]
        by_source = {source.source: source for source in sources}
        read_back = ReadBack(by_source, StoredReadbacks(database, self.clock), self.clock, EVERY)
        self.wire.requests.clear()
        while await read_back.next(read_back.pairs([ARS])) is not None:
            pass
        return [r.url.params["leikaKey"] for r in self.wire.requests if "leikaKey" in r.url.params]

    async def next(self):
        self.clock.advance(hours=24)
        return await self.read()

    async def findings(self):
        found = await StoredStatuses(self.store.database).findings(ARS)
        return {one.service: (one.since, one.found) for one in found if one.source is Source.ROUTING}


@pytest.fixture
async def town(store, clock):
    wire = Wire(clock=clock)
    async with wire.client() as client:
        made = Town(store, clock, wire, client)
        await made.register(*range(MANY))
        yield made


async def test_a_read_back_takes_ten_requests_and_every_route_comes_round(town):
    began, asked = town.clock.now(), await town.read()
    assert len(town.wire.requests) == MOST_REQUESTS
    (*others, routing) = await town.store.database.rows(LAST, now=began)
    assert ([each["source"] for each in others], routing["source"]) == (["datahub", "pvog"], "routing")
    assert sum(each["requests"] for each in others) + len(asked) == MOST_REQUESTS
    while len(asked) < MANY:
        asked += await town.next()
        assert len(town.wire.requests) <= MOST_REQUESTS
    assert Counter(asked[:MANY]) == {key(no): 1 for no in range(MANY)}
    assert set(await town.findings()) == {f"dienst-{no}" for no in range(MANY)}
    ahead = len(asked) - MANY
    again = await town.next()
    assert again == asked[ahead : ahead + len(again)], "the next round goes as the one before"


async def test_findings_of_routes_that_were_not_asked_stay_as_they_were(town):
    first = await town.read()
    before = await town.findings()
    town.wire.routes["/routes"] = {"routes": [{"destinationId": OTHER, "destinationSignature": ""}]}
    second = await town.next()
    assert set(first).isdisjoint(second)
    after = await town.findings()
    assert {name: after[name] for name in before} == before
    assert {found for name, (_, found) in after.items() if name not in before} == {OTHER}


async def test_new_and_changed_destinations_come_first_and_changed_texts_do_not(town):
    for _ in range(8):
        await town.read()
        town.clock.advance(hours=24)
    await town.register(3, destination_id=OTHER)
    await town.register(MANY, MANY + 1)
    await town.register(17, fees={"de": "10 Euro"})
    assert set((await town.next())[:3]) == {key(3), key(MANY), key(MANY + 1)}
    assert {key(3), key(MANY), key(17)}.isdisjoint(await town.next()), "once they were asked their turn is over"


async def test_routes_go_on_however_much_the_others_take(town):
    pages = iter(range(1000))
    town.wire.routes["/onlineservices"] = lambda _: listed(online(n := next(pages)), token=str(n) if n < 11 else None)
    assert len(await town.read()) == LEAST_REQUESTS
    assert len(town.wire.requests) > MOST_REQUESTS
    town.wire.routes["/onlineservices"] = httpx.Response(503)
    assert len(await town.next()) == MOST_REQUESTS - 2 - 1, "what failed took a request as well"


async def test_routes_that_are_all_gone_are_believed_by_turns_once_they_stayed_away_for_two_days(town):
    for no in range(MANY):
        await town.store.database.run(ROUTED, town=ARS, service=f"dienst-{no}", now=town.clock.now())
    assert len(await town.read()) > 1
    assert await town.findings() == {}, "nobody believes that all routes are gone"
    town.clock.advance(hours=48)
    found = []
    for _ in range(3):
        await town.read()
        found.append(len(await town.findings()))
        town.clock.advance(hours=24)
    assert found == [found[0] * times for times in (1, 2, 3)], "no two days for each turn"
    town.wire.routes["/routes"] = httpx.Response(503)
    await town.read()
    (turn,) = await town.store.database.rows(SHRUNK)
    assert turn["shrunk_since"] is not None
    await town.register(*range(MANY), destination_id=OTHER)
    town.wire.routes["/routes"] = {"routes": [], "totalCount": 0}
    await town.next()
    (turn,) = await town.store.database.rows(SHRUNK)
    assert turn["shrunk_since"] is None, "what is asked for the first time has not shrunk"


async def test_facts_that_are_kept_name_key_and_destination_as_the_query_reads_them():
    facts = json.loads(json.dumps(entry_json.as_json(entry(destination_id=DESTINATION))))
    assert (facts["leika_key"], facts["destination_id"]) == ("99012021002000", DESTINATION)
