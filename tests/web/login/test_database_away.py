"""A database that does not answer at one step of a login: told as such, nothing half done, the same request goes on."""

from __future__ import annotations

import inspect

import httpx
import pytest
from lxml import html

from gateway.errors import DatabaseAway
from gateway.store.memory.logins import MemoryLoginStore
from tests.login.federation_world import Clock, Random, World
from tests.web.login.test_whole_flow import BASIC, CALLBACK, VERIFIER, browser, code_of  # noqa: F401 - a fixture

STEPS = (
    "push", "pushed", "subject_key", "begin", "choose", "keep_answer", "under_way", "finish", "session", "login",
    "code", "redeem", "token",
)  # fmt: skip
PUSHED = {"push", "pushed"}


class Unsteady:
    """Fails once, at the method that `away` names."""

    def __init__(self, inner):
        self._inner, self.away = inner, ""

    def __getattr__(self, name):
        method = getattr(self._inner, name)

        async def asked(*args, **kwargs):
            if name == self.away:
                self.away = ""
                raise DatabaseAway
            return await method(*args, **kwargs)

        return asked if inspect.iscoroutinefunction(method) else method


@pytest.fixture
def world():
    clock = Clock()
    return World(clock, Unsteady(MemoryLoginStore(clock, Random())))


class Person:
    """Asks once more where the database was away, as a person or a portal does."""

    def __init__(self, browser):  # noqa: F811 - the fixture above
        self.browser, self.told = browser, []

    async def ask(self, method, address, **more) -> httpx.Response:
        answer = await self.browser.request(method, address, **more)
        if answer.status_code == 503:
            self.told.append(answer)
            answer = await self.browser.request(method, address, **more)
        return answer


async def asked(world, person, *, pushed, **more):
    """The portal's request by the browser."""
    parameters = dict(world.parameters(**more))
    if pushed:
        name = (await person.ask("POST", "/oidc/par", data=parameters, headers=BASIC)).json()["request_uri"]
        parameters = {"client_id": "portal", "request_uri": name}
    return await person.ask("GET", "/oidc/authorize", params=parameters)


async def whole_way(world, person, *, pushed=False, chooser=False):
    """From the portal's request to userinfo and once more by the session; the two answers of userinfo."""
    page = await asked(world, person, pushed=pushed, prompt="select_account" if chooser else None)
    if chooser:
        page = await person.ask("GET", html.fromstring(page.text).xpath("//section//a/@href")[0])
    assert page.status_code == 200, page.text
    kept = await person.ask("POST", "/saml/tangerhuette/bundid/acs", data=dict(world.bundid.answer()))
    first = code_of(await person.ask("GET", kept.headers["location"]))
    second = code_of(await asked(world, person, pushed=pushed, prompt="none"))
    return [await who(person, code) for code in (first, second)]


async def who(person, code):
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    tokens = await person.ask("POST", "/oidc/token", data=form, headers=BASIC)
    assert tokens.status_code == 200, tokens.text
    bearer = {"Authorization": f"Bearer {tokens.json()['access_token']}"}
    return (await person.ask("GET", "/oidc/userinfo", headers=bearer)).json()


@pytest.mark.parametrize(
    ("step", "pushed"), [*((step, step in PUSHED) for step in STEPS), ("begin", True), ("finish", True)]
)
async def test_a_step_without_a_database_is_told_and_may_be_done_again(world, browser, step, pushed):  # noqa: F811 - the fixture
    person = Person(browser)
    world.logins.away = step
    first, second = await whole_way(world, person, pushed=pushed, chooser=step == "choose")
    assert first == second
    assert first["family_name"] == "Müller-Lüdenscheidt"
    (told,) = person.told
    if told.headers["content-type"].startswith("text/html"):
        assert html.fromstring(told.text).xpath("//h1")
    else:
        assert told.json()["code"] == "database_away"
    assert "set-cookie" not in told.headers
