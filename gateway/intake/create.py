"""Taking in: an application becomes findings, or a document and its first job in one transaction.

Knows: ports, the services. Never does: HTTP, SQL, delivery.
Standard: fixed interfaces §3, architecture §3.
Start reading: `Intake.create`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from gateway.errors import (
    BadInput,
    InternalError,
    LoginUnusable,
    RecordInvalid,
    ServiceNotOffered,
    UnknownMunicipality,
    UnknownService,
)
from gateway.german_time import german_date
from gateway.intake.body import Application, canonical
from gateway.intake.logins import NOTHING, UNUSABLE, Binding, Bound, unbound
from gateway.intake.named_files import named
from gateway.model import Attachment, Client, Destination, Document, Finding, Municipality, Severity, State, Submission
from gateway.ports.clock import Clock
from gateway.ports.keys import Keys
from gateway.ports.store import EvidenceEntry, NewSubmission, Store, View
from gateway.services.loader import Services
from gateway.services.service import PRODUCT, Service
from gateway.xoev.latin.datatypes import nfc
from gateway.xoev.message.around import Around

Admit = Callable[[], Awaitable[None]]
IN_A_THREAD_FROM = 32_768
"""Size of a record in bytes of JSON from which its checks leave the event loop."""
RULED_IN_A_THREAD_FROM = 4_096
"""The same for a record whose document is asked Schematron rules, which take four times as long."""


@dataclass(frozen=True, slots=True)
class Checked:
    """An application that has been looked at: what it means, its record as it is kept, and all that is wrong.

    There is no document where a finding is an error.
    """

    service: Service
    municipality: Municipality
    record: bytes
    attachments: tuple[Attachment, ...]
    document: Document | None
    findings: tuple[Finding, ...]
    id: UUID
    reused: frozenset[UUID]
    bound: Bound = NOTHING


@dataclass(frozen=True, slots=True)
class Intake:
    """What it takes to take in. `digest` is a keyed digest, `new_id` makes identifiers; both are given.

    Without a `binding` nobody can log in here.
    """

    store: Store
    services: Services
    municipalities: Mapping[str, Municipality]
    keys: Keys
    clock: Clock
    new_id: Callable[[], UUID]
    digest: Callable[..., bytes]
    binding: Binding | None = None

    async def validate(self, client: Client, application: Application) -> tuple[Finding, ...]:
        """Every finding of an application, without taking anything over."""
        try:
            return (await self._checked(client, application)).findings
        except BadInput as error:
            return error.findings

    async def create(
        self,
        client: Client,
        application: Application,
        key: str,
        *,
        supersedes: UUID | None = None,
        admit: Admit | None = None,
    ) -> View:
        """Take over one application: everything is on disk when this returns.

        `key` is the Idempotency-Key; the same key and content give the same answer again. `supersedes` is an earlier
        application of the client's that this one corrects, whose files it may name (see `gateway.intake.withdrawal`).
        `admit` is asked whether there is room for what is not known yet; what it raises goes on to the caller. Raises
        `RecordInvalid` with all findings, `IdempotencyConflict`, `Erased`, `UploadTaken`, `UploadUnknown`,
        `UnknownService`, `UnknownMunicipality`, `ServiceNotOffered`, `LoginUnusable`, `AssuranceTooLow`,
        `AccountNotAllowed`; where the signature stands in the document also `SigningKeyUnfit`, `SignerAway`.
        """
        digest = self.digest(b"body", application.content, *((supersedes.bytes,) if supersedes else ()))
        if known := await self.store.known(client.id, key, digest):
            return known
        if admit:
            await admit()
        checked = await self._checked(client, application, supersedes)
        destination = checked.municipality.destination_for(checked.service.id, test=application.test)
        if checked.document is None or destination is None:
            if checked.bound.refusals and (known := await self.store.known(client.id, key, digest)):
                return known  # by the same call, which used the login up meanwhile
            raise _refused(checked)
        document = await self._signed(checked.service, checked.municipality, destination, checked.document)
        submission = self._submission(client, application, checked, destination.channel)
        receipt = self.keys.sign_receipt(_receipt(submission, checked, document))
        new = NewSubmission(
            submission=submission,
            idempotency_key=key,
            digest=digest,
            record=checked.record,
            document=document,
            attachments=checked.attachments,
            reference=application.reference,
            receipt=receipt,
            evidence=(
                EvidenceEntry("received", {"receipt": receipt, "key": self.keys.receipt_key}),
                EvidenceEntry("validated", _validated(checked, document)),
                *checked.bound.evidence,
            ),
            supersedes=supersedes,
            login=checked.bound.taken,
            reused=checked.reused,
        )
        try:
            return await self.store.create(new)
        except LoginUnusable:  # another application took the login meanwhile
            raise LoginUnusable(findings=UNUSABLE.findings) from None

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

    def _submission(self, client: Client, application: Application, checked: Checked, channel: str) -> Submission:
        now = self.clock.now()
        return Submission(
            id=checked.id,
            municipality=checked.municipality.ars,
            client=client.id,
            service=checked.service.id,
            state=State.RECEIVED,
            version=0,
            created_at=now,
            updated_at=now,
            channel=channel,
            test=bool(application.test),
        )

    async def _checked(self, client: Client, application: Application, corrected: UUID | None = None) -> Checked:
        """Raises `RecordInvalid` and others of the tree where the record itself cannot be looked at."""
        faults, test = application.faults, application.test
        service, municipality = self._addressed(client, application)
        if application.record is None:
            raise RecordInvalid(findings=faults)
        if test is not None and not offers(municipality, service.id, test=test):
            wrong = _NOT_FOR_TESTS if test else _ONLY_FOR_TESTS
            raise _with(faults, ServiceNotOffered(findings=(wrong,)))
        service = service.rules_for(municipality.ars)
        bound = await self._bound(client, application, service, municipality, corrected)
        files = await named(self.store, client, application.attachments or (), corrected)
        record = cast("Mapping[str, Any]", nfc(application.record))
        kept = canonical(record)
        around = Around(
            self.new_id(),
            self.new_id(),
            self.clock.now(),
            municipality.ars,
            municipality.name,
            PRODUCT,
            files.attachments,
            test=bool(test),
        )
        if len(kept) < (RULED_IN_A_THREAD_FROM if service.asks_rules else IN_A_THREAD_FROM):
            document, judged = self._document(service, record, around)
        else:
            document, judged = await asyncio.to_thread(self._document, service, record, around)
        if application.attachments is None:  # what is wrong with the list is told; no rule is asked of a part of it
            judged = [finding for finding in judged if not finding.pointer.startswith("/attachments")]
        missing_at = {finding.pointer for finding in files.missing}  # no rule is asked of bytes that are not there
        judged = [finding for finding in judged if finding.pointer not in missing_at]
        findings = (*faults, *bound.findings, *files.missing, *judged)
        if any(finding.severity is Severity.ERROR for finding in findings):
            document = None
        return Checked(
            service, municipality, kept, files.attachments, document, findings, around.case_id, files.reused, bound
        )

    async def _bound(
        self,
        client: Client,
        application: Application,
        service: Service,
        municipality: Municipality,
        corrected: UUID | None,
    ) -> Bound:
        """The login that goes with the application."""
        if self.binding is None:
            return unbound(application.login, service, municipality)
        return await self.binding.of(
            client, application.login, service, municipality, now=self.clock.now(), corrected=corrected
        )

    def _addressed(self, client: Client, application: Application) -> tuple[Service, Municipality]:
        """What the application is for; where that is unknown, the error holds the other faults too."""
        if application.service is None or application.municipality is None:
            raise RecordInvalid(findings=application.faults)
        try:
            return self._offered(client, application.service, application.municipality)
        except BadInput as error:
            raise _with(application.faults, error) from None

    @staticmethod
    def _document(service: Service, record: Mapping[str, Any], around: Around) -> tuple[Document | None, list[Finding]]:
        today = german_date(around.created_at)
        findings = service.check(record, around.attachments, ars=around.ars, today=today)
        if any(finding.severity is Severity.ERROR for finding in findings):
            return None, findings
        document, more = service.document(record, around)
        return document, [*findings, *more]

    def _offered(self, client: Client, service_id: str, ars: str) -> tuple[Service, Municipality]:
        service = self.services.get(service_id) if service_id in self.services.ids() else None
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


def _refused(checked: Checked) -> BadInput:
    """Why nothing was taken over: the login alone is told by its own code, anything else with all findings."""
    errors = [finding for finding in checked.findings if finding.severity is Severity.ERROR]
    for refusal in checked.bound.refusals:
        if errors == [refusal.finding]:
            return refusal.raised(checked.findings)
    return RecordInvalid(findings=checked.findings)


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


def _receipt(submission: Submission, checked: Checked, document: Document) -> dict[str, Any]:
    return {
        "iss": checked.municipality.public_url,
        "sub": str(submission.id),
        "iat": int(submission.created_at.timestamp()),
        "client_id": submission.client,
        "service": submission.service,
        "municipality": submission.municipality,
        "document": {"sha256": document.sha256, "schema_uri": document.schema_uri},
        "attachments": [{"kind": a.kind, "sha256": a.sha256, "size": a.size} for a in checked.attachments],
    }


def _validated(checked: Checked, document: Document) -> dict[str, Any]:
    """What evidence keeps of the validation: how each stage ended, which rules were told, which bytes were judged."""
    return {
        "schema_uri": document.schema_uri,
        "valid": True,
        "rules": sorted({finding.rule for finding in checked.findings}),
        "stages": dict(checked.service.passed_stages),
        "document_sha256": document.sha256,
    }


def _at(pointer: str, rule: str, error: type[UnknownService | UnknownMunicipality | ServiceNotOffered]) -> Finding:
    return Finding(pointer, rule, error.de, error.en)
