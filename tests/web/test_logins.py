"""A login handed off over HTTP: alone, in a batch, in a correction and in a validation, each with its own problem."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from gateway.intake.create import Intake
from gateway.intake.logins import Binding
from gateway.model import Level
from gateway.ports.store import NewSubmission, View
from gateway.services.loader import Services
from gateway.web.app import create_app
from tests.logins import LOGIN_REF, Logins, citizen, login
from tests.shipped_services import own_services
from tests.stores import everything, sent_ahead
from tests.web.conftest import ARS, HOST, World, build

BATCH = {"Content-Type": "application/x-ndjson"}


@pytest.fixture(scope="module")
def service() -> Any:
    return own_services().get("grundstueckskauf")


@pytest.fixture
def logins() -> Logins:
    return Logins()


@pytest.fixture
def world(service: Any, logins: Logins) -> World:
    """A portal's world in which the service needs a citizen's login of level substantial."""
    made = build()
    definition = replace(service.definition, assurance="substantial", accounts=("person",))
    services = Services({service.id: replace(service, definition=definition)})
    create = made.store.create

    async def with_login(new: NewSubmission) -> View:
        return await create(logins.use_up(new))

    made.store.create = with_login  # type: ignore[method-assign]
    keys: Any = SimpleNamespace(sign_receipt=lambda _: "a.b.c", receipt_key="key")
    towns = {town.ars: town for town in made.parts.municipalities}
    intake = Intake(
        made.store,
        services,
        towns,
        keys,
        made.clock,
        uuid4,
        lambda *parts: b"".join(parts)[-64:],
        Binding(logins, logins),
    )
    made.parts = replace(made.parts, intake=intake, services=services)
    made.app = create_app(made.parts)
    return made


@pytest.fixture
def body(world: World, service: Any) -> dict[str, Any]:
    found: dict[str, Any] = copy.deepcopy(service.example(ARS))
    for attachment in found["attachments"]:
        attachment["upload"] = str(sent_ahead(world.store, b"%PDF-1.7"))
    return found


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


def logged_in(world: World, logins: Logins, **more: Any) -> None:
    at = world.clock.at
    logins.put(login(**{"issuer": HOST, "expires_at": at.replace(hour=at.hour + 1), **more}))


async def test_a_login_is_taken_with_its_application(world: World, logins: Logins, body: dict[str, Any]) -> None:
    logged_in(world, logins)
    async with world.portal() as portal:
        answer = await portal.post("/api/v1/submissions", json={**body, "login": LOGIN_REF}, headers=key())
    assert (answer.status_code, "login" in answer.json()) == (201, False)


@pytest.mark.parametrize(
    "case",
    [
        ({}, "assurance_too_low"),
        ({"login": None}, "assurance_too_low"),
        ({"login": LOGIN_REF}, "assurance_too_low"),
        ({"login": "x" * 43}, "login_unusable"),
        ({"login": ""}, "login_unusable"),
        ({"login": "ß" * 43}, "login_unusable"),
        ({"login": "x" * 4000}, "login_unusable"),
    ],
)
@pytest.mark.parametrize("way", ["create", "batch", "validate"])
async def test_what_does_not_fit_is_told_at_the_login(
    world: World, logins: Logins, body: dict[str, Any], case: tuple[dict[str, Any], str], way: str
) -> None:
    given, code = case
    logged_in(world, logins, identity=citizen(Level.BASIC))
    async with world.portal(**{"Accept-Language": "en"}) as portal:
        if way == "validate":
            answer = await portal.post("/api/v1/validations", json={**body, **given})
            assert (answer.status_code, answer.json()["valid"]) == (200, False)
        elif way == "batch":
            line = json.dumps({**body, **given, "idempotency_key": "one"}).encode()
            answer = await portal.post("/api/v1/submissions/batch", content=line, headers=BATCH)
            assert (answer.status_code, answer.json()["code"]) == (200, code)
        else:
            answer = await portal.post("/api/v1/submissions", json={**body, **given}, headers=key())
            assert (answer.status_code, answer.json()["code"]) == (422, code)
            assert "GET /oidc/authorize" in answer.json()["detail"]
    (told,) = [each for each in answer.json()["findings"] if each["severity"] == "error"]
    assert (told["pointer"], told["rule"]) == ("/login", code)
    assert everything(world.store) == ()


async def test_a_correction_needs_no_login_of_its_own(world: World, logins: Logins, body: dict[str, Any]) -> None:
    logged_in(world, logins)
    async with world.portal() as portal:
        made = (await portal.post("/api/v1/submissions", json={**body, "login": LOGIN_REF}, headers=key())).json()
        path = f"/api/v1/submissions/{made['id']}/corrections"
        new = await portal.post(path, json={**body, "reference": "b"}, headers=key())
        assert (new.status_code, new.json()["supersedes"]) == (201, made["id"])
        logins.identities.clear()
        path = f"/api/v1/submissions/{new.json()['id']}/corrections"
        without = await portal.post(path, json={**body, "reference": "c"}, headers=key())
    assert (without.status_code, without.json()["code"]) == (422, "assurance_too_low"), "nobody is known"


async def test_portals_read_which_login_a_service_needs(world: World) -> None:
    async with world.portal() as portal:
        (item,) = (await portal.get("/api/v1/services")).json()["items"]
        described = (await portal.get("/api/openapi.json")).json()["components"]["schemas"]
    assert (item["assurance"], item["accounts"]) == ("substantial", ["person"])
    assert "login" in described["NewSubmission"]["properties"]
    assert "login" not in described["NewSubmission"]["required"]
    assert "accounts" in described["Service"]["required"]
