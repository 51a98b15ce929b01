"""Transactions by month, region and service: as a table for people, and as others take them.

Knows: which numbers are held back, how a row is written. Never does: count (the store does). Standards: RFC 4180; the
interface of the Zentrale Statistik-Komponente is data (`interfaces.toml`). Start reading: `MonthlyTransactions`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from gateway.catalogue import tables
from gateway.catalogue.entry import Entry
from gateway.catalogue.statistics import months
from gateway.catalogue.statistics.interfaces import TransactionsInterface
from gateway.catalogue.statistics.suppression import PublishedGroups, suppressed

HEAD: Final = ("month", "region", "service", "title", "leika_key", "transactions", "suppressed")
TOTAL: Final = "total"


@dataclass(frozen=True, slots=True)
class MonthlyTransactions:
    """What a municipality's online services took over in a month, by service; services without any are left out."""

    municipality: str
    month: date
    numbers: Mapping[str, int]

    def published(self, smallest: int) -> PublishedGroups[str]:
        """What may be told of it."""
        return suppressed({name: number for name, number in self.numbers.items() if number}, smallest)

    def as_json(self, entries: Mapping[str, Entry], interface: TransactionsInterface, smallest: int) -> dict[str, Any]:
        """As the Zentrale Statistik-Komponente takes it."""
        published = self.published(smallest)
        return {
            interface.month: months.written(self.month),
            interface.region: self.municipality,
            interface.total: published.total,
            interface.services: [
                {
                    interface.service: service,
                    interface.leika_key: entries[service].leika_key if service in entries else None,
                    interface.number: number,
                    interface.suppressed: number is None,
                }
                for service, number in sorted(published.groups.items())
            ],
        }


def table(of_months: Iterable[MonthlyTransactions], entries: Mapping[tuple[str, str], Entry], smallest: int) -> bytes:
    """The rows as CSV that spreadsheets open without harm: UTF-8 with a byte order mark, semicolons.

    `entries` go by municipality and service. Behind each month of a region stands its total.
    """
    lines = (row for transactions in of_months for row in _rows(transactions, entries, smallest))
    return tables.table(HEAD, lines, delimiter=";").encode("utf-8-sig")


def _rows(
    transactions: MonthlyTransactions, entries: Mapping[tuple[str, str], Entry], smallest: int
) -> Sequence[Sequence[str]]:
    month, published = months.written(transactions.month), transactions.published(smallest)
    rows = []
    for service, number in sorted(published.groups.items()):
        entry = entries.get((transactions.municipality, service))
        title = (entry.titles.get("de") if entry else None) or service
        key = (entry.leika_key if entry else None) or ""
        rows.append([month, transactions.municipality, service, title, key, *_told(number)])
    return [*rows, [month, transactions.municipality, TOTAL, "", "", *_told(published.total)]]


def _told(number: int | None) -> tuple[str, str]:
    return ("", "suppressed") if number is None else (str(number), "")
