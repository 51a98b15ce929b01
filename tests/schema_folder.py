"""Schema files and code lists of plain directories, as tests need them, without installing anything."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gateway.sets.library import Library
from gateway.sets.manifest import SetIdentity
from gateway.xoev.schema.sets import SchemaSet


def sets(*directories: Path) -> list[SchemaSet]:
    """Every XSD below each directory as a set of its own."""
    return [
        SchemaSet(one.name, "", {path.relative_to(one).as_posix(): path.read_bytes() for path in one.rglob("*.xsd")})
        for one in directories
    ]


def library_of(
    *directories: Path | None, lists: dict[str, bytes] | None = None, rules: dict[str, bytes] | None = None
) -> Callable[[], Library]:
    """A library of these directories, of code lists and, beside the first directory, of rules (by file name)."""
    schemas = [(SetIdentity("schema", one.urn, ""), one) for one in sets(*filter(None, directories))]
    codes = [
        (SetIdentity("codelist", name, ""), SchemaSet(name, "", {name: content}))
        for name, content in (lists or {}).items()
    ]
    beside = [
        (SetIdentity("rules", one.urn, ""), SchemaSet(one.urn, "", rules))
        for _, one in schemas[:1]
        if rules is not None
    ]
    library = Library([*schemas, *codes, *beside])
    return lambda: library
