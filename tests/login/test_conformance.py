"""The modules of the plan "Basic OP" of the OpenID Foundation's conformance suite that a provider is certified by.

Each test bears the names of its modules. The suite sends no PKCE but in one of them, so its clients are freed of it.
"""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import parse_qsl, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from lxml import html

from gateway.login.assertions import TYPE
from gateway.login.clients import Registry
from tests.login.conformance import NAMED, STATE, Suite, basic, location, userinfo_of
from tests.login.federation_world import CALLBACK, TOWN, VERIFIER, client, s256

PROFILE = {"name", "given_name", "family_name", "title", "gender", "birthdate"}
EMAIL = {"email", "email_verified"}
PHONE = {"phone_number", "phone_number_verified"}


@pytest.fixture
def suite():
    return Suite()


async def test_happy_path(suite):
    """oidcc-server, oidcc-idtoken-signature."""
    given = await suite.signed_in()
    claims = await suite.claims(given["id_token"])
    half = hashlib.sha256(given["access_token"].encode()).digest()[:16]
    assert claims["at_hash"] == base64.urlsafe_b64encode(half).rstrip(b"=").decode()  # Core §3.1.3.6
    assert (await suite.userinfo(given["access_token"]))["sub"] == claims["sub"]


async def test_form_post(suite):
    """oidcc-server by the plan "Form Post Basic OP", and what ASP.NET asks for unless told otherwise."""
    page = html.fromstring((await suite.page(response_mode="form_post")).text)
    (form,) = page.xpath("//form")
    said = {each.get("name"): each.get("value") for each in form.xpath(".//input")}
    assert (form.get("method").lower(), form.get("action")) == ("post", CALLBACK)
    assert (said.keys(), said["state"], said["iss"]) == ({"code", "state", "iss"}, STATE, TOWN.url)
    await suite.claims((await suite.tokens(said["code"]))["id_token"])


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"grant_type": ""}, {"invalid_request"}),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, {"unsupported_grant_type"}),
        ({"grant_type": "password", "username": "x", "password": "x"}, {"unsupported_grant_type"}),
        ({"code": ""}, {"invalid_request", "invalid_grant"}),
        ({"code": "x" * 43}, {"invalid_grant"}),
        ({"redirect_uri": ""}, {"invalid_request", "invalid_grant"}),
        ({"redirect_uri": "https://portal.example/other"}, {"invalid_grant"}),
    ],
)
async def test_faults_of_a_token_request(suite, wrong, error):
    """RFC 6749 §5.2."""
    refused = await suite.exchange((await suite.callback())["code"], **wrong)
    assert refused.status_code == 400
    assert refused.headers["content-type"].partition(";")[0] == "application/json"
    assert "no-store" in refused.headers["cache-control"]
    assert refused.json()["error"] in error


async def test_client_secret_post(suite):
    """oidcc-server-client-secret-post."""
    given = await suite.signed_in(client="suite-post")
    await suite.claims(given["id_token"], client="suite-post")


async def test_response_type_missing(suite):
    """oidcc-response-type-missing."""
    assert await suite.error(response_type=None) in {"invalid_request", "unsupported_response_type"}


async def test_id_tokens_without_signature_are_not_to_be_had(suite):
    """oidcc-idtoken-unsigned, which is passed over where `none` is not offered."""
    said = (await suite.server.get("/.well-known/openid-configuration")).json()
    assert "none" not in said["id_token_signing_alg_values_supported"]


async def test_userinfo_by_get_post_and_form(suite):
    """oidcc-userinfo-get, oidcc-userinfo-post-header, oidcc-userinfo-post-body."""
    token = (await suite.signed_in())["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    by_get = await suite.userinfo(token)
    assert userinfo_of(await suite.server.post("/oidc/userinfo", headers=bearer)) == by_get
    assert userinfo_of(await suite.server.post("/oidc/userinfo", headers=bearer, data={"x": "y"})) == by_get
    assert userinfo_of(await suite.server.post("/oidc/userinfo", data={"access_token": token})) == by_get
    form = "application/x-www-form-urlencoded;charset=UTF-8"
    written = await suite.server.post("/oidc/userinfo", content=f"access_token={token}", headers={"Content-Type": form})
    assert userinfo_of(written) == by_get


async def test_without_nonce(suite):
    """oidcc-ensure-request-without-nonce-succeeds-for-code-flow."""
    given = await suite.signed_in(nonce=None)
    await suite.claims(given["id_token"], nonce=None)


@pytest.mark.parametrize(
    ("scope", "released"),
    [
        ("openid profile", PROFILE),
        ("openid email", EMAIL),
        ("openid address", {"address"}),
        ("openid phone", PHONE),
        ("openid profile email address phone", PROFILE | EMAIL | PHONE | {"address"}),
        ("email openid", EMAIL),
    ],
)
async def test_scopes(suite, scope, released):
    """oidcc-scope-profile, -email, -address, -phone, -all, oidcc-ensure-other-scope-order-succeeds."""
    given = await suite.signed_in(scope=scope)
    assert set(given["scope"].split()) == set(scope.split())
    claims = await suite.claims(given["id_token"])
    assert not (PROFILE | EMAIL | PHONE | {"address"}) & claims.keys()  # Core §5.4: there is an access token
    said = await suite.userinfo(given["access_token"])
    assert said["sub"] == claims["sub"]
    assert (PROFILE | EMAIL | PHONE | {"address"}) & said.keys() == released


@pytest.mark.parametrize(
    "more",
    [
        {"display": "page"},
        {"display": "popup"},
        {"extra": "foobar"},
        {"x-client-SKU": "ID_NET9_0", "x-client-ver": "8.0.1.0"},
        {"login_hint": "aenne@example.org"},
        {"ui_locales": "se"},
        {"ui_locales": "en-GB fr de"},
        {"claims_locales": "se"},
        {"acr_values": "1 2"},
        {"acr_values": "http://eidas.europa.eu/LoA/substantial urn:example:other"},
        {"prompt": "consent"},
    ],
)
async def test_parameters_that_a_provider_may_pass_over(suite, more):
    """oidcc-display-…, oidcc-…-with-unknown-parameter-…, oidcc-login-hint, -ui-locales, -claims-locales, -acr-…."""
    given = await suite.signed_in(**more)
    claims = await suite.claims(given["id_token"])
    assert claims["acr"] == "http://eidas.europa.eu/LoA/substantial"


async def test_prompt_login_asks_again(suite):
    """oidcc-prompt-login."""
    first = await suite.claims((await suite.signed_in())["id_token"])
    suite.world.clock.advance(1)
    second = await suite.claims((await suite.signed_in(prompt="login"))["id_token"])
    assert suite.logins == 2
    assert second["auth_time"] > first["auth_time"]
    assert second["sub"] == first["sub"]


async def test_prompt_none_of_nobody(suite):
    """oidcc-prompt-none-not-logged-in."""
    assert await suite.error(prompt="none") == "login_required"
    assert suite.logins == 0


@pytest.mark.parametrize("more", [(), ("id_token_hint",)])
async def test_prompt_none_of_somebody(suite, more):
    """oidcc-prompt-none-logged-in, oidcc-id-token-hint."""
    given = await suite.signed_in()
    first = await suite.claims(given["id_token"])
    suite.world.clock.advance(1)
    more = dict.fromkeys(more, given["id_token"])
    second = await suite.claims((await suite.signed_in(prompt="none", **more))["id_token"])
    assert suite.logins == 1
    assert (second["sub"], second["auth_time"]) == (first["sub"], first["auth_time"])
    assert second["iat"] > first["iat"]


async def test_max_age_1(suite):
    """oidcc-max-age-1."""
    first = await suite.claims((await suite.signed_in())["id_token"])
    suite.world.clock.advance(2)
    second = await suite.claims((await suite.signed_in(max_age="1"))["id_token"])
    assert suite.logins == 2
    assert second["auth_time"] > first["auth_time"]


async def test_max_age_10000(suite):
    """oidcc-max-age-10000."""
    first = await suite.claims((await suite.signed_in(max_age="15000"))["id_token"])
    suite.world.clock.advance(1)
    second = await suite.claims((await suite.signed_in(max_age="10000"))["id_token"])
    assert suite.logins == 1
    assert (second["sub"], second["auth_time"]) == (first["sub"], first["auth_time"])


@pytest.mark.parametrize("later", [0, 30, 90])
async def test_a_code_used_twice(suite, later):
    """oidcc-codereuse, oidcc-codereuse-30seconds: 400 `invalid_grant`, and what it gave is revoked."""
    code = (await suite.callback())["code"]
    given = await suite.tokens(code)
    suite.world.clock.advance(later)
    await suite.userinfo(given["access_token"])
    again = await suite.exchange(code)
    assert again.status_code == 400
    assert again.headers["content-type"].partition(";")[0] == "application/json"
    assert again.json()["error"] == "invalid_grant"
    assert set(again.json()) <= {"error", "error_description", "error_uri"}
    bearer = {"Authorization": f"Bearer {given['access_token']}"}
    revoked = await suite.server.get("/oidc/userinfo", headers=bearer)
    assert revoked.status_code == 401
    assert 'error="invalid_token"' in revoked.headers["www-authenticate"]  # RFC 6750 §3.1


@pytest.mark.parametrize("address", [f"{CALLBACK}/more", f"{CALLBACK}?foo=bar", "https://portal.example/", None])
async def test_an_address_that_is_not_registered(suite, address):
    """oidcc-ensure-registered-redirect-uri, oidcc-redirect-uri-query-added, oidcc-ensure-redirect-uri-in-…-request."""
    page = await suite.page(redirect_uri=address)
    assert page.status_code == 400
    assert page.headers["content-type"].startswith("text/html")
    assert "location" not in page.headers
    assert "portal.example" not in page.text


async def test_the_request_may_be_posted(suite):
    """oidcc-ensure-post-request-succeeds."""
    said = await suite.callback("POST")
    await suite.claims((await suite.tokens(said["code"]))["id_token"])


async def test_a_form_of_another_site_finds_who_is_signed_in(suite):
    """OpenID Connect Core §3.1.2.1: POST means what GET means, though `SameSite=Lax` keeps the cookies back."""
    await suite.signed_in()
    asked = suite.request(prompt="none", scope="openid ä&=")
    there = {"data": asked, "headers": {"Sec-Fetch-Site": "cross-site"}}
    posted = await suite.server.post("/oidc/authorize", **there)
    assert posted.status_code == 303
    assert posted.headers["location"].startswith(f"{TOWN.url}/oidc/authorize?")
    assert dict(parse_qsl(urlsplit(posted.headers["location"]).query)) == asked
    posted = await suite.server.post("/oidc/authorize", **there | {"data": suite.request(prompt="none")})
    address, said = location(await suite.browser.get(posted.headers["location"]))
    assert (address, said.keys()) == (CALLBACK, {"code", "state", "iss"})
    too_long = suite.request(prompt="none", extra="x" * 9000)
    assert location(await suite.server.post("/oidc/authorize", **there | {"data": too_long}))[0] == CALLBACK


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"request_uri": "https://portal.example/request.jwt"}, "request_uri_not_supported"),
        ({"request": "eyJhbGciOiJub25lIn0.eyJzY29wZSI6Im9wZW5pZCJ9."}, "request_not_supported"),
    ],
)
async def test_request_objects_are_told_to_be_none_of_ours(suite, more, error):
    """oidcc-request-uri-unsigned-…, oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported."""
    assert await suite.error(**more) == error


async def test_a_claim_asked_for_by_name(suite):
    """oidcc-claims-essential."""
    given = await suite.signed_in(claims='{"userinfo":{"name":{"essential":true}}}')
    assert "name" not in await suite.claims(given["id_token"])
    said = await suite.userinfo(given["access_token"])
    assert said["name"] == f"{NAMED['given_name']} {NAMED['family_name']}"
    assert "family_name" not in said


async def test_refresh_tokens_are_not_given(suite):
    """oidcc-refresh-token, which is passed over where there are none; `offline_access` is no fault (Core §11)."""
    given = await suite.signed_in(scope="openid offline_access", prompt="consent")
    assert "refresh_token" not in given
    assert given["scope"] == "openid"  # RFC 6749 §3.3: told where it differs from what was asked for


async def test_with_pkce(suite):
    """oidcc-ensure-request-with-valid-pkce-succeeds; who began with a challenge is held to it (RFC 9700 §2.1.1)."""
    challenge = {"code_challenge": s256(VERIFIER), "code_challenge_method": "S256"}
    code = (await suite.callback(**challenge))["code"]
    await suite.tokens(code, code_verifier=VERIFIER)
    for code, more in (
        ((await suite.callback(**challenge))["code"], {}),
        ((await suite.callback(**challenge))["code"], {"code_verifier": "w" * 50}),
        ((await suite.callback())["code"], {"code_verifier": VERIFIER}),
    ):
        refused = await suite.exchange(code, **more)
        assert refused.status_code == 400
        assert refused.json()["error"] in {"invalid_grant", "invalid_request"}


@pytest.mark.parametrize(
    ("headers", "form"),
    [
        (basic("suite", "wrong"), {}),
        (basic("nobody"), {}),
        ({}, {}),
        ({}, {"client_id": "suite"}),
        ({}, {"client_id": "suite-post", "client_secret": "wrong"}),
    ],
)
async def test_who_is_no_client_of_ours(suite, headers, form):
    """RFC 6749 §5.2: 401 with a challenge that fits how a client may authenticate; the code is not used up."""
    code = (await suite.callback())["code"]
    asked = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK} | form
    refused = await suite.server.post("/oidc/token", data=asked, headers=headers)
    assert refused.status_code == 401
    assert refused.json()["error"] == "invalid_client"
    assert refused.headers["www-authenticate"].startswith("Basic ")
    assert "no-store" in refused.headers["cache-control"]
    await suite.tokens(code)


@pytest.mark.parametrize("secret", ["a b+c%41/=ü:x", "100%", "plain"])
async def test_a_secret_of_any_characters(suite, secret):
    """RFC 6749 §2.3.1 by those who form-encode it (Spring, mod_auth_openidc), and by those who do not (Authlib)."""
    suite.world.registry._by_id.update(Registry([client("odd", secret=secret, require_pkce=False)])._by_id)
    as_is = {"Authorization": "Basic " + base64.b64encode(f"odd:{secret}".encode()).decode()}
    for headers in (basic("odd", secret), as_is):
        code = (await suite.callback(client="odd"))["code"]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
        assert (await suite.server.post("/oidc/token", data=form | {"client_id": "odd"}, headers=headers)).is_success
        wrong = await suite.server.post("/oidc/token", data=form | {"client_id": "suite"}, headers=headers)
        assert wrong.status_code == 401


@pytest.mark.parametrize(("named", "signed"), [("RS256", "RS256"), ("PS256", "PS256"), (None, "PS512")])
async def test_an_assertion_by_rsa(suite, rsa_keys, named, signed):
    """Core §9, Discovery §3: RS256 should be taken; the registered key says what it signs with, never the token."""
    key = RSAKey.import_key(rsa_keys["signing"])
    public = key.as_dict(private=False) | ({"alg": named} if named else {})
    known = client("by-key", secret=None, method="private_key_jwt", jwks={"keys": [public]}, require_pkce=False)
    suite.world.registry._by_id.update(Registry([known])._by_id)
    code = (await suite.callback(client="by-key"))["code"]
    at = int(suite.world.clock.at.timestamp())
    claims = {"iss": "by-key", "sub": "by-key", "aud": f"{TOWN.url}/oidc/token", "exp": at + 60}
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "client_assertion_type": TYPE}
    for alg in ("RS256", "PS256", "PS512"):
        assertion = jwt.encode({"alg": alg}, claims | {"jti": alg}, key, algorithms=[alg])
        answer = await suite.server.post("/oidc/token", data=form | {"client_assertion": assertion})
        assert answer.status_code == (200 if alg == signed else 401)
    offered = (await suite.server.get("/.well-known/openid-configuration")).json()
    assert signed in offered["token_endpoint_auth_signing_alg_values_supported"]


async def test_an_error_is_told_with_state_and_issuer_even_by_form(suite):
    """RFC 9207 §2, OAuth 2.0 Form Post Response Mode §2: the plan "Form Post Basic OP" asks the same of a form."""
    page = await suite.page(response_mode="form_post", prompt="none")
    assert page.status_code == 200
    assert "no-store" in page.headers["cache-control"]
    assert f'action="{CALLBACK}"' in page.text
    assert 'name="error" value="login_required"' in page.text
    assert 'name="state"' in page.text
    assert 'name="iss"' in page.text
