"""Holds back small groups, and as many more that they cannot be computed from the total.

Knows: numbers. Never does: know what they count. Standard: statistical confidentiality (§ 16 BStatG), primary and
complementary cell suppression. Start reading: `suppressed`.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class PublishedGroups(Generic[K]):
    """A breakdown and its total; None: held back."""

    total: int | None
    groups: Mapping[K, int | None]


def suppressed(groups: Mapping[K, int], smallest: int) -> PublishedGroups[K]:
    """What may be told of the groups, none of them empty, where those below `smallest` may not.

    What is held back never adds up to fewer than `smallest`, so that it is never a single group, and its sum never
    leaves but one possibility (all of them 1, or all of them one below `smallest`); where no further group can be held
    back for that, the total is.
    """
    held = {name for name, number in groups.items() if number < smallest}
    others = sorted((name for name in groups if name not in held), key=lambda name: groups[name], reverse=True)
    small = len(held)
    while held and not _safe([groups[name] for name in held], smallest, only_small=len(held) == small) and others:
        held.add(others.pop())
    published = {name: None if name in held else number for name, number in groups.items()}
    numbers = [groups[name] for name in held]
    safe = not held or _safe(numbers, smallest, only_small=len(held) == small)
    return PublishedGroups(sum(groups.values()) if safe else None, published)


def _safe(numbers: list[int], smallest: int, *, only_small: bool) -> bool:
    total, most = sum(numbers), len(numbers) * (smallest - 1)
    return total >= smallest and total > len(numbers) and not (only_small and total == most)
