"""Metadata: version, record, and one verdict from our schema and the official one."""

from __future__ import annotations

import copy
import hashlib
import json
from datetime import date
from uuid import UUID

import pytest

from gateway.errors import DestinationUnfit, InternalError
from gateway.fitconnect import metadata, names
from gateway.model import PLAIN_JWS, Signature

HEX = "ab" * 64
ATTACHMENT = UUID("f50308a5-b3ed-4627-9f0b-b5a8e0095791")


def built(version="2.1.0", **more):
    given = {
        "document_sha512": HEX,
        "schema_uri": "urn:xoev-de:example:schema:1.0",
        "media_type": "application/xml",
        "signature": Signature(PLAIN_JWS, "eyJhbGciOiJQUzUxMiJ9..c2ln_-", "PS512", "signing-1", None),
        "enclosed": [metadata.Enclosed(ATTACHMENT, "Lageplan Straße.pdf", "application/pdf", "attachment", HEX)],
        "application_date": date(2026, 11, 23),
        "author": metadata.Author("Portal", "gateway", "1.0", "We"),
    }
    return metadata.build(version, **{**given, **more})


def full(version="2.1.0"):
    """Metadata with every member that the schema knows."""
    made = built(version)
    made["contentStructure"]["data"]["signature"]["eidasAdesProfile"] = (
        "http://uri.etsi.org/ades/191x2/level/baseline/B-LTA#"
    )
    made["contentStructure"]["attachments"][0] |= {
        "description": "x",
        "fragments": [str(ATTACHMENT)],
        "signature": {"signatureFormat": "cms", "detachedSignature": False},
    }
    made["paymentInformation"] = {
        "transactionReference": "Kassenzeichen 1",
        "transactionId": "9xxd-432x",
        "paymentMethod": "CREDITCARD",
        "status": "BOOKED",
        "transactionUrl": "https://pay.example/1",
        "transactionTimestamp": "2026-11-23T12:00:00Z",
        "paymentMethodDetail": "Visa",
        "grossAmount": 0.07,
    }
    made["replyChannel"] = {"eMail": {"address": "a@b.de", "pgpPublicKey": "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nx"}}
    made["additionalReferenceInfo"] |= {
        "senderReference": "r",
        "idBundDeApplicationId": str(ATTACHMENT),
        "zustimmungZumDigitalenBescheid": False,
    }
    made["author"] |= {"description": "d", "url": "u"}
    made["author"]["product"]["description"] = "d"
    made["dataSets"] = [
        {
            "dataSetId": str(ATTACHMENT),
            "schema": {"schemaUri": "https://x.example/s", "mimeType": "application/jose"},
            "hash": {"type": "sha512", "content": HEX},
            "content": "eyJ",
            "description": "d",
        }
    ]
    return made


KEY = {"kty": "RSA", "key_ops": ["wrapKey"], "alg": "RSA-OAEP-256", "kid": "kid-12345", "n": "x" * 683, "e": "AQAB"}
CHANNELS = [
    {"deMail": {"address": "a@b.de-mail.de"}},
    {"fink": {"finkPostfachRef": "hh/by/12345", "host": "https://konto.example/"}},
    {"elster": {"accountId": "1", "lieferTicket": "t", "geschaeftszeichen": "x" * 10}},
    {"fitConnect": {"processStandards": ["urn:x:y"], "encryptionPublicKey": KEY}},
    {"idBundDeMailbox": {"mailboxUuid": str(ATTACHMENT)}},
]
GONE = object()
BAD_VALUES = [GONE, None, 7, "", "x", [], {}, True, "x" * 200, "urn:x", "a/b", ["x"], ["x", "x"], -1, 0.075, 100.01]


def places(value, at=()):
    yield at
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places(inner, (*at, key))


def changed(base, at, value):
    made = copy.deepcopy(base)
    holder = made
    for key in at[:-1]:
        holder = holder[key]
    if value is GONE:
        del holder[at[-1]]
    else:
        holder[at[-1]] = value
    return made


def corpus(version):
    """Good metadata, and each member of the fullest one replaced by each of many values, most of them bad."""
    base = full(version)
    yield built(version)
    yield base
    for channel in CHANNELS:
        with_channel = {**built(version), "replyChannel": channel}
        yield with_channel
        for at in places(channel, ("replyChannel",)):
            for value in BAD_VALUES:
                yield changed(with_channel, at, value)
    for at in places(base):
        for value in BAD_VALUES if at else ():
            yield changed(base, at, value)
    yield from single_cases(base, version)


def single_cases(base, version):
    for cents in range(1, 400):
        yield changed(base, ("paymentInformation", "grossAmount"), cents / 100)
    for name in ("additionalReferenceInfo", "author", "contentStructure", "replyChannel", "paymentInformation"):
        yield changed(base, (name, "unknown"), 1)
    for length in (10, 11, 60, 61):
        elster = {"elster": {"accountId": "1", "geschaeftszeichen": "x" * length}}
        yield {**built(version), "replyChannel": elster}
    yield {**built(version), "replyChannel": {**CHANNELS[0], **CHANNELS[4]}}
    yield {**built(version), "replyChannel": {}}
    for sent in ("2026-13-01", "23.11.2026", "2026-11-23T00:00:00Z"):
        yield changed(base, ("additionalReferenceInfo", "applicationDate"), sent)
    for uri in (
        names.METADATA_2_0_0,
        names.METADATA_PREFIX + "1.0.0" + names.METADATA_SUFFIX,
        names.METADATA_2_1_0 + "x",
    ):
        yield changed(base, ("$schema",), uri)
    for purpose in ("form", "attachment", "report", "data", "other"):
        yield changed(base, ("contentStructure", "attachments", 0, "purpose"), purpose)


@pytest.mark.parametrize("version", names.METADATA_VERSIONS)
def test_our_schema_and_the_official_one_agree_on_every_verdict(shared, version):
    official = shared(f"fitconnect/metadata-{version}.schema.json")
    verdicts = [(metadata.faults(m, version), metadata.faults(m, version, official), m) for m in corpus(version)]
    assert len(verdicts) > 1000
    differ = [m for ours, theirs, m in verdicts if bool(ours) != bool(theirs)]
    assert differ == []
    assert sum(1 for ours, _, _ in verdicts if not ours) > 200


@pytest.mark.parametrize("version", names.METADATA_VERSIONS)
def test_what_we_build_keeps_the_schema_and_says_which(shared, version):
    official = shared(f"fitconnect/metadata-{version}.schema.json")
    assert metadata.check(built(version), version) == metadata.CheckedMetadata("own", version)
    assert metadata.check(built(version), version, official) == metadata.CheckedMetadata("official", version)


def test_the_record_names_document_signature_and_attachments():
    made = json.loads(metadata.write(built()))
    assert made["$schema"] == "https://schema.fitko.de/fit-connect/metadata/2.1.0/metadata.schema.json"
    data = made["contentStructure"]["data"]
    assert data["hash"] == {"type": "sha512", "content": HEX}
    assert data["signature"] == {
        "signatureFormat": "json",
        "detachedSignature": True,
        "content": "eyJhbGciOiJQUzUxMiJ9..c2ln_-",
    }
    [attachment] = made["contentStructure"]["attachments"]
    assert attachment["filename"] == "Lageplan Straße.pdf"
    assert attachment["attachmentId"] == str(ATTACHMENT)
    assert "fragments" not in attachment
    assert "publicServiceType" not in made
    assert made["additionalReferenceInfo"] == {"applicationDate": "2026-11-23"}


@pytest.mark.parametrize("version", names.METADATA_VERSIONS)
def test_data_sets_and_the_account_stand_where_the_schema_has_them(shared, version):
    token = "e30.eyJ0ZXh0IjoiU3RyYcOfZSJ9.c2ln"
    account = metadata.Account(mailbox=ATTACHMENT, application_id=ATTACHMENT)
    sets = [metadata.DataSet(ATTACHMENT, names.IDENTIFICATION_REPORT, names.JOSE, token)]
    made = json.loads(metadata.write(built(version, data_sets=sets, account=account)))
    for official in (None, shared(f"fitconnect/metadata-{version}.schema.json")):
        assert metadata.faults(made, version, official) == ()
    assert made["dataSets"] == [
        {
            "dataSetId": str(ATTACHMENT),
            "schema": {
                "schemaUri": "https://raw.githubusercontent.com/Governikus/IdentificationReport/2.0.0/schema/"
                "identification-report.json",
                "mimeType": "application/jose",
            },
            "hash": {"type": "sha512", "content": hashlib.sha512(token.encode()).hexdigest()},
            "content": token,
        }
    ]
    assert made["replyChannel"] == {"idBundDeMailbox": {"mailboxUuid": str(ATTACHMENT)}}
    assert made["additionalReferenceInfo"] == {
        "applicationDate": "2026-11-23",
        "idBundDeApplicationId": str(ATTACHMENT),
    }


def test_without_a_login_metadata_are_as_ever():
    assert not {"dataSets", "replyChannel"} & set(built())
    assert metadata.write(built(account=metadata.Account())) == metadata.write(built())


def test_metadata_of_ours_that_break_the_schema_are_our_fault_and_no_value_is_told():
    with pytest.raises(InternalError) as caught:
        metadata.check(built(document_sha512="geheim"), "2.1.0")
    assert "geheim" not in str(caught.value.params) + str(caught.value)
    assert "/contentStructure/data/hash/content pattern" in str(caught.value.params["places"])


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (("2.1.0",), "2.1.0"),
        (("2.0.0",), "2.0.0"),
        (("1.0.0", "2.0.0", "2.1.0"), "2.1.0"),
        (("2.0.0", "3.0.0"), "2.0.0"),
        (("3.0.0", "2.1.0", "2.9.9"), "2.1.0"),
    ],
)
def test_the_newest_common_version_is_chosen_and_unknown_ones_survived(offered, chosen):
    assert metadata.choose(offered) == chosen


@pytest.mark.parametrize("offered", [(), ("1.3.0", "1.5.0"), ("3.0.0",), ("2.2.0",), ("<script>",)])
def test_without_a_common_version_both_lists_are_named(offered):
    with pytest.raises(DestinationUnfit) as caught:
        metadata.choose(offered)
    rule = caught.value.params["rule"]
    assert "known: 2.1.0, 2.0.0" in rule
    assert all(version in rule for version in offered if version[0].isdigit())
    assert "script" not in rule


def test_an_official_schema_is_known_by_its_id(shared):
    official = shared("fitconnect/metadata-2.1.0.schema.json")
    assert metadata.is_schema_of(official, "2.1.0")
    assert not metadata.is_schema_of(official, "2.0.0")
    assert not metadata.is_schema_of(b"no json", "2.1.0")
    assert not metadata.is_schema_of(b"[]", "2.1.0")
