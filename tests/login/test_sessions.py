"""Browsers that stay signed in, and how they sign out."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from gateway.login.steps import AskToSignOut, BrowserCookies, GoToProvider, PageKind, Redirect, Show
from gateway.model import Level
from gateway.notify.sending import ReceiverGoneError
from tests.login.federation_world import (
    APP,
    CALLBACK,
    LINK,
    LOOPBACK,
    OTHER,
    TOWN,
    World,
    notice_of,
    person,
    requests,
    told,
)

BYE = "https://portal.example/bye"
LOOPBACK_PORT = LOOPBACK.replace("127.0.0.1", "127.0.0.1:50123")


@pytest.fixture
async def world():
    world = World()
    await world.login()
    return world


def signed_in(step) -> bool:
    return isinstance(step, Redirect) and "code" in told(step)


async def test_a_browser_that_is_signed_in_is_not_asked_again(world):
    assert signed_in(await world.authorize())
    assert signed_in(await world.authorize(prompt="none"))


async def test_the_answer_from_a_session_is_a_login_of_its_own(world):
    before = (await world.token(told(await world.authorize())["code"])).body
    after = (await world.token(told(await world.authorize())["code"])).body
    one, two = (claims_of(world, each["id_token"]) for each in (before, after))
    assert one["login_ref"] != two["login_ref"]
    assert (one["sub"], one["sid"], one["auth_time"]) == (two["sub"], two["sid"], two["auth_time"])
    assert (await world.userinfo(after["access_token"])).body["family_name"] == "Müller-Lüdenscheidt"


def claims_of(world, token, alg="RS256"):
    return jwt.decode(token, KeySet.import_key_set(world.provider.jwks()), algorithms=[alg]).claims


@pytest.mark.parametrize(("address", "unseen"), [(APP, False), (LOOPBACK, False), (LOOPBACK_PORT, False), (LINK, True)])
async def test_an_app_that_any_other_could_be_asks_the_person_each_time(world, address, unseen):
    """Whoever takes an app's scheme or a port on the machine would get a code for their own verifier."""
    app = {"client_id": "app", "redirect_uri": address}
    assert signed_in(await world.login(**app))
    assert isinstance(await world.authorize(**app), Redirect if unseen else GoToProvider)
    step = told(await world.authorize(**app, prompt="none"))
    assert ("code" in step) is unseen
    assert unseen or step["error"] == "login_required"


async def test_another_portal_asks_the_person(world):
    assert isinstance(await world.authorize(client_id="second"), GoToProvider)
    assert told(await world.authorize(client_id="second", prompt="none"))["error"] == "login_required"


@pytest.mark.parametrize(
    "demand",
    [
        {"prompt": "login"},
        {"prompt": "select_account"},
        {"max_age": "0"},
        {"max_age": "60"},
        {"acr_values": "http://eidas.europa.eu/LoA/high"},
        {"provider": "muk"},
    ],
)
async def test_a_session_that_is_not_good_enough_is_passed_over(world, demand):
    world.clock.advance(60)
    step = await world.authorize(**demand)
    assert not signed_in(step)
    if "prompt" not in demand:
        assert told(await world.authorize(prompt="none", **demand))["error"] == "login_required"


async def test_a_session_young_and_high_enough_is_used(world):
    world.clock.advance(60)
    assert signed_in(await world.authorize(max_age="61", acr_values="http://eidas.europa.eu/LoA/low"))
    assert signed_in(await world.authorize(provider="bundid"))


async def test_a_session_is_of_one_browser_and_one_town(world):
    assert not signed_in(await world.authorize(issuer=OTHER))
    world.cookies = BrowserCookies(session="A" * 43)
    assert not signed_in(await world.authorize())


async def test_a_provider_that_is_disabled_ends_what_it_began(world):
    world.bundid.enabled = False
    assert not signed_in(await world.authorize())


@pytest.mark.parametrize(
    ("level", "idle", "longest"),
    [(Level.BASIC, 3600, 43200), (Level.LOW, 3600, 43200), (Level.SUBSTANTIAL, 1800, 7200), (Level.HIGH, 300, 1800)],
)
async def test_sessions_end_as_their_level_demands(level, idle, longest):
    world = World()
    world.bundid.identity = person(level=level)
    await world.login()
    world.clock.advance(idle)
    assert not signed_in(await world.authorize())
    await world.login(prompt="login")
    for _ in range(longest // (idle - 1)):
        world.clock.advance(idle - 1)
        assert signed_in(await world.authorize()), "as long as it is used"
    world.clock.advance(idle - 1)
    assert not signed_in(await world.authorize())


async def test_values_that_are_gone_are_asked_for_again(world):
    for key, login in world.logins._logins.items():
        world.logins._logins[key] = replace(login, identity=None)
    assert not signed_in(await world.authorize())


async def test_a_hint_of_somebody_else_asks_the_person_and_takes_nobody_else(world):
    token = (await world.token(told(await world.authorize())["code"])).body["id_token"]
    assert signed_in(await world.authorize(id_token_hint=token, prompt="none"))
    world.clock.advance(900)
    assert signed_in(await world.authorize(id_token_hint=token)), "a hint may have expired"
    world.bundid.identity = person(account="bpk2-2")
    other = await world.login(prompt="login", id_token_hint=token)
    assert told(other)["error"] == "login_required"
    assert told(await world.authorize(client_id="second", id_token_hint=token))["error"] == "invalid_request"


async def test_a_sub_that_is_asked_for_is_held_to(world):
    claims = '{"id_token":{"sub":{"value":"somebody-else"}}}'
    assert told(await world.authorize(prompt="none", claims=claims))["error"] == "login_required"
    assert told(await world.login(claims=claims))["error"] == "login_required"


async def test_somebody_else_in_the_same_browser_leaves_nothing_of_who_was_there_before(world):
    await world.login(client_id="quiet")
    before = world.cookies.session
    world.bundid.identity = person("Zweite", level=Level.HIGH, account="bpk2-2")
    assert signed_in(await world.login(prompt="login"))
    assert world.cookies.session != before
    assert [each.client for each in world.logins.notices] == ["quiet"]
    world.clock.advance(301)  # the second one is signed out by then, the first one would not be
    assert told(await world.authorize(prompt="none"))["error"] == "login_required"


async def test_somebody_else_at_another_portal_ends_the_sessions_too(world):
    await world.login(client_id="quiet")
    world.bundid.identity = person("Zweite", account="bpk2-2")
    assert signed_in(await world.login(client_id="second"))
    assert [each.client for each in world.logins.notices] == ["quiet"]
    assert told(await world.authorize(client_id="quiet", prompt="none"))["error"] == "login_required"


async def test_a_guest_ends_the_sessions_of_whoever_was_there_before(world):
    await world.login(client_id="second")
    world.bundid.identity = person(account=None)
    assert signed_in(await world.login(client_id="posting"))
    assert told(await world.authorize(client_id="second", prompt="none"))["error"] == "login_required"


async def test_the_same_person_keeps_the_sessions_of_the_browser(world):
    await world.login(client_id="second")
    world.clock.advance(1)
    await world.login(prompt="login")
    assert signed_in(await world.authorize(client_id="second", prompt="none"))


@pytest.mark.parametrize("planted", ["P" * 43, None])
async def test_who_signs_in_has_a_cookie_that_nobody_knew_before(world, planted):
    """Session fixation: a cookie that somebody put there, made up or of a session of their own, opens nothing."""
    if planted is None:
        await world.login(client_id="second")
        planted = world.cookies.session
    world.cookies = BrowserCookies(world.cookies.login, planted)
    assert signed_in(await world.login(prompt="login"))
    assert world.cookies.session not in {None, planted}
    world.cookies = BrowserCookies(session=planted)
    for client in ("portal", "second"):
        assert told(await world.authorize(client_id=client, prompt="none"))["error"] == "login_required"


# -- signing out


async def id_token(world, client="portal"):
    code = told(await world.authorize(client_id=client))["code"]
    return (await world.token(code, client=client)).body["id_token"]


async def test_a_portal_signs_out_with_its_id_token(world):
    hint = await id_token(world)
    step = await world.federation.logout(
        TOWN,
        [("id_token_hint", hint), ("post_logout_redirect_uri", BYE), ("state", "s")],
        world.cookies,
    )
    assert step.location == f"{BYE}?state=s"
    assert step.cookies.session == ""
    assert not signed_in(await world.authorize())


async def test_it_ends_the_sessions_of_all_portals_of_the_browser(world):
    await world.login(client_id="second")
    step = await world.federation.logout(TOWN, [("id_token_hint", await id_token(world))], world.cookies)
    assert (step.kind, step.status) == (PageKind.SIGNED_OUT, 200)
    assert not world.logins._sessions


@pytest.mark.parametrize("parameters", [[], [("client_id", "portal"), ("post_logout_redirect_uri", BYE)]])
async def test_without_a_token_of_the_session_the_person_is_asked(world, parameters):
    step = await world.federation.logout(TOWN, parameters, world.cookies)
    assert isinstance(step, AskToSignOut)
    assert step.address.startswith(f"{TOWN.url}/oidc/logout?")
    assert world.logins._sessions
    foreign = await world.federation.logout(TOWN, [("confirm", "A" * 43)], world.cookies)
    assert isinstance(foreign, AskToSignOut)
    done = await world.federation.logout(TOWN, parse_qsl(urlsplit(step.address).query), world.cookies)
    assert isinstance(done, Redirect if parameters else Show)
    assert not world.logins._sessions


async def test_a_token_of_another_session_does_not_sign_out_without_asking(world):
    hint = await id_token(world)
    await world.federation.logout(TOWN, [("id_token_hint", hint)], world.cookies)
    world.cookies = BrowserCookies()
    await world.login()
    assert isinstance(await world.federation.logout(TOWN, [("id_token_hint", hint)], world.cookies), AskToSignOut)


@pytest.mark.parametrize("address", [None, BYE])
async def test_who_brings_no_cookie_keeps_what_there_is(world, address):
    more = [("client_id", "portal"), ("post_logout_redirect_uri", address)] if address else []
    step = await world.federation.logout(TOWN, more, BrowserCookies())
    assert step.cookies.session is None
    assert signed_in(await world.authorize())


async def test_a_portal_that_posts_brings_no_cookie_and_still_signs_out(world):
    step = await world.federation.logout(TOWN, [("id_token_hint", await id_token(world))], BrowserCookies())
    assert step.kind is PageKind.SIGNED_OUT
    assert not world.logins._sessions


async def test_who_is_signed_out_already_goes_straight_back(world):
    parameters = [("client_id", "portal"), ("post_logout_redirect_uri", BYE)]
    step = await world.federation.logout(TOWN, parameters, BrowserCookies())
    assert step.location == BYE


@pytest.mark.parametrize(
    "parameters",
    [
        [("post_logout_redirect_uri", BYE)],
        [("client_id", "portal"), ("post_logout_redirect_uri", "https://evil.example/")],
        [("client_id", "portal"), ("post_logout_redirect_uri", BYE + "/")],
        [("client_id", "portal"), ("post_logout_redirect_uri", CALLBACK)],
        [("client_id", "second"), ("post_logout_redirect_uri", BYE)],
        [("client_id", "machine"), ("post_logout_redirect_uri", BYE)],
        [("client_id", "portal"), ("post_logout_redirect_uri", BYE), ("post_logout_redirect_uri", BYE)],
        [("id_token_hint", "x.y.z")],
        [("id_token_hint", "x" * 9000)],
        [("state", "x" * 20_000)],
    ],
)
async def test_a_wrong_sign_out_ends_nothing_and_goes_nowhere(world, parameters):
    step = await world.federation.logout(TOWN, parameters, world.cookies)
    assert (step.kind, step.way_back) == (PageKind.BAD_REQUEST, None)
    assert world.logins._sessions


async def test_a_hint_for_another_client_or_town_is_refused(world):
    hint = await id_token(world)
    for issuer, more in ((TOWN, [("client_id", "second")]), (OTHER, [])):
        step = await world.federation.logout(issuer, [("id_token_hint", hint), *more], world.cookies)
        assert step.kind is PageKind.BAD_REQUEST


async def test_portals_that_want_to_know_are_told(world):
    await world.login(client_id="quiet")
    hint = await id_token(world)
    of_quiet = claims_of(world, await id_token(world, "quiet"), "ES256")
    await world.federation.logout(TOWN, [("id_token_hint", hint)], world.cookies)
    (ended,) = world.logins.notices
    request = await requests(world).of(notice_of(ended))
    assert (ended.client, request.address) == ("quiet", "https://quiet.example/logout")
    read = jwt.decode(request.logout_token, KeySet.import_key_set(world.provider.jwks()), algorithms=["ES256"])
    assert read.header["typ"] == "logout+jwt"
    assert read.claims["events"] == {"http://schemas.openid.net/event/backchannel-logout": {}}
    assert (read.claims["sid"], read.claims["sub"], read.claims["aud"]) == (of_quiet["sid"], of_quiet["sub"], "quiet")
    assert "nonce" not in read.claims
    assert read.claims["exp"] - read.claims["iat"] <= 120
    again = await requests(world).of(notice_of(ended))
    assert again.logout_token != request.logout_token, "each try has a token of its own"
    assert request.logout_token not in repr(request)


async def test_a_portal_or_town_that_is_gone_is_told_nothing(world):
    await world.login(client_id="quiet")
    await world.federation.logout(TOWN, [("id_token_hint", await id_token(world))], world.cookies)
    (ended,) = world.logins.notices
    for gone in ({"client": "portal"}, {"municipality": OTHER.municipality}):
        with pytest.raises(ReceiverGoneError):
            await requests(world).of(notice_of(replace(ended, **gone)))


async def test_a_logout_token_is_no_hint(world):
    await world.login(client_id="quiet")
    await world.federation.logout(TOWN, [("id_token_hint", await id_token(world))], world.cookies)
    request = await requests(world).of(notice_of(world.logins.notices[0]))
    step = await world.federation.logout(TOWN, [("id_token_hint", request.logout_token)], BrowserCookies())
    assert step.kind is PageKind.BAD_REQUEST


async def test_the_chooser_names_no_session(world):
    world.providers = [world.bundid, world.muk]
    step = await world.authorize(prompt="login")
    assert set(parse_qs(urlsplit(step.offers[0].address).query)) == {"login"}
