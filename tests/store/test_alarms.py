"""Each deadline is told once, stays until it is over, and can be noted as seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.deadlines import RULES, Since
from gateway.model import State
from gateway.ports import Change
from gateway.store.alarms import acknowledge, look, open_alarms
from tests.store.conftest import TOWN, new_submission

MOMENT = timedelta(seconds=1)


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
    clock.at += rule.after - MOMENT
    assert rule.name not in {name for name, *_ in await look(store.database, clock.now())}
    clock.at += 2 * MOMENT
    assert (rule.name, it.id, TOWN) in await look(store.database, clock.now())
    assert await look(store.database, clock.now()) == []


async def test_the_days_of_an_unanswered_submission_come_one_after_the_other(store, clock):
    await at_state(store, clock, State.SUBMITTED)
    told = []
    clock.at += MOMENT
    for day in range(1, 23):
        clock.advance(days=1)
        told += [(day, name) for name, *_ in await look(store.database, clock.now())]
    assert told == [(day, f"unanswered_day_{day}") for day in (3, 9, 13, 21)]


async def test_an_answer_resolves_the_alarm(store, clock):
    it = await at_state(store, clock, State.SUBMITTED)
    clock.advance(days=4)
    await look(store.database, clock.now())
    assert [row["rule"] for row in await open_alarms(store.database)] == ["unanswered_day_3"]
    await store.commit(it.version, Change(replace(it, state=State.ACCEPTED)))
    await look(store.database, clock.now())
    assert await open_alarms(store.database) == []


async def test_an_alarm_is_noted_as_seen_once_and_stays_open(store, clock):
    it = await at_state(store, clock, State.HELD)
    clock.advance(hours=2)
    await look(store.database, clock.now())
    assert await acknowledge(store.database, [it.id], clock.now()) == [("held", it.id)]
    assert await acknowledge(store.database, [it.id], clock.now()) == []
    (row,) = await open_alarms(store.database)
    assert row["acknowledged_at"] == clock.now()


def test_every_rule_says_what_to_do_in_two_languages():
    assert len({rule.name for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.de != rule.en
        assert rule.since in Since
