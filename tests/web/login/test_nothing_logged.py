"""Requests of a login that come to nothing leave no text of theirs in the log, wherever it stood in them."""

from __future__ import annotations

import pytest

from tests.web.login.test_whole_flow import BASIC, browser, world  # noqa: F401 - fixtures

MARK = "Zwiebelturm"
LONG = (MARK + "x" * 43)[:43]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
NAMES = (
    "client_id", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce", "code_challenge",
    "code_challenge_method", "prompt", "max_age", "claims", "acr_values", "login_hint", "id_token_hint", "ui_locales",
    "provider", "request", "request_uri", "registration", MARK,
)  # fmt: skip
CLAIMS = (
    '{"userinfo":{"Zwiebelturm":{"essential":true}}}',
    '{"Zwiebelturm',
    '{"id_token":{"sub":{"value":"Zwiebelturm"}}}',
)


@pytest.fixture
def logged(capfd):
    """What was written since the test began."""
    return lambda: "".join(capfd.readouterr())


@pytest.mark.parametrize("way", ["GET", "POST", "PAR"])
async def test_no_parameter_of_a_portal_is_logged(world, browser, logged, way):  # noqa: F811
    for name in NAMES:
        for value in (MARK, f"https://{MARK}.example/cb", *(CLAIMS if name == "claims" else ())):
            asked = {**dict(world.parameters()), name: value}
            if way == "GET":
                answer = await browser.get("/oidc/authorize", params=asked)
            else:
                answer = await browser.post(
                    "/oidc/par" if way == "PAR" else "/oidc/authorize", data=asked, headers=BASIC
                )
            assert answer.status_code < 500
    text = logged()
    assert "web.answered" in text
    assert MARK.lower() not in text.lower()


async def test_nothing_of_a_browser_or_an_identity_provider_is_logged(world, browser, logged):  # noqa: F811
    await browser.get("/oidc/authorize", params=dict(world.parameters()))
    state = world.bundid.asked[-1].relay_state
    browser.cookies.set("__Host-session", LONG)
    answers = [
        await browser.get(f"/oidc/login/{MARK}", params={"login": state}),
        await browser.get("/oidc/login/bundid", params={"login": LONG}),
        await browser.get("/oidc/continue", params={"login": LONG}),
        await browser.get("/oidc/continue", params=[("login", LONG), ("login", MARK)]),
        await browser.post(f"/saml/{MARK}/bundid/acs", data={"SAMLResponse": MARK, "RelayState": state}),
        await browser.post(f"/saml/tangerhuette/{MARK}/acs", data={"SAMLResponse": MARK, "RelayState": state}),
        await browser.post("/saml/tangerhuette/bundid/acs", data={"SAMLResponse": MARK, "RelayState": LONG}),
        await browser.post("/saml/tangerhuette/bundid/acs", data={"SAMLResponse": MARK, MARK: MARK}),
        await browser.post("/saml/tangerhuette/bundid/acs", content=MARK * 30_000, headers=FORM),
        await browser.post("/saml/tangerhuette/bundid/acs", content=MARK, headers={"Content-Type": f"text/{MARK}"}),
        await browser.get("/oidc/logout", params={"id_token_hint": MARK, "state": MARK}),
        await browser.get(
            "/oidc/logout", params={"post_logout_redirect_uri": f"https://{MARK}.example", "confirm": MARK}
        ),
        await browser.get("/oidc/userinfo", headers={"Authorization": f"Bearer {LONG}"}),
        await browser.post("/oidc/userinfo", data={"access_token": LONG}),
        *[
            await browser.post("/oidc/token", data={"grant_type": "authorization_code", **form}, headers=BASIC)
            for form in ({"code": LONG, "code_verifier": MARK}, {"code": MARK, "redirect_uri": MARK}, {MARK: MARK})
        ],
        await browser.post("/oidc/token", data={"grant_type": MARK, "client_id": MARK, "client_secret": MARK}),
        await browser.get(
            "/oidc/authorize", params=dict(world.parameters()), headers={"User-Agent": MARK, "Referer": MARK}
        ),
    ]
    assert max(answer.status_code for answer in answers) < 500
    text = logged()
    assert text.count("web.answered") > len(answers)
    assert MARK.lower() not in text.lower()
