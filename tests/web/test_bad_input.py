from __future__ import annotations

import json
import time
from uuid import uuid4

import pytest

from gateway.errors import InvalidJson, RecordInvalid, TooDeep
from gateway.web.dependencies import BodyLimits
from gateway.web.http.body import parse_object
from tests.stores import everything
from tests.web.conftest import ARS, build

SOMEBODY = "0d9f1c52-6a47-4a0e-9c35-2f1b7de80a64"
GOOD = {"service": "hausnummer", "municipality": ARS, "record": {"a": 1}}
TEXT = json.dumps(GOOD)


def raw(old: str, new: str) -> bytes:
    assert old in TEXT
    return TEXT.replace(old, new).encode()


BODIES = {
    "empty": (b"", 400, "invalid_json"),
    "broken": (b'{"service":', 400, "invalid_json"),
    "trailing": (b"{} {}", 400, "invalid_json"),
    "latin-1": (raw("hausnummer", "h\u00e4").decode().encode("latin-1"), 400, "invalid_json"),
    "utf-16": (TEXT.encode("utf-16"), 400, "invalid_json"),
    "overlong utf-8": (b'{"a":"\xc0\xaf"}', 400, "invalid_json"),
    "surrogate in utf-8": (b'{"a":"\xed\xa0\x80"}', 400, "invalid_json"),
    "lone surrogate": (b'{"a":"\\ud800"}', 400, "invalid_json"),
    "lone surrogate in a key": (b'{"\\udfff":1}', 400, "invalid_json"),
    "nan": (raw("1}", "NaN}"), 400, "invalid_json"),
    "infinity": (raw("1}", "-Infinity}"), 400, "invalid_json"),
    "control character": (b'{"a":"\x00"}', 400, "invalid_json"),
    "single quotes": (b"{'a':1}", 400, "invalid_json"),
    "doubled key": (b'{"a":1,"a":2}', 422, "record_invalid"),
    "doubled key inside": (raw('"a": 1', '"a": 1, "\\u0061": 2'), 422, "record_invalid"),
    "float overflow": (raw("1}", "1e999}"), 422, "record_invalid"),
    "long number": (raw("1}", "1" * 5000 + "}"), 422, "record_invalid"),
    "list": (b"[]", 422, "record_invalid"),
    "text": (b'"x"', 422, "record_invalid"),
    "null": (b"null", 422, "record_invalid"),
    "deep": (raw("1}", "[" * 5000 + "]" * 5000 + "}"), 422, "too_deep"),
    "deep and open": (b"[" * 5000, 422, "too_deep"),
    "wide": (raw("1}", "[" + "0," * 60_000 + "0]}"), 422, "record_invalid"),
    "unknown key": (json.dumps({**GOOD, "citizen": "x"}).encode(), 422, "record_invalid"),
    "record is a list": (json.dumps({**GOOD, "record": []}).encode(), 422, "record_invalid"),
    "record missing": (json.dumps({"service": "x", "municipality": ARS}).encode(), 422, "record_invalid"),
    "reference with blanks": (json.dumps({**GOOD, "reference": "a b"}).encode(), 422, "record_invalid"),
    "test is a text": (json.dumps({**GOOD, "test": "true"}).encode(), 422, "record_invalid"),
    "attachments is an object": (json.dumps({**GOOD, "attachments": {}}).encode(), 422, "record_invalid"),
    "attachment is a text": (json.dumps({**GOOD, "attachments": ["x"]}).encode(), 422, "record_invalid"),
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("path", ["/api/v1/submissions", "/api/v1/validations"])
async def test_each_bad_body_gets_its_one_clear_answer(world, name, path):
    body, status, code = BODIES[name]
    async with world.portal() as portal:
        headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid4())}
        answer = await portal.post(path, content=body, headers=headers)
    said = answer.json()
    if path.endswith("validations") and answer.status_code == 200:
        assert said["valid"] is False
        return
    assert (answer.status_code, said["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert said["status"] == status
    assert said["findings"] or status == 400 or code == "too_deep"
    assert everything(world.store) == ()


def test_thirty_two_levels_are_taken_and_one_more_is_not():
    limits = BodyLimits()
    assert parse_object(b'{"a":' + b"[" * 31 + b"]" * 31 + b"}", limits)
    with pytest.raises(TooDeep):
        parse_object(b'{"a":' + b"[" * 32 + b"]" * 32 + b"}", limits)


def test_brackets_and_quotes_inside_texts_count_for_nothing():
    value = {"a": "[" * 500 + '\\"{[' * 50, 'k"[[': ["\\", '"', "]}"]}
    assert parse_object(json.dumps(value).encode(), BodyLimits()) == value


def test_a_pair_of_surrogates_is_one_character():
    assert parse_object(b'{"a":"\\ud83d\\ude00"}', BodyLimits()) == {"a": "\U0001f600"}


SIZE = 9_000_000
HOSTILE = {
    "open text with escapes": b'"' + b'\\"' * (SIZE // 2),
    "quotes": b'"' * SIZE,
    "backslashes": b"\\" * SIZE,
    "brackets": b"[" * SIZE,
    "nested pairs": b"[" * (SIZE // 2) + b"]" * (SIZE // 2),
    "siblings": b"[" + b"{}," * (SIZE // 3) + b"0]",
    "digits": b'{"a":' + b"1" * SIZE + b"}",
    "blanks": b" " * SIZE,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bodies_cost_linear_time(name):
    began = time.process_time()
    with pytest.raises((InvalidJson, TooDeep, RecordInvalid)):
        parse_object(HOSTILE[name], BodyLimits())
    assert time.process_time() - began < 2  # quadratic work would take minutes


@pytest.mark.parametrize("kind", ["text/plain", "", "application/xml", "application/x-www-form-urlencoded"])
async def test_another_media_type_is_refused(world, kind):
    async with world.portal() as portal:
        headers = {"Content-Type": kind, "Idempotency-Key": "k"}
        answer = await portal.post("/api/v1/submissions", content=TEXT, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "wrong_media_type")


async def test_a_compressed_body_is_refused(world):
    async with world.portal() as portal:
        headers = {"Content-Type": "application/json", "Idempotency-Key": "k", "Content-Encoding": "gzip"}
        answer = await portal.post("/api/v1/submissions", content=TEXT, headers=headers)
    assert answer.status_code == 415


class Pieces:
    """A body in pieces that counts how many were asked for."""

    def __init__(self, piece: bytes, count: int) -> None:
        self.piece, self.count, self.asked = piece, count, 0

    async def __aiter__(self):
        for _ in range(self.count):
            self.asked += 1
            yield self.piece


async def test_a_body_without_length_is_cut_off_at_the_limit():
    world = build(body_bytes=10_000)
    body = Pieces(b" " * 1000, 100_000)
    async with world.portal() as portal:
        headers = {"Content-Type": "application/json", "Idempotency-Key": "k"}
        answer = await portal.post("/api/v1/submissions", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert body.asked <= 12


async def test_a_body_announced_too_large_is_refused_unread():
    world = build(body_bytes=10_000)
    body = Pieces(b" " * 1000, 100)
    async with world.portal() as portal:
        headers = {"Content-Type": "application/json", "Idempotency-Key": "k", "Content-Length": "100000"}
        answer = await portal.post("/api/v1/submissions", content=body, headers=headers)
    assert answer.status_code == 413
    assert body.asked == 0


@pytest.mark.parametrize("announced", ["100", "100000"])
async def test_a_body_that_is_not_as_long_as_announced_is_refused(world, announced):
    async with world.portal() as portal:
        headers = {"Content-Type": "application/json", "Idempotency-Key": "k", "Content-Length": announced}
        answer = await portal.post("/api/v1/submissions", content=Pieces(b" " * 1000, 5), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "length_mismatch")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/api/v1", 404),
        ("GET", "/api/v1/submissions/", 404),
        ("GET", "/api/v1/submissions/%00", 404),
        ("GET", "/api/v1/submissions/..%2f..%2fetc", 404),
        ("GET", f"/api/v1/submissions/{{{SOMEBODY}}}", 404),
        ("GET", "/api/v1/services/%00", 404),
        ("PUT", "/api/v1/uploads/..%2f..%2fetc", 404),
        ("PUT", "/api/v1/uploads/%00", 422),
        ("PUT", "/api/v1/uploads/x", 422),
        ("DELETE", "/api/v1/submissions", 405),
        ("PATCH", f"/api/v1/submissions/{SOMEBODY}", 405),
        ("OPTIONS", "/api/v1/submissions", 405),
        ("BREW", "/api/v1/submissions", 405),
        ("GET", "/api/v1/uploads/x", 405),
        ("PUT", "/api/v1/submissions/batch", 405),
        ("POST", f"/api/v1/submissions/{SOMEBODY}/other", 404),
        ("GET", "/oidc/token", 405),
        ("GET", "/docs", 404),
        ("GET", "/openapi.json", 404),
    ],
)
async def test_each_wrong_address_or_method_is_a_problem(world, method, path, status):
    async with world.portal() as portal:
        answer = await portal.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"]
    if status == 405:
        assert answer.headers["Allow"]


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Bearer abc.def.ghi", "Basic cDpw", "Bearer a b", "Bearer " + "x" * 9000]
)
@pytest.mark.parametrize(
    "call",
    [
        ("GET", "/api/v1/submissions"),
        ("POST", "/api/v1/submissions"),
        ("PUT", f"/api/v1/uploads/{SOMEBODY}"),
        ("GET", "/api/v1/services"),
        ("GET", "/api/v1/changes"),
        ("POST", "/api/v1/validations"),
    ],
)
async def test_without_a_token_no_door_opens(world, header, call):
    async with world.portal(None) as nobody:
        headers = {} if header is None else {"Authorization": header}
        answer = await nobody.request(*call, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorised")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
