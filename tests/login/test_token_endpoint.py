from __future__ import annotations

import pytest

from gateway.crypto import base64url, jws
from gateway.crypto.keys import generate_ed25519, private_key
from gateway.errors import DataInvalid
from gateway.login.clients import Registry, registration
from gateway.model import Client
from tests.login.conftest import ALL, OTHER, SECRET, TOWN, at_once


def test_a_secret_buys_a_bearer_token_of_thirty_minutes(world):
    answer = world.basic()
    assert answer.status == 200
    assert answer.body["token_type"] == "Bearer"
    assert answer.body["expires_in"] == 1800
    assert answer.body["scope"] == " ".join(sorted(ALL))
    assert answer.headers["Cache-Control"] == "no-store"
    assert jws.header_of(answer.body["access_token"])["typ"] == "at+jwt"


def test_the_token_names_client_and_municipality(world):
    principal = world.provider.verify(world.basic().body["access_token"], "gateway.tangerhuette.example")
    assert (principal.client.id, principal.municipality, principal.client.scopes) == ("portal", TOWN.municipality, ALL)


def test_fewer_scopes_may_be_asked_for(world):
    body = b"grant_type=client_credentials&scope=services%3Aread"
    token = world.basic(body=body).body["access_token"]
    assert world.provider.verify(token, None).client.scopes == {"services:read"}


@pytest.mark.parametrize(
    "scope", [b"admin", b"services:read++admin", b"webhooks:write", b"%00", b"services:read+openid"]
)
def test_a_scope_that_the_client_lacks_is_refused(world, scope):
    answer = world.basic(body=b"grant_type=client_credentials&scope=" + scope)
    assert (answer.status, answer.body["error"]) == (400, "invalid_scope")


@pytest.mark.parametrize(
    ("client", "secret"),
    [("portal", "wrong"), ("nobody", SECRET), ("portal", ""), ("", ""), ("signer", ""), ("signer", "x")],
)
def test_every_failed_authentication_looks_the_same(world, client, secret):
    answer = world.basic(client, secret)
    assert answer == world.basic("portal", "also wrong")
    assert answer.status == 401
    assert answer.body["error"] == "invalid_client"
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


@pytest.mark.parametrize(
    "header", [None, "", "Basic", "Basic %%%", "Basic cG9ydGFs", "Bearer abc", "Basic /w==", "Basic ÄÖ"]
)
def test_a_broken_authorization_header_is_no_client(world, header):
    assert at_once(world.provider.token(None, header, b"grant_type=client_credentials")).status == 401


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", "invalid_request"),
        (b"grant_type=", "invalid_request"),
        (b"grant_type=password", "unsupported_grant_type"),
        (b"grant_type=%22%0d%0a", "unsupported_grant_type"),
        (b"grant_type=client_credentials&grant_type=client_credentials", "invalid_request"),
        (b"grant_type=client_credentials&client_secret=x", "invalid_request"),
        (b"grant_type=client_credentials&client_assertion=x", "invalid_request"),
        (b"grant_type=%ff", "invalid_request"),
        (b"\xff\xfe", "invalid_request"),
        (b"&".join(b"a%d=1" % n for n in range(50)), "invalid_request"),
    ],
)
def test_bad_forms_are_refused_by_name(world, body, error):
    answer = world.basic(body=body)
    assert (answer.status, answer.body["error"]) == (400, error)


def test_an_assertion_signed_with_the_registered_key_buys_a_token(world):
    answer = world.by_assertion(world.assertion())
    assert answer.status == 200
    assert answer.body["scope"] == "services:read"


@pytest.mark.parametrize("audience", [TOWN.url, [TOWN.token_endpoint], [TOWN.url, TOWN.token_endpoint]])
def test_the_audience_may_be_issuer_or_token_endpoint(world, audience):
    assert world.by_assertion(world.assertion(aud=audience)).status == 200


def test_an_assertion_may_name_its_algorithm_as_rfc_9864_does(world):
    """openid-client writes Ed25519 where others write EdDSA."""
    header, payload, _ = world.assertion().split(".")
    header = base64url.encode(b'{"alg":"Ed25519"}').decode()
    signature = base64url.encode(world.client_key.key.sign(f"{header}.{payload}".encode())).decode()
    assert world.by_assertion(f"{header}.{payload}.{signature}").status == 200


def test_an_assertion_works_once(world):
    assertion = world.assertion()
    assert world.by_assertion(assertion).status == 200
    assert world.by_assertion(assertion).status == 401


def test_a_refused_assertion_spends_no_id(world):
    world.by_assertion(world.assertion(jti="mine", aud="https://elsewhere.example"))
    assert world.by_assertion(world.assertion(jti="mine")).status == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "https://elsewhere.example"},
        {"aud": OTHER.token_endpoint},
        {"aud": [TOWN.token_endpoint, "https://elsewhere.example"]},
        {"aud": []},
        {"aud": None},
        {"iss": "portal"},
        {"sub": "portal"},
        {"sub": None},
        {"sub": ["signer"]},
        {"exp": None},
        {"exp": 1},
        {"exp": "soon"},
        {"exp": True},
        {"exp": 10**30},
        {"exp": 1772366400 + 3600},
        {"nbf": 1772366400 + 3600},
        {"iat": 1772366400 + 3600},
        {"iat": "now"},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"jti": "x" * 300},
    ],
)
def test_an_assertion_with_a_wrong_claim_is_no_client(world, claims):
    assert world.by_assertion(world.assertion(**claims)).status == 401


def test_an_assertion_of_a_foreign_key_is_no_client(world):
    foreign = private_key(generate_ed25519("portal-key-1")[0])
    assert world.by_assertion(world.assertion(key=foreign)).status == 401


def test_an_assertion_without_algorithm_is_no_client(world):
    header, payload, _ = world.assertion().split(".")
    none = "eyJhbGciOiJub25lIn0"
    assert world.by_assertion(f"{none}.{payload}.").status == 401
    assert world.by_assertion(f"{header}.{payload}.").status == 401


@pytest.mark.parametrize("text", ["", "a", "a.b.c", "..", "ä.ö.ü", "x" * 9000, "eyJhbGciOiJFZERTQSJ9.W10.AA"])
def test_garbage_is_no_assertion(world, text):
    assert world.by_assertion(text).status in {400, 401}


def test_an_assertion_beside_a_secret_is_refused(world):
    assert world.by_assertion(world.assertion(), header="Basic eDp5").body["error"] == "invalid_request"


def test_an_assertion_under_another_client_id_is_refused(world):
    assert world.by_assertion(world.assertion(), more="&client_id=portal").status == 401
    assert world.by_assertion(world.assertion(), more="&client_id=signer").status == 200


def test_a_client_without_secret_or_key_is_refused_by_name():
    with pytest.raises(DataInvalid) as refused:
        registration(Client("portal", ALL, frozenset()))
    assert refused.value.findings[0].pointer == "clients.portal"


def test_an_unfit_client_key_is_refused_by_place():
    with pytest.raises(DataInvalid) as refused:
        registration(Client("portal", ALL, frozenset()), jwks={"keys": [{"kty": "oct", "k": "AAAA"}]})
    assert refused.value.findings[0].pointer == "clients.portal.jwks.keys.0"


def test_a_registration_shows_no_secret():
    registered = registration(Client("portal", ALL, frozenset()), secret=SECRET)
    assert SECRET not in repr(registered)
    assert Registry([registered]).by_secret("portal", SECRET) is registered


def test_the_secret_before_stays_valid_while_a_new_one_is_rolled_out():
    client = Client("portal", ALL, frozenset({"150900546546"}))
    registry = Registry([registration(client, secret="new-secret", previous=(SECRET,))])
    assert registry.by_secret("portal", "new-secret") is registry.by_secret("portal", SECRET) is not None
    assert registry.by_secret("portal", "other") is None
