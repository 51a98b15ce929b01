"""A login from the portal's link to userinfo and sign-out, by the addresses as browsers and portals ask them."""

from __future__ import annotations

import base64
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from lxml import html

from gateway.web.app import create_app
from gateway.web.login.flow import LoginDependencies
from tests.login.federation_world import CALLBACK, SECRET, TOWN, VERIFIER, World
from tests.web.conftest import build, municipality

BASIC = {"Authorization": "Basic " + base64.b64encode(f"portal:{SECRET}".encode()).decode()}


@pytest.fixture
def world():
    return World()


@pytest.fixture
async def browser(world):
    town = municipality("tangerhuette", TOWN.municipality, TOWN.url, "*")
    parts = replace(
        build().parts,
        provider=world.provider,
        municipalities=(town,),
        login=LoginDependencies(world.federation, lambda _slug, _name: None),
    )
    transport = httpx.ASGITransport(create_app(parts), raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url=TOWN.url) as it:
        yield it


def form_of(page: httpx.Response) -> tuple[str, dict[str, str]]:
    (form,) = html.fromstring(page.text).xpath("//form")
    return form.get("action"), {each.get("name"): each.get("value") for each in form.xpath(".//input")}


async def back_at_the_portal(world, browser, **more):
    page = await browser.get("/oidc/authorize", params=dict(world.parameters(**more)))
    assert page.status_code == 200, page.text
    address, fields = form_of(page)
    assert address == "https://idp.example/sso"
    assert fields["RelayState"] == world.bundid.asked[-1].relay_state
    foreign = httpx.AsyncClient(transport=browser._transport, base_url=TOWN.url)  # a cross-site POST has no cookie
    kept = await foreign.post("/saml/tangerhuette/bundid/acs", data=dict(world.bundid.answer()))
    assert kept.status_code == 303
    return await browser.get(kept.headers["location"])


def code_of(answer: httpx.Response) -> str:
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"].startswith(f"{CALLBACK}?code=")
    return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]


async def tokens(browser, code: str) -> dict:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    answer = await browser.post("/oidc/token", data=form, headers=BASIC)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_somebody_logs_in_by_browser_and_signs_out(world, browser):
    given = await tokens(browser, code_of(await back_at_the_portal(world, browser)))
    bearer = {"Authorization": f"Bearer {given['access_token']}"}
    told = await browser.get("/oidc/userinfo", headers=bearer)
    assert told.json()["family_name"] == "Müller-Lüdenscheidt"
    assert (await browser.post("/oidc/userinfo", data={"access_token": given["access_token"]})).json() == told.json()
    again = await browser.get("/oidc/authorize", params=dict(world.parameters(prompt="none")))
    assert code_of(again)
    bye = "https://portal.example/bye"
    asked = await browser.get("/oidc/logout", params={"client_id": "portal", "post_logout_redirect_uri": bye})
    assert asked.status_code == 200
    (link,) = html.fromstring(asked.text).xpath("//main//a/@href")
    done = await browser.get(link)
    assert (done.status_code, done.headers["location"]) == (303, bye)
    refused = await browser.get("/oidc/authorize", params=dict(world.parameters(prompt="none")))
    assert parse_qs(urlsplit(refused.headers["location"]).query)["error"] == ["login_required"]


async def test_a_login_by_form_and_by_a_pushed_request(world, browser):
    pushed = await browser.post("/oidc/par", data=dict(world.parameters()), headers=BASIC)
    assert pushed.status_code == 201
    asked = {"client_id": "portal", "request_uri": pushed.json()["request_uri"]}
    again = await browser.post("/oidc/authorize", data=asked)
    assert again.status_code == 303
    page = await browser.get(again.headers["location"])
    assert form_of(page)[0] == "https://idp.example/sso"


async def test_the_end_of_a_login_is_a_page_with_the_way_back_and_its_number(world, browser):
    await browser.get("/oidc/authorize", params=dict(world.parameters()))
    kept = await browser.post(
        "/saml/tangerhuette/bundid/acs", data=dict(world.bundid.answer(refused=("cancelled", "cancelled")))
    )
    page = await browser.get(kept.headers["location"])
    assert page.status_code == 400
    (link,) = html.fromstring(page.text).xpath("//main//a/@href")
    assert link.startswith(f"{CALLBACK}?error=access_denied")


async def test_discovery_leads_to_addresses_that_are_there(world, browser):
    said = (await browser.get("/.well-known/openid-configuration")).json()
    for name in ("authorization", "userinfo", "end_session", "token", "pushed_authorization_request"):
        answer = await browser.get(said[f"{name}_endpoint"])
        assert answer.status_code != 404, name
    assert {each["alg"] for each in (await browser.get(said["jwks_uri"])).json()["keys"]} >= {"RS256"}
