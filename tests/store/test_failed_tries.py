"""Guessing is bounded by address and client, for all processes together; whoever does not fail notices nothing."""

from __future__ import annotations

import base64
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from gateway.errors import DatabaseAway, TooManyRequests
from gateway.login import failed_tries
from gateway.login.failed_tries import FailedTries
from gateway.store.connection.database import numbered
from gateway.store.erasure import sweep as sweeping
from gateway.store.operation.allowances import StoredAllowances
from tests.login.federation_world import CALLBACK, STATE, TOWN, VERIFIER, World, s256

FEW = 10
HERE, THERE = "192.0.2.7", "192.0.2.8"
NETWORK, SAME_NETWORK, OTHER_NETWORK = "2001:db8:1:2::1", "2001:db8:1:2:ffff::2", "2001:db8:1:3::1"
WRONG = "falsches-geheimnis"


@pytest.fixture
def tries(store, clock, monkeypatch):
    """Makes what one process counts with."""
    monkeypatch.setattr(failed_tries, "PER_MINUTE", FEW)
    return lambda: FailedTries(clock, store.digest, StoredAllowances(store.database, clock, store.created_since))


@pytest.fixture
def world(clock, tries):
    return World(clock, tries=tries())


async def until_refused(act, most=3 * FEW):
    """How often something fails until nobody judges it any more."""
    for number in range(most):
        try:
            answer = await act()
        except TooManyRequests:
            return number
        assert answer.status in {400, 401}
    return None


async def test_wrong_secrets_are_bounded_and_the_right_one_waits_too(world, clock):
    bad = until_refused(lambda: world.token("c" * 43, secret=WRONG, address=HERE))
    assert await bad == FEW + 1
    code = await world.code()
    with pytest.raises(TooManyRequests) as refused:
        await world.token(code, address=HERE)
    assert 0 < refused.value.retry_after <= 60 / FEW + 1
    assert (await world.token(code, address=THERE)).status == 200, "nobody locks a portal out from elsewhere"
    clock.advance(seconds=60 / FEW + 1)
    assert (await world.token(await world.code(prompt="login"), address=HERE)).status == 200


async def test_another_client_at_the_same_address_goes_on(world):
    await until_refused(lambda: world.token("c" * 43, secret=WRONG, address=HERE))
    code = await world.code(client_id="second")
    assert (await world.token(code, client="second", address=HERE)).status == 200


async def test_codes_that_open_nothing_are_bounded(world):
    assert await until_refused(lambda: world.token("c" * 43, address=HERE)) == FEW + 1


async def test_a_verifier_that_does_not_fit_counts(world):
    async def guessed():
        return await world.token(await world.code(prompt="login"), address=HERE, code_verifier="w" * 50)

    assert await until_refused(guessed) == FEW + 1


async def test_tokens_that_open_nothing_are_bounded(world):
    token = (await world.token(await world.code())).body["access_token"]
    assert await until_refused(lambda: world.userinfo("t" * 43, address=HERE)) == FEW + 1
    with pytest.raises(TooManyRequests):
        await world.userinfo(token, address=HERE)
    assert (await world.userinfo(token, address=THERE)).status == 200


async def test_pushes_are_counted_as_at_the_token_endpoint(world):
    header = "Basic " + base64.b64encode(f"portal:{WRONG}".encode()).decode()
    wanted = {"response_type": "code", "redirect_uri": CALLBACK, "scope": "openid", "state": STATE}
    body = urlencode(wanted | {"code_challenge": s256(VERIFIER), "code_challenge_method": "S256"}).encode()
    assert await until_refused(lambda: world.federation.push(TOWN, header, body, None, HERE)) == FEW + 1
    with pytest.raises(TooManyRequests):
        await world.token("c" * 43, address=HERE)


async def test_what_succeeds_counts_for_nothing(world):
    for _ in range(2 * FEW):
        assert (await world.token(await world.code(prompt="login"), address=HERE)).status == 200
    faulty = await world.token("c" * 43, address=HERE, grant_type="password")
    assert faulty.body["error"] == "unsupported_grant_type"


async def test_two_processes_count_together(tries, clock):
    one, two = tries(), tries()
    whose = one.whose(HERE, "portal")
    for number in range(FEW):
        await (one, two)[number % 2].failed(whose)
    for each in (one, two):
        each.check(whose)
        await each.failed(whose)
        with pytest.raises(TooManyRequests):
            each.check(whose)
    clock.advance(seconds=60 / FEW + 1)
    one.check(whose)


async def test_an_address_counts_as_what_its_user_cannot_choose(tries):
    whose = tries().whose
    assert whose(NETWORK) == whose(SAME_NETWORK)
    assert whose(HERE) == whose(f"::ffff:{HERE}")
    assert len({whose(each) for each in (NETWORK, OTHER_NETWORK, HERE, THERE, "", "unix")}) == 6


async def test_an_address_has_so_many_counts_and_no_more(tries):
    whose = tries().whose
    assert len({whose(HERE, f"client-{number}") for number in range(5000)}) == 256
    assert whose(HERE, "\ud800")


async def test_no_row_holds_an_address_or_client_and_all_go_soon(store, clock, world):
    await world.token("c" * 43, secret=WRONG, address=HERE)
    rows = await store.database.rows(numbered("SELECT * FROM client_allowances"))
    assert len(rows) == 1
    for value in (HERE, "portal", WRONG):
        assert value not in str(rows)
    clock.at += sweeping.FAILURES + timedelta(seconds=1)
    await sweeping.sweep(store.database, clock.now())
    assert await store.database.rows(numbered("SELECT * FROM client_allowances")) == []


async def test_what_is_not_counted_is_not_answered(clock):
    class Away:
        async def failures(self, *_):
            raise DatabaseAway

    world = World(clock, tries=FailedTries(clock, lambda *parts: b"".join(parts), Away()))
    with pytest.raises(DatabaseAway):
        await world.token("c" * 43, secret=WRONG)


async def test_memory_is_bounded(clock, monkeypatch):
    class Full:
        async def failures(self, *_):
            return 5.0

    monkeypatch.setattr(failed_tries, "_REMEMBERED", 20)
    tries = FailedTries(clock, lambda *parts: b"".join(parts), Full())
    for number in range(50):
        await tries.failed(str(number))
    assert len(tries._refused) == 20
    clock.advance(seconds=6)
    await tries.failed("late")
    assert list(tries._refused) == ["late"]
