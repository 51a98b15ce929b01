"""The identification report: who logged in for an application, as a standardised text that a municipality signs.

Knows: where each value of an identity stands, and how levels are written. Never does: I/O, sign; ids and times are
arguments. Standard: Governikus IdentificationReport 2.0.0, with its natural person and legal person.
Start reading: `report`.

Its members `restrictedId` and `id` name the account without being the key of it: that key is told to nobody. The
schemas allow more members; `levelsOfAssurance` (of single values) and `naturalPerson` (who acts for an organisation)
are such.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from gateway.fitconnect import names
from gateway.model import Attested, Identity, Level, Person, instant

_NATIONAL: Final = {Level.LOW: "normal", Level.SUBSTANTIAL: "substantiell", Level.HIGH: "hoch"}
_EIDAS: Final = {Level.LOW: "low", Level.SUBSTANTIAL: "substantial", Level.HIGH: "high"}
_EIDAS_FRAMEWORK: Final = "eidas"
_PERSON: Final = {
    "givenName": "given_name",
    "familyName": "family_name",
    "dateOfBirth": "birthdate",
    "placeOfBirth": "place_of_birth",
    "birthName": "birth_family_name",
}
_RESIDENCE: Final = {"street": "street_address", "city": "locality", "country": "country", "zipCode": "postal_code"}
_ORGANISATION: Final = {
    "organizationName": "name",
    "registerType": "register_type",
    "registerPlace": "register_court",
    "registerNumber": "register_number",
    "legalForm": "legal_form",
    "legalFormKey": "legal_form_code",
}
_SEAT: Final = {"street": "street_address", "locality": "locality", "country": "country", "zipCode": "postal_code"}
_BIRTHDATE: Final = re.compile(r"(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{2}))?(?:-(?P<day>[0-9]{2}))?")


@dataclass(frozen=True, slots=True)
class Reported:
    """What a report is about beside the identity: which application, to whom, who says so.

    `server` is the address of the gateway for this municipality, `document_sha512` (hex) what was applied for with it.
    """

    submission: UUID
    municipality: str
    server: str
    document_sha512: str
    report_id: UUID
    at: datetime
    identity: Identity = field(repr=False)


def report(reported: Reported) -> bytes:
    """The report as UTF-8 JSON, to be signed as it is."""
    return json.dumps(_members(reported), separators=(",", ":"), ensure_ascii=False).encode()


def _members(reported: Reported) -> dict[str, Any]:
    identity = reported.identity
    framework = (identity.means or "").lower()
    members: dict[str, Any] = {
        "reportId": str(reported.report_id),
        "serverIdentity": reported.server,
        "reportTime": instant(reported.at),
        "identificationTime": instant(identity.authenticated_at),
        "idStatus": "success",
        "idStatement": f"Anmeldung bei {identity.issuer}{' mit einem Testkonto' if identity.test_account else ''}",
        "contextInformation": [f"Einreichung {reported.submission}", f"Kommune {reported.municipality}"],
        "documentReferences": [
            {"documentName": "data", "digestAlgorithm": "SHA-512", "digest": reported.document_sha512}
        ],
        "levelOfAssurance": level(identity.level, framework),
    }
    if framework:
        members["trustFramework"] = framework
    account, subject_members = account_id(reported), _SubjectMembers(framework)
    if identity.organisation is None:
        members["subjectRefType"] = names.NATURAL_PERSON
        members["subjectRef"] = {"restrictedId": account, **subject_members.person(identity.person or Person())}
    else:
        subject = {"id": account, **subject_members.members(identity.organisation.values, _ORGANISATION)}
        subject |= subject_members.nested("address", identity.organisation.values, _SEAT)
        if identity.organisation.acting:
            acting = _SubjectMembers(framework)
            subject["naturalPerson"] = acting.person(identity.organisation.acting) | acting.levels()
        members["subjectRefType"], members["subjectRef"] = names.LEGAL_PERSON, subject
    members["subjectRef"] |= subject_members.levels()
    return members


def level(reached: Level, framework: str = "") -> str:
    """A level in the words of the report: eIDAS's where that was the means, else those of BSI TR-03107-1.

    Basic registration is below all of them.
    """
    if reached is Level.BASIC:
        return "unknown"
    if framework == _EIDAS_FRAMEWORK:
        return f"{names.LEVEL_EIDAS}{_EIDAS[reached]}"
    return f"{names.LEVEL_NATIONAL}{_NATIONAL[reached]}"


def account_id(reported: Reported) -> str:
    """One name for an account towards one municipality (64 hex digits); for a guest another one each time."""
    identity = reported.identity
    if identity.account is None:
        return hashlib.sha256(reported.report_id.bytes).hexdigest()
    parts = (identity.issuer, identity.account, reported.municipality)
    return hashlib.sha256(b"".join(_prefixed(part.encode()) for part in parts)).hexdigest()


def _prefixed(part: bytes) -> bytes:
    return len(part).to_bytes(4, "big") + part


def birthdate(value: str) -> str | None:
    """A date of birth in the report's order, `12-08-1964`, `08-1964` or `1964`; None where it is none."""
    date = _BIRTHDATE.fullmatch(value)
    if date is None:
        return None
    year, month, day = date["year"], int(date["month"] or 0), int(date["day"] or 0)
    if not 1 <= month <= 12:
        return year
    return f"{day:02}-{month:02}-{year}" if 1 <= day <= 31 else f"{month:02}-{year}"


class _SubjectMembers:
    """Takes values over under the report's names, and remembers how sure each of them is."""

    def __init__(self, framework: str) -> None:
        self._framework = framework
        self._levels: dict[str, Level] = {}

    def person(self, person: Person) -> dict[str, Any]:
        return {**self.members(person.values, _PERSON), **self.nested("placeOfResidence", person.values, _RESIDENCE)}

    def members(self, values: Mapping[str, Attested], table: Mapping[str, str]) -> dict[str, Any]:
        taken: dict[str, Any] = {}
        for member, name in table.items():
            attested = values.get(name)
            value = None if attested is None else _written(name, attested.value)
            if attested is None or value is None:
                continue
            taken[member] = value
            if attested.level is not None:
                self._levels[member] = attested.level
        return taken

    def nested(self, member: str, values: Mapping[str, Attested], table: Mapping[str, str]) -> dict[str, Any]:
        """An address, as sure as the least sure of its parts."""
        parts = {part: values[name] for part, name in table.items() if name in values}
        if not parts:
            return {}
        levels = [attested.level for attested in parts.values() if attested.level is not None]
        if len(levels) == len(parts):
            self._levels[member] = min(levels)
        return {member: {part: attested.value for part, attested in parts.items()}}

    def levels(self) -> dict[str, Any]:
        levels = {member: level(reached, self._framework) for member, reached in self._levels.items()}
        return {"levelsOfAssurance": levels} if levels else {}


def _written(name: str, value: str) -> str | None:
    return birthdate(value) if name == "birthdate" else value
