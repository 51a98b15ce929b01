"""FigureSource of the catalogue for monitoring, and how each thing that is probed stands.

Knows: what is counted. Never does: count it. Standard: Prometheus exposition format (names).
Start reading: `CatalogueFigures`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ProbedSubject:
    """How something stands: a service, or a dependency (`kind:name`), of a municipality or of the gateway (empty).

    `milliseconds`: how long the last probe took; `reason`: the code of the last failure.
    """

    municipality: str
    subject: str
    works: bool | None
    reason: str | None
    milliseconds: int | None

    @property
    def is_service(self) -> bool:
        """Whether it is a service."""
        return ":" not in self.subject


@dataclass(frozen=True, slots=True)
class CatalogueFigures:
    """Numbers over all municipalities. `listed` goes by source, `findings` by code, every one of each."""

    entries: int
    listed: Mapping[str, int]
    findings: Mapping[str, int]
    exported_at: datetime | None
    standings: tuple[ProbedSubject, ...]


class FigureSource(Protocol):
    """Who counts."""

    async def read(self) -> CatalogueFigures:
        """All figures. Raises `DatabaseAway`."""
        ...

    async def dependencies(self) -> tuple[ProbedSubject, ...]:
        """How each thing stands that the gateway depends on, whoever's it is. Raises `DatabaseAway`."""
        ...
