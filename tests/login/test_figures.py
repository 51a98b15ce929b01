"""Figures of logins: by provider and outcome, with labels from the settings and closed lists alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import gateway
from gateway.bundid.refusal import IDENTITY_REASONS
from gateway.bundid.refusal import REASONS as ANSWER_REASONS
from gateway.errors import TooManyLogins
from gateway.login.figures import OTHER, OUTCOMES, SECONDS, LoginFigures
from gateway.login.refusals import REASONS
from gateway.ports.identity import RefusalKind
from gateway.web.http.metrics import NAMES, Metrics
from gateway.web.login.figures import LoginCollector
from tests.login.federation_world import TOWN, World, told

HERE = (TOWN.municipality, "bundid")
HOSTILE = 'Müller"}\n'


@pytest.fixture
def world():
    return World(figures=LoginFigures(REASONS))


def shown(figures) -> str:
    return Metrics(LoginCollector(figures)).exposition().decode()


async def test_a_login_is_counted_from_its_beginning_to_its_code(world):
    step = await world.authorize()
    assert (world.figures.started[HERE], world.figures.answers) == (1, {})
    world.clock.advance(42)
    code = told(await world.finish(await world.answered()))["code"]
    await world.token(code)
    await world.token(code)
    await world.token("c" * 43, code_verifier="w" * 50)
    text = shown(world.figures)
    place = f'municipality="{TOWN.municipality}",provider="bundid"'
    assert f"gateway_login_started_total{{{place}}} 1.0" in text
    answers = (
        f'gateway_login_answers_total{{municipality="{TOWN.municipality}",outcome="accepted",provider="bundid"}} 1.0'
    )
    assert answers in text
    assert f'gateway_login_seconds_bucket{{le="30.0",{place}}} 0.0' in text
    assert f'gateway_login_seconds_bucket{{le="60.0",{place}}} 1.0' in text
    assert f"gateway_login_seconds_sum{{{place}}} 42.0" in text
    assert 'gateway_login_codes_total{outcome="redeemed"} 1.0' in text
    assert 'gateway_login_codes_total{outcome="refused"} 2.0' in text
    assert step.provider == "bundid"


@pytest.mark.parametrize("kind", RefusalKind)
async def test_a_refused_answer_is_counted_by_its_kind_and_reason(world, kind):
    await world.authorize()
    await world.finish(await world.answered(world.bundid.answer((kind.value, "answer_missing"))))
    assert world.figures.answers == {(*HERE, kind.value): 1}
    assert world.figures.refusals == {"answer_missing": 1}
    failed = {HERE: 1} if kind is RefusalKind.FAILED else {}
    assert {place: outcomes.refused for place, outcomes in world.figures.take().items()} == failed


async def test_an_answer_that_was_used_before_counts_as_failed(world):
    await world.login()
    await world.authorize(prompt="login")
    world.bundid.answers = iter([0])
    await world.finish(await world.answered())
    assert world.figures.answers == {(*HERE, "accepted"): 1, (*HERE, "failed"): 1}


async def test_no_label_is_text_of_a_request(world):
    await world.authorize(client_id=HOSTILE)
    await world.authorize(provider=HOSTILE, acr_values=HOSTILE, prompt=HOSTILE, scope=HOSTILE)
    await world.authorize()
    await world.answered(world.bundid.answer(("failed", HOSTILE)), provider=HOSTILE)
    await world.finish(await world.answered(world.bundid.answer(("failed", HOSTILE))))
    await world.token(HOSTILE)
    text = shown(world.figures)
    assert "Müller" not in text
    assert world.figures.refusals[OTHER] == 1
    assert set(re.findall(r'reason="([^"]*)"', text)) <= {*REASONS, OTHER}
    assert set(re.findall(r'outcome="([^"]*)"', text)) <= {*OUTCOMES, "redeemed", "refused"}


def test_each_figure_is_described():
    names = set(re.findall(r"^# TYPE (gateway_login_\S+) (?:counter|histogram)$", shown(LoginFigures()), re.MULTILINE))
    assert names == {name for name in NAMES if name.startswith("gateway_login_")}


def test_what_could_not_be_written_down_counts_on():
    figures = LoginFigures()
    figures.accept(*HERE, SECONDS[-1] + 1)
    figures.reject(*HERE, RefusalKind.FAILED)
    taken = figures.take()
    assert figures.take() == {}
    figures.reject(*HERE, RefusalKind.FAILED)
    figures.put_back(taken)
    ((place, outcomes),) = figures.take().items()
    assert (place, outcomes.accepted, outcomes.refused) == (HERE, 1, 2)
    assert figures.durations[HERE].numbers[-1] == 1


def literals(room: str, before: str) -> set[str]:
    """The texts that stand in the code of a room where a reason is named."""
    sources = [path.read_text(encoding="utf-8") for path in sorted((Path(gateway.__file__).parent / room).glob("*.py"))]
    return {found for source in sources for found in re.findall(before + r'\s*"([a-z_]+)"', source)}


def test_every_reason_in_the_code_stands_in_the_closed_lists():
    ours = literals("login", r"(?:shown\(\s*PageKind\.\w+,|told\(back,|RefusedError\(|Refused\(RefusalKind\.\w+,)")
    assert len(ours) > 10
    assert ours | {TooManyLogins.code} <= REASONS.keys()
    theirs = literals("bundid", r"(?:IdentityRefused\(|Refused\(RefusalKind\.\w+,)")
    assert len(theirs) > 8
    assert theirs <= ANSWER_REASONS.keys() | IDENTITY_REASONS.keys()
