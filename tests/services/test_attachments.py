from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.model import Attachment, Purpose, Severity
from gateway.services.loader import load
from gateway.services.service import Service

ARS = "150900546546"
PLAN = Attachment("site_plan", "Lageplan.pdf", "application/pdf", 1000, "ab" * 32)


def found(service: Service, attachments: list[Attachment], **record: Any) -> set[tuple[str, str]]:
    whole = {**service.example(ARS)["record"], **record}
    return {(one.pointer, one.rule) for one in service.check(whole, attachments, ars=ARS)}


@pytest.mark.parametrize(
    ("attachments", "expected"),
    [
        ([PLAN], set()),
        ([], {("/attachments", "attachment_missing")}),
        ([PLAN, replace(PLAN, kind="photo")], {("/attachments/1/kind", "attachment_unknown_kind")}),
        ([PLAN] * 6, {("/attachments/5/kind", "attachment_too_many")}),
        ([replace(PLAN, media_type="text/html")], {("/attachments/0/media_type", "attachment_media_type")}),
        ([replace(PLAN, media_type="Application/PDF; x=1")], set()),
        ([replace(PLAN, size=50_000_001)], {("/attachments/0/upload", "attachment_too_large")}),
        ([replace(PLAN, size=50_000_000)], set()),
        ([replace(PLAN, size=0)], {("/attachments/0/upload", "attachment_empty")}),
        ([replace(PLAN, filename="Lageplan")], {("/attachments/0/filename", "attachment_filename")}),
        ([replace(PLAN, filename="../../etc/passwd.pdf")], {("/attachments/0/filename", "attachment_filename")}),
        ([replace(PLAN, filename="a\n.pdf")], {("/attachments/0/filename", "attachment_filename")}),
        ([replace(PLAN, filename="a.pdf\n")], {("/attachments/0/filename", "attachment_filename")}),
        ([replace(PLAN, filename="ä" * 137 + ".pdf")], {("/attachments/0/filename", "attachment_filename")}),
        ([replace(PLAN, filename="Größe §5 (neu) [1].pdf")], set()),
        ([PLAN, replace(PLAN, kind="readable", purpose=Purpose.FORM)], set()),
    ],
)
def test_each_rule_for_attachments_has_its_finding(
    service: Service, attachments: list[Attachment], expected: set[tuple[str, str]]
) -> None:
    assert found(service, attachments) == expected


def test_all_faults_of_an_attachment_are_reported_at_once(service: Service) -> None:
    bad = Attachment("site_plan", "a/b", "text/html", 999_999_999, "ab" * 32)
    rules = {rule for _, rule in found(service, [bad])}
    assert rules == {"attachment_filename", "attachment_media_type", "attachment_too_large"}


def test_an_agent_without_power_of_attorney_is_a_warning(service: Service) -> None:
    record = service.example(ARS)["record"]
    record["applicant"]["role"] = "agent"
    findings = service.check(record, [PLAN], ars=ARS)
    assert [(one.rule, one.severity) for one in findings] == [("attachment_expected", Severity.WARNING)]


def test_attachments_are_checked_beside_a_hopeless_record(service: Service) -> None:
    assert {one.rule for one in service.check([], [], ars=ARS)} == {"not_an_object", "attachment_missing"}


def test_a_municipality_raises_a_limit_that_the_service_declares() -> None:
    parameters = {ARS: {"hausnummer": {"attachments": {"site_plan": {"max_bytes": 370_000_000}}}}}
    service = load(None, parameters).get("hausnummer")
    big = replace(PLAN, size=370_000_000)
    record = service.example(ARS)["record"]
    assert service.check(record, [big], ars=ARS) == []
    assert [one.rule for one in service.check(record, [big], ars="150900550550")] == ["attachment_too_large"]
    assert service.rules_for(ARS).attachments[0].max_bytes == 370_000_000
    assert service.rules_for("150900550550").attachments[0].max_bytes == 50_000_000
