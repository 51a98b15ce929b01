"""What the municipality offers online, one entry a service, whoever delivers it.

Knows: the facts of an entry, its life cycle, what makes two states of it the same. Never does: I/O; say whether it is
listed or works (`status` does). Standard: XZuFi 2.3.1 (words), OZG maturity models 1.1 and 2.0.
Start reading: `Entry`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Literal

DeliveredBy = Literal["gateway", "elsewhere"]


class LifeCycle(StrEnum):
    """Where an entry stands: a draft is not published, a withdrawn one is sent as a deletion and then absent."""

    DRAFT = "draft"
    PUBLISHED = "published"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"


class Validity(StrEnum):
    """How a day lies to the days on which an entry is valid."""

    TO_COME = "to_come"
    CURRENT = "current"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class FurtherLink:
    """An address that a text points at, with its title by language."""

    uri: str
    titles: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TextModule:
    """One text of a Leistung: `module` is its number in the list of text modules (`06`: full text).

    `texts` are HTML by language, of the allowed elements only.
    """

    module: str
    texts: Mapping[str, str]
    links: tuple[FurtherLink, ...] = ()


@dataclass(frozen=True, slots=True)
class Unit:
    """The responsible unit, by an id that is unique in its municipality."""

    id: str
    names: Mapping[str, str]
    street: str
    zip_code: str
    city: str
    phone: str | None = None
    mail: str | None = None


@dataclass(frozen=True, slots=True)
class Maturity:
    """What an assessment said: `model` 1.1 (levels 0 to 4) or 2.0 (0 to 7), its criteria and where the evidence is."""

    model: Literal["1.1", "2.0"]
    level: int
    assessed_on: date
    criteria: Mapping[str, str] = field(default_factory=dict)
    evidence: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A claim: this municipality offers this service online at `url`.

    `service` is the id (of ours where `delivered_by` is `gateway`), `titles` and other texts go by language (`de`,
    `en`). `assurance`, `means` (of identification), `payment`, `fee` and `deadline` are what it asks for.
    `valid_from` and `valid_until` are half open. `example`: whether the town truly offers it is not known.
    """

    municipality: str
    service: str
    delivered_by: DeliveredBy
    leika_key: str | None
    titles: Mapping[str, str]
    url: str | None
    life_cycle: LifeCycle = LifeCycle.PUBLISHED
    summaries: Mapping[str, str] = field(default_factory=dict)
    modules: tuple[TextModule, ...] = ()
    languages: tuple[str, ...] = ("de",)
    assurance: str = "none"
    means: tuple[str, ...] = ()
    payment: tuple[str, ...] = ()
    fees: Mapping[str, str] = field(default_factory=dict)
    deadlines: Mapping[str, str] = field(default_factory=dict)
    maturities: tuple[Maturity, ...] = ()
    unit: Unit | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    destination_id: str | None = None
    """Where applications go by FIT-Connect, for entries of our own."""
    example: bool = False

    def validity_on(self, day: date) -> Validity:
        """Whether the entry is valid on that day, and if not, whether that is over."""
        if self.valid_until is not None and self.valid_until <= day:
            return Validity.ENDED
        return Validity.TO_COME if self.valid_from is not None and self.valid_from > day else Validity.CURRENT

    def published_on(self, day: date) -> bool:
        """Whether the entry belongs in the catalogue on that day: published or suspended, and valid.

        Those are counted, by sentence, page, report, export and figures alike.
        """
        standing = self.life_cycle in {LifeCycle.PUBLISHED, LifeCycle.SUSPENDED}
        return standing and self.validity_on(day) is Validity.CURRENT


@dataclass(frozen=True, slots=True)
class Revision:
    """A state of an entry as the registry keeps it: `number` grows with each that differs, for ever."""

    entry: Entry
    number: int
    digest: str
    changed_at: datetime
    changed_by: str
