"""Access tokens: single flight, early renewal, refusal."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qs

import httpx
import pytest
import respx

from gateway.errors import CounterpartAway, CounterpartBusy, CounterpartGarbled, TokenRefused
from gateway.fitconnect.channel.flight import PATIENCE_S
from gateway.fitconnect.channel.tokens import AccessTokens
from gateway.ports.channel import LookUnderWay

URL = "https://auth.example/token"
AWAY = CounterpartAway(host="auth.example")


@pytest.fixture
def wire():
    with respx.mock(assert_all_called=False) as router:
        yield router


@pytest.fixture
def tokens(clock, routed):
    return AccessTokens(routed, URL, "town", lambda: "s3cr&t=ü", clock=clock, tick=clock.tick)


def granted(value="t1", expires_in=1800, kind="Bearer"):
    return httpx.Response(200, json={"access_token": value, "token_type": kind, "expires_in": expires_in})


async def test_the_secret_goes_in_the_form_and_no_scope_is_named(wire, tokens):
    route = wire.post(URL).mock(return_value=granted())
    assert await tokens.current() == "t1"
    request = route.calls.last.request
    assert parse_qs(request.content.decode()) == {
        "grant_type": ["client_credentials"],
        "client_id": ["town"],
        "client_secret": ["s3cr&t=ü"],
    }
    assert "authorization" not in request.headers


async def test_fifty_callers_at_once_make_one_request(wire, tokens):
    gate = asyncio.Event()

    async def answer(request):
        await gate.wait()
        return granted()

    route = wire.post(URL).mock(side_effect=answer)
    waiting = [asyncio.create_task(tokens.current()) for _ in range(50)]
    await asyncio.sleep(0)
    gate.set()
    assert set(await asyncio.gather(*waiting)) == {"t1"}
    assert route.call_count == 1


async def test_callers_who_wait_together_share_one_failure(wire, tokens):
    route = wire.post(URL).mock(return_value=httpx.Response(503))
    results = await asyncio.gather(*(tokens.current() for _ in range(20)), return_exceptions=True)
    assert all(isinstance(result, CounterpartBusy) for result in results)
    assert route.call_count == 1


async def test_a_cancelled_caller_leaves_the_others_their_token(wire, tokens):
    gate = asyncio.Event()

    async def answer(request):
        await gate.wait()
        return granted()

    route = wire.post(URL).mock(side_effect=answer)
    first, second = asyncio.create_task(tokens.current()), asyncio.create_task(tokens.current())
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    gate.set()
    assert await second == "t1"
    assert route.call_count == 1


async def test_who_comes_while_a_token_drips_goes_away_and_who_asked_gets_it(wire, tokens, clock):
    gate = asyncio.Event()

    async def answer(request):
        await gate.wait()
        return granted()

    route = wire.post(URL).mock(side_effect=answer)
    first = asyncio.create_task(tokens.current())
    await asyncio.sleep(0)
    clock.ticks += PATIENCE_S
    for _ in range(50):
        with pytest.raises(LookUnderWay):
            await asyncio.wait_for(tokens.current(), 5)
    gate.set()
    assert await first == "t1"
    assert await tokens.current() == "t1"
    assert route.call_count == 1


async def test_the_old_token_serves_everybody_while_a_renewal_drips(wire, tokens, clock):
    gate = asyncio.Event()

    async def answer(request):
        if route.call_count:
            await gate.wait()
        return granted(f"t{route.call_count + 1}")

    route = wire.post(URL).mock(side_effect=answer)
    await tokens.current()
    clock.ticks = 1500
    renews = asyncio.create_task(tokens.current())
    await asyncio.sleep(0)
    assert [await tokens.current() for _ in range(3)] == ["t1"] * 3
    gate.set()
    assert await renews == "t2"


async def test_a_token_is_kept_and_renewed_before_it_ends(wire, tokens, clock):
    route = wire.post(URL).mock(side_effect=[granted("t1"), granted("t2")])
    assert await tokens.current() == "t1"
    clock.ticks = 1439
    assert await tokens.current() == "t1"
    clock.ticks = 1441
    assert await tokens.current() == "t2"
    assert route.call_count == 2


async def test_the_old_token_serves_on_while_renewal_fails_and_not_longer(wire, tokens, clock):
    wire.post(URL).mock(side_effect=[granted("t1"), httpx.Response(503), AWAY, httpx.Response(503)])
    await tokens.current()
    clock.ticks = 1500
    assert await tokens.current() == "t1"
    assert await tokens.current() == "t1"
    clock.ticks = 1790
    with pytest.raises(CounterpartBusy):
        await tokens.current()


async def test_a_dropped_token_is_fetched_anew_and_a_newer_one_is_not_dropped(wire, tokens):
    route = wire.post(URL).mock(side_effect=[granted("t1"), granted("t2")])
    first = await tokens.current()
    tokens.drop(first)
    assert await tokens.current() == "t2"
    tokens.drop(first)
    assert await tokens.current() == "t2"
    assert route.call_count == 2


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_a_refused_client_is_the_operators_affair(wire, tokens, status):
    wire.post(URL).mock(return_value=httpx.Response(status, json={"error": "invalid_client"}))
    with pytest.raises(TokenRefused) as caught:
        await tokens.current()
    assert not caught.value.retry
    assert "s3cr" not in str(caught.value) + repr(caught.value.params)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, content=b"<html>"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={}),
        httpx.Response(200, json={"access_token": 7, "token_type": "Bearer"}),
        httpx.Response(200, json={"access_token": "a\r\nb: c", "token_type": "Bearer"}),
        httpx.Response(200, json={"access_token": "", "token_type": "Bearer"}),
        httpx.Response(200, json={"access_token": "a", "token_type": "mac"}),
        httpx.Response(200, json={"access_token": "a"}),
        httpx.Response(200, json={"access_token": "a", "token_type": "Bearer", "expires_in": "soon"}),
        httpx.Response(200, content=b'{"access_token":"a","token_type":"Bearer","expires_in":NaN}'),
        httpx.Response(200, content=b'{"access_token":"a","token_type":"Bearer","expires_in":Infinity}'),
        httpx.Response(200, content=b"x" * 70_000),
        httpx.Response(302, headers={"location": "https://evil.example"}),
    ],
)
async def test_an_answer_that_grants_nothing_readable_is_garbled(wire, tokens, answer):
    wire.post(URL).mock(return_value=answer)
    with pytest.raises(CounterpartGarbled):
        await tokens.current()


async def test_an_endpoint_away_is_tried_again_later(wire, tokens):
    wire.post(URL).mock(side_effect=AWAY)
    with pytest.raises(CounterpartAway) as caught:
        await tokens.current()
    assert caught.value.retry


async def test_a_lifetime_unsaid_is_taken_to_be_short(wire, tokens, clock):
    answer = httpx.Response(200, json={"access_token": "a", "token_type": "bearer"})
    route = wire.post(URL).mock(return_value=answer)
    await tokens.current()
    clock.ticks = 250
    await tokens.current()
    assert route.call_count == 2


@pytest.mark.parametrize("lifetime", ["1" + "0" * 400, "1e999", "-1", "NaN", '"1e999"', "null", "[]", "true1"])
async def test_a_lifetime_that_is_none_blames_the_counterpart(wire, tokens, lifetime):
    content = b'{"access_token":"t","token_type":"Bearer","expires_in":%b}' % lifetime.encode()
    wire.post(URL).mock(return_value=httpx.Response(200, content=content))
    with pytest.raises(CounterpartGarbled):
        await tokens.current()
