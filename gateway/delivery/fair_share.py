"""How a worker's places are shared (max-min fairness): a destination that hangs must not hold up the others.

Knows: who holds places and who waits in this process, by destination and municipality. Never does: I/O, clocks (a tick
is given), anything about what a place is used for. Standard: max-min fairness. Start reading: `may_start`.

`bounds` is what a destination wants to take, counted over all workers; this is what a worker gives, counted in itself.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

PLACES: Final = 2
"""A worker has so many times the places that one destination may take."""
KEPT_FREE: Final = 8
"""One of so many places, at least one, is kept for those who hold none."""
PATIENCE_S: Final = 2.0
"""A job waits this long for a place in memory; a part that is full and unchanged for as long counts as stuck."""
SOON_S: Final = 1.0
"""When a job that waited in vain comes back although its part moves."""
LOOK_AGAIN_S: Final = 5.0
"""When a job whose part is stuck comes back; later where there are many."""
LOOK_AGAIN_MOST_S: Final = 60.0
REFUSED_A_SECOND: Final = 20
"""Jobs of a stuck part that come back each second, however many there are."""


@dataclass(frozen=True, slots=True)
class Party:
    """On whose behalf a place is taken."""

    destination: str
    municipality: str


@dataclass(slots=True)
class Count:
    """Places, or those who wait, counted both ways."""

    total: int = 0
    parties: Counter[Party] = field(default_factory=Counter)
    destinations: Counter[str] = field(default_factory=Counter)
    municipalities: Counter[str] = field(default_factory=Counter)

    def add(self, party: Party, number: int = 1) -> None:
        """So many more; what comes to nothing is forgotten."""
        self.total += number
        self.parties[party] += number
        if not self.parties[party]:
            del self.parties[party]
        for counter, key in ((self.destinations, party.destination), (self.municipalities, party.municipality)):
            counter[key] += number
            if not counter[key]:
                del counter[key]


def may_start(places: int, running: Count, waiting: Count, asks: Party) -> bool:
    """Whether `asks` gets a place now.

    Within its own part; while some places stay free for destinations that hold none; and unless somebody waits who
    holds less and could take it: among municipalities first, then among the destinations of one.
    """
    free = places - running.total
    if free <= 0 or full(places, running, asks):
        return False
    destination, municipality = _held(running, asks)
    if destination and free <= max(1, places // KEPT_FREE):
        return False
    for rival in waiting.parties:
        if rival == asks or full(places, running, rival):
            continue
        others_destination, others_municipality = _held(running, rival)
        if rival.municipality == asks.municipality:
            if others_destination < destination:
                return False
        elif others_municipality < municipality:
            return False
    return True


def full(places: int, running: Count, party: Party) -> bool:
    """Whether its own part is taken: half of the places a destination, three quarters a municipality."""
    destination, municipality = _held(running, party)
    return destination >= max(1, places // 2) or municipality >= max(1, places * 3 // 4)


def _held(running: Count, party: Party) -> tuple[int, int]:
    return running.destinations[party.destination], running.municipalities[party.municipality]


@dataclass(frozen=True, slots=True)
class Refusal:
    """No place now: come again after `seconds`. `first`: its part is stuck, and no other job was told so yet."""

    seconds: float
    first: bool


class FairShare:
    """The places of one worker. `places` is their number, `tick` a monotonic clock in seconds."""

    def __init__(self, places: int, *, tick: Callable[[], float], patience_s: float = PATIENCE_S) -> None:
        self._places, self._tick, self._patience_s = places, tick, patience_s
        self._running, self._waiting = Count(), Count()
        self._line: list[tuple[Party, asyncio.Future[None]]] = []
        self._moved: dict[str, float] = {}
        self._refused: Counter[str] = Counter()

    async def take(self, party: Party) -> Refusal | None:
        """None: the place is taken; `leave` gives it back. A part that moves is waited for, a stuck one is not."""
        if may_start(self._places, self._running, self._waiting, party):
            self._start(party)
            return None
        if full(self._places, self._running, party) and not self._moves(party):
            return self._refuse(party)
        return None if await self._waited(party) else Refusal(SOON_S, first=False)

    async def _waited(self, party: Party) -> bool:
        """Whether a place came free in time; `leave` has taken it for this party then."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (party, turn)
        self._line.append(entry)
        self._waiting.add(party)
        try:
            await asyncio.wait({turn}, timeout=self._patience_s)
        except asyncio.CancelledError:
            if turn.done():
                self.leave(party)
            raise
        finally:
            if not turn.done():
                self._line.remove(entry)
                self._waiting.add(party, -1)
        return turn.done()

    def leave(self, party: Party) -> None:
        """Give a place back; the first of those waiting that may have it gets it."""
        self._running.add(party, -1)
        self._note(party)
        for entry in self._line:
            waiter, turn = entry
            if may_start(self._places, self._running, self._waiting, waiter):
                self._line.remove(entry)
                self._waiting.add(waiter, -1)
                self._start(waiter)
                turn.set_result(None)
                return

    def _start(self, party: Party) -> None:
        self._running.add(party)
        self._note(party)

    def _note(self, party: Party) -> None:
        self._moved[party.destination] = self._moved[party.municipality] = self._tick()
        self._refused.pop(party.destination, None)

    def _moves(self, party: Party) -> bool:
        """Whether a place of the full part was taken or given back lately."""
        destination, _ = _held(self._running, party)
        key = party.destination if destination >= max(1, self._places // 2) else party.municipality
        return self._tick() - self._moved.get(key, float("-inf")) < self._patience_s

    def _refuse(self, party: Party) -> Refusal:
        self._refused[party.destination] += 1
        number = self._refused[party.destination]
        return Refusal(min(LOOK_AGAIN_S + number / REFUSED_A_SECOND, LOOK_AGAIN_MOST_S), first=number == 1)
