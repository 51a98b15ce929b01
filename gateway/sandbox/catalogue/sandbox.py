"""The catalogue sandbox as one object: what its endpoints share.

Knows: holdings, imports and pushes with their outcome, tokens, pages, clock, faults. Never does: speak HTTP.
Standard: none. Start reading: `CatalogueSandbox.take_over`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from starlette.requests import Request

from gateway.sandbox.catalogue.collector import CollectorFault, Transfer, read
from gateway.sandbox.catalogue.holdings import Holdings
from gateway.sandbox.clock import Clock, Ids
from gateway.sandbox.faults import Fault

CLIENT: Final = "catalogue-sandbox-editor"
_OUTCOMES: Final = 200
Fetch = Callable[[str], Awaitable[bytes | None]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a pull or a push: how much was taken over, and every fault."""

    way: str
    at: datetime
    files: int
    written: int
    deleted: int
    faults: tuple[CollectorFault, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As the admin API shows it."""
        faults = [{"rule": fault.rule, "detail": fault.detail, "technical": fault.technical} for fault in self.faults]
        numbers = {"files": self.files, "written": self.written, "deleted": self.deleted}
        return {"way": self.way, "at": self.at.isoformat(), **numbers, "faults": faults}


@dataclass(slots=True)
class CatalogueSandbox:
    """All state; changed on the event loop only. `pages` are titles of service pages, by service and language."""

    base_url: str
    pages: Mapping[str, Mapping[str, str]]
    clock: Clock = field(default_factory=Clock)
    ids: Ids = field(default_factory=Ids)
    fetch: Fetch | None = None
    holdings: Holdings = field(default_factory=Holdings)
    faults: list[Fault] = field(default_factory=list)
    outcomes: deque[Outcome] = field(default_factory=lambda: deque(maxlen=_OUTCOMES))
    tokens: dict[str, float] = field(default_factory=dict)
    transfers: set[tuple[str, int]] = field(default_factory=set)
    received: list[dict[str, Any]] = field(default_factory=list)
    """Statistics and feedback that were sent here."""
    imported_at: datetime | None = None
    index: str | None = None
    admin_path: str = field(init=False)
    secret: str = field(init=False)

    def __post_init__(self) -> None:
        self.admin_path = f"/admin/{self.ids.secret()}"
        self.secret = self.ids.secret()

    def reset(self) -> None:
        """As it was at its start; the clock and the addresses stay."""
        self.holdings, self.imported_at, self.index = Holdings(), None, None
        self.faults.clear()
        self.outcomes.clear()
        self.transfers.clear()
        self.received.clear()

    def push(self, content: bytes) -> Outcome:
        """Take over single changes; the same transfer again changes nothing."""
        transfer, faults = read(content)
        outcome = Outcome("push", self.clock.now(), 1, 0, 0, faults)
        if transfer is not None:
            outcome = Outcome("push", self.clock.now(), 1, len(transfer.written), len(transfer.deleted))
            if (transfer.id, transfer.position) not in self.transfers:
                self._apply(transfer)
        self.outcomes.append(outcome)
        return outcome

    def take_over(self, files: Sequence[tuple[str, bytes]]) -> Outcome:
        """Take over a whole data set: what no file names is gone. A technical fault in any file aborts everything."""
        transfers, faults = [], []
        for name, content in files:
            transfer, its = read(content)
            faults += [CollectorFault(f.rule, f"{name}: {f.detail}", f.technical) for f in its]
            transfers += [transfer] if transfer is not None else []
        keys = [held.key for transfer in transfers for held in transfer.written]
        twice = {key for key in keys if keys.count(key) > 1} if len(keys) != len(set(keys)) else set()
        faults += [CollectorFault("id_twice", ".".join(key), technical=True) for key in sorted(twice)]
        if any(fault.technical for fault in faults):
            outcome = Outcome("pull", self.clock.now(), 0, 0, 0, tuple(faults))
        else:
            before = len(self.holdings.objects)
            self.holdings.objects.clear()
            for transfer in transfers:
                self._apply(transfer)
            gone = max(0, before - len(self.holdings.objects))
            outcome = Outcome("pull", self.clock.now(), len(transfers), len(keys), gone, tuple(faults))
        self.outcomes.append(outcome)
        return outcome

    def refused(self, way: str, rule: str, detail: str) -> Outcome:
        """Note an import that did not begin."""
        outcome = Outcome(way, self.clock.now(), 0, 0, 0, (CollectorFault(rule, detail, technical=True),))
        self.outcomes.append(outcome)
        return outcome

    def _apply(self, transfer: Transfer) -> None:
        for key in transfer.deleted:
            self.holdings.objects.pop(key, None)
        for held in transfer.written:
            self.holdings.objects[held.key] = held
        self.transfers.add((transfer.id, transfer.position))
        self.imported_at = self.clock.now()


def sandbox_of(request: Request) -> CatalogueSandbox:
    """The sandbox that a request reaches."""
    sandbox: CatalogueSandbox = request.app.state.sandbox
    return sandbox
