"""Taking in: a portal's body becomes findings, or a document and its first job in one transaction.

Knows: ports, the catalogue of services. Never does: HTTP, SQL, delivery.
Standard: fixed interfaces §3, architecture §3.
Start reading: `Intake.create`.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from gateway.errors import (
    BadInput,
    InternalError,
    RecordInvalid,
    ServiceNotOffered,
    UnknownMunicipality,
    UnknownService,
)
from gateway.input.pointers import token
from gateway.intake.named_files import named
from gateway.model import Attachment, Client, Destination, Document, Finding, Municipality, Severity, State, Submission
from gateway.ports.clock import Clock
from gateway.ports.keys import Keys
from gateway.ports.store import (
    EvidenceEntry,
    NewSubmission,
    Store,
    View,
)
from gateway.services.attachments import MAX_FILES
from gateway.services.loader import Services
from gateway.services.service import PRODUCT, Service
from gateway.xoev.latin.datatypes import nfc
from gateway.xoev.message.around import Around
from gateway.xoev.readable.application import german_time

Admit = Callable[[], Awaitable[None]]
REFERENCE = re.compile(r"[A-Za-z0-9._:/-]{1,64}")
MAX_ATTACHMENTS = MAX_FILES - 1
"""One of those that FIT-Connect takes (reference §2.3) is the readable application."""

KEYS: Mapping[str, tuple[type, bool, str]] = {
    "service": (str, True, "Text"),
    "municipality": (str, True, "Text (zwölfstelliger ARS)"),
    "record": (dict, True, "Objekt"),
    "attachments": (list, False, "Liste"),
    "reference": (str, False, "Text"),
    "test": (bool, False, "Wahrheitswert"),
}
ATTACHMENT_KEYS = ("kind", "filename", "media_type", "upload")
IN_A_THREAD_FROM = 32_768
"""Size of a record in bytes of JSON from which its checks leave the event loop."""
RULED_IN_A_THREAD_FROM = 4_096
"""The same for a record whose document is asked Schematron rules, which take four times as long."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A body that has been looked at: what it means and everything that is wrong with it."""

    service: Service
    municipality: Municipality
    record: Mapping[str, Any]
    attachments: tuple[Attachment, ...]
    document: Document | None
    findings: tuple[Finding, ...]
    id: UUID
    reused: frozenset[UUID] = frozenset()

    @property
    def sound(self) -> bool:
        """Whether no finding is an error."""
        return all(finding.severity is not Severity.ERROR for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Intake:
    """What it takes to take in. `digest` is a keyed digest, `new_id` makes identifiers; both are given."""

    store: Store
    catalogue: Services
    municipalities: Mapping[str, Municipality]
    keys: Keys
    clock: Clock
    new_id: Callable[[], UUID]
    digest: Callable[..., bytes]

    async def validate(self, client: Client, body: Mapping[str, Any]) -> tuple[Finding, ...]:
        """Every finding of a body, without taking anything over."""
        try:
            return (await self._checked(client, body)).findings
        except BadInput as error:
            return error.findings

    async def create(
        self,
        client: Client,
        body: Mapping[str, Any],
        key: str,
        *,
        supersedes: UUID | None = None,
        admit: Admit | None = None,
    ) -> View:
        """Take over one application: everything is on disk when this returns.

        `key` is the Idempotency-Key; the same key and body give the same answer again. `supersedes` is an earlier
        application of the client's that this one corrects, whose files it may name (see `gateway.intake.withdrawal`).
        `admit` is asked whether there is room for what is not known yet; what it raises goes on to the caller. Raises
        `RecordInvalid` with all findings, `IdempotencyConflict`, `Erased`, `UploadTaken`, `UploadUnknown`,
        `UnknownService`, `UnknownMunicipality`, `ServiceNotOffered`; where the signature stands in the document also
        `SigningKeyUnfit`, `SignerAway`.
        """
        digest = self.digest(b"body", canonical(body), *((supersedes.bytes,) if supersedes else ()))
        if known := await self.store.known(client.id, key, digest):
            return known
        if admit:
            await admit()
        checked = await self._checked(client, body, supersedes)
        destination = checked.municipality.destination_for(checked.service.id, test=bool(body.get("test", False)))
        if not checked.sound or checked.document is None or destination is None:
            raise RecordInvalid(findings=checked.findings)
        document = await self._signed(checked.service, checked.municipality, destination, checked.document)
        new = self._new(client, replace(checked, document=document), body, key, digest, destination.channel)
        return await self.store.create(replace(new, supersedes=supersedes, reused=checked.reused))

    async def _signed(
        self, service: Service, municipality: Municipality, destination: Destination | None, document: Document
    ) -> Document:
        """The document as it is delivered: a signature inside makes other bytes, so it is made before the receipt."""
        if not service.signature_for(destination).enveloped:
            return document
        signed = await self.keys.sign_inside(municipality.ars, document)
        if not service.still_valid(signed):
            raise InternalError(rule="signed_document")
        return signed

    def _new(  # noqa: PLR0913, PLR0917 - what a row is made of
        self, client: Client, checked: Checked, body: Mapping[str, Any], key: str, digest: bytes, channel: str
    ) -> NewSubmission:
        document = checked.document
        if document is None:  # unreachable by contract of `create`
            raise RecordInvalid
        now = self.clock.now()
        submission = Submission(
            id=checked.id,
            municipality=checked.municipality.ars,
            client=client.id,
            service=checked.service.id,
            state=State.RECEIVED,
            version=0,
            created_at=now,
            updated_at=now,
            channel=channel,
            test=bool(body.get("test", False)),
        )
        facts = _receipt(submission, checked, document, now)
        receipt = self.keys.sign_receipt(facts)
        rules = sorted({finding.rule for finding in checked.findings})
        return NewSubmission(
            submission=submission,
            idempotency_key=key,
            digest=digest,
            record=canonical(checked.record),
            document=document,
            attachments=checked.attachments,
            reference=body.get("reference"),
            receipt=receipt,
            evidence=(
                EvidenceEntry("received", {"receipt": receipt, "key": self.keys.receipt_key}),
                EvidenceEntry("validated", _validated(checked.service, document, rules)),
            ),
        )

    async def _checked(self, client: Client, body: Mapping[str, Any], corrected: UUID | None = None) -> Checked:
        """Raises `RecordInvalid` and others of the tree where the record itself cannot be looked at."""
        faults = shape(body)
        test, record = body.get("test") is True, body.get("record")
        service, municipality = self._addressed(client, body, faults)
        if not isinstance(record, dict):
            raise RecordInvalid(findings=tuple(faults))
        told = any(one.pointer == "/test" for one in faults)
        if not told and not offers(municipality, service.id, test=test):
            wrong = _NOT_FOR_TESTS if test else _ONLY_FOR_TESTS
            raise _with(faults, ServiceNotOffered(findings=(wrong,)))
        service = service.rules_for(municipality.ars)
        # what is wrong with the list itself is told already; rules of attachments are not asked of a part of it
        whole = not any(one.pointer.startswith("/attachments") for one in faults)
        files = await named(self.store, client, (body.get("attachments") or []) if whole else [], corrected)
        record = cast("Mapping[str, Any]", nfc(record))
        around = Around(
            self.new_id(),
            self.new_id(),
            self.clock.now(),
            municipality.ars,
            municipality.name,
            PRODUCT,
            files.attachments,
            test=test,
        )
        if len(str(record)) < (RULED_IN_A_THREAD_FROM if service.asks_rules else IN_A_THREAD_FROM):
            document, found = self._document(service, record, around)
        else:
            document, found = await asyncio.to_thread(self._document, service, record, around)
        if not whole:
            found = [one for one in found if not one.pointer.startswith("/attachments")]
        findings = (*faults, *files.missing, *files.without_consequences(found))
        return Checked(
            service, municipality, record, files.attachments, document, findings, around.case_id, files.reused
        )

    def _addressed(
        self, client: Client, body: Mapping[str, Any], faults: list[Finding]
    ) -> tuple[Service, Municipality]:
        """What the body is for; where that is unknown, the error holds the other faults too."""
        service, municipality = body.get("service"), body.get("municipality")
        if not isinstance(service, str) or not isinstance(municipality, str):
            raise RecordInvalid(findings=tuple(faults))
        try:
            return self._offered(client, service, municipality)
        except BadInput as error:
            raise _with(faults, error) from None

    @staticmethod
    def _document(service: Service, record: Mapping[str, Any], around: Around) -> tuple[Document | None, list[Finding]]:
        today = german_time(around.created_at)[0].date()
        findings = service.check(record, around.attachments, ars=around.ars, today=today)
        if any(finding.severity is Severity.ERROR for finding in findings):
            return None, findings
        document, more = service.document(record, around)
        return document, [*findings, *more]

    def _offered(self, client: Client, service_id: str, ars: str) -> tuple[Service, Municipality]:
        service = self.catalogue.get(service_id) if service_id in self.catalogue.ids() else None
        if service is not None and client.services is not None and service_id not in client.services:
            service = None
        municipality = self.municipalities.get(ars)
        if client.municipalities and ars not in client.municipalities:
            municipality = None
        no_town = _at("/municipality", "unknown_municipality", UnknownMunicipality)
        if service is None:
            nothing = _at("/service", "unknown_service", UnknownService)
            raise UnknownService(findings=(nothing,) if municipality else (nothing, no_town))
        if municipality is None:
            raise UnknownMunicipality(findings=(no_town,))
        if not offers(municipality, service_id):
            raise ServiceNotOffered(findings=(_at("/service", "service_not_offered", ServiceNotOffered),))
        return service, municipality


def _with(faults: Sequence[Finding], error: BadInput) -> BadInput:
    """The error, or where more is wrong one that holds everything."""
    return RecordInvalid(findings=(*faults, *error.findings)) if faults else error


def offers(municipality: Municipality, service: str, *, test: bool | None = None) -> bool:
    """Whether the municipality has a destination for the service: for those of a `test`, live ones, or any (None)."""
    return municipality.destination_for(service, test=test) is not None


_NOT_FOR_TESTS = Finding(
    "/test",
    "test_not_taken",
    "Für Testanträge gibt es hier keinen Zustellpunkt (`takes` in der Kommunendatei); es wurde nichts übernommen.",
    "There is no destination for test applications here (`takes` in the municipality file); nothing was taken over.",
)
_ONLY_FOR_TESTS = Finding(
    "/test",
    "only_tests_taken",
    "Diesen Dienst gibt es hier nur für Testanträge (`test: true`); es wurde nichts übernommen.",
    "This service is here for test applications only (`test: true`); nothing was taken over.",
)


def canonical(value: object) -> bytes:
    """JSON with sorted keys and no white space, UTF-8: the bytes that digests are taken over."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def shape(body: Mapping[str, Any]) -> list[Finding]:
    """Every fault of the body around the record: unknown and missing keys, wrong types, patterns, doubled uploads."""
    findings = [_unknown(f"/{token(key)}") for key in body if key not in KEYS]
    for key, (kind, required, german) in KEYS.items():
        value = body.get(key)
        if key not in body:
            findings += [_missing(f"/{key}")] if required else []
        elif value is None and not required:
            continue
        elif not isinstance(value, kind):
            findings.append(_typed(f"/{key}", german, kind.__name__))
    reference = body.get("reference")
    if isinstance(reference, str) and not REFERENCE.fullmatch(reference):
        findings.append(
            Finding(
                "/reference",
                "pattern",
                "Erlaubt sind 1 bis 64 Zeichen aus A–Z, a–z, 0–9 und . _ : / -.",
                "Allowed are 1 to 64 characters of A–Z, a–z, 0–9 and . _ : / -.",
            )
        )
    attachments = body.get("attachments")
    if isinstance(attachments, list):
        findings += _attachment_shapes(attachments)
    return findings


def _attachment_shapes(listed: list[Any]) -> list[Finding]:
    if len(listed) > MAX_ATTACHMENTS:
        limit = f"{MAX_ATTACHMENTS}"
        return [Finding("/attachments", "too_many", f"Höchstens {limit} Anlagen.", f"At most {limit} attachments.")]
    findings: list[Finding] = []
    seen: set[str] = set()
    for no, item in enumerate(listed):
        place = f"/attachments/{no}"
        if not isinstance(item, dict):
            findings.append(_typed(place, "Objekt", "object"))
            continue
        findings += [_unknown(f"{place}/{token(key)}") for key in item if key not in ATTACHMENT_KEYS]
        for key in ATTACHMENT_KEYS:
            if key not in item:
                findings.append(_missing(f"{place}/{key}"))
            elif not isinstance(item[key], str):
                findings.append(_typed(f"{place}/{key}", "Text", "string"))
        findings += _upload_shape(f"{place}/upload", item.get("upload"), seen)
    return findings


def _upload_shape(place: str, upload: object, seen: set[str]) -> list[Finding]:
    if not isinstance(upload, str):
        return []
    try:
        name = str(UUID(upload))
    except ValueError:
        return [Finding(place, "format", "Erwartet wird die UUID eines Uploads.", "The UUID of an upload is expected.")]
    if name in seen:
        return [Finding(place, "doubled", "Ein Upload darf nur einmal vorkommen.", "An upload may occur only once.")]
    seen.add(name)
    return []


def _receipt(submission: Submission, checked: Checked, document: Document, now: datetime) -> dict[str, Any]:
    return {
        "iss": checked.municipality.public_url,
        "sub": str(submission.id),
        "iat": int(now.timestamp()),
        "client_id": submission.client,
        "service": submission.service,
        "municipality": submission.municipality,
        "document": {"sha256": document.sha256, "schema_uri": document.schema_uri},
        "attachments": [{"kind": a.kind, "sha256": a.sha256, "size": a.size} for a in checked.attachments],
    }


def _validated(service: Service, document: Document, rules: Sequence[str]) -> dict[str, Any]:
    """What evidence keeps of the validation: how each stage ended, which rules were told, which bytes were judged."""
    return {
        "schema_uri": document.schema_uri,
        "valid": True,
        "rules": list(rules),
        "stages": dict(service.passed_stages),
        "document_sha256": document.sha256,
    }


def _unknown(pointer: str) -> Finding:
    return Finding(pointer, "unknown_key", "Diese Angabe ist hier nicht vorgesehen.", "This key is not expected here.")


def _missing(pointer: str) -> Finding:
    return Finding(pointer, "missing", "Diese Angabe ist nötig und fehlt.", "This key is required and missing.")


def _typed(pointer: str, german: str, english: str) -> Finding:
    return Finding(pointer, "type", f"Erwartet wird: {german}.", f"Expected: {english}.")


def _at(pointer: str, rule: str, error: type[UnknownService | UnknownMunicipality | ServiceNotOffered]) -> Finding:
    return Finding(pointer, rule, error.de, error.en)
