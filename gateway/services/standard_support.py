"""Whether a municipality can speak the standard it asks for: schema set, parameters, and a rehearsal with the example.

Knows: a service with overrides applied. Never does: accept a standard that would fail at the first application.
Standard: see `gateway/xoev/message`. Start reading: `speaks`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from gateway.german_time import german_date
from gateway.model import Attachment, Finding, Severity
from gateway.services.service import Service
from gateway.xoev.message.around import rehearsal
from gateway.xoev.xml.strict_xml import parse


def speaks(service: Service, ars: str) -> list[Finding]:
    """Everything that stands against the message that a municipality asks for; nothing where it speaks XFall.

    Args:
        service: with the municipality among its variants.
        ars: the municipality.

    Returns:
        findings with pointers `/standard` and `/message/<parameter>` into its table of parameters.
    """
    ruled = service.rules_for(ars)
    offered = service.compiled.messages.get(ruled.standard)
    if offered is None:
        return []
    if offered.template is None:
        return [_absent(cause, ruled.standard) for cause in offered.absent]
    faults = [_parameter(name, limit) for name, limit in offered.template.unfit(ruled.setting)]
    if faults:
        return faults
    _, findings = ruled.document(service.compiled.examples["ordinary"], rehearsal(ars, _files(ruled)))
    by_day = offered.template.by_day  # a day that passes must not stop a gateway
    lasting = [finding for finding in findings if finding.severity is Severity.ERROR and finding.rule not in by_day]
    return [replace(finding, pointer=f"/standard (examples/ordinary.json#{finding.pointer})") for finding in lasting]


def message_findings(service: Service, ars: str, at: datetime) -> list[Finding]:
    """What an operator should know of codes and rules of a municipality's messages, by the ordinary example.

    Args:
        service: with the municipality among its variants, as `speaks` accepts it.
        ars: the municipality.
        at: the moment for which codes have to be valid.

    Returns:
        an error for what the day makes wrong (a list that has run out or not begun), and a warning for each list that
        is not installed and each rule file that cannot be read, so that neither is asked; pointers as of `speaks`.
    """
    ruled = service.rules_for(ars)
    template = ruled.template
    if template is None:
        return []
    around = replace(rehearsal(ars, _files(ruled)), created_at=at)
    document, findings = ruled.document(service.compiled.examples["ordinary"], around)
    root = None if document is None else parse(document.content).root
    if root is not None:
        findings += [offence.finding("") for offence in template.offences(root, german_date(at))]
    unread = service.compiled.messages[ruled.standard].notices
    findings += [_unasked(cause) for cause in unread]
    return [replace(finding, pointer="/standard") for finding in dict.fromkeys(findings)]


def _files(ruled: Service) -> list[Attachment]:
    return [
        Attachment(rule.kind, f"{number}.pdf", rule.media_types[0], 1, "0" * 64, upload=UUID(int=number))
        for number, rule in enumerate(ruled.attachments)
    ]


def _unasked(why: Finding) -> Finding:
    return Finding(
        "/standard",
        "rules_unread",
        f"Diese Regeln sind installiert und werden nicht gefragt ({why.pointer}): {why.de}",
        f"These rules are installed and are not asked ({why.pointer}): {why.en}",
        Severity.WARNING,
    )


def _absent(why: Finding, standard: str) -> Finding:
    return Finding(
        "/standard",
        "schema_absent",
        f"Für {standard} fehlt das Schema ({why.pointer}): {why.de}",
        f"The schema for {standard} is missing ({why.pointer}): {why.en}",
    )


def _parameter(name: str, limit: str) -> Finding:
    if not limit:
        return Finding(
            f"/message/{name}",
            "parameter_missing",
            "Diese Angabe braucht die Nachricht; bitte setzen.",
            "The message needs this value; set it.",
        )
    return Finding(f"/message/{name}", "parameter_value", f"Erwartet wird {limit}.", f"Expected is {limit}.")
