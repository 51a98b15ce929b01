"""A provider with two municipalities and two portals, and a clock that stands where it is put."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pybase64
import pytest

from gateway.crypto import jws
from gateway.crypto.keys import PrivateKey, generate_ed25519, private_key
from gateway.login.clients import Registry, registration
from gateway.login.provider import Provider
from gateway.login.tokens import Issuer
from gateway.model import Client
from tests.logins import UsedInMemory

TOWN = Issuer("https://gateway.tangerhuette.example", "150900546546")
OTHER = Issuer("https://gateway.stendal.example:8443", "150900535535")
SECRET = "not-a-secret-8f1c"
ALL = frozenset({"submissions:write", "submissions:read", "services:read"})


@dataclass
class Standing:
    at: datetime = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def at_once(coroutine):
    """The result of a coroutine that waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waited")


@dataclass
class World:
    clock: Standing
    provider: Provider
    token_key: PrivateKey
    client_key: PrivateKey
    counter: itertools.count = field(default_factory=itertools.count)

    def basic(self, client_id: str = "portal", secret: str = SECRET, body: bytes = b"grant_type=client_credentials"):
        header = "Basic " + pybase64.b64encode(f"{client_id}:{secret}".encode()).decode()
        return at_once(self.provider.token("gateway.tangerhuette.example", header, body))

    def assertion(self, key: PrivateKey | None = None, header: dict | None = None, **claims) -> str:
        at = self.clock.at.timestamp()
        said = {
            "iss": "signer",
            "sub": "signer",
            "aud": TOWN.token_endpoint,
            "exp": int(at) + 60,
            "iat": int(at),
            "jti": f"j{next(self.counter)}",
        } | claims
        payload = {name: value for name, value in said.items() if value is not None}
        return jws.sign(json.dumps(payload).encode(), key or self.client_key, header or {})

    def by_assertion(self, assertion: str, *, more: str = "", header: str | None = None):
        form = (
            "grant_type=client_credentials"
            "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
            f"&client_assertion={assertion}{more}"
        )
        return at_once(self.provider.token("gateway.tangerhuette.example", header, form.encode()))


@pytest.fixture
def world() -> World:
    clock = Standing()
    token_key = private_key(generate_ed25519("gateway-token-1")[0])
    client_private, client_public = generate_ed25519("portal-key-1")
    registry = Registry(
        [
            registration(Client("portal", ALL, frozenset({TOWN.municipality})), secret=SECRET),
            registration(
                Client("signer", frozenset({"services:read"}), frozenset({TOWN.municipality})),
                jwks={"keys": [client_public]},
            ),
        ]
    )
    ids = itertools.count()
    provider = Provider(
        issuers=(TOWN, OTHER),
        registry=registry,
        key=token_key,
        clock=clock,
        new_id=lambda: f"id{next(ids)}",
        used=UsedInMemory(),
    )
    return World(clock, provider, token_key, private_key(client_private))
