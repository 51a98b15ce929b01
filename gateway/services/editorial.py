"""What editors say of an online service for the OZG catalogue: texts, links, means, deadlines, life cycle, maturity.

Knows: the tables `[maturity]` and `[catalogue]` of `service.toml`, which entry files of municipalities have too.
Never does: judge addresses, HTML or levels (`catalogue` does). Standard: file format 1 of this project.
Start reading: `read_editorial`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from gateway.model import Finding
from gateway.services.file_shape import FileShape, json_ready

_TEXT: Final = {"type": "string", "minLength": 1}
TEXTS: Final = {
    "type": "object",
    "properties": {"de": _TEXT, "en": _TEXT},
    "required": ["de"],
    "additionalProperties": False,
}
"""A text by language, of which German has to be there."""
_NAMES: Final = {
    "type": "array",
    "items": {"type": "string", "pattern": "^[a-z][a-z0-9_-]{0,40}$"},
    "uniqueItems": True,
}
_DAY: Final = {"type": "string", "format": "date"}
_LINK: Final = {
    "type": "object",
    "properties": {"uri": _TEXT, "title": TEXTS},
    "required": ["uri", "title"],
    "additionalProperties": False,
}
_MODULE: Final = {
    "type": "object",
    "properties": {
        "module": {"type": "string", "pattern": "^[0-9]{2,3}$"},
        "text": TEXTS,
        "links": {"type": "array", "items": _LINK},
    },
    "required": ["module", "text"],
    "additionalProperties": False,
}
MATURITY: Final = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "model": {"enum": ["1.1", "2.0"]},
            "level": {"type": "integer"},
            "assessed_on": _DAY,
            "criteria": {"type": "object", "additionalProperties": {"type": "string"}},
            "evidence": _TEXT,
        },
        "required": ["model", "level", "assessed_on"],
        "additionalProperties": False,
    },
}
"""What assessments said; a table alone is read as a list of one."""
EDITORIAL: Final = {
    "modules": {"type": "array", "items": _MODULE},
    "means": _NAMES,
    "payment": _NAMES,
    "deadline": TEXTS,
    "valid_from": _DAY,
    "valid_until": _DAY,
    "life_cycle": {"enum": ["draft", "published", "suspended", "withdrawn"]},
}
"""What stands in `[catalogue]` of a service, and at the top of an entry file."""
_SHAPE: Final = FileShape(
    {
        "type": "object",
        "properties": {
            "maturity": MATURITY,
            "catalogue": {"type": "object", "properties": EDITORIAL, "additionalProperties": False},
        },
    },
    "service_",
)


def listed_maturity(table: Mapping[str, Any]) -> dict[str, Any]:
    """The table with its assessments as a list, JSON-ready."""
    ready: dict[str, Any] = json_ready(table)
    if isinstance(ready.get("maturity"), dict):
        ready["maturity"] = [ready["maturity"]]
    return ready


def as_written(faults: tuple[Finding, ...], table: Mapping[str, Any]) -> tuple[Finding, ...]:
    """The faults of a table with listed assessments, each at its place in the file."""
    if not isinstance(table.get("maturity"), dict):
        return faults
    return tuple(replace(fault, pointer=fault.pointer.replace("/maturity/0", "/maturity", 1)) for fault in faults)


def read_editorial(table: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], tuple[Finding, ...]]:
    """Take the editorial tables out of `service.toml`.

    Args:
        table: the parsed file. A text under `maturity` is a stage under its former name and stays.

    Returns:
        the rest of the file; the editorial facts by name, `maturity` among them; and all faults of their shape.
    """
    ready = listed_maturity({name: table[name] for name in ("maturity", "catalogue") if name in table})
    if isinstance(ready.get("maturity"), str):
        del ready["maturity"]
    faults = as_written(_SHAPE.faults(ready), table)
    others = {name: value for name, value in table.items() if name not in ready}
    facts = dict(ready["catalogue"]) if isinstance(ready.get("catalogue"), dict) else {}
    if "maturity" in ready:
        facts["maturity"] = ready["maturity"]
    return others, facts, faults
