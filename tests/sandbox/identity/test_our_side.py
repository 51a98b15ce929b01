"""The gateway's own side at the sandbox: whoever is made up there signs in, and what is spoilt signs nobody in."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from gateway.model import Level
from gateway.ports.identity import Authenticated, ExpectedAnswer, LoginRequest, RefusalKind
from gateway.sandbox.identity import deviations, names
from gateway.sandbox.identity.accounts import organisations, persons
from gateway.sandbox.identity.server import app

from .peers import BASE, START, Forms, certificate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from cryptography.hazmat.primitives.asymmetric import rsa

    from gateway.ports.identity import Refused
    from gateway.sandbox.identity.sandbox import IdentitySandbox

ours = pytest.importorskip("gateway.bundid.provider", reason="the gateway has no SAML provider yet")
pytest.importorskip("gateway.bundid.response", reason="the gateway reads no answers yet")
keys = pytest.importorskip("gateway.bundid.keys")
profile = pytest.importorskip("gateway.bundid.profile")
idp_metadata = pytest.importorskip("gateway.bundid.idp_metadata")

STILL_RIGHT = {"pss", "response_signature"}
"""Unusual, but what they say is signed by the right key and meant for us."""


class OurSide:
    """Two providers of ours that the sandbox knows, and one login after the other."""

    def __init__(self, http: httpx.AsyncClient, admin: str, key: rsa.RSAPrivateKey) -> None:
        self.http, self.admin = http, admin
        self._pair = keys.KeyPair(key, certificate(key))
        self._count = 0

    async def known(self, name: str, profile_name: str, entity_path: str) -> Any:
        told = idp_metadata.read_idp_metadata((await self.http.get(entity_path)).content)
        provider = ours.SamlProvider(
            name,
            profile.load(profile_name),
            f"https://login.tangerhuette.example/{name}",
            f"http://localhost:8080/saml/tangerhuette/{name}/acs",
            keys.ProviderKeys(self._pair, self._pair),
            idp_metadata.Pinned(told),
            "BundID",
            "Stadt Tangerhütte",
            "BMI-A0001",
            test_accounts=True,
        )
        answer = await self.http.post(f"{self.admin}/service-providers", content=provider.metadata())
        assert answer.status_code == 201, answer.text
        return provider

    async def login(self, provider: Any, order: Mapping[str, Any], level: Level) -> Authenticated | Refused:
        self._count += 1
        assert (await self.http.post(f"{self.admin}/login", json=order)).status_code == 201
        request_id = f"_{self._count:040x}"
        step = provider.begin(LoginRequest(request_id, "h" * 43, level, "de", START))
        page = await (
            self.http.post(step.address, data=dict(step.fields)) if step.fields else self.http.get(step.address)
        )
        fields = Forms(page.text).fields
        assert fields["RelayState"] == "h" * 43, page.text
        expected = ExpectedAnswer(request_id, level, START, START + timedelta(seconds=3))
        judged: Authenticated | Refused = provider.judge(fields["SAMLResponse"].encode(), expected)
        return judged


@pytest.fixture
async def side(sandbox: IdentitySandbox, rsa_keys: Mapping[str, rsa.RSAPrivateKey]) -> AsyncIterator[OurSide]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app(sandbox)), base_url=BASE) as http:
        yield OurSide(http, sandbox.admin_path, rsa_keys["root"])


async def test_everybody_signs_in(side: OurSide) -> None:
    bundid = await side.known("bundid", "bundid-int", "/idp")
    muk = await side.known("muk", "mein-unternehmenskonto", "/ekona")
    means = frozenset({"Benutzername", "eID", "eIDAS", "Elster"})
    for person in persons().values():
        word = next(each for each, number in reversed(names.LEVELS.items()) if person.method(number, means))
        judged = await side.login(bundid, {"person": person.id, "level": word}, Level.BASIC)
        assert isinstance(judged, Authenticated), (person.id, judged)
        assert judged.identity.level == names.LEVELS[word]
    for organisation in organisations().values():
        word = {3: "substantial", 4: "high"}[organisation.levels[-1]]
        judged = await side.login(muk, {"person": organisation.id, "level": word}, Level.SUBSTANTIAL)
        assert isinstance(judged, Authenticated), (organisation.id, judged)
        assert judged.identity.organisation is not None


@pytest.mark.parametrize(("failure", "kind"), [("cancel", RefusalKind.CANCELLED), ("failed", RefusalKind.FAILED)])
async def test_who_is_not_signed_in_is_refused(side: OurSide, failure: str, kind: RefusalKind) -> None:
    bundid = await side.known("bundid", "bundid-int", "/idp")
    judged = await side.login(bundid, {"failure": failure}, Level.BASIC)
    assert not isinstance(judged, Authenticated)
    assert judged.kind is kind


@pytest.mark.parametrize("kind", sorted(set(deviations.KINDS) - {"other_encryption"}))
async def test_what_is_spoilt_signs_nobody_in(side: OurSide, kind: str) -> None:
    for name, chosen, path, who in (
        ("bundid", "bundid-int", "/idp", "kaethe-grosse"),
        ("muk", "mein-unternehmenskonto", "/ekona", "heimatverein"),
    ):
        provider = await side.known(name, chosen, path)
        order = {"match": f"* {path}/*", "kind": kind, "times": 1}
        assert (await side.http.post(f"{side.admin}/faults", json=order)).status_code == 201
        judged = await side.login(provider, {"person": who, "level": "substantial"}, Level.SUBSTANTIAL)
        assert isinstance(judged, Authenticated) is (kind in STILL_RIGHT), (name, judged)


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        (["aes256-gcm", "rsa-oaep"], True),
        (["aes192-gcm", "rsa-oaep-mgf1p-sha256"], True),
        ("aes128-cbc", False),
        ("rsa-1_5", False),
    ],
)
async def test_encryption_is_taken_by_the_lists_of_the_profile(side: OurSide, value: object, taken: bool) -> None:
    provider = await side.known("bundid", "bundid-int", "/idp")
    order = {"match": "* /idp/*", "kind": "other_encryption", "value": value}
    assert (await side.http.post(f"{side.admin}/faults", json=order)).status_code == 201
    judged = await side.login(provider, {"person": "kaethe-grosse", "level": "high"}, Level.SUBSTANTIAL)
    assert isinstance(judged, Authenticated) is taken
