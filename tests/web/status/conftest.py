"""The app with a published town, and every row in memory."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import httpx
import pytest

from gateway.catalogue.publication.daily import DailyReports
from gateway.crypto.keys import generate_ed25519, private_key
from gateway.errors import DatabaseAway
from gateway.web.app import create_app
from gateway.web.status.documents import RenderedDocuments
from gateway.web.status.published import StatusDependencies
from tests.catalogue.publication.offers import NAME, NOW, Rows, publication
from tests.catalogue.publication.test_daily import Kept
from tests.web.conftest import ARS, HOST, OTHER_ARS, World, build

PAGE = f"/status/{ARS}"


class Away(Rows):
    """Rows that can be out of reach."""

    away = False

    async def of(self, municipality=None):
        if self.away:
            raise DatabaseAway
        return await super().of(municipality)


@dataclass
class Published:
    world: World
    rows: Away
    app: object

    @asynccontextmanager
    async def browser(self, **headers: str):
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url=HOST, headers=headers) as it:
            yield it

    async def get(self, path: str = PAGE, **headers: str):
        async with self.browser(**{name.replace("_", "-"): value for name, value in headers.items()}) as it:
            return await it.get(path)


def published_town(rows: Away | None = None) -> Published:
    world, rows = build(), rows or Away()
    world.clock.at = NOW
    of_all = publication(rows, world.clock, **{ARS: NAME, OTHER_ARS: "Hansestadt Stendal"})
    key = private_key(generate_ed25519("gateway-evidence")[0])
    reports = DailyReports(of_all, Kept(), key, world.clock)
    status = StatusDependencies(of_all, reports, RenderedDocuments(world.clock))
    return Published(world, rows, create_app(replace(world.parts, status=status)))


@pytest.fixture
def published() -> Published:
    return published_town()
