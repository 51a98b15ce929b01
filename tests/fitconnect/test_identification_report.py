"""The identification report: what it says of a person or an organisation, how surely, and what it keeps back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import jsonschema_rs
import pytest

from gateway.fitconnect import names
from gateway.fitconnect.identification_report import Reported, birthdate, level, report
from gateway.model import Attested, Identity, Level, Organisation, Person
from tests.logins import ACCOUNT, attested, citizen, company

REPORT_ID = UUID("0d0f1a2b-3c4d-4b0c-8f5c-6b6f9a524f3e")
SUBMISSION = UUID("5e0b8a52-0000-4000-8000-000000000001")
TEXT = {"type": "string"}
TIME = {"type": "string", "format": "date-time"}
LEVELS = [
    *(f"http://eidas.europa.eu/LoA/{each}" for each in ("low", "substantial", "high")),
    *(f"http://eidas.europa.eu/NotNotified/LoA/{each}" for each in ("low", "substantial", "high")),
    *(f"http://bsi.bund.de/eID/LoA/{each}" for each in ("normal", "substantiell", "hoch")),
    "unknown",
]


def closed(*members: str) -> dict[str, Any]:
    return {"type": "object", "properties": dict.fromkeys(members, TEXT), "additionalProperties": False}


SCHEMA = {  # the rules of version 2.0.0 in our own words; the published file is no valid schema of its draft
    "type": "object",
    "required": ["reportId", "serverIdentity", "reportTime", "identificationTime", "levelOfAssurance"],
    "properties": {
        "reportId": TEXT,
        "serverIdentity": TEXT,
        "reportTime": TIME,
        "identificationTime": TIME,
        "idStatus": {"enum": ["success", "incomplete", "failure", "unknown"]},
        "idStatement": TEXT,
        "trustFramework": TEXT,
        "subjectRefType": TEXT,
        "subjectRef": {"type": "object"},
        "contextInformation": {"type": "array", "items": TEXT},
        "documentReferences": {
            "type": "array",
            "prefixItems": [closed("documentId", "documentName", "digestAlgorithm", "digest")],
        },
        "levelOfAssurance": {"enum": LEVELS},
    },
}
PERSON = {
    "type": "object",
    "required": ["restrictedId"],
    "properties": {
        **dict.fromkeys(("restrictedId", "givenName", "familyName", "placeOfBirth", "birthName"), TEXT),
        "dateOfBirth": {
            "type": "string",
            "pattern": "^((0?[1-9]|[12][0-9]|3[01])-)?((0?[1-9]|1[0-2])-)?[0-9]{4}$",
        },
        "placeOfResidence": closed("street", "city", "state", "country", "zipCode"),
    },
}
ORGANISATION = {
    "type": "object",
    "required": ["id"],
    "properties": {
        **dict.fromkeys(
            ("id", "organizationName", "registerType", "registerPlace", "registerNumber", "legalForm", "legalFormKey"),
            TEXT,
        ),
        "address": closed("street", "locality", "region", "country", "zipCode"),
    },
}


def read(identity: Identity, **more: Any) -> dict[str, Any]:
    """The report of an identity, held to the rules of its schemas."""
    given = {
        "submission": SUBMISSION,
        "municipality": "150900546546",
        "server": "https://t.example",
        "document_sha512": "ab" * 64,
        "report_id": REPORT_ID,
        "at": datetime(2026, 11, 26, 7, tzinfo=UTC),
        "identity": identity,
    }
    made: dict[str, Any] = json.loads(report(Reported(**{**given, **more})))
    judge(SCHEMA, made)
    judge(PERSON if made["subjectRefType"] == names.NATURAL_PERSON else ORGANISATION, made["subjectRef"])
    return made


def judge(schema: dict[str, Any], value: object) -> None:
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True, offline=True)
    assert [error.message for error in validator.iter_errors(value)] == []


def test_a_citizen_is_told_with_level_time_and_what_was_applied_for() -> None:
    made = read(citizen())
    account = made["subjectRef"].pop("restrictedId")
    assert (len(account), int(account, 16) > 0) == (64, True)
    substantial = "http://bsi.bund.de/eID/LoA/substantiell"
    assert made == {
        "reportId": str(REPORT_ID),
        "serverIdentity": "https://t.example",
        "reportTime": "2026-11-26T07:00:00.000Z",
        "identificationTime": "2026-11-26T06:50:00.000Z",
        "idStatus": "success",
        "idStatement": "Anmeldung bei https://idp.example/idp",
        "contextInformation": [f"Einreichung {SUBMISSION}", "Kommune 150900546546"],
        "documentReferences": [{"documentName": "data", "digestAlgorithm": "SHA-512", "digest": "ab" * 64}],
        "levelOfAssurance": substantial,
        "trustFramework": "eid",
        "subjectRefType": f"{names.REPORT_PREFIX}natural-person.json",
        "subjectRef": {
            "givenName": "Ægir Ðuro",
            "familyName": "Ł̣ączyńska-Ẽßer",
            "dateOfBirth": "12-08-1964",
            "placeOfResidence": {
                "street": "Große Straße 1 a",
                "city": "Tangerhütte",
                "country": "DE",
                "zipCode": "39517",
            },
            "levelsOfAssurance": dict.fromkeys(
                ("givenName", "familyName", "dateOfBirth", "placeOfResidence"), substantial
            ),
        },
    }


def test_a_test_account_is_told_as_one() -> None:
    assert (
        read(citizen(test_account=True))["idStatement"] == "Anmeldung bei https://idp.example/idp mit einem Testkonto"
    )


def test_each_value_keeps_its_own_level_and_an_address_the_least_of_its_parts() -> None:
    values = {
        "family_name": Attested("Groß", Level.HIGH),
        "given_name": Attested("Jo"),
        "birth_family_name": Attested("Klein", Level.BASIC),
        "street_address": Attested("Weg 1", Level.HIGH),
        "locality": Attested("Ort", Level.LOW),
    }
    subject = read(citizen(Level.HIGH, person=Person(values)))["subjectRef"]
    assert subject["levelsOfAssurance"] == {
        "familyName": "http://bsi.bund.de/eID/LoA/hoch",
        "birthName": "unknown",
        "placeOfResidence": "http://bsi.bund.de/eID/LoA/normal",
    }
    without = {**values, "country": Attested("DE")}
    assert "placeOfResidence" not in read(citizen(person=Person(without)))["subjectRef"]["levelsOfAssurance"]


def test_an_organisation_is_told_with_who_acts_for_it() -> None:
    values = {
        "name": "Šafařík & Söhne GmbH",
        "register_type": "PR",
        "register_court": "Stendal",
        "register_number": "HRB 1",
        "legal_form": "GmbH",
        "legal_form_code": "310",
        "street_address": "Weg 1",
        "postal_code": "39517",
        "locality": "Tangerhütte",
        "tax_number": "1",
    }
    acting = Person(attested({"family_name": "Groß"}, Level.BASIC))
    made = read(company(organisation=Organisation(attested(values), acting)))
    subject = made["subjectRef"]
    assert made["subjectRefType"] == f"{names.REPORT_PREFIX}legal-person-authentication.json"
    assert (subject["organizationName"], subject["registerPlace"]) == ("Šafařík & Söhne GmbH", "Stendal")
    assert subject["address"] == {"street": "Weg 1", "locality": "Tangerhütte", "zipCode": "39517"}
    assert subject["naturalPerson"] == {"familyName": "Groß", "levelsOfAssurance": {"familyName": "unknown"}}
    assert "tax_number" not in json.dumps(made)
    assert "naturalPerson" not in read(company(organisation=Organisation({})))["subjectRef"]


@pytest.mark.parametrize("who", [citizen(), company(), citizen(account=None), citizen(person=Person())])
def test_the_key_of_the_account_is_told_to_nobody(who: Identity) -> None:
    assert ACCOUNT not in json.dumps(read(who))
    assert "example.org" not in json.dumps(read(who)), "nor is a mail address part of the report"


def test_an_account_has_one_name_towards_a_municipality_and_a_guest_another_each_time() -> None:
    def named(identity: Identity, **more: Any) -> str:
        return str(read(identity, **more)["subjectRef"]["restrictedId"])

    another = {"report_id": UUID(int=7)}
    assert named(citizen()) == named(citizen(), **another)
    different = [
        named(citizen()),
        named(citizen(), municipality="150900550550"),
        named(citizen(account="another")),
        named(citizen(issuer="https://another.example")),
        named(citizen(account=None)),
        named(citizen(account=None), **another),
    ]
    assert len(set(different)) == len(different)


@pytest.mark.parametrize(
    ("means", "reached", "written"),
    [
        ("eID", Level.HIGH, "http://bsi.bund.de/eID/LoA/hoch"),
        ("Benutzername", Level.BASIC, "unknown"),
        ("eIDAS", Level.LOW, "http://eidas.europa.eu/LoA/low"),
        ("eIDAS", Level.HIGH, "http://eidas.europa.eu/LoA/high"),
        ("eIDAS", Level.BASIC, "unknown"),
        (None, Level.LOW, "http://bsi.bund.de/eID/LoA/normal"),
        ("Ein neues Mittel", Level.SUBSTANTIAL, "http://bsi.bund.de/eID/LoA/substantiell"),
    ],
)
def test_a_level_is_told_in_the_words_of_its_framework(means: str | None, reached: Level, written: str) -> None:
    made = read(citizen(reached, means=means))
    assert made["levelOfAssurance"] == written
    assert made.get("trustFramework") == (means.lower() if means else None)


def test_every_level_is_one_that_the_schema_knows() -> None:
    assert {level(each, framework) for each in Level for framework in ("", "eidas")} <= set(LEVELS)


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("1964-08-12", "12-08-1964"),
        ("1964-08-00", "08-1964"),
        ("1964-00-00", "1964"),
        ("1964-00-12", "1964"),
        ("1964-08", "08-1964"),
        ("1964", "1964"),
        ("1964-13-01", "1964"),
        ("1964-08-32", "08-1964"),
        ("12.08.1964", None),
        ("", None),
        ("１９６４", None),
    ],
)
def test_a_birth_date_may_be_incomplete_and_what_is_none_is_left_out(given: str, written: str | None) -> None:
    assert birthdate(given) == written
    subject = read(citizen(person=Person(attested({"birthdate": given}))))["subjectRef"]
    assert subject.get("dateOfBirth") == written
