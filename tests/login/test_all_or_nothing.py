"""What a step of a login uses up is used up together with what it gives: a failure between costs nobody the login."""

from __future__ import annotations

import pytest

from gateway.errors import DatabaseAway
from gateway.login.codes import digest
from gateway.login.steps import GoToProvider, PageKind
from gateway.store.login.bounds import OF_ONE_ADDRESS
from tests.login.federation_world import TOWN, World, told
from tests.login.test_authorization import basic, pushed_form


@pytest.fixture
def world():
    return World()


async def test_a_pushed_request_outlives_a_login_that_could_not_begin(world):
    for _ in range(OF_ONE_ADDRESS):
        await world.authorize()
    pushed = (await world.federation.push(TOWN, basic(), pushed_form(world))).body["request_uri"]
    asked = [("client_id", "portal"), ("request_uri", pushed)]
    assert (await world.authorize(asked)).kind is PageKind.TOO_MANY
    world.logins._under_way.clear()
    assert isinstance(await world.authorize(asked), GoToProvider)
    assert (await world.authorize(asked)).kind is PageKind.BAD_REQUEST


async def test_a_pushed_request_gives_one_code_by_a_session(world):
    await world.login()
    form = pushed_form(world, prompt="none")
    pushed = (await world.federation.push(TOWN, basic(), form)).body["request_uri"]
    asked = [("client_id", "portal"), ("request_uri", pushed)]
    assert "code" in told(await world.authorize(asked))
    assert (await world.authorize(asked)).kind is PageKind.BAD_REQUEST


async def test_a_pushed_request_that_another_used_meanwhile_begins_nothing(world, monkeypatch):
    """Both were read before either began."""
    pushed = (await world.federation.push(TOWN, basic(), pushed_form(world))).body["request_uri"]
    asked = [("client_id", "portal"), ("request_uri", pushed)]
    kept = await world.logins.pushed(digest(pushed), "portal", world.clock.now())
    await world.authorize(asked)

    async def as_before(*_):
        return kept

    monkeypatch.setattr(world.logins, "pushed", as_before)
    assert (await world.authorize(asked)).kind is PageKind.BAD_REQUEST
    assert len(world.logins._under_way) == 1


async def test_where_nobody_has_to_choose_a_login_begins_by_one_write(world, monkeypatch):
    async def never(*_):
        raise AssertionError

    monkeypatch.setattr(world.logins, "choose", never)
    assert "code" in told(await world.login())
    world.providers = [world.bundid, world.muk]
    assert "code" in told(await world.login(provider="bundid", prompt="login"))


async def test_a_token_request_that_failed_for_the_database_may_be_repeated(world, monkeypatch):
    code, redeem = await world.code(), world.logins.redeem

    async def away(*_):
        raise DatabaseAway

    monkeypatch.setattr(world.logins, "redeem", away)
    with pytest.raises(DatabaseAway):
        await world.token(code)
    monkeypatch.setattr(world.logins, "redeem", redeem)
    tokens = (await world.token(code)).body
    assert (await world.userinfo(tokens["access_token"])).status == 200
