"""Which files a schema is made of: the walk along imports and includes, each location answered from memory.

Knows: an import means a namespace, an include a file. Never does: I/O, fetch, leave a set by a path.
Standard: XML Schema 1.0 part 1 §4.2. Start reading: `Reach.walk`.

Each file gets an address of our own and each namespace one small schema that includes its files, because libxml2 tells
files apart by address only and takes one schema for each imported namespace.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from posixpath import basename, dirname, normpath
from typing import Final
from urllib.parse import unquote

from lxml import etree

from gateway.model import Finding
from gateway.xoev.schema.faults import absent, schema_fault, unread
from gateway.xoev.schema.long_rows import counting
from gateway.xoev.schema.names import XS, XS_NAMESPACE
from gateway.xoev.xml import namespace as xml_namespace
from gateway.xoev.xml import strict_xml

_BASE: Final = "memory:///"
MAX_FILES: Final = 1000
MAX_BYTES: Final = 64 << 20
_Key = tuple[int, str]


@dataclass(frozen=True, slots=True)
class SchemaSet:
    """The files of one version of a standard: relative paths with `/` and their exact bytes.

    `doctypes` are the files that may hold a document type; only a caller that knows them by digest names any.
    """

    urn: str
    version: str
    files: Mapping[str, bytes] = field(repr=False)
    doctypes: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """URN and version, as findings name the set."""
        return f"{self.urn}_{self.version}" if self.version and not self.urn.endswith(self.version) else self.urn


@dataclass(frozen=True, slots=True)
class SchemaPart:
    """One file of a schema. `namespace` is the one its declarations belong to; read `root` only."""

    namespace: str
    root: etree._Element = field(repr=False)
    source: bytes = field(repr=False)

    def qualifies(self, kind: str) -> bool:
        """Whether local elements or attributes (`kind`) are in the namespace unless they say otherwise."""
        return self.root.get(f"{kind}FormDefault") == "qualified"


_XML: Final = SchemaSet("xml", "", xml_namespace.FILES)


class Reach:
    """Walks from the first set to every file that belongs to its schema. `sets[1:]` may be imported from.

    `start` is the file of the first set to begin with; without it all of that set belong to the schema. `absent` are
    namespaces that an import names and no set has.
    """

    def __init__(self, sets: Sequence[SchemaSet], start: str | None = None) -> None:
        self.faults: list[Finding] = []
        self.notices: list[Finding] = []
        self.absent: set[str] = set()
        self.roots: dict[_Key, etree._Element] = {}
        self._sets, self._start = (*sets, _XML), start
        schemas = [[path for path in part.files if path.lower().endswith(".xsd")] for part in self._sets]
        self._schemas = [sorted(paths) for paths in schemas]
        self._owners: dict[_Key, str] = {}
        self._parsed: dict[_Key, strict_xml.Parsed] = {}
        self._entries: dict[str, dict[_Key, None]] = {}
        self._addresses: dict[object, str] = {}
        self._waiting: list[_Key] = []

    def walk(self) -> tuple[str, ...]:
        """Read everything in reach, every fault noted. Gives the namespaces of the first set."""
        for path in self._schemas[0] if self._start is None else [self._start]:
            namespace = self._target((0, path))
            if namespace is None:
                self._waiting.append((0, path))  # no XML: reading it says why
            elif namespace or self._start:
                self._enter(namespace, (0, path))
        namespaces = tuple(sorted(self._entries))
        if not namespaces and self._start is None:
            self.faults.append(schema_fault(self.name, 0, "xsd_empty"))
        size = 0
        while self._waiting:
            key = self._waiting.pop(0)
            if key in self.roots:
                continue
            size += len(self._content(key))
            if len(self.roots) >= MAX_FILES or size > MAX_BYTES:
                self.faults.append(schema_fault(self.name, 0, "xsd_many"))
                break
            self._take(key)
        return namespaces

    def texts(self, namespaces: Sequence[str]) -> tuple[str, dict[str, bytes]]:
        """The address of a schema that imports `namespaces`, and the text of every address."""
        texts = {}
        for key, root in self.roots.items():
            with counting(root) as counted:
                texts[self._address(key)] = etree.tostring(counted)
        for namespace, entries in self._entries.items():
            root = _schema(namespace)
            for key in entries:
                etree.SubElement(root, f"{XS}include", {"schemaLocation": self._address(key)})
            texts[self._address(namespace)] = etree.tostring(root)
        top = _schema("")
        for namespace in namespaces:
            part = etree.SubElement(top, f"{XS}{'import' if namespace else 'include'}")
            part.set("schemaLocation", self._address(namespace))
            if namespace:
                part.set("namespace", namespace)
        # lxml fills attributes in only where this very file has one to fill in
        etree.SubElement(top, f"{XS}attribute", {"name": "filled", "fixed": ""})
        texts[f"{_BASE}top.xsd"] = etree.tostring(top)
        return f"{_BASE}top.xsd", texts

    def place(self, address: str | None) -> str:
        """The set and file behind an address, for findings."""
        for key, known in self._addresses.items():
            if known == address and isinstance(key, tuple):
                return self._place(key)
        return self.name

    @property
    def name(self) -> str:
        """The whole schema, for findings: the file to begin with, or the set."""
        return self._sets[0].name if self._start is None else self._place((0, self._start))

    @property
    def parts(self) -> tuple[SchemaPart, ...]:
        """Every file in reach, the one to begin with first."""
        return tuple(SchemaPart(self._owners[key], root, self._content(key)) for key, root in self.roots.items())

    def _take(self, key: _Key) -> None:
        filename = self._place(key)
        parsed = self._read(key)
        self.faults += parsed.findings(f"{filename}#")
        root = parsed.root
        if root is None:
            return
        if root.tag != f"{XS}schema":
            self.faults.append(schema_fault(filename, root.sourceline or 0, "xsd_none"))
            return
        self.roots[key] = root
        if next(root.iter(etree.Entity), None) is not None:
            self.faults.append(schema_fault(filename, 0, "xsd_entity"))
        own = root.get("targetNamespace") or self._owners.get(key, "")
        self._owners[key] = own
        for part in root:
            if part.tag == f"{XS}import":
                self._import(key, part, own)
            elif part.tag in {f"{XS}include", f"{XS}redefine"}:
                self._include(key, part, own)

    def _import(self, key: _Key, part: etree._Element, own: str) -> None:
        filename, line = self._place(key), part.sourceline or 0
        namespace = part.get("namespace", "")
        location = part.attrib.pop("schemaLocation", "")
        if namespace == own:
            self.faults.append(schema_fault(filename, line, "xsd_self_import"))
            return
        candidates: list[_Key] = []
        for number, paths in enumerate(self._schemas):
            candidates = [(number, path) for path in paths if self._declares((number, path), namespace)]
            if candidates:
                break
        if not candidates:
            self.absent.add(namespace)
            self.notices.append(absent(filename, line, namespace))
            self.notices += self._unread(namespace)
            return
        names = {basename(spelling) for spelling in _spellings(location)}
        named = [candidate for candidate in candidates if basename(candidate[1]) in names]
        for candidate in named or candidates:
            self._enter(namespace, candidate)
        part.set("schemaLocation", self._address(namespace))

    def _unread(self, namespace: str) -> Iterator[Finding]:
        """Files that hold the name of a namespace but cannot be read, each with its cause."""
        for number, paths in enumerate(self._schemas):
            for path in paths:
                parsed = self._read((number, path)) if _mentions(self._content((number, path)), namespace) else None
                for fault in parsed.faults if parsed is not None else ():
                    yield unread(self._place((number, path)), fault)

    def _include(self, key: _Key, part: etree._Element, own: str) -> None:
        location = part.get("schemaLocation", "")
        answers = [self._included(key, spelling, own) for spelling in _spellings(location)]
        target = next((there for there, _ in answers if there is not None), None)
        if target is None:
            rule = "xsd_outside" if any(climbs for _, climbs in answers) else "xsd_missing"
            self.faults.append(schema_fault(self._place(key), part.sourceline or 0, rule, location))
            return
        part.set("schemaLocation", self._address(target))
        self._owners.setdefault(target, own)
        self._waiting.append(target)

    def _included(self, key: _Key, location: str, own: str) -> tuple[_Key | None, bool]:
        """A relative location within the set; an absolute one by its file name, in this set or the first to have it."""
        number, path = key
        if ":" not in location and not location.startswith("/"):
            inside = normpath(f"{dirname(path)}/{location}".lstrip("/"))
            return ((number, inside) if inside in self._sets[number].files else None), inside.startswith("..")
        for set_number in (number, *range(len(self._sets))):
            for candidate in self._schemas[set_number]:
                if basename(candidate) == basename(location) and self._target((set_number, candidate)) in {own, ""}:
                    return (set_number, candidate), False
        return None, False

    def _enter(self, namespace: str, key: _Key) -> None:
        self._entries.setdefault(namespace, {})[key] = None
        self._waiting.append(key)

    def _target(self, key: _Key) -> str | None:
        """The namespace that a file declares, empty for none; None where it is no XML."""
        root = self._read(key).root
        return None if root is None else root.get("targetNamespace", "")

    def _declares(self, key: _Key, namespace: str) -> bool:
        """Whether a file is of a namespace; one that does not even hold its name is not read."""
        return _mentions(self._content(key), namespace) and self._target(key) == namespace

    def _read(self, key: _Key) -> strict_xml.Parsed:
        if key not in self._parsed:
            schema_set = self._sets[key[0]]
            doctype = key[1] in schema_set.doctypes
            self._parsed[key] = strict_xml.parse(schema_set.files[key[1]], strict_xml.DEFAULT_LIMITS, doctype=doctype)
        return self._parsed[key]

    def _content(self, key: _Key) -> bytes:
        return self._sets[key[0]].files[key[1]]

    def _place(self, key: _Key) -> str:
        name = self._sets[key[0]].name
        return f"{name}/{key[1]}" if name else key[1]

    def _address(self, of: object) -> str:
        return self._addresses.setdefault(of, f"{_BASE}{len(self._addresses)}.xsd")


def find(sets: Iterable[SchemaSet], namespace: str, name: str) -> tuple[SchemaSet, str] | None:
    """The first set with a schema file of that namespace and file name (also a broken one), and its path there."""
    for schema_set in sets:
        for path, content in sorted(schema_set.files.items()):
            if basename(path) == name and _mentions(content, namespace):
                root = strict_xml.parse(content, strict_xml.DEFAULT_LIMITS, doctype=path in schema_set.doctypes).root
                if root is None or root.get("targetNamespace", "") == namespace:
                    return schema_set, path
    return None


def _spellings(location: str) -> tuple[str, str]:
    """A location as it is written, and as the file is called (`a%20b.xsd` is an `anyURI`, `a b.xsd` its file)."""
    written = location.strip()
    return written, unquote(written)


def _mentions(content: bytes, namespace: str) -> bool:
    """Whether the bytes may declare the namespace: they hold its name, or something that may stand for it."""
    return namespace.encode() in content or b"&" in content


def _schema(namespace: str) -> etree._Element:
    root = etree.Element(f"{XS}schema", nsmap={"xs": XS_NAMESPACE})
    if namespace:
        root.set("targetNamespace", namespace)
    return root
