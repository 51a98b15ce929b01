"""Rules for attachments: kinds, formats, sizes, counts and file names.

Knows: what a service asks for. Never does: open a file. Standard: file name rule of XBau-Kernmodul 1.3.0.
Start reading: `check`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from gateway.model import Attachment, Finding, Purpose, Severity
from gateway.services.definition import MAX_FILE_BYTES, AttachmentRule
from gateway.xoev.form.filling import FillingPlan
from gateway.xoev.mapping.model import look_up
from gateway.xoev.record.sentences import finding

MAX_FILENAME: Final = 140
MAX_ALL_BYTES: Final = 1_480_000_000
"""All files of an application: FIT-Connect takes 2 GB of sealed parts; what the gateway adds itself has room beside."""
MAX_FILES: Final = 100
"""Attachments that FIT-Connect takes, with those that the gateway adds itself."""
_FILENAME: Final = re.compile(r"[-a-zA-Z0-9ÄÖÜäöüß _!=+~,;.#°§$%()\[\]]+\.[a-zA-Z0-9]+")


def check(
    rules: Sequence[AttachmentRule], attachments: Sequence[Attachment], record: Mapping[str, object], *, added: int = 1
) -> list[Finding]:
    """All findings about the attachments of an application.

    Args:
        rules: what the service asks for, with the municipality's overrides.
        attachments: in the order of the create body; what the gateway adds itself (purpose `form`) is left out.
        record: the record, for attachments that are usual with some answers.
        added: how many files the gateway adds itself.
    """
    by_kind = {rule.kind: rule for rule in rules}
    findings: list[Finding] = []
    counts: dict[str, int] = {}
    for number, attachment in enumerate(attachments):
        if attachment.purpose is not Purpose.ATTACHMENT:
            continue
        pointer = f"/attachments/{number}"
        rule = by_kind.get(attachment.kind)
        if rule is None:
            findings.append(finding(f"{pointer}/kind", "attachment_unknown_kind", limit=", ".join(by_kind) or "-"))
        else:
            counts[rule.kind] = counts.get(rule.kind, 0) + 1
            findings += _one(pointer, rule, attachment, counts[rule.kind])
        if len(attachment.filename) > MAX_FILENAME or not _FILENAME.fullmatch(attachment.filename):
            findings.append(finding(f"{pointer}/filename", "attachment_filename", limit=MAX_FILENAME))
    for rule in rules:
        if rule.kind not in counts:
            findings += _absent(rule, record)
    return findings + _together([file for file in attachments if file.purpose is Purpose.ATTACHMENT], MAX_FILES - added)


def sample(rules: Sequence[AttachmentRule], root: FillingPlan) -> list[Attachment]:
    """The files of each kind that has to come, as the example of a service lists them."""
    required = [rule for rule in rules if rule.required for _ in range(least(rule, root))]
    return [
        Attachment(rule.kind, f"{rule.kind}.bin", rule.media_types[0], 1, "0" * 64, upload=UUID(int=number))
        for number, rule in enumerate(required)
    ]


def least(rule: AttachmentRule, root: FillingPlan) -> int:
    """How many files of a kind that has to come: one, or as many as a field of the form that names it asks for."""
    fields = (field for field in root.walk() if field.entry is not None and field.entry.attachment == rule.kind)
    return max((1, *(field.node.minimum for field in fields)))


def bare(media_type: str) -> str:
    """A media type as rules and metadata hold it: lower case, without parameters (RFC 9110 §8.3.1)."""
    return media_type.partition(";")[0].strip().lower()


def _together(attachments: Sequence[Attachment], most: int) -> list[Finding]:
    """What no destination takes, whatever the service allows."""
    findings: list[Finding] = []
    if len(attachments) > most:
        findings.append(finding("/attachments", "attachments_too_many", limit=most))
    if sum(attachment.size for attachment in attachments) > MAX_ALL_BYTES:
        findings.append(finding("/attachments", "attachments_too_large", limit=MAX_ALL_BYTES))
    return findings


def _one(pointer: str, rule: AttachmentRule, attachment: Attachment, count: int) -> list[Finding]:
    label = (rule.title_de, rule.title_en)
    findings: list[Finding] = []
    if count > rule.max_count:
        findings.append(finding(f"{pointer}/kind", "attachment_too_many", label, limit=rule.max_count))
    if bare(attachment.media_type) not in rule.media_types:
        limit = ", ".join(rule.media_types)
        findings.append(finding(f"{pointer}/media_type", "attachment_media_type", label, limit=limit))
    if attachment.size > (most := min(rule.max_bytes, MAX_FILE_BYTES)):
        findings.append(finding(f"{pointer}/upload", "attachment_too_large", label, limit=most))
    if attachment.size == 0:
        findings.append(finding(f"{pointer}/upload", "attachment_empty", label))
    return findings


def _absent(rule: AttachmentRule, record: Mapping[str, object]) -> list[Finding]:
    label = (rule.title_de, rule.title_en)
    if rule.required:
        return [finding("/attachments", "attachment_missing", label, limit=rule.kind)]
    if rule.expected and look_up(record, rule.expected.source) in rule.expected.values:
        return [finding("/attachments", "attachment_expected", label, severity=Severity.WARNING, limit=rule.kind)]
    return []
