"""What the automatic subscriber finds, in FIT-Connect's order, and how it answers."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from gateway.crypto import jws
from gateway.fitconnect import names
from gateway.sandbox.fitconnect.metadata import Rules

from .conftest import PDF, SCHEMA, XML, sha512

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Parcel, Peer


async def refusal(peer: Peer, parcel: Parcel) -> tuple[str, str]:
    """Slug and instance of the single problem that a parcel is rejected with."""
    ids = await peer.send(parcel)
    kind, payload = await peer.last(ids)
    assert kind == "reject-submission"
    assert (await peer.shown(ids))["state"] == "rejected"
    [found] = payload["problems"]
    assert found["title"]
    return found["type"].removeprefix(names.EVENT_PROBLEM_PREFIX), found["instance"]


def data(parcel: Parcel) -> dict[str, Any]:
    found: dict[str, Any] = parcel.metadata["contentStructure"]["data"]
    return found


def entry(parcel: Parcel) -> dict[str, Any]:
    found: dict[str, Any] = parcel.metadata["contentStructure"]["attachments"][0]
    return found


def signed(peer: Peer, content: bytes, header: dict[str, Any] | None = None) -> dict[str, Any]:
    token = jws.sign_detached(content, peer.signer, header or {"x5c": peer.signer.public_jwk["x5c"]})
    return {"signatureFormat": "json", "detachedSignature": True, "content": token}


@pytest.mark.parametrize(
    ("spoil", "slug", "instance"),
    [
        (
            lambda p: p.metadata.update({"$schema": names.METADATA_2_1_0.replace("2.1.0", "3.0.0")}),
            "unsupported-schema",
            "metadata",
        ),
        (lambda p: p.metadata.pop("$schema"), "unsupported-schema", "metadata"),
        (lambda p: p.metadata.pop("contentStructure"), "schema-violation", "metadata"),
        (lambda p: data(p)["hash"].update(content="A" * 128), "schema-violation", "metadata"),
        (lambda p: p.metadata.update(additionalReferenceInfo={"else": 1}), "schema-violation", "metadata"),
        (
            lambda p: p.service.update(identifier="urn:de:fim:leika:leistung:99999999999999"),
            "unsupported-service",
            "submission",
        ),
        (lambda p: p.more.update(region="DE16"), "unsupported-service", "submission"),
        (
            lambda p: data(p)["submissionSchema"].update(schemaUri="urn:example:other"),
            "unsupported-data-schema",
            "metadata",
        ),
        (lambda p: data(p)["submissionSchema"].update(mimeType=names.JSON), "unsupported-data-schema", "metadata"),
        (
            lambda p: p.metadata.update(replyChannel={"deMail": {"address": "a@example.org"}}),
            "unsupported-reply-channel",
            "metadata",
        ),
        (lambda p: entry(p).update(attachmentId=str(uuid.uuid4())), "attachments-mismatch", "submission"),
        (lambda p: p.metadata["contentStructure"]["attachments"].clear(), "attachments-mismatch", "submission"),
        (lambda p: data(p)["hash"].update(content="0" * 128), "hash-mismatch", "data"),
        (lambda p: data(p).pop("signature"), "technical-error", "data"),
        (lambda p: data(p)["signature"].update(content="e30..AAAA"), "technical-error", "data"),
        (lambda p: data(p)["signature"].update(detachedSignature=False), "technical-error", "data"),
        (lambda p: entry(p).update(purpose="attachment"), "technical-error", "submission"),
    ],
)
async def test_a_parcel_with_one_fault(peer: Peer, spoil: Any, slug: str, instance: str) -> None:
    automatic = peer.sandbox.own_destination("automatic").id
    await peer.order("/subscriber", {"destination_id": automatic, "mode": "accept", "requires": ["signature", "form"]})
    parcel = peer.parcel()
    spoil(parcel)
    assert await refusal(peer, parcel) == (slug, instance)


async def test_the_first_fault_in_order_is_the_one_named(peer: Peer) -> None:
    parcel = peer.parcel()
    data(parcel)["hash"]["content"] = "0" * 128
    data(parcel).pop("signature")
    entry(parcel)["attachmentId"] = str(uuid.uuid4())
    assert await refusal(peer, parcel) == ("attachments-mismatch", "submission")


@pytest.mark.parametrize(
    "document",
    [
        b"<antrag>",
        b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        "<?xml version='1.0' encoding='utf-16'?><a/>".encode("utf-16"),
    ],
)
async def test_a_document_that_is_no_plain_well_formed_xml(peer: Peer, document: bytes) -> None:
    parcel = peer.parcel()
    parcel.document = document
    data(parcel).update(hash=sha512(document), signature=signed(peer, document))
    assert await refusal(peer, parcel) == ("syntax-violation", "data")


async def test_a_signature_over_other_bytes_is_found(peer: Peer) -> None:
    parcel = peer.parcel()
    data(parcel)["signature"] = signed(peer, XML + b" ")
    assert await refusal(peer, parcel) == ("technical-error", "data")


async def test_a_signature_may_bring_its_key_as_jwk_and_may_be_base64(peer: Peer) -> None:
    parcel = peer.parcel()
    jwk = {k: v for k, v in peer.signer.public_jwk.items() if k != "x5c"}
    data(parcel)["signature"] = signed(peer, XML, {"jwk": jwk})
    assert (await peer.last(await peer.send(parcel)))[0] == "accept-submission"


async def test_with_a_list_of_signers_only_those_on_it_may_sign(peer: Peer, tmp_path: Path) -> None:
    peer.sandbox.signers = tmp_path / "signers.json"
    peer.sandbox.signers.write_text(json.dumps({"keys": [dict(peer.sandbox.keys.keys["delivery"].public_jwk)]}))
    assert await refusal(peer, peer.parcel()) == ("technical-error", "data")
    peer.sandbox.signers.write_text(json.dumps({"keys": [dict(peer.signer.public_jwk)]}))
    assert (await peer.last(await peer.send(peer.parcel())))[0] == "accept-submission"


async def test_a_part_that_cannot_be_decrypted_is_named(peer: Peer) -> None:
    for part, instance in (("encryptedMetadata", "metadata"), ("encryptedData", "data")):
        parcel = peer.parcel()
        ids = await peer.announce(parcel)
        for attachment_id, content in parcel.attachments.items():
            await peer.upload(ids, attachment_id, peer.seal(content, "automatic"))
        body = peer.body(parcel)
        body[part] = body[part][:-22] + "A" * 22
        assert (await peer.submit(ids, body)).status_code == 200
        await peer.sandbox.settle()
        [found] = (await peer.last(ids))[1]["problems"]
        assert (found["type"], found["instance"]) == (names.EVENT_PROBLEM_PREFIX + "encryption-issue", instance)


async def test_an_attachment_sealed_for_another_key_or_exchanged_is_found(peer: Peer) -> None:
    parcel = peer.parcel(plan=b"site plan")
    plan = next(i for i, content in parcel.attachments.items() if content != PDF)
    parcel.attachments[plan] = b"exchanged"
    assert await refusal(peer, parcel) == ("hash-mismatch", f"attachment:{plan}")


async def test_stored_bytes_that_change_do_not_fit_the_event_log(peer: Peer) -> None:
    automatic = peer.sandbox.own_destination("automatic").id
    await peer.order("/subscriber", {"destination_id": automatic, "mode": "silent"})
    ids = await peer.send(peer.parcel())
    other = peer.seal(b"<other/>", "automatic", names.XML)
    peer.sandbox.store.parts.put(ids["submissionId"], "data", other)
    await peer.order("/subscriber", {"destination_id": automatic, "mode": "accept"})
    await peer.sandbox.settle()
    [found] = (await peer.last(ids))[1]["problems"]
    assert (found["type"].rpartition("/")[2], found["instance"]) == ("incorrect-authentication-tag", "data")


async def test_fragments_are_joined_in_their_order(peer: Peer) -> None:
    parcel = peer.parcel(plan=b"site plan")
    plan = next(i for i, content in parcel.attachments.items() if content != PDF)
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    del parcel.attachments[plan]
    parcel.attachments |= {second: b" plan", first: b"site"}
    found = next(e for e in parcel.metadata["contentStructure"]["attachments"] if e["attachmentId"] == plan)
    found["fragments"] = [first, second]
    assert (await peer.last(await peer.send(parcel)))[0] == "accept-submission"


async def test_data_sets_keep_their_hashes(peer: Peer) -> None:
    parcel = peer.parcel()
    entry_ = {
        "dataSetId": str(uuid.uuid4()),
        "schema": {"schemaUri": "urn:example:set", "mimeType": names.JSON},
        "hash": sha512(b"{}"),
        "content": "{}",
    }
    parcel.metadata["dataSets"] = [entry_]
    assert (await peer.last(await peer.send(parcel)))[0] == "accept-submission"
    entry_["content"] = "{ }"
    assert await refusal(peer, parcel) == ("hash-mismatch", "metadata")


async def test_a_data_set_in_jose_keeps_its_hash_and_every_data_set_its_own_id(peer: Peer) -> None:
    parcel = peer.parcel()
    token = {
        "dataSetId": str(uuid.uuid4()),
        "schema": {"schemaUri": names.IDENTIFICATION_REPORT, "mimeType": names.JOSE},
        "hash": sha512(b"e30.e30.c2ln"),
        "content": "e30.e30.c2ln",
    }
    parcel.metadata["dataSets"] = [token, {**token, "dataSetId": str(uuid.uuid4())}]
    assert (await peer.last(await peer.send(parcel)))[0] == "accept-submission"
    parcel.metadata["dataSets"] = [token, {**token, "dataSetId": token["dataSetId"].upper()}]
    assert await refusal(peer, parcel) == ("schema-violation", "metadata")
    parcel.metadata["dataSets"] = [{**token, "content": "e30.e30.c2lo"}]
    assert await refusal(peer, parcel) == ("hash-mismatch", "metadata")


async def test_modes_reject_silent_and_back(peer: Peer) -> None:
    automatic = peer.sandbox.own_destination("automatic").id
    problems = [{"type": names.EVENT_PROBLEM_PREFIX + "technical-error", "title": "No", "instance": "other"}]
    await peer.order("/subscriber", {"destination_id": automatic, "mode": "reject", "problems": problems})
    assert await peer.last(await peer.send(peer.parcel())) == ("reject-submission", {"problems": problems})
    await peer.order("/subscriber", {"destination_id": automatic, "mode": "silent"})
    ids = await peer.send(peer.parcel())
    assert (await peer.shown(ids))["state"] == "submitted"
    await peer.order("/subscriber", {"destination_id": automatic, "mode": "slow", "delay_s": 0})
    await peer.sandbox.settle()
    assert (await peer.shown(ids))["state"] == "accepted"


async def test_nothing_beyond_the_standard_is_demanded_unless_asked_for(peer: Peer) -> None:
    parcel = peer.parcel()
    data(parcel).pop("signature")
    entry(parcel)["purpose"] = "attachment"
    assert (await peer.last(await peer.send(parcel)))[0] == "accept-submission"
    wrong = peer.parcel()
    data(wrong)["signature"] = signed(peer, b"else")
    assert await refusal(peer, wrong) == ("technical-error", "data")


@pytest.mark.parametrize("amount", [0.07, 0.14, 0.29, 0.57, 4.35, 200.0, 12])
def test_cent_amounts_are_judged_in_decimals(amount: float) -> None:
    payment = {
        "transactionReference": "r",
        "transactionId": "t",
        "paymentMethod": "PAYPAL",
        "status": "BOOKED",
        "grossAmount": amount,
    }
    metadata = plain() | {"paymentInformation": payment}
    assert Rules().broken(metadata, "2.1.0") == []
    payment["grossAmount"] = amount + 0.001
    assert Rules().broken(metadata, "2.1.0") == ["/paymentInformation/grossAmount"]


def test_the_two_versions_differ_in_one_length() -> None:
    metadata = plain() | {"replyChannel": {"elster": {"accountId": "1", "geschaeftszeichen": "x" * 60}}}
    assert Rules().broken(metadata, "2.1.0") == []
    assert Rules().broken(metadata, "2.0.0") == ["/replyChannel/elster/geschaeftszeichen"]


def spoilt() -> list[dict[str, Any]]:
    """Metadata that each break or keep one rule, for comparing the two rule sets."""
    base = plain()
    structure = base["contentStructure"]
    attachment = {
        "hash": sha512(b""),
        "purpose": "form",
        "mimeType": "application/pdf",
        "attachmentId": str(uuid.uuid4()),
    }
    changes: list[dict[str, Any]] = [
        {},
        {"$schema": "x"},
        {"author": {"name": "n"}},
        {"author": {"name": "n", "product": {"name": "p", "version": "1", "manufacturer": "m"}}},
        {"replyChannel": {}},
        {"replyChannel": {"eMail": {"address": "a@example.org"}, "elster": {"accountId": "1"}}},
        {"replyChannel": {"eMail": {"address": "nobody"}}},
        {"replyChannel": {"idBundDeMailbox": {"mailboxUuid": "x"}}},
        {"replyChannel": {"fitConnect": {"processStandards": [], "encryptionPublicKey": {}}}},
        {"additionalReferenceInfo": {"applicationDate": "2026-13-01"}},
        {"additionalReferenceInfo": {"applicationDate": "2026-11-23", "senderReference": "r"}},
        {"paymentInformation": {"status": "BOOKED"}},
        {"dataSets": [{"dataSetId": "x"}]},
        {"unknown": 1},
    ]
    attachments: list[Any] = [
        [attachment],
        [attachment | {"purpose": "else"}],
        [attachment | {"mimeType": "pdf"}],
        [attachment | {"attachmentId": "x"}],
        [attachment | {"fragments": []}],
        [attachment | {"fragments": [str(uuid.uuid4())]}],
        [{k: v for k, v in attachment.items() if k != "hash"}],
        {},
    ]
    changes += [{"contentStructure": structure | {"attachments": value}} for value in attachments]
    changes += [{"contentStructure": {"attachments": []}}, {"contentStructure": structure | {"data": {}}}]
    return [base | change for change in changes]


def test_our_rules_decide_as_the_official_schemas_do(shared: Path) -> None:
    own, official = Rules(), Rules(shared / "data" / "fitconnect")
    assert official.official == {"2.0.0", "2.1.0"}
    for version in ("2.0.0", "2.1.0"):
        for metadata in spoilt():
            assert bool(own.broken(metadata, version)) == bool(official.broken(metadata, version)), metadata


def plain() -> dict[str, Any]:
    return {
        "$schema": names.METADATA_2_1_0,
        "contentStructure": {
            "data": {"hash": sha512(XML), "submissionSchema": {"schemaUri": SCHEMA, "mimeType": names.XML}},
            "attachments": [],
        },
    }
