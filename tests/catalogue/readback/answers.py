"""Answers as PVOG and Data Hub give them, and a client that gets them without a network."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from gateway.catalogue.readback.asking import Asker, RequestRate

ARS = "150900546546"
KREIS, LAND, BUND = "150900000000", "150000000000", "000000000000"
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
PVOG, DATA_HUB = "https://pvog.example/api", "https://hub.example/api"
COLUMNS = "leika_key,leika_name,ars,ars_name,url,online_status,aktiv,art_flaechendeckung,datenstand_pvog_import,ozgid"


def key(number: int) -> str:
    return f"99{number:012d}"


def online(no: int, *regions: str, url: str | None = None, id: str | None = None) -> dict[str, Any]:  # noqa: A002 - as the wire says
    uri = url or f"https://rathaus.example/{no}"
    return {
        "id": id or f"L1.OD.{no}",
        "name": f"Dienst {no}",
        "links": [{"title": "Antrag", "uri": uri}],
        "serviceDescriptions": [{"id": f"L1.LB.{no}", "ars": list(regions or (ARS,))}],
    }


def services(*listed: dict[str, Any], token: str | None = None) -> dict[str, Any]:
    return {"totalHits": len(listed), "hits": [], "nextPageToken": token, "onlineservices": list(listed)}


def description(no: int) -> dict[str, Any]:
    return {"id": f"L1.LB.{no}", "name": f"Leistung {no}", "leikakeys": [key(no)], "onlineServiceLinks": []}


def descriptions(*numbers: int) -> dict[str, Any]:
    return {"content": [description(no) for no in numbers]}


def cells(no: int, ars: str = ARS, *, url: str = "", status: str = "ok", day: str = "2026-11-29") -> str:
    return f"{key(no)},Leistung,{ars},Ort,{url or f'https://rathaus.example/{no}'},{status},ja,,{day},"


def table(*lines: str) -> bytes:
    return "\r\n".join((COLUMNS, *lines, "")).encode()


@dataclass
class MovableClock:
    at: datetime = NOW

    def now(self) -> datetime:
        return self.at


@dataclass
class Wire:
    """Answers requests by what `routes` says of a path; keeps them, and how long was waited."""

    routes: dict[str, Any] = field(default_factory=dict)
    requests: list[httpx.Request] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)
    clock: MovableClock = field(default_factory=MovableClock)

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    def asker(self, client: httpx.AsyncClient, **more: Any) -> Asker:
        async def sleep(seconds: float) -> None:
            self.waited.append(seconds)

        return Asker(client, self.clock, RequestRate(1000.0, lambda: 0.0, sleep), "catalogue.test", **more)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        path = request.url.path
        found = next((value for name, value in self.routes.items() if path.endswith(name)), None)
        if isinstance(found, list):
            found = found.pop(0) if len(found) > 1 else found[0]
        if isinstance(found, Callable):
            found = found(request)
        return as_response(found)


def as_response(said: Any) -> httpx.Response:
    if isinstance(said, httpx.Response):
        return said
    if said is None:
        return httpx.Response(404, json={"status": 404})
    if isinstance(said, bytes):
        return httpx.Response(200, content=said)
    return httpx.Response(200, content=json.dumps(said).encode(), headers={"content-type": "application/json"})
