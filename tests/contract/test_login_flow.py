"""The flow of a login at both stores: what one process began another ends, once."""

from __future__ import annotations

import asyncio

import pytest

from gateway.login.steps import PageKind, Redirect
from tests.contract.test_login_store import clock, logins  # noqa: F401 - fixtures
from tests.login.federation_world import TOWN, World, told
from tests.login.test_authorization import basic, pushed_form


@pytest.fixture
def world(clock, logins):  # noqa: F811 - the fixtures above
    return World(clock, logins)


def is_code(step) -> bool:
    return isinstance(step, Redirect) and "code" in told(step)


async def test_a_login_its_session_and_its_end(world):
    tokens = await world.token(await world.code())
    assert tokens.status == 200, tokens.body
    said = await world.userinfo(tokens.body["access_token"])
    assert said.body["family_name"] == "Müller-Lüdenscheidt"
    again = await world.authorize(prompt="none")
    assert is_code(again)
    second = await world.token(told(again)["code"])
    assert (await world.userinfo(second.body["access_token"])).body == said.body
    await world.federation.logout(TOWN, [("id_token_hint", second.body["id_token"])], world.cookies)
    assert told(await world.authorize(prompt="none"))["error"] == "login_required"


async def test_two_that_finish_at_once_get_one_code(world):
    await world.authorize()
    kept = await world.answered()
    steps = await asyncio.gather(*(world.finish(kept) for _ in range(4)))
    assert sorted(map(is_code, steps)) == [False, False, False, True]
    assert {each.kind for each in steps if not is_code(each)} == {PageKind.DONE}


async def test_a_code_redeemed_at_once_gives_nothing_that_lasts(world):
    code = await world.code()
    answers = await asyncio.gather(*(world.token(code) for _ in range(4)))
    assert sum(each.status == 200 for each in answers) <= 1
    for each in answers:
        if each.status == 200:
            assert (await world.userinfo(each.body["access_token"])).status == 401


@pytest.mark.parametrize("client", ["", "\0", "portal\0", "nobody", "p" * 4000])
async def test_a_client_that_nobody_has_is_asked_of_no_store(world, client):
    answer = await world.federation.push(TOWN, basic(), pushed_form(world))
    step = await world.authorize([("client_id", client), ("request_uri", answer.body["request_uri"])])
    assert step.kind is PageKind.BAD_REQUEST


async def test_a_pushed_request_is_used_once_by_two_at_once(world):
    answer = await world.federation.push(TOWN, basic(), pushed_form(world))
    asked = [("client_id", "portal"), ("request_uri", answer.body["request_uri"])]
    steps = await asyncio.gather(*(world.authorize(asked) for _ in range(4)))
    assert sum(getattr(each, "kind", None) is PageKind.BAD_REQUEST for each in steps) == 3
