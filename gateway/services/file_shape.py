"""The shape of a file that people write: a closed JSON Schema, and every fault of it in both languages.

Knows: which sentence belongs to which keyword, how TOML's own values become JSON. Never does: I/O, know a file.
Standard: JSON Schema 2020-12. Start reading: `FileShape.faults`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any, Final

import jsonschema_rs

from gateway.errors.sentences import Sentences
from gateway.model import Finding

_SENTENCES: Final = {
    "required": ("Der Schlüssel „{0}“ fehlt; bitte ergänzen.", 'The key "{0}" is missing; add it.'),
    "additionalProperties": ("Unbekannter Schlüssel; bitte entfernen: {0}.", "Unknown key; remove it: {0}."),
    "type": ("Falscher Typ; erwartet wird {0} (TOML).", "Wrong type; expected is {0} (TOML)."),
    "pattern": (
        "Der Wert folgt nicht dem Muster {0}; bitte berichtigen.",
        "The value does not follow the pattern {0}.",
    ),
    "enum": ("Erlaubt sind nur: {0}.", "Allowed are only: {0}."),
    "const": ("Erlaubt ist hier nur {0}; bitte berichtigen.", "Only {0} is allowed here; correct it."),
    "minLength": ("Der Text darf nicht leer sein.", "The text must not be empty."),
    "minItems": ("Mindestens {0} Eintrag ist nötig.", "At least {0} entry is needed."),
    "uniqueItems": ("Kein Eintrag darf sich wiederholen.", "No entry may occur twice."),
    "minimum": ("Der kleinste erlaubte Wert ist {0}.", "The least value allowed is {0}."),
    "maximum": ("Der größte erlaubte Wert ist {0}.", "The greatest value allowed is {0}."),
    "format": ("Erwartet wird eine Angabe der Form {0}.", "Expected is a value of the form {0}."),
}


@dataclass(frozen=True, slots=True)
class FileShape:
    """A closed schema; rules of its findings are the keywords in lower case behind `prefix`."""

    schema: Mapping[str, Any]
    prefix: str
    _validator: jsonschema_rs.Draft202012Validator = field(init=False, repr=False)

    def __post_init__(self) -> None:
        validator = jsonschema_rs.Draft202012Validator(dict(self.schema), validate_formats=True, offline=True)
        object.__setattr__(self, "_validator", validator)

    def faults(self, table: Mapping[str, Any]) -> tuple[Finding, ...]:
        """Every fault, its pointer the key path in the file. `table` is JSON-ready (see `json_ready`)."""
        return tuple(self._fault(error) for error in self._validator.iter_errors(table))

    def _fault(self, error: jsonschema_rs.ValidationError) -> Finding:
        keyword = str(error.schema_path[-1])
        pointer = "".join(f"/{step}" for step in error.instance_path)
        rule: Any = self.schema
        for step in error.schema_path:
            rule = rule[step]
        limit = ", ".join(map(str, rule)) if isinstance(rule, list) else str(rule)
        details = error.kind.as_dict()
        if keyword == "required":
            limit = str(details["property"])
            pointer += f"/{limit}"
        elif keyword == "additionalProperties":
            limit = ", ".join(map(str, details.get("unexpected", ())))
        return Finding(pointer, f"{self.prefix}{keyword.lower()}", *Sentences(_SENTENCES).said(keyword, limit))


def json_ready(value: Any) -> Any:  # noqa: ANN401 - whatever stands in the file
    """A value of TOML as JSON has it: dates and times as text (ISO 8601)."""
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: json_ready(item) for name, item in value.items()}
    return [json_ready(item) for item in value] if isinstance(value, list) else value
