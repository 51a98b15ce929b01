"""What the delivery service refuses, and with which status."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from gateway.crypto import base64url
from gateway.fitconnect import names

from .conftest import PDF, SERVICE, XML, claims_of
from .test_doors import new_destination

if TYPE_CHECKING:
    from .conftest import Peer

ANY = str(uuid.uuid4())


def problem(answer: Any) -> str:
    assert answer.headers["content-type"] == names.PROBLEM_JSON
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["title"]
    return str(body["type"]).removeprefix(names.PROBLEM_PREFIX)


def headed(jwe: bytes, **members: Any) -> bytes:
    """The JWE with another protected header; None removes a member."""
    head, _, rest = jwe.partition(b".")
    header = json.loads(base64url.decode(head)) | members
    kept = {name: value for name, value in header.items() if value is not None}
    return base64url.encode(json.dumps(kept).encode()) + b"." + rest


@pytest.mark.parametrize(
    ("change", "status", "slug"),
    [
        ({"destinationId": "x"}, 400, "invalid-parameter"),
        ({"destinationId": ANY}, 404, "destination-not-found"),
        ({"announcedAttachments": None}, 400, "constraint-violation"),
        ({"announcedAttachments": ["x"]}, 400, "invalid-parameter"),
        ({"announcedAttachments": [ANY, ANY.upper()]}, 400, "constraint-violation"),
        ({"announcedAttachments": [str(uuid.uuid4()) for _ in range(101)]}, 422, "too-many-attachments"),
        ({"publicService": None}, 400, "constraint-violation"),
        ({"publicService": {"name": "x", "identifier": "99012021002000"}}, 400, "constraint-violation"),
        ({"region": "15"}, 400, "constraint-violation"),
        ({"caseId": ANY}, 404, "case-not-found"),
        ({"callback": {"url": "http://example.org/", "secret": "s"}}, 400, "constraint-violation"),
        ({"callback": {"url": "https://example.org/"}}, 400, "constraint-violation"),
    ],
)
async def test_an_announcement_that_breaks_a_rule(peer: Peer, change: Any, status: int, slug: str) -> None:
    body = {
        "destinationId": peer.sandbox.own_destination("automatic").id,
        "announcedAttachments": [],
        "publicService": {"name": "Hausnummer", "identifier": SERVICE},
        **change,
    }
    answer = await peer.http.post(f"{peer.v2}/submissions", json=body, headers=await peer.token("sender"))
    assert (answer.status_code, problem(answer)) == (status, slug)
    assert peer.sandbox.store.submissions == {}


@pytest.mark.parametrize(
    ("content", "media", "status"), [(b"{", names.JSON, 400), (b"[]", names.JSON, 400), (b"{}", "text/plain", 415)]
)
async def test_an_announcement_that_is_no_json_object(peer: Peer, content: bytes, media: str, status: int) -> None:
    head = {"Content-Type": media, **await peer.token("sender")}
    answer = await peer.http.post(f"{peer.v2}/submissions", content=content, headers=head)
    assert answer.status_code == status


async def test_an_inactive_destination_takes_nothing_new(peer: Peer) -> None:
    destination = peer.sandbox.own_destination("manual").id
    patched = await peer.http.patch(
        f"/destination-api/v1/destinations/{destination}",
        content=b'{"status":"inactive"}',
        headers={"Content-Type": names.MERGE_PATCH, **await peer.token("subscriber")},
    )
    assert patched.status_code == 200
    body = {
        "destinationId": destination,
        "announcedAttachments": [],
        "publicService": {"name": "x", "identifier": SERVICE},
    }
    answer = await peer.http.post(f"{peer.v2}/submissions", json=body, headers=await peer.token("sender"))
    assert (answer.status_code, problem(answer)) == (422, "destination-state-invalid")


async def test_an_attachment_has_to_be_announced_and_of_the_right_type(peer: Peer) -> None:
    parcel = peer.parcel()
    ids = await peer.announce(parcel)
    sealed = peer.seal(PDF, "automatic")
    [announced] = parcel.attachments
    assert problem(await peer.upload(ids, ANY, sealed)) == "attachment-not-announced"
    wrong_type = await peer.upload(ids, announced, sealed, **{"Content-Type": names.OCTET_STREAM})
    assert wrong_type.status_code == 415
    unknown = await peer.upload({"submissionId": ANY}, announced, sealed)
    assert (unknown.status_code, problem(unknown)) == (404, "submission-not-found")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda jwe: b"no JWE",
        lambda jwe: jwe[:-1] + b"=",
        lambda jwe: jwe + b".x",
        lambda jwe: jwe[:-4],
        lambda jwe: b"!!" + jwe,
        lambda jwe: jwe[jwe.index(b".") :],
    ],
)
async def test_an_attachment_that_is_no_compact_jwe_is_not_kept(peer: Peer, spoil: Any) -> None:
    parcel = peer.parcel()
    ids = await peer.announce(parcel)
    [announced] = parcel.attachments
    answer = await peer.upload(ids, announced, spoil(peer.seal(PDF, "automatic")))
    assert answer.status_code == 400
    assert peer.sandbox.store.parts.open(ids["submissionId"], announced) is None
    assert list(peer.sandbox.store.directory.glob("submissions/*/*")) == []
    assert (await peer.shown(ids))["state"] == "announced"


async def test_an_attachment_larger_than_500_mb_is_refused_before_it_is_read(peer: Peer) -> None:
    parcel = peer.parcel()
    ids = await peer.announce(parcel)
    [announced] = parcel.attachments

    async def never() -> Any:
        raise AssertionError("read")
        yield b""

    path = f"{peer.v2}/submissions/{ids['submissionId']}/attachments/{announced}"
    head = {"Content-Type": names.JOSE, "Content-Length": "500000001", **await peer.token("sender")}
    answer = await peer.http.put(path, content=never(), headers=head)
    assert answer.status_code == 413


async def test_an_attachment_that_grows_past_the_limit_is_refused_while_it_is_read(
    peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "MAX_ATTACHMENT_BYTES", 2000)
    parcel = peer.parcel()
    ids = await peer.announce(parcel)
    [announced] = parcel.attachments
    sealed = peer.seal(b"x" * 5000, "automatic")

    async def chunked() -> Any:
        for start in range(0, len(sealed), 1000):
            yield sealed[start : start + 1000]

    path = f"{peer.v2}/submissions/{ids['submissionId']}/attachments/{announced}"
    head = {"Content-Type": names.JOSE, **await peer.token("sender")}
    assert (await peer.http.put(path, content=chunked(), headers=head)).status_code == 413
    assert peer.sandbox.store.parts.open(ids["submissionId"], announced) is None
    assert list(peer.sandbox.store.directory.glob("submissions/*/*")) == []


@pytest.mark.parametrize("member", ["encryptedMetadata", "encryptedData"])
@pytest.mark.parametrize(
    ("change", "title"),
    [
        ({"cty": None}, "Invalid JWE Header 'cty'"),
        ({"cty": "application/pdf"}, "Invalid JWE Header 'cty'"),
        ({"zip": "DEF"}, "Invalid JWE Header 'zip'"),
        ({"alg": "RSA-OAEP"}, "Invalid JWE Header 'alg'"),
        ({"enc": "A128GCM"}, "Invalid JWE Header 'enc'"),
        ({"kid": None}, "Invalid JWE Header 'kid'"),
    ],
)
async def test_header_rules_of_the_sealed_parts(peer: Peer, member: str, change: Any, title: str) -> None:
    parcel = peer.parcel()
    parcel.attachments.clear()
    ids = await peer.announce(parcel)
    body = peer.body(parcel)
    body[member] = headed(body[member].encode(), **change).decode()
    answer = await peer.submit(ids, body)
    assert (answer.status_code, answer.json()["title"]) == (422, title)
    assert (await peer.shown(ids))["state"] == "announced"


async def test_a_zipped_attachment_is_refused_and_a_cty_is_not_asked_of_it(peer: Peer) -> None:
    parcel = peer.parcel()
    ids = await peer.announce(parcel)
    [announced] = parcel.attachments
    sealed = peer.seal(PDF, "automatic")
    assert (await peer.upload(ids, announced, headed(sealed, zip="DEF"))).status_code == 422
    assert (await peer.upload(ids, announced, headed(sealed, cty=None))).status_code == 204


async def test_a_submit_needs_all_attachments_and_both_parts(peer: Peer) -> None:
    parcel = peer.parcel()
    ids = await peer.announce(parcel)
    answer = await peer.submit(ids, peer.body(parcel))
    assert (answer.status_code, problem(answer)) == (422, "attachments-missing")
    for member in ("encryptedMetadata", "encryptedData"):
        body = peer.body(parcel)
        del body[member]
        assert (await peer.submit(ids, body)).status_code == 400


async def test_nothing_can_be_repeated_after_the_submit_and_it_is_delivered_once(peer: Peer) -> None:
    parcel = peer.parcel()
    ids = await peer.send(parcel, "manual")
    [announced] = parcel.attachments
    assert (await peer.submit(ids, peer.body(parcel, "manual"))).status_code == 409
    assert (await peer.upload(ids, announced, peer.seal(PDF, "manual"))).status_code == 409
    assert (await peer.shown(ids))["submit_count"] == 1
    assert len(await peer.event_log(ids)) == 2


async def test_another_role_or_an_expired_token_gets_nowhere(peer: Peer) -> None:
    ids = await peer.announce(peer.parcel())
    path = f"{peer.v2}/submissions/{ids['submissionId']}"
    assert (await peer.http.get(path, headers=await peer.token("sender"))).status_code == 403
    assert (await peer.http.put(path, json={}, headers=await peer.token("subscriber"))).status_code == 403
    assert (await peer.http.put(path, json={})).status_code == 401
    old = await peer.token("sender")
    peer.sandbox.clock.advance(1800)
    answer = await peer.http.put(path, json={}, headers=old)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize(
    ("claims", "status", "issue"),
    [
        ({"$schema": names.SET_SCHEMA_REFUSED_V2}, 422, "$schema"),
        ({"$schema": None}, 422, "$schema"),
        ({"jti": "x"}, 422, "jti"),
        ({"iat": 5}, 422, "iat"),
        ({"iss": ANY}, 422, "iss"),
        ({"sub": f"submission:{ANY}"}, 422, "sub"),
        ({"txn": f"case:{ANY}"}, 422, "txn"),
        ({"events": {}}, 422, "events"),
        ({"events": {names.EVENT_PREFIX + "submit-submission": {}}}, 422, "events"),
        ({"events": {names.EVENT_PREFIX + "forward-submission": {}}}, 422, "events"),
        ({"events": {names.EVENT_PREFIX + "reject-submission": {}}}, 422, "problems"),
    ],
)
async def test_a_set_with_a_wrong_claim(peer: Peer, claims: Any, status: int, issue: str) -> None:
    ids = await peer.send(peer.parcel(), "manual")
    token = peer.event(ids, "accept-submission", {"authenticationTags": {}}, **claims)
    answer = await peer.post_event(ids, token)
    assert (answer.status_code, answer.json()["issue"]) == (status, issue)


async def test_a_set_with_foreign_tags_or_a_broken_signature(peer: Peer) -> None:
    parcel = peer.parcel()
    ids = await peer.send(parcel, "manual")
    submitted = claims_of((await peer.event_log(ids))[-1])
    right = submitted["events"][names.EVENT_PREFIX + "submit-submission"]["authenticationTags"]
    wrong = peer.event(ids, "accept-submission", {"authenticationTags": right | {"data": "A" * 22}})
    assert (await peer.post_event(ids, wrong)).json()["issue"] == "authenticationTags"
    token = peer.event(ids, "accept-submission", {"authenticationTags": right})
    head, body, signature = token.split(".")
    spoilt = f"{head}.{body}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"
    assert (await peer.post_event(ids, spoilt)).json()["issue"] == "signature"
    assert (await peer.post_event(ids, "no.jws")).status_code == 400
    assert (await peer.post_event(ids, token)).status_code == 204
    assert (await peer.post_event(ids, token)).status_code == 409
    again = peer.event(ids, "reject-submission", {"problems": [{"type": "x"}]})
    assert problem(await peer.post_event(ids, again)) == "invalid-state-transition"


async def test_an_event_before_the_submit_is_a_conflict(peer: Peer) -> None:
    ids = await peer.announce(peer.parcel(), "manual")
    token = peer.event(ids, "reject-submission", {"problems": [{"type": "x"}]})
    assert (await peer.post_event(ids, token)).status_code == 409


async def test_lists_are_paged(peer: Peer) -> None:
    sent = [await peer.send(peer.parcel(), "manual") for _ in range(3)]
    token = await peer.token("subscriber")

    async def page(**query: Any) -> Any:
        return await peer.http.get(f"{peer.v2}/submissions", params=query, headers=token)

    middle = (await page(limit=1, offset=1)).json()
    assert (middle["count"], middle["offset"], middle["totalCount"]) == (1, 1, 3)
    assert middle["submissions"][0]["submissionId"] == sent[1]["submissionId"]
    assert (await page(offset=9)).json()["submissions"] == []
    automatic = peer.sandbox.own_destination("automatic").id
    assert (await page(destinationId=automatic)).json()["totalCount"] == 0
    for wrong in ({"limit": 0}, {"limit": 501}, {"limit": "x"}, {"offset": -1}, {"destinationId": "x"}):
        assert (await page(**wrong)).status_code == 400
    log = await peer.http.get(
        f"{peer.v2}/cases/{sent[0]['caseId']}/events", params={"limit": 1, "offset": 1}, headers=token
    )
    assert (log.json()["count"], log.json()["totalCount"]) == (1, 2)


async def test_a_case_is_continued_by_its_sender_only_at_its_destination(peer: Peer) -> None:
    first = await peer.send(peer.parcel())
    second = await peer.send(peer.parcel(), caseId=first["caseId"])
    assert second["caseId"] == first["caseId"]
    assert len(await peer.event_log(second)) == 3
    head = await peer.token("sender")
    whole = await peer.http.get(f"{peer.v2}/cases/{first['caseId']}/events", headers=head)
    assert whole.json()["totalCount"] == 6


async def test_v1_speaks_its_own_dialect(peer: Peer) -> None:
    v1 = "/submission-api/v1"
    head = await peer.token("sender")
    destination = peer.sandbox.own_destination("manual").id
    body = {
        "destinationId": destination,
        "announcedAttachments": [],
        "serviceType": {"name": "Hausnummer", "identifier": SERVICE},
    }
    assert (await peer.http.get(f"{v1}/destinations/{destination}")).status_code == 401
    assert "services" in (await peer.http.get(f"{v1}/destinations/{destination}", headers=head)).json()
    ids = (await peer.http.post(f"{v1}/submissions", json=body, headers=head)).json()
    zipped = headed(peer.seal(XML, "manual"), zip="DEF", cty=None).decode()
    answer = await peer.http.put(
        f"{v1}/submissions/{ids['submissionId']}", json={"encryptedMetadata": zipped}, headers=head
    )
    assert answer.status_code == 202
    assert answer.json()["serviceType"]["identifier"] == SERVICE


async def test_an_unknown_address_or_method_is_a_problem(peer: Peer) -> None:
    nowhere = await peer.http.get(f"{peer.v2}/nowhere")
    assert (nowhere.status_code, problem(nowhere)) == (404, "not-found")
    wrong = await peer.http.delete(f"{peer.v2}/submissions")
    assert (wrong.status_code, problem(wrong)) == (405, "method-not-allowed")
    destination = peer.sandbox.own_destination("manual").id
    assert (await peer.http.get(f"{peer.v2}/destinations/{destination}/keys")).status_code == 404


@pytest.mark.parametrize(
    "value",
    [rb'"\ud800"', b'"\xed\xa0\x80"', b"NaN", b"1e999", '"ü"'.encode("latin-1")],
    ids=["half a character", "half a character in bytes", "no number", "infinite", "not UTF-8"],
)
async def test_json_that_cannot_be_said_again_is_refused_and_harms_nothing(peer: Peer, value: bytes) -> None:
    head = {"Content-Type": names.JSON, **await peer.token("subscriber")}
    body = json.dumps(new_destination(peer) | {"replyChannels": {"eMail": {"usePgp": "@"}}}).encode()
    destinations = "/destination-api/v2/destinations"
    answer = await peer.http.post(destinations, content=body.replace(b'"@"', value), headers=head)
    assert (answer.status_code, problem(answer)) == (400, "invalid-json")
    assert (await peer.http.post(destinations, content=body, headers=head)).status_code == 201
    assert len(peer.sandbox.store.destinations) == 3


@pytest.mark.parametrize("media", [[], {}, 1, "text/plain"])
async def test_a_schema_whose_media_type_is_none_is_refused(peer: Peer, media: Any) -> None:
    body = new_destination(peer)
    body["services"][0]["submissionSchemas"][0]["mimeType"] = media
    answer = await peer.http.post("/destination-api/v2/destinations", json=body, headers=await peer.token("subscriber"))
    assert (answer.status_code, problem(answer)) == (400, "constraint-violation")


async def test_metadata_with_half_a_character_are_rejected_not_left_lying(peer: Peer) -> None:
    parcel = peer.parcel()
    parcel.metadata["authenticationInformation"] = [
        {"type": "identificationReport", "version": "1", "content": "\ud800"}
    ]
    ids = await peer.send(parcel)
    kind, payload = await peer.last(ids)
    assert kind == names.REJECT_SUBMISSION
    assert [each["type"].rpartition("/")[2] for each in payload["problems"]] == [names.SYNTAX_VIOLATION]
