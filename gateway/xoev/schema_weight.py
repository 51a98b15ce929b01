"""Schemas that explode when they are compiled: groups that double groups, unions of unions, patterns of countless ways.

Knows: what libxml2 unfolds while it compiles. Never does: compile. Standard: XML Schema 1.0.
Start reading: `is_too_heavy`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from lxml import etree

_XS: Final = "{http://www.w3.org/2001/XMLSchema}"
_GLOBAL: Final = frozenset({"group", "attributeGroup", "complexType", "simpleType", "element"})
MAX_UNFOLDED: Final = 1_000_000
"""Nodes of a whole schema with every reference replaced by what it names; XBau with all it imports has 5,400."""
MAX_PATTERNS: Final = 1_000_000_000
"""Length times square of the repetitions of a pattern, all together; some 2 s of compiling. XBau has 8,400."""
_MAX_DEPTH: Final = 100


def is_too_heavy(roots: Iterable[etree._Element]) -> bool:
    """Whether compiling these files together would take more than some seconds and some hundred megabytes."""
    weights = _Weights(roots)
    return weights.patterns > MAX_PATTERNS or weights.unfolded() > MAX_UNFOLDED


class _Weights:
    def __init__(self, roots: Iterable[etree._Element]) -> None:
        self.patterns = 0
        self._named: dict[str, list[etree._Element]] = {}
        self._known: dict[str, int] = {}
        self._open: set[str] = set()
        for root in roots:
            for part in root.iterchildren(etree.Element):
                name = part.get("name")
                if name and etree.QName(part).localname in _GLOBAL:
                    self._named.setdefault(_key(part, name), []).append(part)
            for pattern in root.iter(f"{_XS}pattern"):
                text = pattern.get("value", "")
                self.patterns += len(text) * sum(sign in "*?+{" for sign in text) ** 2

    def unfolded(self) -> int:
        """Nodes of all global parts together; stops counting above the limit."""
        total = 0
        for key in self._named:
            total += self._weight(key)
            if total > MAX_UNFOLDED:
                break
        return total

    def _weight(self, key: str) -> int:
        """Of one name, in whatever namespace; a circle counts once, libxml2 refuses it."""
        if key in self._known or key in self._open:
            return self._known.get(key, 1)
        if len(self._open) >= _MAX_DEPTH:
            return MAX_UNFOLDED + 1
        self._open.add(key)
        total = 0
        for part in self._named.get(key, ()):
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
