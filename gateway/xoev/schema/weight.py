"""Schemas of exponential cost to compile: nested groups, patterns that repeat repetitions, long optional rows.

Knows: what libxml2 unfolds while it compiles (also unions of unions, and rows of elements of which each may be left
out). Never does: compile. Standard: XML Schema 1.0. Start reading: `is_too_heavy`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Final

from lxml import etree

from gateway.xoev.schema.names import XS

_PARTICLES: Final = frozenset({"element", "any", "group", "sequence", "choice", "all"})
_GLOBAL: Final = frozenset({"group", "attributeGroup", "complexType", "simpleType", "element"})
MAX_UNFOLDED: Final = 1_000_000
"""Nodes of a whole schema with every reference replaced by what it names; XBau with all it imports has 5,400."""
MAX_PATTERNS: Final = 1_000_000_000
"""Length times square of the repetitions of a pattern, all together; some 2 s of compiling. XBau has 8,400."""
MAX_WAYS: Final = 1_000_000_000
"""Cubes of the lengths of rows of elements that may be left out, all together; about 5 s, a row of 1,000."""
_MAX_DEPTH: Final = 100


def is_too_heavy(roots: Iterable[etree._Element]) -> bool:
    """Whether compiling these files together would take more than some seconds and some hundred megabytes."""
    schemas = tuple(roots)
    weights = _Weights(schemas)
    if weights.patterns > MAX_PATTERNS or weights.unfolded() > MAX_UNFOLDED:
        return True
    return _Rows(weights.named).ways(schemas) > MAX_WAYS


@dataclass(frozen=True, slots=True)
class _Row:
    """A content model: optional elements at its start and its end, whether all of it is optional, and its cost."""

    first: int
    last: int
    empty: bool
    cost: int = 0

    def then(self, following: _Row) -> _Row:
        """The sequence of both; a row of optional elements continues from one into the other."""
        cost = min(self.cost + following.cost, MAX_WAYS + 1)
        first = self.first + (following.first if self.empty else 0)
        if following.empty:
            return _Row(first, self.last + following.last, self.empty, cost)
        return _Row(first, following.last, empty=False, cost=cost + (self.last + following.first) ** 3)

    def ended(self) -> int:
        """What it costs where nothing follows."""
        return self.cost + self.last**3


_NOTHING: Final = _Row(0, 0, empty=True)


class _Rows:
    """Measures the content models of complex types; names unfold, in whatever namespace."""

    def __init__(self, named: Mapping[str, Sequence[etree._Element]]) -> None:
        self._named = named
        self._known: dict[str, _Row] = {}
        self._open: set[str] = set()

    def ways(self, roots: Iterable[etree._Element]) -> int:
        """The cost of every complex type, named or not; stops counting above the limit."""
        total = 0
        for root in roots:
            for part in root.iter(f"{XS}complexType"):
                total += self._content(part).ended()
                if total > MAX_WAYS:
                    return total
        return total

    def _content(self, part: etree._Element) -> _Row:
        """Of a type or a group definition: its one particle, behind that of the type it extends."""
        for child in part.iterchildren(etree.Element):
            local = etree.QName(child).localname
            if local == "extension":
                return self._of(f"type {_local(child.get('base', ''))}").then(self._content(child))
            if local in {"complexContent", "restriction"}:
                return self._content(child)
            if local in _PARTICLES:
                return self._particle(child)
        return _NOTHING

    def _of(self, key: str) -> _Row:
        """Of a name, memoised; a cycle counts as nothing, libxml2 refuses it."""
        if key not in self._known and key not in self._open and len(self._open) < _MAX_DEPTH:
            self._open.add(key)
            rows = [self._content(part) for part in self._named.get(key, ())]
            self._open.discard(key)
            self._known[key] = max(rows, key=_Row.ended, default=_NOTHING)
        return self._known.get(key, _NOTHING)

    def _particle(self, node: etree._Element) -> _Row:
        local = etree.QName(node).localname
        optional = node.get("minOccurs", "1").strip().lstrip("+0") == ""
        if local in {"element", "any"}:
            return _Row(1, 1, empty=True) if optional else _Row(0, 0, empty=False)
        if local == "group":
            row = self._of(f"group {_local(node.get('ref', ''))}")
        else:
            children = node.iterchildren(etree.Element)
            rows = [self._particle(child) for child in children if etree.QName(child).localname in _PARTICLES]
            row = _one_of(rows) if local == "choice" else reduce(_Row.then, rows, _NOTHING)
        return replace(row, first=row.first + 1, last=row.last + 1, empty=True) if optional and not row.empty else row


def _one_of(rows: Sequence[_Row]) -> _Row:
    first, last = sum(max(row.first, 1) for row in rows), sum(max(row.last, 1) for row in rows)
    return _Row(first, last, any(row.empty for row in rows), sum(row.cost for row in rows))


class _Weights:
    def __init__(self, roots: Iterable[etree._Element]) -> None:
        self.patterns = 0
        self.named: dict[str, list[etree._Element]] = {}
        self._known: dict[str, int] = {}
        self._open: set[str] = set()
        for root in roots:
            for part in root.iterchildren(etree.Element):
                name = part.get("name")
                if name and etree.QName(part).localname in _GLOBAL:
                    self.named.setdefault(_key(part, name), []).append(part)
            for pattern in root.iter(f"{XS}pattern"):
                text = pattern.get("value", "")
                self.patterns += len(text) * sum(sign in "*?+{" for sign in text) ** 2

    def unfolded(self) -> int:
        """Nodes of all global parts together; stops counting above the limit."""
        total = 0
        for key in self.named:
            total += self._weight(key)
            if total > MAX_UNFOLDED:
                break
        return total

    def _weight(self, key: str) -> int:
        """Of one name, in whatever namespace, memoised; a cycle counts once, libxml2 refuses it."""
        if key in self._known or key in self._open:
            return self._known.get(key, 1)
        if len(self._open) >= _MAX_DEPTH:
            return MAX_UNFOLDED + 1
        self._open.add(key)
        total = 0
        for part in self.named.get(key, ()):
            for node in part.iter(etree.Element):
                total += 1 + sum(self._weight(used) for used in _used(node))
                if total > MAX_UNFOLDED:
                    break
        self._open.discard(key)
        self._known[key] = min(total, MAX_UNFOLDED + 1)
        return self._known[key]


def _used(node: etree._Element) -> list[str]:
    """What libxml2 puts in place of a reference; the type of an element stays a reference."""
    local = etree.QName(node).localname
    if local in {"group", "attributeGroup"} and node.get("ref"):
        return [f"{local} {_local(node.get('ref', ''))}"]
    if local == "union":
        return [f"type {_local(name)}" for name in node.get("memberTypes", "").split()]
    base = node.get("base") if local in {"extension", "restriction"} else None
    return [f"type {_local(base)}"] if base else []


def _key(part: etree._Element, name: str) -> str:
    local = etree.QName(part).localname
    return f"type {name}" if local in {"complexType", "simpleType"} else f"{local} {name}"


def _local(name: str) -> str:
    return name.rpartition(":")[2]
