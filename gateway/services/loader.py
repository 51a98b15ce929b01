"""Loading services: a directory of folders becomes services, or every fault of every file at once.

Knows: the files of a service. Never does: serve half of them. Standard: file formats of this project.
Start reading: `load`.

A folder holds `service.toml`, `form.xml` (XDatenfelder 2.0 or 3.0.0), `codelists/*.xml|gc` (genericode, where the form
refers to lists), `mapping.toml`, `texts.toml` (English, optional), `rules.sch` (Schematron for the document, optional),
`messages/<standard>.toml` (for each other standard that a municipality may choose) and `examples/ordinary.json`, which
has to pass its own service; `extreme.json` and `faulty.json` are for tests.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, TypeVar

from gateway.errors import DataInvalid, UnknownService
from gateway.errors.sentences import Sentences
from gateway.input import regular_file
from gateway.model import Finding, Severity
from gateway.services import definition as head
from gateway.services.attachments import sample
from gateway.services.cross_checks import incoherent, unattached
from gateway.services.document_schema import Chosen, document_schema
from gateway.services.messages import MessageTemplates, widened
from gateway.services.overrides import override
from gateway.services.service import Compiled, Service
from gateway.services.standard_support import speaks
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
_OWN: Final = Path(__file__).parent
_MAX_FILE: Final = 8 << 20


@dataclass(frozen=True, slots=True)
class Services:
    """All services of this gateway, by id."""

    _services: Mapping[str, Service] = field(default_factory=dict)

    def get(self, service_id: str) -> Service:
        """The service of that id; raises `UnknownService`."""
        try:
            return self._services[service_id]
        except KeyError:
            raise UnknownService(service=service_id) from None

    def ids(self) -> tuple[str, ...]:
        """The ids, sorted."""
        return tuple(sorted(self._services))

    def items(self) -> tuple[tuple[str, Service], ...]:
        """Ids with their services, sorted by id."""
        return tuple(sorted(self._services.items()))


def load(
    directory: Path | None = None,
    parameters: Mapping[str, Mapping[str, Mapping[str, Any]]] | None = None,
    installed: Callable[[], Library] | None = None,
) -> Services:
    """Load every service of a directory.

    Args:
        directory: holds one folder a service; None means the services that come with the gateway.
        parameters: ARS -> service id -> overrides, nested as in a municipality's file or with dotted keys.
        installed: gives the schema sets and code lists that messages of other standards need; None where none are.

    Returns:
        the services.

    Raises:
        DataInvalid: with all faults; pointers are `<folder>/<file>#<key path or /line/id>`.
    """
    faults: list[Finding] = []
    services: dict[str, Service] = {}
    broken: set[str] = set()
    messages = MessageTemplates(directory or _OWN, installed)
    for folder in _folders(directory or _OWN, faults):
        service = _Folder(folder, faults, messages, installed or Library).load()
        if service is None:
            broken.add(folder.name)
            continue
        if service.id != folder.name:
            faults.append(_named(folder.name, service.id))
        services[service.id] = service
    for ars, by_service in (parameters or {}).items():
        for service_id in sorted(by_service.keys() - broken):  # what is wrong with those is told already
            _apply(services, ars, service_id, by_service[service_id], faults)
    if faults:
        raise DataInvalid(findings=tuple(faults))
    return Services(services)


def shipped_ids() -> tuple[str, ...]:
    """The ids of the services that come with the gateway, without reading them: a folder has its service's id."""
    return tuple(folder.name for folder in _folders(_OWN, []))


def load_folder(folder: Path, installed: Callable[[], Library] | None = None) -> Service:
    """Load one service from its folder, whatever the folder is called; raises `DataInvalid` with all faults.

    `installed` gives the schema sets that a service may name for its documents; its messages are left out.
    """
    faults: list[Finding] = []
    service = _Folder(folder, faults, MessageTemplates(folder.parent, None), installed or Library).load()
    if service is None or faults:
        raise DataInvalid(findings=tuple(faults))
    return service


def _folders(directory: Path, faults: list[Finding]) -> list[Path]:
    if not directory.is_dir():
        faults.append(_fault(str(directory), "missing_directory"))
        return []
    folders = sorted(path for path in directory.iterdir() if path.is_dir() and path.name[:1] not in "._")
    return [path for path in folders if any(path.glob("*.toml"))]


def _apply(
    services: dict[str, Service], ars: str, service_id: str, values: Mapping[str, Any], faults: list[Finding]
) -> None:
    pointer = f"parameters/{ars}#/{service_id}"
    service = services.get(service_id)
    if service is None:
        faults.append(_fault(pointer, "unknown_service"))
        return
    changed, unfit = override(service.definition, values)
    faults += [replace(fault, pointer=pointer + fault.pointer) for fault in unfit]
    services[service_id] = replace(service, variants={**service.variants, ars: changed})
    if not unfit:
        faults += [replace(fault, pointer=pointer + fault.pointer) for fault in speaks(services[service_id], ars)]
        form, entries = service.compiled.texts.form, (part.entry for part in service.compiled.plan.walk() if part.entry)
        for entry in entries:
            faults += unattached(f"{pointer}/attachments/{entry.attachment}", entry, form, changed.attachments)


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
    "missing_directory": (
        "Das Verzeichnis der Dienste fehlt; bitte anlegen oder [services] dir berichtigen.",
        "The directory of services is missing; make it or correct [services] dir.",
    ),
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
    "unknown_service": (
        "Diesen Dienst gibt es nicht; seinen Ordner anlegen oder die Parameter entfernen.",
        "There is no such service; add its folder or remove the parameters.",
    ),
    "signature_place": NO_PLACE,
}


_fault: Final = Sentences(SENTENCES).finding


def _named(folder: str, service_id: str) -> Finding:
    return Finding(
        f"{folder}/service.toml#/id",
        "folder_name",
        f"Ordner und id müssen gleich heißen ({service_id}).",
        f"Folder and id have to be the same ({service_id}).",
    )
