"""The app with fakes in memory: a store that keeps values, an intake that takes anything the shape allows."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import httpx
import pybase64
import pytest

from gateway.crypto.keys import generate_ed25519, private_key
from gateway.errors import (
    DigestMismatch,
    IdempotencyConflict,
    LengthMismatch,
    NotFound,
    RecordInvalid,
    UploadConflict,
)
from gateway.intake.body import Application
from gateway.intake.create import Admit
from gateway.login.clients import Registry, registration
from gateway.login.provider import Provider
from gateway.login.tokens import Issuer
from gateway.model import Client, Destination, Finding, Municipality, Scope, State, Submission
from gateway.ports.blobs import IncomingUpload, Upload
from gateway.ports.store import Filter, StateChange, View
from gateway.services.loader import Services
from gateway.web.app import create_app
from gateway.web.dependencies import BodyLimits, HealthCheck, WebDependencies
from tests.login.conftest import at_once

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


@dataclass
class FakeStore:
    clock: Standing
    views: dict[UUID, View] = field(default_factory=dict)
    bodies: dict[tuple[str, UUID], tuple[bytes, Upload, IncomingUpload]] = field(default_factory=dict)
    lines: list[tuple[str, StateChange]] = field(default_factory=list)
    asked: list[Any] = field(default_factory=list)
    polls: int = 0
    on_poll: Callable[[int], None] = lambda _n: None
    maintained: bool = False
    gate: asyncio.Event | None = None

    async def in_maintenance(self) -> bool:
        return self.maintained

    async def receive_upload(self, incoming: IncomingUpload, body: AsyncIterator[bytes]) -> Upload:
        raw = b"".join([chunk async for chunk in body])
        if len(raw) != incoming.length:
            raise LengthMismatch
        digest = hashlib.sha256(raw).hexdigest()
        if incoming.sha256 not in {None, digest}:
            raise DigestMismatch
        name = (incoming.client, incoming.upload)
        if name in self.bodies:
            if self.bodies[name][0] != raw:
                raise UploadConflict
            return replace(self.bodies[name][1], created=False)
        expires = self.clock.at + timedelta(hours=24)
        made = Upload(incoming.upload, len(raw), digest, incoming.media_type, expires, created=True)
        self.bodies[name] = (raw, made, incoming)
        return made

    async def view(self, submission_id: UUID, scope: Scope) -> View:
        view = self.views.get(submission_id)
        if view is None or not _inside(view, scope):
            raise NotFound
        return view

    async def list_views(self, wanted: Filter, scope: Scope) -> tuple[tuple[View, ...], str | None]:
        self.asked.append(wanted)
        found = [v for v in self.views.values() if _inside(v, scope)]
        return tuple(found[: wanted.limit]), "more" if len(found) > wanted.limit else None

    async def changes(self, after: str | None, scope: Scope, limit: int) -> tuple[StateChange, ...]:
        self.polls += 1
        if self.gate:
            await self.gate.wait()
        self.on_poll(self.polls)
        found = [line for client, line in self.lines if client == scope.client]
        return tuple([line for line in found if int(line.cursor) > int(after or 0)][:limit])


def _inside(view: View, scope: Scope) -> bool:
    it = view.submission
    return it.client == scope.client and (scope.municipalities is None or it.municipality in scope.municipalities)


@dataclass
class FakeIntake:
    store: FakeStore
    keys: dict[tuple[str, str], tuple[Application, View]] = field(default_factory=dict)
    failure: Exception | None = None
    findings: tuple[Finding, ...] = ()

    async def validate(self, client: Client, application: Application) -> tuple[Finding, ...]:
        return (*application.faults, *self.findings)

    async def create(self, client: Client, application: Application, key: str, *, admit: Admit | None = None) -> View:
        if self.failure:
            raise self.failure
        if known := self.keys.get((client.id, key)):
            if known[0] != application:
                raise IdempotencyConflict
            return known[1]
        if admit:
            await admit()
        if findings := await self.validate(client, application):
            raise RecordInvalid(findings=findings)
        view = a_view(client.id, application.municipality, application.service, self.store.clock.at)
        self.store.views[view.submission.id] = view
        self.keys[client.id, key] = (application, view)
        return view


def a_view(client: str, municipality: str = ARS, service: str = "hausnummer", at: datetime | None = None) -> View:
    now = at or datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    made = Submission(uuid4(), municipality, client, service, State.RECEIVED, 1, now, now, "fitconnect")
    return View(made, "xfall", "urn:example:schema", "0" * 64, receipt="a.b.c")


@dataclass(frozen=True)
class FakeService:
    id: str
    titles: Mapping[str, str]
    max_bytes: int = 370_000_000
    leika_key: str | None = None
    standard: str = "xfall"
    assurance: str = "none"
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
    store: FakeStore
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
    )
    store = FakeStore(clock)
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
        catalogue=fake_services(),
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
