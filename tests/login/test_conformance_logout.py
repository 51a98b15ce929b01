"""The plans "RP-Initiated Logout OP" and "Back-Channel OP" of the OpenID Foundation's conformance suite."""

from __future__ import annotations

import base64
import json

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey
from lxml import html

from tests.login.conformance import BACK_CHANNEL, BYE, STATE, Suite, location
from tests.login.federation_world import SECRET, TOWN, notice_of, requests

EVENT = "http://schemas.openid.net/event/backchannel-logout"


@pytest.fixture
async def suite():
    suite = Suite()
    suite.given = await suite.signed_in()
    suite.hint = suite.given["id_token"]
    return suite


async def confirmed(suite, page):
    """The page on which the person says yes."""
    assert page.status_code == 200, page.text
    (link,) = html.fromstring(page.text).xpath("//main//a/@href")
    assert link.startswith(f"{TOWN.url}/oidc/logout?")
    return await suite.browser.get(link)


async def test_the_portal_signs_out(suite):
    """oidcc-rp-initiated-logout."""
    answer = await suite.logout(id_token_hint=suite.hint, post_logout_redirect_uri=BYE, state=STATE)
    assert location(answer) == (BYE, {"state": STATE})
    assert await suite.error(prompt="none") == "login_required"


async def test_without_state_none_comes_back(suite):
    """oidcc-rp-initiated-logout-no-state."""
    answer = await suite.logout(id_token_hint=suite.hint, post_logout_redirect_uri=BYE)
    assert (answer.status_code, answer.headers["location"]) == (303, BYE)
    assert not await suite.is_signed_in()


async def test_without_an_address_the_page_says_that_it_is_done(suite):
    """oidcc-rp-initiated-logout-no-post-logout-redirect-uri."""
    answer = await suite.logout(id_token_hint=suite.hint, state=STATE)
    assert answer.status_code == 200
    assert "location" not in answer.headers
    assert not await suite.is_signed_in()


@pytest.mark.parametrize("said", [{}, {"state": STATE}])
async def test_without_a_hint_the_person_is_asked_and_signed_out(suite, said):
    """oidcc-rp-initiated-logout-no-params, -only-state."""
    page = await suite.logout(**said)
    assert await suite.is_signed_in()
    done = await confirmed(suite, page)
    assert done.status_code == 200
    assert not await suite.is_signed_in()


async def test_an_address_without_a_hint_is_no_way_to_go(suite):
    """oidcc-rp-initiated-logout-no-id-token-hint: RP-Initiated Logout 1.0 §3, nothing says whose address it is."""
    page = await suite.logout(post_logout_redirect_uri=BYE, state=STATE)
    assert page.status_code == 400
    assert "location" not in page.headers
    assert BYE not in page.text


@pytest.mark.parametrize("address", [f"{BYE}/more", f"{BYE}?foo=bar", f"{BYE}#x", "https://evil.example/"])
async def test_an_address_that_is_not_registered(suite, address):
    """oidcc-rp-initiated-logout-bad-post-logout-redirect-uri, -query-added-to-post-logout-redirect-uri."""
    page = await suite.logout(id_token_hint=suite.hint, post_logout_redirect_uri=address, state=STATE)
    assert page.status_code == 400
    assert "location" not in page.headers
    assert address not in page.text


async def hints_that_are_none(suite):
    """Signed by another key, by the portal's secret, by nobody; changed; of another client."""
    head, payload, signature = suite.hint.split(".")
    other = await suite.signed_in(client="suite-2")
    claims = await suite.claims(suite.hint)
    changed, nobodys = json.dumps(claims | {"sub": "somebody"}).encode(), encoded(b'{"alg":"none"}')
    return (
        jwt.encode({"alg": "RS256"}, claims, RSAKey.generate_key(2048)),
        jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET * 3)),
        f"{nobodys}.{payload}.",
        f"{head}.{encoded(changed)}.{signature}",
        f"{head}.{payload}.{signature[:-8]}AAAAAAAA",
        "x",
        other["id_token"],
    )


def encoded(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


async def test_a_hint_that_is_none_of_ours_or_of_another_client(suite):
    """oidcc-rp-initiated-logout-bad-id-token-hint, -modified-id-token-hint."""
    for hint in await hints_that_are_none(suite):
        page = await suite.logout(id_token_hint=hint, client_id="suite", post_logout_redirect_uri=BYE, state=STATE)
        assert page.status_code == 400, hint
        assert "location" not in page.headers
        assert await suite.is_signed_in()


async def test_a_hint_counts_after_it_expired(suite):
    """RP-Initiated Logout 1.0 §4: the provider accepts ID tokens whose `exp` has passed."""
    suite.world.clock.advance(1700)
    answer = await suite.logout(id_token_hint=suite.hint, post_logout_redirect_uri=BYE)
    assert answer.headers["location"] == BYE
    assert not await suite.is_signed_in()


async def test_the_request_may_be_posted(suite):
    """RP-Initiated Logout 1.0 §2: GET and POST."""
    said = {"id_token_hint": suite.hint, "post_logout_redirect_uri": BYE, "state": STATE}
    assert location(await suite.browser.post("/oidc/logout", data=said)) == (BYE, {"state": STATE})
    assert not await suite.is_signed_in()
    said["id_token_hint"] = (await suite.signed_in())["id_token"]
    posted = await suite.server.post("/oidc/logout", data=said, headers={"Sec-Fetch-Site": "cross-site"})
    assert location(await suite.browser.get(posted.headers["location"])) == (BYE, {"state": STATE})
    assert not await suite.is_signed_in()


@pytest.mark.parametrize("said", [{"state": "s"}, {"client_id": "suite", "post_logout_redirect_uri": BYE}])
async def test_a_form_of_another_site_signs_nobody_out_unasked(suite, said):
    """RP-Initiated Logout 1.0 §6: without a hint the person is asked, also where `SameSite` kept the cookie back."""
    posted = await suite.server.post("/oidc/logout", data=said, headers={"Sec-Fetch-Site": "cross-site"})
    page = await suite.browser.get(posted.headers["location"])
    assert (page.status_code, await suite.is_signed_in()) == (200, True)
    await confirmed(suite, page)
    assert not await suite.is_signed_in()


@pytest.mark.parametrize("said", [{"state": "s"}, {"client_id": "suite", "post_logout_redirect_uri": BYE}])
async def test_who_brings_no_cookie_is_taken_none(suite, said):
    """As before, by a browser that does not say where a form comes from."""
    posted = await suite.server.post("/oidc/logout", data=said)
    assert posted.status_code in {200, 303}
    assert "set-cookie" not in posted.headers


async def test_the_portals_server_is_told(suite):
    """oidcc-backchannel-rp-initiated-logout: Back-Channel Logout 1.0 §2.4."""
    signed = await suite.claims(suite.hint)
    await suite.logout(id_token_hint=suite.hint, post_logout_redirect_uri=BYE, state=STATE)
    (ended,) = suite.world.logins.notices
    notice = await requests(suite.world, "suite", BACK_CHANNEL, "RS256").of(notice_of(ended))
    assert (ended.client, notice.address) == ("suite", BACK_CHANNEL)
    keys = KeySet.import_key_set((await suite.server.get("/oidc/jwks.json")).json())
    read = jwt.decode(notice.logout_token, keys, algorithms=["RS256"])
    assert read.header["typ"] == "logout+jwt"
    said = read.claims
    assert (said["iss"], said["aud"]) == (TOWN.url, "suite")
    assert (said["sub"], said["sid"]) == (signed["sub"], signed["sid"])
    assert said["events"] == {EVENT: {}}
    assert type(said["iat"]) is type(said["exp"]) is int
    assert said["jti"]
    assert "nonce" not in said


@pytest.mark.parametrize(
    "module", ["oidcc-rp-initiated-logout-discovery-…", "oidcc-backchannel-logout-discovery-endpoint-verification"]
)
async def test_the_address_is_published(suite, module):
    """The two verifications of discovery for sign-outs."""
    said = (await suite.server.get("/.well-known/openid-configuration")).json()
    if module.startswith("oidcc-rp"):
        assert said["end_session_endpoint"] == f"{TOWN.url}/oidc/logout"
    else:
        assert said["backchannel_logout_supported"] is True
        assert said["backchannel_logout_session_supported"] is True
