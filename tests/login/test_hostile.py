"""Whatever a browser sends: an answer, never an exception, and nowhere that is not registered."""

from __future__ import annotations

import random
from urllib.parse import urlencode

import pytest

from gateway.login.steps import AskToSignOut, BrowserCookies, Choose, GoToProvider, PostToPortal, Redirect, Show
from tests.login.federation_world import CALLBACK, TOWN, World

PIECES = [
    "", "x", "portal", "second", CALLBACK, "https://evil.example", "openid", "none", "login", "S256", "code", "query",
    "form_post", "0", "-1", "9" * 400, "\0", "\r\n", "ä" * 50, "\ud800", "\uffff", "{}", '{"userinfo":{"a":{}}}', "[[",
    '{"id_token":{"acr":{"essential":true,"values":[1,null,{}]}}}', '{"id_token":{"sub":{"value":[]}}}', "a.b.c",
    "eyJhbGciOiJub25lIn0.e30.", "urn:ietf:params:oauth:request_uri:x", "x" * 43, "A" * 43, "%00", "<script>", "null",
    '{"userinfo":[]}', '{"id_token":{"acr":[]}}', '{"userinfo":{"\\ud800":null}}', "x" * 9000,
    '{"userinfo":{"verified_claims":[{"verification":{"trust_framework":{"values":3}},"claims":{"x":{}}},null,[]]}}',
    '{"userinfo":{"verified_claims":{"verification":{"evidence":[[{"value":{}}]]},"claims":[]}}}',
]  # fmt: skip
NAMES = [
    "client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "prompt", "max_age", "claims",
    "acr_values", "id_token_hint", "login_hint", "ui_locales", "provider", "request_uri", "response_mode",
    "code_challenge", "code_challenge_method", "post_logout_redirect_uri", "confirm", "login", "SAMLResponse",
    "RelayState", "\ud800", "",
]  # fmt: skip


def hostile(seed: int, world: World) -> list[tuple[str, str]]:
    dice = random.Random(seed)
    parameters = world.parameters() if dice.random() < 0.7 else []
    for _ in range(dice.randrange(1, 4)):
        pair = (dice.choice(NAMES), dice.choice(PIECES))
        if dice.random() < 0.7:
            parameters = [each for each in parameters if each[0] != pair[0]]
        parameters.append(pair)
    return parameters


@pytest.mark.parametrize("start", range(0, 400, 100))
async def test_no_request_is_an_exception_or_leads_elsewhere(start):
    world = World()
    await world.login()
    for seed in range(start, start + 100):
        asked = hostile(seed, world)
        for cookies in (BrowserCookies(), world.cookies, BrowserCookies(login="\ud800", session="\ud800")):
            steps = [
                await world.federation.authorize(TOWN, asked, cookies, "\ud800"),
                await world.federation.logout(TOWN, asked, cookies),
                await world.federation.answered(TOWN.municipality, "bundid", asked),
                await world.federation.finish(TOWN, asked[-1][1], asked[0][1], cookies),
                await world.federation.choose(TOWN, asked[-1][1], asked[0][1], cookies),
            ]
            for step in steps:
                leads_home(step)
        answer = await world.federation.userinfo(TOWN, [asked[-1][1]], asked)
        assert answer.status == 401
        body = urlencode([(n.encode("utf-8", "replace"), v.encode("utf-8", "replace")) for n, v in asked]).encode()
        assert (await world.federation.push(TOWN, asked[-1][1], body[:16_000])).status in {400, 401}


def leads_home(step) -> None:
    if isinstance(step, Redirect):
        assert step.location.startswith((f"{CALLBACK}?", f"{TOWN.url}/oidc/"))
        assert step.location.isascii()
        assert step.location.isprintable()
    elif isinstance(step, PostToPortal):
        assert step.address == CALLBACK
    elif isinstance(step, AskToSignOut):
        assert step.address.startswith(f"{TOWN.url}/oidc/logout?")
    elif isinstance(step, Show):
        assert step.way_back is None or step.way_back.startswith(f"{CALLBACK}?")
    else:
        assert isinstance(step, Choose | GoToProvider)
