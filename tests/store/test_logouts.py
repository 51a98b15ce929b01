"""Signing out reaches portals' servers: noted with the end of the session, posted by the worker, tried a few times."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from types import SimpleNamespace
from urllib.parse import parse_qs

import psycopg
import pytest
import structlog.testing
from aiohttp import web
from joserfc import jwt
from joserfc.jwk import KeySet

from gateway import failpoints
from gateway.crypto import base64url
from gateway.errors import SettingsInvalid
from gateway.errors.recurring import Failures
from gateway.login.id_tokens import LIFETIME_S
from gateway.notify.logouts import GIVEN_UP_AFTER
from gateway.notify.schedule import DELAYS
from gateway.notify.webhooks import LEASE
from gateway.outbound.durations import Durations
from gateway.outbound.pace import Counterpart
from gateway.settings.reading import read
from gateway.store.connection.database import numbered
from gateway.store.login.logout_queue import KEPT
from gateway.wiring.id_token_signing import id_token_keys
from gateway.wiring.messengers import open_logout_sender
from tests.login.federation_world import TOWN as TOWN_ISSUER
from tests.login.federation_world import World
from tests.store.conftest import OTHER_TOWN, TOWN
from tests.store.logins import ACCOUNT, NAME, SUBJECT, a_login, digest, logged_in
from tests.store.test_webhooks import receiving

ISSUER = "https://tangerhuette.example"
SETTINGS = """
data_dir = "data"
{outbound}
[[clients]]
id = "portal"
secret_file = "secret"
redirect_uris = ["https://portal.example/cb"]
backchannel_logout_uri = "{url}"
id_token_alg = "ES256"

[[clients]]
id = "quiet"
secret_file = "secret"
redirect_uris = ["https://portal.example/cb"]
backchannel_logout_uri = "{url}"
id_token_alg = "ES256"

[[clients]]
id = "shop"
secret_file = "secret"
redirect_uris = ["https://shop.example/cb"]
"""
LOOPBACK = '[outbound]\nallow_private = ["loopback"]\n'


@pytest.fixture
async def portal():
    async with receiving() as found:
        yield found


@pytest.fixture
def opened(store, clock, tmp_path, portal):
    """Opens senders as a worker does, each with connections of its own."""

    @asynccontextmanager
    async def opening(outbound=LOOPBACK, town=TOWN):
        (tmp_path / "settings.toml").write_text(SETTINGS.format(url=portal.url, outbound=outbound), encoding="utf-8")
        settings = read(tmp_path / "settings.toml")
        await asyncio.to_thread(id_token_keys, settings)
        towns = {town: SimpleNamespace(ars=town, public_url=ISSUER)}
        runtime = SimpleNamespace(
            settings=settings, municipalities=towns, store=store, clock=clock, durations=Durations()
        )
        async with open_logout_sender(runtime, Failures()) as sender:
            yield sender

    return opening


@pytest.fixture
def ask(postgres_dsn):
    def asked(sql="SELECT state, log FROM logout_notices"):
        with psycopg.connect(postgres_dsn) as connection:
            return connection.execute(sql).fetchall()

    return asked


async def round_(sender):
    await sender.look()
    await sender.idle()


async def signed_out(store, told=("portal",)):
    done = await logged_in(store.logins)
    assert len(await store.logins.end_sessions(digest("cookie-1"), told)) == 1
    return done


async def test_a_portal_is_posted_a_logout_token_and_nothing_stays(  # noqa: PLR0917 - fixtures
    store, clock, opened, portal, ask, tmp_path
):
    async with opened() as sender:
        done = await signed_out(store)
        await round_(sender)
        await round_(sender)
        ((fields, raw),) = portal.got
        assert fields["content-type"] == "application/x-www-form-urlencoded"
        form = parse_qs(raw.decode(), strict_parsing=True)
        keys = await asyncio.to_thread(id_token_keys, read(tmp_path / "settings.toml"))
        published = KeySet.import_key_set({"keys": [dict(key) for key in keys.published]})
        read_ = jwt.decode(form.pop("logout_token")[0], published, algorithms=["ES256"])
        assert form == {}, "the token alone (§2.5)"
        assert read_.header["typ"] == "logout+jwt"
        claims = read_.claims
        assert (claims["iss"], claims["aud"], claims["sid"]) == (ISSUER, "portal", str(done.session.id))
        assert (claims["sub"], claims["iat"]) == (SUBJECT, int(clock.now().timestamp()))
        assert claims["exp"] - claims["iat"] <= LIFETIME_S
        assert sum(sender.client._durations.take()[Counterpart.LOGOUT].numbers) == 1
        assert [state for state, _ in ask()] == ["delivered"]
        await sender.chores()
    assert ask() == []


def unverified(token):
    return json.loads(base64url.decode(token.split(".")[1].encode()))


async def test_a_person_signs_out_at_one_portal_and_the_other_ones_server_hears_of_it(store, clock, opened, portal):
    world = World(clock, store.logins)
    at_quiet = (await world.token(await world.code(client_id="quiet"), client="quiet")).body["id_token"]
    at_portal = (await world.token(await world.code())).body["id_token"]
    await world.federation.logout(TOWN_ISSUER, [("id_token_hint", at_portal)], world.cookies)
    async with opened() as sender:
        await round_(sender)
    ((_, raw),) = portal.got
    told, known = unverified(raw.decode().removeprefix("logout_token=")), unverified(at_quiet)
    assert (told["aud"], told["sid"], told["sub"]) == ("quiet", known["sid"], known["sub"])
    assert "nonce" not in told


async def test_only_portals_that_want_to_know_are_told(store, opened, portal, ask):
    async with opened() as sender:
        assert sender.clients == ["portal", "quiet"]
        await logged_in(store.logins, login=a_login(client="shop"))
        await store.logins.end_sessions(digest("cookie-1"), {"portal"})
        await round_(sender)
    assert (ask(), portal.got) == ([], [])


async def test_a_session_that_had_ended_by_itself_is_told_to_nobody(store, clock, ask):
    await logged_in(store.logins)
    clock.advance(hours=9)
    assert await store.logins.end_sessions(digest("cookie-1"), {"portal"}) == ()
    assert ask() == []


async def test_a_worker_without_the_keys_claims_nothing_and_says_so(store, opened, portal, ask, tmp_path):
    async with opened() as sender:
        await signed_out(store)
        kept = (tmp_path / "data" / "keys").rename(tmp_path / "elsewhere")
        for _ in range(3):
            with pytest.raises(SettingsInvalid) as refused:
                await sender.look()
        assert [finding.rule for finding in refused.value.findings] == ["algorithm_missing"]
        assert ask() == [("waiting", [])], "no try is spent"
        kept.rename(tmp_path / "data" / "keys")
        await round_(sender)
    assert len(portal.got) == 1


async def test_a_row_that_waits_names_nobody(store, ask):
    done = await signed_out(store)
    row = str(ask("SELECT * FROM logout_notices"))
    for value in (NAME, ACCOUNT, SUBJECT):
        assert value not in row
    assert str(done.login.id) in row


async def test_once_the_login_is_forgotten_the_session_alone_is_named(store, clock, opened, portal):
    async with opened() as sender:
        await signed_out(store)
        await store.database.run(numbered("DELETE FROM logins"))
        await round_(sender)
    ((_, raw),) = portal.got
    assert SUBJECT not in raw.decode()


@pytest.mark.parametrize(("status", "times"), [(200, 1), (204, 1), (400, 1), (410, 1), (302, 5), (500, 5), (501, 5)])
async def test_a_refusal_ends_it_and_anything_else_is_tried_a_few_times(  # noqa: PLR0917 - fixtures
    store, clock, opened, portal, ask, status, times
):
    portal.answers = [web.Response(status=status) for _ in range(20)]
    async with opened() as sender:
        await signed_out(store)
        with structlog.testing.capture_logs() as lines:
            for delay in (0, *DELAYS):
                clock.advance(seconds=delay)
                await round_(sender)
    assert len(portal.got) == times
    assert sum(DELAYS[: times - 1]) <= GIVEN_UP_AFTER.total_seconds()
    tokens = {raw for _, raw in portal.got}
    assert len(tokens) == times, "each try has a token of its own"
    told = [line for line in lines if line["event"] == "logout.not_told"]
    ((state, log),) = ask()
    assert len(log) == times
    if status < 300:
        assert (state, told) == ("delivered", [])
    else:
        assert (state, [(line["client"], line["status"]) for line in told]) == ("failed", [("portal", status)])
    assert SUBJECT not in str(lines)


async def test_a_notice_of_a_town_that_is_gone_is_given_up_at_once(store, opened, portal, ask):
    async with opened(town=OTHER_TOWN) as sender:
        await signed_out(store)
        with structlog.testing.capture_logs() as lines:
            await round_(sender)
        assert [(line["event"], line["log_level"], line["error"]) for line in lines] == [
            ("logout.not_told", "warning", "receiver_gone")
        ]
        assert (portal.got, [state for state, _ in ask()]) == ([], ["failed"])
        await sender.chores()
    assert ask() == []


async def test_an_address_inside_is_never_asked(store, opened, portal, ask):
    async with opened(outbound="") as sender:
        await signed_out(store)
        await round_(sender)
    assert portal.got == []
    ((state, log),) = ask()
    assert (state, [line["error"] for line in log]) == ("waiting", ["address_refused"])


async def test_what_a_dead_worker_claimed_another_one_sends(store, clock, opened, portal, tmp_path):
    await signed_out(store)
    failpoints.arm("worker", tmp_path)
    try:
        for point in ("after.logouts.claim", "before.login.logout", "before.logouts.settle"):
            armed = tmp_path / f"worker.{point}"
            armed.write_text("raise ConnectionError", encoding="ascii")
            async with opened() as dying:
                with suppress(ConnectionError), structlog.testing.capture_logs():
                    await round_(dying)
            armed.unlink()
            clock.at += LEASE + timedelta(seconds=DELAYS[0])
        number = len(portal.got)
        assert number == 1, "only the last one came as far as the portal"
        async with opened() as living:
            await round_(living)
            clock.at += LEASE
            await round_(living)
        assert len(portal.got) == number + 1, "told once more rather than not at all"
    finally:
        failpoints.arm("worker", None)


async def test_notices_for_a_client_that_is_gone_are_forgotten(store, clock, opened, ask):
    await signed_out(store, told=("portal", "gone"))
    await store.database.run(numbered("UPDATE logout_notices SET client = 'gone'"))
    async with opened() as sender:
        await sender.chores()
        assert len(ask()) == 1
        clock.at += KEPT + timedelta(seconds=1)
        await sender.chores()
    assert ask() == []
