"""Each deadline is told once, stays until it is over, and can be noted as seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.fitconnect.events import understood
from gateway.fitconnect.limits import FITCONNECT, LIMITS
from gateway.model import Event, State
from gateway.notify.alarms import HOUSE_RULES
from gateway.ports.channel import ChannelLimits
from gateway.ports.store import Change
from gateway.store.operation.alarms import acknowledge, look, open_alarms
from gateway.submission.deadlines import EVENT_RULES, FAULT_RULES, LIMIT_RULES, RULES, Around, Limit, ProofKind, Since
from gateway.submission.journey import observed
from tests.store.conftest import TOWN, new_submission

MOMENT = timedelta(seconds=1)
CHANNELS = {FITCONNECT: LIMITS}


async def at_state(store, clock, state: State, key: str = "k-1"):
    new = new_submission(key, created_at=clock.now())
    await store.create(new)
    now = clock.now()
    return await store.commit(1, Change(replace(new.submission, state=state, updated_at=now, submitted_at=now)))


@pytest.mark.parametrize(
    ("rule", "state"),
    [(rule, state) for rule in RULES for state in sorted(rule.states)],
    ids=lambda x: str(getattr(x, "name", x)),
)
async def test_each_rule_fires_when_its_time_has_come_and_once(store, clock, rule, state):
    it = await at_state(store, clock, state)
    after = rule.after.of(LIMITS) if isinstance(rule.after, Around) else rule.after
    clock.at += after - MOMENT
    assert rule.name not in {name for name, *_ in await look(store.database, clock.now(), CHANNELS)}
    clock.at += 2 * MOMENT
    assert (rule.name, it.id, TOWN) in await look(store.database, clock.now(), CHANNELS)
    assert await look(store.database, clock.now(), CHANNELS) == []


async def test_the_days_of_an_unanswered_submission_come_one_after_the_other(store, clock):
    await at_state(store, clock, State.SUBMITTED)
    told = []
    clock.at += MOMENT
    for day in range(1, 23):
        clock.advance(days=1)
        told += [(day, name) for name, *_ in await look(store.database, clock.now(), CHANNELS)]
    days = {3: 3, 9: 9, 13: 13, 15: 14, 21: 21}  # on day 14 the delivery service's own event still has some hours
    assert told == [(day, f"unanswered_day_{rule}") for day, rule in days.items()]


@pytest.mark.parametrize("due", [None, timedelta(days=40)])
async def test_a_channel_is_alarmed_of_by_its_own_times(store, clock, due):
    """Of 14, 21 and 730 days only FIT-Connect knows; our own notices are of every channel."""
    new = new_submission("k-1", created_at=clock.now(), channel="other")
    await store.create(new)
    now = clock.now()
    await store.commit(1, Change(replace(new.submission, state=State.SUBMITTED, updated_at=now, submitted_at=now)))
    told, clock.at = [], clock.at + MOMENT
    for day in range(1, 45):
        clock.advance(days=1)
        channels = {**CHANNELS, "other": ChannelLimits(answer_due=due)}
        told += [(day, name) for name, *_ in await look(store.database, clock.now(), channels)]
    own = [(3, "unanswered_day_3"), (9, "unanswered_day_9")]
    assert told == (own if due is None else [*own, (39, "unanswered_day_13"), (41, "unanswered_day_14")])


async def test_an_answer_resolves_the_alarm(store, clock):
    it = await at_state(store, clock, State.SUBMITTED)
    clock.advance(days=4)
    await look(store.database, clock.now(), CHANNELS)
    assert [row["rule"] for row in await open_alarms(store.database)] == ["unanswered_day_3"]
    await store.commit(it.version, Change(replace(it, state=State.ACCEPTED)))
    await look(store.database, clock.now(), CHANNELS)
    assert await open_alarms(store.database) == []


async def test_an_alarm_is_noted_as_seen_once_and_stays_open(store, clock):
    it = await at_state(store, clock, State.HELD)
    clock.advance(hours=2)
    await look(store.database, clock.now(), CHANNELS)
    assert await acknowledge(store.database, [it.id], clock.now()) == [("held", str(it.id))]
    assert await acknowledge(store.database, [it.id], clock.now()) == []
    (row,) = await open_alarms(store.database)
    assert row["acknowledged_at"] == clock.now()


async def test_a_genuine_event_that_does_not_count_is_told_at_once_with_what_it_lacks_until_one_counts(store, clock):
    it = await at_state(store, clock, State.SUBMITTED)
    assert await look(store.database, clock.now(), CHANNELS) == []
    event = Event("accept-submission", "d-1", False, clock.now(), ({"rule": "tags_missing"},), "refused:1", "a.b.c")
    it = await store.commit(it.version, observed(it, (understood(event, "d-1"),), clock.now(), LIMITS))
    assert (it.state, it.events[0].type) == (State.SUBMITTED, "accept-submission")
    assert await look(store.database, clock.now(), CHANNELS) == [("event_not_counted", it.id, TOWN)]
    assert await look(store.database, clock.now(), CHANNELS) == []
    (row,) = await open_alarms(store.database)
    assert row["reason"] == it.reason.as_json()
    assert "authenticationTags" in row["reason"]["de"]
    await store.commit(it.version, Change(replace(it, state=State.ACCEPTED, reason=None)))
    await look(store.database, clock.now(), CHANNELS)
    assert await open_alarms(store.database) == []


@pytest.mark.parametrize("rule", LIMIT_RULES, ids=lambda rule: rule.name)
async def test_each_limit_of_a_municipality_fires_when_its_time_has_come_and_once(store, clock, rule):
    it = await at_state(store, clock, State.SUBMITTED)
    limits = [Limit(rule.name, TOWN, "hausnummer", timedelta(hours=5)), Limit(rule.name, TOWN, "termin", MOMENT)]
    clock.at += timedelta(hours=5) - MOMENT
    assert await look(store.database, clock.now(), CHANNELS, limits) == []
    clock.at += 2 * MOMENT
    assert await look(store.database, clock.now(), CHANNELS, limits) == [(rule.name, it.id, TOWN)]
    assert await look(store.database, clock.now(), CHANNELS, limits) == []


async def test_the_event_of_the_delivery_service_ends_the_wait_for_the_handover_and_not_for_the_answer(store, clock):
    it = await at_state(store, clock, State.SUBMITTED)
    limits = [Limit(rule.name, TOWN, "hausnummer", timedelta(hours=1)) for rule in LIMIT_RULES if not rule.hard]
    event = Event("submit-submission", "delivery", verified=True, at=clock.now(), jti="j1", token="a.b.c")
    await store.commit(it.version, Change(replace(it, events=(event,))))
    clock.advance(hours=2)
    assert {name for name, *_ in await look(store.database, clock.now(), CHANNELS, limits)} == {
        rule.name for rule in LIMIT_RULES if rule.proof is ProofKind.ANSWER and not rule.hard
    }


async def test_a_proof_that_comes_late_resolves_the_alarm(store, clock):
    it = await at_state(store, clock, State.SUBMITTED)
    limits = [Limit(rule.name, TOWN, "hausnummer", timedelta(hours=1)) for rule in LIMIT_RULES if not rule.hard]
    clock.advance(hours=2)
    await look(store.database, clock.now(), CHANNELS, limits)
    event = Event("submit-submission", "delivery", verified=True, at=clock.now(), jti="j1", token="a.b.c")
    await store.commit(it.version, Change(replace(it, events=(event,))))
    await look(store.database, clock.now(), CHANNELS, limits)
    assert [row["rule"] for row in await open_alarms(store.database)] == ["answer_late"]


def test_every_rule_says_what_to_do_in_two_languages():
    every = (*RULES, *LIMIT_RULES, *FAULT_RULES, *EVENT_RULES, *HOUSE_RULES)
    assert len({rule.name for rule in every}) == len(every)
    for rule in every:
        assert rule.de != rule.en
    assert all(rule.since in Since for rule in RULES)
