"""Exports the catalogue once a day where its state changed.

Knows: when. Never does: export itself (`catalogue.export` does), try again before the next turn.
Standard: PVOG fetches once a day. Start reading: `DailyExport.look`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date

import structlog

from gateway.catalogue.export import ExportSummary
from gateway.errors import CatalogueEmpty
from gateway.german_time import german_date
from gateway.ports.clock import Clock

log = structlog.get_logger()


@dataclass(slots=True)
class DailyExport:
    """Exports for one process; of several workers the first one finds a new state, the others none."""

    export: Callable[[], Awaitable[ExportSummary]]
    clock: Clock
    _done: date | None = field(default=None, init=False)

    async def look(self) -> None:
        """Export unless this process did so today; a gateway without a catalogue has nothing to export."""
        today = german_date(self.clock.now())
        if self._done == today:
            return
        try:
            summary = await self.export()
        except CatalogueEmpty:
            self._done = today
            return
        self._done = today
        if summary.changed:
            accepted = summary.accepted
            await log.ainfo(
                "catalogue.exported", export=accepted.no, services=accepted.services, verified=accepted.verified
            )
