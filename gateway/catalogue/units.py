"""The responsible units that a municipality's files describe, each once.

Knows: where a unit may be described, that one id means one unit. Never does: I/O.
Standard: XZuFi (organisationseinheit). Start reading: `Units`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from gateway.catalogue.entry import Unit
from gateway.catalogue.entry_rules import text_faults
from gateway.catalogue.sentences import finding
from gateway.model import Finding
from gateway.xoev.latin.datatypes import Datatype

_MAIL: Final = re.compile(r"[^@\s<>\"(),:;\\]+@[^@\s<>\"(),:;\\./?#]+(\.[^@\s<>\"(),:;\\./?#]+)+")
_LINES = ("street", "city", "phone", "mail")


class Units:
    """Every unit by its id; `default` is the one of entries that name none, described at `pointer`."""

    def __init__(self, default: Unit | None, pointer: str) -> None:
        self._default = default
        self._known: dict[str, tuple[Unit, str]] = {}
        self._faulty: set[str] = set()
        self.findings: tuple[Finding, ...] = ()
        if default is not None:
            self._known[default.id] = default, pointer
            self.findings = tuple(_faults(default, pointer, "."))
            self._faulty |= {default.id} if self.findings else set()

    def describe(self, table: Mapping[str, Any], pointer: str) -> tuple[Finding, ...]:
        """Take a table `[unit]` in. Everything that is wrong with it; one known otherwise is wrong, too."""
        others = {name: value for name, value in table.items() if name != "name"}
        unit = Unit(names=dict(table["name"]), **others)
        known, first = self._known.setdefault(unit.id, (unit, pointer))
        if known != unit:
            return (finding(pointer, "entry_unit_contradicts", first),)
        faults = tuple(_faults(unit, pointer, "/"))
        self._faulty |= {unit.id} if faults else set()
        return faults

    def named(self, unit: str | Mapping[str, Any] | None) -> Unit | None:
        """The unit that an entry names, by its id or in a table, else the default; None where it is unknown."""
        if unit is None:
            return self._default
        return self._known.get(unit if isinstance(unit, str) else unit["id"], (None, ""))[0]

    def sound(self, unit: Unit | None) -> bool:
        """Whether nothing is wrong with the unit itself."""
        return unit is None or unit.id not in self._faulty


def _faults(unit: Unit, pointer: str, step: str) -> Iterator[Finding]:
    in_settings = step == "."
    for language, name in unit.names.items():
        key = f"name{step}{language}" if not in_settings else "name" if language == "de" else f"name_{language}"
        yield from text_faults(f"{pointer}{step}{key}", name, Datatype.OTHER_NAME)
    for key in _LINES:
        if (text := getattr(unit, key)) is not None:
            yield from text_faults(f"{pointer}{step}{key}", text, Datatype.OTHER_NAME)
    if unit.mail is not None and not _MAIL.fullmatch(unit.mail):
        yield finding(f"{pointer}{step}mail", "entry_unit_mail")
