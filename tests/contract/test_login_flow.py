"""The flow of a login at both stores: what one process began another ends, once."""

from __future__ import annotations

import asyncio
import json

import pytest

from gateway.crypto import base64url
from gateway.login.codes import digest
from gateway.login.levels import session_limits
from gateway.login.steps import PageKind, Redirect
from gateway.model import Level
from tests.contract.test_login_store import clock, logins, store  # noqa: F401 - fixtures
from tests.fixtures_postgres import postgres_dsn, postgres_migrated, postgres_server  # noqa: F401 - fixtures
from tests.login.federation_world import TOWN, World, person, told
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


def reference_in(answer) -> bytes:
    """The digest of the `login_ref` that an ID token tells."""
    claims = json.loads(base64url.decode(answer.body["id_token"].split(".")[1].encode()))
    return digest(claims["login_ref"])


async def test_each_login_of_a_session_names_somebody_for_an_hour_of_its_own(world, logins, clock):  # noqa: F811
    world.bundid.identity = person(level=Level.BASIC)
    first = await world.token(await world.code())
    clock.advance(minutes=59)
    second = await world.token(told(await world.authorize(prompt="none"))["code"])
    assert reference_in(first) != reference_in(second)
    said = await world.userinfo(second.body["access_token"])
    assert said.body["family_name"] == "Müller-Lüdenscheidt"
    clock.advance(minutes=1)
    assert (await logins.by_reference(reference_in(first))).identity is None
    assert (await logins.by_reference(reference_in(second))).identity.person == world.bundid.identity.person
    assert (await world.userinfo(second.body["access_token"])).body == said.body, "as long as its token"
    clock.advance(minutes=4)
    assert (await world.userinfo(second.body["access_token"])).status == 401
    clock.advance(minutes=55)
    assert (await logins.by_reference(reference_in(second))).identity is None
    assert told(await world.authorize(prompt="none"))["error"] == "login_required"


@pytest.mark.parametrize("level", [Level.BASIC, Level.SUBSTANTIAL, Level.HIGH])
async def test_a_session_in_use_ends_with_its_longest_time(world, clock, level):  # noqa: F811
    world.bundid.identity = person(level=level)
    await world.code()
    limits = session_limits(level)
    uses = limits.longest_s // (limits.idle_s - 60)
    for _ in range(uses):
        clock.advance(seconds=limits.idle_s - 60)
        assert is_code(await world.authorize(prompt="none"))
    clock.advance(seconds=limits.longest_s - uses * (limits.idle_s - 60))
    assert told(await world.authorize(prompt="none"))["error"] == "login_required"


async def test_two_that_finish_at_once_get_one_code(world):
    await world.authorize()
    kept = await world.answered()
    steps = await asyncio.gather(*(world.finish(kept) for _ in range(4)))
    assert sorted(map(is_code, steps)) == [False, False, False, True]
    assert {each.kind for each in steps if not is_code(each)} == {PageKind.EXPIRED}


async def test_a_code_redeemed_at_once_gives_nothing_that_lasts(world):
    code = await world.code()
    answers = await asyncio.gather(*(world.token(code) for _ in range(4)))
    assert sum(each.status == 200 for each in answers) <= 1
    for each in answers:
        if each.status == 200:
            assert (await world.userinfo(each.body["access_token"])).status == 401


async def test_a_pushed_request_is_used_once_by_two_at_once(world):
    answer = await world.federation.push(TOWN, basic(), pushed_form(world))
    asked = [("client_id", "portal"), ("request_uri", answer.body["request_uri"])]
    steps = await asyncio.gather(*(world.authorize(asked) for _ in range(4)))
    assert sum(getattr(each, "kind", None) is PageKind.BAD_REQUEST for each in steps) == 3
