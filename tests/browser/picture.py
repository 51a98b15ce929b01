"""Takes the picture of a status page that the README shows: the demo's town, exported, listed, one service down.

`make picture` runs it; Chromium and Playwright are those of the browser tests.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.demo_fixture import ARS, GATEWAY, http, start, stop

PICTURE = Path(__file__).parents[2] / "docs/status-page.png"
WINDOW = {"width": 900, "height": 1330}
DOWN = "meldebestaetigung"
"""Whose page fails; it is the first one on the status page."""
LARGEST_BYTES = 150_000


def main() -> None:
    """Start a demo, bring it into that state, take the picture."""
    demo, line = start("demo", "--keep")
    try:
        _prepare(line)
        asyncio.run(_taken(f"{line['base_url']}/status/{ARS}?lang=de"))
    finally:
        stop(demo)
    size = PICTURE.stat().st_size
    if size > LARGEST_BYTES:
        sys.exit(f"{PICTURE.name} is too large: {size} bytes")


def _prepare(line: dict[str, Any]) -> None:
    admin = line["sandboxes"]["catalogue"]["admin"]

    def catalogue(*words: str) -> None:
        command = [*GATEWAY, "catalogue", *words, "--config", line["config"]]
        subprocess.run(command, check=True, capture_output=True, timeout=120)

    catalogue("export")
    http("POST", f"{admin}/pull", {"index": f"{line['base_url']}/catalogue/xzufi/index.txt"})
    catalogue("readback")
    for _ in range(3):
        catalogue("probe")
    http("POST", f"{admin}/faults", {"match": f"GET /pages/{DOWN}*", "kind": "status", "value": 503, "times": 100})
    for _ in range(3):
        catalogue("probe")


async def _taken(address: str) -> None:
    from playwright.async_api import async_playwright  # noqa: PLC0415 - not installed everywhere

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        try:
            page = await browser.new_page(viewport=WINDOW, color_scheme="light")
            until = asyncio.get_running_loop().time() + 60
            while True:  # a page stands for some seconds
                await page.goto(address)
                if await page.locator(".down").count() or asyncio.get_running_loop().time() > until:
                    break
                await asyncio.sleep(1)
            await page.evaluate("document.fonts.ready.then(() => true)")
            await page.screenshot(path=PICTURE)
        finally:
            await browser.close()


if __name__ == "__main__":
    main()
