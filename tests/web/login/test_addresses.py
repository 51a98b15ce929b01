from __future__ import annotations

import httpx
import pytest
import structlog
from lxml import html

from gateway.errors import TooManyRequests
from gateway.login.certificates import Presented
from gateway.login.steps import BrowserCookies, PageKind, Redirect, SetCookies, Show
from gateway.web.login.forms import ANSWER_LIMIT
from tests.login.authority import issued
from tests.web.conftest import ARS, HOST, build
from tests.web.login.conftest import BACK, SHOWN, logins, with_cookies

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PEER = "127.0.0.1"
PLAIN = "http://localhost:8600"
READ = ["/oidc/authorize", "/oidc/login/bundid", "/oidc/continue", "/oidc/logout"]
ACS = "/saml/tangerhuette/bundid/acs"
EXPIRED = next(each for each in SHOWN if each.kind is PageKind.EXPIRED)


async def ask(login, method: str, path: str, base: str = HOST, **more) -> httpx.Response:
    async with login.browser(base) as browser:
        return await browser.request(method, path, **more)


async def test_each_address_puts_its_question(login):
    cookies = {"Cookie": "__Host-login=aaa; other=1; __Host-session=bbb"}
    brought = BrowserCookies("aaa", "bbb")
    await ask(login, "GET", "/oidc/authorize?a=1&b=&a=%C3%A4", headers=cookies)
    await ask(login, "POST", "/oidc/authorize?q=1", headers={**FORM, **cookies}, content="a=2+3&a=4")
    await ask(login, "GET", "/oidc/login/bundid?login=HHH", headers=cookies)
    await ask(login, "GET", "/oidc/continue?login=HHH&answer=PPP", headers=cookies)
    await ask(login, "POST", "/oidc/logout", headers={**FORM, **cookies}, content="state=x")
    names = [(each[0], *(part for part in each[1:] if not hasattr(part, "municipality"))) for each in login.flow.asked]
    assert names == [
        ("authorize", (("a", "1"), ("b", ""), ("a", "ä")), brought, "127.0.0.1"),
        ("authorize", (("q", "1"), ("a", "2 3"), ("a", "4")), brought, "127.0.0.1"),
        ("choose", "HHH", "bundid", brought),
        ("finish", "HHH", "PPP", brought),
        ("logout", (("state", "x"),), brought),
    ]
    assert {each[1].municipality for each in login.flow.asked} == {ARS}


@pytest.mark.parametrize("path", ["/oidc/authorize", "/oidc/logout"])
async def test_a_form_without_our_cookies_comes_again_by_get_with_those_that_there_are(login, path):
    answer = await ask(login, "POST", f"{path}?q=%26", headers=FORM, content="a=%C3%A4+b&a=&x=https%3A%2F%2Fp%2F%3Fy")
    assert (answer.status_code, login.flow.asked) == (303, [])
    assert answer.headers["location"] == f"{HOST}{path}?q=%26&a=%C3%A4+b&a=&x=https%3A%2F%2Fp%2F%3Fy"
    assert "set-cookie" not in answer.headers
    await ask(login, "GET", answer.headers["location"].removeprefix(HOST))
    await ask(login, "POST", path, headers={**FORM, "Cookie": "__Host-session=s"}, content="a=b")
    asked, by_post = (each[2] for each in login.flow.asked)
    assert (asked, by_post) == ((("q", "&"), ("a", "ä b"), ("a", ""), ("x", "https://p/?y")), (("a", "b"),))


async def test_a_form_too_long_for_an_address_is_answered_as_it_came(login):
    for length, asked in ((8_000 - len("/oidc/authorize?state="), 0), (8_001 - len("/oidc/authorize?state="), 1)):
        await ask(login, "POST", "/oidc/authorize", headers=FORM, content="state=" + "s" * length)
        assert len(login.flow.asked) == asked


@pytest.mark.parametrize("path", ["/oidc/login/bundid", "/oidc/continue"])
@pytest.mark.parametrize("query", ["", "?login=", "?login=a&login=b", "?LOGIN=a"])
async def test_a_handle_that_is_missing_or_doubled_is_none(login, path, query):
    await ask(login, "GET", path + query)
    assert login.flow.asked[0][2] == ""


async def test_a_browser_still_in_the_chain_behind_a_form_asks_again_from_us_once(login):
    """Its identity provider's `form-action` need not name the portal, and browsers hold redirects to it."""
    login.flow.step = Redirect(BACK)
    cross = {"Sec-Fetch-Site": "cross-site"}
    first = await ask(login, "GET", "/oidc/continue?login=H%22%3E_-9&answer=P%26", headers=cross)
    assert (first.status_code, login.flow.asked) == (200, [])
    page = html.document_fromstring(first.text)
    (link,) = page.xpath("//main//a/@href")
    assert link == "?login=H%22%3E_-9&answer=P%26&again=1"
    assert page.xpath("//meta[@http-equiv='refresh']/@content") == [f"0; url={link}"]
    for headers in (cross, {"Sec-Fetch-Site": "same-origin"}):
        assert (await ask(login, "GET", f"/oidc/continue{link}", headers=headers)).headers["location"] == BACK
    assert [each[2:4] for each in login.flow.asked] == [('H">_-9', "P&")] * 2
    stranger = await ask(login, "GET", "/oidc/continue?login=H", headers={**cross, "Host": "stranger.example"})
    assert stranger.status_code == 404


async def test_a_redirect_is_a_303_to_where_the_step_says(login):
    login.flow.step = Redirect(BACK)
    answers = [
        await ask(login, "GET", "/oidc/authorize"),
        await ask(login, "POST", "/oidc/authorize", headers={**FORM, "Cookie": "__Host-login=l"}, content="a=b"),
        await ask(login, "POST", ACS, headers=FORM, content="SAMLResponse=x&RelayState=y"),
    ]
    for answer in answers:
        assert (answer.status_code, answer.headers["location"], answer.content) == (303, BACK, b"")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"


async def test_cookies_are_for_us_alone_and_on_https_for_this_host_alone(login):
    login.flow.step = with_cookies(Redirect(BACK), login="L-_9", session="S")
    secure = (await ask(login, "GET", "/oidc/authorize")).headers.get_list("set-cookie")
    plain = logins(PLAIN)
    plain.flow.step = login.flow.step
    open_ = (await ask(plain, "GET", "/oidc/authorize", PLAIN)).headers.get_list("set-cookie")
    assert secure == [
        "__Host-login=L-_9; Path=/; HttpOnly; SameSite=Lax; Secure",
        "__Host-session=S; Path=/; HttpOnly; SameSite=Lax; Secure",
    ]
    assert open_ == ["login=L-_9; Path=/; HttpOnly; SameSite=Lax", "session=S; Path=/; HttpOnly; SameSite=Lax"]


async def test_a_cookie_is_taken_away_with_the_attributes_it_was_set_with(login):
    login.flow.step = with_cookies(Redirect(BACK), session="")
    answer = await ask(login, "GET", "/oidc/logout")
    assert answer.headers.get_list("set-cookie") == [
        "__Host-session=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0"
    ]


async def test_pages_set_cookies_too(login):
    login.flow.step = Show(PageKind.SIGNED_OUT, "1", "de", None, 200, SetCookies(session=""))
    answer = await ask(login, "GET", "/oidc/logout")
    assert (answer.status_code, len(answer.headers.get_list("set-cookie"))) == (200, 1)


@pytest.mark.parametrize(
    "header",
    [
        "login=foreign",
        "__Host-login=a; __Host-login=b",
        "__Host-login=",
        "__Host-login=a%20b",
        '__Host-login="a"',
        "__host-login=a",
        "__Host-login=" + "a" * 300,
    ],
)
async def test_a_cookie_of_another_name_shape_or_number_is_none(login, header):
    await ask(login, "GET", "/oidc/continue?login=h", headers={"Cookie": header})
    assert login.flow.asked[0][-1] == BrowserCookies()


@pytest.mark.parametrize("path", READ)
async def test_head_is_answered_and_touches_no_login(login, path):
    login.flow.step = with_cookies(Redirect(BACK), login="x")
    answer = await ask(login, "HEAD", path + "?login=h")
    assert (answer.status_code, answer.content, login.flow.asked) == (200, b"", [])
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("host", ["gateway.stranger.example", "10.0.0.1", f"{HOST.removeprefix('https://')}:8443"])
async def test_an_unknown_host_never_gets_a_municipalitys_login(login, host):
    tries = [("GET", path) for path in READ] + [("HEAD", READ[0]), ("POST", ACS), ("POST", "/oidc/par")]
    for method, path in [*tries, ("GET", "/oidc/userinfo")]:
        answer = await ask(login, method, path, headers={"Host": host, **FORM})
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json"), path
    assert login.flow.asked == []


@pytest.mark.parametrize("host", ["GATEWAY.tangerhuette.example", "gateway.tangerhuette.example:443"])
async def test_the_same_host_written_otherwise_is_the_same(login, host):
    await ask(login, "GET", "/oidc/authorize", headers={"Host": host})
    assert login.flow.asked[0][1].municipality == ARS


@pytest.mark.parametrize("slug", ["stendal", "nowhere", "..%2ftangerhuette"])
async def test_the_answer_for_one_municipality_is_not_taken_under_the_name_of_another(login, slug):
    answer = await ask(login, "POST", f"/saml/{slug}/bundid/acs", headers=FORM, content="SAMLResponse=x&RelayState=y")
    assert (answer.status_code, login.flow.asked) == (404, [])


async def test_the_answer_of_an_identity_provider_is_handed_on_whole_and_without_a_cookie(login):
    fields = "RelayState=HHH&SAMLResponse=PD94+%2B%3D&extra=1"
    await ask(login, "POST", ACS, headers={**FORM, "Cookie": "__Host-login=a"}, content=fields)
    assert login.flow.asked == [("answered", ARS, "bundid", (("RelayState", "HHH"), ("SAMLResponse", "PD94 +=")))]


@pytest.mark.parametrize(
    ("content", "headers", "reason"),
    [
        (b"SAMLResponse=x&RelayState=a&RelayState=b", FORM, "fields_missing_or_doubled"),
        (b"SAMLResponse=x&SAMLResponse=y&RelayState=a", FORM, "fields_missing_or_doubled"),
        (b"SAMLResponse=x", FORM, "fields_missing_or_doubled"),
        (b"", FORM, "fields_missing_or_doubled"),
        (b"SAMLResponse=\xff&RelayState=a", FORM, "invalid_parameter"),
        (b"SAMLResponse=%ff&RelayState=a", FORM, "invalid_parameter"),
        (b"a=1&" * 60 + b"SAMLResponse=x&RelayState=a", FORM, "invalid_parameter"),
        (b'{"SAMLResponse":"x"}', {"Content-Type": "application/json"}, "wrong_media_type"),
        (b"x", {**FORM, "Content-Encoding": "gzip"}, "wrong_media_type"),
        (b"RelayState=a&SAMLResponse=" + b"A" * ANSWER_LIMIT, FORM, "body_too_large"),
    ],
)
async def test_what_cannot_be_read_is_answered_as_an_answer_to_no_login(login, content, headers, reason):
    login.flow.step = EXPIRED
    unknown = await ask(login, "POST", ACS, headers=FORM, content="SAMLResponse=x&RelayState=unknown")
    with structlog.testing.capture_logs() as logs:
        answer = await ask(login, "POST", ACS, headers=headers, content=content)
    drop = {"x-request-id"}
    assert answer.status_code == unknown.status_code == 400
    assert answer.text == unknown.text
    assert {k: v for k, v in answer.headers.items() if k not in drop} == {
        k: v for k, v in unknown.headers.items() if k not in drop
    }
    assert login.flow.asked[-1] == ("answered", ARS, "bundid", ())
    refused = [each for each in logs if each["event"] == "login.refused"]
    assert [(each["reason"], each["number"]) for each in refused] == [(reason, EXPIRED.number)]


async def test_the_largest_answer_passes(login):
    field = "A" * (ANSWER_LIMIT - len("RelayState=a&SAMLResponse="))
    await ask(login, "POST", ACS, headers=FORM, content=f"RelayState=a&SAMLResponse={field}")
    assert len(login.flow.asked[0][3][1][1]) == len(field)


@pytest.mark.parametrize("path", ["/oidc/authorize", "/oidc/logout"])
@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"a=" + b"x" * 1_000_000, FORM, 413),
        (b"a=%ff", FORM, 422),
        (b"a=1&" * 60, FORM, 422),
        (b"{}", {"Content-Type": "application/json"}, 415),
    ],
)
async def test_a_form_that_cannot_be_read_is_a_page_and_no_question(login, path, content, headers, status):
    answer = await ask(login, "POST", path, headers=headers, content=content)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert login.flow.asked == []


async def test_a_query_that_cannot_be_read_is_a_page_too(login):
    answer = await ask(login, "GET", "/oidc/authorize?client_id=%ff")
    assert (answer.status_code, "<h1" in answer.text, login.flow.asked) == (422, True, [])


async def test_our_metadata_are_given_under_any_name_to_whoever_knows_the_address(login):
    for method, content in (("GET", b"<EntityDescriptor/>"), ("HEAD", None)):
        answer = await ask(login, method, "/saml/tangerhuette/bundid/metadata", headers={"Host": "10.0.0.1"})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/samlmetadata+xml")
        assert content is None or answer.content == content
    for path in ("/saml/stendal/bundid/metadata", "/saml/tangerhuette/other/metadata"):
        assert (await ask(login, "GET", path)).status_code == 404


async def test_pushed_requests_and_userinfo_are_answers_to_programs(login):
    raw = b"client_id=x&client_id=y"
    answer = await ask(login, "POST", "/oidc/par", headers={**FORM, "Authorization": "Basic eA=="}, content=raw)
    assert answer.json() == {"sub": "x"}
    assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert login.flow.asked.pop()[2:] == ("Basic eA==", raw, None, PEER)
    headers = [("Authorization", "Bearer a"), ("Authorization", "Bearer b")]
    assert (await ask(login, "GET", "/oidc/userinfo", headers=headers)).headers["www-authenticate"] == "Bearer"
    assert login.flow.asked.pop()[2:] == (["Bearer a", "Bearer b"], (), PEER)
    await ask(login, "POST", "/oidc/userinfo", headers=FORM, content="access_token=t")
    assert login.flow.asked.pop()[2:] == ([], (("access_token", "t"),), PEER)
    await ask(login, "POST", "/oidc/userinfo")
    assert login.flow.asked.pop()[2:] == ([], (), PEER)
    too_long = await ask(login, "POST", "/oidc/par", headers=FORM, content=b"a" * 20_000)
    other = await ask(login, "POST", "/oidc/par", headers={"Content-Type": "application/json"}, content=b"{}")
    assert (too_long.status_code, other.status_code, login.flow.asked) == (413, 415, [])


async def test_a_push_brings_the_certificate_of_its_connection(login):
    shown = issued("CN=portal")

    async def with_certificate(scope, receive, send):
        await login.app({**scope, "client_certificate": Presented(shown.der)}, receive, send)

    transport = httpx.ASGITransport(with_certificate)
    async with httpx.AsyncClient(transport=transport, base_url=HOST) as portal:
        await portal.post("/oidc/par", headers=FORM, content=b"client_id=named")
    assert login.flow.asked.pop()[4] == Presented(shown.der)


async def test_a_program_that_guessed_too_often_is_told_when_it_may_again(login):
    login.flow.failure = TooManyRequests(retry_after=3.0)
    for path in ("/oidc/par", "/oidc/userinfo"):
        answer = await ask(login, "POST", path, headers=FORM, content=b"a=b")
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")
        assert answer.headers["content-type"] == "application/problem+json"


async def test_what_the_flow_counts_is_shown_to_monitoring(login):
    figures = login.app.state.dependencies.login.figures
    figures.start(ARS, "bundid")
    text = (await ask(login, "GET", "/metrics")).text
    assert f'gateway_login_started_total{{municipality="{ARS}",provider="bundid"}} 1.0' in text


async def test_two_credentials_are_none(login):
    headers = [("Authorization", "Basic eA=="), ("Authorization", "Basic eQ=="), *FORM.items()]
    await ask(login, "POST", "/oidc/par", headers=headers, content=b"a=b")
    assert login.flow.asked[0][2] is None


async def test_the_log_of_requests_holds_routes_and_neither_handles_nor_providers(login):
    with structlog.testing.capture_logs() as logs:
        await ask(login, "GET", "/oidc/login/muk?login=SECRETHANDLE", headers={"Cookie": "__Host-login=COOKIE"})
        await ask(login, "POST", ACS, headers=FORM, content="SAMLResponse=ANSWER&RelayState=SECRETHANDLE")
    assert [each["route"] for each in logs] == ["/oidc/login/{provider}", "/saml/{slug}/{provider}/acs"]
    told = str(logs)
    assert [each for each in ("SECRETHANDLE", "COOKIE", "ANSWER", "muk", HOST) if each in told] == []


async def test_without_logins_their_addresses_are_not_there():
    world = build()
    async with world.portal(None) as portal:
        for path in (*READ, ACS, "/oidc/par", "/oidc/userinfo", "/saml/tangerhuette/bundid/metadata"):
            assert (await portal.post(path)).status_code == 404


def test_the_addresses_of_logins_are_those_of_the_interfaces_and_openapi_names_none(login):
    served = {route.path for route in login.app.routes} - {route.path for route in login.world.app.routes}
    assert served == {
        "/oidc/authorize",
        "/oidc/par",
        "/oidc/userinfo",
        "/oidc/logout",
        "/oidc/login/{provider}",
        "/oidc/continue",
        "/saml/{slug}/{provider}/metadata",
        "/saml/{slug}/{provider}/acs",
    }
    assert served & set(login.app.openapi()["paths"]) == set()


async def test_before_a_portal_logs_in_identity_providers_get_our_metadata_and_there_is_no_other_address(login):
    before = logins(flow=None)
    metadata = "/saml/tangerhuette/bundid/metadata"
    assert (await ask(before, "GET", metadata)).content == (await ask(login, "GET", metadata)).content
    for path in READ:
        assert (await ask(before, "GET", path)).status_code == 404
    assert (await ask(before, "POST", ACS, headers=FORM, content="SAMLResponse=x&RelayState=y")).status_code == 404
