"""What a form schema is: groups and fields where they are used, with everything the file says about them.

Knows: the words of XDatenfelder as values. Never does: read or write. Standard: XDatenfelder 2.0 and 3.0.0.
Start reading: `FormSchema`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from gateway.model import Finding


class FieldKind(StrEnum):
    """How a field is shown (`feldart`); a label is never transported."""

    INPUT = "input"
    SELECT = "select"
    LABEL = "label"
    HIDDEN = "hidden"
    LOCKED = "locked"


class FieldType(StrEnum):
    """What a field holds (`datentyp`)."""

    TEXT = "text"
    TEXT_LATIN = "text_latin"
    DATE = "date"
    TIME = "time"
    DATETIME = "datetime"
    BOOL = "bool"
    NUM = "num"
    NUM_INT = "num_int"
    NUM_CURRENCY = "num_currency"
    FILE = "file"
    OBJECT = "obj"


TEXTS = frozenset({FieldType.TEXT, FieldType.TEXT_LATIN})
NUMBERS = frozenset({FieldType.NUM, FieldType.NUM_INT, FieldType.NUM_CURRENCY})
MOMENTS = frozenset({FieldType.DATE, FieldType.TIME, FieldType.DATETIME})


@dataclass(frozen=True, slots=True)
class Code:
    """One value of a code list: what is transported, what people read, and a hint where the list gives one."""

    code: str
    name: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class ListReference:
    """Which code list a field takes its values from; `id` is its FIM id (`C…`), empty in XDatenfelder 3."""

    id: str
    uri: str
    version: str
    version_uri: str


@dataclass(frozen=True, slots=True)
class Note:
    """Something that a file says and no document carries: the path of element names and the text."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class FormRule:
    """A rule between fields (`regel`) in the words of its author; `kind` K, M, V or B, empty in XDatenfelder 2."""

    id: str
    version: str
    name: str
    text: str
    kind: str = ""
    script: str = ""
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """A field where it is used: `minimum` and `maximum` count its occurrences, `maximum` None means any number.

    `pattern` is in the spelling that XML Schema, ECMAScript and linear engines share and always means the whole text;
    `earliest` and `latest` bound a date, time or date-time in its ISO form; `max_size` counts bytes of a file.
    """

    id: str
    version: str
    label: str
    hint: str
    kind: FieldKind
    type: FieldType
    minimum: int = 1
    maximum: int | None = 1
    min_length: int | None = None
    max_length: int | None = None
    min_value: Decimal | None = None
    max_value: Decimal | None = None
    pattern: str | None = None
    codes: tuple[Code, ...] = ()
    earliest: str | None = None
    latest: str | None = None
    max_size: int | None = None
    media_types: tuple[str, ...] = ()
    code_list: ListReference | None = None
    rules: tuple[FormRule, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def coded(self) -> bool:
        """Whether only the values of a list are allowed."""
        return bool(self.codes)


@dataclass(frozen=True, slots=True)
class Group:
    """A group of fields and groups where it is used; in a `choice` exactly one of the children stands."""

    id: str
    version: str
    label: str
    hint: str
    minimum: int
    maximum: int | None
    children: tuple[Group | Field, ...]
    choice: bool = False
    rules: tuple[FormRule, ...] = ()
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class FormSchema:
    """A whole form (Stammdatenschema). `id` and `version` as written in the file (`1.0` or `1.0.0`).

    `standard` is the version of XDatenfelder; `notices` say, line by line, what of the file could not be taken over.
    """

    id: str
    version: str
    label: str
    children: tuple[Group | Field, ...]
    standard: str = "3.0.0"
    rules: tuple[FormRule, ...] = ()
    notes: tuple[Note, ...] = ()
    notices: tuple[Finding, ...] = ()

    def elements(self) -> Iterator[tuple[str, Group | Field]]:
        """Every element with its path of ids below the root (`G…/F…`), in document order."""
        yield from _walk("", self.children)


def transported(children: tuple[Group | Field, ...]) -> tuple[Group | Field, ...]:
    """The children that a document holds: all but labels."""
    return tuple(child for child in children if isinstance(child, Group) or child.kind is not FieldKind.LABEL)


def _walk(prefix: str, children: tuple[Group | Field, ...]) -> Iterator[tuple[str, Group | Field]]:
    for child in children:
        path = f"{prefix}/{child.id}" if prefix else child.id
        yield path, child
        if isinstance(child, Group):
            yield from _walk(path, child.children)
