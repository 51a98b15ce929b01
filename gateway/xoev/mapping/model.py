"""Mappings: which value of the portal's record becomes which element of the document.

Knows: the mapping file of a service (format 1) as values. Never does: carry a rule of one service in code.
Standard: of this project; `docs/` describes the file. Start reading: `Mapping`; `reading.py` reads and judges a file.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from gateway.xoev.latin.datatypes import Datatype

Tokens = tuple[str, ...]
"""A pointer into the record, split; `*` stands for every item of a list."""

STAR: Final = "*"


@dataclass(frozen=True, slots=True)
class Condition:
    """When something applies: the value at `source` is one of `values`, or it is absent and `absent` is set.

    `*` in `source` stands for the item of the list that is being looked at.
    """

    source: Tokens
    values: tuple[str | bool, ...]
    absent: bool = False

    def holds(self, record: object, where: Tokens = ()) -> bool:
        """Whether the condition holds for a record, at a place in it."""
        source = tuple(where[no] if token == STAR else token for no, token in enumerate(self.source))
        value = look_up(record, source)
        return self.absent if value is None else self.met(value)

    def met(self, value: object) -> bool:
        """Whether a value that is there is one of `values`, and of the same type."""
        return any(value == allowed and type(value) is type(allowed) for allowed in self.values)


@dataclass(frozen=True, slots=True)
class GroupEntry:
    """An object of the record (or each item of a list) that is a group of the document."""

    source: Tokens
    target: str


@dataclass(frozen=True, slots=True)
class FieldEntry:
    """A value of the record, a constant, or the name of an attachment, that is a field of the document.

    `attachment` is the kind of attachment that the field names, by its `converter` (`attached.NAMES`).
    `normalise` lets typographic characters be replaced by allowed ones (`normaliser.py`); never set for names.
    """

    source: Tokens
    target: str
    converter: str
    codes: ReadOnly[str, str]
    datatype: Datatype
    constant: str | None = None
    when: Condition | None = None
    normalise: bool = False
    attachment: str = ""

    @property
    def recorded(self) -> bool:
        """Whether the value comes from the record."""
        return self.constant is None and not self.attachment


class RuleKind(StrEnum):
    """What a rule between values of the record demands."""

    EXACTLY_ONE = "exactly_one"
    AT_LEAST_ONE = "at_least_one"
    REQUIRED = "required"
    PATTERN = "pattern"
    NOT_BEFORE = "not_before"
    NOT_AFTER = "not_after"
    SUM = "sum"
    CONFIRMED = "confirmed"


BEYOND: Final = frozenset({RuleKind.NOT_BEFORE, RuleKind.NOT_AFTER, RuleKind.SUM})
"""Rules that JSON Schema cannot say; the validations address judges them."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule between values: `of` are siblings in one object; `*` in it means: in each item of the list.

    `pattern` is for that kind only. `not_before` and `not_after` compare a day with the day at `other`, or with the day
    of receipt and so many `days` after it. `sum` demands that all values together are `total`, `confirmed` that none of
    them is false.
    """

    kind: RuleKind
    of: tuple[Tokens, ...]
    pattern: str = ""
    when: Condition | None = None
    other: Tokens = ()
    days: int | None = None
    total: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Mapping:
    """A whole mapping file, checked against its form schema."""

    version: str
    groups: ReadOnly[str, GroupEntry]
    fields: ReadOnly[str, FieldEntry]
    rules: tuple[Rule, ...]


def look_up(record: object, source: Tokens) -> object:
    """The value at a pointer without `*`, or None where there is nothing."""
    current = record
    for token in source:
        if isinstance(current, list) and token.isdigit() and int(token) < len(current):
            current = current[int(token)]
        elif isinstance(current, dict) and token in current:
            current = current[token]
        else:
            return None
    return current


def every(value: object, place: Tokens, where: Tokens = ()) -> Iterator[tuple[object, Tokens]]:
    """Each value at a pointer with `*`, and where exactly it stands."""
    for step, token in enumerate(place):
        if token == STAR:
            for number, item in enumerate(value if isinstance(value, list) else ()):
                yield from every(item, place[step + 1 :], (*where, *place[:step], str(number)))
            return
        if not isinstance(value, dict) or token not in value:
            return
        value = value[token]
    yield value, where + place


def pointer(tokens: Tokens) -> str:
    """The RFC 6901 pointer into the create body."""
    return "/record" + "".join("/" + token.replace("~", "~0").replace("/", "~1") for token in tokens)
