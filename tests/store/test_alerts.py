"""Alarms reach people: once, together, again while nobody looked, and whatever happens to the mail server."""

from __future__ import annotations

import email
import email.policy
import json
from dataclasses import replace
from datetime import timedelta
from email.utils import parseaddr
from uuid import uuid4

import httpx
import pytest
import respx
from aiohttp import web

from gateway.errors import AddressRefused, CounterpartAway, CounterpartBusy, CounterpartGarbled, CounterpartRefused
from gateway.model import State
from gateway.notify.alarms import SERVICE_DOWN, Target
from gateway.notify.alerts import AlertSender
from gateway.notify.message import signature
from gateway.notify.schedule import SendingResult
from gateway.outbound.client import Policy
from gateway.outbound.httpx_errors import OutboundRefused
from gateway.outbound.httpx_transport import httpx_client
from gateway.outbound.policy import AddressPolicy
from gateway.outbound.smtp import Relay
from gateway.ports.store import Change
from gateway.store.operation.alarms import (
    acknowledge,
    look,
    open_alarms,
    raise_about_gateway,
    raise_within,
    resolve_about_gateway,
)
from gateway.store.operation.alert_queue import StoredAlertQueue
from gateway.submission.deadlines import AlarmLevel
from tests.outbound.mail_server import mail_server
from tests.store.conftest import OTHER_TOWN, TOWN, new_submission
from tests.store.test_alarms import at_state
from tests.store.test_webhooks import receiving

SENDER, IT = "gateway@town.example", "it@town.example"
QUIET, REPEAT = timedelta(minutes=15), timedelta(hours=24)


@pytest.fixture
async def mail():
    async with mail_server() as server:
        yield server


@pytest.fixture
async def alert_senders(store, clock, mail):
    """Makes senders to targets; each is a worker of its own on the same database."""
    relay = Relay("127.0.0.1", mail.port, "none", AddressPolicy.of(("loopback",)), step_s=2.0, whole_s=5.0)
    async with httpx_client(Policy(allow_private=("loopback",))) as client:

        def made(*targets, **how):
            return AlertSender(
                queue=StoredAlertQueue(store.database, clock, store.new_id),
                reach=how.pop("reach", lambda: ({target.key: target for target in targets}, relay)),
                client=client,
                clock=clock,
                gateway="https://gateway.town.example",
                sender=SENDER,
                **{"repeat": REPEAT, "quiet": QUIET, **how},
            )

        yield made


def to_it(**how) -> Target:
    return Target(**{"key": "it:1", "name": "it", "severity": AlarmLevel.WARNING, "mail": IT, **how})


async def told(sender) -> None:
    await sender.chores()
    await sender.look()
    await sender.idle()


def text_of(raw: bytes) -> str:
    return email.message_from_bytes(raw, policy=email.policy.default).get_content()


async def held(store, clock, number: int = 1, **changed):
    ids = []
    for _ in range(number):
        new = new_submission(f"k-{uuid4()}", created_at=clock.now(), updated_at=clock.now(), **changed)
        new = replace(new, submission=replace(new.submission, state=State.HELD))
        await store.create(new)
        ids.append(new.submission.id)
    clock.advance(hours=2)
    await look(store.database, clock.now(), {})
    return ids


async def test_a_mail_names_rule_number_and_ids_in_both_languages_and_no_personal_data(
    store, clock, mail, alert_senders
):
    (one,) = await held(store, clock)
    await told(alert_senders(to_it()))
    ((to, raw),) = mail.got
    message = email.message_from_bytes(raw, policy=email.policy.default)
    text = message.get_content()
    assert (to, message["to"], parseaddr(message["from"])[1]) == (IT, IT, SENDER)
    assert message["subject"] == "OZG-Gateway gateway.town.example: 1 Alarm (Warnung / warning)"
    assert message["auto-submitted"] == "auto-generated"
    assert text.index("Wartet seit einer Stunde auf einen Menschen") < text.index("Waits for a person since an hour")
    assert text.count(str(one)) == 2
    assert TOWN in text
    assert "Müßiggang" not in text
    assert "AZ-Mustermann" not in text


async def test_a_storm_is_one_mail(store, clock, mail, alert_senders):
    await held(store, clock, 40)
    sender = alert_senders(to_it())
    for _ in range(3):
        await told(sender)
        clock.advance(minutes=20)
    ((_, raw),) = mail.got
    assert "40" in email.message_from_bytes(raw, policy=email.policy.default)["subject"]
    assert "… und 30 weitere" in text_of(raw)


async def test_a_mail_server_whose_password_was_corrected_is_used_from_the_next_look(store, clock, mail, alert_senders):
    relays = [Relay("127.0.0.1", port, "none", AddressPolicy.of(("loopback",))) for port in (1, mail.port)]
    target = to_it()
    sender = alert_senders(target, reach=lambda: ({target.key: target}, relays[0]))
    await held(store, clock)
    await told(sender)
    assert mail.got == []
    del relays[0]
    clock.advance(seconds=2)
    await told(sender)
    assert len(mail.got) == 1


async def test_an_alarm_is_told_again_after_its_time_until_somebody_acknowledges_it(store, clock, mail, alert_senders):
    (one,) = await held(store, clock)
    sender = alert_senders(to_it())
    await told(sender)
    clock.advance(hours=23)
    await told(sender)
    assert len(mail.got) == 1
    clock.advance(hours=2)
    await told(sender)
    assert len(mail.got) == 2
    await acknowledge(store.database, [one], clock.now())
    clock.advance(hours=30)
    await told(sender)
    assert len(mail.got) == 2


async def test_what_comes_soon_after_a_mail_is_gathered_in_the_next(store, clock, mail, alert_senders):
    sender = alert_senders(to_it(severity=AlarmLevel.NOTICE))
    await raise_about_gateway(store.database, "disk_low", "host-1", clock.now())
    await told(sender)
    await raise_about_gateway(store.database, "memory_low", "host-1", clock.now())
    clock.advance(minutes=5)
    await told(sender)
    await raise_about_gateway(store.database, "queue_long", "gateway", clock.now())
    clock.advance(minutes=11)
    await told(sender)
    first, second = (text_of(raw) for _, raw in mail.got)
    assert "disk_low" in first
    assert "disk_low" not in second
    assert "memory_low" in second
    assert "queue_long" in second


async def test_each_is_told_what_concerns_it(store, clock, mail, alert_senders):
    await held(store, clock)
    other = new_submission("k-other", municipality=OTHER_TOWN, created_at=clock.now())
    await store.create(other)
    clock.advance(days=2)
    await look(store.database, clock.now(), {})
    await raise_about_gateway(store.database, "disk_low", "host-1", clock.now())
    sender = alert_senders(
        to_it(key="a", mail="all@town.example", severity=AlarmLevel.NOTICE),
        to_it(key="b", mail="urgent@town.example", severity=AlarmLevel.URGENT),
        to_it(key="c", mail="other@town.example", municipalities=frozenset({OTHER_TOWN})),
    )
    await told(sender)
    by_address = {to: text_of(raw) for to, raw in mail.got}
    found = {to: {r for r in ("held", "not_submitted_24h", "disk_low") if r in t} for to, t in by_address.items()}
    assert found == {
        "all@town.example": {"held", "not_submitted_24h", "disk_low"},
        "urgent@town.example": {"not_submitted_24h", "disk_low"},
        "other@town.example": {"not_submitted_24h"},
    }
    assert OTHER_TOWN in by_address["other@town.example"]
    assert TOWN not in by_address["other@town.example"]


async def test_greylisted_means_later_and_the_mail_is_the_same(store, clock, mail, alert_senders):
    await held(store, clock)
    sender = alert_senders(to_it())
    mail.replies["RCPT"] = "451 4.7.1 try again later"
    await told(sender)
    assert mail.got == []
    mail.replies.clear()
    await told(sender)
    assert mail.got == []  # not before its time
    clock.advance(seconds=2)
    await told(sender)
    assert len(mail.got) == 1
    assert [row["rule"] for row in await open_alarms(store.database)] == ["held"]


async def test_a_server_down_for_hours_gets_one_mail_and_then_what_came_meanwhile(store, clock, mail, alert_senders):
    sender = alert_senders(to_it())
    mail.replies["connect"] = "421 down"
    await held(store, clock)
    for hour in range(6):
        await told(sender)
        await raise_about_gateway(store.database, "disk_low", f"host-{hour}", clock.now())
        clock.advance(hours=1)
    mail.replies.clear()
    for _ in range(6):
        await told(sender)
        clock.advance(minutes=30)
    first, second = (text_of(raw) for _, raw in mail.got)
    assert "held" in first
    assert "disk_low: 6" in second


async def test_a_message_of_a_worker_that_died_is_sent_by_another_and_by_one_only(store, clock, mail, alert_senders):
    await held(store, clock)
    dead, other = alert_senders(to_it()), alert_senders(to_it())
    await dead.queue.compose(to_it(), repeat=REPEAT, quiet=QUIET)
    await dead.queue.claim(["it:1"], timedelta(seconds=90))
    await told(other)
    assert mail.got == []
    clock.advance(seconds=91)
    await told(other)
    await told(dead)
    assert len(mail.got) == 1


async def test_workers_that_died_with_a_message_are_no_failures_of_its_target(store, clock, mail, alert_senders):
    await held(store, clock)
    sender = alert_senders(to_it())
    await sender.queue.compose(to_it(), repeat=REPEAT, quiet=QUIET)
    for _ in range(8):
        assert len(await sender.queue.claim(["it:1"], timedelta(seconds=90))) == 1
        clock.advance(seconds=91)
    mail.replies["RCPT"] = "450 4.2.1 busy"
    await told(sender)
    mail.replies.clear()
    clock.advance(seconds=2)
    await told(sender)
    assert len(mail.got) == 1


async def test_a_target_whose_lane_rests_claims_nothing(store, clock, mail, alert_senders):
    await held(store, clock)
    sender = alert_senders(to_it())
    sender._rests["alarms_send it:1"] = clock.now() + timedelta(seconds=5)
    await told(sender)
    assert mail.got == []
    clock.advance(seconds=5)
    await told(sender)
    assert len(mail.got) == 1


async def test_a_late_worker_does_not_undo_what_its_successor_noted(store, clock, mail, alert_senders):
    await held(store, clock)
    sender = alert_senders(to_it())
    await sender.queue.compose(to_it(), repeat=REPEAT, quiet=QUIET)
    (late,) = await sender.queue.claim(["it:1"], timedelta(seconds=90))
    refused = SendingResult(late.id, late.tries, clock.now(), False, None, CounterpartRefused.code, None)
    clock.advance(seconds=91)
    (successor,) = await sender.queue.claim(["it:1"], timedelta(seconds=90))
    delivered = replace(refused, tries=successor.tries, delivered=True, error=None)
    for done in (refused, delivered, refused):
        await sender.queue.settle([done])
        assert [row["rule"] for row in await open_alarms(store.database)] == ["held"]


async def test_a_refused_recipient_is_given_up_and_becomes_an_alarm_for_the_others(store, clock, mail, alert_senders):
    await held(store, clock)
    gone, there = to_it(key="gone:1", name="gone"), to_it(key="there:1", name="there", mail="there@town.example")
    mail.replies["RCPT"] = "550 5.1.1 unknown"
    await told(alert_senders(gone))
    mail.replies.clear()
    assert {(row["rule"], row["subject"]) for row in await open_alarms(store.database)} >= {
        ("alarm_not_delivered", "gone")
    }
    await told(alert_senders(there))
    assert "alarm_not_delivered" in text_of(mail.got[0][1])
    clock.advance(hours=25)
    await told(alert_senders(gone))
    assert ("alarm_not_delivered", "gone") not in {
        (row["rule"], row["subject"]) for row in await open_alarms(store.database)
    }


async def test_a_hanging_mail_server_holds_up_no_webhook(store, clock, mail, alert_senders):
    await held(store, clock)
    mail.hang = "EHLO"
    async with receiving() as hook:
        key = bytes(range(32))
        target = Target("hook:1", "hook", AlarmLevel.NOTICE, url=hook.url, secret=key)
        sender = alert_senders(to_it(), target)
        await sender.chores()
        await sender.look()
        await sender._lanes["alarms_send hook:1"]
        ((headers, body),) = hook.got
        name, stamp = headers["webhook-id"], headers["webhook-timestamp"]
        assert headers["webhook-signature"] == signature(key, name, stamp, body)
        said = json.loads(body)
        assert said["type"] == "alarms.open"
        assert [each["rule"] for each in said["data"]["alarms"]] == ["held"]
        mail.hang = ""


async def test_a_webhook_that_is_wrong_for_a_while_gets_the_same_message_later(store, clock, alert_senders):
    await held(store, clock)
    async with receiving() as hook:
        hook.answers += [web.Response(status=404), web.Response(status=503)]
        sender = alert_senders(Target("hook:1", "hook", AlarmLevel.NOTICE, url=hook.url, secret=bytes(32)))
        for _ in range(4):
            await told(sender)
            clock.advance(seconds=6)
        assert len({headers["webhook-id"] for headers, _ in hook.got}) == 1
        assert len(hook.got) == 3


async def test_a_webhook_for_alarms_may_ask_for_later_and_is_not_ended_by_410(store, clock, alert_senders):
    await held(store, clock)
    async with receiving() as hook:
        hook.answers += [web.Response(status=410), web.Response(status=429, headers={"Retry-After": "60"})]
        sender = alert_senders(Target("hook:1", "hook", AlarmLevel.NOTICE, url=hook.url, secret=bytes(32)))
        for seconds, number in ((0, 1), (2, 2), (58, 2), (3, 3)):
            clock.advance(seconds=seconds)
            await told(sender)
            assert len(hook.got) == number


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (httpx.ConnectError("x"), CounterpartAway),
        (httpx.ReadTimeout("x"), CounterpartAway),
        (httpx.RemoteProtocolError("x"), CounterpartGarbled),
        (OutboundRefused("x"), AddressRefused),
        (httpx.Response(302, headers={"Location": "https://elsewhere.example"}), CounterpartBusy),
        (httpx.Response(404), CounterpartBusy),
    ],
)
async def test_faults_on_the_way_to_a_webhook_have_our_names(alert_senders, fault, error):
    target = Target("hook:1", "hook", AlarmLevel.NOTICE, url="https://hook.example/s3cret", secret=bytes(32))
    with respx.mock(using="httpx") as wire:
        route = wire.post(target.url).mock(side_effect=[fault])
        with pytest.raises(error) as caught:
            await alert_senders(target).trial(target, uuid4())
    assert route.call_count == 1
    assert caught.value.params["host"] == "hook.example"


async def test_a_trial_reaches_each_way_and_says_what_fails(store, clock, mail, alert_senders):
    target = to_it()
    sender = alert_senders(target)
    await sender.trial(target, uuid4())
    assert "Probe" in email.message_from_bytes(mail.got[0][1], policy=email.policy.default)["subject"]
    mail.replies["RCPT"] = "550 no"
    with pytest.raises(CounterpartRefused):
        await sender.trial(target, uuid4())


async def test_an_alarm_of_the_gateway_comes_back_as_new_after_it_was_over(store, clock):
    assert await raise_about_gateway(store.database, "disk_low", "host-1", clock.now())
    assert not await raise_about_gateway(store.database, "disk_low", "host-1", clock.now())
    assert await resolve_about_gateway(store.database, "disk_low", "host-1", clock.now())
    assert await open_alarms(store.database) == []
    assert await raise_about_gateway(store.database, "disk_low", "host-1", clock.now())


async def test_what_is_held_again_is_told_again(store, clock, mail, alert_senders):
    it = await at_state(store, clock, State.HELD)
    sender = alert_senders(to_it())
    clock.advance(hours=2)
    await look(store.database, clock.now(), {})
    await told(sender)
    sealed = replace(it, state=State.SEALED, updated_at=clock.now())
    it = await store.commit(it.version, Change(sealed))
    await look(store.database, clock.now(), {})
    await store.commit(it.version, Change(replace(it, state=State.HELD, updated_at=clock.now())))
    clock.advance(hours=2)
    await look(store.database, clock.now(), {})
    await told(sender)
    assert len(mail.got) == 2


async def test_a_town_hears_of_what_concerns_it_at_the_gateway_itself(store, clock, mail, alert_senders):
    for town, service in ((TOWN, "hausnummer"), (OTHER_TOWN, "termin")):
        subject = f"{town}/{service}"
        await raise_about_gateway(
            store.database, SERVICE_DOWN, subject, clock.now(), municipality=town, service=service
        )
    await raise_about_gateway(store.database, "disk_low", "host-1", clock.now())
    await told(alert_senders(to_it(mail="town@town.example", municipalities=frozenset({TOWN}))))
    ((_, raw),) = mail.got
    said = text_of(raw)
    assert TOWN in said
    assert "hausnummer" in said
    assert "termin" not in said
    assert "disk_low" not in said


async def test_an_alarm_that_comes_back_at_once_goes_on_and_is_not_told_again(store, clock, mail, alert_senders):
    sender = alert_senders(to_it())

    async def raised(since):
        async with store.database.transaction() as connection:
            return await raise_within(
                connection, SERVICE_DOWN, f"{TOWN}/a", clock.now(), since, municipality=TOWN, service="a"
            )

    half_an_hour = timedelta(minutes=30)
    assert await raised(clock.now() - half_an_hour)
    await told(sender)
    await resolve_about_gateway(store.database, SERVICE_DOWN, f"{TOWN}/a", clock.now())
    clock.advance(minutes=29)
    assert not await raised(clock.now() - half_an_hour)
    (alarm,) = await open_alarms(store.database)
    assert (alarm["municipality"], alarm["service"], alarm["submission"]) == (TOWN, "a", None)
    await told(sender)
    assert len(mail.got) == 1
    await resolve_about_gateway(store.database, SERVICE_DOWN, f"{TOWN}/a", clock.now())
    clock.advance(minutes=31)
    assert await raised(clock.now() - half_an_hour)
    await told(sender)
    assert len(mail.got) == 2
