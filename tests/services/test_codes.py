"""Codes in messages: what an installed list contradicts never leaves the house, and the operator hears of the rest."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from gateway.errors import DataInvalid
from gateway.model import Attachment, Severity
from gateway.services.loader import load
from gateway.services.service import Service
from gateway.services.standard_support import message_findings
from gateway.xoev.message.around import Around, rehearsal
from tests.schema_folder import library_of
from tests.xoev import xdf

from .conftest import PARAMETERS, SPEAKING, TANGERHUETTE

OFFICIAL = Path(__file__).parents[3] / "shared/data/codelists"
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
REACHABLE, APPLICATIONS = "urn:de:xoev:codeliste:erreichbarkeit", "urn:xoev-de:xbau:codeliste:artdesantrags"
STATES = "urn:de:bund:destatis:bevoelkerungsstatistik:schluessel:staatsgebiete"


def a_list(uri: str, version: str, codes: str, valid_from: str = "") -> dict[str, bytes]:
    content = xdf.code_list(dict.fromkeys(codes.split(), ""), uri, version, qualified=False)
    if valid_from:
        day = f'<m:validFrom xmlns:m="http://xoev.de/schemata/genericode/4">{valid_from}</m:validFrom>'
        note = f"<Annotation><Description>{day}</Description></Annotation><Identification>"
        content = content.replace(b"<Identification>", note.encode())
    return {f"{uri}_{version}.xml": content}


def town(xbau: Path, lists: dict[str, bytes], service: str = "hausnummer") -> Service:
    parameters = {TANGERHUETTE: {service: PARAMETERS}}
    return load(None, parameters, library_of(xbau / "offline", lists=lists)).get(service)


def around(service: Service, at: datetime = NOW) -> Around:
    files = [
        Attachment(rule.kind, f"{number}.pdf", rule.media_types[0], 1, "0" * 64, upload=UUID(int=number))
        for number, rule in enumerate(service.rules_for(TANGERHUETTE).attachments)
    ]
    return replace(rehearsal(TANGERHUETTE, files), created_at=at)


def told(service: Service, **changes: Any) -> list[tuple[str, str]]:
    """Findings for the ordinary example as this municipality would send it."""
    record = {**service.compiled.examples["ordinary"], **changes}
    document, found = service.rules_for(TANGERHUETTE).document(record, around(service))
    assert (document is None) == any(one.severity is Severity.ERROR for one in found)
    return [(one.pointer, one.rule) for one in found]


@pytest.mark.parametrize("service", SPEAKING)
def test_every_example_stands_before_the_official_lists(xbau: Path, service: str) -> None:
    if not OFFICIAL.is_dir():
        pytest.skip("the official code lists are not beside the checkout")
    lists = {path.name: path.read_bytes() for path in OFFICIAL.glob("*.xml")}
    speaking = town(xbau, lists, service)
    for name in ("ordinary", "extreme"):
        record = speaking.compiled.examples[name]
        document, found = speaking.rules_for(TANGERHUETTE).document(record, around(speaking))
        assert (document is not None, found) == (True, []), name
    assert speaking.rules_for(TANGERHUETTE).passed_stages["code_lists"] == "passed"
    missing = message_findings(speaking, TANGERHUETTE, NOW)
    assert {(one.rule, one.severity) for one in missing} == {("code_list_unknown", Severity.WARNING)}
    assert len({one.de for one in missing}) == len(missing) == 3


def test_a_parameter_that_its_list_does_not_know_is_refused_at_load(xbau: Path) -> None:
    with pytest.raises(DataInvalid) as refused:
        town(xbau, a_list(APPLICATIONS, "1.0", "02 03"))
    (one,) = refused.value.findings
    assert one.rule == "code_unknown"
    assert one.pointer.startswith(f"parameters/{TANGERHUETTE}#/hausnummer/standard")
    assert f"{APPLICATIONS}_1.0" in one.de
    assert town(xbau, a_list(APPLICATIONS, "1.0", "01")) is not None


def test_a_list_that_is_not_installed_stops_no_application(xbau: Path) -> None:
    bare = town(xbau, {})
    assert told(bare) == []
    assert bare.rules_for(TANGERHUETTE).passed_stages["code_lists"] == "not_asked"
    assert all(one.severity is Severity.WARNING for one in message_findings(bare, TANGERHUETTE, NOW))


def test_another_version_is_not_taken_for_the_one_that_the_message_names(xbau: Path) -> None:
    other = town(xbau, a_list(REACHABLE, "9.9", "01"))
    assert told(other) == []
    assert ("code_version_unknown", Severity.WARNING) in {
        (one.rule, one.severity) for one in message_findings(other, TANGERHUETTE, NOW)
    }


def test_a_day_that_passes_stops_applications_and_never_the_gateway(xbau: Path) -> None:
    early = town(xbau, a_list(REACHABLE, "4.1", "01 02 03 04 05 06 07", "2027-01-01"))
    assert {rule for _, rule in told(early)} == {"code_version_early"}
    errors = [one for one in message_findings(early, TANGERHUETTE, NOW) if one.severity is Severity.ERROR]
    assert {one.rule for one in errors} == {"code_version_early"}
    later = message_findings(early, TANGERHUETTE, datetime(2027, 1, 1, tzinfo=UTC))
    assert all(one.severity is Severity.WARNING for one in later)


def test_a_code_that_came_from_the_portal_is_told_at_its_place(xbau: Path) -> None:
    for codes, expected in (("140 129", []), ("140", [("/record/applicant/address/country", "code_unknown")])):
        service = town(xbau, a_list(STATES, "2024-08-01", codes))
        address = {**service.compiled.examples["ordinary"]["applicant"]["address"], "country": "FR"}
        assert told(service, applicant={**service.compiled.examples["ordinary"]["applicant"], "address": address}) == (
            expected
        )


def test_a_kind_of_attachment_that_has_no_code_in_the_list_is_refused_at_load(xbau: Path) -> None:
    with pytest.raises(DataInvalid) as refused:
        town(xbau, a_list("urn:xoev-de:xbau:codeliste:anlagen", "3.0", "1803 2008"))
    assert [(one.pointer.partition(" ")[2], one.rule) for one in refused.value.findings] == [
        ("(examples/ordinary.json#/attachments/2/kind)", "code_unknown")
    ]
