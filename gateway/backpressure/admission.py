"""When the gateway takes nothing new: disk, memory or line of waiting submissions near their limits. Pure.

Knows: limits, what was last seen, what uploads on their way will still need. Never does: look at the machine (`machine`
does), answer. Standard: architecture §3 (accepted means on disk). Start reading: `Pressure.check`.

What was accepted is delivered whatever this says: refused is only what is new, before anything of it is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from gateway.errors import Overloaded, StorageFull

RETRY_S: Final = 30.0
"""When to ask again after a refusal."""
COPIES: Final = 2
"""A byte that comes in stands in its table and, until the next checkpoint, in the database's log."""
RELIEF: Final = 1.1
"""A limit that was passed counts as kept again only with this much to spare (hysteresis)."""


class Resource(StrEnum):
    """What can run out."""

    DISK = "disk"
    MEMORY = "memory"
    QUEUE = "queue"


ALARMS: Final[Mapping[Resource, str]] = {
    Resource.DISK: "disk_low",
    Resource.MEMORY: "memory_low",
    Resource.QUEUE: "queue_long",
}
"""The alarm that each becomes."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Least free bytes of disk and memory, most submissions that wait for their delivery; 0: not watched."""

    disk_bytes: int = 0
    memory_bytes: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """What was seen: bytes free, submissions waiting; None: not known."""

    disk_bytes: int | None = None
    memory_bytes: int | None = None
    waiting: int | None = None


def short(limits: Thresholds, seen: Reading, before: frozenset[Resource] = frozenset()) -> frozenset[Resource]:
    """The resources beyond their limit. One that was so `before` needs some relief to count as kept again."""

    def relief(resource: Resource) -> float:
        return RELIEF if resource in before else 1.0

    scarce = set()
    if seen.disk_bytes is not None and seen.disk_bytes < limits.disk_bytes * relief(Resource.DISK):
        scarce.add(Resource.DISK)
    if seen.memory_bytes is not None and seen.memory_bytes < limits.memory_bytes * relief(Resource.MEMORY):
        scarce.add(Resource.MEMORY)
    if limits.waiting and seen.waiting is not None and seen.waiting * relief(Resource.QUEUE) >= limits.waiting:
        scarce.add(Resource.QUEUE)
    return frozenset(scarce)


@dataclass(slots=True)
class Pressure:
    """The state of one process."""

    limits: Thresholds
    seen: Reading = field(default_factory=Reading)
    short: frozenset[Resource] = frozenset()
    promised: int = 0
    """Bytes that uploads on their way may still bring."""

    def note(self, seen: Reading) -> tuple[frozenset[Resource], frozenset[Resource]]:
        """Take in what was seen; what is short since now, and what is over."""
        before = self.short
        self.seen, self.short = seen, short(self.limits, seen, before)
        return self.short - before, before - self.short

    def check(self, size: int = 0) -> None:
        """Return where something new of `size` bytes may be taken in.

        Raises `Overloaded`, or `StorageFull` where the bytes would not fit beside those that were promised room.
        """
        if self.short:
            raise Overloaded(retry_after=RETRY_S)
        free = self.seen.disk_bytes
        if size and free is not None and free - self.limits.disk_bytes < (size + self.promised) * COPIES:
            raise StorageFull(retry_after=RETRY_S)

    @contextmanager
    def room(self, size: int) -> Iterator[None]:
        """Around taking in `size` bytes: others see that they are promised. Raises as `check`."""
        self.check(size)
        self.promised += size
        try:
            yield
        finally:
            self.promised -= size
