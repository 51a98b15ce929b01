"""Portals that prove themselves by a client certificate, and tokens that are worth nothing without it (RFC 8705)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from authlib.oauth2.rfc6749 import InvalidClientError

from gateway.crypto import base64url
from gateway.crypto.keys import generate_ed25519, private_key
from gateway.errors import Unauthorised
from gateway.login.certificates import CertificateRule, Certificates, Presented
from gateway.login.clients import Registry, registration
from gateway.login.provider import Provider
from gateway.login.token_request import TokenRequest
from gateway.model import Client
from tests.login.authority import FROM, issued
from tests.login.conftest import ALL, SECRET, TOWN, Standing, at_once
from tests.logins import UsedInMemory

HOST = "gateway.tangerhuette.example"
CA = issued("CN=CA der Stadt,O=Stadt,C=DE", ca=True)
OTHER_CA = issued("CN=CA der Stadt,O=Stadt,C=DE", ca=True)
MINE = issued("CN=portal,O=Stadt,C=DE", by=CA, dns="portal.example")
ALONE = issued("CN=self")


class World:
    def __init__(self) -> None:
        self.clock = Standing()
        by_itself = CertificateRule(pinned=frozenset({Presented(ALONE.der).thumbprint}))
        by_name = CertificateRule(subject="CN=portal,O=Stadt,C=DE")
        self.registry = Registry(
            [
                registration(Client("named", ALL, frozenset()), certificates=by_name),
                registration(Client("dns", ALL, frozenset()), certificates=replace(by_name, san_dns="portal.example")),
                registration(Client("pinned", ALL, frozenset()), certificates=by_itself),
                registration(Client("secret", ALL, frozenset()), secret=SECRET),
            ]
        )
        self.provider = Provider(
            issuers=(TOWN,),
            registry=self.registry,
            key=private_key(generate_ed25519("gateway-token-1")[0]),
            clock=self.clock,
            new_id=lambda: "id",
            used=UsedInMemory(),
            judge=Certificates((CA.certificate,)),
        )

    def token(self, client: str, shown=MINE, header: str | None = None, more: str = ""):
        form = f"grant_type=client_credentials&client_id={client}{more}".encode()
        presented = Presented(shown.der) if shown is not None else None
        return at_once(self.provider.token(HOST, header, form, presented))


@pytest.fixture
def mtls():
    return World()


@pytest.mark.parametrize(("client", "shown"), [("named", MINE), ("dns", MINE), ("pinned", ALONE)])
def test_a_certificate_buys_a_token_that_is_bound_to_it(mtls, client, shown):
    answer = mtls.token(client, shown)
    assert answer.status == 200
    token = answer.body["access_token"]
    claims = json.loads(base64url.decode(token.split(".")[1].encode()))
    assert claims["cnf"] == {"x5t#S256": Presented(shown.der).thumbprint}
    principal = mtls.provider.verify(token, HOST, Presented(shown.der))
    assert principal.client.id == client


@pytest.mark.parametrize("shown", [None, ALONE, issued("CN=portal,O=Stadt,C=DE", by=CA)])
def test_a_bound_token_is_worth_nothing_with_another_certificate_or_none(mtls, shown):
    token = mtls.token("named").body["access_token"]
    mtls.provider.verify(token, HOST, Presented(MINE.der))  # also once it is remembered as genuine
    with pytest.raises(Unauthorised):
        mtls.provider.verify(token, HOST, Presented(shown.der) if shown else None)


def test_a_token_that_is_not_bound_needs_no_certificate(mtls):
    header = "Basic c2VjcmV0Om5vdC1hLXNlY3JldC04ZjFj"
    form = b"grant_type=client_credentials"
    token = at_once(mtls.provider.token(HOST, header, form)).body["access_token"]
    assert mtls.provider.verify(token, HOST).thumbprint is None
    assert mtls.provider.verify(token, HOST, Presented(MINE.der)).client.id == "secret"


@pytest.mark.parametrize(
    "shown",
    [
        None,
        ALONE,
        issued("CN=portal,O=Stadt,C=DE"),
        issued("CN=portal,O=Stadt,C=DE", by=OTHER_CA),
        issued("CN=portal,O=Stadt,C=DE", by=issued("CN=portal,O=Stadt,C=DE", by=CA)),
        issued("CN=other,O=Stadt,C=DE", by=CA),
        issued("CN=portal,O=Stadt,C=DE", by=CA, usage="serverAuth"),
        issued("CN=portal,O=Stadt,C=DE", by=CA, until=datetime(2025, 1, 1, tzinfo=UTC)),
        CA,
    ],
    ids=[
        "none",
        "unknown",
        "self-made",
        "foreign authority",
        "by a leaf",
        "other name",
        "for servers",
        "old",
        "the CA",
    ],
)
def test_a_certificate_that_nobody_vouches_for_is_no_client(mtls, shown):
    answer = mtls.token("named", shown)
    assert (answer.status, answer.body["error"]) == (401, "invalid_client")
    assert answer.body == at_once(mtls.provider.token(HOST, "Basic eDp5", b"grant_type=client_credentials")).body


def test_every_registered_name_has_to_be_there(mtls):
    assert mtls.token("dns", issued("CN=portal,O=Stadt,C=DE", by=CA, dns="other.example")).status == 401
    assert mtls.token("dns", issued("CN=portal,O=Stadt,C=DE", by=CA)).status == 401


def test_a_self_signed_certificate_counts_only_as_itself_and_while_it_is_valid(mtls):
    assert mtls.token("pinned", issued("CN=self")).status == 401
    mtls.clock.at = FROM.replace(year=2019)
    assert mtls.token("pinned", ALONE).status == 401


def test_a_certificate_is_no_way_round_other_credentials(mtls):
    assert mtls.token("secret").status == 401
    assert mtls.token("named", header="Basic eDp5").status == 401
    assert mtls.token("named", more="&client_secret=x").status == 401
    assert mtls.token("named", header="Basic eDp5", more="&client_secret=x").status == 400


def test_bytes_that_are_no_certificate_prove_nothing(mtls):
    for junk in (b"", b"x", MINE.der[:-1], MINE.der[:40] + b"\0" * 40):
        form = b"grant_type=client_credentials&client_id=named"
        assert at_once(mtls.provider.token(HOST, None, form, Presented(junk))).status == 401


def test_a_token_with_an_unknown_confirmation_is_refused(mtls):
    from gateway.crypto import jws  # noqa: PLC0415 - beside its only use

    token = mtls.token("named").body["access_token"]
    claims = json.loads(base64url.decode(token.split(".")[1].encode())) | {"cnf": {"jkt": "abc"}}
    forged = jws.sign(json.dumps(claims).encode(), mtls.provider._tokens._key, {"typ": "at+jwt"})
    with pytest.raises(Unauthorised):
        mtls.provider.verify(forged, HOST, Presented(MINE.der))


def test_discovery_says_so_only_where_a_certificate_is_registered(mtls, world):
    said = mtls.provider.discovery(HOST)
    assert {"tls_client_auth", "self_signed_tls_client_auth"} <= set(said["token_endpoint_auth_methods_supported"])
    assert said["tls_client_certificate_bound_access_tokens"] is True
    plain = world.provider.discovery(HOST)
    assert plain["token_endpoint_auth_methods_supported"] == ["client_secret_basic", "private_key_jwt"]
    assert plain["tls_client_certificate_bound_access_tokens"] is False


@pytest.mark.parametrize(("shown", "known"), [(MINE, True), (ALONE, False), (None, False)])
def test_a_request_beside_the_token_endpoint_is_known_by_its_certificate(mtls, shown, known):
    request = TokenRequest(TOWN, None, Presented(shown.der) if shown else None)
    request.read(b"client_id=named&response_type=code")
    if known:
        assert at_once(mtls.provider.authenticated(request)).client.id == "named"
    else:
        with pytest.raises(InvalidClientError):
            at_once(mtls.provider.authenticated(request))
