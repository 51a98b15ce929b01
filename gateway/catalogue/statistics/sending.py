"""Sends monthly figures: makes a transfer of what is new, tries it until it is taken, corrects it under the same id.

Knows: which kinds go where, the order of a transfer's two requests, what is tried again. Never does: SQL, count.
Standards: Implementing Regulation (EU) 2020/1121 annex II; RFC 9110 §15. Start reading: `StatisticsSender`, then
`prepare`.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, ClassVar, Final, Protocol
from uuid import UUID

import httpx

from gateway.catalogue.entry import Entry
from gateway.catalogue.statistics import months
from gateway.catalogue.statistics.feedback import Feedback, batch
from gateway.catalogue.statistics.interfaces import StatisticsInterfaces
from gateway.catalogue.statistics.page_views import PageViews
from gateway.catalogue.statistics.transactions import MonthlyTransactions
from gateway.catalogue.statistics.transfers import FigureKind, Transfer, TransferState, sdg_message, views_body
from gateway.catalogue.status import CatalogueStatuses
from gateway.errors import CounterpartGarbled
from gateway.fitconnect import wire
from gateway.notify.sending import MessageQueue, SendingLoop
from gateway.outbound.answer import Answer
from gateway.outbound.httpx_transport import exchange

PATIENCE_S: Final = 60.0
"""The counterpart has so long for all that one try asks."""
LEASE: Final = timedelta(seconds=90)
GIVEN_UP_AFTER: Final = timedelta(days=30)
"""Until the next month's figures are due."""
UNDER_WAY: Final = timedelta(minutes=15)
"""No transaction that writes figures takes as long, and no two clocks differ by as much."""
ANSWER_BYTES: Final = 65_536
AT_ONCE: Final = 4
_TRANSFER_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,200}", re.ASCII)
_ENTRIES: Final = {FigureKind.VIEWS: "sources", FigureKind.FEEDBACK: "feedbacks"}


@dataclass(frozen=True, slots=True)
class Way:
    """Where figures go: a base address (of the SDG repository) or the address itself, and what opens it."""

    address: str
    headers: Mapping[str, str] = field(repr=False)


class TransferQueue(MessageQueue, Protocol):
    """What sending asks of the store."""

    async def unprepared(self, kind: FigureKind, until: date) -> Sequence[tuple[str, date]]:
        """Municipalities and months, none later than `until`, of which there is more than their transfer says."""
        ...

    async def prepare(
        self, kind: FigureKind, municipality: str, month: date, body: Mapping[str, Any], as_of: datetime
    ) -> bool:
        """Make the body their transfer, to be sent now; whether it says anything new.

        It holds all that was written down before `as_of`; one made of later figures is not replaced.
        """
        ...

    async def busy(self, kinds: Sequence[FigureKind]) -> Sequence[FigureKind]:
        """Those of the kinds that have something due."""
        ...

    async def claim(self, kind: FigureKind, limit: int, lease: timedelta) -> Sequence[Transfer]:
        """Due transfers; nobody else gets them for `lease`."""
        ...

    async def name(self, transfer: UUID, transfer_id: str) -> str | None:
        """Keep the counterpart's id for a transfer that has none; the one that it has then.

        None: another transfer has this one, whose figures it would replace.
        """
        ...

    async def again(self, kinds: Sequence[FigureKind], month: date | None) -> None:
        """What is not delivered is due now, given up or not."""
        ...

    async def states(self, kinds: Sequence[FigureKind], month: date | None) -> Sequence[TransferState]:
        """How transfers stand, the newest month last."""
        ...


class MonthlyFigures(Protocol):
    """The figures themselves, as they stand now."""

    async def transactions(self, municipality: str, month: date) -> MonthlyTransactions:
        """Those of a month."""
        ...

    async def views(self, municipality: str, month: date) -> Sequence[PageViews]:
        """Those of a month."""
        ...

    async def feedback(self, municipality: str, month: date) -> Sequence[Feedback]:
        """What was said in a month and not sent yet, texts opened. Raises `CryptoFailure`."""
        ...


@dataclass(slots=True, kw_only=True)
class StatisticsSender(SendingLoop[FigureKind, Transfer]):
    """Sends what is due by the ways that there are."""

    task: ClassVar = "statistics"
    look_every_s: ClassVar = 60.0
    chores_task: ClassVar = "statistics_prepare"
    chores_every_s: ClassVar = 600.0

    queue: TransferQueue
    figures: MonthlyFigures
    statuses: CatalogueStatuses
    client: httpx.AsyncClient
    ways: Mapping[FigureKind, Way]
    interfaces: StatisticsInterfaces
    smallest: int

    async def chores(self) -> None:
        """Prepare what is new; forget old transfers."""
        await self.prepare()
        await self.queue.prune()

    async def prepare(self) -> int:
        """Make transfers of closed months, where there is anything to say or to correct; how many."""
        until, number = months.last_closed(self.clock.now()), 0
        for kind in self.ways:
            for municipality, month in await self.queue.unprepared(kind, until):
                as_of = self.clock.now() - UNDER_WAY
                body = await self._body(kind, municipality, month)
                number += await self.queue.prepare(kind, municipality, month, body, as_of)
        return number

    async def _body(self, kind: FigureKind, municipality: str, month: date) -> Mapping[str, Any]:
        """What is kept of a transfer; of feedback no more than that it is to be sent: its texts stay encrypted."""
        if kind is FigureKind.VIEWS:
            return views_body(await self.figures.views(municipality, month))
        if kind is FigureKind.FEEDBACK:
            return {}
        of_month = await self.figures.transactions(municipality, month)
        return of_month.as_json(await self._entries(municipality), self.interfaces.transactions, self.smallest)

    async def _entries(self, municipality: str) -> Mapping[str, Entry]:
        entries = [status.revision.entry for status in await self.statuses.of(municipality)]
        return {entry.service: entry for entry in entries}

    async def _busy(self) -> Mapping[str, FigureKind]:
        return {f"statistics {kind}": kind for kind in await self.queue.busy(tuple(self.ways))}

    async def _claims(self, receiver: FigureKind) -> AsyncIterator[Sequence[Transfer]]:
        while due := await self.queue.claim(receiver, AT_ONCE, LEASE):
            yield due

    async def _send(self, message: Transfer) -> Answer:
        way = self.ways[message.kind]
        async with asyncio.timeout(PATIENCE_S):
            if message.kind is FigureKind.TRANSACTIONS:
                body = {self.interfaces.transactions.transfer: str(message.id), **message.body}
                return await self._post(way, way.address, body)
            return await self._post(way, *await self._sdg(way, message))

    async def _sdg(self, way: Way, transfer: Transfer) -> tuple[str, Mapping[str, Any]]:
        """Address and body for the Commission's repository, under the id that it gave."""
        sdg, base = self.interfaces.sdg, way.address.rstrip("/")
        numbered = transfer if transfer.transfer_id else await self._numbered(way, f"{base}/{sdg.unique_id}", transfer)
        body, path = transfer.body, sdg.views
        if transfer.kind is FigureKind.FEEDBACK:
            feedbacks = await self.figures.feedback(transfer.municipality, transfer.month)
            body, path = {"feedbacks": batch(feedbacks)}, sdg.feedback
        message = sdg_message(numbered, _ENTRIES[transfer.kind], body, sdg, self.clock.now())
        return f"{base}/{path}", message

    async def _numbered(self, way: Way, address: str, transfer: Transfer) -> Transfer:
        """The transfer with an id; it is kept before anything is sent under it."""
        answer = await self._taken("GET", way, address, call="statistics.unique_id")
        transfer_id = answer.body.decode("ascii", "replace").strip().strip('"')
        kept = await self.queue.name(transfer.id, transfer_id) if _TRANSFER_ID.fullmatch(transfer_id) else None
        if kept is None:
            raise CounterpartGarbled(host=answer.host)
        return replace(transfer, transfer_id=kept)

    async def _post(self, way: Way, address: str, body: Mapping[str, Any]) -> Answer:
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        return await self._taken("POST", way, address, content, call="statistics.send")

    async def _taken(self, method: str, way: Way, address: str, content: bytes | None = None, *, call: str) -> Answer:
        """An answer of success. Raises what `wire.refusal` says, and what `exchange` raises."""
        headers = {**way.headers, **({"Content-Type": "application/json"} if content else {})}
        answer = await exchange(
            self.client, method, address, headers=headers, content=content, limit=ANSWER_BYTES, call=call
        )
        failure = wire.refusal(answer, self.clock.now())
        if failure is not None:
            raise failure
        return answer
