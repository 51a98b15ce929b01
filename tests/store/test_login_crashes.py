"""A process ends at each commit of a login: another one goes on, or the person begins anew; nothing is half done."""

from __future__ import annotations

import psycopg
import pytest

from gateway import failpoints
from gateway.login.steps import GoToProvider, Redirect, Show
from tests.login.federation_world import TOWN, World, told
from tests.login.test_authorization import basic, pushed_form
from tests.store.test_logins import second

POINTS = [point for point in failpoints.COMMITS if point.startswith("logins.")]
ORPHANS = """
SELECT count(*) FROM data_keys
WHERE id NOT IN (SELECT data_key FROM logins WHERE data_key IS NOT NULL)
    AND id NOT IN (SELECT data_key FROM subject_keys)
"""
LIVING_CODES = "SELECT count(*) FROM login_codes WHERE used_at IS NULL AND login NOT IN (SELECT id FROM logins)"


class StuckError(Exception):
    """The person sees a page that says to begin anew."""


class Stubborn:
    """Somebody who loads a page again when it did not come: the second time another process answers."""

    def __init__(self, world: World, other: World) -> None:
        self.world, self._other, self.crashed = world, other, 0

    async def do(self, step):
        try:
            return await step(self.world)
        except failpoints.Unforeseen:
            self.crashed += 1
            failpoints.arm("serve", None)
            self._other.cookies = self.world.cookies
            self.world = self._other
            return await step(self.world)


def code_of(step) -> str:
    if not isinstance(step, Redirect) or "code" not in told(step):
        raise StuckError(step)
    return told(step)["code"]


async def signs_in(it: Stubborn) -> dict:
    """A pushed request, a cancelled attempt, a login, its tokens, and who it is."""
    pushed = await it.do(lambda world: world.federation.push(TOWN, basic(), pushed_form(world)))
    asked = [("client_id", "portal"), ("request_uri", pushed.body["request_uri"])]
    step = await it.do(lambda world: world.authorize(asked))
    if not isinstance(step, GoToProvider):
        raise StuckError(step)
    answer = it.world.bundid.answer()
    kept = await it.do(lambda world: world.answered(answer))
    if not isinstance(kept, Redirect):
        raise StuckError(kept)
    return await redeemed(it, code_of(await it.do(lambda world: world.finish(kept))))


async def redeemed(it: Stubborn, code: str) -> dict:
    tokens = await it.do(lambda world: world.token(code))
    if tokens.status != 200:
        raise StuckError(tokens.body["error"])
    said = await it.do(lambda world: world.userinfo(tokens.body["access_token"]))
    assert said.body["family_name"] == "Müller-Lüdenscheidt"
    return dict(tokens.body)


async def whole(it: Stubborn) -> None:
    """All that logins commit: cancelled, signed in, signed in again from the session, signed out."""
    step = await it.do(lambda world: world.authorize(prompt="select_account"))
    chosen = await it.do(lambda world: world.choose(step, "bundid"))
    assert isinstance(chosen, GoToProvider)
    cancel = it.world.bundid.answer(refused=("cancelled", "status_cancelled"))
    kept = await it.do(lambda world: world.answered(cancel))
    shown = await it.do(lambda world: world.finish(kept))
    assert isinstance(shown, Show)
    await signs_in(it)
    again = code_of(await it.do(lambda world: world.authorize(prompt="none")))
    tokens = await redeemed(it, again)
    out = [("id_token_hint", tokens["id_token"])]
    await it.do(lambda world: world.federation.logout(TOWN, out, world.cookies))
    assert told(await it.world.authorize(prompt="none"))["error"] == "login_required"


@pytest.fixture
def armed(tmp_path):
    failpoints.arm("serve", tmp_path)
    yield tmp_path
    failpoints.arm("serve", None)


@pytest.fixture
async def it(store, clock, postgres_dsn):
    """Two processes at one database, with the same identity provider."""
    beside = await second(postgres_dsn, clock)
    world = World(clock, store.logins)
    other = World(clock, beside.logins, random=world.random)
    other.bundid, other.providers = world.bundid, world.providers
    yield Stubborn(world, other)
    await beside.close()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("point", POINTS)
async def test_a_login_goes_on_or_begins_anew_after_a_crash(point, when, armed, it, postgres_dsn):
    (armed / f"serve.{when}.{point}").write_text("raise Unforeseen", encoding="ascii")
    try:
        await whole(it)
    except StuckError:
        assert it.crashed
        it.world.clock.advance(seconds=1)
        await whole(it)
    assert it.crashed == 1, "nothing came by here"
    with psycopg.connect(postgres_dsn) as connection:
        assert [connection.execute(sql).fetchone()[0] for sql in (ORPHANS, LIVING_CODES)] == [0, 0]
