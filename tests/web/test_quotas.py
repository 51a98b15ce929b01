"""Limits of a client: refused with the time to wait, and nobody else is touched."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.web.app import create_app
from gateway.web.portal.quotas import ClientLimits, Quotas
from tests.web.conftest import ARS

NEW = {"service": "hausnummer", "municipality": ARS, "record": {}}


class Shared:
    """What all processes share, in memory: a minute's bucket and a day's number for each client."""

    def __init__(self, clock):
        self.clock, self.buckets, self.days, self.asked = clock, {}, {}, 0

    async def requests(self, client, per_minute, wanted):
        self.asked += 1
        now, each = self.clock.now(), timedelta(minutes=1) / per_minute
        bucket = max(self.buckets.get(client, now - timedelta(minutes=1)), now - timedelta(minutes=1))
        number = min(wanted, (now - bucket) // each)
        self.buckets[client] = bucket + number * each
        return number, max((bucket + each - now).total_seconds(), 0.0)

    async def submissions(self, client, day, most, wanted):
        self.asked += 1
        used = self.days.get((client, day), 0)
        number = min(wanted, most - used)
        self.days[client, day] = used + number
        return number


@pytest.fixture
def limited(world):
    """The world with limits for `portal`; gives what all processes share."""
    shared = Shared(world.clock)

    def limit(**limits):
        quotas = Quotas({"portal": ClientLimits(**limits)}, world.clock, shared)
        world.parts = replace(world.parts, quotas=quotas)
        world.app = create_app(world.parts)
        return shared

    return limit


async def test_a_client_that_asks_too_often_is_told_how_long_to_wait(world, limited):
    limited(requests_per_minute=2)
    async with world.portal() as portal, world.portal("neighbour") as neighbour:
        assert [(await portal.get("/api/v1/services")).status_code for _ in range(3)] == [200, 200, 429]
        refused = await portal.get("/api/v1/services")
        assert refused.json()["code"] == "too_many_requests"
        assert refused.json()["retry"] is True
        assert (await neighbour.get("/api/v1/services")).status_code == 200
        world.clock.at += timedelta(seconds=int(refused.headers["retry-after"]))
        assert (await portal.get("/api/v1/services")).status_code == 200


async def created(portal, key):
    return await portal.post("/api/v1/submissions", json=NEW, headers={"Idempotency-Key": key})


async def test_a_day_has_so_many_applications_and_refused_ones_do_not_count(world, limited):
    limited(submissions_per_day=2)
    async with world.portal() as portal:
        bad = await portal.post("/api/v1/submissions", json={}, headers={"Idempotency-Key": "bad"})
        assert bad.status_code == 422
        assert [(await created(portal, key)).status_code for key in "abc"] == [201, 201, 429]
        wait = int((await created(portal, "c")).headers["retry-after"])
        assert wait == 12 * 3600  # it is noon
    world.clock.at += timedelta(seconds=wait)
    async with world.portal() as portal:
        assert (await created(portal, "c")).status_code == 201


async def test_a_client_that_hammers_costs_no_question_each(world, limited):
    shared = limited(requests_per_minute=600)
    async with world.portal() as portal:
        answers = [(await portal.get("/api/v1/services")).status_code for _ in range(620)]
    assert answers.count(200) == 600
    assert shared.asked <= 22


async def test_requests_count_before_anything_of_them_is_looked_at_but_who_calls(world, limited):
    limited(requests_per_minute=1)
    async with world.portal(scope="services:read") as portal:
        assert (await portal.post("/api/v1/submissions", content=b"{")).status_code == 403
        assert (await portal.post("/api/v1/submissions", content=b"{")).status_code == 429
    async with world.portal(None) as nobody:
        assert (await nobody.get("/api/v1/services")).status_code == 401


async def test_a_repeat_of_what_was_taken_costs_nothing_of_the_day(world, limited):
    limited(submissions_per_day=2)
    async with world.portal() as portal:
        assert (await created(portal, "a")).status_code == 201
        world.clock.at += timedelta(seconds=1)
        assert [(await created(portal, "a")).status_code for _ in range(5)] == [201] * 5
        assert (await created(portal, "b")).status_code == 201
        world.clock.at += timedelta(seconds=1)
        assert (await created(portal, "c")).status_code == 429
        assert [(await created(portal, key)).status_code for key in "ab"] == [201] * 2, "nor a day that is used up"
        lines = "".join(json.dumps({**NEW, "idempotency_key": key}) + "\n" for key in "abc")
        batch = await portal.post(
            "/api/v1/submissions/batch", content=lines, headers={"Content-Type": "application/x-ndjson"}
        )
        answers = {each["line"]: each for each in map(json.loads, batch.text.splitlines())}
        assert ["id" in answers[n] for n in (1, 2, 3)] == [True, True, False]
        assert answers[3]["code"] == "too_many_requests"
