"""The README: what it links is there, its picture is small, and the demo tells what the tour asks for."""

from __future__ import annotations

import re
from pathlib import Path

from gateway.cli.demo.command import described

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "README.md").read_text(encoding="utf-8")
PNG = b"\x89PNG\r\n\x1a\n"


def test_what_it_links_is_there():
    links = {link for link in re.findall(r"\]\(([^)#\s]+)", PAGE) if "://" not in link}
    named = set(re.findall(r"`((?:gateway|docs|tests)/[\w/.]+)`", PAGE))
    assert [path for path in sorted(links | named) if not (ROOT / path).exists()] == []


def test_every_how_to_is_linked():
    pages = {f"docs/how-to/{path.name}" for path in (ROOT / "docs/how-to").glob("*.md")}
    linked = set(re.findall(r"\]\((docs/how-to/[^)#]+)\)", PAGE))
    assert pages - linked <= {"docs/how-to/validate-a-document.md"}  # the handbook leads there


def test_its_picture_is_small_and_made_by_a_command():
    picture = (ROOT / "docs/status-page.png").read_bytes()
    assert picture.startswith(PNG)
    assert len(picture) <= 150_000
    assert "docs/status-page.png" in PAGE
    assert "tests.browser.picture" in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_a_kept_demo_names_the_status_page_and_the_settings():
    line = {"api": "http://h/api/v1", "base_url": "http://h", "config": "settings.toml"}
    told = described(line)
    assert "http://h/status/150900546546" in told
    assert "settings.toml" in told
    assert "names a status page" in PAGE
