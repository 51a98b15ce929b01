"""What only a real browser shows of the status pages: the eye, the keyboard, and that they need no script."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import date, timedelta
from types import SimpleNamespace

import pytest

from gateway.catalogue.entry import Maturity
from gateway.catalogue.status import CatalogueFinding, FindingCode
from tests.browser.accessibility import faults
from tests.catalogue.entries import ARS, entry
from tests.catalogue.publication.offers import NOW, TODAY, status
from tests.web.status.conftest import PAGE, published_town
from tests.web.test_over_the_wire import served

pytestmark = pytest.mark.browser

EYES = [("light", 320, 1), ("dark", 320, 1), ("light", 640, 2), ("dark", 1280, 1)]
"""Width of the window, and how much it is enlarged: 1280 pixels at 200 % are 640."""
PATHS = [PAGE, f"{PAGE}?lang=en", "/status", "/status/150000000000"]
LONG = "Ausnahmegenehmigung nach der Straßenverkehrsordnung für Großraum- und Schwertransporte beantragen"


def offer():
    """Every kind of service that a page can show."""
    town = published_town()
    finding = CatalogueFinding(ARS, "schwertransport", FindingCode.URL_MISMATCH, None, NOW)
    levels = (Maturity("1.1", 3, date(2025, 1, 2)), Maturity("2.0", 5, date(2026, 1, 31)))
    one = entry(service="schwertransport", titles={"de": LONG}, leika_key=None, maturities=levels, example=True)
    town.rows.statuses[:0] = [status(one, works=False, works_since=NOW, probed_at=NOW, findings=(finding,))]
    days = [(TODAY - timedelta(days=no), 280, 8 if no in {3, 4, 40} else 0) for no in range(80)]
    town.rows.measured = {"schwertransport": days, "dienst-00": [(TODAY, 12, 0)]}
    return town


TOO_NARROW = """[...document.querySelectorAll(".availability th, .availability td")].filter((cell) => {
    cell.style.overflowWrap = "normal";
    return cell.scrollWidth > cell.clientWidth;
}).map((cell) => cell.textContent)"""
"""Cells whose words do not fit: they would be broken in the middle."""


@asynccontextmanager
async def browsing(chromium, **options):
    from playwright.async_api import async_playwright  # noqa: PLC0415 - not installed everywhere

    town = offer()
    async with served(SimpleNamespace(app=town.app)) as port, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        try:
            context = await browser.new_context(base_url=f"http://127.0.0.1:{port}", **options)
            page, said = await context.new_page(), []
            page.on("console", lambda message: said.append(message.text))
            page.on("pageerror", lambda error: said.append(str(error)))
            yield SimpleNamespace(page=page, said=said, context=context, town=town)
        finally:
            await browser.close()


@pytest.mark.parametrize(("scheme", "width", "enlarged"), EYES)
async def test_every_page_fits_its_window_has_its_style_and_is_accessible(chromium, axe, scheme, width, enlarged):
    window = {"viewport": {"width": width, "height": 640}, "device_scale_factor": enlarged}
    async with browsing(chromium, color_scheme=scheme, **window) as it:
        for path in PATHS:
            await it.page.goto(path)
            assert await it.page.evaluate("document.documentElement.scrollWidth") <= width, path
            await it.page.evaluate("document.fonts.ready.then(() => true)")
            assert await it.page.evaluate("document.fonts.check('600 18px \"Fira Sans\"')"), path
            assert await faults(it.page, axe) == [], path
            await it.page.evaluate("document.documentElement.style.fontSize = '200%'")
            assert await it.page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert [each for each in it.said if "404 (Not Found)" not in each] == []


@pytest.mark.parametrize("width", [320, 800, 1280])
@pytest.mark.parametrize("language", ["de", "en"])
async def test_no_word_of_a_table_is_broken(chromium, width, language):
    async with browsing(chromium, viewport={"width": width, "height": 640}) as it:
        await it.page.goto(f"{PAGE}?lang={language}")
        await it.page.evaluate("document.fonts.ready.then(() => true)")
        assert await it.page.evaluate(TOO_NARROW) == []


async def test_without_scripts_it_is_read_in_both_languages_and_leaves_no_cookie(chromium):
    async with browsing(chromium, java_script_enabled=False, locale="de-DE") as it:
        await it.page.goto("/status")
        await it.page.click("main >> text=Einheitsgemeinde Stadt Tangerhütte")
        assert await it.page.locator("section.service").count() == 23
        assert await it.page.locator("html").get_attribute("lang") == "de"
        await it.page.click("text=English")
        assert await it.page.locator("html").get_attribute("lang") == "en"
        assert "Not working at present" in await it.page.inner_text("main")
        assert await it.context.cookies() == []
        assert it.said == []


async def test_days_with_failures_differ_in_shape_and_colour_and_stand_out(chromium):
    async with browsing(chromium) as it:
        await it.page.goto(PAGE)
        colours = {
            kind: await it.page.locator(f".days-{kind}").first.evaluate("(it) => getComputedStyle(it).fill")
            for kind in ("good", "bad", "none")
        }
        assert len(set(colours.values())) == 3
        assert "rgb(0, 0, 0)" not in colours.values()
        heights = {
            kind: await it.page.locator(f".days-{kind}").first.evaluate("(it) => it.getBBox().height")
            for kind in ("good", "bad", "none")
        }
        assert heights == {"good": 12, "bad": 16, "none": 2}


async def test_the_first_tab_leads_to_the_content_and_a_disturbed_service_is_one_click_away(chromium):
    async with browsing(chromium) as it:
        await it.page.goto(PAGE)
        await it.page.keyboard.press("Tab")
        assert await it.page.evaluate("document.activeElement.getAttribute('href')") == "#main"
        await it.page.click(".down a")
        assert it.page.url.endswith("#service-schwertransport")
