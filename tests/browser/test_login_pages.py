"""What only a real browser shows of the pages of a login: sites, cookies, policies, the back button, the eye."""

from __future__ import annotations

import pytest

from gateway.login.steps import BrowserCookies, PageKind, PostToPortal
from tests.browser.accessibility import faults
from tests.browser.conftest import ELSEWHERE, GATEWAY, IDP, PORTAL, browsing

pytestmark = pytest.mark.browser

BROUGHT = BrowserCookies(login="browser-of-this-test")
PAGES = ["go", "choose", "ask", "signed_in", "refused", *(kind.value for kind in PageKind)]
EYES = [("light", 320, 1), ("dark", 320, 1), ("light", 640, 2), ("dark", 1280, 1)]
"""Width of the window, and how much it is enlarged: 1280 pixels at 200 % are 640."""


@pytest.mark.parametrize("scripts", [True, False])
async def test_a_login_over_three_sites_comes_back_with_its_cookie(chromium, scripts):
    async with browsing(chromium, java_script_enabled=scripts) as it:
        await it.page.goto(f"{PORTAL}/")
        await it.page.click("text=Anmelden")
        if not scripts:
            await it.page.click("text=Weiter zu BundID")
        await it.page.wait_for_url(f"{IDP}/login?state=HHH")
        await it.page.click("text=Anmelden")
        await it.page.wait_for_url(f"{PORTAL}/callback?code=c")
    assert it.sites.posted == [("idp", GATEWAY, {"SAMLRequest": "r", "RelayState": "HHH"})]
    assert it.flow.asked == [("answered", {"SAMLResponse": "x", "RelayState": "HHH"})]
    assert it.flow.by == [("finish", BROUGHT)]
    assert it.said == []


@pytest.mark.parametrize("step", ["go", "signed_in"])
async def test_an_identity_provider_and_a_portal_may_lead_on_to_another_site(chromium, step):
    async with browsing(chromium) as it:
        it.sites.asks_at = ELSEWHERE
        await it.page.goto(f"{GATEWAY}/oidc/authorize?step={step}", wait_until="commit")
        await it.page.wait_for_url(f"{ELSEWHERE}/login**")
        assert it.said == []


NOTE_AND_STAY = """
window.sent = [];
addEventListener("submit", (event) => {
  window.sent.push(!event.defaultPrevented);
  event.preventDefault();
});
"""


async def test_an_impatient_click_beside_the_script_sends_no_second_request(chromium):
    async with browsing(chromium) as it:
        await it.page.add_init_script(NOTE_AND_STAY)
        await it.page.goto(f"{GATEWAY}/oidc/authorize")
        await it.page.click("text=Weiter zu BundID")
        assert await it.page.evaluate("window.sent") == [True, False]


async def test_the_back_button_does_not_throw_the_person_forward_again(chromium):
    async with browsing(chromium) as it:
        await it.page.route("**/submit.js", lambda route: route.fulfill(body=""))
        await it.page.goto(f"{GATEWAY}/oidc/authorize")
        await it.page.click("text=Weiter zu BundID")
        await it.page.wait_for_url(f"{IDP}/login?state=HHH")
        await it.page.unroute("**/submit.js")
        asked: list[str] = []
        it.page.on("request", lambda request: asked.append(f"{request.method} {request.url}"))
        await it.page.go_back(wait_until="commit")
        await it.page.wait_for_load_state("load")
        assert await it.page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))") is None
        assert it.page.url.startswith(GATEWAY)
    assert [each for each in asked if each.startswith("POST")] == []
    assert len(it.sites.posted) == 1


async def test_an_answer_by_form_reaches_the_portal(chromium):
    async with browsing(chromium) as it:
        it.flow.steps["go"] = PostToPortal(f"{PORTAL}/callback?x=1", {"code": "c", "state": "ä"})
        await it.page.goto(f"{GATEWAY}/oidc/authorize")
        await it.page.wait_for_url(f"{PORTAL}/callback?x=1")
    assert it.sites.posted == [("portal", GATEWAY, {"code": "c", "state": "ä"})]


async def test_a_chosen_way_is_a_link_and_brings_the_cookie(chromium):
    async with browsing(chromium) as it:
        await it.page.goto(f"{GATEWAY}/oidc/authorize?step=choose")
        await it.page.keyboard.press("Tab")
        assert await it.page.evaluate("document.activeElement.getAttribute('href')") == "#main"
        await it.page.click("text=Mit BundID anmelden")
        await it.page.wait_for_url(f"{IDP}/login?state=HHH")
    assert it.flow.by == [("choose", BROUGHT)]


@pytest.mark.parametrize(("scheme", "width", "enlarged"), EYES)
async def test_every_page_fits_its_window_has_its_style_and_is_accessible(chromium, axe, scheme, width, enlarged):
    window = {"viewport": {"width": width, "height": 640}, "device_scale_factor": enlarged}
    async with browsing(chromium, color_scheme=scheme, **window) as it:
        await it.page.route("**/submit.js", lambda route: route.fulfill(body=""))
        for name in PAGES:
            await it.page.goto(f"{GATEWAY}/oidc/authorize?step={name}")
            assert await it.page.evaluate("document.documentElement.scrollWidth") <= width, name
            await it.page.evaluate("document.fonts.ready.then(() => true)")
            assert await it.page.evaluate("document.fonts.check('600 18px \"Fira Sans\"')"), name
            assert await faults(it.page, axe) == [], name
            await it.page.evaluate("document.documentElement.style.fontSize = '200%'")
            assert await it.page.evaluate("document.documentElement.scrollWidth") <= width, name
        assert [each for each in it.said if "400 (Bad Request)" not in each] == []


async def test_a_problem_page_is_accessible_too(chromium, axe):
    async with browsing(chromium, viewport={"width": 320, "height": 640}) as it:
        await it.page.goto(f"{GATEWAY}/oidc/authorize?q=%FF")
        assert await it.page.locator(".number").count() == 1
        assert await it.page.evaluate("document.documentElement.scrollWidth") <= 320
        assert await faults(it.page, axe) == []
