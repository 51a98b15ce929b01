"""Pages of a login that are loaded again once it is done: the browser that finished it is told so, no other one is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from gateway.login.clients import Registry
from gateway.login.steps import BrowserCookies, GoToProvider, PageKind
from tests.login.federation_world import APP, LINK, LOOPBACK, OTHER, TOWN, World, clients


@pytest.fixture
def world():
    return World()


async def finished(world, **more):
    """The address that ended a login, and its handle."""
    assert isinstance(await world.authorize(**more), GoToProvider)
    kept = await world.answered()
    await world.finish(kept)
    return kept, world.bundid.asked[-1].relay_state


@pytest.mark.parametrize("mode", ["query", "form_post"])
async def test_who_loads_the_last_page_again_is_led_to_the_portal_and_gets_no_code(world, mode):
    kept, _ = await finished(world, response_mode=mode, ui_locales="en")
    codes = len(world.logins._codes)
    with capture_logs() as lines:
        for _ in range(2):
            step = await world.finish(kept)
            assert (step.kind, step.status, step.language) == (PageKind.DONE, 200, "en")
            assert (step.way_back, step.number) == ("https://portal.example/", "")
    assert (len(world.logins._codes), lines) == (codes, []), "nothing was refused"


async def test_who_goes_back_to_the_choice_is_told_the_same(world):
    _, handle = await finished(world)
    step = await world.federation.choose(TOWN, handle, "bundid", world.cookies)
    assert (step.kind, step.way_back) == (PageKind.DONE, "https://portal.example/")


async def test_nobody_else_hears_that_it_is_done(world):
    kept, handle = await finished(world)
    session = BrowserCookies(session=world.cookies.session)
    for foreign in (BrowserCookies(), BrowserCookies(login="A" * 43), session):
        assert (await world.finish(kept, cookies=foreign)).kind is PageKind.EXPIRED
        assert (await world.federation.choose(TOWN, handle, "bundid", foreign)).kind is PageKind.EXPIRED
    assert (await world.finish(kept, issuer=OTHER)).kind is PageKind.EXPIRED
    world.clock.advance(901)
    assert (await world.finish(kept)).kind is PageKind.EXPIRED


async def test_a_login_that_came_to_nothing_is_not_done(world):
    await world.authorize()
    kept = await world.answered(world.bundid.answer(refused=("cancelled", "status_cancelled")))
    await world.finish(kept)
    assert (await world.finish(kept)).kind is PageKind.EXPIRED


@pytest.mark.parametrize(
    ("redirect_uri", "home"), [(APP, APP), (LINK, "https://app.example/"), ("http://127.0.0.1:4711/cb", None)]
)
async def test_an_app_is_led_to_where_it_can_be(world, redirect_uri, home):
    assert LOOPBACK.startswith("http://127.0.0.1/")
    kept, _ = await finished(world, client_id="app", redirect_uri=redirect_uri)
    assert (await world.finish(kept)).way_back == home


async def test_no_link_leads_to_an_address_that_is_registered_no_more(world):
    kept, _ = await finished(world)
    (portal,) = (each for each in clients() if each.client.id == "portal")
    moved = replace(portal, relying_party=replace(portal.relying_party, redirect_uris=("https://new.example/cb",)))
    world.federation._done._registry = Registry([moved])
    step = await world.finish(kept)
    assert (step.kind, step.way_back) == (PageKind.DONE, None)
