"""Tokens, destinations, routing, the admin's door and the deadlines."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from gateway.crypto import jws
from gateway.fitconnect import names
from gateway.sandbox.fitconnect.keyring import SandboxKeys
from gateway.sandbox.fitconnect.server import readiness

from .conftest import BASE, PDF, SCHEMA, SERVICE, claims_of

if TYPE_CHECKING:
    from .conftest import Peer

DAY = 86_400


async def asked(peer: Peer, **change: Any) -> httpx.Response:
    client = peer.sandbox.client("sender")
    form = {
        "grant_type": "client_credentials",
        "client_id": client.client_id,
        "client_secret": client.client_secret,
        **change,
    }
    return await peer.http.post("/token", data={k: v for k, v in form.items() if v is not None})


async def test_a_token_lives_half_an_hour_and_says_its_scopes(peer: Peer) -> None:
    answer = await asked(peer)
    assert answer.json() | {"access_token": ""} == {
        "access_token": "",
        "token_type": "Bearer",
        "expires_in": 1800,
        "scope": names.SCOPE_SEND,
    }
    assert answer.headers["cache-control"] == "no-store"
    assert (await asked(peer, scope=names.SCOPE_SEND)).status_code == 200


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"client_secret": "x"}, 401, "invalid_client"),
        ({"client_id": "x"}, 401, "invalid_client"),
        ({"client_id": None}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": None}, 400, "invalid_request"),
        ({"scope": names.SCOPE_SUBSCRIBE}, 400, "invalid_scope"),
    ],
)
async def test_a_token_that_is_not_given(peer: Peer, change: Any, status: int, error: str) -> None:
    answer = await asked(peer, **change)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


async def test_basic_authentication_is_an_invalid_client(peer: Peer) -> None:
    client = peer.sandbox.client("sender")
    answer = await peer.http.post(
        "/token", data={"grant_type": "client_credentials"}, auth=(client.client_id, client.client_secret)
    )
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    plain = await peer.http.post("/token", json={})
    assert (plain.status_code, plain.json()["error"]) == (400, "invalid_request")


async def test_a_destination_and_its_keys_are_read_without_a_token_and_not_cached(peer: Peer) -> None:
    own = peer.sandbox.own_destination("automatic")
    answer = await peer.http.get(f"{peer.v2}/destinations/{own.id.upper()}")
    body = answer.json()
    assert answer.headers["cache-control"] == "no-cache"
    assert body["status"] == "active"
    assert body["publicServices"] == [
        {
            "identifier": SERVICE,
            "regions": ["DE1509"],
            "submissionSchemas": [{"schemaUri": SCHEMA, "mimeType": names.XML}],
        }
    ]
    assert "contactInformation" not in body
    key = await peer.http.get(f"{peer.v2}/destinations/{own.id}/keys/{body['encryptionKid']}")
    assert key.json()["key_ops"] == ["wrapKey"]
    assert key.headers["cache-control"] == "no-cache"
    assert not {"d", "p", "q"} & key.json().keys()
    assert (await peer.http.get(f"{peer.v2}/destinations/{own.id}/keys/unknown")).status_code == 404
    assert (await peer.http.get(f"{peer.v2}/destinations/{uuid.uuid4()}")).status_code == 404


def new_destination(peer: Peer) -> dict[str, Any]:
    encryption = dict(peer.sandbox.keys.keys["manual-decryption"].public_jwk)
    return {
        "name": "Neu",
        "contactInformation": {"legalName": "Stadt", "address": "Weg 1", "phone": "1", "email": "a@example.org"},
        "services": [
            {
                "identifier": SERVICE,
                "regions": ["DE"],
                "submissionSchemas": [{"schemaUri": SCHEMA, "mimeType": names.XML}],
            }
        ],
        "encryptionKid": encryption["kid"],
        "encryptionPublicKey": encryption,
        "signingPublicKey": dict(peer.sandbox.keys.keys["manual-signing"].public_jwk),
        "metadataVersions": ["2.1.0"],
    }


async def test_a_destination_is_created_activated_and_retired(peer: Peer) -> None:
    head = await peer.token("subscriber")
    api = "/destination-api/v1/destinations"
    made = await peer.http.post(api, json=new_destination(peer), headers=head)
    assert (made.status_code, made.json()["status"]) == (201, "created")
    one = f"{api}/{made.json()['destinationId']}"
    patch = {**head, "Content-Type": names.MERGE_PATCH}
    assert (await peer.http.patch(one, json={"status": "active"}, headers=head)).status_code == 415
    for status, answer in (
        ("inactive", 400),
        ("active", 200),
        ("created", 400),
        ("decommissioned", 200),
        ("active", 400),
    ):
        changed = await peer.http.patch(one, content=json.dumps({"status": status}), headers=patch)
        assert changed.status_code == answer, status
    keys = (await peer.http.get(f"{one}/keys", headers=head)).json()["keys"]
    assert [k["key_ops"] for k in keys] == [["wrapKey"], ["verify"]]
    listed = (await peer.http.get(api, headers=head)).json()
    assert listed["totalCount"] == 3
    assert (await peer.http.get(api, headers=await peer.token("sender"))).status_code == 403
    assert (await peer.http.delete(one, headers=head)).status_code == 204


@pytest.mark.parametrize(
    "change",
    [
        {"encryptionKid": "another-kid"},
        {"encryptionPublicKey": {}},
        {"services": []},
        {"services": [{"identifier": SERVICE, "regions": ["15"], "submissionSchemas": []}]},
        {"metadataVersions": ["2"]},
        {"contactInformation": {}},
        {"callback": {"url": "ftp://example.org", "secret": "s"}},
    ],
)
async def test_a_destination_that_breaks_a_rule_is_not_created(peer: Peer, change: Any) -> None:
    body = new_destination(peer) | change
    head = await peer.token("subscriber")
    answer = await peer.http.post("/destination-api/v1/destinations", json=body, headers=head)
    assert answer.status_code == 400
    assert len(peer.sandbox.store.destinations) == 2


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"ars": "150900546546"}, 2),
        ({"ars": "1509"}, None),
        ({"ars": "15"}, 0),
        ({"ags": "15090546"}, 2),
        ({"ags": "15091546"}, 2),
        ({"areaId": "9546"}, 2),
        ({"areaId": "1"}, None),
        ({"ars": "150900546546", "ags": "15090546"}, None),
        ({}, None),
    ],
)
async def test_routes_by_region(peer: Peer, query: dict[str, str], found: int | None) -> None:
    answer = await peer.http.get("/routing-api/v1/routes", params={"leikaKey": "99012021002000", **query})
    if found is None:
        assert answer.status_code == 400
        return
    assert answer.json()["totalCount"] == found
    assert answer.headers["ratelimit-remaining"]


async def test_a_route_is_signed_by_the_portal(peer: Peer) -> None:
    query = {"leikaKey": "99012021002000", "ars": "150900546546"}
    route = (await peer.http.get("/routing-api/v1/routes", params=query)).json()["routes"][0]
    token = route["destinationSignature"]
    published = (await peer.http.get("/portal/.well-known/jwks.json")).json()["keys"][0]
    assert jws.header_of(token)["kid"] == published["kid"]
    jws.verify(token, peer.sandbox.keys.keys["portal"].rsa.public_key(), alg=names.SIGNATURE_ALG)
    claims = claims_of(token)
    assert claims["destinationId"] == route["destinationId"]
    assert claims["iss"] == f"{BASE}/portal"
    assert claims["submissionHost"] == "127.0.0.1:1"
    assert claims["services"] == [
        {
            "gebietIDs": ["urn:de:bund:destatis:bevoelkerungsstatistik:schluessel:rs:1509"],
            "leistungIDs": [SERVICE],
        }
    ]


async def test_the_routing_limit_answers_without_a_body(peer: Peer) -> None:
    peer.sandbox.route_requests = {peer.sandbox.clock.seconds() // 60: 6000}
    answer = await peer.http.get("/routing-api/v1/routes")
    assert (answer.status_code, answer.content, answer.headers["ratelimit-reset"]) == (429, b"", "60")


async def test_areas_are_found_by_name_and_postcode(peer: Peer) -> None:
    for expression in ("Tangerh*", "39517"):
        answer = await peer.http.get("/routing-api/v1/areas", params={"areaSearchexpression": expression})
        assert [a["name"] for a in answer.json()["areas"]] == ["Tangerhütte, Stadt"]
    assert (await peer.http.get("/routing-api/v1/areas", params={"areaSearchexpression": "*"})).status_code == 400


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Host": "127.0.0.1.evil.example:1"}, {"Origin": BASE}])
async def test_the_admin_refuses_a_foreign_host(peer: Peer, headers: dict[str, str]) -> None:
    assert (await peer.http.get(f"{peer.admin}/state", headers=headers)).status_code == 403
    assert (await peer.http.get("/admin/guessed/state")).status_code == 404


async def test_the_admin_publishes_all_keys_and_no_private_part(peer: Peer) -> None:
    keys = (await peer.http.get(f"{peer.admin}/keys")).json()
    assert set(keys["destinations"]) == set(peer.sandbox.store.destinations)
    assert '"d":' not in json.dumps(keys)


async def test_an_incomplete_submission_is_gone_after_a_day(peer: Peer) -> None:
    parcel = peer.parcel(plan=b"site plan")
    ids = await peer.announce(parcel)
    attachment_id = next(iter(parcel.attachments))
    sealed = peer.seal(PDF, "automatic")
    assert (await peer.upload(ids, attachment_id, sealed)).status_code == 204
    await peer.order("/clock", {"advance_s": DAY - 1})
    assert (await peer.shown(ids))["state"] == "announced"
    await peer.order("/clock", {"advance_s": 1})
    answer = await peer.submit(ids, peer.body(parcel))
    assert answer.status_code == 404
    assert peer.sandbox.store.parts.open(ids["submissionId"], attachment_id) is None


async def test_what_nobody_picks_up_is_rejected_on_day_14_and_erased_on_day_21(peer: Peer) -> None:
    ids = await peer.send(peer.parcel(), "manual")
    await peer.order("/clock", {"advance_s": 14 * DAY - 1})
    assert (await peer.shown(ids))["state"] == "submitted"
    await peer.order("/clock", {"advance_s": 1})
    assert (await peer.shown(ids))["state"] == "expired"
    rejected = claims_of((await peer.event_log(ids))[-1])
    assert rejected["iss"] == f"{BASE}/submission-api"
    await peer.order("/clock", {"advance_s": 7 * DAY})
    assert (await peer.last(ids))[0] == "delete-submission"
    assert peer.sandbox.store.parts.open(ids["submissionId"], "metadata") is None
    await peer.order("/clock", {"advance_s": 730 * DAY})
    assert peer.sandbox.store.submissions == {}
    assert peer.sandbox.store.events == {}


async def test_what_was_accepted_is_erased_after_seven_days(peer: Peer) -> None:
    ids = await peer.send(peer.parcel())
    await peer.order("/clock", {"advance_s": 7 * DAY})
    assert (await peer.last(ids))[0] == "delete-submission"
    assert (await peer.http.get(f"{peer.admin}/submissions/{ids['submissionId']}/opened")).status_code == 404
    assert (await peer.shown(ids))["state"] == "accepted"


async def test_a_reset_leaves_keys_and_clients(peer: Peer) -> None:
    before = readiness(peer.sandbox)
    await peer.send(peer.parcel())
    await peer.order("/clock", {"advance_s": 100})
    await peer.order("/faults", {"match": "* /*", "kind": "reset"})
    await peer.order("/reset", {})
    assert readiness(peer.sandbox) == before
    state = (await peer.http.get(f"{peer.admin}/state")).json()
    assert (state["submissions"], state["events"], state["faults"], state["clock_offset_s"]) == ([], {}, [], 0)


def test_the_key_files_hold_what_a_manual_subscriber_needs(keyring: SandboxKeys) -> None:
    for name, operation in (("manual-decryption", "unwrapKey"), ("manual-signing", "sign")):
        file = keyring.file(name)
        assert json.loads(file.read_text())["key_ops"] == [operation]
        assert file.stat().st_mode & 0o077 == 0
