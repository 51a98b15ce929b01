"""Makes what sends monthly figures from the settings: for the worker and the command alike.

Knows: which kind goes where, what opens it. Never does: send. Standard: architecture §2.
Start reading: `open_statistics_sender`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from gateway.catalogue.statistics.interfaces import interfaces
from gateway.catalogue.statistics.sending import StatisticsSender, Way
from gateway.catalogue.statistics.transfers import FigureKind
from gateway.errors.recurring import Failures
from gateway.keys.files import read_header_secret
from gateway.outbound.httpx_transport import httpx_client
from gateway.settings.gateway import Settings
from gateway.store.catalogue.monthly_figures import StoredMonthlyFigures
from gateway.store.catalogue.page_views import StoredPageViews
from gateway.store.catalogue.statistics_transfers import StoredTransfers
from gateway.store.catalogue.statuses import StoredStatuses
from gateway.store.catalogue.transaction_counts import StoredTransactionCounts
from gateway.wiring.outbound import policy
from gateway.wiring.runtime import Runtime


@asynccontextmanager
async def open_statistics_sender(runtime: Runtime, counted: Failures | None = None) -> AsyncIterator[StatisticsSender]:
    """The sender, with connections of its own. Raises `SettingsInvalid` for a file that cannot be read."""
    database, clock = runtime.store.database, runtime.clock
    views = StoredPageViews(database, clock)
    ways = _ways(runtime.settings)
    async with httpx_client(policy(runtime.settings), durations=runtime.durations) as client:
        yield StatisticsSender(
            queue=StoredTransfers(database, clock, views, runtime.store.feedback),
            clock=clock,
            failures=counted or Failures(),
            figures=StoredMonthlyFigures(StoredTransactionCounts(database), views, runtime.store.feedback),
            statuses=StoredStatuses(database),
            client=client,
            ways=ways,
            interfaces=interfaces(),
            smallest=runtime.settings.catalogue.statistics.smallest_group,
        )


def _ways(settings: Settings) -> Mapping[FigureKind, Way]:
    section, known = settings.catalogue.statistics, interfaces()
    ways: dict[FigureKind, Way] = {}
    if section.transactions:
        token = _secret(section.transactions_token_file, "transactions_token_file")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        ways[FigureKind.TRANSACTIONS] = Way(section.transactions, headers)
    if section.sdg:
        key = _secret(section.sdg_key_file, "sdg_key_file")
        sdg = Way(section.sdg, {known.sdg.key_header: key} if key else {})
        ways |= {FigureKind.VIEWS: sdg, FigureKind.FEEDBACK: sdg}
    return ways


def _secret(file: Path | None, setting: str) -> str | None:
    return read_header_secret(file, f"catalogue.statistics.{setting}") if file else None
