"""Public addresses with a path, behind a proxy that takes the path off: every reference of ours leads back."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import urljoin

import httpx
import pytest

from gateway.crypto.keys import generate_ed25519, private_key
from gateway.login.clients import Registry, registration
from gateway.login.provider import Provider
from gateway.login.tokens import Issuer
from gateway.model import Client
from gateway.web.app import create_app
from tests.logins import UsedInMemory
from tests.web.conftest import ALL, ARS, OTHER_ARS, SECRET
from tests.web.test_doors import basic

TOWN, OTHER = "https://antrag.example/amt/gw", "https://stendal.example/s"
GRANT = "grant_type=client_credentials"


class Proxy(httpx.AsyncBaseTransport):
    """Passes `prefix`/… on without the prefix; whatever lies beside it is somebody else's."""

    def __init__(self, app, *prefixes: str) -> None:
        self._inner, self._prefixes = httpx.ASGITransport(app), prefixes

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        for prefix in self._prefixes:
            if str(request.url).startswith(prefix + "/"):
                behind = request.url.raw_path[len(httpx.URL(prefix).raw_path) :]
                request.url = request.url.copy_with(raw_path=behind)
                return await self._inner.handle_async_request(request)
        raise AssertionError(f"beside the public address: {request.url}")


@pytest.fixture
def behind(world):
    registry = Registry([registration(Client("portal", ALL, frozenset({ARS, OTHER_ARS})), secret=SECRET)])
    provider = Provider(
        issuers=(Issuer(TOWN, ARS), Issuer(OTHER, OTHER_ARS)),
        registry=registry,
        key=private_key(generate_ed25519("gateway-token-1")[0]),
        clock=world.clock,
        new_id=lambda: "id",
        used=UsedInMemory(),
    )
    app = create_app(replace(world.parts, provider=provider, resumable=world.store.pieces))

    @asynccontextmanager
    async def portal(issuer: str):
        async with httpx.AsyncClient(transport=Proxy(app, TOWN, OTHER)) as it:
            found = (await it.get(f"{issuer}/.well-known/openid-configuration")).json()
            assert found["issuer"] == issuer
            got = await it.post(found["token_endpoint"], content=GRANT, headers=basic("portal", SECRET))
            assert (await it.get(found["jwks_uri"])).status_code == 200
            it.headers["Authorization"] = f"Bearer {got.json()['access_token']}"
            yield it

    return portal


@pytest.mark.parametrize("issuer", [TOWN, OTHER])
async def test_locations_lead_back_through_a_proxy_that_takes_the_path_off(behind, issuer):
    fields = {"Tus-Resumable": "1.0.0", "Upload-Length": "3"}
    wanted = {"service": "hausnummer", "municipality": ARS if issuer == TOWN else OTHER_ARS, "record": {}}
    async with behind(issuer) as portal:
        begun = await portal.post(f"{issuer}/api/v1/tus/", headers=fields)
        upload = urljoin(f"{issuer}/api/v1/tus/", begun.headers["Location"])
        made = await portal.post(f"{issuer}/api/v1/submissions", json=wanted, headers={"Idempotency-Key": "k"})
        submission = urljoin(f"{issuer}/api/v1/submissions", made.headers["Location"])
        came = (await portal.head(upload, headers=fields), await portal.get(submission))
    assert (begun.status_code, made.status_code) == (201, 201)
    assert [answer.status_code for answer in came] == [200, 200]


@pytest.mark.parametrize("issuer", [TOWN, OTHER])
async def test_the_description_names_the_public_address_of_the_host_that_was_asked(behind, issuer):
    async with behind(issuer) as portal:
        page = await portal.get(f"{issuer}/api/docs")
        (linked,) = re.findall(r'href="([^"]+)"', page.text)
        described = (await portal.get(urljoin(f"{issuer}/api/docs", linked))).json()
        (server,) = [each["url"] for each in described["servers"]]
        health = await portal.get(f"{server}/health")
    flow = described["components"]["securitySchemes"]["portal"]["flows"]["clientCredentials"]
    assert (server, flow["tokenUrl"]) == (issuer, f"{issuer}/oidc/token")
    assert health.status_code == 200


async def test_an_address_without_a_path_and_an_unknown_host_stay_as_they_were(world):
    async with world.portal() as portal:
        wanted = {"service": "hausnummer", "municipality": ARS, "record": {}}
        made = await portal.post(
            "/api/v1/submissions", json=wanted, headers={"Idempotency-Key": "k", "Host": "10.0.0.1"}
        )
    assert made.headers["Location"] == f"/api/v1/submissions/{made.json()['id']}"
