"""The way of a submission as a stranger sees it: announced, uploaded, submitted, answered."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING

import httpx
import pytest
from joserfc import jwe as foreign_jwe
from joserfc import jws as foreign_jws
from joserfc.jwk import RSAKey

from gateway.fitconnect import names
from gateway.sandbox.fitconnect.server import app

from .conftest import BASE, XML, Peer, claims_of, open_sandbox

if TYPE_CHECKING:
    from gateway.sandbox.fitconnect.keyring import SandboxKeys


async def test_a_submission_that_keeps_all_rules_is_accepted_with_its_own_tags(peer: Peer) -> None:
    parcel = peer.parcel(plan=b"%PDF site plan")
    ids = await peer.send(parcel)

    log = [claims_of(token) for token in await peer.event_log(ids)]
    kinds = [next(iter(c["events"])).removeprefix(names.EVENT_PREFIX) for c in log]
    assert kinds == ["create-submission", "submit-submission", "accept-submission"]
    submitted, accepted = (c["events"][names.EVENT_PREFIX + k] for c, k in zip(log[1:], kinds[1:], strict=True))
    assert submitted == accepted
    assert set(accepted["authenticationTags"]["attachments"]) == set(parcel.attachments)
    assert [c["iss"] for c in log] == [f"{BASE}/submission-api"] * 2 + [peer.sandbox.own_destination("automatic").id]
    assert await peer.shown(ids) | {"bytes": 0} == {
        "submission_id": ids["submissionId"],
        "case_id": ids["caseId"],
        "destination_id": peer.sandbox.own_destination("automatic").id,
        "state": "accepted",
        "submit_count": 1,
        "attachments": 2,
        "bytes": 0,
    }


async def test_a_foreign_library_verifies_every_event_with_the_published_keys(peer: Peer) -> None:
    ids = await peer.send(peer.parcel())
    delivery = (await peer.http.get("/submission-api/.well-known/jwks.json")).json()["keys"]
    registry = foreign_jws.JWSRegistry(algorithms=["PS512"])
    for token in await peer.event_log(ids):
        kid = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))["kid"]
        published = next((k for k in delivery if k["kid"] == kid), None)
        if published is None:
            path = f"{peer.v2}/destinations/{claims_of(token)['iss']}/keys/{kid}"
            published = (await peer.http.get(path)).json()
        foreign_jws.deserialize_compact(token, RSAKey.import_key(published), registry=registry)


async def test_what_a_foreign_library_sealed_is_opened(peer: Peer) -> None:
    destination = (await peer.http.get(f"{peer.v2}/destinations/{peer.sandbox.own_destination('automatic').id}")).json()
    path = f"{peer.v2}/destinations/{destination['destinationId']}/keys/{destination['encryptionKid']}"
    jwk = (await peer.http.get(path)).json()
    key = RSAKey.import_key({name: jwk[name] for name in ("kty", "n", "e")})
    registry = foreign_jwe.JWERegistry(algorithms=["RSA-OAEP-256", "A256GCM"])

    def seal(data: bytes, cty: str) -> str:
        header = {"alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": jwk["kid"], "cty": cty}
        return foreign_jwe.encrypt_compact(header, data, key, registry=registry)

    parcel = peer.parcel()
    ids = await peer.announce(parcel)
    for attachment_id, content in parcel.attachments.items():
        sealed = seal(content, names.JSON).encode()
        assert (await peer.upload(ids, attachment_id, sealed)).status_code == 204
    metadata = json.dumps(parcel.metadata).encode()
    body = {"encryptedMetadata": seal(metadata, names.JSON), "encryptedData": seal(XML, names.XML)}
    assert (await peer.submit(ids, body)).status_code == 200
    await peer.sandbox.settle()
    assert (await peer.last(ids))[0] == "accept-submission"


async def test_the_admin_shows_what_was_opened(peer: Peer) -> None:
    parcel = peer.parcel()
    ids = await peer.send(parcel)
    opened = (await peer.http.get(f"{peer.admin}/submissions/{ids['submissionId']}/opened")).json()
    assert base64.b64decode(opened["document"]) == XML
    assert opened["metadata"] == parcel.metadata
    [(attachment_id, content)] = parcel.attachments.items()
    assert opened["attachments"] == [
        {
            "id": attachment_id,
            "sha256": hashlib.sha256(content).hexdigest(),
            "media_type": "application/pdf",
            "purpose": "form",
        }
    ]


async def test_a_manual_subscriber_picks_up_and_accepts(peer: Peer) -> None:
    parcel = peer.parcel()
    ids = await peer.send(parcel, "manual")
    token = await peer.token("subscriber")
    listed = (await peer.http.get(f"{peer.v2}/submissions", headers=token)).json()
    assert (listed["count"], listed["offset"], listed["totalCount"]) == (1, 0, 1)
    fetched = (await peer.http.get(f"{peer.v2}/submissions/{ids['submissionId']}", headers=token)).json()
    assert fetched["attachments"] == list(parcel.attachments)
    [attachment_id] = parcel.attachments
    path = f"{peer.v2}/submissions/{ids['submissionId']}/attachments/{attachment_id}"
    attachment = await peer.http.get(path, headers=token)
    assert attachment.headers["content-type"] == names.JOSE
    tags = {
        "metadata": fetched["encryptedMetadata"].rpartition(".")[2],
        "data": fetched["encryptedData"].rpartition(".")[2],
        "attachments": {attachment_id: attachment.text.rpartition(".")[2]},
    }
    answer = await peer.post_event(ids, peer.event(ids, "accept-submission", {"authenticationTags": tags}))
    assert answer.status_code == 204, answer.text
    assert (await peer.shown(ids))["state"] == "accepted"
    assert (await peer.http.get(f"{peer.v2}/submissions", headers=token)).json()["submissions"] == []
    assert (await peer.http.get(path, headers=token)).status_code == 404


@pytest.mark.parametrize(
    "torn",
    [b'{"kind":"submission","value":{"id', '{"kind":"destination","value":{"name":"Tangerhü'.encode()[:-1]],
    ids=["between characters", "inside a character"],
)
async def test_a_killed_sandbox_comes_back_with_everything_and_answers_what_waited(
    peer: Peer, keyring: SandboxKeys, torn: bytes
) -> None:
    automatic = peer.sandbox.own_destination("automatic").id
    await peer.order("/subscriber", {"destination_id": automatic, "mode": "silent"})
    waiting = await peer.send(peer.parcel())
    with (peer.sandbox.store.directory / "journal.jsonl").open("ab") as journal:
        journal.write(torn)

    again = open_sandbox(peer.sandbox.store.directory, keyring)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app(again)), base_url=BASE) as http:
        risen = Peer(again, http)
        assert risen.admin == peer.admin
        assert (await risen.shown(waiting))["state"] == "submitted"
        assert again.own_destination("automatic").mode == "silent"
        await risen.order("/subscriber", {"destination_id": automatic, "mode": "accept"})
        await again.settle()
        assert (await risen.shown(waiting))["state"] == "accepted"
        assert (await risen.shown(waiting))["submit_count"] == 1
    await again.close()
