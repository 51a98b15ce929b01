"""Who goes when more connections are open than one process may hold.

Knows: how long each lets us wait. Never does: close one on which it is our turn. Start reading: `make_room`.
"""

from __future__ import annotations

import heapq
from collections.abc import MutableSet
from typing import Any, Protocol

_SHARE = 20
_GRACE_S = 1.0


class Waiting(Protocol):
    """What a connection tells of itself."""

    loop: Any

    @property
    def waits_since(self) -> float | None:
        """Since when the other side lets us wait; None while it is our turn."""

    @property
    def sends_body(self) -> bool:
        """Whether what we wait for is the rest of a body."""

    def give_way(self) -> None:
        """Close at once."""


def make_room(newcomer: Waiting, connections: MutableSet[Any]) -> bool:
    """Close the twentieth that lets us wait longest; False where there is none.

    A caller that answers quickly is never among them for long: whoever holds connections without speaking loses them
    first. A body counts as waiting once nothing came for a second.
    """
    now = newcomer.loop.time()
    found = []
    for number, each in enumerate(connections):
        since = getattr(each, "waits_since", None)
        if each is newcomer or since is None or (each.sends_body and now - since < _GRACE_S):
            continue
        found.append((since, number, each))
    leaving = heapq.nsmallest(max(1, len(connections) // _SHARE), found)
    for _, _, each in leaving:
        connections.discard(each)
        each.give_way()
    return bool(leaving)
