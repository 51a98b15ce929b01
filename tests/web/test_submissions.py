from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from gateway.errors import DatabaseAway, UploadTaken
from gateway.model import Finding, Severity
from gateway.store.submissions.reading import cursor
from tests.stores import everything, holding
from tests.web.conftest import ARS, OTHER_ARS, a_submission, build

BODY = {"service": "hausnummer", "municipality": ARS, "record": {"name": "Müller-Łukasiewicz"}}


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


async def test_a_created_submission_comes_back_with_its_receipt(world):
    async with world.portal() as portal:
        answer = await portal.post("/api/v1/submissions", json=BODY, headers=key())
        assert answer.status_code == 201
        made = answer.json()
        assert made["state"] == "received"
        assert made["receipt"] == "a.b.c"
        assert answer.headers["Location"] == f"/api/v1/submissions/{made['id']}"
        assert answer.headers["Cache-Control"] == "no-store"
        read = await portal.get(answer.headers["Location"])
    assert read.status_code == 200
    assert "receipt" not in read.json()
    assert read.json()["id"] == made["id"]


async def test_the_same_key_and_body_give_the_same_answer_and_another_body_a_conflict(world):
    async with world.portal() as portal:
        same = key()
        first = await portal.post("/api/v1/submissions", json=BODY, headers=same)
        again = await portal.post("/api/v1/submissions", json=BODY, headers=same)
        other = await portal.post("/api/v1/submissions", json={**BODY, "reference": "x"}, headers=same)
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 409)
    assert first.json() == again.json()
    assert other.json()["code"] == "idempotency_conflict"


@pytest.mark.parametrize("value", [None, "", "x" * 256, "ümlaut".encode("latin-1"), "a\tb"])
async def test_without_a_proper_idempotency_key_nothing_is_taken(world, value):
    async with world.portal() as portal:
        headers = {} if value is None else {"Idempotency-Key": value}
        answer = await portal.post("/api/v1/submissions", json=BODY, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (428, "missing_idempotency_key")
    assert everything(world.store) == ()


async def test_two_idempotency_keys_are_none(world):
    async with world.portal() as portal:
        headers = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
        answer = await portal.post("/api/v1/submissions", json=BODY, headers=headers)
    assert answer.status_code == 428


async def test_another_client_and_another_municipality_see_nothing(world):
    mine, foreign_town = a_submission(), a_submission(municipality=OTHER_ARS)
    for each in (mine, foreign_town):
        holding(each, world.store)
    async with world.portal("neighbour") as neighbour, world.portal() as portal:
        hidden = await neighbour.get(f"/api/v1/submissions/{mine.id}")
        unknown = await neighbour.get(f"/api/v1/submissions/{uuid4()}")
        elsewhere = await portal.get(f"/api/v1/submissions/{foreign_town.id}")
        listed = await portal.get("/api/v1/submissions")
    assert hidden.status_code == unknown.status_code == elsewhere.status_code == 404
    same = {k: v for k, v in hidden.json().items() if k != "instance"}
    assert same == {k: v for k, v in unknown.json().items() if k != "instance"}
    assert [item["id"] for item in listed.json()["items"]] == [str(mine.id)]


async def test_a_token_without_the_scope_is_forbidden_by_name(world):
    async with world.portal(scope="services:read") as portal:
        create = await portal.post("/api/v1/submissions", json=BODY, headers=key())
        read = await portal.get("/api/v1/submissions")
    assert create.status_code == read.status_code == 403
    assert 'scope="submissions:write"' in create.headers["WWW-Authenticate"]
    assert "submissions:read" in read.json()["detail"]


async def test_a_list_passes_its_filter_on(world):
    behind = cursor(datetime(2026, 3, 1, tzinfo=UTC), uuid4())
    async with world.portal() as portal:
        answer = await portal.get(
            "/api/v1/submissions?state=received,held&state=sealed&service=hausnummer&reference=a/b"
            f"&municipality={ARS}&created_after=2026-03-01T12:00:00%2B01:00&limit=7&cursor={behind}"
        )
    assert answer.status_code == 200
    (wanted,) = world.store.asked
    assert wanted.states == ("received", "held", "sealed")
    assert wanted.created_after == datetime(2026, 3, 1, 11, 0, tzinfo=UTC)
    assert (wanted.limit, wanted.cursor, wanted.reference) == (7, behind, "a/b")


async def test_every_fault_of_a_query_is_named_at_once(world):
    async with world.portal() as portal:
        answer = await portal.get(
            "/api/v1/submissions?state=lost&limit=0&created_after=2026-13-01T00:00:00Z&cursor=%00&nope=1&service=A%20B&service=b"
        )
    assert answer.status_code == 422
    pointers = {finding["pointer"] for finding in answer.json()["findings"]}
    assert {
        "#query/state",
        "#query/limit",
        "#query/created_after",
        "#query/cursor",
        "#query/nope",
        "#query/service",
    } <= pointers


async def test_a_municipality_of_others_is_unknown_also_to_a_list(world):
    async with world.portal() as portal:
        answer = await portal.get(f"/api/v1/submissions?municipality={OTHER_ARS}")
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_municipality")


async def test_validating_takes_nothing_over(world):
    async with world.portal() as portal:
        good = await portal.post("/api/v1/validations", json=BODY)
        bad = await portal.post("/api/v1/validations", json={**BODY, "record": []})
        world.intake.findings = (Finding("/record", "hint", "Hinweis.", "A hint.", Severity.INFO),)
        hint = await portal.post("/api/v1/validations", json=BODY)
    assert good.json() == {"valid": True, "findings": []}
    assert bad.json()["valid"] is False
    assert bad.json()["findings"][0]["pointer"] == "/record"
    assert hint.json()["valid"] is True
    assert everything(world.store) == ()


@pytest.mark.parametrize(("error", "status"), [(UploadTaken(), 409), (DatabaseAway(), 503)])
async def test_an_error_of_the_inside_becomes_its_problem(world, error, status):
    world.intake.failure = error
    async with world.portal() as portal:
        answer = await portal.post("/api/v1/submissions", json=BODY, headers=key())
    assert (answer.status_code, answer.json()["code"]) == (status, error.code)
    assert answer.json()["retry"] is error.retry
    assert ("Retry-After" in answer.headers) is error.retry


async def test_changes_come_in_order_from_a_cursor(world):
    for client in ("portal", "portal", "neighbour", "portal"):
        holding(a_submission(client), world.store)
    async with world.portal() as portal:
        first = (await portal.get("/api/v1/changes?after=&limit=2")).json()
        rest = (await portal.get(f"/api/v1/changes?after={first['next']}")).json()
        none = (await portal.get(f"/api/v1/changes?after={rest['next']}")).json()
    assert [each["cursor"] for each in first["changes"] + rest["changes"]] == ["1.1", "1.2", "1.4"]
    assert none == {"changes": [], "next": "1.4"}
    assert first["changes"][0]["at"] == "2026-03-01T12:00:00.000Z"


async def test_waiting_for_changes_ends_with_the_first_one():
    world = build(poll_s=0.001)

    def arrive(polls: int) -> None:
        if polls == 3:
            holding(a_submission(), world.store)

    world.store.on_poll = arrive
    async with world.portal() as portal:
        answer = await asyncio.wait_for(portal.get("/api/v1/changes?wait=30"), 5)
    assert len(answer.json()["changes"]) == 1
    assert world.store.polls == 3


@pytest.mark.parametrize("query", ["wait=31", "wait=-1", "wait=1.5", "wait=x", "limit=1001", "after=a%20b"])
async def test_a_bad_parameter_of_changes_is_named(world, query):
    async with world.portal() as portal:
        answer = await portal.get(f"/api/v1/changes?{query}")
    assert answer.status_code == 422
    assert answer.json()["findings"][0]["pointer"] == f"#query/{query.split('=')[0]}"
