"""Installed sets as values: compiled schemas, rules and code lists.

Knows: which sets answer each other's imports. Never does: I/O. Start reading: `Library`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from lxml import etree

from gateway.model import Finding
from gateway.sets.manifest import SetIdentity
from gateway.xoev import schematron
from gateway.xoev.codes.lists import CodeLists, Ending
from gateway.xoev.fim import genericode
from gateway.xoev.schema.sets import CompiledSet, SchemaSet, compile_file, compile_set, find
from gateway.xoev.schematron import RuleSet
from gateway.xoev.xml import strict_xml

_Compilation = tuple[CompiledSet | None, tuple[Finding, ...]]
_Rules = tuple[tuple[tuple[str, RuleSet], ...], tuple[Finding, ...]]


class Library:
    """What may be used. Safe from several threads; schemas, rules and lists are read lazily and memoised.

    Of several sets with one namespace the first one answers.
    """

    def __init__(
        self, sets: Iterable[tuple[SetIdentity, SchemaSet]] = (), endings: Mapping[str, Ending] | None = None
    ) -> None:
        self._sets = dict(sets)
        self._endings = endings
        self._compiled: dict[SetIdentity | tuple[str, str], _Compilation] = {}
        self._rules: dict[SetIdentity, _Rules] = {}
        self._lists: tuple[CodeLists, tuple[Finding, ...]] | None = None
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._sets)

    def identities(self) -> tuple[SetIdentity, ...]:
        """Every set, in order."""
        return tuple(sorted(self._sets, key=lambda identity: (identity.kind, identity.urn, identity.version)))

    def schema(self, urn: str, version: str) -> _Compilation:
        """A schema set, compiled with all others at hand; None and the faults where it cannot be, or is not there."""
        identity = SetIdentity("schema", urn, version)
        first = self._sets.get(identity)
        if first is None:
            return None, (_missing(identity),)
        others = [schema_set for schema_set in self._schemas() if schema_set is not first]
        return self._once(identity, lambda: compile_set(first, others))

    def message(self, namespace: str, name: str) -> _Compilation:
        """The schema of a kind of documents by namespace and file name, compiled with all that it takes in."""
        return self._once((namespace, name), lambda: compile_file(namespace, name, self._schemas()))

    def find(self, name: str) -> SetIdentity | None:
        """The schema set of a name, `<urn>_<version>` or the URN where only one version is there."""
        schemas = [identity for identity in self._sets if identity.kind == "schema"]
        named = [known for known in schemas if known.name == name] or [known for known in schemas if known.urn == name]
        return named[0] if len(named) == 1 else None

    def around(self, schema_set: SchemaSet, start: str, only: SetIdentity | None = None) -> _Compilation:
        """A schema that is not installed, compiled with the installed sets, or with `only` one, for what it imports."""
        others = self._schemas() if only is None else [self._sets[only]]
        return compile_set(schema_set, others, start)

    def beside(self, new: Mapping[SetIdentity, SchemaSet]) -> Library:
        """These sets, which answer first, together with all others at hand."""
        others = {identity: schema_set for identity, schema_set in self._sets.items() if identity not in new}
        return Library([*new.items(), *others.items()], self._endings)

    def rules(self, urn: str, version: str) -> _Rules:
        """The Schematron schemas of a standard by file name, and every fault of those that cannot be read."""
        identity = SetIdentity("rules", urn, version)
        with self._lock:
            if identity not in self._rules:
                rule_files = self._sets.get(identity)
                self._rules[identity] = _rules(rule_files.files if rule_files else {}, identity.name)
            return self._rules[identity]

    def message_rules(self, namespace: str, name: str) -> _Rules:
        """As `rules`, those that were published with the schema that `message` takes."""
        located = find(self._schemas(), namespace, name)
        return ((), ()) if located is None else self.rules(located[0].urn, located[0].version)

    @property
    def code_lists(self) -> CodeLists:
        """Every code list that can be read."""
        return self._read()[0]

    @property
    def faults(self) -> tuple[Finding, ...]:
        """What is wrong with code lists that cannot be read; they are left out."""
        return self._read()[1]

    def _schemas(self) -> list[SchemaSet]:
        return [schema_set for identity, schema_set in self._sets.items() if identity.kind == "schema"]

    def _once(self, key: SetIdentity | tuple[str, str], compiling: Callable[[], _Compilation]) -> _Compilation:
        with self._lock:
            if key not in self._compiled:
                self._compiled[key] = compiling()
            return self._compiled[key]

    def _read(self) -> tuple[CodeLists, tuple[Finding, ...]]:
        with self._lock:
            if self._lists is None:
                tables, faults = self._tables()
                self._lists = CodeLists(tables, self._endings), faults
            return self._lists

    def _tables(self) -> tuple[list[genericode.CodeTable], tuple[Finding, ...]]:
        tables: list[genericode.CodeTable] = []
        findings: tuple[Finding, ...] = ()
        for identity, schema_set in self._sets.items():
            for name, content in schema_set.files.items() if identity.kind == "codelist" else ():
                table, faults = genericode.read([content])
                prefix = f"{identity.name}/{name}#"
                findings += tuple(replace(fault, pointer=f"{prefix}{fault.pointer}") for fault in faults)
                if table is not None:
                    tables.append(table)
        return tables, findings


def _rules(files: Mapping[str, bytes], prefix: str) -> _Rules:
    """Every file that is a whole schema; the others are parts that these include."""
    read: list[tuple[str, RuleSet]] = []
    faults: list[Finding] = []
    for name, content in sorted(files.items()):
        root = strict_xml.parse(content).root
        if not name.lower().endswith(".sch") or (root is not None and etree.QName(root).localname != "schema"):
            continue
        rules, findings = schematron.read(content, files)
        faults += [replace(finding, pointer=f"{prefix}/{name}#{finding.pointer}") for finding in findings]
        read += [] if rules is None else [(name, rules)]
    return tuple(read), tuple(faults)


def _missing(identity: SetIdentity) -> Finding:
    return Finding(
        identity.name,
        "set_missing",
        "Diese Schemamenge ist nicht installiert (gateway schemas install).",
        "This schema set is not installed (gateway schemas install).",
    )
