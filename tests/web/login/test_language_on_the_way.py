"""The language that a portal asked for is spoken on every page of a login, whatever the browser itself would like."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from gateway.errors import DatabaseAway
from tests.web.login.test_whole_flow import BASIC, browser, code_of, world  # noqa: F401 - fixtures

ACS = "/saml/tangerhuette/bundid/acs"
GERMAN = {"Accept-Language": "de"}
CROSS = {**GERMAN, "Sec-Fetch-Site": "cross-site"}


@pytest.fixture
async def ask(browser):  # noqa: F811 - the fixture above
    async def asked(address, **headers):
        return await browser.get(address, headers=GERMAN | headers)

    return asked


@pytest.fixture
async def begun(world, browser):  # noqa: F811 - the fixtures above
    """A login in English by somebody with a German browser, up to the identity provider; the way back from there."""

    async def begin(refused=None, **more):
        asked = dict(world.parameters(ui_locales="fr en-GB", **more))
        page = await browser.get("/oidc/authorize", params=asked, headers=GERMAN)
        assert page.headers["content-language"] == "en"
        kept = await browser.post(ACS, data=dict(world.bundid.answer(refused)), headers=GERMAN)
        return kept.headers["location"]

    return begin


def spoken(page):
    return page.headers["content-language"]


async def test_on_the_page_between_and_on_that_of_the_form_to_the_portal(ask, begun):
    back = await begun(response_mode="form_post")
    between = await ask(back, **CROSS)
    assert (spoken(between), "ui_locales=en" in between.text) == ("en", True)
    done = await ask(back)
    assert (done.status_code, spoken(done), "<form" in done.text) == (200, "en", True)
    assert spoken(await ask(back)) == "en", "the login is done"


@pytest.mark.parametrize("refused", [("cancelled", "status_cancelled"), ("failed", "signature_invalid")])
async def test_where_it_comes_to_nothing_and_once_more_after_that(ask, begun, refused):
    back = await begun(refused)
    pages = [await ask(back) for _ in range(2)]
    assert [(page.status_code, spoken(page)) for page in pages] == [(400, "en")] * 2


async def test_when_it_is_forgotten_or_the_database_is_away(world, ask, begun, monkeypatch):  # noqa: F811
    back = await begun()

    async def away(*_):
        raise DatabaseAway

    with monkeypatch.context() as patched:
        patched.setattr(world.logins, "under_way", away)
        page = await ask(back)
    assert (page.status_code, spoken(page)) == (503, "en")
    world.clock.advance(901)
    page = await ask(back)
    assert (page.status_code, spoken(page)) == (400, "en")


async def test_behind_the_links_of_the_chooser_too(world, ask):  # noqa: F811
    world.providers = [world.bundid, world.muk]
    step = await world.authorize(ui_locales="en")
    world.clock.advance(901)
    for offer in step.offers:
        page = await ask(offer.address)
        assert (page.status_code, spoken(page)) == (400, "en")


async def test_in_a_pushed_request_whose_answer_is_a_form(world, browser, ask):  # noqa: F811
    form = dict(world.parameters(ui_locales="en", response_mode="form_post", prompt="none"))
    uri = (await browser.post("/oidc/par", data=form, headers=BASIC)).json()["request_uri"]
    page = await ask(f"/oidc/authorize?{urlencode({'client_id': 'portal', 'request_uri': uri})}")
    assert (page.status_code, spoken(page), "login_required" in page.text) == (200, "en", True)


async def test_where_the_portal_asks_for_none_the_browser_says_which(world, browser, ask):  # noqa: F811
    await browser.get("/oidc/authorize", params=dict(world.parameters()))
    kept = await browser.post(ACS, data=dict(world.bundid.answer()))
    assert "ui_locales" not in kept.headers["location"]
    assert code_of(await browser.get(kept.headers["location"]))
    page = await browser.get("/oidc/continue?login=x", headers={"Accept-Language": "en"})
    assert spoken(page) == "en"
    assert spoken(await ask("/oidc/continue?login=x")) == "de"
