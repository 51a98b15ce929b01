"""What a stranger learns of a refusal: nothing. Status, headers and text are the same, whatever the cause was."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.login.federation_world import CALLBACK, TOWN, VERIFIER, World
from tests.web.login.test_whole_flow import BASIC, back_at_the_portal, browser, code_of, tokens, world  # noqa: F401

ACS = "/saml/tangerhuette/bundid/acs"
NOBODY = "A" * 43
OWN = {"x-request-id", "content-length", "date"}


def seen(answer: httpx.Response) -> tuple[int, dict[str, str], str]:
    """What of an answer could tell causes apart; the number of a page and the id of a request differ each time."""
    text = re.sub(r'class="number">[^<]+', "", answer.text)
    return answer.status_code, {name: value for name, value in answer.headers.items() if name not in OWN}, text


def stranger(known: httpx.AsyncClient) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=known._transport, base_url=TOWN.url)


@pytest.fixture
async def handles(world: World, browser: httpx.AsyncClient) -> dict[str, str]:  # noqa: F811 - the fixtures above
    """Handles of every fate, each one begun by a known browser."""
    await back_at_the_portal(world, browser)
    found = {"nobody's": NOBODY, "of another shape": "x", "used": world.bundid.asked[-1].relay_state}
    await browser.get("/oidc/authorize", params=dict(world.parameters(prompt="login")))
    found["waiting"] = world.bundid.asked[-1].relay_state
    await browser.get("/oidc/authorize", params=dict(world.parameters(prompt="login")))
    found["answered"] = world.bundid.asked[-1].relay_state
    await browser.post(ACS, data=dict(world.bundid.answer()))
    return found


async def test_logins_that_are_not_this_browsers(browser, handles):  # noqa: F811
    async with stranger(browser) as other:
        answers = [
            await other.get(path, params={"login": handle, "answer": NOBODY}, headers=cookie)
            for handle in handles.values()
            for path in ("/oidc/continue", "/oidc/login/bundid", "/oidc/login/nobody")
            for cookie in ({}, {"Cookie": f"__Host-login={NOBODY}"})
        ]
    assert len({repr(seen(answer)) for answer in answers}) == 1
    assert answers[0].status_code == 400


async def test_answers_to_no_login(world, browser, handles):  # noqa: F811
    async with stranger(browser) as other:
        forms = [
            {"SAMLResponse": "x", "RelayState": handles[fate]} for fate in ("nobody's", "of another shape", "used")
        ]
        forms += [
            {"SAMLResponse": "x"},
            {"RelayState": NOBODY},
            {},
            {"SAMLResponse": "A" * 600_000, "RelayState": NOBODY},
        ]
        answers = [await other.post(ACS, data=form) for form in forms]
        at_another = {"SAMLResponse": "x", "RelayState": handles["waiting"]}
        answers.append(await other.post(ACS.replace("bundid", "nobody"), data=at_another))
        world.clock.advance(901)
        answers.append(await other.post(ACS, data={"SAMLResponse": "x", "RelayState": handles["waiting"]}))
    assert len({repr(seen(answer)) for answer in answers}) == 1


async def test_answers_that_are_no_good(world, browser):  # noqa: F811
    """The answer to another request, a forgery, a test account, a provider switched off: one page."""
    answers = []
    for reason in ("signature_invalid", "test_account", "decryption_failed", "audience", "switched off"):
        await browser.get("/oidc/authorize", params=dict(world.parameters(prompt="login")))
        kept = await browser.post(ACS, data=dict(world.bundid.answer(refused=("failed", reason))))
        world.bundid.enabled = reason != "switched off"
        answers.append(await browser.get(kept.headers["location"]))
    assert len({repr(seen(answer)) for answer in answers}) == 1


async def test_codes_that_open_nothing(world, browser):  # noqa: F811
    good = {"grant_type": "authorization_code", "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    used = code_of(await back_at_the_portal(world, browser))
    await tokens(browser, used)

    async def fresh() -> str:
        return code_of(await back_at_the_portal(world, browser, prompt="login"))

    forms = [
        {**good, "code": NOBODY},
        {**good, "code": used},
        {**good, "code": "\0"},
        {**good, "code": "x" * 5_000},
        {**good, "code": await fresh(), "code_verifier": "w" * 50},
        {**good, "code": await fresh(), "redirect_uri": "https://evil.example/"},
        {**good, "code": await fresh(), "late": "yes"},
    ]
    answers = []
    for form in forms:
        world.clock.advance(61 if form.pop("late", "") else 0)
        answers.append(await browser.post("/oidc/token", data=form, headers=BASIC))
    assert len({repr(seen(answer)) for answer in answers}) == 1
    assert answers[0].json()["error"] == "invalid_grant"
