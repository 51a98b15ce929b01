"""What is asked of the PVOG Suchdienst until every online service of some keys in a municipality is there.

Knows: batches of keys, pages, the levels above a municipality. Never does: judge what it means, keep anything.
Standard: PVOG Suchdienst v1beta2 (online services), v3 (service descriptions). Start reading: `PvogSource.read`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from gateway.catalogue.entry import Entry
from gateway.catalogue.readback import pvog
from gateway.catalogue.readback.asking import Asker, is_page
from gateway.catalogue.readback.interfaces import PvogInterface
from gateway.catalogue.readback.judging import Judgement, judged
from gateway.catalogue.readback.pvog import Description, OnlineService
from gateway.catalogue.readback.rows import AnswerRefused, SourceListing, level_above, once
from gateway.catalogue.status import Source
from gateway.german_time import german_date

_NO_HIT: Final = 404


@dataclass(frozen=True, slots=True)
class PvogSource:
    """The Suchdienst at one address. Keeps the port `gateway.catalogue.readback.reading.ListingSource`."""

    base: str
    interface: PvogInterface
    asker: Asker

    @property
    def source(self) -> Source:
        """Which one it is."""
        return Source.PVOG

    def serves(self, municipality: str) -> bool:
        """It lists those of every municipality."""
        _ = municipality
        return True

    async def read(self, asker: Asker, municipality: str, entries: Sequence[Entry], now: datetime) -> Judgement:
        """See the port: one request for each kind of object and fifty keys, where nothing has to be paged."""
        ask = _Requests(asker, self.base.rstrip("/"), self.interface, german_date(now).isoformat())
        keys = tuple(dict.fromkeys(entry.leika_key for entry in entries if entry.leika_key))
        batches = [
            keys[at : at + self.interface.keys_at_once] for at in range(0, len(keys), self.interface.keys_at_once)
        ]
        services: dict[OnlineService, None] = {}
        known: list[Description] = []
        for some in batches:
            services |= dict.fromkeys(await ask.services(municipality, some))
            known += await ask.descriptions(municipality, some)
        levels = level_above(municipality)
        regions = {municipality, *levels}
        for above in levels:
            rows = pvog.rows(services, known, regions=regions)
            if any(row.leika_key is None and row.ars == above for row in rows):
                for some in batches:
                    known += await ask.descriptions(above, some)
        listing = SourceListing(Source.PVOG, pvog.rows(services, known, regions=regions))
        return judged(municipality, entries, listing, now)


@dataclass(frozen=True, slots=True)
class _Requests:
    asker: Asker
    base: str
    interface: PvogInterface
    day: str

    async def services(self, ars: str, keys: Sequence[str]) -> Iterable[OnlineService]:
        listed: list[OnlineService] = []
        seen: set[str] = set()
        token: str | None = None
        for _ in range(self.interface.most_pages):
            query = {"ars": ars, "leikaIds": self._joined(keys)} | ({"nextPageToken": token} if token else {})
            raw = await self._get(self.interface.online_services, query)
            page = pvog.online_services(raw, self.interface) if raw is not None else None
            listed += page.services if page else ()
            once(listed)
            if page is None or page.token is None or not page.services:
                return listed
            if page.token in seen:
                break
            token = page.token
            seen.add(token)
        raise AnswerRefused("endless")

    async def descriptions(self, ars: str, keys: Sequence[str]) -> Iterable[Description]:
        listed: list[Description] = []
        for number in range(self.interface.most_pages):
            query = {
                "leikaIds": self._joined(keys),
                "ars": ars,
                "validDate": self.day,
                "page": str(number),
                "size": str(self.interface.page_size),
            }
            raw = await self._get(self.interface.descriptions, query)
            page = pvog.descriptions(raw, self.interface) if raw is not None else None
            listed += page.descriptions if page else ()
            once(listed)
            if page is None or page.last or not page.descriptions:
                return listed
        raise AnswerRefused("endless")

    def _joined(self, keys: Sequence[str]) -> str:
        return self.interface.keys_separator.join(keys)

    async def _get(self, path: str, query: dict[str, str]) -> bytes | None:
        """An answer's body; None: no hit."""
        url = f"{self.base}{path}?{urlencode(query, safe=',')}"
        limit, accept = self.interface.most_bytes, self.interface.accept
        answer = await self.asker.get(url, accept=accept, limit=limit, other=frozenset({_NO_HIT}))
        if answer.status != _NO_HIT:
            return answer.body
        if is_page(answer):
            raise AnswerRefused("form")
        return None
