"""A service: what portals, intake and delivery ask of an online service.

Knows: its compiled schema, mapping, texts and rules. Never does: I/O; everything was read by `folder.py`.
Standard: see `gateway/xoev`. Start reading: `Service`.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final, cast

from gateway import __version__
from gateway.model import Attachment, Destination, Document, Finding, Severity, SignatureStyle
from gateway.services import attachments as attachment_rules
from gateway.services.definition import AttachmentRule, Definition
from gateway.services.messages import Offered
from gateway.xoev.form.filling import FillingPlan, fill
from gateway.xoev.form.texts import Texts
from gateway.xoev.form.writing import document as write_document
from gateway.xoev.mapping.attached import shown
from gateway.xoev.mapping.model import look_up
from gateway.xoev.message.around import Around, Product, rehearsal
from gateway.xoev.message.template import Setting, Template, trace
from gateway.xoev.readable import application as readable
from gateway.xoev.readable import calendar
from gateway.xoev.readable.calendar import Wish
from gateway.xoev.record.checking import RecordCheck, within_limits
from gateway.xoev.record.consequences import own
from gateway.xoev.record.normal_record import Normaliser
from gateway.xoev.record.sentences import finding
from gateway.xoev.report import Scenario, Stage, StageState
from gateway.xoev.schema.compiled_xsd import Schema
from gateway.xoev.schema.sets import CompiledSet
from gateway.xoev.schema.signature_place import has_place
from gateway.xoev.schematron import RuleSet
from gateway.xoev.xml.strict_xml import parse

XFALL: Final = "xfall"
PRODUCT: Final = Product("OZG-Gateway", "The founders of the OZG gateway", __version__)
"""The software that writes, as messages name it."""
MAX_DOCUMENT_BYTES: Final = 9_900_000
"""FIT-Connect takes 10 MB of document (reference §2.3); a signature inside is still to come."""
_LEIKA: Final = "urn:de:fim:leika:leistung:"
_NAMELESS: Final = readable.Names()
_OWN: Final = "urn:x-ozg-gateway:service:"


@dataclass(frozen=True, slots=True)
class Compiled:
    """What is made once from a service's files and shared by all municipalities."""

    schema: Schema
    plan: FillingPlan
    texts: Texts
    record_schema: Mapping[str, Any] = field(repr=False)
    check: RecordCheck = field(repr=False)
    normaliser: Normaliser = field(repr=False)
    examples: Mapping[str, Mapping[str, Any]] = field(repr=False)
    rules: RuleSet | None = field(default=None, repr=False)
    messages: Mapping[str, Offered] = field(default_factory=dict, repr=False)
    differences: tuple[Finding, ...] = field(default=(), repr=False)
    """Where a published XSD and the form differ without harm."""


@dataclass(frozen=True, slots=True)
class Service:
    """An online service. `variants` holds its definition for each municipality (ARS) that overrides parameters."""

    definition: Definition
    compiled: Compiled
    variants: Mapping[str, Definition] = field(default_factory=dict, repr=False)

    @property
    def id(self) -> str:
        """The stable id that portals use."""
        return self.definition.id

    @property
    def version(self) -> str:
        """The version of the service's data."""
        return self.definition.version

    @property
    def titles(self) -> Mapping[str, str]:
        """The titles by language (`de`, `en`)."""
        return self.definition.titles

    @property
    def leika_key(self) -> str | None:
        """The 14 digits, or None for a service that has no key; none is ever invented."""
        return self.definition.leika_key

    @property
    def identifier(self) -> str:
        """The service identifier for FIT-Connect: by LeiKa key, else one of this gateway's own."""
        return f"{_LEIKA}{self.leika_key}" if self.leika_key else f"{_OWN}{self.id}"

    @property
    def standard(self) -> str:
        """The standard of the document: `xfall`, or that of a message where a municipality asks for it."""
        return self.definition.standard

    @property
    def template(self) -> Template | None:
        """What writes the document where it is a message of another standard; None for XFall."""
        offered = self.compiled.messages.get(self.standard)
        return offered.template if offered else None

    @property
    def assurance(self) -> str:
        """How surely the person has to be known: none, basic, substantial or high."""
        return self.definition.assurance

    @property
    def accounts(self) -> tuple[str, ...]:
        """Whose logins go with an application: `person`, `organisation`; empty: either's."""
        return self.definition.accounts

    @property
    def attachments(self) -> tuple[AttachmentRule, ...]:
        """What the service asks for beside the record."""
        return self.definition.attachments

    @property
    def setting(self) -> Setting:
        """What the municipality says about its messages."""
        return Setting(self.definition.message, {rule.kind: rule.title_de for rule in self.attachments})

    @property
    def namespace(self) -> str:
        """The XML namespace of the document."""
        return self.template.mapping.namespace if self.template else self.compiled.schema.namespace

    @property
    def schema_uri(self) -> str:
        """The schema's address in FIT-Connect metadata: as set in `service.toml` or the message, else the namespace."""
        return self.template.mapping.schema_uri if self.template else self._form_uri

    @property
    def schema_uris(self) -> tuple[str, ...]:
        """The schemas of every document that the service can write, for destinations that take them all."""
        return (self._form_uri, *(offered.mapping.schema_uri for offered in self.compiled.messages.values()))

    @property
    def _form_uri(self) -> str:
        return self.definition.schema_uri or self.compiled.schema.namespace

    @property
    def xsd(self) -> bytes:
        """The exact XSD that decides about documents."""
        return self.template.schema.source if self.template else self.compiled.schema.source

    @property
    def special_categories(self) -> tuple[str, ...]:
        """Special categories of personal data that records may hold (GDPR article 9)."""
        return self.definition.special_categories

    def signature_for(self, destination: Destination | None) -> SignatureStyle:
        """How a document for that destination is signed: as the destination asks, else as the service says."""
        asked = None if destination is None else destination.signature
        return self.definition.signature if asked is None else asked

    @property
    def signature_place(self) -> bool:
        """Whether the schema has a place for a signature in the document."""
        return has_place(self.xsd, "" if self.template else self.compiled.schema.root.name)

    def still_valid(self, document: Document) -> bool:
        """Whether a document that was changed after writing (signed inside) is valid by its schema."""
        root = parse(document.content).root
        return root is not None and not self._judge.errors(root)

    @property
    def _judge(self) -> Schema | CompiledSet:
        return self.template.schema if self.template else self.compiled.schema

    @property
    def scenario(self) -> Scenario:
        """What a document of the service is asked, for a report."""
        rules = None if self.template else self.compiled.rules
        named = ((f"{self.id}/rules.sch", rules),) if rules else ()
        return Scenario(f"{self.id} {self.version}", self._judge, self.namespace, named)

    @property
    def asks_rules(self) -> bool:
        """Whether documents are asked Schematron rules, of the service or of their standard."""
        return self.compiled.rules is not None or (self.template is not None and bool(self.template.rules))

    @property
    def passed_stages(self) -> Mapping[str, str]:
        """How each stage ended for a document that was taken over: passed, or there was nothing to ask.

        The document was written here, so it is well-formed; a record that breaks DIN 91379 or a rule becomes none.
        """
        passed = {Stage.WELL_FORMED, Stage.SCHEMA, Stage.CHARACTERS, Stage.SERVICE}
        passed |= {Stage.RULES} if self.asks_rules else set()
        passed |= {Stage.CODE_LISTS} if self.template is not None and self.template.judges_codes else set()
        return {stage.value: (StageState.PASSED if stage in passed else StageState.NOT_ASKED).value for stage in Stage}

    def rules_for(self, ars: str) -> Service:
        """The service with a municipality's overrides applied.

        Args:
            ars: the municipality's 12-digit ARS; one without overrides gets the service as it is.
        """
        variant = self.variants.get(ars)
        return self if variant is None else replace(self, definition=variant)

    def check(
        self, record: object, attachments: Sequence[Attachment], *, ars: str, today: date | None = None
    ) -> list[Finding]:
        """Everything that is wrong with record and attachments, at once.

        Args:
            record: the value of `record` in the create body, whatever it is.
            attachments: in the order of the create body, sizes as uploaded.
            ars: the municipality, for its overrides.
            today: the day of receipt in Germany; without it rules that count from that day are not asked.

        Returns:
            findings with pointers `/record/…` and `/attachments/N/…`; empty for an acceptable application.
        """
        ruled = self.rules_for(ars)
        added = 1 if self.definition.calendar is None else 2  # the readable application, the calendar file
        technical = within_limits(record)
        if technical:
            return technical + attachment_rules.check(ruled.attachments, attachments, {}, added=added)
        normal, replaced = self.compiled.normaliser.normal(cast("dict[str, object]", record))
        findings = self.compiled.check.findings(normal, today) + replaced
        if not any(finding.severity is Severity.ERROR for finding in findings):
            findings += self._wishes(normal)[1]
        findings += attachment_rules.check(ruled.attachments, attachments, normal, added=added)
        if ruled.template is not None and any(finding.severity is Severity.ERROR for finding in findings):
            findings += ruled.message_findings(normal, rehearsal(ars, attachments), findings)
        return findings

    def message_findings(self, record: Mapping[str, object], around: Around, known: Sequence[Finding]) -> list[Finding]:
        """Findings of the message beside the known ones, so that a portal gets all of them at once."""
        assert self.template is not None
        if any(finding.rule == "wrong_type" for finding in known):
            return []  # what a message takes instead of such a value, or leaves out, says nothing
        pointers = {finding.pointer for finding in known}
        _, findings = self.template.fill(record, around, self.setting)
        findings = [finding for finding in findings if finding.pointer not in pointers]
        return own(findings, [*known, *findings], self.compiled.check.rules)

    def document(
        self, record: Mapping[str, Any], around: Around | None = None
    ) -> tuple[Document | None, list[Finding]]:
        """The document of a record, validated.

        Args:
            record: a record; it is normalised here and judged by the XSD whether `check` saw it or not.
            around: ids, instants and attachments; a message cannot do without, a form only where no field names a file.

        Returns:
            the document and findings that stop nothing, or None and the findings; pointers are into the create body.
        """
        normal = self.compiled.normaliser.normal(record)[0]
        filled, findings = fill(self.compiled.plan, normal, around.attached() if around else ())
        if findings:
            return None, findings
        form, noted = write_document(
            self.compiled.schema, filled, standard=XFALL, schema_uri=self._form_uri, rules=self.compiled.rules
        )
        template = self.template
        if form is None:
            return None, noted
        if template is None:
            return _deliverable(form, noted)
        if around is None:
            raise TypeError(f"{self.standard} needs to know what is around the record")
        if template.embeds and (blank := filled.blanks()):
            return None, noted + blank
        document, findings = template.document(normal, around, self.setting, form.content)
        return _deliverable(document, noted + findings)

    def trace(self, record: Mapping[str, Any], around: Around | None = None) -> list[dict[str, str]]:
        """Which value of the record went where: pointer, path of elements, type of the value; no values."""
        normal = self.compiled.normaliser.normal(record)[0]
        if self.template is not None and around is not None:
            return list(trace(self.template.fill(normal, around, self.setting)[0]))
        return fill(self.compiled.plan, normal, around.attached() if around else ())[0].trace()

    def calendar(self, record: Mapping[str, Any], *, uid: str, received_at: datetime, place: str) -> bytes | None:
        """The wished times as a calendar file; None for a service without appointments, and where none is wished.

        Args:
            record: a record that `check` accepts.
            uid: names the application, for all time.
            received_at: with time zone.
            place: where the appointment would be.
        """
        normal = self.compiled.normaliser.normal(record)[0]
        wishes = self._wishes(normal)[0]
        if not wishes or self.definition.calendar is None:
            return None
        summary = look_up(normal, self.definition.calendar.summary)
        title = self.titles["de"] if summary is None else str(summary)
        return calendar.write(calendar.Sheet(uid, received_at, title, place, wishes))

    def _wishes(self, normal: Mapping[str, object]) -> tuple[list[Wish], list[Finding]]:
        """The wished times of a normalised record, and a finding for each that is none."""
        where = self.definition.calendar
        if where is None:
            return [], []
        wishes: list[Wish] = []
        findings: list[Finding] = []
        minutes = look_up(normal, where.minutes)
        for number, row in enumerate(cast("list[dict[str, object]]", look_up(normal, where.times) or [])):
            if wish := calendar.wish(row.get("date"), row.get("time"), minutes):
                wishes.append(wish)
            else:
                findings.append(finding(f"/record/{'/'.join(where.times)}/{number}", "calendar_time"))
        return wishes, findings

    def record_schema(self) -> dict[str, Any]:
        """The JSON Schema 2020-12 of the record."""
        schema = self.compiled.record_schema
        return self.template.demanding(schema) if self.template else copy.deepcopy(dict(schema))

    def example(self, ars: str) -> dict[str, Any]:
        """A complete create body for a municipality: every required attachment listed, `upload` empty."""
        return {
            "service": self.id,
            "municipality": ars,
            "record": copy.deepcopy(dict(self.compiled.examples["ordinary"])),
            "attachments": [
                {
                    "kind": rule.kind,
                    "filename": f"{rule.title_de}.{_EXTENSIONS.get(rule.media_types[0], 'bin')}",
                    "media_type": rule.media_types[0],
                    "upload": "",
                }
                for rule in self.rules_for(ars).attachments
                if rule.required
                for _ in range(attachment_rules.least(rule, self.compiled.plan))
            ],
            "reference": f"beispiel-{self.id}",
        }

    def readable(  # noqa: PLR0913 - what stands on the pages, each by name
        self,
        record: Mapping[str, Any],
        *,
        municipality_name: str,
        received_at: datetime,
        attachments: Sequence[Attachment],
        language: str = "de",
        names: readable.Names = _NAMELESS,
        login: tuple[str, str] | None = None,
    ) -> bytes:
        """The readable application as PDF/UA-1; the same input always gives the same bytes.

        Args:
            record: a record that `document` accepts.
            municipality_name: as people know it.
            received_at: with time zone; shown in German local time.
            attachments: listed with size and SHA-256.
            language: `de` or `en`.
            names: what stands on every page.
            login: how the applicant logged in, in German and English.
        """
        filled, _ = fill(self.compiled.plan, self.compiled.normaliser.normal(record)[0], shown(attachments))
        titles = {rule.kind: (rule.title_de, rule.title_en) for rule in self.attachments}
        head = readable.PageHead(
            title=(self.titles["de"], self.titles["en"]),
            municipality=municipality_name,
            received_at=received_at,
            schema=f"{self.namespace} · {self.id} {self.version}",
            names=names,
            login=login,
        )
        listed = [
            readable.Listed(
                titles.get(file.kind, (file.kind, file.kind)), file.filename, file.media_type, file.size, file.sha256
            )
            for file in attachments
        ]
        return readable.write(filled, self.compiled.texts, head, listed, language)


def _deliverable(document: Document | None, findings: list[Finding]) -> tuple[Document | None, list[Finding]]:
    """The document, unless it is larger than any destination takes."""
    if document is None or len(document.content) <= MAX_DOCUMENT_BYTES:
        return document, findings
    return None, [*findings, finding("/record", "document_too_large", limit=MAX_DOCUMENT_BYTES)]


_EXTENSIONS: Final = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg", "image/tiff": "tif"}
