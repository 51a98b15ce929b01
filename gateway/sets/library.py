"""Installed sets as values: compiled schemas, rules and code lists.

Knows: which sets answer each other's imports. Never does: I/O. Start reading: `Library`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace

from gateway.model import Finding
from gateway.sets.manifest import Identity
from gateway.xoev.codelists import CodeLists, Ending
from gateway.xoev.fim import genericode
from gateway.xoev.schema_sets import CompiledSet, SchemaSet, compile_set


class Library:
    """What may be used. Safe from several threads; a schema is compiled when it is first asked for, and once.

    `faults` are code lists that cannot be read; they are left out.
    """

    def __init__(self, sets: Iterable[tuple[Identity, SchemaSet]], endings: Mapping[str, Ending] | None = None) -> None:
        self._sets = dict(sets)
        self._compiled: dict[Identity, tuple[CompiledSet | None, tuple[Finding, ...]]] = {}
        self._lock = threading.Lock()
        self.faults: tuple[Finding, ...] = ()
        self.code_lists = CodeLists(self._tables(), endings)

    def __len__(self) -> int:
        return len(self._sets)

    def identities(self) -> tuple[Identity, ...]:
        """Every set, in order."""
        return tuple(sorted(self._sets, key=lambda one: (one.kind, one.urn, one.version)))

    def schema(self, urn: str, version: str) -> tuple[CompiledSet | None, tuple[Finding, ...]]:
        """A schema set, compiled with all others at hand; None and the faults where it cannot be, or is not there."""
        identity = Identity("schema", urn, version)
        with self._lock:
            if identity not in self._compiled:
                first = self._sets.get(identity)
                others = [one for key, one in self._sets.items() if key != identity and key.kind == "schema"]
                self._compiled[identity] = (
                    (None, (_missing(identity),)) if first is None else compile_set(first, others)
                )
            return self._compiled[identity]

    def rules(self, urn: str, version: str) -> Mapping[str, bytes]:
        """The Schematron files of a standard by name; empty where none are installed."""
        found = self._sets.get(Identity("rules", urn, version))
        return {} if found is None else found.files

    def _tables(self) -> list[genericode.CodeTable]:
        tables = []
        for identity, one in self._sets.items():
            for name, content in one.files.items() if identity.kind == "codelist" else ():
                table, faults = genericode.read([content])
                place = f"{identity.name}/{name}#"
                self.faults += tuple(replace(fault, pointer=f"{place}{fault.pointer}") for fault in faults)
                if table is not None:
                    tables.append(table)
        return tables


def _missing(identity: Identity) -> Finding:
    return Finding(
        identity.name,
        "set_missing",
        "Diese Schemamenge ist nicht installiert (gateway schemas install).",
        "This schema set is not installed (gateway schemas install).",
    )
