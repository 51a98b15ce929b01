from __future__ import annotations

import json

import pytest

from gateway.crypto import base64url, jws
from gateway.crypto.keys import generate_ed25519, private_key
from gateway.errors import Unauthorised
from gateway.login.provider import Provider
from tests.login.conftest import OTHER, TOWN

HOST = "gateway.tangerhuette.example"


def forged(world, *, key=None, header=None, **claims):
    token = world.basic().body["access_token"]
    said = json.loads(jws.verify(token, world.token_key.key.public_key(), alg="EdDSA")) | claims
    said = {name: value for name, value in said.items() if value is not None}
    return jws.sign(json.dumps(said).encode(), key or world.token_key, {"typ": "at+jwt"} if header is None else header)


def test_a_rebuilt_token_is_taken_so_that_the_refusals_below_mean_something(world):
    assert world.provider.verify(forged(world), HOST).client.id == "portal"


@pytest.mark.parametrize("header", [{}, {"typ": "JWT"}, {"typ": "id+jwt"}, {"typ": "AT+JWT"}, {"typ": "logout+jwt"}])
def test_a_token_of_another_type_opens_nothing(world, header):
    with pytest.raises(Unauthorised):
        world.provider.verify(forged(world, header=header), HOST)


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": OTHER.url},
        {"iss": None},
        {"aud": OTHER.audience},
        {"aud": TOWN.url},
        {"aud": [TOWN.audience]},
        {"aud": f"{TOWN.url}/oidc/userinfo"},
        {"client_id": "nobody"},
        {"client_id": None},
        {"sub": "somebody"},
        {"exp": None},
        {"exp": "2099"},
        {"exp": 1},
        {"scope": None},
    ],
)
def test_a_token_with_a_wrong_claim_opens_nothing(world, claims):
    with pytest.raises(Unauthorised):
        world.provider.verify(forged(world, **claims), HOST)


def test_a_token_of_a_foreign_key_with_our_key_id_opens_nothing(world):
    foreign = private_key(generate_ed25519("gateway-token-1")[0])
    with pytest.raises(Unauthorised):
        world.provider.verify(forged(world, key=foreign), HOST)


def test_a_token_without_algorithm_opens_nothing(world):
    _, payload, _ = world.basic().body["access_token"].split(".")
    for header in ('{"alg":"none","typ":"at+jwt"}', '{"alg":"none","typ":"at+jwt","kid":"gateway-token-1"}'):
        with pytest.raises(Unauthorised):
            world.provider.verify(f"{base64url.encode(header.encode()).decode()}.{payload}.", HOST)


def test_a_token_works_at_its_own_issuer_only(world):
    token = world.basic().body["access_token"]
    assert world.provider.verify(token, HOST)
    with pytest.raises(Unauthorised):
        world.provider.verify(token, "gateway.stendal.example:8443")


def test_a_token_expires_also_when_it_was_verified_before(world):
    token = world.basic().body["access_token"]
    world.clock.advance(1799)
    assert world.provider.verify(token, HOST)
    world.clock.advance(1)
    with pytest.raises(Unauthorised):
        world.provider.verify(token, HOST)


@pytest.mark.parametrize("token", ["", "abc.def.ghi", "..", "x" * 5000, "ä", "\udc80", "eyJ.eyJ.AA"])
def test_garbage_opens_nothing(world, token):
    with pytest.raises(Unauthorised):
        world.provider.verify(token, HOST)


def test_an_unknown_host_means_the_first_issuer(world):
    assert world.provider.issuer_of("127.0.0.1:4711") is world.provider.issuer_of(None)
    assert world.provider.issuer_of("GATEWAY.Stendal.example:8443").municipality == OTHER.municipality


def test_discovery_names_only_what_is_there(world):
    document = world.provider.discovery(HOST)
    assert document["issuer"] == TOWN.url
    assert document["token_endpoint"] == f"{TOWN.url}/oidc/token"
    assert document["jwks_uri"] == f"{TOWN.url}/oidc/jwks.json"
    assert "authorization_endpoint" not in document


def test_the_published_keys_hold_no_private_part(world):
    (key,) = world.provider.jwks()["keys"]
    assert key["kid"] == "gateway-token-1"
    assert "d" not in key


def test_while_the_key_is_changed_tokens_of_both_are_taken_and_both_are_published(world):
    """Two processes of a rolling restart: each publishes the other's key, one signs with the new one already."""
    private, public = generate_ed25519("gateway-next")
    registry, old = world.provider._registry, dict(world.token_key.public_jwk)
    common = {
        "issuers": (TOWN, OTHER),
        "registry": registry,
        "clock": world.clock,
        "new_id": lambda: "id",
        "used": None,
    }
    before = Provider(key=world.token_key, published=[public], **common)
    after = Provider(key=private_key(private), published=[old], **common)
    assert {jwk["kid"] for jwk in before.jwks()["keys"]} == {jwk["kid"] for jwk in after.jwks()["keys"]}
    fresh = forged(world, key=private_key(private))
    assert before.verify(fresh, HOST).client.id == after.verify(fresh, HOST).client.id == "portal"
    assert after.verify(forged(world), HOST).client.id == "portal"
    with pytest.raises(Unauthorised):
        world.provider.verify(fresh, HOST)
