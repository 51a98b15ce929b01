from __future__ import annotations

import gzip
import hashlib
import re

import pytest

from gateway.web.pages import static

KERN = static.FOLDER / "kern"
ROW = re.compile(r"^\| `([^`]+)` \| `[^`]+` \| `([0-9a-f]{64})` \|", re.MULTILINE)


def test_the_files_of_kern_are_those_of_the_package_unmodified():
    stated = dict(ROW.findall((KERN / "SOURCES.md").read_text(encoding="utf-8")))
    found = {
        path.relative_to(KERN).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in KERN.rglob("*")
        if path.is_file() and path.name not in {"SOURCES.md", "OFL.txt"}
    }
    assert found == stated


def test_both_licences_stand_beside_the_files():
    assert "EUROPÄISCHE UNION PUBLIC LICENCE v. 1.2" in (KERN / "LICENSE.md").read_text(encoding="utf-8")
    text = (KERN / "fonts/fira-sans/OFL.txt").read_text(encoding="utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in text
    assert "Mozilla Foundation" in text


def test_no_style_sheet_asks_anybody_else():
    for path in static.FOLDER.rglob("*.css"):
        addresses = re.findall(r"url\(\s*[\"']?([^\"')]{0,40})|@import\s+([^;]+)", path.read_text(encoding="utf-8"))
        for address, imported in addresses:
            assert not imported
            assert address.startswith(("data:", "./fira-sans/")), path.name


def test_every_weight_that_kern_uses_is_there():
    text = (KERN / "kern.min.css").read_text(encoding="utf-8")
    used = {int(weight) for weight in re.findall(r"font-weight[a-z-]*:[^;}]*?(\d{3})\)?[;}]", text)}
    fonts = (KERN / "fonts/fira-sans.css").read_text(encoding="utf-8")
    faces = re.findall(r"url\(\"\./([^\"]+)\"\)[^}]*font-weight: (\d+);\s*font-style: normal", fonts)
    named = {int(weight): name for name, weight in faces}
    assert used
    assert [weight for weight in used if not (KERN / "fonts" / named[weight]).is_file()] == []


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("kern/kern.min.css", "text/css; charset=utf-8"),
        ("kern/fonts/fira-sans/FiraSans-Regular.woff2", "font/woff2"),
        ("submit.js", "text/javascript; charset=utf-8"),
    ],
)
async def test_a_file_is_kept_for_good_under_the_digest_of_what_it_is(world, name, media_type):
    content = (static.FOLDER / name).read_bytes()
    async with world.portal(None) as browser:
        answer = await browser.get(static.address(name), headers={"Accept-Encoding": "identity"})
        old = await browser.get(f"/static/0000000000000000/{name}")
        head = await browser.head(static.address(name))
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, content, media_type)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert (old.content, old.headers["cache-control"]) == (content, "no-cache")
    assert head.status_code == 200


@pytest.mark.parametrize(
    ("header", "packed"),
    [("gzip, br", True), ("br, gzip;q=0.5", True), ("gzip;q=0", False), ("gzip; q=0.000", False), ("br", False)],
)
async def test_text_is_packed_for_whoever_takes_it(world, header, packed):
    address = static.address("kern/kern.min.css")
    async with (
        world.portal(None) as browser,
        browser.stream("GET", address, headers={"Accept-Encoding": header}) as answer,
    ):
        raw = b"".join([piece async for piece in answer.aiter_raw()])
    assert (answer.headers.get("content-encoding") == "gzip") == packed
    assert (gzip.decompress(raw) if packed else raw) == (KERN / "kern.min.css").read_bytes()
    assert answer.headers["vary"] == "Accept-Encoding"


async def test_a_font_is_not_packed_again(world):
    async with world.portal(None) as browser:
        answer = await browser.get(static.address("kern/fonts/fira-sans/FiraSans-Regular.woff2"))
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(
    "path",
    ["../app.py", "..%2fapp.py", "%2e%2e/app.py", "kern", "kern/", "", "/etc/passwd", "kern//kern.min.css", "x.css"],
)
async def test_nothing_else_is_served(world, path):
    async with world.portal(None) as browser:
        answer = await browser.get(f"/static/{static.version()}/{path}")
    assert answer.status_code == 404
