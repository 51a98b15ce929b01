"""The demo's portal: hands off by nothing but the HTTP interface and follows the change feed."""

from __future__ import annotations

import asyncio
import json
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from gateway.cli.demo.environment import ARS, CLIENT, DemoEnvironment
from gateway.cli.demo.site_plan import site_plan
from gateway.errors import CounterpartGarbled, CounterpartRefused
from gateway.outbound.client import HttpClient, Policy, exchange, http_client
from gateway.submission.states import ERASABLE, RESTING

SERVICE = "hausnummer"
LANES = 4
"""So many calls at once where there are many applications."""
TOGETHER = 8
"""Applications that one call hands off where there are many."""
FEED_PAUSE_S = 0.2
"""Between two pages of the change feed while many are on their way: a page then tells of many."""
ENDS = RESTING | ERASABLE
GIVE_UP_S = 600.0
Watch = Callable[[str, str], None]


@dataclass(slots=True)
class Journey:
    """One submission as the portal saw it. Times are `time.monotonic` seconds, `feed` those of the change feed."""

    began: float
    validated_s: float = 0.0
    uploaded_s: float = 0.0
    on_disk_s: float = 0.0
    ended: float = 0.0
    created_at: datetime | None = None
    feed: dict[str, datetime] = field(default_factory=dict)


class Portal:
    """A portal with its token; one instance a demo."""

    def __init__(self, environment: DemoEnvironment, client: HttpClient, watch: Watch) -> None:
        self._environment = environment
        self._client = client
        self._watch = watch
        self._token = ""
        self.journeys: dict[str, Journey] = {}
        self.logins: list[str] = []
        """What logins are called, each for one application."""
        self._handed_off = asyncio.Condition()
        self._example: dict[str, Any] = {}

    async def sign_in(self) -> None:
        """Obtain a token with the client's secret."""
        form = {"grant_type": "client_credentials", "scope": "submissions:write submissions:read services:read"}
        basic = b64encode(f"{CLIENT}:{self._environment.secret}".encode()).decode()
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"Basic {basic}"}
        answer = await exchange(
            self._client,
            "POST",
            self._environment.serve["token_url"],
            headers=headers,
            content=urlencode(form).encode(),
        )
        self._token = self._parsed(answer.status, answer.body)["access_token"]

    async def learn(self) -> None:
        """Fetch the example of the service, the body that every application is made of."""
        self._example = await self.call("GET", f"/services/{SERVICE}/example.json?municipality={ARS}")

    async def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:  # noqa: ANN401 - JSON
        """One call of the API. Raises `CounterpartRefused` for anything but a success."""
        content = None if body is None else json.dumps(body).encode()
        if content is not None:
            headers["Content-Type"] = "application/json"
        answer = await exchange(
            self._client,
            method,
            self._environment.serve["api"] + path,
            headers={"Authorization": f"Bearer {self._token}", **headers},
            content=content,
            limit=20_000_000,
        )
        return self._parsed(answer.status, answer.body)

    def _parsed(self, status: int, body: bytes) -> Any:  # noqa: ANN401 - JSON
        try:
            value = json.loads(body)
        except ValueError:
            raise CounterpartGarbled(host="gateway") from None
        if status >= 300:
            raise CounterpartRefused(host="gateway", http_status=status, problem=value.get("code", ""))
        return value

    async def hand_off(self, megabytes: int) -> None:
        """The example record with a site plan made on the spot, validated first."""
        journey, body = await self._prepared(megabytes)
        before = time.monotonic()
        await self.call("POST", "/validations", body)
        journey.validated_s = time.monotonic() - before
        self._watch("", "validated")
        before = time.monotonic()
        created = await self.call("POST", "/submissions", body, **{"Idempotency-Key": str(uuid4())})
        await self._taken_over(journey, created, before)

    async def hand_off_many(self, count: int, megabytes: int) -> None:
        """So many applications in one call, a line each."""
        prepared = await asyncio.gather(*(self._prepared(megabytes) for _ in range(count)))
        lines = [json.dumps({**body, "idempotency_key": str(uuid4())}).encode() for _, body in prepared]
        before = time.monotonic()
        answer = await exchange(
            self._client,
            "POST",
            f"{self._environment.serve['api']}/submissions/batch",
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/x-ndjson"},
            content=b"\n".join(lines),
            limit=20_000_000,
        )
        if answer.status != 200:
            self._parsed(answer.status, answer.body)
        answers = answer.body.splitlines()
        for (journey, _), line in zip(prepared, answers, strict=True):
            item = json.loads(line)
            await self._taken_over(journey, self._parsed(item.get("status", 201), line), before)

    async def _prepared(self, megabytes: int) -> tuple[Journey, dict[str, Any]]:
        journey = Journey(time.monotonic())
        body = dict(self._example)
        if self.logins:
            body["login"] = self.logins.pop()
        body["attachments"] = [
            {**attachment, "upload": await self._upload(megabytes)} for attachment in body["attachments"]
        ]
        journey.uploaded_s = time.monotonic() - journey.began
        return journey, body

    async def _taken_over(self, journey: Journey, created: dict[str, Any], before: float) -> None:
        journey.on_disk_s = time.monotonic() - before
        journey.created_at = datetime.fromisoformat(created["created_at"])
        async with self._handed_off:
            self.journeys[created["id"]] = journey
            self._handed_off.notify_all()
        self._watch(created["id"], "received")

    async def _upload(self, megabytes: int) -> str:
        plan, upload = site_plan(megabytes), str(uuid4())
        answer = await exchange(
            self._client,
            "PUT",
            f"{self._environment.serve['api']}/uploads/{upload}",
            headers={
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/pdf",
                "Content-Length": str(plan.size),
            },
            content=plan.stream() if megabytes else plan.whole(),
        )
        self._parsed(answer.status, answer.body)
        return upload

    async def run(self, count: int, megabytes: int) -> None:
        """Hand off `count` applications, several with each call where there are many, and follow each to its end."""
        gate = asyncio.Semaphore(LANES)

        async def some(number: int) -> None:
            async with gate:
                await self.hand_off_many(number, megabytes)

        async with asyncio.timeout(GIVE_UP_S), asyncio.TaskGroup() as group:
            group.create_task(self._follow(count))
            if count == 1:
                group.create_task(self.hand_off(megabytes))
                return
            for first in range(0, count, TOGETHER):
                group.create_task(some(min(TOGETHER, count - first)))

    async def _follow(self, count: int) -> None:
        cursor, ended = "", set[str]()
        while len(ended) < count:
            page = await self.call("GET", f"/changes?{urlencode({'after': cursor, 'wait': 5})}")
            for change in page["changes"]:
                await self._noted(change, ended)
            cursor = page["next"] or cursor
            if count > 1:
                await asyncio.sleep(FEED_PAUSE_S)

    async def _noted(self, change: dict[str, Any], ended: set[str]) -> None:
        async with self._handed_off:  # the feed can be faster than the answer to the create
            await self._handed_off.wait_for(lambda: change["submission_id"] in self.journeys)
        journey = self.journeys[change["submission_id"]]
        journey.feed[change["state"]] = datetime.fromisoformat(change["at"])
        if change["state"] != "received":
            self._watch(change["submission_id"], change["state"])
        if change["state"] in ENDS:
            journey.ended = time.monotonic()
            ended.add(change["submission_id"])


def open_client() -> HttpClient:
    """The demo's HTTP client: loopback only."""
    return http_client(Policy(allow_private=("loopback",), read_s=120.0, write_s=120.0))


def durations(journey: Journey) -> dict[str, int]:
    """Milliseconds of each step, in order, and in all."""
    steps = {"upload": journey.uploaded_s, "validated": journey.validated_s, "on_disk": journey.on_disk_s}
    before = journey.created_at
    for state in ("sealed", "announced", "uploaded", "submitted", "accepted"):
        at = journey.feed.get(state)
        if at and before:
            steps[state], before = max((at - before).total_seconds(), 0.0), at
    steps["total"] = journey.ended - journey.began
    return {name: round(seconds * 1000) for name, seconds in steps.items()}
