"""Makes the report of each day.

Knows: that there is none before anybody claims anything. Never does: make a second one of a day.
Standard: fixed interfaces §4. Start reading: `make_todays`.
"""

from __future__ import annotations

from contextlib import suppress

from gateway.catalogue.work import WorkKind
from gateway.errors import NotFound
from gateway.wiring.catalogue_publication import daily_reports
from gateway.wiring.catalogue_work import noted
from gateway.wiring.runtime import Runtime


async def make_todays(runtime: Runtime) -> None:
    """Make the report of this day where there is none yet. Raises `DatabaseAway`."""
    with suppress(NotFound):
        await noted(runtime, WorkKind.REPORT, daily_reports(runtime).today())
