"""A set of schema files: gathered from one file on, compiled by libxml2, and indexed by name.

Knows: includes and imports with the locations as published. Never does: read a file or an address; whoever calls gives
the bytes. Standard: XML Schema 1.0 part 1 §4.2 (W3C). Start reading: `load`.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urljoin

from lxml import etree

from gateway.model import Finding
from gateway.xoev import xml

Resolver = Callable[[str, str], bytes | None]
"""Gives a schema file by namespace and location as the importing file writes it; None where it is not installed."""

XS: Final = "{http://www.w3.org/2001/XMLSchema}"
_TARGET: Final = re.compile(rb"""\btargetNamespace\s*=\s*["']([^"']*)["']""")
_BASE: Final = "http://schema-set.invalid/"
_MOST: Final = 200
_GLOBAL: Final = frozenset({"element", "attribute", "complexType", "simpleType", "group", "attributeGroup"})


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a set. `namespace` is the one its declarations belong to."""

    url: str
    namespace: str
    root: etree._Element = field(repr=False)
    source: bytes = field(repr=False)

    def qualifies(self, kind: str) -> bool:
        """Whether local elements or attributes (`kind`) are in the namespace unless they say otherwise."""
        return self.root.get(f"{kind}FormDefault") == "qualified"


@dataclass(frozen=True, slots=True)
class Files:
    """A compiled set. `parts` begin with the file asked for; `named` finds what they declare for everybody.

    Keys of `named` are kind, namespace and local name; the value is the declaration and its file.
    """

    parts: tuple[Part, ...]
    named: dict[tuple[str, str, str], tuple[etree._Element, Part]] = field(repr=False)
    _compiled: etree.XMLSchema = field(repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def source(self) -> bytes:
        """The exact bytes of the file asked for."""
        return self.parts[0].source

    def errors(self, document: etree._Element) -> tuple[etree._LogEntry, ...]:
        """Everything that libxml2 finds wrong; empty for a valid document. Safe from several threads."""
        with self._lock:
            try:
                if self._compiled.validate(document):
                    return ()
            except etree.XMLSchemaValidateError:
                pass  # a pattern with too many ways: its log says so, and the document is invalid
            return tuple(self._compiled.error_log)


def load(namespace: str, location: str, resolve: Resolver) -> tuple[Files | None, tuple[Finding, ...]]:
    """Gather a file and everything it includes and imports, and compile it.

    Args:
        namespace: the target namespace of the file to begin with.
        location: its name, as `resolve` knows it.
        resolve: gives each file; nothing else is asked, so a set that is not complete is a fault, never a request. An
            import that nobody can give is a fault only where something of it is used.

    Returns:
        the compiled set and no findings, or None and the faults; pointers are `/<location>/<line>`.
    """
    gathering = _Gathering(resolve)
    gathering.take(namespace, location, urljoin(_BASE, location))
    if gathering.faults:
        return None, tuple(gathering.faults)
    parts = tuple(gathering.parts.values())
    if parts[0].root.get("targetNamespace", "") != namespace:
        return None, (_fault("set_namespace", location, 0, namespace),)
    try:
        compiled = etree.XMLSchema(parts[0].root)
    except etree.XMLSchemaParseError as error:
        invalid = (_fault("set_invalid", location, entry.line, str(entry.line)) for entry in error.error_log)
        return None, tuple(gathering.absent) or tuple(dict.fromkeys(invalid))
    named = {
        (str(etree.QName(one).localname), part.namespace, one.get("name", "")): (one, part)
        for part in parts
        for one in part.root
        if isinstance(one.tag, str) and etree.QName(one).localname in _GLOBAL
    }
    return Files(parts, named, compiled), ()


def among(files: Iterable[tuple[str, bytes]]) -> Resolver:
    """A resolver over files in memory: each is found by its target namespace and its name, wherever it lay.

    Args:
        files: name or path, and exact bytes; of two that are the same by both, the first one counts.
    """
    found: dict[tuple[str, str], bytes] = {}
    for name, source in files:
        target = _TARGET.search(source)
        namespace = target[1].decode("utf-8", "replace") if target else ""
        found.setdefault((namespace, name.rpartition("/")[2]), source)
    return lambda namespace, location: found.get((namespace, location.rpartition("/")[2]))


class _Given(etree.Resolver):
    """Hands the gathered bytes to libxml2; for an import that nobody could give, a schema without declarations."""

    def __init__(self, parts: dict[str, Part], missing: dict[str, str]) -> None:
        self._parts = parts
        self._missing = missing

    def resolve(self, system_url: str | None, _public_id: str | None, context: Any) -> Any:  # noqa: ANN401 - opaque
        url = system_url or ""
        source = self._parts[url].source if url in self._parts else _nothing(self._missing.get(url, ""))
        return self.resolve_string(source, context, base_url=system_url)


class _Gathering:
    """Collects files; goes on after a fault as far as the rest can be read."""

    def __init__(self, resolve: Resolver) -> None:
        self.resolve = resolve
        self.parts: dict[str, Part] = {}
        self.faults: list[Finding] = []
        self.absent: list[Finding] = []
        self.missing: dict[str, str] = {}
        self.parser = etree.XMLParser(no_network=True, resolve_entities=False, load_dtd=False, huge_tree=False)
        self.parser.resolvers.add(_Given(self.parts, self.missing))

    def take(self, namespace: str, location: str, url: str) -> None:
        waiting = [(namespace, location, url, True)]
        while waiting:
            namespace, location, url, needed = waiting.pop(0)
            if url in self.parts:
                continue
            if len(self.parts) >= _MOST:
                self.faults.append(_fault("set_too_large", location, 0, str(_MOST)))
                return
            source = self.resolve(namespace, location)
            if source is None:
                (self.faults if needed else self.absent).append(_fault("set_absent", location, 0, namespace or "-"))
                self.missing[url] = namespace
                continue
            parsed = xml.parse(source)
            self.faults += [Finding(f"/{location}/{f.line}", f.rule, f.de, f.en) for f in parsed.faults]
            if parsed.root is not None:
                root = etree.fromstring(source, self.parser, base_url=url)
                part = Part(url, root.get("targetNamespace") or namespace, root, source)
                self.parts[url] = part
                waiting += _next(part)


def _nothing(namespace: str) -> bytes:
    schema = etree.Element(f"{XS}schema")
    if namespace:
        schema.set("targetNamespace", namespace)
    return etree.tostring(schema)


def _next(part: Part) -> Iterator[tuple[str, str, str, bool]]:
    """What a file includes and imports: namespace, location, address, and whether it cannot do without."""
    for one in part.root:
        if one.tag in {f"{XS}include", f"{XS}redefine"}:
            location = one.get("schemaLocation", "")
            yield part.namespace, location, urljoin(part.url, location), True
        elif one.tag == f"{XS}import" and (location := one.get("schemaLocation", "")):
            yield one.get("namespace", ""), location, urljoin(part.url, location), False


_SENTENCES: Final = {
    "set_absent": (
        "Die Schemadatei ist nicht installiert (Namensraum {0}). Bitte mit `gateway schemas install` einspielen.",
        "The schema file is not installed (namespace {0}). Bring it in with `gateway schemas install`.",
    ),
    "set_too_large": (
        "Das Schema besteht aus mehr als {0} Dateien.",
        "The schema consists of more than {0} files.",
    ),
    "set_namespace": (
        "Die Schemadatei gehört nicht zum Namensraum {0}.",
        "The schema file does not belong to the namespace {0}.",
    ),
    "set_invalid": ("Zeile {0}: kein gültiges XML-Schema.", "Line {0}: no valid XML schema."),
}


def _fault(rule: str, location: str, line: int, limit: str) -> Finding:
    de, en = _SENTENCES[rule]
    return Finding(f"/{location}/{line}" if line else f"/{location}", rule, de.format(limit), en.format(limit))
