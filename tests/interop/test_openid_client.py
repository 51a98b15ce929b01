"""The OpenID provider as openid-client sees it: a certified relying party that we did not write."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.crypto.keys import generate_ed25519
from gateway.httpserver.server import serve
from gateway.login.clients import Registry
from gateway.login.tokens import Issuer
from gateway.web.app import create_app
from gateway.web.http.certificate import TlsProtocol
from gateway.web.login.flow import LoginDependencies
from tests.login.federation_world import TOWN, World, client, clients
from tests.web.conftest import build, municipality

pytestmark = pytest.mark.interop
ROOT = Path(__file__).parents[2]
NODE = ROOT / "build" / "interop" / "node"
SCRIPT = Path(__file__).parent / "openid" / "relying_party.mjs"


class Now:
    """openid-client looks at the real clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture
def script():
    if shutil.which("node") is None or not (NODE / "node_modules" / "openid-client").is_dir():
        pytest.skip("openid-client is not there: tests/interop/prepare build/interop fetches it by npm")
    beside = NODE / SCRIPT.name  # a module finds its packages from where it stands
    shutil.copyfile(SCRIPT, beside)
    return beside


async def test_openid_client_logs_in_by_every_way_that_a_portal_may_choose(script):
    private, public = generate_ed25519("portal-key-1")
    with socket.create_server(("127.0.0.1", 0)) as door:
        town = Issuer(f"http://127.0.0.1:{door.getsockname()[1]}", TOWN.municipality)
        world = World(Now(), issuer=town)
        by_key = client("signing", secret=None, method="private_key_jwt", jwks={"keys": [public]}, id_token_alg="PS256")
        world.registry._by_id.update(Registry([*clients(), by_key])._by_id)
        parts = replace(
            build().parts,
            provider=world.provider,
            municipalities=(municipality("tangerhuette", town.municipality, town.url, "*"),),
            login=LoginDependencies(world.federation, lambda _slug, _name: None),
        )
        async with serve(create_app(parts), [door], TlsProtocol):
            node = await asyncio.create_subprocess_exec(
                "node",
                str(script),
                json.dumps({"url": town.url, "key": dict(private)}),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            said, failed = await asyncio.wait_for(node.communicate(), 60)
    assert node.returncode == 0, failed.decode()
    told = {each["way"]: each for each in map(json.loads, said.splitlines())}
    for way in ("basic", "session", "pushed", "post", "es256", "key"):
        assert told[way]["info"]["family_name"] == "Müller-Lüdenscheidt"
        assert told[way]["claims"]["acr"] == "http://eidas.europa.eu/LoA/substantial"
    assert told["session"]["claims"]["sid"] == told["basic"]["claims"]["sid"]
    assert told["refused"]["error"] == "login_required"
    assert told["logout"]["location"] == "https://portal.example/bye?state=s"
