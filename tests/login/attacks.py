"""Attacks on a login by way of OpenID Connect, by portal, browser and application; each tells whether it came through.

`test_each_check_counts` holds each of them against the one check that stops it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from gateway.intake.logins import usable
from gateway.login.steps import BrowserCookies, GoToProvider, PageKind, Redirect, Show
from gateway.model import Client, Municipality
from tests import logins
from tests.login.federation_world import APP, OTHER, TOWN, World, told
from tests.login.test_authorization import basic, pushed_form

EVIL = "https://evil.example/cb"
HIGH = "http://eidas.europa.eu/LoA/high"


def open_to(step: object) -> bool:
    """Whether a portal is given a code."""
    return isinstance(step, Redirect) and "code" in told(step)


async def everywhere(world: World) -> World:
    """The same identity providers at the next town, so that nothing but the check keeps the towns apart."""
    world.federation._choosing._providers = lambda _: world.providers
    return world


# -- the request


async def foreign_address(world: World) -> bool:
    return isinstance(await world.authorize(redirect_uri=EVIL), GoToProvider)


async def client_of_another_town(world: World) -> bool:
    return open_to(await world.login(client_id="elsewhere")) if await begins(world, client_id="elsewhere") else False


async def begins(world: World, **more: str | None) -> bool:
    return isinstance(await world.authorize(**more), GoToProvider)


async def without_pkce(world: World) -> bool:
    return await begins(world, code_challenge=None, code_challenge_method=None)


async def pushed(world: World, *, at=TOWN, client: str = "portal", times: int = 1) -> bool:
    uri = (await world.federation.push(at, basic(), pushed_form(world))).body["request_uri"]
    steps = [await world.authorize([("client_id", client), ("request_uri", uri)]) for _ in range(times)]
    return isinstance(steps[-1], GoToProvider)


async def pushed_at_another_town(world: World) -> bool:
    return await pushed(world, at=OTHER)


async def pushed_and_used_twice(world: World) -> bool:
    return await pushed(world, times=2)


async def pushed_by_another_client(world: World) -> bool:
    return await pushed(world, client="second")


# -- the way back


async def finished_by_another_browser(world: World) -> bool:
    await world.authorize()
    return open_to(await world.finish(await world.answered(), cookies=BrowserCookies(login="A" * 43)))


async def answered_by_another_person(world: World) -> bool:
    await world.authorize()
    await world.answered()
    return open_to(await world.federation.finish(TOWN, world.bundid.asked[-1].relay_state, "", world.cookies))


async def finished_at_another_town(world: World) -> bool:
    await (await everywhere(world)).authorize()
    return open_to(await world.finish(await world.answered(), issuer=OTHER))


async def answered_at_another_providers_address(world: World) -> bool:
    world.providers = [world.bundid, world.muk]
    await world.authorize(provider="bundid")
    return isinstance(await world.answered(provider="muk"), Redirect)


async def provider_disabled_in_between(world: World) -> bool:
    await world.authorize()
    kept = await world.answered()
    world.bundid.enabled = False
    return open_to(await world.finish(kept))


async def answer_used_again(world: World) -> bool:
    await world.login()
    world.bundid.answers = iter([0])
    await world.authorize(prompt="login")
    return open_to(await world.finish(await world.answered()))


async def under_way_for_too_long(world: World) -> bool:
    await world.authorize()
    world.clock.advance(901)
    return isinstance(await world.answered(), Redirect)


async def level_not_reached(world: World) -> bool:
    return open_to(await world.login(acr_values=HIGH))


async def another_person_than_asked_for(world: World) -> bool:
    return open_to(await world.login(claims='{"id_token":{"sub":{"value":"somebody-else"}}}'))


# -- codes and tokens


async def redeemed(world: World, **more: str | None) -> bool:
    return (await world.token(await world.code(), **more)).status == 200


async def wrong_verifier(world: World) -> bool:
    return await redeemed(world, code_verifier="w" * 50)


async def code_of_another_client(world: World) -> bool:
    return await redeemed(world, client="second")


async def code_with_another_address(world: World) -> bool:
    return await redeemed(world, redirect_uri=EVIL)


async def code_at_another_town(world: World) -> bool:
    return await redeemed(world, host="login.stendal.example")


async def code_twice(world: World) -> bool:
    code = await world.code()
    await world.token(code)
    return (await world.token(code)).status == 200


async def code_too_late(world: World) -> bool:
    code = await world.code()
    world.clock.advance(61)
    return (await world.token(code)).status == 200


async def token_at_another_town(world: World) -> bool:
    tokens = (await world.token(await world.code())).body
    return (await world.userinfo(tokens["access_token"], OTHER)).status == 200


# -- sessions


async def without_asking(world: World, *, issuer=TOWN, **more: str | None) -> bool:
    return open_to(await world.authorize(issuer=issuer, **more))


async def session_below_the_level(world: World) -> bool:
    await world.login()
    return await without_asking(world, acr_values=HIGH)


async def session_too_old(world: World) -> bool:
    await world.login()
    world.clock.advance(61)
    return await without_asking(world, max_age="60")


async def session_though_asked_to_log_in(world: World) -> bool:
    await world.login()
    return await without_asking(world, prompt="login")


async def session_of_another_client(world: World) -> bool:
    await world.login()
    return await without_asking(world, client_id="second")


async def session_of_another_town(world: World) -> bool:
    await (await everywhere(world)).login()
    return await without_asking(world, issuer=OTHER)


async def session_of_a_disabled_provider(world: World) -> bool:
    await world.login()
    world.bundid.enabled = False
    return await without_asking(world, prompt="none")


async def session_for_another_app(world: World) -> bool:
    """Another app on the same machine took the scheme, and asks for itself."""
    await world.login(client_id="app", redirect_uri=APP)
    return await without_asking(world, client_id="app", redirect_uri=APP)


async def session_too_long_unused(world: World) -> bool:
    await world.login()
    world.clock.advance(1801)
    return await without_asking(world)


# -- ID tokens that come back, and signing out


async def id_token(world: World, client: str = "portal", **more: str | None) -> str:
    answer = await world.token(await world.code(client_id=client, **more), client=client)
    return str(answer.body["id_token"])


async def hint_for_another_client(world: World) -> bool:
    """An app and its portal know a person by one `sub`, so the audience alone tells their hints apart."""
    code = await world.code(client_id="app", redirect_uri=APP)
    hint = (await world.token(code, client=None, client_id="app", redirect_uri=APP)).body["id_token"]
    return open_to(await world.login(id_token_hint=hint)) if await begins(world, id_token_hint=hint) else False


async def signed_out(world: World, issuer=TOWN, **said: str) -> bool:
    """Whether nobody is signed in any more, without having been asked."""
    step = await world.federation.logout(issuer, list(said.items()), world.cookies)
    ended = not open_to(await world.authorize(prompt="none"))
    return ended and (isinstance(step, Redirect) or (isinstance(step, Show) and step.kind is PageKind.SIGNED_OUT))


async def hint_of_another_town(world: World) -> bool:
    hint = await id_token(world)
    return await signed_out(world, OTHER, id_token_hint=hint)


async def hint_that_nobody_signed(world: World) -> bool:
    head, body, signature = (await id_token(world)).split(".")
    return await signed_out(world, id_token_hint=f"{head}.{body}.{signature[::-1]}")


async def signed_out_by_a_stranger(world: World) -> bool:
    await world.login()
    return await signed_out(world)


async def led_away_after_signing_out(world: World) -> bool:
    hint = await id_token(world)
    step = await world.federation.logout(
        TOWN, [("id_token_hint", hint), ("post_logout_redirect_uri", EVIL)], world.cookies
    )
    return isinstance(step, Redirect) and step.location.startswith(EVIL)


# -- applications


def taken(**changed: object) -> Callable[[World], Awaitable[bool]]:
    """An application of `portal` in Tangerhütte with a login that is not for it."""

    async def attack(world: World) -> bool:
        now = world.clock.now()
        fit = logins.login(
            owner="portal", municipality=TOWN.municipality, issuer=TOWN.url, expires_at=now + timedelta(hours=1)
        )
        town = Municipality(ars=TOWN.municipality, name="", slug="", public_url=TOWN.url)
        portal = Client("portal", frozenset(), frozenset({TOWN.municipality}))
        assert usable(fit, portal, town, now)
        late = {"expires_at": now} if "late" in changed else changed
        return usable(replace(fit, **late), portal, town, now)

    return attack
