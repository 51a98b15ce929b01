"""Parameters of path and query: whatever is wrong with one is told by its name, with what is allowed instead."""

from __future__ import annotations

from uuid import uuid4

import pytest

from gateway.model import State
from gateway.store.submissions.reading import foreign_cursor
from gateway.web.portal import tus
from gateway.web.portal.routes import ROUTES
from tests.web.conftest import ARS, OTHER_ARS

CLIENTS = [route for route in ROUTES if route.scope]
NOWHERE = "00000000-0000-4000-8000-000000000000"


def findings(answer) -> dict[str, dict[str, str]]:
    return {each["pointer"]: each for each in answer.json()["findings"]}


@pytest.mark.parametrize("route", CLIENTS, ids=lambda route: f"{route.method} {route.path}")
async def test_every_address_names_a_parameter_that_it_does_not_know(world, route):
    path = route.path
    for name in ("upload", "submission_id", "webhook"):
        path = path.replace(f"{{{name}}}", NOWHERE)
    headers = {"Idempotency-Key": str(uuid4()), "Tus-Resumable": tus.VERSION}
    if route.method == "HEAD":  # its answer has no body
        async with world.portal() as portal:
            assert (await portal.head(f"{path}?nonsense=1", headers=headers)).status_code == 422
        return
    async with world.portal() as portal:
        answer = await portal.request(route.method, f"{path}?nonsense=1&a/b=2&zwei%07=", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_parameter")
    found = findings(answer)
    assert found.keys() == {"#query/nonsense", "#query/a~1b", "#query/zwei\ufffd"}
    for name in (name for name, place, _ in route.parameters if place == "query"):
        assert name in found["#query/nonsense"]["de"]
        assert name in found["#query/nonsense"]["en"]


async def test_what_is_allowed_is_said(world):
    query = "state=lost&limit=201&created_after=gestern&cursor=%00&service=A&reference=a%20b"
    async with world.portal() as portal:
        found = findings(await portal.get(f"/api/v1/submissions?{query}"))
    for tongue in ("de", "en"):
        assert all(state.value in found["#query/state"][tongue] for state in State)
        assert "200" in found["#query/limit"][tongue]
        assert "RFC 3339" in found["#query/created_after"][tongue]
        assert "64" in found["#query/reference"][tongue]
        assert "/api/v1/services" in found["#query/service"][tongue]
        assert "ursor" in found["#query/cursor"][tongue]


@pytest.mark.parametrize("path", ["submissions", "services", "services/hausnummer", "services/hausnummer/example.json"])
async def test_a_municipality_that_is_not_served_is_named_beside_everything_else(world, path):
    async with world.portal() as portal:
        alone = await portal.get(f"/api/v1/{path}?municipality={OTHER_ARS}")
        more = await portal.get(f"/api/v1/{path}?municipality={OTHER_ARS}&nope=1")
    assert (alone.status_code, alone.json()["code"]) == (422, "unknown_municipality")
    assert findings(alone).keys() == {"#query/municipality"}
    assert more.json()["code"] == "invalid_parameter"
    assert findings(more).keys() == {"#query/municipality", "#query/nope"}
    assert ARS not in more.text


@pytest.mark.parametrize(
    ("method", "path", "pointer", "rule"),
    [
        ("GET", "/api/v1/submissions/none", "#path/submission_id", "format"),
        ("GET", f"/api/v1/submissions/{NOWHERE}", "#path/submission_id", "not_found"),
        ("POST", "/api/v1/submissions/none/cancel", "#path/submission_id", "format"),
        ("POST", "/api/v1/submissions/none/corrections", "#path/submission_id", "format"),
        ("PUT", "/api/v1/uploads/none", "#path/upload", "format"),
        ("GET", "/api/v1/services/none", "#path/service_id", "not_found"),
    ],
)
async def test_a_part_of_the_path_that_names_nothing_is_told(world, method, path, pointer, rule):
    async with world.portal() as portal:
        answer = await portal.request(method, path, headers={"Idempotency-Key": str(uuid4())})
    assert answer.status_code in {404, 422}
    assert [(each["pointer"], each["rule"]) for each in answer.json()["findings"]] == [(pointer, rule)]


async def test_a_cursor_that_the_store_refuses_is_named_where_it_stood(world, monkeypatch):
    async def refuse(*_):
        raise foreign_cursor("#query/after")

    monkeypatch.setattr(world.store, "changes", refuse)
    async with world.portal() as portal:
        given = {
            "#query/after": await portal.get("/api/v1/changes/stream?after=x"),
            "#header/Last-Event-ID": await portal.get("/api/v1/changes/stream", headers={"Last-Event-ID": "x"}),
        }
    assert [list(findings(answer)) for answer in given.values()] == [[pointer] for pointer in given]
    assert not world.app.state.streams["portal"]
