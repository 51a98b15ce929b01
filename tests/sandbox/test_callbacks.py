"""Callbacks: the published digests, who is told what, and that failures change nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from gateway.errors import CounterpartAway
from gateway.fitconnect import names
from gateway.sandbox.fitconnect.callbacks import authentication

if TYPE_CHECKING:
    from .conftest import Peer

SECRET = "insecure_unsafe_qHScgrg_kP-R31jHUwp3GkVkGJolvBchz65b74Lzue0"
TIMESTAMP = 1672527599
SHORT = (
    '{"type":"https://schema.fitko.de/fit-connect/submission-api/callbacks/new-submissions",'
    '"submissionIds":["f39ab143-d91a-474a-b69f-b00f1a1873c2"]}'
)
LONG = SHORT[:-1] + (
    ',"submissions":[{"destinationId":"d12caea8-f372-4eb1-b102-b0a228253a11",'
    '"submissionId":"f39ab143-d91a-474a-b69f-b00f1a1873c2","caseId":"9eec7d3e-dc66-4f82-9f52-1520bf96a32e"}]}'
)
DIGESTS = {
    SHORT: "798cd0edb70c08e5b32aa8a18cbbc8ff6b3078c51af6d011ff4e32e470c746234"
    "fc4314821fe5185264b029e962bd37de33f3b9fc5f1a93c40ce6672845e90df",
    LONG: "2056b372b5bcec06d8f11ab79b84b42d6cbe1c8e1178cdfa36e4385dcf717758a"
    "aa7599f417d9ec3e079087884f4fd59680bf713621383e2d4414ef74fb10df3",
}


@pytest.mark.parametrize("body", [SHORT, LONG])
def test_the_published_digests(body: str) -> None:
    assert authentication(SECRET, TIMESTAMP, body.encode()) == DIGESTS[body]


class Inbox:
    """Takes what is posted, or refuses."""

    def __init__(self, status: int = 204) -> None:
        self.status = status
        self.got: list[tuple[str, bytes, dict[str, str]]] = []

    async def __call__(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        self.got.append((url, body, headers))
        if self.status == 0:
            raise CounterpartAway(host="portal")
        return self.status

    def kinds(self) -> list[tuple[str, str]]:
        return [(url, json.loads(body)["type"].rpartition("/")[2]) for url, body, _ in self.got]


async def test_a_sender_is_called_when_its_submission_is_answered(peer: Peer) -> None:
    inbox: Any = Inbox()
    peer.sandbox.post = inbox
    callback = {"url": "https://portal.example.org/callback", "secret": SECRET}
    ids = await peer.send(peer.parcel(), callback=callback)
    await peer.sandbox.settle()
    [(url, body, headers)] = inbox.got
    assert url == callback["url"]
    stamp = int(headers[names.CALLBACK_TIMESTAMP])
    assert stamp == peer.sandbox.clock.seconds()
    assert headers[names.CALLBACK_AUTHENTICATION] == authentication(SECRET, stamp, body)
    assert json.loads(body)["submissions"] == [
        {
            "destinationId": peer.sandbox.own_destination("automatic").id,
            "submissionId": ids["submissionId"],
            "caseId": ids["caseId"],
        }
    ]
    assert inbox.kinds() == [(url, "new-events")]


@pytest.mark.parametrize("status", [500, 0])
async def test_a_callback_that_fails_fails_nothing(peer: Peer, status: int) -> None:
    inbox: Any = Inbox(status)
    peer.sandbox.post = inbox
    ids = await peer.send(peer.parcel(), callback={"url": "https://portal.example.org/", "secret": "s"})
    assert len(inbox.got) == 1
    assert (await peer.shown(ids))["state"] == "accepted"


async def test_a_subscriber_is_called_and_the_log_says_so(peer: Peer) -> None:
    inbox: Any = Inbox()
    peer.sandbox.post = inbox
    destination = peer.sandbox.own_destination("manual").id
    await peer.http.patch(
        f"/destination-api/v2/destinations/{destination}",
        json={"callback": {"url": "https://authority.example.org/", "secret": "s"}},
        headers=await peer.token("subscriber") | {"Content-Type": names.MERGE_PATCH},
    )
    ids = await peer.send(peer.parcel(), "manual", callback={"url": "https://portal.example.org/", "secret": "s"})
    assert inbox.kinds() == [
        ("https://authority.example.org/", "new-submissions"),
        ("https://portal.example.org/", "new-events"),
    ]
    assert (await peer.last(ids)) == ("notify-submission", {"notifyType": "callback"})
    shown = (await peer.http.get(f"{peer.admin}/state")).text
    assert '"secret"' not in shown
