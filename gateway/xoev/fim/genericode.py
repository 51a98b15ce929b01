"""Code lists in genericode, parsed as a stream (pull parser): memory holds the rows, never the file.

Knows: both spellings in use (children qualified or not), columns, keys, rows. Never does: hold the file, accept a
document type, fetch anything. Standard: genericode 1.0 (OASIS), XÖV Codelisten-Handbuch 1.2.
Start reading: `read`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from lxml import etree

from gateway.model import Finding
from gateway.xoev.fim import encoding
from gateway.xoev.fim.faults import Faults
from gateway.xoev.fim.model import Code, ListReference
from gateway.xoev.xml import strict_xml

NAMESPACE: Final = "http://docs.oasis-open.org/codelist/ns/genericode/1.0/"
MAX_BYTES: Final = 32 << 20
SUFFIXES: Final = frozenset({".xml", ".gc"})
"""Endings of files of code lists, in lower case."""
SNIFF: Final = 1 << 16
"""Bytes within which a list has named its namespace, whatever comment stands above."""
_MAX_ROWS: Final = 200_000
_MAX_COLUMNS: Final = 100
_MAX_DEPTH: Final = 64
_MAX_HELD: Final = 10_000
_STEP: Final = 1 << 16
_VALID_FROM: Final = frozenset({"validFrom", "datumGueltigkeitAb", "datumgueltigkeitab"})
"""Names of the same element in the metadata of Codelisten-Handbuch 1.2, 1.1 and before; their namespaces vary."""
_RECOMMENDED: Final = frozenset({"recommendedKeyColumn", "empfohleneCodeSpalte"})


@dataclass(frozen=True, slots=True)
class CodeTable:
    """A code list: its identity, its columns, the column of codes and of names, and its rows in file order.

    `valid_from` is the first day of this version, where the list says one.
    """

    uri: str
    version: str
    version_uri: str
    columns: tuple[str, ...]
    code_column: int
    name_column: int
    rows: tuple[tuple[str, ...], ...] = field(repr=False)
    valid_from: date | None = None

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """By what forms refer to this version: its own address, and the address of the list with the version."""
        by_name = self.uri and (self.version or not self.version_uri)
        own = (("", self.version_uri),) if self.version_uri else ()
        return (*own, (self.uri, self.version)) if by_name else own

    @property
    def content(self) -> object:
        """What two files of one version have in common."""
        return self.columns, self.code_column, self.name_column, self.rows

    def codes(self, code: str = "", name: str = "", hint: str = "") -> tuple[Code, ...]:
        """Codes with names; columns may be named (codeKey, nameKey, helpKey), else the list's own keys count."""
        code_column = self.columns.index(code) if code in self.columns else self.code_column
        name_column = self.columns.index(name) if name in self.columns else self.name_column
        hint_column = self.columns.index(hint) if hint in self.columns else None
        return tuple(
            Code(
                row[code_column],
                row[name_column] or row[code_column],
                row[hint_column] if hint_column is not None else "",
            )
            for row in self.rows
        )


def age(table: CodeTable) -> tuple[date, tuple[tuple[int, str], ...]]:
    """Sorts the versions of a list from the oldest to the newest: by first day, then by number (9 before 10)."""
    parts = re.findall(r"[0-9]+|[^0-9]+", table.version)
    return table.valid_from or date.min, tuple(
        (int(part) if part.isascii() and part.isdigit() else -1, part) for part in parts
    )


def contradicting(tables: Mapping[str, CodeTable]) -> tuple[Finding, ...]:
    """Files that hold another content of one version of a list: which one counts cannot be known.

    Args:
        tables: the lists by the name of their file.
    """
    first: dict[tuple[str, str], str] = {}
    findings: list[Finding] = []
    for name, table in tables.items():
        others = [first.setdefault(key, name) for key in table.keys]
        file = next((earlier for earlier in others if tables[earlier].content != table.content), None)
        if file is not None:
            version = table.version_uri or f"{table.uri} {table.version}"
            findings.append(
                Finding(
                    name,
                    "list_twice",
                    f"Diese Datei und {file} enthalten dieselbe Fassung der Codeliste ({version}) mit verschiedenem "
                    "Inhalt; bitte eine entfernen.",
                    f"This file and {file} hold the same version of the code list ({version}) with different content; "
                    "remove one.",
                )
            )
    return tuple(findings)


class Lists:
    """Code lists by their identity."""

    def __init__(self, tables: Sequence[CodeTable] = ()) -> None:
        self._by_version = {table.version_uri: table for table in tables if table.version_uri}
        self._by_name = {(table.uri, table.version): table for table in tables}
        self._newest = {table.uri: table for table in sorted(tables, key=age)}

    def find(self, reference: ListReference) -> CodeTable | None:
        """The list in the version referred to; where the reference names no version, the newest one at hand."""
        if reference.version_uri in self._by_version:
            return self._by_version[reference.version_uri]
        if not reference.version:
            return self._newest.get(reference.uri)
        return self._by_name.get((reference.uri, reference.version))


NO_LISTS: Final = Lists()


def is_code_list(start: bytes) -> bool:
    """Whether a file that begins so is meant to be a code list, also in UTF-16; `SNIFF` bytes are enough."""
    if b"\x00" in start[:4] or start[:2] in {b"\xff\xfe", b"\xfe\xff"}:  # XML 1.0, appendix F
        start = start.replace(b"\x00", b"")
    return NAMESPACE.encode() in start and b"CodeList" in start


def read(chunks: Iterable[bytes]) -> tuple[CodeTable | None, tuple[Finding, ...]]:
    """Read a code list.

    Args:
        chunks: the file in pieces of any size.

    Returns:
        the list and no findings, or None and every fault; pointers are `/<line>`.
    """
    rows = _Rows()
    parser = etree.XMLPullParser(
        ("start", "end"), resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False
    )
    size, head = 0, b""
    try:
        for chunk in encoding.marked(chunks):
            head = head or chunk[: encoding.HEAD]
            size += len(chunk)
            if size > MAX_BYTES:
                rows.stop(0, "list_large")
            for start in range(0, len(chunk), _STEP):
                parser.feed(chunk[start : start + _STEP])
                rows.take(parser)
        parser.close()
        rows.take(parser)
    except _StoppedError:
        return None, rows.faults.found
    except etree.XMLSyntaxError as error:
        if (line := encoding.misread(parser.feed_error_log, head)) is not None:
            rows.faults.at(line, "", "list_encoding", encoding.named(head))
            return None, rows.faults.found
        faults = strict_xml.syntax_faults(parser.feed_error_log, error, _MAX_DEPTH)
        return None, strict_xml.Parsed(None, faults).findings()
    table = rows.table()
    return (None if rows.faults.found else table), rows.faults.found


class _StoppedError(Exception):
    """Ends the reading at once; the fault is noted already."""


class _Rows:
    """Clears each element once it has ended, so that only columns, keys and rows are kept."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.identity: dict[str, str] = {}
        self.columns: list[str] = []
        self.keys: list[tuple[int, str]] = []
        self.valid_from: date | None = None
        self.rows: list[tuple[str, ...]] = []
        self.path: list[str] = []
        self.held = 0
        self.line = 0

    def stop(self, line: int, rule: str) -> None:
        self.faults.at(line, "", rule)
        raise _StoppedError

    def take(self, parser: etree.XMLPullParser) -> None:
        for event, element in parser.read_events():
            if event == "start":
                self.start(element)
            else:
                self.end(element)

    def start(self, element: etree._Element) -> None:
        name = _local(element)
        if not self.path:
            self.line = element.sourceline or 0
            if element.getroottree().docinfo.doctype:
                self.stop(self.line, "list_doctype")
            if name != "CodeList":
                self.stop(self.line, "list_root")
        self.path.append(name)
        self.held += 1
        if len(self.path) > _MAX_DEPTH or self.held > _MAX_HELD:
            self.stop(element.sourceline or 0, "list_large")

    def end(self, element: etree._Element) -> None:
        path = tuple(self.path[1:])
        self.path.pop()
        if path[:2] == ("Annotation", "Description") and len(path) == 3:
            self.described(element)
        elif path[:1] == ("Identification",) and len(path) == 2:
            self.identity.setdefault(path[1], _text(element))
        elif path == ("ColumnSet", "Column"):
            self.column(element)
        elif path == ("ColumnSet", "Key"):
            self.key(element)
        elif path == ("SimpleCodeList", "Row"):
            self.row(element)
        if len(path) <= 2 or path[0] not in {"ColumnSet", "SimpleCodeList"}:
            self.forget(element)

    def forget(self, element: etree._Element) -> None:
        self.held = len(self.path)
        element.clear()
        parent = element.getparent()
        while parent is not None and element.getprevious() is not None:
            del parent[0]

    def described(self, element: etree._Element) -> None:
        """Metadata by XÖV: of several spellings of the first day, the first one counts."""
        if etree.QName(element).localname not in _VALID_FROM or self.valid_from is not None:
            return
        try:
            self.valid_from = date.fromisoformat(_text(element)[:10])
        except ValueError:
            self.faults.fault(element, "", "list_valid_from")

    def column(self, element: etree._Element) -> None:
        name = element.get("Id", "")
        if not name or name in self.columns or len(self.columns) >= _MAX_COLUMNS:
            self.faults.fault(element, "", "list_columns")
        self.columns.append(name)

    def key(self, element: etree._Element) -> None:
        columns = (part.get("Ref", "") for part in element if _local(part) == "ColumnRef")
        key = (element.sourceline or 0, next(columns, ""))
        recommended = any(etree.QName(part).localname in _RECOMMENDED for part in element.iter(etree.Element))
        self.keys.insert(0 if recommended else len(self.keys), key)

    def row(self, element: etree._Element) -> None:
        if len(self.rows) >= _MAX_ROWS:
            self.stop(element.sourceline or 0, "list_large")
        cells = [""] * len(self.columns)
        column = -1
        for value in element:
            if _local(value) != "Value":
                continue
            reference = value.get("ColumnRef")
            column = column + 1 if reference is None else self.at(reference)
            if not 0 <= column < len(cells):
                self.faults.fault(value, "", "list_value")
                continue
            cells[column] = next((_text(part) for part in value if _local(part) == "SimpleValue"), "")
        self.rows.append(tuple(cells))

    def at(self, column: str) -> int:
        return self.columns.index(column) if column in self.columns else -1

    def table(self) -> CodeTable:
        uri, version = self.identity.get("CanonicalUri", ""), self.identity.get("Version", "")
        version_uri = self.identity.get("CanonicalVersionUri", "")
        if not uri and not version_uri:
            self.faults.at(self.line, "", "list_identity")
        for line, column in self.keys:
            if column not in self.columns:
                self.faults.at(line, "", "list_columns")
        if not self.keys:
            self.faults.at(self.line, "", "list_columns")
            return CodeTable(uri, version, version_uri, (), 0, 0, ())
        code = self.at(self.keys[0][1])
        others = [self.at(column) for _, column in self.keys[1:]] + [
            no for no in range(len(self.columns)) if no != code
        ]
        columns, name = tuple(self.columns), (others or [code])[0]
        return CodeTable(uri, version, version_uri, columns, code, name, tuple(self.rows), self.valid_from)


def _local(element: etree._Element) -> str:
    """The name, in the namespace of genericode or in none: both forms are in use."""
    if not isinstance(element.tag, str):
        return ""
    namespace, _, name = element.tag.rpartition("}")
    return name if namespace in {"", f"{{{NAMESPACE}"} else ""


def _text(element: etree._Element) -> str:
    return (element.text or "").strip()
