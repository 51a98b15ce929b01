"""Webhooks: every change once, signed, tried again; nobody waits for another's receiver."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
import structlog.testing
from aiohttp import web

from gateway.errors import InvalidParameter, LimitReached, NotFound, WebhookEnded
from gateway.model import Scope, State, instant
from gateway.notify.message import STATE, webhook_task
from gateway.notify.schedule import DELAYS, GIVEN_UP_AFTER
from gateway.notify.webhooks import LEASE, WebhookSender
from gateway.outbound.client import Policy, http_client
from gateway.ports.store import Change
from gateway.store.operation.alarms import open_alarms
from gateway.store.webhooks import subscriptions as webhooks
from tests.store.at_once import inserting_at_once
from tests.store.conftest import OTHER_TOWN, TOWN, new_submission

ALL = Scope("portal", frozenset({TOWN}))


class Receiver:
    """A portal's receiver on loopback; `answers` are given in turn, 204 after them; `hold` makes it hang."""

    def __init__(self) -> None:
        self.answers: list[web.Response] = []
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.hold: asyncio.Event | None = None
        self.enough = asyncio.Event()  # set with the twentieth message
        self.url = ""

    async def __call__(self, request: web.BaseRequest) -> web.Response:
        raw = await request.read()
        if self.hold:
            await self.hold.wait()
        self.got.append(({k.lower(): v for k, v in request.headers.items()}, raw))
        if len(self.got) == 20:
            self.enough.set()
        return self.answers.pop(0) if self.answers else web.Response(status=204)

    @property
    def states(self) -> list[str]:
        return [json.loads(raw)["data"]["state"] for _, raw in self.got]

    def ids(self) -> list[str]:
        return [fields["webhook-id"] for fields, _ in self.got]


@asynccontextmanager
async def receiving():
    receiver = Receiver()
    runner = web.ServerRunner(web.Server(receiver))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}/hook"
    try:
        yield receiver
    finally:
        await runner.cleanup()


@pytest.fixture
async def receiver():
    async with receiving() as found:
        yield found


def made_sender(store, client, clock):
    return WebhookSender(queue=store.messages, client=client, clock=clock, served={"portal": frozenset({TOWN})})


@pytest.fixture
async def sender(store, clock):
    async with http_client(Policy(allow_private=("loopback",))) as client:
        yield made_sender(store, client, clock)


@pytest.fixture
def logs():
    with structlog.testing.capture_logs() as lines:
        yield lines


async def subscribed(store, receiver, client="portal"):
    return await store.webhooks.add(client, TOWN, receiver.url, (STATE,))


async def round_(sender):
    await sender.look()
    await sender.idle()


def signs(secret: str, fields, raw: bytes) -> bool:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{fields['webhook-id']}.{fields['webhook-timestamp']}.".encode() + raw
    mac = base64.b64encode(hmac.new(key, signed, "sha256").digest()).decode()
    return f"v1,{mac}" in fields["webhook-signature"].split()


async def test_each_change_after_subscribing_is_told_once_and_signed(store, sender, receiver, clock):
    await store.create(new_submission("before"))
    hook, secret = await subscribed(store, receiver)
    new = new_submission("k", test=True)
    await store.create(new)
    await store.commit(1, Change(replace(new.submission, state=State.SEALED)))
    await round_(sender)
    await round_(sender)
    assert sorted(receiver.states) == ["received", "sealed"]  # sent side by side; `data.cursor` tells the order
    fields, raw = receiver.got[0]
    assert signs(secret, fields, raw)
    assert not signs(secret, fields, raw + b" ")
    assert fields["webhook-timestamp"] == str(int(clock.at.timestamp()))
    told = json.loads(raw)
    assert (told["type"], told["data"]["id"], told["data"]["test"]) == (STATE, str(new.submission.id), True)
    assert told["data"]["submission_id"] == told["data"]["id"]
    log, _ = await store.webhooks.log("portal", hook, None, 10)
    assert [(each.state, [one["status"] for one in each.tries]) for each in log] == [("delivered", [204])] * 2


async def test_a_refusing_receiver_is_asked_again_by_the_schedule_under_the_same_id(store, sender, receiver, clock):
    hook, _ = await subscribed(store, receiver)
    await store.create(new_submission())
    receiver.answers = [web.Response(status=503), web.Response(status=302, headers={"Location": receiver.url})]
    await round_(sender)
    for delay in DELAYS[:2]:
        clock.advance(seconds=delay - 0.1)
        await round_(sender)
        seen = len(receiver.got)
        clock.advance(seconds=0.2)
        await round_(sender)
        assert len(receiver.got) == seen + 1
    assert len(set(receiver.ids())) == 1
    log, _ = await store.webhooks.log("portal", hook, None, 10)
    assert [one["status"] for one in log[0].tries] == [503, 302, 204]


async def test_a_receiver_that_is_gone_ends_its_subscription_and_that_alone(store, sender, receiver, clock, logs):
    async with receiving() as leaving:
        hook, _ = await subscribed(store, leaving)
        other, _ = await subscribed(store, receiver)
        leaving.answers = [web.Response(status=503)]
        await store.create(new_submission("k-1"))
        await round_(sender)
        leaving.answers = [web.Response(status=410)]
        await store.create(new_submission("k-2"))
        await round_(sender)
        assert len(leaving.got) == 2
        ended = clock.at
        await store.create(new_submission("k-3"))
        for _ in range(20):
            clock.advance(hours=4)
            await round_(sender)
        assert (len(leaving.got), len(receiver.got)) == (2, 3), "neither what waited nor what is new is sent"
    found = {each.id: each.as_json() for each in await store.webhooks.listed("portal")}
    assert (found[hook]["status"], found[hook]["ended_at"]) == ("ended", instant(ended))
    assert (found[hook]["reason"]["code"], "410" in found[hook]["reason"]["de"]) == ("receiver_gone", True)
    assert (found[other]["status"], found[other]["ended_at"], found[other]["reason"]) == ("active", None, None)
    log, _ = await store.webhooks.log("portal", hook, None, 10)
    assert {(each.state, each.next_at) for each in log} == {("failed", None)}
    assert sorted(one["status"] for each in log for one in each.tries) == [410, 503]
    for asked in (store.webhooks.test("portal", hook), store.webhooks.replay("portal", hook, None),
                  store.webhooks.rotate("portal", hook)):  # fmt: skip
        with pytest.raises(WebhookEnded):
            await asked
    (alarm,) = await open_alarms(store.database)
    assert (alarm["rule"], alarm["subject"]) == ("webhook_ended", f"webhook {hook}")
    (told,) = [line for line in logs if line["event"] == "webhook.ended"]
    assert (told["webhook"], told["client"]) == (str(hook), "portal")
    clock.advance(days=31)
    assert await store.messages.prune() == 5
    await store.webhooks.remove("portal", hook)
    assert await open_alarms(store.database) == []


async def test_a_dead_receiver_is_given_up_after_three_days(store, sender, receiver, clock):
    hook, _ = await store.webhooks.add("portal", TOWN, "http://127.0.0.1:1/hook", (STATE,))
    await store.create(new_submission())
    began = clock.at
    for _ in range(40):
        await round_(sender)
        (line,), _ = await store.webhooks.log("portal", hook, None, 10)
        if line.next_at is None:
            break
        clock.at = line.next_at
    assert line.state == "failed"
    assert timedelta(days=2) < clock.at - began <= GIVEN_UP_AFTER
    assert {one["error"] for one in line.tries} == {"counterpart_away"}
    assert await store.messages.busy(["portal"]) == ()


async def test_a_hanging_receiver_holds_up_nobody_else(store, sender, receiver, clock, monkeypatch):
    async with receiving() as slow:
        slow.hold = asyncio.Event()
        hanging, _ = await subscribed(store, slow)
        await subscribed(store, receiver)
        for no in range(20):
            await store.create(new_submission(f"k-{no}"))
        await sender.look()
        async with asyncio.timeout(10):
            await receiver.enough.wait()
        assert slow.got == []
        monkeypatch.setattr("gateway.notify.webhooks.PATIENCE_S", 0.05)
        sender._lanes.pop(webhook_task(hanging)).cancel()
        clock.at += LEASE  # a lane that died: its messages come back
        await round_(sender)
        log, _ = await store.webhooks.log("portal", hanging, None, 50)
        assert {one["error"] for each in log for one in each.tries} == {"timeout"}
        slow.hold.set()


async def test_private_addresses_are_not_reached_unless_allowed(store, receiver, clock):
    hook, _ = await subscribed(store, receiver)
    await store.create(new_submission())
    async with http_client(Policy()) as client:
        await round_(made_sender(store, client, clock))
    assert receiver.got == []
    log, _ = await store.webhooks.log("portal", hook, None, 10)
    assert [one["error"] for one in log[0].tries] == ["address_refused"]


async def test_both_secrets_sign_for_a_day_after_a_rotation(store, sender, receiver, clock):
    hook, old = await subscribed(store, receiver)
    new, until = await store.webhooks.rotate("portal", hook)
    await store.create(new_submission("one"))
    await round_(sender)
    assert signs(new, *receiver.got[0])
    assert signs(old, *receiver.got[0])
    clock.at = until
    await store.create(new_submission("two"))
    await round_(sender)
    assert signs(new, *receiver.got[1])
    assert not signs(old, *receiver.got[1])


async def test_a_replay_repeats_what_lies_behind_the_cursor_under_the_same_ids(store, sender, receiver):
    hook, _ = await subscribed(store, receiver)
    for no in range(3):
        await store.create(new_submission(f"k-{no}"))
    await round_(sender)
    first = receiver.ids()
    about = {json.loads(raw)["data"]["cursor"]: fields["webhook-id"] for fields, raw in receiver.got}
    feed = await store.changes(None, ALL, 10)
    await store.webhooks.replay("portal", hook, feed[0].cursor)
    await round_(sender)
    assert sorted(receiver.ids()[3:]) == sorted(about[change.cursor] for change in feed[1:])
    await store.webhooks.replay("portal", hook, None)
    await round_(sender)
    assert sorted(receiver.ids()[5:]) == sorted(first)
    with pytest.raises(InvalidParameter):
        await store.webhooks.replay("portal", hook, "yesterday")


async def test_a_test_message_is_sent_once_whatever_the_answer(store, sender, receiver, clock):
    hook, _ = await subscribed(store, receiver)
    name = await store.webhooks.test("portal", hook)
    receiver.answers = [web.Response(status=500)]
    await round_(sender)
    clock.advance(days=1)
    await round_(sender)
    assert [json.loads(raw)["type"] for _, raw in receiver.got] == ["webhook.test"]
    log, _ = await store.webhooks.log("portal", hook, None, 10)
    assert [(each.id, each.state) for each in log] == [(name, "failed")]


async def test_a_client_hears_of_its_own_submissions_in_its_municipalities_only(store, sender, receiver):
    await subscribed(store, receiver)
    await store.create(new_submission("foreign", client="neighbour"))
    await store.create(new_submission("elsewhere", municipality=OTHER_TOWN))
    mine = new_submission("mine")
    await store.create(mine)
    await round_(sender)
    assert [json.loads(raw)["data"]["id"] for _, raw in receiver.got] == [str(mine.submission.id)]


async def test_another_client_learns_nothing_of_a_webhook(store, receiver):
    hook, _ = await subscribed(store, receiver)
    for asked in (
        store.webhooks.remove("neighbour", hook),
        store.webhooks.rotate("neighbour", hook),
        store.webhooks.test("neighbour", hook),
        store.webhooks.replay("neighbour", hook, None),
        store.webhooks.log("neighbour", hook, None, 10),
        store.webhooks.test("portal", uuid4()),
    ):
        with pytest.raises(NotFound):
            await asked
    assert await store.webhooks.listed("neighbour") == ()
    assert [each.url for each in await store.webhooks.listed("portal")] == [receiver.url]


async def test_a_removed_webhook_is_silent_and_its_key_is_gone(store, sender, receiver):
    hook, _ = await subscribed(store, receiver)
    await store.create(new_submission())
    await store.messages.follow(hook, ALL)
    await store.webhooks.remove("portal", hook)
    await round_(sender)
    assert receiver.got == []
    async with store.database.connection() as connection:
        left = await connection.fetchrow("SELECT count(*) AS n FROM webhook_messages")
        keys = await connection.fetchrow("SELECT count(*) AS n FROM data_keys")
    assert (left["n"], keys["n"]) == (0, 1)  # the submission's own


async def test_address_and_secret_rest_encrypted(store, receiver):
    _, secret = await subscribed(store, receiver)
    async with store.database.connection() as connection:
        row = await connection.fetchrow("SELECT row_to_json(webhooks)::text AS all FROM webhooks")
    raw = base64.b64decode(secret.removeprefix("whsec_"))
    assert raw.hex() not in row["all"]
    assert receiver.url.encode().hex() not in row["all"]


async def test_two_workers_send_each_message_once(store, sender, receiver, clock):
    await subscribed(store, receiver)
    other = made_sender(store, sender.client, clock)
    for no in range(30):
        await store.create(new_submission(f"k-{no}"))
    await asyncio.gather(sender.look(), other.look())
    await asyncio.gather(sender.idle(), other.idle())
    await round_(sender)
    assert len(receiver.got) == len(set(receiver.ids())) == 30


async def test_a_late_worker_does_not_undo_what_its_successor_noted(store, sender, receiver, clock):
    hook, _ = await subscribed(store, receiver)
    await store.create(new_submission())
    await store.messages.follow(hook, ALL)
    (late,) = await store.messages.claim(hook, 5, LEASE)
    clock.at += LEASE
    await round_(sender)
    outcome = await sender._try("late", late)
    await store.messages.settle([replace(outcome, delivered=False, status=500, next_at=clock.at)])
    log, _ = await store.webhooks.log("portal", hook, None, 10)
    assert [(each.state, len(each.tries)) for each in log] == [("delivered", 1)]


async def test_workers_that_died_with_a_message_are_no_failures_of_its_receiver(store, sender, receiver, clock):
    hook, _ = await subscribed(store, receiver)
    await store.create(new_submission())
    await store.messages.follow(hook, ALL)
    for _ in range(len(DELAYS)):
        assert len(await store.messages.claim(hook, 5, LEASE)) == 1
        clock.at += LEASE
    receiver.answers = [web.Response(status=503)]
    await round_(sender)
    clock.advance(seconds=DELAYS[0])
    await round_(sender)
    log, _ = await store.webhooks.log("portal", hook, None, 10)
    assert [(each.state, [one["status"] for one in each.tries]) for each in log] == [("delivered", [503, 204])]


async def test_a_replayed_message_begins_its_schedule_anew(store, sender, receiver, clock):
    hook, _ = await subscribed(store, receiver)
    await store.create(new_submission())
    receiver.answers = [web.Response(status=503) for _ in range(4)]
    for delay in (0, *DELAYS[:3]):
        clock.advance(seconds=delay)
        await round_(sender)
    clock.advance(seconds=1)
    await store.webhooks.replay("portal", hook, None)
    receiver.answers = [web.Response(status=503)]
    await round_(sender)
    clock.advance(seconds=DELAYS[0])
    await round_(sender)
    assert len(receiver.got) == 6


async def test_a_client_has_so_many_webhooks_at_most(store, receiver, monkeypatch):
    monkeypatch.setattr(webhooks, "MOST", 2)
    for _ in range(2):
        await subscribed(store, receiver)
    with pytest.raises(LimitReached):
        await subscribed(store, receiver)
    await subscribed(store, receiver, "neighbour")


async def test_nor_more_where_two_are_added_at_once(store, receiver, postgres_dsn, monkeypatch):
    monkeypatch.setattr(webhooks, "MOST", 1)
    both = (subscribed(store, receiver), subscribed(store, receiver))
    first, second = sorted(await inserting_at_once(postgres_dsn, "webhooks", *both), key=str)
    assert {isinstance(first, LimitReached), isinstance(second, LimitReached)} == {True, False}
    assert len(await store.webhooks.listed("portal")) == 1


async def test_the_log_comes_in_pages_and_is_forgotten_after_a_month(store, sender, receiver, clock):
    hook, _ = await subscribed(store, receiver)
    for no in range(3):
        await store.create(new_submission(f"k-{no}"))
        clock.advance(seconds=1)
        await round_(sender)
    page, following = await store.webhooks.log("portal", hook, None, 2)
    rest, end = await store.webhooks.log("portal", hook, following, 2)
    assert [each.created_at for each in (*page, *rest)] == sorted(
        (each.created_at for each in (*page, *rest)), reverse=True
    )
    assert (len(page), len(rest), end) == (2, 1, None)
    clock.advance(days=31)
    assert await store.messages.prune() == 3
