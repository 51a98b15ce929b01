"""Chromium, and three sites for it: the gateway, an identity provider and a portal, each under a name of its own.

One server answers for all three; `--host-resolver-rules` leads their names to it. The gateway's flow of logins is the
fake of `tests/web/login`; the identity provider posts an answer to where it was told, the portal says what it got.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl

import pytest
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from gateway.login.steps import BrowserCookies, GoToProvider, PageKind, PostToPortal, Redirect, SetCookies, Show
from gateway.ports.identity import ProviderStep
from gateway.web.pages.appearance import Logo
from tests.browser.places import Places, opened
from tests.images import png
from tests.web.login.conftest import ASK, CHOOSE, FakeFlow, LoginWorld, logins
from tests.web.test_over_the_wire import served

GATEWAY, IDP, PORTAL = "http://gateway.tangerhuette.example", "http://idp.bund.example", "http://portal.kommune.example"
ELSEWHERE = "http://konto.elsewhere.example"
"""Where an identity provider, or a portal, leads on to."""
AXE = Path(__file__).parents[2] / "build/browser/package/axe.min.js"
WAY_OUT = "make browser installs it where it may (tests/browser/prepare)"


@pytest.fixture(scope="session")
def chromium() -> str:
    found = shutil.which("chromium")
    if found is None:
        pytest.skip(f"Debian's chromium is not installed: {WAY_OUT}")
    pytest.importorskip("playwright.async_api", reason=f"playwright is not installed: {WAY_OUT}")
    return found


@pytest.fixture(scope="session")
def axe() -> str:
    if not AXE.is_file():
        pytest.skip(f"axe-core is not there: {WAY_OUT}")
    return AXE.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def all_places(chromium: str, postgres_server: str) -> Iterator[Places]:
    """Real processes; they start once, when the first test asks."""
    with opened(postgres_server) as it:
        yield it


@pytest.fixture
def places(all_places: Places) -> Places:
    """The same, without a login of an earlier test."""
    all_places.ask("one")
    all_places.forget()
    return all_places


@dataclass
class BrowserFlow(FakeFlow):
    """A login as far as a browser sees it: a cookie, the identity provider and back, a code at the portal."""

    steps: dict[str, Any] = field(default_factory=dict)
    by: list[tuple[str, BrowserCookies]] = field(default_factory=list)

    async def authorize(self, issuer, parameters, cookies, address):
        wanted = self.steps[dict(parameters).get("step", "go")]
        return replace(wanted, cookies=SetCookies(login="browser-of-this-test"))

    async def choose(self, issuer, handle, provider, cookies):
        self.by.append(("choose", cookies))
        return self.steps["go"]

    async def answered(self, municipality, provider, form):
        self.asked.append(("answered", dict(form)))
        return Redirect(f"{GATEWAY}/oidc/continue?login={dict(form)['RelayState']}&answer=proof")

    async def finish(self, issuer, handle, proof, cookies):
        assert proof == "proof"
        self.by.append(("finish", cookies))
        return Redirect(f"{PORTAL}/callback?code=c")


@dataclass
class Sites:
    """All of them as one app. `posted` holds what the identity provider and the portal got, with `Origin`.

    `asks_at`: the site to which both lead on, where it is another one.
    """

    login: LoginWorld
    asks_at: str = ""
    posted: list[tuple[str, str | None, dict[str, str]]] = field(default_factory=list)

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self.login.app(scope, receive, send)
            return
        request = Request(scope, receive)
        host = request.headers["host"]
        if f"http://{host}" == GATEWAY:
            await self.login.app(scope, receive, send)
        else:
            answer = await (self._idp if f"http://{host}" in {IDP, ELSEWHERE} else self._portal)(request)
            await answer(scope, receive, send)

    async def _idp(self, request: Request) -> Response:
        if request.method == "POST":
            fields = dict(parse_qsl((await request.body()).decode()))
            self.posted.append(("idp", request.headers.get("origin"), fields))
            return Response(status_code=302, headers={"Location": f"{self.asks_at}/login?state={fields['RelayState']}"})
        state = escape(request.query_params.get("state", ""))
        return HTMLResponse(
            f'<form method="post" action="{GATEWAY}/saml/tangerhuette/bundid/acs">'
            '<input type="hidden" name="SAMLResponse" value="x">'
            f'<input type="hidden" name="RelayState" value="{state}">'
            "<button>Anmelden</button></form>",
            headers={"Content-Security-Policy": f"form-action {GATEWAY}/saml/tangerhuette/bundid/acs"},
        )

    async def _portal(self, request: Request) -> Response:
        if request.method == "POST":
            fields = dict(parse_qsl((await request.body()).decode()))
            self.posted.append(("portal", request.headers.get("origin"), fields))
            if self.asks_at:
                return Response(status_code=303, headers={"Location": f"{self.asks_at}/login"})
        return HTMLResponse(f'<h1>Portal</h1><a href="{GATEWAY}/oidc/authorize">Anmelden</a>')


@dataclass
class Chromium:
    """A browser with one page, in front of the three sites. `said` holds what its console complained of."""

    page: Any
    sites: Sites
    flow: BrowserFlow
    said: list[str]


@asynccontextmanager
async def browsing(chromium: str, **options: Any):
    from playwright.async_api import async_playwright  # noqa: PLC0415 - not installed everywhere

    flow = BrowserFlow()
    login = logins(
        GATEWAY,
        logo=Logo.of(png(1200, 300), 1200, 300),
        imprint_url=f"{ELSEWHERE}/imprint",
        privacy_url=f"{ELSEWHERE}/privacy",
    )
    object.__setattr__(login.app.state.dependencies.login, "federation", flow)
    go = GoToProvider("bundid", ProviderStep(f"{IDP}/sso", {"SAMLRequest": "r", "RelayState": "HHH"}), "de")
    flow.steps = {
        "go": replace(go, display_name="BundID"),
        "choose": CHOOSE,
        "ask": ASK,
        "signed_in": PostToPortal(f"{PORTAL}/callback", {"code": "c"}),
        "refused": PostToPortal(f"{PORTAL}/callback", {"error": "login_required"}),
        **{kind.value: Show(kind, "K7F3-2M9Q", "de", f"{PORTAL}/callback?error=access_denied") for kind in PageKind},
    }
    sites = Sites(login)
    async with served(SimpleNamespace(app=sites)) as port, async_playwright() as playwright:
        names = f"{GATEWAY},{IDP},{PORTAL},{ELSEWHERE}"
        rules = ",".join(f"MAP {name.removeprefix('http://')}:80 127.0.0.1:{port}" for name in names.split(","))
        arguments = [
            "--no-sandbox",
            f"--host-resolver-rules={rules}",
            "--disable-features=HttpsUpgrades",
            f"--unsafely-treat-insecure-origin-as-secure={names}",  # as with https: Sec-Fetch-Site
        ]
        browser = await playwright.chromium.launch(executable_path=chromium, args=arguments)
        try:
            page = await (await browser.new_context(**options)).new_page()
            said: list[str] = []
            page.on("console", lambda message: said.append(message.text))
            page.on("pageerror", lambda error: said.append(str(error)))
            yield Chromium(page, sites, flow, said)
        finally:
            await browser.close()
