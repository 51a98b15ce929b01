from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest
from lxml import html

from gateway.errors import BodyTooLarge, DatabaseAway, SigningKeyUnfit
from gateway.login.steps import Offer, PageKind, Show
from gateway.ports.identity import ProviderStep
from gateway.web.pages.appearance import Logo
from gateway.web.pages.policy import form_source, page_headers
from tests.images import png
from tests.web.login.conftest import ASK, BACK, CHOOSE, GO, HOSTILE, IDP, POST, SHOWN, logins

PAGES = [CHOOSE, GO, POST, ASK, *SHOWN]
VOID = {"meta", "link", "input", "br", "hr", "img"}


def name_of(step) -> str:
    return step.kind.value if isinstance(step, Show) else type(step).__name__


def read(answer) -> html.HtmlElement:
    return html.document_fromstring(answer.text)


def policy(answer) -> dict[str, str]:
    parts = (part.strip().partition(" ") for part in answer.headers["content-security-policy"].split(";"))
    return {name: value for name, _, value in parts}


def unbalanced(text: str) -> list[str]:
    """Tags that are opened and not closed, or closed in the wrong order."""
    opened: list[str] = []
    for close, tag in re.findall(r"<(/?)([a-z][a-z0-9]*)\b[^>]*>", text):
        if close and (not opened or opened.pop() != tag):
            return [f"</{tag}>"]
        if not close and tag not in VOID:
            opened.append(tag)
    return opened


@pytest.mark.parametrize("step", PAGES, ids=name_of)
async def test_every_page_is_whole_html_that_people_can_find_their_way_in(login, step):
    answer = await login.shown(step, **{"Accept-Language": "en"})
    page = read(answer)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert unbalanced(answer.text) == []
    assert answer.text.startswith("<!DOCTYPE html>\n<html lang=")
    assert len(page.xpath("//h1")) == len(page.xpath("//main")) == len(page.xpath("//header")) == 1
    assert page.xpath("//title")[0].text.endswith("– Einheitsgemeinde Stadt Tangerhütte")
    (skip,) = page.xpath("//body/*[1]/a/@href")
    assert page.xpath("//main/@id") == [skip.removeprefix("#")]
    assert page.xpath("//meta[@name='viewport']/@content") == ["width=device-width, initial-scale=1"]
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert set(page.xpath("//@aria-labelledby")) <= set(ids)
    assert all(each.text_content().strip() for each in page.xpath("//a | //button | //h1 | //h2 | //p"))


@pytest.mark.parametrize("step", PAGES, ids=name_of)
async def test_nothing_is_loaded_from_elsewhere_or_written_into_the_page(login, step):
    answer = await login.shown(step)
    page = read(answer)
    assert page.xpath("//style | //@style | //script[not(@src)] | //@*[starts-with(name(), 'on')]") == []
    loaded = [*page.xpath("//link/@href"), *page.xpath("//script/@src")]
    assert [each for each in loaded if not each.startswith(("/static/", "data:,"))] == []
    async with login.browser() as browser:
        for each in loaded:
            if each.startswith("/static/"):
                assert (await browser.get(each)).status_code == 200, each
    rules = policy(answer)
    assert rules["default-src"] == rules["frame-ancestors"] == rules["base-uri"] == "'none'"
    assert {rules["style-src"], rules["font-src"], rules["script-src"]} == {"'self'"}
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(("step", "target"), [(GO, IDP), (POST, POST.address)], ids=["provider", "portal"])
async def test_a_form_leads_where_its_page_allows_and_works_without_scripts(login, step, target):
    answer = await login.shown(step)
    page = read(answer)
    (form,) = page.xpath("//form")
    wanted = step.step.fields if step is GO else step.fields
    assert (form.get("method"), form.get("action")) == ("post", target)
    assert {each.get("name"): each.get("value") for each in form.xpath(".//input")} == dict(wanted)
    assert {each.get("type") for each in form.xpath(".//input")} == {"hidden"}
    assert form.xpath(".//button[@type='submit']")
    assert policy(answer)["form-action"] == target.partition(":")[0] + ":"
    assert answer.headers["referrer-policy"] == "strict-origin"


@pytest.mark.parametrize("step", [CHOOSE, *SHOWN], ids=name_of)
async def test_a_page_without_a_form_has_links_alone_and_its_policy_allows_none(login, step):
    answer = await login.shown(step)
    page = read(answer)
    assert page.xpath("//form | //button | //script") == []
    assert policy(answer)["form-action"] == "'none'"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert BACK in page.xpath("//main//a/@href")


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("https://idp.example/sso?x=1;y", "https:"),
        ("https://idp.example; script-src *", "https:"),
        ("HTTPS://idp.example", "https:"),
        ("http://[::1]:9000/sso", "http:"),
        ("de.tangerhuette.app:/back; x", "de.tangerhuette.app:"),
        ("a; script-src *:/back", "'self'"),
        ("/oidc/continue", "'self'"),
    ],
)
def test_no_address_can_add_a_rule_to_the_policy(address, source):
    assert form_source(address) == source


def test_a_form_to_ourselves_tells_others_nothing():
    assert page_headers("/console/login")["Referrer-Policy"] == "same-origin"


async def test_the_chooser_puts_ways_in_under_whose_accounts_they_are(login):
    page = read(await login.shown(CHOOSE))
    sections = {each.xpath("string(.//h2)"): each.xpath(".//a/@href") for each in page.xpath("//section")}
    assert sections == {
        "Für Bürgerinnen und Bürger": [CHOOSE.offers[0].address],
        "Für Unternehmen und Organisationen": [CHOOSE.offers[1].address],
    }
    alone = read(await login.shown(replace(CHOOSE, offers=CHOOSE.offers[:1])))
    assert len(alone.xpath("//section")) == 1


@pytest.mark.parametrize("step", PAGES, ids=name_of)
async def test_every_page_links_the_pages_of_the_municipality_that_it_names(login, step):
    imprint, privacy = "https://www.town.example/impressum?a=1&b=2", "https://www.town.example/datenschutz"
    assert read(await login.shown(step)).xpath("//footer//a") == []
    one, both = logins(imprint_url=imprint), logins(imprint_url=imprint, privacy_url=privacy)
    said = replace(step, language="de")
    assert read(await one.shown(said)).xpath("//footer//a/@href") == [imprint]
    page = read(await both.shown(said))
    assert {each.get("href"): each.text_content() for each in page.xpath("//footer//li/a")} == {
        imprint: "Impressum",
        privacy: "Datenschutzerklärung",
    }
    both.flow.failure = DatabaseAway()
    assert read(await both.shown(said)).xpath("//footer//a/@href") == [imprint, privacy]


@pytest.mark.parametrize("step", PAGES, ids=name_of)
async def test_every_page_shows_the_logo_of_its_municipality(login, step):
    assert read(await login.shown(step)).xpath("//img") == []
    content = png(120, 40)
    with_logo = logins(logo=Logo.of(content, 120, 40))
    (image,) = read(await with_logo.shown(step)).xpath("//header//img")
    assert (image.get("width"), image.get("height"), image.get("alt")) == ("120", "40", "")
    async with with_logo.browser() as browser:
        answer = await browser.get(image.get("src"))
        gone = await browser.get(image.get("src").replace("/logo/", "/logo/0"))
    assert (answer.status_code, answer.content, gone.status_code) == (200, content, 404)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "immutable" in answer.headers["cache-control"]
    with_logo.flow.failure = DatabaseAway()
    assert read(await with_logo.shown(step)).xpath("//header//img/@src") == [image.get("src")]


@pytest.mark.parametrize("kind", PageKind)
async def test_every_end_of_a_login_has_its_status_its_sentences_and_a_number(login, kind):
    for status, back in ((400, BACK), (403, None)):
        answer = await login.shown(Show(kind, "K7F3-2M9Q", "en", back, status))
        page = read(answer)
        assert answer.status_code == status
        assert page.xpath("//html/@lang") == [answer.headers["content-language"]] == ["en"]
        assert "K7F3-2M9Q" in page.text_content()
        assert (BACK in page.xpath("//main//a/@href")) == (back is not None)
    german = read(await login.shown(Show(kind, "", "de")))
    assert german.xpath("//*[@class='number']") == [], "where nothing went wrong"
    assert german.xpath("string(//h1)") != page.xpath("string(//h1)")


@pytest.mark.parametrize(("fields", "signed_in"), [({"code": "c"}, True), ({"error": "login_required"}, False)])
async def test_a_page_that_posts_to_the_portal_says_whether_somebody_is_signed_in(login, fields, signed_in):
    page = read(await login.shown(replace(POST, fields=fields)))
    assert (page.xpath("string(//h1)") == "Sie sind angemeldet") == signed_in
    assert ("angemeldet" in page.xpath("string(//main)")) == signed_in


async def test_hostile_names_and_values_stay_text():
    login = logins(name=HOSTILE)
    offer = Offer("x", HOSTILE, "person", "/oidc/login/x?login=h")
    steps = [
        replace(CHOOSE, offers=(offer,)),
        replace(GO, display_name=HOSTILE, step=ProviderStep(IDP, {"RelayState": HOSTILE})),
        replace(POST, fields={HOSTILE: HOSTILE}),
        Show(PageKind.FAILED, HOSTILE, "de", BACK),
    ]
    for step in steps:
        answer = await login.shown(step)
        assert "<script>alert" not in answer.text
        assert HOSTILE in unescape(answer.text)
        assert "49" not in read(answer).text_content()
        assert unbalanced(answer.text) == []


@pytest.mark.parametrize(
    ("asked", "header", "spoken"),
    [
        ("en", "de", "en"),
        ("fr en-GB de", "de", "en"),
        ("", "en-GB,en;q=0.9,de;q=0.1", "en"),
        ("fr", "tr", "de"),
        ("", None, "de"),
        ("../../etc", "en", "en"),
    ],
)
async def test_the_language_is_what_was_asked_for_else_that_of_the_browser(login, asked, header, spoken):
    headers = {} if header is None else {"Accept-Language": header}
    answer = await login.shown(replace(CHOOSE, language=asked), **headers)
    assert read(answer).get("lang") == answer.headers["content-language"] == spoken
    assert answer.headers["vary"] == "Accept-Language"


@pytest.mark.parametrize(
    ("failure", "status", "heading", "later"),
    [
        (DatabaseAway(), 503, "You cannot sign in at the moment", True),
        (BodyTooLarge(limit=1), 413, "This request cannot be read", False),
        (SigningKeyUnfit(reason="bundid"), SigningKeyUnfit.status, "An error occurred", False),
    ],
)
async def test_an_error_is_a_page_that_says_nothing_of_its_cause(login, failure, status, heading, later):
    login.flow.failure = failure
    async with login.browser(**{"Accept-Language": "en", "X-Request-Id": "number-of-the-log"}) as browser:
        answer = await browser.get("/oidc/continue?login=h")
    page = read(answer)
    assert (answer.status_code, page.xpath("string(//h1)")) == (status, heading)
    assert "number-of-the-log" in page.text_content()
    assert ("retry-after" in answer.headers) == later
    assert failure.code not in answer.text
