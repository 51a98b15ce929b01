"""One listing in a source, whatever the source, and when an answer is none.

Knows: the level of a regional key, when two addresses are one, doubled rows. Never does: I/O, clocks.
Standard: ARS (Destatis); RFC 3986 §6.2.2. Start reading: `ListedRow`.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar
from urllib.parse import urlsplit

from gateway.catalogue.status import Source

DOUBLED_SHARE: Final = 0.2
"""An answer that repeats more of its rows than this is refused; fewer are left out."""
_PORTS: Final = {"http": 80, "https": 443}
_ARS_DIGITS: Final = 12
_LEVELS: Final = (9, 5, 2, 0)
_T = TypeVar("_T")


class AnswerRefused(ValueError):
    """An answer that is no news: wrong in shape, endless, doubled, from the future, too large or much too small.

    `rule` is one of `RULES`.
    """

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


RULES: Final = {
    "form": ("Die Antwort hat nicht die erwartete Form.", "The answer has not the form that is expected."),
    "endless": ("Die Seiten der Antwort nehmen kein Ende.", "The pages of the answer do not end."),
    "rows": ("Die Antwort ist viel zu groß.", "The answer is much too large."),
    "doubled": ("Die Antwort nennt Zeilen doppelt.", "The answer repeats rows."),
    "future": ("Die Antwort nennt einen Stand, der noch kommt.", "The answer is dated in the future."),
    "shrunk": (
        "Die Antwort ist viel kleiner als die letzte; bleibt sie zwei Tage so, gilt sie.",
        "The answer is much smaller than the last one; once it stays so for two days it counts.",
    ),
}
"""What is refused, in German and English."""


@dataclass(frozen=True, slots=True)
class ListedRow:
    """A service as a source lists it in a region.

    `place` is the source's own id of the object, `status` what the source says of the link (None: nothing), `as_of`
    until when the source's state of it was right at least.
    """

    leika_key: str | None
    ars: str
    url: str | None
    place: str
    status: str | None = None
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class SourceListing:
    """Everything that a source lists for a municipality: `rows` of its own and inherited ones.

    `total`: rows that the source has of the whole Land, where it was asked.
    """

    source: Source
    rows: tuple[ListedRow, ...]
    total: int | None = None

    def own(self, ars: str) -> tuple[ListedRow, ...]:
        """Those of exactly this municipality."""
        return tuple(row for row in self.rows if row.ars == ars)

    def inherited(self, ars: str) -> tuple[ListedRow, ...]:
        """Those of a level above it; another municipality's are none of its business."""
        levels = level_above(ars)
        return tuple(row for row in self.rows if row.ars in levels)


def level_above(ars: str) -> tuple[str, ...]:
    """The keys of the levels above a municipality, nearest first: Verband, Kreis, Land, Bund."""
    keys = (ars[:length] + "0" * (_ARS_DIGITS - length) for length in _LEVELS)
    return tuple(dict.fromkeys(key for key in keys if key != ars))


def full(ars: str) -> str:
    """A regional key with all its digits: a shorter one names a level above."""
    return ars.ljust(_ARS_DIGITS, "0")


def same_address(one: str, other: str) -> bool:
    """Whether two addresses are one, but for case of scheme and host, the usual port and a slash at the end."""
    return _plain(one) == _plain(other)


def _plain(url: str) -> tuple[Hashable, ...]:
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return (url,)
    scheme = parts.scheme.lower()
    port = None if port == _PORTS.get(scheme) else port
    return scheme, (parts.hostname or "").lower(), port, parts.path.rstrip("/"), parts.query, parts.fragment


def once(rows: Iterable[_T]) -> tuple[_T, ...]:
    """Each row once. Raises `AnswerRefused` where many are repeated."""
    listed: Sequence[_T] = list(rows)
    distinct = tuple(dict.fromkeys(listed))
    if len(listed) - len(distinct) > DOUBLED_SHARE * len(distinct):
        raise AnswerRefused("doubled")
    return distinct
