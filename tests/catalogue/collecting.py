"""A collector to push to: the catalogue sandbox on a port of this machine, with the gateway's own client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from gateway.catalogue.pushing.collector import OAuthCollector
from gateway.outbound.client import Policy
from gateway.outbound.oauth2_client import oauth2_client
from gateway.sandbox.catalogue.server import serve


@dataclass
class Sandbox:
    line: dict[str, Any]
    admin: httpx.AsyncClient

    async def state(self) -> dict[str, Any]:
        return (await self.admin.get(self.line["admin"] + "/state")).json()

    async def fault(self, **order: Any) -> None:
        assert (await self.admin.post(self.line["admin"] + "/faults", json=order)).status_code < 300

    async def offers(self) -> dict[str, str]:
        """Addresses that it lists of those who push, by key."""
        return {each["leika_key"]: each["url"] for each in (await self.state())["offers"] if "L100042" in each["id"]}

    @asynccontextmanager
    async def collector(self, clock: Any, *, secret: str | None = None, **changed: Any) -> AsyncIterator[Any]:
        client = self.line["collector_client"]
        values = {"allow_private": ("loopback",), "user_agent": "test", **changed}
        made = oauth2_client(
            Policy(**values),
            self.line["collector_token_url"],
            client["client_id"],
            client["client_secret"] if secret is None else secret,
            call="catalogue.push",
        )
        async with made:
            yield OAuthCollector(made, self.line["collector"], clock)


@asynccontextmanager
async def sandbox() -> AsyncIterator[Sandbox]:
    ready: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    task = asyncio.create_task(serve(port=0, pages_of={}, on_ready=ready.set_result, stop=stop))
    try:
        async with httpx.AsyncClient() as admin:
            yield Sandbox(await ready, admin)
    finally:
        stop.set()
        await task
