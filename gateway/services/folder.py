"""One folder becomes a service, or every fault of its files at once.

Knows: the files of a service. Never does: serve half of them. Standard: file formats of this project.
Start reading: `service_of`, then `_Folder.joined`.

A folder holds `service.toml`, `form.xml` (XDatenfelder 2.0 or 3.0.0), `codelists/*.xml|gc` (genericode, where the form
refers to lists), `mapping.toml`, `texts.toml` (English, optional), `rules.sch` (Schematron for the document, optional),
`messages/<standard>.toml` (for each other standard that a municipality may choose) and `examples/ordinary.json`, which
has to pass its own service; `extreme.json` and `faulty.json` are for tests.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar

from gateway.errors.sentences import Sentences
from gateway.input import regular_file
from gateway.model import Finding, Severity
from gateway.services import definition as head
from gateway.services.attachments import sample
from gateway.services.cross_checks import incoherent, unattached
from gateway.services.document_schema import Chosen, document_schema
from gateway.services.messages import MessageTemplates, widened
from gateway.services.service import Compiled, Service
from gateway.sets.library import Library
from gateway.settings.toml import NotToml, parse
from gateway.xoev import fim
from gateway.xoev.fim import genericode
from gateway.xoev.fim.genericode import Lists
from gateway.xoev.form.filling import plan
from gateway.xoev.form.texts import Texts
from gateway.xoev.mapping.model import Mapping as Mapped
from gateway.xoev.mapping.reading import read_mapping
from gateway.xoev.message.around import rehearsal
from gateway.xoev.message.binding import Sources, shapes
from gateway.xoev.record import own_rules
from gateway.xoev.record.checking import RecordCheck
from gateway.xoev.record.json_schema import build
from gateway.xoev.record.normal_record import Normaliser
from gateway.xoev.schema import compiled_xsd
from gateway.xoev.schematron import RuleSet

_T = TypeVar("_T")
_MAX_FILE: Final = 8 << 20


def service_of(
    folder: Path, faults: list[Finding], messages: MessageTemplates, installed: Callable[[], Library]
) -> Service | None:
    """The service of a folder; None where its files do not make one, which `faults` say then."""
    return _Folder(folder, faults, messages, installed).load()


class _Folder:
    """One folder being loaded; goes on after a fault as far as the rest can be judged."""

    def __init__(
        self, folder: Path, faults: list[Finding], messages: MessageTemplates, installed: Callable[[], Library]
    ) -> None:
        self.folder = folder
        self.faults = faults
        self.messages = messages
        self.installed = installed
        self.differences: tuple[Finding, ...] = ()

    def load(self) -> Service | None:
        """The service; beside faults stand the harmless differences of its published XSD, which may explain them."""
        before = len(self.faults)
        service = self.joined()
        if len(self.faults) > before:
            self.faults += self.differences
        return service

    def joined(self) -> Service | None:
        before = len(self.faults)
        described = self.toml("service.toml")
        definition = None if described is None else self.taken("service.toml", head.read(described))
        form = self.form()
        texts = self.toml("texts.toml", optional=True) or {}
        examples = {path.stem: self.json(f"examples/{path.name}") for path in self.examples()}
        table = self.toml("mapping.toml")
        chosen = self.document_schema(form, definition)
        joined = chosen.form if chosen else form
        mapping = None if table is None else self.taken("mapping.toml", read_mapping(table, joined))
        named = self.texts(texts, form)
        self.differing(chosen, mapping)
        if chosen is None or definition is None or named is None or mapping is None or len(self.faults) > before:
            return None
        schema = chosen.schema
        root = plan(schema, chosen.form, mapping, named)
        identifier = f"urn:x-ozg-gateway:service:{definition.id}:record:{definition.version}"
        record_schema, labels = build(root, mapping.rules, identifier=identifier, title=definition.titles["de"])
        for name, fault in incoherent(definition, labels.keys(), named):
            self.taken(name, (None, (fault,)))
        entries = enumerate(mapping.fields.values())
        for pointer, entry in ((f"/fields/{number}/attachment", entry) for number, entry in entries):
            self.taken("mapping.toml", (None, tuple(unattached(pointer, entry, chosen.form, definition.attachments))))
        if len(self.faults) > before:
            return None
        check = RecordCheck(record_schema, labels, root, mapping.rules)
        rules = self.rules(schema)
        offered = self.messages.of(self.folder, Sources(shapes(record_schema), labels), self.faults)
        normaliser = Normaliser(root, labels)
        compiled = Compiled(
            schema, root, named, record_schema, check, normaliser, examples, rules, offered, self.differences
        )
        service = Service(widened(definition, offered), compiled)
        if definition.signature.enveloped and not service.signature_place:
            self.fault("service.toml", "/signature/packaging", "signature_place")
        self.passes(service)
        return service

    def form(self) -> fim.FormSchema | None:
        raw = self.raw("form.xml")
        if raw is None:
            return None
        before = len(self.faults)
        lists = self.code_lists()
        unread = len(self.faults) > before  # a list that is there, but which one it is nobody can tell
        form = self.taken("form.xml", fim.read(raw, lists))
        notices = form.notices if form and not unread else ()
        unlisted = [replace(notice, severity=Severity.ERROR) for notice in notices if notice.rule == "fim_list_absent"]
        self.taken("form.xml", (None, tuple(unlisted)))
        return form

    def document_schema(self, form: fim.FormSchema | None, definition: head.Definition | None) -> Chosen | None:
        if form is None:
            return None
        chosen, faults = document_schema(form, definition.document if definition else None, self.installed)
        self.faults += self.placed(faults)
        return chosen

    def differing(self, chosen: Chosen | None, mapping: Mapped | None) -> None:
        differences = self.placed(chosen.differences(mapping) if chosen else ())
        self.faults += [difference for difference in differences if difference.severity is Severity.ERROR]
        self.differences = tuple(difference for difference in differences if difference.severity is not Severity.ERROR)

    def placed(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        return tuple(replace(finding, pointer=f"{self.folder.name}/{finding.pointer}") for finding in findings)

    def rules(self, schema: compiled_xsd.Schema) -> RuleSet | None:
        source = self.raw("rules.sch", optional=True)
        return None if source is None else self.taken("rules.sch", own_rules.read(source, schema))

    def code_lists(self) -> Lists:
        lists = sorted(
            path.name for path in (self.folder / "codelists").glob("*") if path.suffix.lower() in genericode.SUFFIXES
        )
        names = [f"codelists/{name}" for name in lists]
        content = {name: raw for name in names if (raw := self.raw(name)) is not None}
        read = {name: self.taken(name, genericode.read([raw])) for name, raw in content.items()}
        tables = {name: table for name, table in read.items() if table is not None}
        twice = genericode.contradicting(tables)
        self.faults += [replace(fault, pointer=f"{self.folder.name}/{fault.pointer}") for fault in twice]
        return Lists(list(tables.values()))

    def texts(self, table: Mapping[str, Any], form: fim.FormSchema | None) -> Texts | None:
        """The texts of the second language, or None where the file has no such shape or there is no form."""
        labels, codes = table.get("labels", {}), table.get("codes", {})
        sound = isinstance(labels, dict) and isinstance(codes, dict) and not set(table) - {"labels", "codes"}
        tables = [("/labels", labels), *((f"/codes/{name}", names) for name, names in codes.items())] if sound else []
        misshapen = [
            pointer
            for pointer, entries in tables
            if not isinstance(entries, dict) or not all(isinstance(text, str) and text for text in entries.values())
        ]
        for pointer in misshapen if sound else ["/"]:
            self.fault("texts.toml", pointer, "texts_shape")
        if misshapen or not sound or form is None:
            return None
        known = {form.id, *(element.id for _, element in form.elements())}
        for pointer, entries in (("/labels", labels), ("/codes", codes)):
            for name in sorted(set(entries) - known):
                self.fault("texts.toml", f"{pointer}/{name}", "texts_unknown")
        return Texts(form, labels, codes)

    def examples(self) -> list[Path]:
        paths = sorted((self.folder / "examples").glob("*.json"))
        if not any(path.name == "ordinary.json" for path in paths):
            self.fault("examples/ordinary.json", "", "missing_file")
        return paths

    def passes(self, service: Service) -> None:
        """The ordinary example has to pass its own service, or portals would get a wrong example."""
        record = service.compiled.examples["ordinary"]
        required = {"attachment_missing", "attachment_expected"}
        findings = [finding for finding in service.check(record, (), ars="") if finding.rule not in required]
        around = rehearsal("", sample(service.attachments, service.compiled.plan))
        findings += service.document(record, around)[1] if not findings else []
        name = f"{self.folder.name}/examples/ordinary.json"
        self.faults += [replace(fault, pointer=f"{name}#{fault.pointer.removeprefix('/record')}") for fault in findings]

    def taken(self, name: str, result: tuple[_T | None, tuple[Finding, ...]]) -> _T | None:
        value, faults = result
        self.faults += [replace(fault, pointer=f"{self.folder.name}/{name}#{fault.pointer}") for fault in faults]
        return value

    def raw(self, name: str, *, optional: bool = False) -> bytes | None:
        path = self.folder / name
        try:
            if path.stat().st_size > _MAX_FILE:
                self.fault(name, "", "file_too_large")
                return None
            return regular_file.content(path)
        except OSError:
            if not optional:
                self.fault(name, "", "missing_file")
            return None

    def toml(self, name: str, *, optional: bool = False) -> dict[str, Any] | None:
        raw = self.raw(name, optional=optional)
        if raw is None:
            return None
        try:
            return parse(raw)
        except NotToml as error:
            self.fault(name, f"/{error.line}" if error.line else "", "not_toml", (error.de, error.en))
        return None

    def json(self, name: str) -> dict[str, Any]:
        raw = self.raw(name)
        if raw is None:
            return {}
        try:
            value = json.loads(raw)
        except (ValueError, RecursionError) as error:
            self.fault(name, f"/{getattr(error, 'lineno', '')}", "not_json")
            return {}
        if not isinstance(value, dict):
            self.fault(name, "", "not_json")
            return {}
        return value

    def fault(self, name: str, pointer: str, rule: str, *params: str | tuple[str, str]) -> None:
        self.faults.append(_fault(f"{self.folder.name}/{name}#{pointer}".rstrip("#"), rule, *params))


NO_PLACE: Final = (
    "Das Schema hat keinen Platz für eine Signatur im Dokument; bitte packaging = detached.",
    "The schema has no place for a signature in the document; use packaging = detached.",
)
SENTENCES: Final = {
    "missing_file": (
        "Diese Datei fehlt oder ist nicht lesbar; bitte anlegen oder die Rechte ändern.",
        "This file is missing or cannot be read; write it or change its permissions.",
    ),
    "file_too_large": ("Die Datei ist größer als 8 MiB; bitte kürzen.", "The file is larger than 8 MiB; shorten it."),
    "not_toml": ("Die Datei ist hier kein gültiges TOML: {0}.", "Here the file is not valid TOML: {0}."),
    "not_json": (
        "Die Datei ist (ab dieser Zeile) kein gültiges JSON-Objekt.",
        "The file is (from this line) not a valid JSON object.",
    ),
    "texts_shape": (
        "Erlaubt sind nur die Tabellen [labels] und [codes.F…], in denen jeder Wert ein Text ist.",
        "Only the tables [labels] and [codes.F…] are allowed, in which each value is a text.",
    ),
    "texts_unknown": (
        "Diese Kennung gibt es im Stammdatenschema nicht; bitte berichtigen oder entfernen.",
        "The form schema has no such id; correct or remove it.",
    ),
    "signature_place": NO_PLACE,
}


_fault: Final = Sentences(SENTENCES).finding
