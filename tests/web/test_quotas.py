"""Limits of a client: refused with the time to wait, and nobody else is touched."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.web.app import create_app
from gateway.web.quotas import ClientLimits, Quotas
from tests.web.conftest import ARS

NEW = {"service": "hausnummer", "municipality": ARS, "record": {}}


@pytest.fixture
def limited(world):
    """The world with limits for `portal`; gives the list of counts that the store was asked for."""
    asked = []

    async def count(client, since):
        asked.append((client, since))
        return len(world.store.views)

    def limit(**limits):
        quotas = Quotas({"portal": ClientLimits(**limits)}, world.clock, count)
        world.parts = replace(world.parts, quotas=quotas)
        world.app = create_app(world.parts)
        return asked

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
    asked = limited(submissions_per_day=2)
    async with world.portal() as portal:
        bad = await portal.post("/api/v1/submissions", json={}, headers={"Idempotency-Key": "bad"})
        assert bad.status_code == 422
        assert [(await created(portal, key)).status_code for key in "abc"] == [201, 201, 429]
        wait = int((await created(portal, "c")).headers["retry-after"])
        assert wait == 12 * 3600  # it is noon
    assert len(asked) == 1
    world.store.views.clear()
    world.clock.at += timedelta(seconds=wait)
    async with world.portal() as portal:
        assert (await created(portal, "c")).status_code == 201
