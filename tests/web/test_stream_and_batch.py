"""The event stream and the batch: line by line, bounded, each line on its own."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

from gateway.errors import InvalidParameter
from tests.stores import everything, holding
from tests.web.conftest import ARS, a_submission, build


def lines(world, number):
    for _ in range(number):
        holding(a_submission(), world.store)


def ends_at_poll(world, number):
    """Let the token run out while the stream is at that poll."""

    def on_poll(count):
        if count == number:
            world.clock.at += timedelta(hours=1)

    world.store.on_poll = on_poll


async def test_each_change_is_an_event_with_its_cursor_and_silence_is_filled():
    world = build(heartbeat_s=0.0)
    lines(world, 2)
    ends_at_poll(world, 3)
    async with world.portal() as portal:
        answer = await portal.get("/api/v1/changes/stream")
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = answer.text.split("\n\n")
    assert events[0] == "retry: 1000"
    assert [each.split("\n")[0] for each in events[1:3]] == ["id: 1.1", "id: 1.2"]
    assert json.loads(events[1].split("data: ")[1])["state"] == "received"
    assert events[3].startswith(":")


async def test_last_event_id_goes_on_behind_it_and_before_the_parameter():
    world = build(heartbeat_s=0.0)
    lines(world, 4)
    ends_at_poll(world, 2)
    async with world.portal() as portal:
        answer = await portal.get("/api/v1/changes/stream?after=1.1", headers={"Last-Event-ID": "1.3"})
        assert [e.split("\n")[0] for e in answer.text.split("\n\n") if e.startswith("id")] == ["id: 1.4"]
    async with world.portal() as portal:
        refused = await portal.get("/api/v1/changes/stream", headers={"Last-Event-ID": "ä b".encode()})
    assert refused.status_code == 422
    assert refused.json()["findings"][0]["pointer"] == "#header/Last-Event-ID"


async def test_a_client_may_have_so_many_streams_open(world):
    world.app.state.streams["portal"] = 8
    async with world.portal() as portal:
        answer = await portal.get("/api/v1/changes/stream")
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_requests")
    assert int(answer.headers["retry-after"]) > 0


async def test_streams_opened_at_the_same_moment_are_counted_too():
    world = build(heartbeat_s=0.0)
    world.store.gate = asyncio.Event()
    async with world.portal() as portal:
        asked = [asyncio.create_task(portal.get("/api/v1/changes/stream")) for _ in range(20)]
        while world.store.polls < 8:  # noqa: ASYNC110 - the fake counts, it does not tell
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        ends_at_poll(world, 9)
        world.store.gate.set()
        statuses = [answer.status_code for answer in await asyncio.gather(*asked)]
    assert (statuses.count(200), statuses.count(429)) == (8, 12)
    assert world.app.state.streams["portal"] == 0, "all places are free again"


async def test_a_refused_cursor_takes_no_place(world):
    world.store.changes = refusing
    async with world.portal() as portal:
        assert (await portal.get("/api/v1/changes/stream")).status_code == 422
    assert world.app.state.streams["portal"] == 0


async def refusing(*_):
    raise InvalidParameter


def body(key, **more):
    return {"idempotency_key": key, "service": "hausnummer", "municipality": ARS, "record": {}, **more}


async def sent(world, raw, **headers):
    async def pieces():
        for at in range(0, len(raw), 7):
            yield raw[at : at + 7]

    headers = {"Content-Type": "application/x-ndjson", **headers}
    async with world.portal() as portal:
        answer = await portal.post("/api/v1/submissions/batch", content=pieces(), headers=headers)
    return answer, [json.loads(each) for each in answer.text.splitlines()] if answer.status_code == 200 else []


async def test_every_line_gets_its_submission_or_its_problem_in_order(world):
    good, other = json.dumps(body("a")).encode(), json.dumps(body("b", other=1)).encode()
    keyless = json.dumps({k: v for k, v in body("c").items() if k != "idempotency_key"}).encode()
    raw = b"\n".join([good, b"{no json", b"", other, b"[]", keyless, good])
    answer, got = await sent(world, raw)
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert [each["line"] for each in got] == [1, 2, 4, 5, 6, 7], "numbers are those of the body's lines"
    assert [each.get("code") or each["state"] for each in got] == [
        "received",
        "invalid_json",
        "record_invalid",
        "record_invalid",
        "missing_idempotency_key",
        "received",
    ]
    assert got[0]["receipt"]
    assert got[0]["id"] == got[5]["id"]
    assert (got[2]["idempotency_key"], got[2]["findings"][0]["pointer"]) == ("b", "/other")


async def test_a_long_line_is_refused_alone_and_too_many_end_the_batch():
    world = build(body_bytes=200, batch_lines=3)
    long = json.dumps(body("x", reference="r" * 500)).encode()
    _, got = await sent(world, b"\n".join([long, *(json.dumps(body(str(no))).encode() for no in range(5))]))
    assert [each.get("code", "taken") for each in got] == ["body_too_large", "taken", "taken", "batch_too_long"]
    assert len(everything(world.store)) == 2


async def test_only_ndjson_is_taken(world):
    answer, _ = await sent(world, b"{}", **{"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (415, "wrong_media_type")
