"""The app with a flow of logins that answers whatever step a test wants, and notes what it was asked."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest

from gateway.login.provider import OAuthAnswer, Provider
from gateway.login.steps import (
    AskToSignOut,
    Choose,
    GoToProvider,
    Offer,
    PageKind,
    PostToPortal,
    Redirect,
    SetCookies,
    Show,
    Step,
)
from gateway.login.tokens import Issuer
from gateway.ports.identity import ProviderStep
from gateway.web.app import create_app
from gateway.web.login.flow import LoginDependencies
from gateway.web.pages.appearance import Appearance
from tests.logins import UsedInMemory
from tests.web.conftest import ARS, HOST, OTHER_ARS, World, build, municipality

HOSTILE = "<script>alert(1)</script>\"'&{{ 7*7 }} Öffentlich-rechtliches Nutzungskonto"
IDP = "https://int.id.bund.example/idp/profile/SAML2/POST/SSO?entity=a;b"
BACK = "https://portal.example/cb?error=access_denied&state=a%22b&iss=https%3A%2F%2Fgateway.tangerhuette.example"
GO = GoToProvider(
    "bundid", ProviderStep(IDP, {"SAMLRequest": 'PD94"<>&', "RelayState": "h" * 43}), "de", display_name="BundID"
)
CHOOSE = Choose(
    ARS,
    (
        Offer("bundid", "BundID", "person", "/oidc/login/bundid?login=" + "h" * 43),
        Offer("muk", "Mein Unternehmenskonto", "organisation", "/oidc/login/muk?login=" + "h" * 43),
    ),
    BACK,
    "de",
)
POST = PostToPortal("https://portal.example/cb", {"code": "c" * 43, "state": HOSTILE})
ASK = AskToSignOut("https://gateway.tangerhuette.example/oidc/logout?confirm=" + "p" * 43, "de")
SHOWN = [Show(kind, "K7F3-2M9Q", "de", BACK) for kind in PageKind]


@dataclass
class FakeFlow:
    """Answers `step`, or raises `failure`; `asked` holds the name and arguments of each question."""

    step: Step = field(default_factory=lambda: SHOWN[0])
    failure: Exception | None = None
    told: OAuthAnswer = field(default_factory=lambda: OAuthAnswer(200, {"sub": "x"}, {"WWW-Authenticate": "Bearer"}))
    asked: list[tuple[Any, ...]] = field(default_factory=list)

    def _step(self, *asked: Any) -> Step:
        self.asked.append(asked)
        if self.failure:
            raise self.failure
        return self.step

    async def authorize(self, *asked: Any) -> Step:
        return self._step("authorize", *asked)

    async def choose(self, *asked: Any) -> Step:
        return self._step("choose", *asked)

    async def answered(self, *asked: Any) -> Step:
        return self._step("answered", *asked)

    async def finish(self, *asked: Any) -> Step:
        return self._step("finish", *asked)

    async def logout(self, *asked: Any) -> Step:
        return self._step("logout", *asked)

    async def push(self, *asked: Any) -> OAuthAnswer:
        self._step("push", *asked)
        return self.told

    async def userinfo(self, *asked: Any) -> OAuthAnswer:
        self._step("userinfo", *asked)
        return self.told


class FakeProvider:
    def metadata(self) -> bytes:
        return b"<EntityDescriptor/>"


UNSET: Any = object()


@dataclass
class LoginWorld:
    world: World
    flow: FakeFlow
    app: Any

    @asynccontextmanager
    async def browser(self, base: str = HOST, **headers: str):
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url=base, headers=headers) as it:
            yield it

    async def shown(self, step: Step, **headers: str) -> httpx.Response:
        """The answer to an authorization request whose step that is."""
        self.flow.step = step
        async with self.browser(**headers) as browser:
            return await browser.get("/oidc/authorize?client_id=portal")


def logins(
    url: str = HOST,
    name: str = "Einheitsgemeinde Stadt Tangerhütte",
    flow: FakeFlow | None = UNSET,
    **shown: Any,
) -> LoginWorld:
    world, flow = build(), FakeFlow() if flow is UNSET else flow
    provider = Provider(
        issuers=(Issuer(url, ARS), Issuer("https://gateway.stendal.example", OTHER_ARS)),
        registry=world.parts.provider._registry,
        key=world.parts.provider._tokens._key,
        clock=world.clock,
        new_id=lambda: "id",
        used=UsedInMemory(),
    )
    towns = (replace(municipality("tangerhuette", ARS, url, "*"), name=name), world.parts.municipalities[1])
    found = {("tangerhuette", "bundid"): FakeProvider()}
    login = LoginDependencies(flow, lambda slug, each: found.get((slug, each)))
    appearances = {ARS: Appearance(**shown)}
    return LoginWorld(
        world,
        flow,
        create_app(replace(world.parts, provider=provider, municipalities=towns, login=login, appearances=appearances)),
    )


@pytest.fixture
def login() -> LoginWorld:
    return logins()


def with_cookies(step: Redirect, **cookies: str) -> Redirect:
    return replace(step, cookies=SetCookies(**cookies))
