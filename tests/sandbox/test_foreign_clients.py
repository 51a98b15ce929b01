"""What foreign clients do that the standard, or the field, allows: each is taken as they mean it."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from gateway.fitconnect import names
from gateway.sandbox.fitconnect.metadata import Rules

from .conftest import SERVICE, claims_of
from .test_doors import new_destination

if TYPE_CHECKING:
    from .conftest import Peer

DESTINATIONS = "/destination-api/v2/destinations"
V1 = "/submission-api/v1"


async def made(peer: Peer, **more: Any) -> str:
    body = new_destination(peer) | more
    answer = await peer.http.post(DESTINATIONS, json=body, headers=await peer.token("subscriber"))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["destinationId"])


@pytest.mark.parametrize("api", ["/destination-api/v1", "/destination-api/v2"])
async def test_a_sender_reads_a_destination_and_its_keys_without_what_is_the_owners(peer: Peer, api: str) -> None:
    own = peer.sandbox.own_destination("automatic")
    head = await peer.token("sender")
    answer = await peer.http.get(f"{api}/destinations/{own.id}", headers=head)
    assert answer.status_code == 200
    assert answer.json()["encryptionKid"] == own.encryption_kid
    assert not {"contactInformation", "callback"} & answer.json().keys()
    keys = await peer.http.get(f"{api}/destinations/{own.id}/keys", headers=head)
    assert keys.json()["keys"][0]["kid"] == own.encryption_kid
    assert (await peer.http.get(f"{api}/destinations/{own.id}/keys")).status_code == 401
    mine = await peer.http.get(f"{api}/destinations/{own.id}", headers=await peer.token("subscriber"))
    assert mine.json()["contactInformation"]


async def test_the_first_key_is_the_one_to_encrypt_with_after_a_roll_over_too(peer: Peer) -> None:
    destination = await made(peer)
    head = await peer.token("subscriber")
    jwk = dict(peer.sandbox.keys.keys["manual-decryption"].public_jwk) | {"kid": "rolled-over"}
    one = f"{DESTINATIONS}/{destination}"
    assert (await peer.http.post(f"{one}/keys", json=jwk, headers=head)).status_code == 201
    patch = {**head, "Content-Type": names.MERGE_PATCH}
    assert (await peer.http.patch(one, content=b'{"encryptionKid":"rolled-over"}', headers=patch)).status_code == 200
    keys = (await peer.http.get(f"{one}/keys", headers=await peer.token("sender"))).json()["keys"]
    assert keys[0] == jwk
    assert len(keys) == 3


async def test_an_owner_may_put_what_it_read_in_v1(peer: Peer) -> None:
    destination = await made(peer)
    head, one = await peer.token("subscriber"), f"{V1}/destinations/{destination}"
    read = (await peer.http.get(one, headers=head)).json()
    assert read["contactInformation"] == new_destination(peer)["contactInformation"]
    assert (await peer.http.put(one, json=read, headers=head)).status_code == 200
    assert "contactInformation" not in (await peer.http.get(one, headers=await peer.token("sender"))).json()


@pytest.mark.parametrize("media", [names.JSON, names.MERGE_PATCH])
async def test_v1_takes_a_patch_as_json(peer: Peer, media: str) -> None:
    destination = await made(peer)
    head = {**await peer.token("subscriber"), "Content-Type": media}
    one = f"{V1}/destinations/{destination}"
    answer = await peer.http.patch(one, content=b'{"status":"active"}', headers=head)
    assert (answer.status_code, answer.json()["status"]) == (200, "active")
    contact = new_destination(peer)["contactInformation"] | {"unit": "Bauamt"}
    answer = await peer.http.patch(one, content=json.dumps({"contactInformation": contact}), headers=head)
    assert answer.json()["contactInformation"] == contact


async def test_a_patch_as_json_removes_nothing_and_a_merge_patch_does(peer: Peer) -> None:
    callback = {"url": "https://example.org/", "secret": "s" * 32}
    destination = await made(peer, callback=callback, replyChannels={"eMail": {"usePgp": False}})
    head = await peer.token("subscriber")
    nulls = {"status": "active", "callback": None, "replyChannels": None, "services": None, "name": None}
    answer = await peer.http.patch(f"{V1}/destinations/{destination}", json=nulls, headers=head)
    assert answer.json()["callback"] == {"url": callback["url"]}
    assert answer.json()["replyChannels"] == {"eMail": {"usePgp": False}}
    merge = {**head, "Content-Type": names.MERGE_PATCH}
    answer = await peer.http.patch(f"{DESTINATIONS}/{destination}", content=json.dumps(nulls), headers=merge)
    assert answer.status_code == 200
    assert "callback" not in answer.json()
    assert (answer.json()["replyChannels"], answer.json()["name"]) == ({}, "Neu")


@pytest.mark.parametrize("api", [V1, "/destination-api/v1", "/destination-api/v2"])
async def test_a_put_sets_everything_anew(peer: Peer, api: str) -> None:
    destination = await made(peer, callback={"url": "https://example.org/", "secret": "s" * 32})
    head = await peer.token("subscriber")
    body = {k: v for k, v in new_destination(peer).items() if not k.endswith("PublicKey")} | {"status": "active"}
    body["metadataVersions"] = ["2.0.0"]
    answer = await peer.http.put(f"{api}/destinations/{destination}", json=body | {"callback": None}, headers=head)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["status"], answer.json()["metadataVersions"]) == ("active", ["2.0.0"])
    assert "callback" not in answer.json()
    for member in ("status", "contactInformation", "services", "encryptionKid", "metadataVersions"):
        answer = await peer.http.put(f"{api}/destinations/{destination}", json=body | {member: None}, headers=head)
        assert (answer.status_code, answer.json()["parameter"]) == (400, member)
    foreign = await peer.http.put(f"{api}/destinations/{destination}", json=body, headers=await peer.token("sender"))
    assert foreign.status_code == 403


async def v1_event(peer: Peer, ids: dict[str, str], token: str) -> Any:
    head = {"Content-Type": names.JOSE, **await peer.token("subscriber")}
    return await peer.http.post(f"{V1}/cases/{ids['caseId']}/events", content=token, headers=head)


@pytest.mark.parametrize("payload", [{}, None])
@pytest.mark.parametrize(("kind", "state"), [("accept-submission", "accepted"), ("reject-submission", "rejected")])
async def test_v1_takes_an_event_without_payload_and_schema(
    peer: Peer, kind: str, state: str, payload: dict[str, Any] | None
) -> None:
    ids = await peer.send(peer.parcel(), "manual")
    events = {names.EVENT_PREFIX + kind: payload}
    with_schema = peer.event(ids, kind, {}, events=events)
    assert (await v1_event(peer, ids, with_schema)).status_code == 422
    claims = claims_of(with_schema)
    assert "$schema" in claims
    bare = peer.event(ids, kind, {}, events=events, **{"$schema": None})
    assert (await peer.post_event(ids, bare)).status_code == 422
    assert (await v1_event(peer, ids, bare)).status_code == 204
    assert (await peer.shown(ids))["state"] == state


async def test_v1_compares_tags_that_are_given_without_a_schema(peer: Peer) -> None:
    ids = await peer.send(peer.parcel(), "manual")
    token = peer.event(ids, "accept-submission", {"authenticationTags": {"metadata": "A" * 22}}, **{"$schema": None})
    assert (await v1_event(peer, ids, token)).json()["issue"] == "authenticationTags"
    token = peer.event(ids, "accept-submission", {}, **{"$schema": 5})
    assert (await v1_event(peer, ids, token)).json()["issue"] == "$schema"


async def test_null_for_an_optional_member_is_absence_in_an_announcement(peer: Peer) -> None:
    service = {"name": "Hausnummer", "identifier": SERVICE, "description": None}
    parcel = peer.parcel()
    parcel.service = service
    nulls = {"caseId": None, "callback": None, "region": None, "senderReference": None}
    ids = await peer.announce(parcel, "manual", **nulls)
    assert dict(peer.sandbox.store.submissions[ids["submissionId"]].service) == {
        "name": "Hausnummer",
        "identifier": SERVICE,
    }
    v1 = await peer.http.post(
        f"{V1}/submissions",
        json={
            "destinationId": peer.sandbox.own_destination("manual").id,
            "announcedAttachments": [],
            "serviceType": service,
            "caseId": None,
            "callback": None,
        },
        headers=await peer.token("sender"),
    )
    assert v1.status_code == 201
    metadata = peer.body(parcel, "manual")["encryptedMetadata"]
    submitted = await peer.http.put(
        f"{V1}/submissions/{v1.json()['submissionId']}",
        json={"encryptedMetadata": metadata, "encryptedData": None},
        headers=await peer.token("sender"),
    )
    assert submitted.status_code == 202


async def test_null_for_an_optional_member_is_absence_in_metadata(peer: Peer) -> None:
    parcel = peer.parcel(plan=b"site plan")
    structure = parcel.metadata["contentStructure"]
    for entry in structure["attachments"]:
        entry |= {"filename": None, "description": None, "signature": None, "fragments": None}
    structure["data"]["signature"] |= {"eidasAdesProfile": None}
    nulls = dict.fromkeys(("paymentInformation", "replyChannel", "additionalReferenceInfo", "author", "dataSets"))
    parcel.metadata |= nulls
    assert (await peer.last(await peer.send(parcel)))[0] == "accept-submission"
    parcel.metadata["replyChannel"] = {"eMail": {"address": "a@example.org", "pgpPublicKey": None}, "elster": None}
    assert (await peer.last(await peer.send(parcel)))[0] == "accept-submission"


async def test_null_for_a_required_member_is_no_value(peer: Peer) -> None:
    parcel = peer.parcel()
    parcel.metadata["contentStructure"]["data"]["hash"] = None
    kind, payload = await peer.last(await peer.send(parcel))
    assert (kind, payload["problems"][0]["type"]) == (
        "reject-submission",
        names.EVENT_PROBLEM_PREFIX + "schema-violation",
    )


async def test_the_content_of_a_data_set_may_be_null(peer: Peer) -> None:
    parcel = peer.parcel()
    parcel.metadata["dataSets"] = [
        {
            "dataSetId": str(uuid.uuid4()),
            "schema": {"schemaUri": "urn:example:set", "mimeType": names.JSON},
            "hash": {"type": "sha512", "content": "0" * 128},
            "content": None,
            "description": None,
        }
    ]
    assert Rules().broken(parcel.metadata, "2.1.0") == ["/dataSets/0/description"]
    assert (await peer.last(await peer.send(parcel)))[0] == "accept-submission"


async def test_null_for_an_optional_member_is_absence_in_an_event(peer: Peer) -> None:
    parcel = peer.parcel()
    ids = await peer.send(parcel, "manual")
    submitted = claims_of((await peer.event_log(ids))[-1])
    tags = submitted["events"][names.EVENT_PREFIX + "submit-submission"]["authenticationTags"]
    payload = {"authenticationTags": tags, "problems": None}
    assert (await peer.post_event(ids, peer.event(ids, "accept-submission", payload, toe=None))).status_code == 204


async def test_null_is_absence_where_a_destination_is_made(peer: Peer) -> None:
    encryption = dict(peer.sandbox.keys.keys["manual-decryption"].public_jwk) | {"use": None, "x5t": None}
    body = new_destination(peer)
    body["contactInformation"]["unit"] = None
    await made(peer, encryptionPublicKey=encryption, callback=None, replyChannels=None, publicServices=None, name=None)


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_routing_answers_under_both_versions(peer: Peer, version: str) -> None:
    query = {"leikaKey": "99012021002000", "ars": "150900546546"}
    routes = await peer.http.get(f"/routing-api/{version}/routes", params=query)
    assert routes.json()["totalCount"] == 2
    areas = await peer.http.get(f"/routing-api/{version}/areas", params={"areaSearchexpression": "Tangerh*"})
    assert areas.json()["totalCount"] == 1
    assert (await peer.http.get(f"/routing-api/{version}/info")).json()["version"]["major"] == 2
