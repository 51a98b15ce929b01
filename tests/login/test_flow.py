"""The flow of a login from the portal's request to its tokens."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from jwcrypto import jwk, jws
from structlog.testing import capture_logs

from gateway.errors import Unauthorised
from gateway.login.steps import BrowserCookies, Choose, GoToProvider, PageKind, PostToPortal, Redirect, Show
from gateway.model import Client, Level
from gateway.store.login.bounds import OF_ONE_ADDRESS
from tests.login.federation_world import APP, CALLBACK, OTHER, STATE, TOWN, VERIFIER, World, person, told


@pytest.fixture
def world():
    return World()


def claims_of(world, token, alg="RS256"):
    """The claims as another library verifies them with the published keys."""
    read = jwt.decode(token, KeySet.import_key_set(world.provider.jwks()), algorithms=[alg])
    return read.claims, read.header


async def test_a_login_ends_with_code_state_and_issuer_at_the_portal(world):
    step = await world.login()
    assert step.location.startswith(f"{CALLBACK}?code=")
    assert (told(step)["state"], told(step)["iss"]) == (STATE, TOWN.url)


async def test_the_code_buys_an_id_token_without_a_personal_value(world):
    answer = await world.token(await world.code())
    assert answer.status == 200, answer.body
    assert answer.headers["Cache-Control"] == "no-store"
    claims, header = claims_of(world, answer.body["id_token"])
    assert header["alg"] == "RS256"
    named = {
        "iss",
        "sub",
        "aud",
        "azp",
        "exp",
        "iat",
        "auth_time",
        "nonce",
        "acr",
        "amr",
        "sid",
        "login_ref",
        "at_hash",
    }
    assert set(claims) == named
    assert claims["iss"] == TOWN.url
    assert claims["aud"] == claims["azp"] == "portal"
    assert claims["nonce"] == "nonce-1"
    assert claims["acr"] == "http://eidas.europa.eu/LoA/substantial"
    assert 0 < claims["exp"] - claims["iat"] <= 300
    for value in (each.value for each in person().person.values.values()):
        assert value not in json.dumps(claims, ensure_ascii=False)


async def test_the_login_reference_opens_the_login_in_the_store(world):
    claims, _ = claims_of(world, (await world.token(await world.code())).body["id_token"])
    login = await world.logins.by_reference(hashlib.sha256(claims["login_ref"].encode()).digest())
    assert (login.client, login.owner, login.municipality) == ("portal", "portal", TOWN.municipality)
    assert login.subject == claims["sub"]
    assert (login.expires_at - login.created_at).total_seconds() == 3600


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "EdDSA"])
async def test_each_algorithm_is_read_by_another_library(world, alg):
    keys = jwk.JWKSet.from_json(json.dumps(world.provider.jwks()))
    read = jws.JWS()
    read.deserialize(world.keys.sign(b"{}", alg, "JWT"))
    read.allowed_algs = [alg]
    read.verify(keys.get_key(read.jose_header["kid"]))
    assert read.payload == b"{}"


async def test_a_client_is_given_the_algorithm_that_it_asks_for(world):
    code = await world.code(client_id="quiet")
    answer = await world.token(code, client="quiet")
    assert claims_of(world, answer.body["id_token"], "ES256")[0]["aud"] == "quiet"


async def test_userinfo_tells_what_the_scopes_release(world):
    tokens = (await world.token(await world.code())).body
    answer = await world.userinfo(tokens["access_token"])
    assert answer.status == 200
    assert answer.body["sub"] == claims_of(world, tokens["id_token"])[0]["sub"]
    assert (answer.body["given_name"], answer.body["family_name"]) == ("Änne", "Müller-Lüdenscheidt")
    assert answer.body["address"]["postal_code"] == "39517"
    assert answer.body["email_verified"] is False


async def test_the_token_comes_by_form_too_and_never_twice(world):
    token = (await world.token(await world.code())).body["access_token"]
    by_form = await world.federation.userinfo(TOWN, [], [("access_token", token)])
    assert by_form.status == 200
    twice = await world.federation.userinfo(TOWN, [f"Bearer {token}"], [("access_token", token)])
    assert twice.status == 401


async def test_every_fault_at_userinfo_looks_the_same(world):
    token = (await world.token(await world.code())).body["access_token"]
    faults = [
        await world.federation.userinfo(TOWN, headers, form)
        for headers, form in (
            (["Bearer x"], []),
            ([f"Basic {token}"], []),
            ([f"Bearer {token}", f"Bearer {token}"], []),
            (["Bearer " + "A" * 43], []),
            ([], [("access_token", token), ("access_token", token)]),
        )
    ]
    faults.append(await world.userinfo(token, OTHER))
    world.clock.advance(301)
    faults.append(await world.userinfo(token))
    assert all(each == faults[0] for each in faults)
    assert faults[0].status == 401
    assert faults[0].headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


async def test_who_shows_no_token_is_told_how_without_an_error_and_has_tried_none(world):
    for _ in range(200):
        unasked = await world.federation.userinfo(TOWN, [], [])
    assert (unasked.status, unasked.body, unasked.headers["WWW-Authenticate"]) == (401, {}, "Bearer")  # RFC 6750 §3.1


async def test_the_portals_own_door_does_not_open_to_a_login(world):
    token = (await world.token(await world.code())).body["access_token"]
    with pytest.raises(Unauthorised):
        world.provider.verify(token, "login.tangerhuette.example")


async def test_a_code_works_once_and_a_second_time_takes_back_what_it_gave(world):
    code = await world.code()
    token = (await world.token(code)).body["access_token"]
    again = await world.token(code)
    assert (again.status, again.body["error"]) == (400, "invalid_grant")
    assert (await world.userinfo(token)).status == 401


async def test_a_code_lives_a_minute(world):
    code = await world.code()
    world.clock.advance(61)
    assert (await world.token(code)).body["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "wrong",
    [
        {"code_verifier": "w" * 50},
        {"redirect_uri": "https://portal.example/other"},
        {"redirect_uri": None},
        {"client": "second"},
        {"host": "login.stendal.example"},
        {"code": "x" * 43},
        {"code": "x" * 5000},
    ],
)
async def test_a_code_opens_nothing_to_anybody_else(world, wrong):
    asked = {"code": await world.code()} | wrong
    answer = await world.token(**asked)
    assert (answer.status, answer.body["error"]) == (400, "invalid_grant")
    unknown = await world.token("y" * 43)
    assert answer == unknown


async def test_without_the_verifier_a_code_opens_nothing(world):
    assert (await world.token(await world.code(), code_verifier=None)).status == 400


async def test_a_failed_client_does_not_use_the_code_up(world):
    code = await world.code()
    assert (await world.token(code, secret="wrong")).status == 401
    assert (await world.token(code)).status == 200


async def test_each_client_has_its_one_method(world):
    code = await world.code(client_id="posting")
    assert (await world.token(code, client="posting")).status == 401
    answer = await world.token(code, client=None, client_id="posting", client_secret="portal-secret-1")
    assert answer.status == 200
    code = await world.code()
    assert (await world.token(code, client=None, client_id="portal", client_secret="portal-secret-1")).status == 401


async def test_an_app_logs_in_without_a_secret_and_shares_the_sub_of_its_portal(world):
    code = await world.code(client_id="app", redirect_uri=APP)
    wrong = await world.token(code, client=None, client_id="app", redirect_uri=APP, code_verifier=None)
    assert wrong.status == 400
    code = await world.code(client_id="app", redirect_uri=APP, prompt="login")
    answer = await world.token(code, client=None, client_id="app", redirect_uri=APP)
    of_app, _ = claims_of(world, answer.body["id_token"])
    of_portal, _ = claims_of(world, (await world.token(await world.code())).body["id_token"])
    assert of_app["sub"] == of_portal["sub"]
    login = next(each for each in world.logins._logins.values() if each.client == "app")
    assert login.owner == "portal"


async def test_an_app_is_no_machine(world):
    answer = await world.provider.token(None, None, b"grant_type=client_credentials&client_id=app")
    assert answer.status == 401


async def test_somebody_is_the_same_at_one_portal_and_another_at_the_next(world):
    async def subject(**more):
        answer = await world.token(await world.code(prompt="login", **more), client=more.get("client_id", "portal"))
        return claims_of(world, answer.body["id_token"])[0]["sub"]

    first = await subject()
    assert await subject() == first
    assert await subject(client_id="second") != first
    world.bundid.identity = person(account="bpk2-2")
    assert await subject() != first
    world.bundid.identity = person(account=None)
    guest = await subject()
    assert await subject() != guest


async def test_a_guest_is_told_to_be_one(world):
    world.bundid.identity = person(account=None)
    tokens = (await world.token(await world.code())).body
    assert claims_of(world, tokens["id_token"])[0]["temporary"] is True
    assert (await world.userinfo(tokens["access_token"])).body["temporary"] is True


# -- who may come back, and when


async def test_another_browser_gets_no_code_and_does_no_harm(world):
    await world.authorize()
    kept = await world.answered()
    for foreign in (BrowserCookies(), BrowserCookies(login="A" * 43), BrowserCookies(session=world.cookies.login)):
        step = await world.finish(kept, cookies=foreign)
        assert (step.kind, step.way_back) == (PageKind.EXPIRED, None)
    assert "code" in told(await world.finish(kept))


async def test_nobody_finishes_a_login_that_another_browser_answered(world):
    """Somebody begins a login and has another person answer it: what that browser brought is not theirs to use."""
    await world.authorize()
    victim = await world.answered()  # in the other browser, which has no cookie
    handle = world.bundid.asked[-1].relay_state
    own_proof = parse_qs(
        urlsplit((await world.answered([("SAMLResponse", "x"), ("RelayState", handle)])).location).query
    )
    await world.answered()
    for proof in ("", handle, own_proof["answer"][0], "ß", "A" * 43):
        step = await world.federation.finish(TOWN, handle, proof, world.cookies)
        assert step.kind is PageKind.EXPIRED
        assert set(told(Redirect(step.way_back))) == {"error", "state", "iss"}
    assert (await world.finish(victim, cookies=BrowserCookies())).kind is PageKind.EXPIRED


async def test_who_comes_back_without_an_answer_is_led_to_the_portal_and_may_go_on(world):
    await world.authorize()
    handle = world.bundid.asked[-1].relay_state
    step = await world.federation.finish(TOWN, handle, "", world.cookies)
    assert step.kind is PageKind.EXPIRED
    assert told(Redirect(step.way_back))["state"] == STATE
    assert "code" in told(await world.finish(await world.answered()))


async def test_an_answer_counts_once(world):
    await world.authorize()
    form = world.bundid.answer()
    kept = await world.answered(form)
    assert "code" in told(await world.finish(kept))
    assert (await world.answered(form)).kind is PageKind.EXPIRED
    assert (await world.finish(kept)).kind is PageKind.DONE


async def test_an_answer_used_in_one_login_is_refused_in_another(world):
    await world.authorize()
    await world.finish(await world.answered())
    world.bundid.answers = iter([0])  # the identity provider repeats itself
    await world.authorize(prompt="login")
    kept = await world.answered()
    assert (await world.finish(kept)).kind is PageKind.EXPIRED


async def test_nothing_is_written_for_an_answer_to_nothing(world):
    await world.authorize()
    before = dict(world.logins._under_way)
    handle = world.bundid.asked[-1].relay_state
    for form in (
        [("SAMLResponse", "x"), ("RelayState", "A" * 43)],
        [("SAMLResponse", "x")],
        [("RelayState", handle)],
        [("SAMLResponse", "x"), ("RelayState", handle), ("RelayState", handle)],
        [("SAMLResponse", "x"), ("SAMLResponse", "x"), ("RelayState", handle)],
        [("SAMLResponse", "x" * 300_000), ("RelayState", handle)],
        [("SAMLResponse", "x"), ("RelayState", "https://evil.example/")],
        [],
    ):
        step = await world.federation.answered(TOWN.municipality, "bundid", form)
        assert (step.kind, step.status, step.way_back) == (PageKind.EXPIRED, 400, None)
    for town, provider in (("150900535535", "bundid"), ("nowhere", "bundid"), (TOWN.municipality, "other")):
        assert (await world.federation.answered(town, provider, world.bundid.answer())).kind is PageKind.EXPIRED
    assert world.logins._under_way == before


async def test_a_login_under_way_ends_after_fifteen_minutes(world):
    await world.authorize()
    world.clock.advance(901)
    assert (await world.answered()).kind is PageKind.EXPIRED


async def test_the_login_of_one_town_is_none_of_the_next(world):
    await world.authorize()
    kept = await world.answered()
    assert (await world.finish(kept, issuer=OTHER)).kind is PageKind.EXPIRED


async def test_a_client_that_lost_the_town_in_between_gets_nobody(world):
    await world.authorize()
    kept = await world.answered()
    elsewhere = Client("portal", frozenset(), frozenset({OTHER.municipality}))
    moved = replace(world.registry.get("portal"), client=elsewhere)
    world.registry._by_id["portal"] = lambda: moved
    step = await world.finish(kept)
    assert (step.kind, step.way_back) == (PageKind.FAILED, None)


async def test_a_provider_disabled_in_between_signs_nobody_in(world):
    await world.authorize()
    kept = await world.answered()
    world.bundid.enabled = False
    step = await world.finish(kept)
    assert step.kind is PageKind.FAILED
    assert "code" not in step.way_back
    world.bundid.enabled = True
    await world.authorize()
    world.bundid.enabled = False
    assert (await world.answered()).kind is PageKind.EXPIRED


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("cancelled", "access_denied"),
        ("attributes_missing", "access_denied"),
        ("failed", "access_denied"),
        ("level_too_low", "unmet_authentication_requirements"),
    ],
)
async def test_a_refusal_is_a_page_with_a_number_and_a_way_back(world, kind, error):
    await world.authorize()
    kept = await world.answered(world.bundid.answer(refused=(kind, "some_reason")))
    with capture_logs() as logs:
        step = await world.finish(kept)
    assert isinstance(step, Show)
    assert step.kind.value == kind
    back = told(Redirect(step.way_back))
    assert back == {"error": error, "state": STATE, "iss": TOWN.url}
    (line,) = [each for each in logs if each["event"] == "login.refused"]
    assert (line["reason"], line["number"]) == ("some_reason", step.number)
    assert STATE not in json.dumps(line)
    assert (await world.finish(kept)).kind is PageKind.EXPIRED


async def test_a_level_below_what_was_asked_is_refused_whatever_the_provider_thinks(world):
    world.bundid.identity = person(level=Level.BASIC)
    await world.authorize(acr_values="http://eidas.europa.eu/LoA/high")
    assert world.bundid.asked[-1].level is Level.HIGH
    step = await world.finish(await world.answered())
    assert step.kind is PageKind.LEVEL_TOO_LOW


async def test_the_level_that_is_asked_is_one_that_the_provider_has(world):
    await world.authorize(acr_values="http://eidas.europa.eu/LoA/low")
    assert world.bundid.asked[-1].level is Level.SUBSTANTIAL


async def test_a_level_that_nobody_offers_is_told_to_the_portal(world):
    world.bundid.levels = (Level.BASIC,)
    step = await world.authorize(acr_values="http://eidas.europa.eu/LoA/high")
    assert told(step)["error"] == "unmet_authentication_requirements"
    world.providers = []
    assert told(await world.authorize())["error"] == "temporarily_unavailable"


async def test_two_providers_are_offered_and_one_is_chosen(world):
    world.providers = [world.bundid, world.muk]
    step = await world.authorize()
    assert isinstance(step, Choose)
    assert [(each.display_name, each.audience) for each in step.offers] == [
        ("BundID", "person"),
        ("Mein Unternehmenskonto", "organisation"),
    ]
    assert told(Redirect(step.way_back))["error"] == "access_denied"
    chosen = await world.choose(step, "bundid")
    assert isinstance(chosen, GoToProvider)
    assert "code" in told(await world.finish(await world.answered()))


async def test_a_later_choice_makes_an_answer_to_the_first_one_worthless(world):
    world.providers = [world.bundid, world.muk]
    step = await world.authorize()
    await world.choose(step, "bundid")
    form = world.bundid.answer()
    await world.choose(step, "bundid")
    kept = await world.answered(form)
    assert (await world.finish(kept)).kind is PageKind.FAILED


async def test_a_choice_from_another_browser_or_of_nobody_goes_nowhere(world):
    world.providers = [world.bundid, world.muk]
    step = await world.authorize()
    assert (await world.choose(step, "unknown")).kind is PageKind.FAILED
    world.cookies = BrowserCookies()
    assert (await world.choose(step, "bundid")).kind is PageKind.EXPIRED
    assert (await world.federation.choose(TOWN, "x", "bundid", world.cookies)).kind is PageKind.EXPIRED


async def test_the_chooser_is_skipped_by_name_or_where_there_is_no_choice(world):
    assert isinstance(await world.authorize(), GoToProvider)
    world.providers = [world.bundid, world.muk]
    assert isinstance(await world.authorize(provider="muk"), GoToProvider)
    assert isinstance(await world.authorize(provider="nobody"), Choose)


async def test_tabs_of_one_browser_do_not_disturb_each_other(world):
    await world.authorize(state="one")
    first = world.bundid.answer()
    await world.authorize(state="two")
    second = world.bundid.answer()
    assert told(await world.finish(await world.answered(first)))["state"] == "one"
    assert told(await world.finish(await world.answered(second)))["state"] == "two"


async def test_too_many_logins_are_told_with_a_way_back(world):
    for _ in range(OF_ONE_ADDRESS):
        await world.authorize()
    step = await world.authorize()
    assert (step.kind, step.status) == (PageKind.TOO_MANY, 429)
    assert told(Redirect(step.way_back))["error"] == "temporarily_unavailable"


async def test_an_answer_by_form_goes_to_the_registered_address(world):
    step = await world.login(response_mode="form_post")
    assert isinstance(step, PostToPortal)
    assert step.address == CALLBACK
    assert set(step.fields) == {"code", "state", "iss"}


async def test_without_state_none_comes_back(world):
    assert set(told(await world.login(state=None))) == {"code", "iss"}


async def test_a_client_freed_of_pkce_logs_in_without_and_is_held_to_what_it_sent(world):
    code = await world.code(client_id="free", code_challenge=None, code_challenge_method=None, nonce=None)
    answer = await world.token(code, client="free", code_verifier=None)
    assert answer.status == 200
    assert "nonce" not in claims_of(world, answer.body["id_token"])[0]
    code = await world.code(client_id="free", code_challenge=None, code_challenge_method=None, prompt="login")
    assert (await world.token(code, client="free", code_verifier=VERIFIER)).status == 400
    code = await world.code(client_id="free", prompt="login")
    assert (await world.token(code, client="free", code_verifier=None)).status == 400
