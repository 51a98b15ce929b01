"""The app with fakes in memory: the store in memory, an intake that takes anything the shape allows."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import httpx
import pybase64
import pytest

from gateway.crypto.keys import generate_ed25519, private_key
from gateway.errors import RecordInvalid
from gateway.intake.body import Application
from gateway.intake.create import Admit
from gateway.login.clients import Registry, registration
from gateway.login.provider import Provider
from gateway.login.tokens import Issuer
from gateway.model import Client, Destination, Finding, Municipality, Scope, State, Submission
from gateway.ports.blobs import IncomingUpload, Upload
from gateway.ports.store import Filter, StateChange, View
from gateway.services.loader import Services
from gateway.store.memory import MemoryStore
from gateway.web.app import create_app
from gateway.web.dependencies import BodyLimits, HealthCheck, WebDependencies
from tests.login.conftest import at_once
from tests.logins import UsedInMemory
from tests.stores import new

ARS, OTHER_ARS = "150900546546", "150900535535"
ALL = frozenset({"submissions:write", "submissions:read", "services:read", "webhooks:write"})
SECRET = "not-a-secret-8f1c"
HOST = "https://gateway.tangerhuette.example"
DESTINATION = "d12caea8-f372-4eb1-b102-b0a228253a11"
CALLBACK_SECRET = "insecure_unsafe_qHScgrg_kP-R31jHUwp3GkVkGJolvBchz65b74Lzue0"  # FITKO's published test vector


@dataclass
class Standing:
    at: datetime = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


class WatchedStore(MemoryStore):
    """The store in memory; it notes what it is asked, and a test may act at each look into the change feed."""

    def __init__(self, clock: Standing) -> None:
        super().__init__(clock, uuid4)
        self.clock = clock
        self.asked: list[Filter] = []
        self.incoming: list[IncomingUpload] = []
        self.polls = 0
        self.on_poll: Callable[[int], None] = lambda _n: None
        self.gate: asyncio.Event | None = None

    async def receive_upload(self, incoming: IncomingUpload, body: AsyncIterator[bytes]) -> Upload:
        self.incoming.append(incoming)
        return await super().receive_upload(incoming, body)

    async def list_views(self, wanted: Filter, scope: Scope) -> tuple[tuple[View, ...], str | None]:
        self.asked.append(wanted)
        return await super().list_views(wanted, scope)

    async def changes(self, after: str | None, scope: Scope, limit: int) -> tuple[StateChange, ...]:
        self.polls += 1
        if self.gate:
            await self.gate.wait()
        self.on_poll(self.polls)
        return await super().changes(after, scope, limit)


@dataclass
class FakeIntake:
    store: WatchedStore
    failure: Exception | None = None
    findings: tuple[Finding, ...] = ()

    async def validate(self, client: Client, application: Application) -> tuple[Finding, ...]:
        return (*application.faults, *self.findings)

    async def create(self, client: Client, application: Application, key: str, *, admit: Admit | None = None) -> View:
        if self.failure:
            raise self.failure
        if known := await self.store.known(client.id, key, application.content):
            return known
        if admit:
            await admit()
        if findings := await self.validate(client, application):
            raise RecordInvalid(findings=findings)
        it = a_submission(client.id, application.municipality, application.service, self.store.clock.at)
        return await self.store.create(replace(new(it), idempotency_key=key, digest=application.content))


def a_submission(
    client: str = "portal", municipality: str = ARS, service: str = "hausnummer", at: datetime = Standing.at
) -> Submission:
    return Submission(uuid4(), municipality, client, service, State.RECEIVED, 1, at, at, "fitconnect")


@dataclass(frozen=True)
class FakeService:
    id: str
    titles: Mapping[str, str]
    max_bytes: int = 370_000_000
    leika_key: str | None = None
    standard: str = "xfall"
    assurance: str = "none"
    accounts: tuple[str, ...] = ("person", "organisation")
    special_categories: tuple[str, ...] = ()

    @property
    def attachments(self):
        return (
            SimpleNamespace(
                kind="site_plan", required=True, media_types=("application/pdf",), max_bytes=self.max_bytes, max_count=1
            ),
        )

    def rules_for(self, ars):
        return replace(self, max_bytes=1_000) if ars == OTHER_ARS else self

    def record_schema(self):
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object"}

    def example(self, ars):
        attachment = {"kind": "site_plan", "filename": "Lageplan.pdf", "media_type": "application/pdf", "upload": ""}
        return {"service": self.id, "municipality": ars, "record": {"name": "Müller"}, "attachments": [attachment]}


def fake_services() -> Services:
    titles = {
        "hausnummer": {"de": "Hausnummer beantragen", "en": "Apply for a house number"},
        "termin": {"de": "Termin vereinbaren", "en": "Make an appointment"},
    }
    return Services({name: FakeService(name, title) for name, title in titles.items()})  # type: ignore[arg-type]


def municipality(slug: str, ars: str, url: str, *services: str) -> Municipality:
    destination = Destination(DESTINATION, "fitconnect", services)
    return Municipality(slug, ars, slug.title(), url, (destination,))


@dataclass
class World:
    clock: Standing
    store: WatchedStore
    intake: FakeIntake
    parts: WebDependencies
    woken: list[Any]
    checks: list[HealthCheck]
    app: Any = None
    health_failure: Exception | None = None

    def token(self, client: str = "portal", scope: str = "") -> str:
        basic = "Basic " + pybase64.b64encode(f"{client}:{SECRET}".encode()).decode()
        body = b"grant_type=client_credentials" + (f"&scope={scope}".encode() if scope else b"")
        return at_once(self.parts.provider.token(None, basic, body)).body["access_token"]

    @asynccontextmanager
    async def portal(self, client: str | None = "portal", scope: str = "", **headers: str):
        if client:
            headers["Authorization"] = f"Bearer {self.token(client, scope)}"
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url=HOST, headers=headers) as it:
            yield it


@pytest.fixture
def world() -> World:
    return build()


def build(**limits: Any) -> World:
    clock = Standing()
    registry = Registry(
        [
            registration(Client("portal", ALL, frozenset({ARS})), secret=SECRET),
            registration(Client("neighbour", ALL, frozenset({ARS, OTHER_ARS})), secret=SECRET),
            registration(Client("narrow", ALL, frozenset({ARS}), frozenset({"termin"})), secret=SECRET),
        ]
    )
    ids = itertools.count()
    provider = Provider(
        issuers=(Issuer(HOST, ARS), Issuer("https://gateway.stendal.example", OTHER_ARS)),
        registry=registry,
        key=private_key(generate_ed25519("gateway-token-1")[0]),
        clock=clock,
        new_id=lambda: f"id{next(ids)}",
        used=UsedInMemory(),
    )
    store = WatchedStore(clock)
    intake = FakeIntake(store)
    woken: list[Any] = []
    checks = [HealthCheck("database:responseTime", "pass", component_type="datastore", observed_value=1)]

    async def wake(news: Any) -> None:
        woken.append(news)

    async def health() -> list[HealthCheck]:
        if world.health_failure:
            raise world.health_failure
        return checks

    async def states() -> Mapping[str, int]:
        if world.health_failure:
            raise world.health_failure
        return {"received": 3}

    parts = WebDependencies(
        intake=intake,
        store=store,
        services=fake_services(),
        municipalities=(
            municipality("tangerhuette", ARS, HOST, "*"),
            municipality("stendal", OTHER_ARS, "https://gateway.stendal.example", "hausnummer"),
        ),
        provider=provider,
        clock=clock,
        health=health,
        callback_secrets=lambda destination: (CALLBACK_SECRET,) if destination == DESTINATION else (),
        wake=wake,
        states=states,
        limits=BodyLimits(**limits),
    )
    world = World(clock, store, intake, parts, woken, checks)
    world.app = create_app(parts)
    return world
