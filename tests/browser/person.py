"""Somebody at a browser who logs in: what they see and click, at real processes."""

from __future__ import annotations

import base64
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.browser.accessibility import faults
from tests.browser.places import Places
from tests.browser.portal import CALLBACK, PORTAL

KAETHE, NAME = "kaethe-grosse", "Große"


@dataclass
class Person:
    """One browser (a context of Chromium's) and its first tab. `said`: what its console complained of."""

    places: Places
    context: Any
    page: Any
    scripts: bool
    said: list[str] = field(default_factory=list)

    async def tab(self) -> Person:
        """The same person at another tab."""
        return Person(self.places, self.context, await self.context.new_page(), self.scripts)

    async def chooses(self, **more: str) -> None:
        """From the portal to the chooser."""
        await self.asks(**more)
        await self.page.wait_for_selector(".ways")

    async def asks(self, path: str = "/", **more: str) -> None:
        """From the portal to wherever its request leads; `path` says whether by link (`/`) or by form (`/form`)."""
        query = "&".join(f"{name}={value}" for name, value in more.items())
        await self.page.goto(f"{PORTAL}{path}?{query}")
        await self.page.click("text=Anmelden")

    async def goes_to_bundid(self, how: str = "click") -> None:
        """From the chooser to the page of the identity provider."""
        await getattr(self.page, how)(".ways a >> nth=0")
        if not self.scripts:
            await self.page.click("main form button")
        await self.at_bundid()

    async def at_bundid(self) -> None:
        """The identity provider asks who it is."""
        await self.page.wait_for_selector("input[name=account]")

    async def signs_in(self, account: str = KAETHE, level: str = "substantial") -> None:
        """At the identity provider, until its answer is ready."""
        await self.page.check(f"input[name=account][value={account}]")
        await self.page.check(f"input[name=level][value={level}]")
        await self.page.click("button[value=sign_in]")
        await self.page.wait_for_selector("input[name=SAMLResponse]", state="attached")

    async def gives_up(self) -> None:
        """At the identity provider."""
        await self.page.click("button[value=cancel]")
        await self.brings_the_answer()

    async def brings_the_answer(self, how: str = "click") -> None:
        """By the button of the identity provider's last page, and past ours that leaves the chain of redirects."""
        await getattr(self.page, how)("form:has(input[name=SAMLResponse]) button")
        for left in ("input[name=SAMLResponse]", "meta[http-equiv=refresh]"):
            await self.page.wait_for_selector(left, state="detached")
        await self.page.wait_for_load_state()

    async def logs_in(self, **more: str) -> None:
        """The whole way."""
        await self.chooses(**more)
        await self.goes_to_bundid()
        await self.signs_in()
        await self.brings_the_answer()
        await self.back_at_the_portal()

    async def leaves(self, path: str) -> None:
        """From the portal, by its link or form."""
        await self.page.goto(f"{PORTAL}{path}")
        await self.page.click("text=Abmelden")

    async def goes_back_to(self, address: str, *, forward: bool = False) -> None:
        """By the menu of the back button or the next, which list every page but those that replaced themselves."""
        chromium = await self.context.new_cdp_session(self.page)
        history = await chromium.send("Page.getNavigationHistory")
        here, entries = history["currentIndex"], history["entries"]
        others = entries[here + 1 :] if forward else entries[:here][::-1]
        entry = next(each["id"] for each in others if each["url"].startswith(address))
        async with self.page.expect_navigation(url=f"{address}**"):
            await chromium.send("Page.navigateToHistoryEntry", {"entryId": entry})

    async def back_at_the_portal(self) -> None:
        """The portal greets, whatever it got."""
        await self.page.wait_for_url(f"{CALLBACK}**")
        await self.page.wait_for_selector("text=Es kam")

    async def sees(self, axe: str, width: int) -> None:
        """A page that fits the window and has nothing in anybody's way."""
        assert await self.page.evaluate("document.documentElement.scrollWidth") <= width, self.page.url
        found = await faults(self.page, axe)
        assert found == [], (self.page.url, found)

    async def reads(self, selector: str = "h1") -> str:
        """The text of one place of the page."""
        return (await self.page.text_content(selector)).strip()

    @property
    def names(self) -> list[str | None]:
        """Who came to the portal, each time; None: nobody."""
        return [None if gave is None else gave.get("family_name", gave.get("error")) for _, _, gave in self.came]

    @property
    def errors(self) -> list[str | None]:
        """What the portal was told instead."""
        return [said.get("error") for _, said, _ in self.came]

    @property
    def came(self) -> list[tuple[str, dict[str, str], dict[str, Any] | None]]:
        """Every return to the portal."""
        return self.places.portal.came

    def token(self) -> str:
        """The ID token that came last."""
        gave = self.came[-1][2]
        assert gave is not None
        return str(gave["id_token"])

    def claims(self) -> dict[str, Any]:
        """What it says."""
        payload = self.token().split(".")[1]
        return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


@asynccontextmanager
async def person(browser: Any, places: Places, *, scripts: bool = True, **options: Any):
    """A browser of somebody: its own cookies and memory."""
    context = await browser.new_context(ignore_https_errors=True, java_script_enabled=scripts, **options)
    context.set_default_timeout(20_000)
    try:
        it = Person(places, context, await context.new_page(), scripts)
        it.page.on("console", lambda message: it.said.append(message.text))
        it.page.on("pageerror", lambda error: it.said.append(str(error)))
        yield it
    finally:
        await context.close()


@asynccontextmanager
async def launched(chromium: str, places: Places):
    """Chromium, which finds the places by their names."""
    from playwright.async_api import async_playwright  # noqa: PLC0415 - not installed everywhere

    async with async_playwright() as playwright:
        arguments = ["--no-sandbox", f"--host-resolver-rules={places.rules()}"]
        browser = await playwright.chromium.launch(executable_path=chromium, args=arguments)
        try:
            yield browser
        finally:
            await browser.close()
