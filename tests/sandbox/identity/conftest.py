"""An identity sandbox in this process, turned by a fixed clock, and a service provider that it knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from gateway.sandbox.clock import Clock, Ids
from gateway.sandbox.identity import keyring
from gateway.sandbox.identity.sandbox import IdentitySandbox
from gateway.sandbox.identity.server import app

from .peers import BASE, START, ServiceProviderPeer, certificate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from gateway.sandbox.identity.keyring import SigningPair


@pytest.fixture(scope="session")
def provider_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="session")
def pairs(rsa_keys: Mapping[str, rsa.RSAPrivateKey]) -> Mapping[str, SigningPair]:
    names = {"bundid": "signing", "muk": "root", "stranger": "encryption"}
    return {name: keyring.make(name, START, rsa_keys[key]) for name, key in names.items()}


@pytest.fixture
def sandbox(tmp_path: Path, pairs: Mapping[str, SigningPair]) -> IdentitySandbox:
    return IdentitySandbox.open(
        tmp_path / "identity", base_url=BASE, clock=Clock(lambda: START), ids=Ids(7), pairs=pairs
    )


@pytest.fixture
async def stranger(
    sandbox: IdentitySandbox, pairs: Mapping[str, SigningPair], provider_key: rsa.RSAPrivateKey
) -> AsyncIterator[ServiceProviderPeer]:
    """A service provider that the sandbox does not know yet."""
    certificates = {name: pair.certificate for name, pair in pairs.items()}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app(sandbox)), base_url=BASE) as http:
        own = certificate(provider_key)
        yield ServiceProviderPeer(http, sandbox.admin_path, provider_key, own, certificates)


@pytest.fixture
async def provider(stranger: ServiceProviderPeer) -> ServiceProviderPeer:
    """A service provider whose metadata the sandbox has."""
    assert (await stranger.introduce()).status_code == 201
    return stranger
