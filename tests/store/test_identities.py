"""What is kept of an identity comes back as it was, and what a later release adds harms nobody."""

from __future__ import annotations

import json
from datetime import timedelta, timezone

import pytest

from gateway.model import Attested, Identity, Level, Organisation, Person
from gateway.store.rows.identities import frozen, thawed
from tests.store.logins import AT, NAME, a_company, somebody


@pytest.mark.parametrize(
    "identity",
    [
        somebody(),
        a_company(),
        somebody(account=None, means=None, mailbox=None, second_factor=False, test_account=True),
        Identity("muk", "https://muk.example", Level.BASIC, AT, organisation=Organisation({"name": Attested("Ö")})),
        Identity("bundid", "https://idp.example", Level.HIGH, AT, person=Person()),
    ],
)
def test_an_identity_comes_back_as_it_was(identity):
    assert thawed(frozen(identity)) == identity


def test_the_instant_is_kept_whatever_the_zone():
    there = AT.astimezone(timezone(timedelta(hours=2)))
    assert thawed(frozen(somebody(authenticated_at=there))).authenticated_at == AT


def test_fields_of_a_later_release_are_passed_over():
    content = json.loads(frozen(a_company()))
    content["since"] = 1
    content["organisation"]["kind"] = "new"
    content["organisation"]["values"]["name"]["source"] = "register"
    assert thawed(json.dumps(content).encode()) == a_company()


def test_fields_that_an_earlier_release_did_not_write_are_unknown():
    needed = {"provider": "bundid", "issuer": "https://idp.example", "level": 3, "authenticated_at": AT.isoformat()}
    expected = Identity("bundid", "https://idp.example", Level.SUBSTANTIAL, AT)
    assert thawed(json.dumps(needed).encode()) == expected


def test_nothing_of_a_person_shows_in_a_repr():
    assert NAME not in repr(thawed(frozen(somebody()))) + repr(thawed(frozen(a_company())))
