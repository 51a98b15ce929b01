"""Refused answers of an identity provider, counted over all processes, become an alarm that names it."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
import structlog.testing

from gateway.errors import DatabaseAway
from gateway.errors.recurring import Failures
from gateway.login.figures import LoginFigures, Outcomes
from gateway.notify.alarms import GATEWAY_RULES, LOGIN_REFUSED_OFTEN
from gateway.ports.identity import RefusalKind
from gateway.serve.logins import Logins
from gateway.store.connection.database import numbered
from gateway.store.erasure.sweep import sweep
from gateway.store.operation.alarms import open_alarms
from gateway.store.operation.login_outcomes import FEW, MANY, WINDOW, look, write
from gateway.worker import chores
from tests.store.conftest import OTHER_TOWN, TOWN

SLUGS = {TOWN: "tangerhuette", OTHER_TOWN: "stendal"}
HERE = (TOWN, "bundid")
ROWS = numbered("SELECT accepted, refused FROM login_outcomes")


@pytest.fixture
def counted(store, clock):
    async def counting(refused, accepted=0, place=HERE):
        await write(store.database, {place: Outcomes(accepted, refused)}, clock.now())

    return counting


@pytest.fixture
def alarms(store, clock):
    async def looked():
        await look(store.database, SLUGS, clock.now())
        return {(row["rule"], row["subject"]) for row in await open_alarms(store.database)}

    return looked


ALARM = {(LOGIN_REFUSED_OFTEN, "tangerhuette/bundid")}


async def test_many_refused_answers_of_any_processes_are_one_alarm(store, clock, counted, alarms):
    await counted(MANY - 1, accepted=40)
    await counted(MANY - 1, place=(OTHER_TOWN, "bundid"))
    assert await alarms() == set()
    clock.advance(minutes=14)
    await counted(1)
    assert await look(store.database, SLUGS, clock.now()) == ("tangerhuette/bundid",)
    assert await look(store.database, SLUGS, clock.now()) == ()
    assert await alarms() == ALARM


async def test_it_neither_comes_nor_goes_by_a_single_answer(clock, counted, alarms):
    await counted(MANY - FEW)
    clock.advance(minutes=5)
    await counted(FEW)
    assert await alarms() == ALARM
    clock.at += WINDOW - timedelta(minutes=2)
    assert await alarms() == ALARM, "fewer than raise it, more than end it"
    clock.advance(minutes=3)
    assert await alarms() == set()
    await counted(MANY)
    assert await alarms() == ALARM, "raised anew"


async def test_a_few_among_many_logins_are_usual(clock, counted, alarms):
    await counted(MANY, accepted=9 * MANY + 1)
    assert await alarms() == set()
    await counted(1)
    assert await alarms() == ALARM


async def test_a_provider_that_is_gone_has_no_alarm(store, clock, counted, alarms):
    await counted(MANY)
    assert await alarms() == ALARM
    await look(store.database, {OTHER_TOWN: "stendal"}, clock.now())
    assert await open_alarms(store.database) == []


async def test_what_became_of_answers_is_kept_for_an_hour(store, clock, counted):
    await counted(MANY)
    clock.advance(hours=1, minutes=1)
    await sweep(store.database, clock.now())
    assert await store.database.rows(ROWS) == []


async def test_serve_writes_down_what_it_counted_and_counts_on_where_it_cannot(store, clock, alarms, monkeypatch):
    figures = LoginFigures()
    logins = Logins(None, figures, None, None)
    runtime = SimpleNamespace(store=store, clock=clock)
    for _ in range(MANY):
        figures.reject(*HERE, RefusalKind.FAILED)
    figures.reject(*HERE, RefusalKind.CANCELLED)

    async def away(*_):
        raise DatabaseAway

    with monkeypatch.context() as broken, structlog.testing.capture_logs():
        broken.setattr("gateway.store.operation.login_outcomes.write", away)
        assert not await Failures().attempt("login_answers", lambda: logins._write(runtime))
    assert await alarms() == set()
    await logins._write(runtime)
    assert await alarms() == ALARM
    await logins._write(runtime)
    assert [(row["accepted"], row["refused"]) for row in await store.database.rows(ROWS)] == [(0, MANY)]


async def test_the_worker_looks_and_says_so(store, clock, counted):
    await counted(MANY)
    runtime = SimpleNamespace(store=store, clock=clock, files=[SimpleNamespace(ars=TOWN, slug="tangerhuette")])
    with structlog.testing.capture_logs() as lines:
        await chores._refused_logins(runtime)
    assert [(line["event"], line["provider"]) for line in lines] == [("alarm.raised", "tangerhuette/bundid")]


def test_people_read_what_it_means_and_what_to_do():
    (rule,) = [each for each in GATEWAY_RULES if each.name == LOGIN_REFUSED_OFTEN]
    for text in (rule.de, rule.en):
        assert "login.refused" in text
        assert "gateway check" in text
