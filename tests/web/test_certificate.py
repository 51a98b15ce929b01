"""The certificate of a caller: from the handshake, or from a proxy that is trusted, and from nobody else."""

from __future__ import annotations

import base64
import socket
from contextlib import asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace
from urllib.parse import quote

import httpx
import pytest

from gateway.httpserver.server import serve
from gateway.login.certificates import Certificates, Presented
from gateway.login.clients import Registry, registration
from gateway.login.provider import Provider
from gateway.login.tokens import Issuer
from gateway.model import Client
from gateway.serve import tls
from gateway.settings.server import ClientSection, TlsSection
from gateway.web.app import create_app
from gateway.web.http.certificate import ClientCertificates, TlsProtocol, networks, parsed
from tests.login.authority import issued
from tests.logins import UsedInMemory
from tests.web.conftest import ALL, ARS

CA = issued("CN=CA der Stadt", ca=True)
SERVER = issued("CN=127.0.0.1", usage="serverAuth", address="127.0.0.1", ca=True)
MINE, ALONE, FOREIGN = issued("CN=portal", by=CA), issued("CN=self"), issued("CN=portal")
FIELD = f":{base64.b64encode(MINE.der).decode()}:"
FORM = {"grant_type": "client_credentials", "client_id": "named"}


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (FIELD, MINE.der),
        (quote(MINE.pem.decode()), MINE.der),
        (MINE.pem.decode().replace("\n", " "), MINE.der),
        ("", None),
        ("::", None),
        (":%%%:", None),
        ("-----BEGIN CERTIFICATE-----", None),
        (":" + "A" * 20_000 + ":", None),
    ],
)
def test_both_forms_of_the_header_are_read_and_nothing_else(field, expected):
    assert parsed(field.encode()) == expected


def test_names_and_stars_are_no_trusted_peers():
    assert [str(each) for each in networks(("10.0.0.1", "*", "proxy.example", "fd00::/8"))] == [
        "10.0.0.1/32",
        "fd00::/8",
    ]


async def seen(peer, *fields, header="Client-Cert", proxies=("10.0.0.1",), handshake=None):
    got = {}

    async def app(scope, _receive, _send):
        got.update(scope)

    headers = [(b"client-cert", field.encode()) for field in fields]
    scope = {"type": "http", "headers": headers, "client": (peer, 1), "tls_client_certificate": handshake}
    await ClientCertificates(app, header, proxies)(scope, None, None)
    assert all(name != b"client-cert" for name, _ in got["headers"]) or header is None
    found = got["client_certificate"]
    return found.der if found else None


async def test_a_header_is_believed_from_a_trusted_proxy_only():
    assert await seen("10.0.0.1", FIELD) == MINE.der
    assert await seen("10.0.0.2", FIELD) is None
    assert await seen("10.0.0.1", FIELD, header=None) is None
    assert await seen("10.0.0.1", FIELD, proxies=("*",)) is None
    assert await seen("10.0.0.1", FIELD, FIELD) is None


async def test_the_handshake_of_a_proxy_is_not_the_callers():
    assert await seen("10.0.0.1", handshake=ALONE.der) is None
    assert await seen("10.0.0.1", FIELD, handshake=ALONE.der) == MINE.der
    assert await seen("10.0.0.2", FIELD, handshake=ALONE.der) == ALONE.der


@pytest.fixture
def served(world, tmp_path):
    """The app behind TLS of our own, on loopback."""
    registry = Registry(
        [
            registration(Client("named", ALL, frozenset({ARS})), certificates=_rule(tls_subject="CN=portal")),
            registration(
                Client("pinned", ALL, frozenset({ARS})),
                certificates=_rule(tls_certificate_files=(ALONE.files(tmp_path, "alone")[0],)),
            ),
        ]
    )
    (tmp_path / "ca.pem").write_bytes(CA.pem)
    certificate, key = SERVER.files(tmp_path, "server")
    section = TlsSection(certificate_file=certificate, key_file=key, client_ca_file=tmp_path / "ca.pem")
    pinned = ClientSection(id="pinned", tls_certificate_files=(tmp_path / "alone.pem",))
    settings = SimpleNamespace(server=SimpleNamespace(tls=section), clients=(pinned,))

    @asynccontextmanager
    async def run():
        door = socket.create_server(("127.0.0.1", 0))
        base = f"https://127.0.0.1:{door.getsockname()[1]}"
        provider = Provider(
            issuers=(Issuer(base, ARS),),
            registry=registry,
            key=world.parts.provider._tokens._key,
            clock=world.clock,
            new_id=lambda: "id",
            used=UsedInMemory(),
            judge=Certificates(tls.authorities(section)),
        )
        app = ClientCertificates(create_app(replace(world.parts, provider=provider)))
        with door:
            async with serve(app, [door], TlsProtocol, tls=tls.context(settings)):
                yield base

    return run


def _rule(**how):
    return tls.rule(ClientSection(id="x", **how), "clients.x")


async def test_over_the_wire_a_certificate_gets_a_token_and_only_with_it_the_token_opens_the_api(served, tmp_path):
    async with served() as base:
        contexts = {each: each.context(tmp_path, trusting=SERVER) for each in (MINE, ALONE)}
        for shown, client in ((MINE, "named"), (ALONE, "pinned")):
            async with httpx.AsyncClient(verify=contexts[shown], base_url=base) as portal:
                answer = await portal.post("/oidc/token", data={**FORM, "client_id": client})
                assert answer.status_code == 200, answer.text
                bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
                assert (await portal.get("/api/v1/services", headers=bearer)).status_code == 200
            other = contexts[ALONE if shown is MINE else MINE]
            async with httpx.AsyncClient(verify=other, base_url=base) as thief:
                assert (await thief.get("/api/v1/services", headers=bearer)).status_code == 401
        async with httpx.AsyncClient(verify=_without(), base_url=base) as nobody:
            assert (await nobody.get("/api/v1/services", headers=bearer)).status_code == 401
            assert (await nobody.get("/health")).status_code == 200
            spoofed = await nobody.post("/oidc/token", data=FORM, headers={"Client-Cert": FIELD})
            assert spoofed.status_code == 401


async def test_over_the_wire_a_certificate_that_nobody_vouches_for_ends_the_handshake(served, tmp_path):
    async with (
        served() as base,
        httpx.AsyncClient(verify=FOREIGN.context(tmp_path, trusting=SERVER), base_url=base) as stranger,
    ):
        with pytest.raises(httpx.TransportError):
            await stranger.get("/health")


def _without():
    import ssl  # noqa: PLC0415 - beside its only use

    return ssl.create_default_context(cadata=SERVER.pem.decode())


def test_a_thumbprint_is_the_one_of_the_standard():
    # RFC 8705 appendix A
    der = (
        "MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAxODEyMzcwOVoXDTIyMDUwMjEyMzcwOVow"
        "DzENMAsGA1UEAwwEbXRsczBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ"
        "/Au08/coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwIDSQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+"
        "hlV/PpQEKTWUVeORWz83AiEA5x2eXZOVbUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY="
    )
    assert Presented(base64.b64decode(der)).thumbprint == "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"
