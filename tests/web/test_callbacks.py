from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.web.app import create_app
from gateway.web.callbacks import genuine
from tests.web.conftest import CALLBACK_SECRET, DESTINATION

STAMP = 1672527599
SUBMISSION = "f39ab143-d91a-474a-b69f-b00f1a1873c2"
KIND = "https://schema.fitko.de/fit-connect/submission-api/callbacks/new-submissions"
SHORT = f'{{"type":"{KIND}","submissionIds":["{SUBMISSION}"]}}'.encode()
LONG = (
    f'{{"type":"{KIND}","submissionIds":["{SUBMISSION}"],"submissions":[{{"destinationId":"{DESTINATION}",'
    f'"submissionId":"{SUBMISSION}","caseId":"9eec7d3e-dc66-4f82-9f52-1520bf96a32e"}}]}}'
).encode()
VECTORS = [
    (
        SHORT,
        "798cd0edb70c08e5b32aa8a18cbbc8ff6b3078c51af6d011ff4e32e470c746234fc4314821fe5185264b029e962bd37de33f3b9fc5f1a93c40ce6672845e90df",
    ),
    (
        LONG,
        "2056b372b5bcec06d8f11ab79b84b42d6cbe1c8e1178cdfa36e4385dcf717758aaa7599f417d9ec3e079087884f4fd59680bf713621383e2d4414ef74fb10df3",
    ),
]


def sign(body: bytes, stamp: int | str = STAMP, secret: str = CALLBACK_SECRET) -> dict[str, str]:
    mac = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha512).hexdigest()
    return {"callback-timestamp": str(stamp), "callback-authentication": mac, "Content-Type": "application/json"}


async def call(world, body: bytes, headers: dict[str, str], destination: str = DESTINATION):
    async with world.portal(None) as anybody:
        return await anybody.post(f"/callbacks/fitconnect/{destination}", content=body, headers=headers)


@pytest.fixture
def world(world):
    world.clock.at = datetime.fromtimestamp(STAMP + 10, UTC)
    return world


@pytest.mark.parametrize(("body", "mac"), VECTORS)
async def test_the_published_vectors_wake_the_submission_they_name(world, body, mac):
    answer = await call(world, body, {"callback-timestamp": str(STAMP), "callback-authentication": mac})
    assert answer.status_code == 204
    (news,) = world.woken
    assert (news.destination_id, news.submission_ids) == (DESTINATION, (SUBMISSION,))


@pytest.mark.parametrize("age", [300, -60, 0])
async def test_at_the_edges_of_time_it_is_taken(world, age):
    world.clock.at = datetime.fromtimestamp(STAMP, UTC) + timedelta(seconds=age)
    assert (await call(world, LONG, sign(LONG))).status_code == 204


@pytest.mark.parametrize("age", [301, -61, 86_400])
async def test_too_old_or_too_far_ahead_is_refused(world, age):
    world.clock.at = datetime.fromtimestamp(STAMP, UTC) + timedelta(seconds=age)
    assert (await call(world, LONG, sign(LONG))).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"callback-timestamp": str(STAMP)},
        sign(LONG, secret="another"),
        sign(SHORT),
        sign(LONG) | {"callback-timestamp": str(STAMP + 1)},
        sign(LONG) | {"callback-authentication": VECTORS[1][1][:-1]},
        sign(LONG) | {"callback-authentication": "z" * 128},
        sign(LONG, stamp=f"+{STAMP}"),
        sign(LONG, stamp=f"{STAMP}.0"),
        sign(LONG, stamp="9" * 400),
        sign(LONG, stamp=""),
    ],
)
async def test_every_false_notification_gets_the_same_answer(world, headers):
    answer = await call(world, LONG, headers)
    reference = await call(world, LONG, {})
    assert answer.status_code == 401
    assert {k: v for k, v in answer.json().items() if k != "instance"} == {
        k: v for k, v in reference.json().items() if k != "instance"
    }
    assert not world.woken


@pytest.mark.parametrize("destination", ["0d9f1c52-6a47-4a0e-9c35-2f1b7de80a64", "x", "%00"])
async def test_an_unknown_destination_is_refused_alike(world, destination):
    answer = await call(world, LONG, sign(LONG, secret="no destination has this secret"), destination)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorised")


async def test_a_body_beyond_a_megabyte_is_refused(world):
    body = b" " * 1_000_001
    assert (await call(world, body, sign(body))).status_code == 413


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"submissionIds":"x","submissions":[1,{"submissionId":2}]}', b"[" * 5000]
)
async def test_a_genuine_but_unreadable_payload_wakes_a_poll_of_everything(world, body):
    assert (await call(world, body, sign(body))).status_code == 204
    assert world.woken[0].submission_ids == ()


async def test_without_callback_secrets_there_is_no_such_door(world):
    world.app = create_app(replace(world.parts, callback_secrets=None))
    answer = await call(world, LONG, sign(LONG))
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    async with world.portal(None) as anybody:
        document = (await anybody.get("/api/openapi.json")).json()
    assert not [path for path in document["paths"] if path.startswith("/callbacks")]
    assert "Callback" not in document["components"]["schemas"]


def test_either_secret_is_taken_during_a_change():
    mac = VECTORS[0][1]
    for secrets in (["new", CALLBACK_SECRET], [CALLBACK_SECRET, "new"]):
        assert genuine(SHORT, stamp=str(STAMP), mac=mac.upper(), secrets=secrets, now=STAMP)
    assert not genuine(SHORT, stamp=str(STAMP), mac=mac, secrets=[], now=STAMP)
