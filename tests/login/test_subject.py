"""`sub` and what else hangs on the municipality's key: the same for the same, another for anything else."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from urllib.parse import urlencode

import pytest

from gateway.crypto import jws
from gateway.crypto.keys import generate_ed25519, private_key
from gateway.login.assertions import TYPE
from gateway.login.clients import Registry
from gateway.login.subject import account_digest, address_digest, logout_proof, reference_of, subject_of
from tests.login.federation_world import CALLBACK, TOWN, VERIFIER, World, client, clients, person, told

KEY = bytes(range(32))


def test_the_sub_is_what_it_was():
    """A change here changes everybody's `sub` at every portal."""
    assert subject_of(person(account="bpk2-1"), "portal", KEY, b"") == "5YcfiB-oOcskVTaUGdsRYeTfADuc3-Vy-xPHjw3W1iI"


def test_no_two_of_sector_provider_and_account_are_taken_for_one():
    who = person(account="c")
    parts = [
        ("portal", who),
        ("portal2", who),
        ("portal", replace(who, issuer="https://idp.examplec", account="")),
        ("portal", replace(who, issuer="https://idp.exampl", account="ec")),
        ("portalh", replace(who, issuer="ttps://idp.example")),
        ("portal", replace(who, account="C")),
    ]
    assert len({subject_of(each, sector, KEY, b"") for sector, each in parts}) == len(parts)
    assert subject_of(who, "portal", KEY[::-1], b"") != subject_of(who, "portal", KEY, b"")


def test_one_key_makes_no_value_twice_for_different_ends():
    made = {
        address_digest("x", KEY),
        account_digest(person(account="x"), "x", KEY),
        reference_of("x", KEY).encode(),
        logout_proof("x", KEY).encode(),
    }
    assert len(made) == 4
    assert account_digest(person(account=None), "x", KEY) is None


@pytest.fixture
def signing():
    private, public = generate_ed25519("portal-key-1")
    world = World()
    known = [*clients(), client("signing", secret=None, method="private_key_jwt", jwks={"keys": [public]})]
    world.registry._by_id.update(Registry(known)._by_id)
    ids = itertools.count()

    def assertion(audience: str = TOWN.token_endpoint) -> str:
        at = int(world.clock.at.timestamp())
        said = {"iss": "signing", "sub": "signing", "aud": audience, "exp": at + 60, "jti": f"j{next(ids)}"}
        return jws.sign(json.dumps(said).encode(), private_key(private), {})

    return world, assertion


async def test_an_assertion_is_spent_before_a_code_is(signing):
    world, assertion = signing
    used = assertion()

    async def redeem(code: str):
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        form |= {"client_assertion_type": TYPE, "client_assertion": used}
        return await world.provider.token("login.tangerhuette.example", None, urlencode(form).encode())

    assert (await redeem(await world.code(client_id="signing"))).status == 200
    code = told(await world.authorize(client_id="signing"))["code"]
    assert (await redeem(code)).status == 401
    used = assertion()
    assert (await redeem(code)).status == 200


async def test_an_assertion_for_the_push_endpoint_pushes(signing):
    world, assertion = signing
    parameters = [*world.parameters(client_id="signing"), ("client_assertion_type", TYPE)]
    form = [*parameters, ("client_assertion", assertion(TOWN.push_endpoint))]
    assert (await world.federation.push(TOWN, None, urlencode(form).encode())).status == 201
    assert (await world.federation.push(TOWN, None, urlencode(form).encode())).status == 401
    (kept,) = world.logins._pushed.values()
    assert "client_assertion" not in json.dumps(kept[1])


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("2001:db8::1", "2001:db8::ffff:1:2:3", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("192.0.2.1", "192.0.2.2", False),
        ("", "unknown", False),
    ],
)
def test_a_caller_is_counted_once_whatever_addresses_it_has(one, other, alike):
    assert (address_digest(one, KEY) == address_digest(other, KEY)) is alike
