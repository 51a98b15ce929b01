"""The plan "Config OP" of the OpenID Foundation's conformance suite: metadata and keys."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest
from joserfc.jwk import KeySet

from tests.login.conformance import NAMED, Suite
from tests.login.federation_world import TOWN

LISTS = {
    "scopes_supported",
    "response_types_supported",
    "response_modes_supported",
    "grant_types_supported",
    "acr_values_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
    "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg_values_supported",
    "code_challenge_methods_supported",
    "claim_types_supported",
    "claims_supported",
    "ui_locales_supported",
    "prompt_values_supported",
    "trust_frameworks_supported",
    "claims_in_verified_claims_supported",
}
FLAGS = {
    "claims_parameter_supported",
    "request_parameter_supported",
    "request_uri_parameter_supported",
    "require_request_uri_registration",
    "require_pushed_authorization_requests",
    "authorization_response_iss_parameter_supported",
    "verified_claims_supported",
    "backchannel_logout_supported",
    "backchannel_logout_session_supported",
    "tls_client_certificate_bound_access_tokens",
}


@pytest.fixture
def suite():
    return Suite()


async def metadata(suite):
    answer = await suite.server.get("/.well-known/openid-configuration")
    assert answer.status_code == 200
    assert answer.headers["content-type"].partition(";")[0] == "application/json"
    return answer.json()


async def test_the_metadata_have_what_discovery_demands(suite):
    """oidcc-discovery-endpoint-verification: OpenID Connect Discovery 1.0 §3 and §4.3."""
    said = await metadata(suite)
    assert said["issuer"] == TOWN.url
    issuer = urlsplit(said["issuer"])
    assert (issuer.scheme, issuer.query, issuer.fragment) == ("https", "", "")
    addresses = {name: value for name, value in said.items() if name.endswith(("_endpoint", "_uri"))}
    assert addresses.keys() >= {"authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"}
    assert all(urlsplit(value).scheme == "https" for value in addresses.values())
    assert "code" in said["response_types_supported"]
    assert set(said["subject_types_supported"]) <= {"pairwise", "public"}
    assert "RS256" in said["id_token_signing_alg_values_supported"]
    assert "openid" in said["scopes_supported"]
    assert {"authorization_code"} <= set(said["grant_types_supported"])
    assert {"client_secret_basic", "client_secret_post"} <= set(said["token_endpoint_auth_methods_supported"])


async def test_each_member_is_of_its_type(suite):
    said = await metadata(suite)
    lists = {name for name, value in said.items() if isinstance(value, list)}
    flags = {name for name, value in said.items() if isinstance(value, bool)}
    assert (lists, flags) == (LISTS, FLAGS)
    for name in lists:
        assert all(isinstance(value, str) and value for value in said[name]), name
        assert len(set(said[name])) == len(said[name]) > 0, name
    assert not any(set(scope) & set(' "\\') for scope in said["scopes_supported"])  # RFC 6749 §3.3


async def test_what_is_said_to_be_verified_can_be(suite):
    """OpenID Connect for Identity Assurance 1.0 §8: who supports it names trust frameworks and claims."""
    said = await metadata(suite)
    verified = (await suite.userinfo((await suite.signed_in(scope="openid profile"))["access_token"]))[
        "verified_claims"
    ]
    assert verified["verification"]["trust_framework"] in said["trust_frameworks_supported"]
    assert verified["claims"].keys() <= set(said["claims_in_verified_claims_supported"])
    assert set(said["claims_in_verified_claims_supported"]) <= set(said["claims_supported"])


async def test_every_claim_that_is_given_is_published(suite):
    said = await metadata(suite)
    given = await suite.signed_in(scope="openid profile email address phone")
    claims = await suite.claims(given["id_token"])
    told = await suite.userinfo(given["access_token"])
    assert (claims.keys() - {"at_hash"}) | told.keys() <= set(said["claims_supported"])


async def test_the_keys_are_public_distinct_and_for_signatures(suite):
    """RFC 7517 §4, OpenID Connect Core §10.1."""
    answer = await suite.server.get(urlsplit((await metadata(suite))["jwks_uri"]).path)
    assert answer.status_code == 200
    keys = answer.json()["keys"]
    assert len({key["kid"] for key in keys}) == len(keys)
    for key in keys:
        assert not {"d", "p", "q", "dp", "dq", "qi", "k", "oth"} & key.keys()
        assert key["kty"] in {"RSA", "EC", "OKP"}
        assert key.get("use", "sig") == "sig"
        assert key.get("key_ops", ["verify"]) == ["verify"]
        assert {"use", "key_ops"} & key.keys()
    assert len(KeySet.import_key_set(answer.json()).keys) == len(keys)
    of_id_tokens = {key["alg"] for key in keys if key.get("use") == "sig"}
    assert of_id_tokens >= set((await metadata(suite))["id_token_signing_alg_values_supported"])


LIKE_OURS = {"trust_framework": {"value": "eidas"}, "assurance_level": {"values": ["high", "substantial"]}}


@pytest.mark.parametrize(
    ("verification", "given"),
    [
        ({"trust_framework": None}, True),
        (LIKE_OURS, True),
        ({"trust_framework": None, "time": {"max_age": 63113852}, "evidence": [{"type": None}]}, True),
        ({"trust_framework": {"value": "de_aml"}}, False),
        ({"trust_framework": None, "assurance_level": {"value": "high"}}, False),
        ({"trust_framework": None, "assurance_level": {"values": "substantial"}}, False),
        ({"trust_framework": None, "evidence": [{"type": {"value": "document"}}]}, False),
        ("eidas", False),
    ],
)
async def test_verified_claims_are_given_as_they_are_asked_for(suite, verification, given):
    """OpenID Connect for Identity Assurance 1.0 §5.7 and §6: what cannot be met is left out, and is no error."""
    asked = {"verification": verification, "claims": {"family_name": None, "nickname": None, "name": None}}
    for request in (asked, [{"verification": {"trust_framework": {"value": "de_aml"}}, "claims": {}}, 3, asked]):
        claims = json.dumps({"userinfo": {"verified_claims": request}})
        said = await suite.userinfo((await suite.signed_in(claims=claims))["access_token"])
        assert said.keys() == {"sub"} | ({"verified_claims"} if given else set())
        if given:
            assert said["verified_claims"]["claims"] == {"family_name": NAMED["family_name"]}
            assert said["verified_claims"]["verification"].keys() >= {"trust_framework", "assurance_level", "time"}
