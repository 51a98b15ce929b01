"""The values of a message mapping: entries as the file has them, slots once they are joined with a schema.

Knows: which value of the record, or of what the gateway knows around it, becomes which element or attribute.
Never does: read or judge a file. Standard: of this project. Start reading: `MessageEntry`, then `Slot`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.xoev.mapping.model import STAR, Condition, Tokens
from gateway.xoev.message.declared import Simple

KNOWN: Final = "@"
"""First token of a source that is not in the record but known to the gateway (`around.py`)."""

Target = tuple[str, ...]
"""Steps below the root: `name`, `name#label` where one element is filled from several places, `@name` at the end."""


@dataclass(frozen=True, slots=True)
class MessageEntry:
    """One table of the file. `place` names file and key path for faults.

    A group says when its element exists (`source`, `when`). A field has exactly one of: `source` with a converter, a
    `constant`, `made` (an identifier derived from the case), `embeds` (the whole form as XML). `unique`: no two
    elements of the document may have the same text.
    """

    place: str
    target: Target
    is_group: bool
    source: Tokens | None = None
    constant: str | None = None
    converter: str = ""
    codes: Mapping[str, str] = field(default_factory=dict)
    when: Condition | None = None
    made: bool = False
    embeds: bool = False
    unique: bool = False

    @property
    def repeated(self) -> bool:
        """Whether each item of a list makes one element."""
        return self.source is not None and self.source[-1:] == (STAR,)

    @property
    def from_record(self) -> bool:
        """Whether the portal's record decides about it."""
        return self.source is not None and self.source[:1] != (KNOWN,)


@dataclass(frozen=True, slots=True)
class ParameterEntry:
    """A value that a municipality gives; `default` None: it has to."""

    name: str
    default: str | None = None


@dataclass(frozen=True, slots=True)
class MessageMapping:
    """A whole mapping with what it extends. `schema` is the location of the file that declares `root`."""

    version: str
    standard: str
    schema_uri: str
    namespace: str
    schema: str
    root: str
    prefix: str
    parameters: tuple[ParameterEntry, ...]
    entries: tuple[MessageEntry, ...]


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in the document and where its content comes from.

    `groups` are the slots below in the order of the schema, those of one name together: `minimum` and `maximum` count
    all elements of that name. `simple` is set where there is text. `sourced`: the record decides about something below.
    """

    tag: str
    attribute: bool
    minimum: int
    maximum: int | None
    simple: Simple | None
    label: tuple[str, str]
    entry: MessageEntry | None = None
    constant: str | None = None
    groups: tuple[tuple[Slot, ...], ...] = ()
    sourced: bool = False

    @property
    def children(self) -> tuple[Slot, ...]:
        """The slots below in the order of the schema."""
        return tuple(slot for group in self.groups for slot in group)

    @property
    def is_field(self) -> bool:
        """Whether it has content of its own, not only children."""
        return self.constant is not None or (self.entry is not None and not self.entry.is_group)
