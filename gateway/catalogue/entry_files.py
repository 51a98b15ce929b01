"""Entry files of a municipality: a folder of TOML, one online service a file.

Knows: their shape, that a link may not lead out of the folder. Never does: judge what the facts say (`entry_rules`
does) or serve half a file. Standard: file format 1 of this project (docs/reference/catalogue-entries.md).
Start reading: `read_folder`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, cast

from gateway.catalogue.sentences import finding
from gateway.input import regular_file
from gateway.model import Finding
from gateway.services.definition import ASSURANCES
from gateway.services.editorial import EDITORIAL, MATURITY, TEXTS, as_written, listed_maturity
from gateway.services.file_shape import FileShape
from gateway.settings.toml import NotToml, parse
from gateway.xoev.latin.datatypes import nfc

MOST_BYTES: Final = 4 << 20
_LINE: Final = {"type": "string", "minLength": 1}
_UNIT: Final = {
    "type": ["string", "object"],  # the id of one, or one
    "pattern": "^[a-z][a-z0-9-]{0,62}$",
    "properties": {
        "id": {"type": "string", "pattern": "^[a-z][a-z0-9-]{0,62}$"},
        "name": TEXTS,
        "street": _LINE,
        "zip_code": {"type": "string", "pattern": "^[0-9]{5}$"},
        "city": _LINE,
        "phone": _LINE,
        "mail": _LINE,
    },
    "required": ["id", "name", "street", "zip_code", "city"],
    "additionalProperties": False,
}
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "format": {"const": 1},
        "id": {"type": "string", "pattern": "^[a-z][a-z0-9-]{1,40}$"},
        "delivered_by": {"enum": ["elsewhere", "gateway"]},
        "leika_key": {"type": "string", "pattern": "^(none|99[0-9]{12})$"},
        "title": TEXTS,
        "summary": TEXTS,
        "fee": TEXTS,
        "url": _LINE,
        "languages": {"type": "array", "items": {"enum": ["de", "en"]}, "minItems": 1, "uniqueItems": True},
        "assurance": {"enum": list(ASSURANCES)},
        "unit": _UNIT,
        "example": {"type": "boolean"},
        "maturity": MATURITY,
        **EDITORIAL,
    },
    "required": ["format", "id"],
    "additionalProperties": False,
}
_SHAPE: Final = FileShape(SCHEMA, "entry_")


@dataclass(frozen=True, slots=True)
class EntryFile:
    """One file: `place` is what findings begin with; `facts` is None where its shape is not sound."""

    place: str
    id: str | None
    facts: Mapping[str, Any] | None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class EntryFolder:
    """Every file of a folder. `readable` is false where it cannot be listed: then nobody knows what it holds."""

    files: tuple[EntryFile, ...] = ()
    findings: tuple[Finding, ...] = ()
    readable: bool = field(default=True)


def read_folder(folder: Path, slug: str) -> EntryFolder:
    """Read every `*.toml` of a municipality's folder of entries; all faults of all files are told.

    Files whose names begin with a dot or an underscore are left out.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == ".toml" and path.name[0] not in "._")
        inside = folder.resolve(strict=True)
    except OSError:
        return EntryFolder(findings=(finding(f"{slug}.catalogue.dir", "entry_folder"),), readable=False)
    return EntryFolder(tuple(_read(path, inside, f"{slug}/{_shown(path.name)}") for path in paths))


def _shown(name: str) -> str:
    """The name of a file as it can be printed, whatever bytes it has."""
    return "".join(character if character.isprintable() else "?" for character in name)


def stamps(folder: Path) -> tuple[tuple[str, int, int, int], ...]:
    """What shows that a file of the folder changed: names, inodes, times and sizes; empty where it cannot be listed."""
    try:
        return tuple(sorted(_stamp(path) for path in folder.glob("*.toml")))
    except OSError:
        return ()


def _stamp(path: Path) -> tuple[str, int, int, int]:
    try:
        seen = path.stat()
    except OSError:
        return path.name, 0, 0, 0
    return path.name, seen.st_ino, seen.st_mtime_ns, seen.st_size


def _read(path: Path, inside: Path, place: str) -> EntryFile:
    table = _table(path, inside, place)
    if isinstance(table, Finding):
        return EntryFile(place, None, None, (table,))
    ready = cast("dict[str, Any]", nfc(listed_maturity(table)))
    faults = as_written(_SHAPE.faults(ready), table)
    placed = tuple(replace(fault, pointer=f"{place}#{fault.pointer}") for fault in faults)
    named = ready.get("id")
    return EntryFile(place, named if isinstance(named, str) else None, None if placed else ready, placed)


def _table(path: Path, inside: Path, place: str) -> dict[str, Any] | Finding:
    try:
        if not path.resolve(strict=True).is_relative_to(inside):
            return finding(place, "entry_file_outside")
        raw = regular_file.content(path, MOST_BYTES + 1)
    except (OSError, RuntimeError):  # RuntimeError: links in a circle
        return finding(place, "entry_file_unreadable")
    if len(raw) > MOST_BYTES:
        return finding(place, "entry_file_too_large", MOST_BYTES >> 20)
    try:
        return parse(raw)
    except NotToml as error:
        return finding(f"{place}#/{error.line}" if error.line else place, "entry_not_toml", (error.de, error.en))
