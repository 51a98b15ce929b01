"""The head of a service: `service.toml` read and judged.

Knows: titles, keys, attachments, parameters. Never does: look at records. Standard: file format 1 of this project.
Start reading: `read`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.model import PLAIN_JWS, Finding, Severity, SignatureFormat, SignatureStyle
from gateway.services.editorial import read_editorial
from gateway.services.file_shape import FileShape

MAX_FILE_BYTES: Final = 374_900_000
"""One file: FIT-Connect takes 500 MB of a sealed attachment, and sealing makes four bytes of three (reference §2.3)."""
_PAIR: Final = {
    "type": "object",
    "properties": {"de": {"type": "string", "minLength": 1}, "en": {"type": "string", "minLength": 1}},
    "required": ["de", "en"],
    "additionalProperties": False,
}
_WHEN: Final = {
    "type": "object",
    "properties": {
        "pointer": {"type": "string", "pattern": "^(/[a-z][a-z0-9_]*)+$"},
        "in": {"type": "array", "items": {"type": ["string", "boolean"]}, "minItems": 1},
    },
    "required": ["pointer", "in"],
    "additionalProperties": False,
}
_ATTACHMENT: Final = {
    "type": "object",
    "properties": {
        "kind": {"type": "string", "pattern": "^[a-z][a-z0-9_]{1,40}$"},
        "required": {"type": "boolean"},
        "media_types": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "string", "pattern": "^[a-z]+/[a-z0-9.+-]+$"},
        },
        "max_bytes": {"type": "integer", "minimum": 1, "maximum": MAX_FILE_BYTES},
        "max_count": {"type": "integer", "minimum": 1, "maximum": 100},
        "title": _PAIR,
        "expected": _WHEN,
    },
    "required": ["kind", "required", "media_types", "max_bytes", "max_count", "title"],
    "additionalProperties": False,
}
_PARAMETER: Final = {
    "type": "object",
    "properties": {
        "key": {"type": "string", "pattern": "^[a-z_]+(\\.[a-z0-9_]+)*$"},
        "type": {"enum": ["integer", "boolean", "string"]},
        "min": {"type": "integer"},
        "max": {"type": "integer"},
        "in": {"type": "array", "items": {"type": "string"}, "minItems": 1},
    },
    "required": ["key", "type"],
    "additionalProperties": False,
}
_CALENDAR: Final = {
    "type": "object",
    "properties": {
        name: {"type": "string", "pattern": "^(/[a-z][a-z0-9_]*)+$"} for name in ("summary", "times", "minutes")
    },
    "required": ["summary", "times", "minutes"],
    "additionalProperties": False,
}
_SIGNATURE: Final = {
    "type": "object",
    "properties": {
        "format": {"enum": [member.value for member in SignatureFormat]},
        "packaging": {"enum": ["detached", "enveloped"]},
    },
    "required": ["format"],
    "additionalProperties": False,
}
_DOCUMENT: Final = {
    "type": "object",
    "properties": {"schema_set": {"type": "string", "minLength": 1}, "root": {"type": "string", "minLength": 1}},
    "required": ["schema_set"],
    "additionalProperties": False,
}
_STAGE: Final = {"enum": ["draft", "pilot", "productive"]}
ASSURANCES: Final = ("none", "basic", "substantial", "high")
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "format": {"const": 1},
        "id": {"type": "string", "pattern": "^[a-z][a-z0-9-]{1,40}$"},
        "version": {"type": "string", "pattern": "^[0-9]+\\.[0-9]+\\.[0-9]+$"},
        "leika_key": {"type": "string", "pattern": "^(none|99[0-9]{12})$"},
        "standard": {"enum": ["xfall"]},
        "assurance": {"enum": list(ASSURANCES)},
        "accounts": {"type": "array", "items": {"enum": ["person", "organisation"]}, "uniqueItems": True},
        "languages": {"type": "array", "items": {"type": "string", "pattern": "^[a-z]{2}$"}},
        "stage": _STAGE,
        "maturity": _STAGE,  # its former name; a table there is the catalogue's
        "schema_uri": {"type": "string", "format": "uri"},
        "document": _DOCUMENT,
        "special_categories": {"type": "array", "items": {"enum": ["health"]}, "uniqueItems": True},
        "signature": _SIGNATURE,
        "title": _PAIR,
        "summary": _PAIR,
        "fee": _PAIR,
        "retention": {
            "type": "object",
            "properties": {"days_after_end": {"type": "integer", "minimum": 1, "maximum": 3650}},
            "required": ["days_after_end"],
            "additionalProperties": False,
        },
        "calendar": _CALENDAR,
        "attachments": {"type": "array", "items": _ATTACHMENT},
        "parameters": {"type": "array", "items": _PARAMETER},
    },
    "required": ["format", "id", "version", "leika_key", "standard", "assurance", "title", "retention"],
    "additionalProperties": False,
}
_SHAPE: Final = FileShape(SCHEMA, "service_")
_RENAMED: Final = Finding(
    "/maturity",
    "service_renamed",
    "maturity heißt jetzt stage und wird als solches gelesen; bitte umbenennen.",
    "maturity is now called stage and is read as that; rename it.",
    Severity.WARNING,
)


@dataclass(frozen=True, slots=True)
class ExpectedShape:
    """When an attachment that is not required is usual: the record's value at `source` is one of `values`."""

    source: tuple[str, ...]
    values: tuple[str | bool, ...]


@dataclass(frozen=True, slots=True)
class AttachmentRule:
    """What a service asks for: `max_bytes` counts one file, `max_count` the files of this kind."""

    kind: str
    title_de: str
    title_en: str
    required: bool
    media_types: tuple[str, ...]
    max_bytes: int
    max_count: int
    expected: ExpectedShape | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value that a municipality may override: dotted `key`, its type and bounds."""

    key: str
    type: str
    minimum: int | None
    maximum: int | None
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Calendar:
    """Where an appointment stands in the record: what it is about, its wished times (`date`, `time`), its length."""

    summary: tuple[str, ...]
    times: tuple[str, ...]
    minutes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DocumentSchema:
    """The installed schema set whose XSD decides about documents; `root` where it leaves a doubt which element."""

    schema_set: str
    root: str = ""


@dataclass(frozen=True, slots=True)
class Definition:
    """`service.toml` as a value."""

    id: str
    version: str
    titles: Mapping[str, str]
    summaries: Mapping[str, str]
    fees: Mapping[str, str]
    leika_key: str | None
    standard: str
    assurance: str
    accounts: tuple[str, ...]
    languages: tuple[str, ...]
    stage: str
    schema_uri: str | None
    special_categories: tuple[str, ...]
    retention_days: int
    attachments: tuple[AttachmentRule, ...]
    parameters: tuple[Parameter, ...]
    calendar: Calendar | None = None
    signature: SignatureStyle = PLAIN_JWS
    document: DocumentSchema | None = None
    message: Mapping[str, str] = field(default_factory=dict)
    """What a municipality set for messages of another standard, by name."""
    editorial: Mapping[str, Any] = field(default_factory=dict)
    """What it says for the OZG catalogue (`editorial`): JSON-ready, by the names of its file."""
    notices: tuple[Finding, ...] = ()
    """What its author may want to change, although it is understood."""


def read(table: Mapping[str, Any]) -> tuple[Definition | None, tuple[Finding, ...]]:
    """Turn `service.toml` into a definition.

    Args:
        table: the parsed file.

    Returns:
        the definition and no findings, or None and all faults; pointers are key paths of the file.
    """
    table, editorial, unshaped = read_editorial(table)
    faults = _SHAPE.faults(table) + unshaped
    if faults:
        return None, faults
    signature = table.get("signature", {})
    definition = Definition(
        id=table["id"],
        version=table["version"],
        titles=table["title"],
        summaries=table.get("summary", {}),
        fees=table.get("fee", {}),
        leika_key=None if table["leika_key"] == "none" else table["leika_key"],
        standard=table["standard"],
        assurance=table["assurance"],
        accounts=tuple(table.get("accounts", ())),
        languages=tuple(table.get("languages", ("de",))),
        stage=table.get("stage", table.get("maturity", "draft")),
        schema_uri=table.get("schema_uri"),
        special_categories=tuple(table.get("special_categories", ())),
        retention_days=table["retention"]["days_after_end"],
        attachments=tuple(_attachment(entry) for entry in table.get("attachments", ())),
        parameters=tuple(_parameter(entry) for entry in table.get("parameters", ())),
        calendar=_calendar(table["calendar"]) if "calendar" in table else None,
        signature=SignatureStyle(
            SignatureFormat(signature.get("format", SignatureFormat.JWS)),
            enveloped=signature.get("packaging") == "enveloped",
        ),
        document=DocumentSchema(**table["document"]) if "document" in table else None,
        editorial=editorial,
        notices=(_RENAMED,) if "maturity" in table else (),
    )
    faults = tuple(_unfit(definition))
    return (None if faults else definition), faults


def _calendar(entry: Mapping[str, str]) -> Calendar:
    return Calendar(**{name: tuple(pointer[1:].split("/")) for name, pointer in entry.items()})


def _attachment(entry: Mapping[str, Any]) -> AttachmentRule:
    expected = entry.get("expected")
    return AttachmentRule(
        entry["kind"],
        entry["title"]["de"],
        entry["title"]["en"],
        entry["required"],
        tuple(entry["media_types"]),
        entry["max_bytes"],
        entry["max_count"],
        ExpectedShape(tuple(expected["pointer"][1:].split("/")), tuple(expected["in"])) if expected else None,
    )


def _parameter(entry: Mapping[str, Any]) -> Parameter:
    choices = entry.get("in", ASSURANCES if entry["key"] == "assurance" else ())
    return Parameter(entry["key"], entry["type"], entry.get("min"), entry.get("max"), tuple(choices))


OVERRIDABLE: Final = {"max_bytes": "integer", "max_count": "integer", "required": "boolean"}
"""What of an attachment a parameter may name, with its type."""


def _unfit(definition: Definition) -> list[Finding]:
    faults: list[Finding] = []
    if definition.signature.enveloped and definition.signature.format is not SignatureFormat.XADES:
        de, en = "Nur XAdES steht im Dokument; bitte detached.", "Only XAdES stands in the document; use detached."
        faults.append(Finding("/signature/packaging", "signature_packaging", de, en))
    kinds = [rule.kind for rule in definition.attachments]
    for kind in sorted({kind for kind in kinds if kinds.count(kind) > 1}):
        de, en = (
            f"Die Anlage „{kind}“ ist doppelt; eine entfernen.",
            f'The attachment "{kind}" is there twice; remove one.',
        )
        faults.append(Finding("/attachments", "service_twice", de, en))
    possible = {f"attachments.{kind}.{key}": value_type for kind in kinds for key, value_type in OVERRIDABLE.items()}
    possible["assurance"] = "string"
    for number, parameter in enumerate(definition.parameters):
        if possible.get(parameter.key) != parameter.type:
            known = ", ".join(f"{key} ({value_type})" for key, value_type in possible.items())
            de, en = f"Möglich sind nur: {known}.", f"Possible are only: {known}."
            faults.append(Finding(f"/parameters/{number}/key", "service_parameter", de, en))
        if parameter.key == "assurance" and not set(parameter.choices) <= set(ASSURANCES):
            known = ", ".join(ASSURANCES)
            de, en = f"Möglich sind nur: {known}.", f"Possible are only: {known}."
            faults.append(Finding(f"/parameters/{number}/in", "service_parameter", de, en))
        low, high = parameter.minimum, parameter.maximum
        if low is not None and high is not None and low > high:
            de, en = "min ist größer als max; kein Wert passt.", "min is greater than max; no value fits."
            faults.append(Finding(f"/parameters/{number}/min", "service_parameter", de, en))
    return faults
