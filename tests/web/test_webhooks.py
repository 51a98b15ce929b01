"""Webhooks at the door: who may, and which addresses."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from gateway.model import instant
from gateway.notify.message import GONE, STATE, Webhook
from gateway.outbound.policy import AddressPolicy
from gateway.web.app import create_app
from gateway.web.dependencies import WebhookDependencies
from tests.web.conftest import ARS


class FakeSubscriptions:
    def __init__(self):
        self.added = []
        self.standing = ()

    async def listed(self, client):
        return self.standing

    async def add(self, client, municipality, url, events):
        self.added.append((client, municipality, url, events))
        return "1e0c3a44-6a55-4d3f-8c1b-8b6c6a3f2d10", "whsec_AAAA"


@pytest.fixture
def subscriptions(world):
    store = FakeSubscriptions()
    world.parts = replace(world.parts, webhooks=WebhookDependencies(store, AddressPolicy.of(())))
    world.app = create_app(world.parts)
    return store


async def posted(world, body, **how):
    async with world.portal(**how) as portal:
        return await portal.post("/api/v1/webhooks", json=body)


async def test_an_https_address_is_taken(world, subscriptions):
    url = "https://portal.example/hook?a=1"
    answer = await posted(world, {"url": url, "events": ["submission.state", "submission.reply", "submission.state"]})
    assert answer.status_code == 422  # more entries than there are events
    answer = await posted(world, {"url": url, "events": ["submission.reply"]})
    assert answer.status_code == 422  # nothing sends it yet
    answer = await posted(world, {"url": url, "events": ["submission.state"]})
    assert (answer.status_code, answer.json()["secret"]) == (201, "whsec_AAAA")
    assert subscriptions.added == [("portal", ARS, url, ("submission.state",))]


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("http://portal.example/hook", "https"),
        ("https://127.0.0.1/hook", "private_address"),
        ("https://localhost/hook", "private_address"),
        ("https://127.0.0.1./hook", "private_address"),
        ("https://10.1/hook", "url"),
        ("https://0x7f000001/hook", "url"),
        ("https://2130706433/hook", "url"),
        ("https://[::ffff:10.0.0.1]/hook", "private_address"),
        ("https://169.254.169.254/latest", "private_address"),
        ("https://user:secret@portal.example/", "url"),
        ("https://portal.example/#part", "url"),
        ("ftp://portal.example/", "url"),
        ("https://portal.example:99999/", "url"),
        ("https://" + "a" * 3000, "url"),
        ("https://münchen.example/", "url"),
        (7, "url"),
    ],
)
async def test_an_address_that_must_not_be_reached_is_refused_with_its_rule(world, subscriptions, url, rule):
    answer = await posted(world, {"url": url, "events": ["submission.state"]})
    assert answer.status_code == 422
    assert [(each["pointer"], each["rule"]) for each in answer.json()["findings"]] == [("/url", rule)]
    assert subscriptions.added == []


async def test_a_subscription_that_ended_says_so_and_why(world, subscriptions):
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    subscriptions.standing = (Webhook(uuid4(), "https://portal.example/hook", (STATE,), at, None, at, GONE),)
    async with world.portal() as portal:
        (found,) = (await portal.get("/api/v1/webhooks")).json()["items"]
    assert (found["status"], found["ended_at"], found["previous_secret_until"]) == ("ended", instant(at), None)
    assert found["reason"] == {"code": "receiver_gone", "de": GONE.de, "en": GONE.en}


async def test_all_faults_come_at_once(world, subscriptions):
    answer = await posted(world, {"events": ["other"], "secret": "mine"})
    assert {(each["pointer"], each["rule"]) for each in answer.json()["findings"]} == {
        ("/secret", "unknown_key"),
        ("/url", "missing"),
        ("/events", "enum"),
    }


async def test_another_scope_does_not_suffice(world, subscriptions):
    answer = await posted(world, {}, scope="submissions:write")
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
