"""The signed report: anybody can check it, nobody can change it, and it says nothing when it is not ours."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from jwcrypto import jwk as foreign_jwk
from jwcrypto import jws as foreign_jws

from gateway.catalogue.publication import report_check
from gateway.catalogue.publication.canonical_json import canonical
from gateway.catalogue.publication.report import TYPE, of_town, signed
from gateway.crypto import jws
from gateway.crypto.keys import generate_ed25519, private_key
from tests.catalogue.entries import ARS
from tests.catalogue.publication.offers import NOW, TODAY, Rows, publication

KEY = private_key(generate_ed25519("gateway-evidence")[0])
OTHER = private_key(generate_ed25519("somebody-else")[0])
SAME_NAME = private_key(generate_ed25519("gateway-evidence")[0])


@pytest.fixture
async def report():
    return signed([of_town(await publication(Rows()).town(ARS))], TODAY, NOW, KEY)


def rules(verdict):
    assert verdict.as_json()["date"] is None
    return [finding.rule for finding in verdict.findings]


def header(**changes):
    members = {"alg": "EdDSA", "kid": KEY.kid, "typ": TYPE, **changes}
    return jws.base64url.encode(json.dumps({k: v for k, v in members.items() if v is not None}).encode())


def by_hand(body, **changes):
    protected = header(**changes)
    payload = protected + b"." + jws.base64url.encode(body)
    return (protected + b".." + jws.base64url.encode(KEY.key.sign(payload))).decode()


async def test_the_report_counts_what_the_page_counts(report):
    members = json.loads(report.body)
    (town,) = members["municipalities"]
    assert town["counts"] == (await publication(Rows()).town(ARS)).counts.as_json()
    assert (town["counts"]["claimed"], len(town["services"])) == (22, 22)
    assert town["counts"]["land"] == {
        "source": "datahub",
        "unit": "leistung",
        "counted": 28,
        "ours": 16,
        "date": "2026-11-30",
    }
    assert [each["listed"] for each in town["services"][:4]] == [True, True, False, None]
    assert town["services"][20]["findings"] == ["no_leika"]
    assert town["services"][0]["maturity"] == [{"model": "2.0", "level": 3, "assessed_on": "2026-01-31"}]
    assert canonical(members) == report.body


async def test_foreign_libraries_verify_it(report):
    protected, payload, signature = report.signature.split(".")
    assert payload == ""
    whole = f"{protected}.{base64.urlsafe_b64encode(report.body).rstrip(b'=').decode()}.{signature}"
    token = foreign_jws.JWS()
    token.deserialize(whole)
    token.verify(foreign_jwk.JWK(**json.loads(report.body)["keys"][0]))
    x = base64.urlsafe_b64decode(KEY.public_jwk["x"] + "=")
    raw = base64.urlsafe_b64decode(signature + "==")
    ed25519.Ed25519PublicKey.from_public_bytes(x).verify(raw, whole.rpartition(".")[0].encode())


async def test_a_good_report_is_good_by_its_own_key_and_by_a_known_one(report):
    assert report_check.check(report.body, report.signature).as_json() == {
        "ok": True,
        "date": "2026-11-30",
        "trust": "from_report",
    }
    keys = [{"kid": "x"}, "none", OTHER.public_jwk, KEY.public_jwk]
    assert report_check.check(report.body, report.signature + "\n", keys).trust == "given"


async def test_changed_bytes_foreign_keys_and_missing_signatures_are_told(report):
    changed = report.body.replace(b"22", b"23", 1)
    assert rules(report_check.check(changed, report.signature)) == ["signature"]
    assert rules(report_check.check(report.body, None)) == ["signature_missing"]
    assert rules(report_check.check(report.body, " \n")) == ["signature_missing"]
    assert rules(report_check.check(report.body, report.signature, [OTHER.public_jwk])) == ["key_unknown"]
    assert rules(report_check.check(report.body, report.signature, [SAME_NAME.public_jwk])) == ["signature"]
    assert rules(report_check.check(report.body, report.signature, [])) == ["key_unknown"]
    forged = signed([of_town(await publication(Rows()).town(ARS))], TODAY, NOW, OTHER)
    assert rules(report_check.check(forged.body, forged.signature, [KEY.public_jwk])) == ["key_unknown"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b"\xff",
        b'{"format":"ozg-gateway/availability-report/1"}',
        b'{"date":"x","format":"ozg-gateway/availability-report/1","keys":[]}',
        b'{"date":"2026-11-30","format":"ozg-gateway/availability-report/1", "keys":[]}',
        b'{"date":"2026-11-30","format":"ozg-gateway/availability-report/1","keys":[1.5]}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_report_is_one_finding(body):
    assert rules(report_check.check(body, by_hand(body))) == ["form"]


@pytest.mark.parametrize(
    "changes",
    [
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "Ed25519"},
        {"typ": "receipt+jwt"},
        {"typ": None},
        {"kid": None},
        {"b64": True},
        {"crit": ["b64"], "b64": False},
        {"jwk": dict(OTHER.public_jwk)},
    ],
)
async def test_only_the_header_of_a_report_is_taken(report, changes):
    assert report_check.check(report.body, by_hand(report.body)).ok
    assert rules(report_check.check(report.body, by_hand(report.body, **changes))) == ["signature"]


async def test_a_payload_inside_the_signature_and_rubbish_are_refused(report):
    protected, _, signature = report.signature.split(".")
    inside = f"{protected}.{jws.base64url.encode(report.body).decode()}.{signature}"
    for token in (inside, "a", "..", "é..é", f"{protected}..", report.signature + "A", "x" * 5000):
        assert rules(report_check.check(report.body, token)) == ["signature"]


async def test_a_report_that_is_too_large_is_not_read(report, monkeypatch):
    monkeypatch.setattr(report_check, "LARGEST", len(report.body) - 1)
    assert rules(report_check.check(report.body, report.signature)) == ["too_large"]
