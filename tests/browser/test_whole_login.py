"""Logins as people have them: real processes, three sites, a real browser."""

from __future__ import annotations

import asyncio

import pytest
import pytest_asyncio

from tests.browser.person import NAME, launched, person
from tests.browser.portal import CALLBACK, GATEWAY, PORTAL

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]
WORDS = {"de-DE": ("Anmelden", "Weiter zu BundID"), "en-GB": ("Sign in", "Continue to BundID")}
DONE = "Diese Anmeldung ist schon abgeschlossen"
EXPIRED = {"de-DE": "Diese Anmeldung gilt nicht mehr", "en-GB": "This login is no longer valid"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(chromium, all_places):
    async with launched(chromium, all_places) as it:
        yield it


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("locale", WORDS)
async def test_somebody_logs_in(browser, places, scripts, locale):
    heading, button = WORDS[locale]
    async with person(browser, places, scripts=scripts, locale=locale) as she:
        posted: list[tuple[str, str]] = []
        she.page.on("request", lambda each: posted.append((each.method, each.url)))
        await she.chooses()
        assert await she.reads() == heading
        if not scripts:
            await she.page.click(".ways a >> nth=0")
            assert (await she.reads("main button")).startswith(button)
            await she.page.click("main button")
        else:
            await she.page.click(".ways a >> nth=0")
        await she.at_bundid()
        await she.signs_in()
        await she.brings_the_answer()
        await she.back_at_the_portal()
        assert (she.names, she.said) == ([NAME], [])
        assert she.claims()["acr"] == "http://eidas.europa.eu/LoA/substantial"
        cookies = {each["name"]: each for each in await she.context.cookies(GATEWAY)}
        assert set(cookies) == {"__Host-login", "__Host-session"}
        assert {(each["secure"], each["httpOnly"], each["sameSite"]) for each in cookies.values()} == {
            (True, True, "Lax")
        }
        assert [url for method, url in posted if method == "POST" and url.startswith(CALLBACK)] == []


async def test_no_form_comes_without_origin_and_no_address_of_ours_is_told(browser, places):
    async with person(browser, places) as she:
        asked: list = []
        she.page.on("request", lambda each: asked.append(each))  # noqa: PLW0108 - Playwright takes no built-in one
        await she.logs_in(response_mode="form_post")
        headers = [(each, await each.all_headers()) for each in asked]
    posts = [(each.url.split("?")[0], said.get("origin")) for each, said in headers if each.method == "POST"]
    idp = places.identity["entity_id"].removesuffix("/idp")
    downgrade = "null"  # from https to the sandbox's http; to one on https it is told (test_login_pages)
    assert [origin for _, origin in posts] == [downgrade, idp, idp, GATEWAY], posts
    told = {said.get("referer", "") for each, said in headers if not each.url.startswith(GATEWAY)}
    assert [each for each in told if each.startswith(GATEWAY) and each.rstrip("/") != GATEWAY] == []


@pytest.mark.parametrize("scripts", [True, False])
async def test_an_answer_by_form_brings_a_code_and_an_error_without_saying_that_somebody_is_signed_in(
    browser, places, scripts
):
    async with person(browser, places, scripts=scripts, locale="de-DE") as she:
        await she.asks(prompt="none", response_mode="form_post")
        if not scripts:
            assert "angemeldet" not in await she.reads("main")
            await she.page.click("main form button")
        await she.back_at_the_portal()
        await she.chooses(response_mode="form_post")
        await she.goes_to_bundid()
        await she.signs_in()
        await she.brings_the_answer()
        if not scripts:
            assert await she.reads() == "Sie sind angemeldet"
            await she.page.click("main form button")
        await she.back_at_the_portal()
        assert [method for method, _, _ in she.came] == ["POST", "POST"]
        assert (she.errors, she.names) == (["login_required", None], [None, NAME])


@pytest.mark.parametrize("path", ["/", "/form"])
async def test_who_is_signed_in_comes_back_at_once_until_the_session_is_over(browser, places, path):
    async with person(browser, places) as she:
        await she.logs_in()
        await she.asks(path, prompt="none")
        await she.back_at_the_portal()
        await she.asks(path)
        await she.back_at_the_portal()
        assert she.names == [NAME] * 3
        places.age("login_sessions")
        await she.asks(path)
        await she.page.wait_for_selector(".ways")
        await she.asks(path, prompt="none")
        await she.back_at_the_portal()
        assert she.errors[-1] == "login_required"


@pytest.mark.parametrize(("first", "second"), [("/", "/"), ("/", "/form"), ("/form", "/form")])
async def test_two_tabs_log_in_at_the_same_time(browser, places, first, second):
    async with person(browser, places) as she:
        other = await she.tab()
        await she.chooses(path=first)
        await other.chooses(path=second)
        await she.goes_to_bundid()
        await other.goes_to_bundid()
        for tab in (she, other):
            await tab.signs_in()
        for tab in (she, other):
            await tab.brings_the_answer()
            await tab.back_at_the_portal()
        assert she.names == [NAME, NAME]


async def test_the_back_button_after_a_login_begins_nothing_and_ends_politely(browser, places):
    async with person(browser, places, scripts=False, locale="de-DE") as she:
        await she.logs_in()
        sent: list[str] = []
        she.page.on("request", lambda each: sent.append(f"{each.method} {each.url}"))
        await she.goes_back_to(f"{GATEWAY}/oidc/login/")
        assert await she.reads() == DONE
        assert [each for each in sent if each.startswith("POST")] == []
        assert she.names == [NAME]
        assert await she.page.get_attribute("main .actions a", "href") == f"{PORTAL}/"
        await she.asks()
        await she.back_at_the_portal()
        assert she.names == [NAME, NAME]


async def test_back_and_forward_after_an_answer_by_form_say_that_the_login_is_complete(browser, places):
    async with person(browser, places, scripts=False, locale="de-DE") as she:
        await she.chooses(response_mode="form_post")
        await she.goes_to_bundid()
        await she.signs_in()
        await she.brings_the_answer()
        await she.goes_back_to(f"{GATEWAY}/oidc/login/")
        assert await she.reads() == DONE
        await she.goes_back_to(f"{GATEWAY}/oidc/continue", forward=True)
        assert await she.reads() == DONE
        assert she.came == []
        await she.page.click("main .actions a")
        await she.page.wait_for_url(f"{PORTAL}/")
        await she.asks(prompt="none")
        await she.back_at_the_portal()
        assert she.names == [NAME]


async def test_who_goes_back_on_the_way_chooses_anew(browser, places):
    async with person(browser, places) as she:
        await she.chooses()
        await she.page.click(".ways a >> nth=1")
        await she.page.wait_for_selector("input[value=stadtwerke-ag]")
        await she.goes_back_to(f"{GATEWAY}/oidc/authorize")
        await she.goes_to_bundid()
        await she.signs_in()
        await she.brings_the_answer()
        await she.back_at_the_portal()
        assert she.names == [NAME]


async def test_who_goes_back_to_a_page_with_a_button_is_not_thrown_forward(browser, places):
    async with person(browser, places, scripts=False) as she:
        await she.chooses()
        await she.goes_to_bundid()
        await she.goes_back_to(f"{GATEWAY}/oidc/login/")
        await she.page.click("main form button")
        await she.at_bundid()
        await she.signs_in()
        await she.brings_the_answer()
        await she.back_at_the_portal()
        assert she.names == [NAME]


async def test_who_clicks_again_while_the_portal_is_slow_is_signed_in_all_the_same(browser, places):
    async with person(browser, places, locale="de-DE") as she:
        await she.chooses()
        await she.goes_to_bundid()
        await she.signs_in()
        with places.portal.slow() as arrived:
            place = await she.page.locator("form button").bounding_box()
            for _ in range(2):
                await she.page.mouse.click(place["x"] + 5, place["y"] + 5)
                await asyncio.to_thread(arrived.wait, 20)
            await she.page.wait_for_selector(f"text={DONE}")
        await she.asks()
        await she.back_at_the_portal()
        assert she.names == [NAME, NAME]


@pytest.mark.parametrize("scripts", [True, False])
async def test_an_impatient_person_clicks_everything_twice(browser, places, scripts):
    async with person(browser, places, scripts=scripts) as she:
        await she.page.goto(places.portal.link())
        await she.page.dblclick(".ways a >> nth=0")
        if not scripts:
            await she.page.dblclick("main form button")
        await she.at_bundid()
        await she.signs_in()
        await she.brings_the_answer("dblclick")
        await she.back_at_the_portal()
        assert she.names == [NAME]


async def test_who_gives_up_at_the_identity_provider_finds_the_way_back(browser, places):
    async with person(browser, places, locale="de-DE") as she:
        await she.chooses()
        await she.goes_to_bundid()
        await she.gives_up()
        assert await she.reads() == "Die Anmeldung wurde abgebrochen"
        await she.page.click("text=Zurück zum Onlinedienst")
        await she.back_at_the_portal()
        assert (she.errors, she.said[1:]) == (["access_denied"], [])


async def test_who_gives_up_at_the_chooser_by_keyboard_alone_is_back_at_the_portal(browser, places):
    async with person(browser, places) as she:
        await she.chooses()
        stops = []
        for _ in range(4):
            await she.page.keyboard.press("Tab")
            stops.append(await she.page.evaluate("document.activeElement.textContent.trim()"))
            outline = "getComputedStyle(document.activeElement)"
            assert await she.page.evaluate(f"{outline}.outlineStyle !== 'none' || {outline}.boxShadow !== 'none'")
        assert len(set(stops)) == 4
        await she.page.keyboard.press("Enter")
        await she.back_at_the_portal()
        assert she.errors == ["access_denied"]
        await she.chooses()
        for _ in range(2):
            await she.page.keyboard.press("Tab")
        await she.page.keyboard.press("Enter")
        await she.at_bundid()


@pytest.mark.parametrize("locale", EXPIRED)
async def test_a_login_that_took_too_long_ends_politely(browser, places, locale):
    async with person(browser, places, locale=locale) as she:
        await she.chooses()
        await she.goes_to_bundid()
        await she.signs_in()
        places.age("logins_under_way")
        await she.brings_the_answer()
        assert await she.reads() == EXPIRED[locale]
        assert she.came == []


async def test_an_answer_in_another_browser_signs_nobody_in(browser, places):
    async with person(browser, places) as she, person(browser, places) as other:
        await she.chooses()
        await she.goes_to_bundid()
        await she.signs_in()
        address = await she.page.get_attribute("form", "action")
        fields = {name: await she.page.get_attribute(f"input[name={name}]", "value") for name in FIELDS}
        inputs = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in fields.items())
        await other.page.goto(places.identity["entity_id"].removesuffix("/idp") + "/nowhere")
        await other.page.set_content(f'<form method="post" action="{address}">{inputs}<button>x</button></form>')
        await other.page.click("button")
        await other.page.wait_for_url(f"{GATEWAY}/**")
        await other.page.wait_for_selector(".number")
        assert await other.context.cookies(GATEWAY) == []
        await she.brings_the_answer()
        await she.back_at_the_portal()
        assert she.names == [NAME]


FIELDS = ("SAMLResponse", "RelayState")


@pytest.mark.parametrize("path", ["/leave", "/leave-by-form"])
async def test_signing_out_is_asked_for_unless_the_portal_proves_whom_it_means(browser, places, path):
    async with person(browser, places, locale="de-DE") as she:
        await she.logs_in()
        places.portal.hint = ""
        await she.leaves(path)
        assert await she.reads() == "Möchten Sie sich abmelden?"
        await she.page.click("main .actions a")
        await she.page.wait_for_selector("text=Auf Wiedersehen")
        await she.logs_in()
        places.portal.hint = she.token()
        await she.leaves(path)
        await she.page.wait_for_selector("text=Auf Wiedersehen")
        await she.chooses()


async def test_two_processes_serve_one_login_and_one_of_them_is_killed_between(browser, places):
    async with person(browser, places) as she:
        await she.chooses()
        places.ask("two")
        await she.goes_to_bundid()
        places.ask("one")
        await she.signs_in()
        places.kill("one")
        places.ask("two")
        await she.brings_the_answer()
        await she.back_at_the_portal()
        assert she.names == [NAME]
        await she.asks(prompt="none")
        await she.back_at_the_portal()
        assert she.names == [NAME, NAME]


@pytest.mark.parametrize(("scheme", "width"), [("light", 320), ("dark", 1280)])
async def test_every_page_on_the_way_is_accessible_the_sandboxs_too(browser, places, axe, scheme, width):
    options = {"color_scheme": scheme, "viewport": {"width": width, "height": 640}, "locale": "de-DE"}
    async with person(browser, places, **options) as she:
        await she.chooses()
        await she.sees(axe, width)
        await she.goes_to_bundid()
        await she.sees(axe, width)
        await she.page.click("button[value=cancel]")
        await she.page.wait_for_selector("input[name=SAMLResponse]", state="attached")
        await she.sees(axe, width)
        await she.brings_the_answer()
        await she.sees(axe, width)
        await she.page.goto(f"{places.identity['entity_id']}/login?login=gone")
        await she.sees(axe, width)
