"""The worker exports once a day, tries again what failed, and asks for nothing where there is no catalogue."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from gateway.catalogue.export import Accepted, ExportSummary
from gateway.errors import CatalogueEmpty, CatalogueExportShrinks
from gateway.worker.catalogue_export import DailyExport

AT = datetime(2026, 11, 30, 22, 0, tzinfo=UTC)  # 23:00 in Germany
DONE = ExportSummary(Accepted(1, "a", verified=False, objects={}, services=1, files=1, accepted_at=AT), changed=True)


class Exporting:
    def __init__(self, *answers):
        self.answers, self.asked, self.clock = list(answers), 0, SimpleNamespace(now=lambda: self.at)
        self.at = AT

    async def __call__(self):
        self.asked += 1
        answer = self.answers.pop(0) if self.answers else DONE
        if isinstance(answer, Exception):
            raise answer
        return answer


async def test_once_a_day_by_the_german_calendar():
    it = Exporting()
    daily = DailyExport(it, it.clock)
    for hour in (22, 22, 23, 23):
        it.at = AT.replace(hour=hour)
        await daily.look()
    assert it.asked == 2


async def test_what_failed_is_tried_with_the_next_look():
    it = Exporting(CatalogueExportShrinks())
    daily = DailyExport(it, it.clock)
    with pytest.raises(CatalogueExportShrinks):
        await daily.look()
    await daily.look()
    await daily.look()
    assert it.asked == 2


async def test_a_gateway_without_a_catalogue_has_nothing_to_fail_at():
    it = Exporting(CatalogueEmpty())
    daily = DailyExport(it, it.clock)
    await daily.look()
    await daily.look()
    assert it.asked == 1
