"""The collector and its token endpoint when they answer what they please: each answer is one of our errors."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from gateway.catalogue.pushing import collector as room
from gateway.catalogue.pushing.collector import OAuthCollector
from gateway.catalogue.pushing.push import LEASE
from gateway.errors import CounterpartAway, CounterpartBusy, CounterpartGarbled, CounterpartRefused, TokenRefused
from gateway.outbound.client import Policy
from gateway.outbound.oauth2_client import GRANT, AsyncOAuth2Client, oauth2_client

GOOD = {"access_token": "abc.DEF-1", "token_type": "Bearer", "expires_in": 3600}
TOKEN_URL, ADDRESS = "https://login.example/token", "https://sammler.example/xzufi"


class StillClock:
    """A clock that stands until it is moved."""

    def __init__(self):
        self.at = datetime(2026, 4, 3, 12, 0, tzinfo=UTC)

    def now(self):
        return self.at


class Counterpart:
    """Both of them: `tokens` are the answers of the endpoint, the last for ever; `statuses` those of the collector."""

    def __init__(self, *tokens, statuses=(202,)):
        self.tokens, self.statuses, self.calls, self.shown = list(tokens), list(statuses), [], []
        self.clock = StillClock()

    async def __call__(self, request):
        to_login = request.url.host == "login.example"
        self.calls.append("token" if to_login else "send")
        if not to_login:
            self.shown.append(request.headers.get("authorization"))
            return httpx.Response(self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0])
        answer = self.tokens.pop(0) if len(self.tokens) > 1 else self.tokens[0]
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, json=answer)

    def collector(self):
        client = AsyncOAuth2Client(
            "id", "secret", token_endpoint=TOKEN_URL, grant_type=GRANT, transport=httpx.MockTransport(self)
        )
        return OAuthCollector(client, ADDRESS, self.clock)


def raw(text, status=200, **headers):
    return httpx.Response(status, content=text, headers=headers)


BAD = [
    (raw(b"<html>Wartung</html>"), CounterpartGarbled),
    (raw(b""), CounterpartGarbled),
    (raw(b"\xff\xfe\x00"), CounterpartGarbled),
    (raw(b"[" * 100_000), CounterpartGarbled),
    (raw(b'["error"]'), CounterpartGarbled),
    (raw(b'"error"'), CounterpartGarbled),
    (raw(b"17"), CounterpartGarbled),
    (raw(b'{"access_token":"a","token_type":"Bearer","expires_in":1e999}'), CounterpartGarbled),
    (raw(b'{"access_token":"a","token_type":"Bearer","expires_at":Infinity}'), CounterpartGarbled),
    ({**GOOD, "expires_in": "bald"}, CounterpartGarbled),
    ({**GOOD, "expires_in": ["x"]}, CounterpartGarbled),
    ({**GOOD, "access_token": 17}, CounterpartGarbled),
    ({**GOOD, "access_token": ""}, CounterpartGarbled),
    ({**GOOD, "access_token": "a\x00b"}, CounterpartGarbled),
    ({**GOOD, "access_token": "a\r\nX-Other: b"}, CounterpartGarbled),
    ({**GOOD, "access_token": "übel"}, CounterpartGarbled),
    ({**GOOD, "access_token": "a" * 100_000}, CounterpartGarbled),
    ({**GOOD, "token_type": 17}, CounterpartGarbled),
    ({**GOOD, "token_type": "mac"}, CounterpartGarbled),
    ({"error": "invalid_client"}, TokenRefused),
    (raw(b"", 302, location="https://elsewhere.example/"), CounterpartGarbled),
    (raw(json.dumps(GOOD).encode(), 302), CounterpartGarbled),
    (raw(b"<html>Nein</html>", 401), TokenRefused),
    (raw(b'{"error":"invalid_client"}', 401), TokenRefused),
    (raw(b'{"error":"unauthorized_client"}', 400), TokenRefused),
    (raw(b"<html>Nein</html>", 400), TokenRefused),
    (raw(b"{}", 403), CounterpartGarbled),
    (raw(b'{"error":"slow_down"}', 429, **{"retry-after": "120"}), CounterpartBusy),
    (raw(b"", 503, **{"retry-after": "-1"}), CounterpartBusy),
]


@pytest.mark.parametrize(("answer", "error"), BAD)
async def test_whatever_the_endpoint_answers_is_an_error_of_ours(answer, error):
    there = Counterpart(answer)
    with pytest.raises(error):
        await there.collector().send(b"<x/>")
    assert there.calls == ["token"]


@pytest.mark.parametrize(("answer", "error"), BAD)
async def test_so_is_what_it_answers_when_a_token_is_renewed(answer, error):
    there = Counterpart(GOOD, answer)
    collector = there.collector()
    await collector.send(b"<x/>")
    there.clock.at += timedelta(hours=1)
    with pytest.raises(error):
        await collector.send(b"<x/>")
    assert there.calls == ["token", "send", "token"]


@pytest.mark.parametrize("life", [1, 0, -1, True, None, 10**30, 3.5])
async def test_a_token_of_any_life_is_shown_at_least_once(life):
    there = Counterpart({**GOOD, "expires_in": life, "refresh_token": "r"})
    await there.collector().send(b"<x/>")
    assert (there.calls, there.shown) == (["token", "send"], ["Bearer abc.DEF-1"])


async def test_a_token_serves_until_a_minute_before_its_end():
    there = Counterpart(GOOD)
    collector = there.collector()
    for minutes in (0, 58, 1):
        there.clock.at += timedelta(minutes=minutes)
        await collector.send(b"<x/>")
    assert there.calls == ["token", "send", "send", "token", "send"]


async def test_a_collector_that_refuses_every_token_is_asked_twice():
    there = Counterpart(GOOD, statuses=[401])
    with pytest.raises(CounterpartRefused):
        await there.collector().send(b"<x/>")
    assert there.calls == ["token", "send", "token", "send"]


async def test_no_cookie_of_theirs_is_kept():
    request = httpx.Request("POST", TOKEN_URL)
    answer = httpx.Response(200, headers=[("set-cookie", "a=1"), ("set-cookie", "b=2; Path=/")], request=request)
    async with oauth2_client(Policy(user_agent="test"), TOKEN_URL, "id", "secret", call="catalogue.push") as client:
        client.cookies.extract_cookies(answer)
        assert list(client.cookies.jar) == []


async def test_one_that_never_comes_to_an_end_is_away(monkeypatch):
    assert timedelta(seconds=room.PATIENCE_S) < LEASE
    monkeypatch.setattr(room, "PATIENCE_S", 0.0)

    class Endless(Counterpart):
        async def __call__(self, request):
            await asyncio.Event().wait()

    with pytest.raises(CounterpartAway):
        await Endless().collector().send(b"<x/>")
