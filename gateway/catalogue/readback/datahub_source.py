"""What is asked of the OZG Data Hub until every row of a municipality is there.

Knows: the export, the way round one that is too large, how many rows the Land has. Never does: judge what it means,
keep anything. Standard: OZG Data Hub `open-pvog`. Start reading: `DataHubSource.read`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from gateway.catalogue.entry import Entry
from gateway.catalogue.readback import datahub
from gateway.catalogue.readback.asking import Asker
from gateway.catalogue.readback.interfaces import DataHubInterface
from gateway.catalogue.readback.judging import Judgement, expected, judged
from gateway.catalogue.readback.rows import AnswerRefused, ListedRow, SourceListing, full, once
from gateway.catalogue.status import Source
from gateway.errors import CounterpartError

_PAGED: Final = frozenset({406, 413})
"""An export that is not given in this form, or too large: its pages are asked for."""
_LAND_DIGITS: Final = 2


@dataclass(frozen=True, slots=True)
class DataHubSource:
    """The Data Hub at one address. Keeps the port `gateway.catalogue.readback.reading.ListingSource`."""

    base: str
    interface: DataHubInterface
    asker: Asker

    @property
    def source(self) -> Source:
        """Which one it is."""
        return Source.DATA_HUB

    def serves(self, municipality: str) -> bool:
        """It lists those of every municipality."""
        _ = municipality
        return True

    async def read(self, asker: Asker, municipality: str, entries: Sequence[Entry], now: datetime) -> Judgement:
        """See the port: its own rows, inherited ones where a key lacks among them, and the number of the Land's."""
        ask = _Requests(asker, self.base.rstrip("/"), self.interface, now)
        exported = await ask.export(municipality, above=False)
        own = once(exported if exported is not None else await ask.pages(municipality))
        lacking = {entry.leika_key for entry in expected(entries, now)}
        lacking -= {row.leika_key for row in own if row.ars == municipality}
        inherited = [row for row in await ask.inherited(municipality) if row.leika_key in lacking] if lacking else []
        rows = (*own, *(row for row in inherited if row.ars != municipality))
        total = await ask.total(full(municipality[:_LAND_DIGITS]))
        listing = SourceListing(Source.DATA_HUB, tuple(dict.fromkeys(rows)), total)
        return judged(municipality, entries, listing, now)


@dataclass(frozen=True, slots=True)
class _Requests:
    asker: Asker
    base: str
    interface: DataHubInterface
    now: datetime

    async def export(self, ars: str, *, above: bool) -> Sequence[ListedRow] | None:
        """The export as CSV; None where it is not given, being too large."""
        query = {"filetype": "csv", "includeAbove": str(above).lower(), "includeBelow": "true"}
        url = f"{self.base}{self.interface.export.format(ars=ars)}?{urlencode(query)}"
        accept, limit = self.interface.accept_export, self.interface.most_bytes
        answer = await self.asker.get(url, accept=accept, limit=limit, other=_PAGED)
        return None if answer.status in _PAGED else datahub.export(answer.body, self.interface, self.now)

    async def pages(self, ars: str) -> Sequence[ListedRow]:
        """The same page by page."""
        rows: list[ListedRow] = []
        for number in range(self.interface.most_pages):
            page = await self._page(ars, number, self.interface.page_size)
            rows += page.rows
            if page.pages is not None and page.pages > self.interface.most_pages:
                raise AnswerRefused("rows")
            last = len(page.rows) < self.interface.page_size if page.pages is None else number + 1 >= page.pages
            if last or not page.rows:
                return rows
        raise AnswerRefused("endless")

    async def inherited(self, ars: str) -> Sequence[ListedRow]:
        """What stands above the municipality as well; nothing where that is not to be had in one answer."""
        try:
            return await self.export(ars, above=True) or ()
        except (AnswerRefused, CounterpartError):
            return ()

    async def total(self, land: str) -> int | None:
        """How many rows the Land has, from a page of one row; None where the source does not say."""
        try:
            page = await self._page(land, 0, 1)
        except (AnswerRefused, CounterpartError):
            return None
        return page.total if page.total is not None else page.pages

    async def _page(self, ars: str, number: int, size: int) -> datahub.DataHubPage:
        query = {"includeAbove": "false", "includeBelow": "true", "page": str(number), "size": str(size)}
        url = f"{self.base}{self.interface.rows.format(ars=ars)}?{urlencode(query)}"
        answer = await self.asker.get(url, accept=self.interface.accept, limit=self.interface.most_bytes)
        return datahub.page(answer.body, self.interface, self.now)
