"""What only a real browser shows of the form of feedback: the eye, the keyboard, where it may be sent from."""

from __future__ import annotations

from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from tests.browser.accessibility import faults
from tests.browser.test_status_page import EYES
from tests.web.status.conftest import PAGE
from tests.web.status.test_feedback import FORM, Asking
from tests.web.test_over_the_wire import served

pytestmark = pytest.mark.browser


@asynccontextmanager
async def browsing(chromium, **options):
    from playwright.async_api import async_playwright  # noqa: PLC0415 - not installed everywhere

    town = Asking()
    async with served(SimpleNamespace(app=town.town.app)) as port, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        try:
            context = await browser.new_context(base_url=f"http://127.0.0.1:{port}", **options)
            page, told = await context.new_page(), []
            page.on("console", lambda message: told.append(message.text))
            yield SimpleNamespace(page=page, context=context, said=town.rows.said, told=told)
        finally:
            await browser.close()


@pytest.mark.parametrize(("scheme", "width", "enlarged"), EYES)
async def test_form_faults_and_thanks_fit_their_window_and_are_accessible(chromium, axe, scheme, width, enlarged):
    window = {"viewport": {"width": width, "height": 640}, "device_scale_factor": enlarged}
    async with browsing(chromium, color_scheme=scheme, locale="de-DE", **window) as it:

        async def send():
            async with it.page.expect_navigation():
                await it.page.click("button")

        async def look():
            assert await it.page.evaluate("document.documentElement.scrollWidth") <= width
            assert await faults(it.page, axe) == []

        await it.page.goto(FORM)
        await look()
        await it.page.evaluate("document.querySelector('form').noValidate = true")
        await send()
        assert await it.page.locator(".kern-error").count() == 3
        await look()
        for name in ("category-Procedure", "rating-4", "found-Yes"):
            await it.page.check(f"#{name}")
        await send()
        assert it.page.url.endswith("/feedback/thanks")
        await look()
        assert [each for each in it.told if "422" not in each] == []


async def test_without_scripts_and_cookies_by_the_keyboard(chromium):
    async with browsing(chromium, java_script_enabled=False, locale="en-GB") as it:
        await it.page.goto(PAGE)
        await it.page.click("#service-hausnummer >> text=Give feedback")
        await it.page.focus("#category-Procedure")
        for key in ("Space", "Tab", "Space", "Tab", "ArrowRight", "Tab"):
            await it.page.keyboard.press(key)
        await it.page.keyboard.type("Too long")
        await it.page.keyboard.press("Tab")
        await it.page.keyboard.press("Enter")
        await it.page.wait_for_url("**/feedback/thanks?lang=en")
        assert "Thank you" in await it.page.inner_text("main")
        (said,) = it.said
        assert (said.category, said.rating, said.found, said.text) == ("Procedure", 1, "Partly", "Too long")
        assert await it.context.cookies() == []
