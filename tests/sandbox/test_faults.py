"""Faults on demand: each kind, what it matches, and whether the request took effect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from gateway.crypto import jws
from gateway.crypto.keys import public_key
from gateway.errors import CryptoFailure, KeyUnfit
from gateway.fitconnect import names

from .conftest import claims_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .conftest import Peer


async def create(peer: Peer) -> httpx.Response:
    parcel = peer.parcel()
    body = {
        "destinationId": peer.sandbox.own_destination("automatic").id,
        "announcedAttachments": list(parcel.attachments),
        "publicService": parcel.service,
    }
    return await peer.http.post(f"{peer.v2}/submissions", json=body, headers=await peer.token("sender"))


def held(peer: Peer) -> int:
    return len(peer.sandbox.store.submissions)


async def test_a_status_answers_in_place_as_often_as_asked(peer: Peer) -> None:
    value = {"status": 503, "headers": {"Retry-After": "7"}}
    await peer.order("/faults", {"match": "POST /v2/submissions", "kind": "status", "value": value, "times": 2})
    for _ in range(2):
        answer = await create(peer)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")
    assert held(peer) == 0
    assert (await create(peer)).status_code == 201


async def test_too_many_requests_have_no_body(peer: Peer) -> None:
    await peer.order("/faults", {"match": "* /v2/*", "kind": "status", "value": 429})
    answer = await create(peer)
    assert (answer.status_code, answer.content) == (429, b"")
    assert (await peer.http.delete(f"{peer.admin}/faults")).status_code == 204
    assert (await create(peer)).status_code == 201


@pytest.mark.parametrize(("kind", "effect"), [("reset", 0), ("lost_answer", 1), ("hang", 0)])
async def test_a_connection_that_ends_without_an_answer(peer: Peer, kind: str, effect: int) -> None:
    body = {"match": "POST /v2/submissions", "kind": kind, "times": 1, "value": 0.01}
    await peer.order("/faults", body)
    with pytest.raises(ConnectionResetError):
        await create(peer)
    assert held(peer) == effect


async def test_garbage_and_a_slow_body_take_effect(peer: Peer) -> None:
    await peer.order("/faults", {"match": "POST /v2/submissions", "kind": "garbage", "times": 1})
    answer = await create(peer)
    assert answer.status_code == 201
    with pytest.raises(ValueError, match=r"delimiter|Expecting"):
        answer.json()
    slow = {"match": "POST /v2/submissions", "kind": "slow_body", "value": 0.01, "times": 1}
    await peer.order("/faults", slow)
    assert (await create(peer)).json()["submissionId"]
    assert held(peer) == 2


async def keys_of(peer: Peer, claims: Mapping[str, Any]) -> Any:
    """The published key that signs for the claims' issuer, as a client finds it."""
    if claims["iss"].startswith("http"):
        return (await peer.http.get("/submission-api/.well-known/jwks.json")).json()["keys"][0]
    return peer.sandbox.keys.keys["automatic-signing"].public_jwk


async def verifies(peer: Peer, token: str) -> bool:
    jwk = await keys_of(peer, claims_of(token))
    try:
        jws.verify(token, public_key(jwk, use="verify", x5c_required=False), alg="PS512")
    except CryptoFailure:
        return False
    return jws.header_of(token)["kid"] == jwk["kid"]


async def test_falsified_events(peer: Peer) -> None:
    ids = await peer.send(peer.parcel())
    for kind, genuine in (("wrong_signature", False), ("wrong_key", False), ("wrong_tag", True)):
        await peer.order("/faults", {"match": "GET /v2/submissions/*/events", "kind": kind, "times": 1})
        log = await peer.event_log(ids)
        assert [await verifies(peer, token) for token in log] == [genuine] * 3
        tags = [claims_of(t)["events"].popitem()[1].get("authenticationTags", {}).get("metadata") for t in log]
        assert (tags[1:] == ["A" * 22] * 2) == (kind == "wrong_tag")
    assert all([await verifies(peer, token) for token in await peer.event_log(ids)])


async def test_only_one_kind_of_event_is_falsified_on_request(peer: Peer) -> None:
    ids = await peer.send(peer.parcel())
    body = {"match": "GET /v2/*", "kind": "wrong_signature", "value": "accept-submission", "times": 1}
    await peer.order("/faults", body)
    assert [await verifies(peer, token) for token in await peer.event_log(ids)] == [True, True, False]


async def test_a_falsified_key_keeps_its_kid_and_no_longer_fits_its_certificate(peer: Peer) -> None:
    own = peer.sandbox.own_destination("automatic")
    path = f"{peer.v2}/destinations/{own.id}/keys/{own.encryption_kid}"
    genuine = (await peer.http.get(path)).json()
    await peer.order("/faults", {"match": "GET /v2/destinations/*/keys/*", "kind": "wrong_key", "times": 1})
    false = (await peer.http.get(path)).json()
    assert false["kid"] == genuine["kid"]
    assert false["n"] != genuine["n"]
    with pytest.raises(KeyUnfit):
        public_key(false, use="wrapKey", x5c_required=True)


async def test_a_falsified_route(peer: Peer) -> None:
    query = {"leikaKey": "99012021002000", "ars": "150900546546"}
    await peer.order("/faults", {"match": "GET /v1/routes", "kind": "wrong_signature", "times": 1})
    route = (await peer.http.get("/routing-api/v1/routes", params=query)).json()["routes"][0]
    key = peer.sandbox.keys.keys["portal"].rsa.public_key()
    with pytest.raises(CryptoFailure):
        jws.verify(route["destinationSignature"], key, alg=names.SIGNATURE_ALG)


@pytest.mark.parametrize(("deep", "status"), [(False, 503), (True, 422)])
async def test_a_star_crosses_slashes_unless_told_otherwise(peer: Peer, deep: bool, status: int) -> None:
    ids = await peer.announce(peer.parcel())
    fault = {"match": "PUT /v2/submissions/*", "kind": "status", "value": 503, "within_segment": deep}
    await peer.order("/faults", fault)
    answer = await peer.upload(ids, "00000000-0000-4000-8000-000000000000", b"")
    assert answer.status_code == status
    assert (await peer.submit(ids, {})).status_code == 503


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"match": "x", "kind": "reset"},
        {"match": "GET /", "kind": "else"},
        {"match": "GET /", "kind": "reset", "times": 0},
        {"match": "GET /", "kind": "status"},
        {"match": "GET /", "kind": "status", "value": 200},
    ],
)
async def test_an_order_that_is_no_fault(peer: Peer, body: dict[str, Any]) -> None:
    assert (await peer.http.post(f"{peer.admin}/faults", json=body)).status_code == 400
    assert peer.sandbox.faults == []


async def test_the_admin_api_itself_is_never_spoilt(peer: Peer) -> None:
    await peer.order("/faults", {"match": "* /*", "kind": "reset"})
    state = (await peer.http.get(f"{peer.admin}/state")).json()
    assert [f["kind"] for f in state["faults"]] == ["reset"]
