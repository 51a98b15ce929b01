"""What axe-core says of a page that a browser shows."""

from __future__ import annotations

from typing import Any

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


async def faults(page: Any, axe: str) -> list[tuple[str, list[str]]]:
    """What axe-core finds on the page that is shown: rule and elements."""
    await page.evaluate(axe)
    found = await page.evaluate(f"axe.run({{runOnly: {TAGS}}})")
    return [(each["id"], [node["html"] for node in each["nodes"]]) for each in found["violations"]]
