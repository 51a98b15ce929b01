"""What would fail at the destination or in sealing is told before the 201: sizes, numbers, names, appointments."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from gateway.errors import DataInvalid
from gateway.fitconnect import envelope, metadata, names
from gateway.intake.body import MAX_ATTACHMENTS
from gateway.model import PLAIN_JWS, Attachment, Severity, Signature
from gateway.services import attachments, service
from gateway.services.definition import MAX_FILE_BYTES
from gateway.services.loader import load
from gateway.services.service import Service
from gateway.xoev.readable import calendar
from tests.shipped_services import own_services

ARS = "150900546546"
SERVICES = Path(service.__file__).parent
TODAY = date(2026, 11, 24)
AT = datetime(2026, 11, 24, 9, tzinfo=UTC)
PLAN = Attachment("site_plan", "Lageplan.pdf", "application/pdf", 1000, "ab" * 32)
LARGEST_KEY: Any = SimpleNamespace(kid="k" * names.KID_LENGTH[1], key=SimpleNamespace(key_size=16384))


def changed(folder: Path, name: str, *edits: tuple[str, str]) -> Path:
    """A copy of a service of ours with other lines."""
    shutil.copytree(SERVICES / name, folder / name)
    for file in ("service.toml", "form.xml", "mapping.toml"):
        path = folder / name / file
        text = path.read_text(encoding="utf-8")
        for before, after in edits:
            text = text.replace(before, after)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def termin() -> Service:
    return own_services().get("termin")


def told(one: Service, record: Any, files: list[Attachment] | None = None) -> set[tuple[str, str]]:
    found = one.check(record, files or [], ars=ARS, today=TODAY)
    return {(each.pointer, each.rule) for each in found if each.severity is Severity.ERROR}


def test_what_the_rules_allow_can_be_sealed_for_the_largest_key() -> None:
    most = [MAX_FILE_BYTES, MAX_FILE_BYTES, MAX_FILE_BYTES]
    rest = attachments.MAX_ALL_BYTES - sum(most)
    small = [rest // (MAX_ATTACHMENTS - 3)] * (MAX_ATTACHMENTS - 3)
    envelope.check_limits(service.MAX_DOCUMENT_BYTES, [*most, *small, 5_000_000], LARGEST_KEY)


def test_a_file_that_sealed_is_too_large_is_refused_whatever_the_service_allows(service: Service) -> None:
    rules = tuple(replace(rule, max_bytes=10**12) for rule in service.attachments)
    generous = replace(service, definition=replace(service.definition, attachments=rules))
    record = service.example(ARS)["record"]
    assert told(generous, record, [replace(PLAN, size=MAX_FILE_BYTES)]) == set()
    assert told(generous, record, [replace(PLAN, size=MAX_FILE_BYTES + 1)]) == {
        ("/attachments/0/upload", "attachment_too_large")
    }
    many = [replace(PLAN, size=MAX_FILE_BYTES)] * 4
    assert ("/attachments", "attachments_too_large") in told(generous, record, many)


def test_a_service_that_allows_more_than_can_be_delivered_is_refused_at_load(tmp_path: Path) -> None:
    changed(tmp_path, "hausnummer", ("max_bytes = 50_000_000", "max_bytes = 375_000_000"))
    with pytest.raises(DataInvalid) as refused:
        load(tmp_path)
    assert {(one.pointer, one.rule) for one in refused.value.findings} >= {
        ("hausnummer/service.toml#/attachments/0/max_bytes", "service_maximum")
    }


def test_the_calendar_file_counts_as_an_attachment(service: Service, termin: Service) -> None:
    for one, most in ((service, 99), (termin, 98)):
        rule = replace(service.attachments[0], max_count=200)
        generous = replace(one, definition=replace(one.definition, attachments=(rule,)))
        record = one.example(ARS)["record"]
        whole = ("/attachments", "attachments_too_many")
        assert whole not in told(generous, record, [PLAN] * most)
        assert whole in told(generous, record, [PLAN] * (most + 1))


@pytest.mark.parametrize("given", ["application/pdf", "Application/PDF; x=1", "application/pdf ;name=\u7533\ud800"])
def test_a_media_type_is_brought_to_what_metadata_hold(given: str) -> None:
    held = attachments.bare(given)
    assert held == "application/pdf"
    enclosed = metadata.Enclosed(uuid4(), "a.pdf", held, "attachment", "ab" * 64)
    for version in names.METADATA_VERSIONS:
        built = metadata.build(
            version,
            document_sha512="ab" * 64,
            schema_uri="urn:x:y",
            media_type="application/xml",
            signature=Signature(PLAIN_JWS, "a..b", "PS512", "k", None),
            enclosed=[enclosed],
            application_date=TODAY,
        )
        assert metadata.faults(built, version) == ()


def test_a_document_that_is_too_large_is_a_finding(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    record = service.example(ARS)["record"]
    document, _ = service.document(record)
    assert document is not None
    monkeypatch.setattr("gateway.services.service.MAX_DOCUMENT_BYTES", len(document.content))
    assert service.document(record)[0] == document
    monkeypatch.setattr("gateway.services.service.MAX_DOCUMENT_BYTES", len(document.content) - 1)
    none, found = service.document(record)
    assert none is None
    assert [(one.pointer, one.rule) for one in found] == [("/record", "document_too_large")]


@pytest.mark.parametrize(
    ("day", "clock", "minutes"),
    [
        ("9999-12-31", "23:59", 120),
        ("0001-01-01", "00:00", 30),
        ("2027-02", "09:00", 30),
        ("2027-02-30", "09:00", 30),
        ("2027-02-03", "9 Uhr", 30),
        ("2027-02-03", "25:00", 30),
        ("2027-02-03", "09:00+01:00", 30),
        ("2027-02-03", "09:00", 10**30),
        ("2027-02-03", "09:00", 0),
        ("2027-02-03", "09:00", -5),
        ("2027-02-03", "09:00", True),
        ("2027-02-03", "09:00", "30"),
        ("2027-02-03", "09:00", None),
        (None, "09:00", 30),
        ("2027-02-03", None, 30),
    ],
)
def test_what_is_no_wish_is_none(day: object, clock: object, minutes: object) -> None:
    assert calendar.wish(day, clock, minutes) is None


@pytest.mark.parametrize("clock", ["09:00", "09:00:00"])
def test_a_time_of_day_may_have_seconds(clock: str) -> None:
    assert calendar.wish("2027-02-03", clock, 30.0) == calendar.Wish(datetime(2027, 2, 3, 8, tzinfo=UTC), 30)


def test_an_appointment_that_no_calendar_holds_is_told_before_it_is_taken_over(termin: Service) -> None:
    record = termin.example(ARS)["record"]
    assert told(termin, record) == set()
    record["appointment"]["times"][0] |= {"date": "9999-12-31", "time": "23:59"}
    record["appointment"]["minutes"] = 480
    assert told(termin, record) == {("/record/appointment/times/0", "calendar_time")}


def test_a_form_whose_times_are_free_text_makes_findings_and_no_endless_tries(tmp_path: Path) -> None:
    loose = load(
        changed(tmp_path, "termin", ('maxLength="5" pattern="([01][0-9]|2[0-3]):[0-5][0-9]"', 'maxLength="9"'))
    )
    record = loose.get("termin").example(ARS)["record"]
    for clock, wanted in (("09:00:00", set()), ("morgens", {("/record/appointment/times/0", "calendar_time")})):
        record["appointment"]["times"][0]["time"] = clock
        assert told(loose.get("termin"), record) == wanted
    record["appointment"]["times"][0]["time"] = "09:00:00"
    file = loose.get("termin").calendar(record, uid="u", received_at=AT, place="\uf0b7 Stadt")
    assert file is not None
    assert b"DTSTART:" in file


def test_the_calendar_file_says_what_the_document_says(termin: Service) -> None:
    record = termin.example(ARS)["record"]
    record["appointment"]["subject"] = "Ausweis \u2013 neu"
    file = termin.calendar(record, uid="u", received_at=AT, place="Stadt")
    assert file is not None
    assert b"SUMMARY:Ausweis - neu" in file
