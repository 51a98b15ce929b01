"""What a portal is told of whom: scopes, requests, verified claims."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from gateway.login.claims import released, supported
from gateway.model import Attested, Identity, Level, Organisation, Person
from tests.login.federation_world import TOWN, World

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
OURS = f"{TOWN.url}/claims/"


def identity(level=Level.HIGH, **values):
    said = {name: value if isinstance(value, Attested) else Attested(value, level) for name, value in values.items()}
    return Identity("bundid", "https://idp.example", level, AT, account="a", person=Person(said))


def told(who, scopes="openid profile email phone address", requested=()):
    return released(who, scopes.split(), requested, TOWN.url)


@pytest.mark.parametrize(
    ("values", "claims"),
    [
        ({"given_name": "Änne", "family_name": "Ö"}, {"name": "Änne Ö", "given_name": "Änne", "family_name": "Ö"}),
        ({"family_name": "Ö"}, {"name": "Ö", "family_name": "Ö"}),
        ({"birth_family_name": "Ü"}, {"birth_family_name": "Ü"}),
        ({"title": "Dr."}, {"title": "Dr."}),
        ({"birthdate": "1964-08-12"}, {"birthdate": "1964-08-12"}),
        ({"birthdate": "1964-00-00"}, {"birthdate": "1964"}),
        ({"birthdate": "1964-08-00"}, {"birthdate": "1964"}),
        ({"birthdate": "1964"}, {"birthdate": "1964"}),
        ({"place_of_birth": "Köln"}, {"place_of_birth": {"locality": "Köln"}}),
        ({"nationality": "D"}, {"nationalities": ["DE"]}),
        ({"nationality": "AUT"}, {"nationalities": ["AUT"]}),
        ({"gender": "1"}, {"gender": "male"}),
        ({"gender": "2"}, {"gender": "female"}),
        ({"gender": "0"}, {}),
        ({"gender": "9"}, {}),
        ({"email": Attested("a@b.example", Level.LOW)}, {"email": "a@b.example", "email_verified": False}),
        ({"email": Attested("a@b.example", None)}, {"email": "a@b.example", "email_verified": False}),
        ({"email": "a@b.example"}, {"email": "a@b.example", "email_verified": True}),
        ({"phone_number": Attested("+49", Level.BASIC)}, {"phone_number": "+49", "phone_number_verified": False}),
        (
            {"street_address": "Breite Str. 1", "postal_code": "39517", "locality": "T", "country": "DE"},
            {"address": {"street_address": "Breite Str. 1", "postal_code": "39517", "locality": "T", "country": "DE"}},
        ),
        ({"postal_code": "", "locality": "T"}, {"address": {"locality": "T"}}),
        ({"title": ""}, {}),
        ({"community_id": "1", "document_type": "ID"}, {}),
        ({"something_new": "x"}, {}),
        ({}, {}),
    ],
)
def test_each_value_becomes_its_claim(values, claims):
    said = told(identity(**values))
    said.pop("verified_claims", None)
    assert said == claims


def test_each_scope_releases_its_own():
    who = identity(given_name="A", email="a@b.example", phone_number="+49", locality="T")
    assert set(told(who, "openid")) == set()
    assert "given_name" in told(who, "openid profile")
    assert set(told(who, "openid email")) == {"email", "email_verified", "verified_claims"}
    assert set(told(who, "openid phone")) == {"phone_number", "phone_number_verified", "verified_claims"}
    assert set(told(who, "openid address")) == {"address", "verified_claims"}


def test_only_what_is_asked_for_by_name_comes_without_a_scope():
    who = replace(
        identity(given_name="A", document_type="ID"), mailbox=UUID(int=1), application_id=UUID(int=2), means="eID"
    )
    asked = ["given_name", f"{OURS}postkorb_handle", f"{OURS}document_type", f"{OURS}means", "unknown", "means"]
    said = told(who, "openid", asked)
    del said["verified_claims"]
    assert said == {
        "given_name": "A",
        f"{OURS}postkorb_handle": str(UUID(int=1)),
        f"{OURS}document_type": "ID",
        f"{OURS}means": "eID",
    }
    assert f"{OURS}postkorb_handle" not in told(who)


def test_verified_is_only_what_is_itself_substantial_or_more():
    who = identity(
        given_name=Attested("A", Level.HIGH),
        family_name=Attested("B", Level.SUBSTANTIAL),
        birthdate=Attested("1964-08-12", Level.LOW),
        title=Attested("Dr.", None),
        email=Attested("a@b.example", Level.LOW),
        locality=Attested("T", Level.HIGH),
        postal_code=Attested("39517", Level.BASIC),
    )
    groups = told(who)["verified_claims"]
    assert [each["verification"]["assurance_level"] for each in groups] == ["substantial", "high"]
    assert all(each["verification"]["trust_framework"] == "eidas" for each in groups)
    assert groups[0]["claims"] == {"family_name": "B"}
    assert groups[1]["claims"] == {"given_name": "A", "address": {"locality": "T"}}


def test_one_level_is_one_object_and_none_is_nothing():
    assert isinstance(told(identity(given_name="A"))["verified_claims"], dict)
    assert "verified_claims" not in told(identity(level=Level.LOW, given_name="A"))


def test_verified_claims_hold_nothing_that_was_not_released():
    said = told(identity(given_name="A", email="a@b.example"), "openid email")
    assert said["verified_claims"]["claims"] == {"email": "a@b.example"}


def test_an_organisation_and_who_acts_for_it():
    values = {"name": "Bäcker GmbH", "register_number": "HRB 1", "locality": "T"}
    organisation = Organisation(
        {name: Attested(value, Level.SUBSTANTIAL) for name, value in values.items()},
        Person({"family_name": Attested("Ö", Level.SUBSTANTIAL)}),
    )
    who = Identity("muk", "https://muk.example", Level.SUBSTANTIAL, AT, account="a", organisation=organisation)
    said = told(who)
    assert said[f"{OURS}organisation"] == {
        "name": "Bäcker GmbH",
        "register_number": "HRB 1",
        "address": {"locality": "T"},
    }
    assert said["family_name"] == "Ö"
    assert said["verified_claims"]["claims"][f"{OURS}organisation"]["name"] == "Bäcker GmbH"


async def test_what_is_asked_for_by_request_is_told_at_userinfo():
    world = World()
    claims = json.dumps({"userinfo": {"given_name": {"essential": True}, "unknown": None}, "id_token": {"email": None}})
    tokens = (await world.token(await world.code(scope="openid", claims=claims))).body
    assert set((await world.userinfo(tokens["access_token"])).body) == {"sub", "given_name", "verified_claims"}


async def test_discovery_offers_what_can_be_had():
    world = World()
    said = world.provider.discovery("login.tangerhuette.example")
    assert said["claims_supported"] == supported(TOWN.url)
    assert said["subject_types_supported"] == ["pairwise"]
    assert said["code_challenge_methods_supported"] == ["S256"]
    assert said["response_types_supported"] == ["code"]
    assert said["id_token_signing_alg_values_supported"] == ["RS256", "PS256", "ES256", "EdDSA"]
    assert said["acr_values_supported"][0] == f"{TOWN.url}/acr/basic"
    assert {"client_secret_basic", "client_secret_post", "private_key_jwt", "none"} <= set(
        said["token_endpoint_auth_methods_supported"]
    )
    assert "refresh_token" not in said["grant_types_supported"]
    assert said["backchannel_logout_supported"] is True
    for name in ("authorization", "userinfo", "end_session", "pushed_authorization_request"):
        assert said[f"{name}_endpoint"].startswith(f"{TOWN.url}/oidc/")
    assert {each["kid"] for each in world.keys.published} <= {each["kid"] for each in world.provider.jwks()["keys"]}
    assert not any("d" in each for each in world.provider.jwks()["keys"])


def test_an_issuer_without_logins_offers_none(world):
    said = world.provider.discovery("gateway.tangerhuette.example")
    assert said["response_types_supported"] == []
    assert "authorization_endpoint" not in said
    assert said["token_endpoint_auth_methods_supported"] == ["client_secret_basic", "private_key_jwt"]


def test_nobody_is_the_issuer_of_an_unknown_name(world):
    assert world.provider.known_issuer("gateway.tangerhuette.example").municipality == TOWN.municipality
    assert world.provider.known_issuer("evil.example") is None
    assert world.provider.known_issuer(None) is None
