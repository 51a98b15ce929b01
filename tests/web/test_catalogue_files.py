"""Whoever collects the export gets each file as it was accepted, and is told when it has it already."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.catalogue.served import ServedFile
from gateway.web.app import create_app

FILES = {
    "index.txt": ServedFile("index.txt", "a" * 64, b"XZUFI1.xml\n"),
    "XZUFI1.xml": ServedFile("XZUFI1.xml", "b" * 64, "<a>ü</a>".encode()),
}


class Files:
    async def file(self, name):
        assert "\0" not in name, "PostgreSQL takes none"
        return FILES.get(name)


@pytest.fixture
def exported(world):
    world.app = create_app(replace(world.parts, exports=Files()))
    return world


@pytest.mark.parametrize(
    ("name", "kind"), [("index.txt", "text/plain; charset=utf-8"), ("XZUFI1.xml", "application/xml")]
)
async def test_a_file_is_served_as_it_is_with_its_digest_as_tag(exported, name, kind):
    async with exported.portal(None) as collector:
        got = await collector.get(f"/catalogue/xzufi/{name}")
    assert (got.status_code, got.content, got.headers["content-type"]) == (200, FILES[name].content, kind)
    assert got.headers["etag"] == f'"{FILES[name].sha256}"'
    assert got.headers["cache-control"].startswith("public")
    assert "set-cookie" not in got.headers


@pytest.mark.parametrize("tag", ['"{}"', 'W/"{}"', '"x", "{}"', "*"])
async def test_whoever_has_it_is_told_so(exported, tag):
    async with exported.portal(None) as collector:
        got = await collector.get("/catalogue/xzufi/index.txt", headers={"If-None-Match": tag.format("a" * 64)})
        other = await collector.get("/catalogue/xzufi/index.txt", headers={"If-None-Match": f'"{"c" * 64}"'})
    assert (got.status_code, got.content, got.headers["etag"]) == (304, b"", f'"{"a" * 64}"')
    assert other.status_code == 200


async def test_head_says_the_same_without_the_content(exported):
    async with exported.portal(None) as collector:
        got = await collector.head("/catalogue/xzufi/XZUFI1.xml")
    assert (got.status_code, got.headers["etag"]) == (200, f'"{"b" * 64}"')


@pytest.mark.parametrize(
    "name", ["XZUFI2.xml", "..%2Findex.txt", "%00", "index.txt%00", "%ff", "index.txt/", "a" * 4000]
)
async def test_what_is_not_there_is_a_problem(exported, name):
    async with exported.portal(None) as collector:
        got = await collector.get(f"/catalogue/xzufi/{name}")
    assert got.status_code == 404
    assert got.headers["content-type"] == "application/problem+json"


async def test_before_the_first_export_there_is_no_index(world):
    async with world.portal(None) as collector:
        got = await collector.get("/catalogue/xzufi/index.txt")
    assert (got.status_code, got.json()["code"]) == (404, "not_found")
