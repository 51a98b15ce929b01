"""The figures of a month from where each stands.

Knows: whose rows are whose. Never does: count. Standard: architecture §2 (ports).
Start reading: `StoredMonthlyFigures`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from gateway.catalogue.statistics.feedback import Feedback
from gateway.catalogue.statistics.page_views import PageViews
from gateway.catalogue.statistics.transactions import MonthlyTransactions
from gateway.store.catalogue.feedback import StoredFeedback
from gateway.store.catalogue.page_views import StoredPageViews
from gateway.store.catalogue.transaction_counts import StoredTransactionCounts


@dataclass(frozen=True, slots=True)
class StoredMonthlyFigures:
    """Keeps the port `gateway.catalogue.statistics.sending.MonthlyFigures`."""

    counts: StoredTransactionCounts
    page_views: StoredPageViews
    answers: StoredFeedback

    async def transactions(self, municipality: str, month: date) -> MonthlyTransactions:
        """See the port."""
        counted = await self.counts.of(month, municipality=municipality, month=month)
        return counted[0] if counted else MonthlyTransactions(municipality, month, {})

    async def views(self, municipality: str, month: date) -> Sequence[PageViews]:
        """See the port."""
        return await self.page_views.of(municipality, month)

    async def feedback(self, municipality: str, month: date) -> Sequence[Feedback]:
        """See the port."""
        return await self.answers.unsent(municipality, month)
