"""What `gateway check` says of identity providers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from types import SimpleNamespace

import pytest

from gateway.bundid.idp_metadata import REASONS
from gateway.errors import CounterpartAway, SettingsInvalid
from gateway.model import Level
from gateway.operators import identity as lines_of
from gateway.operators.checks import Affair, Checks
from gateway.operators.identity import OfferedAccounts, needed_logins
from gateway.wiring import identity
from gateway.wiring.identity_metadata import Renewal
from tests.bundid.key_pairs import IDP, NOW, certified
from tests.wiring.identity_places import at, settings, written


@pytest.fixture(scope="module")
def pairs(rsa_keys):
    return {name: certified(key) for name, key in rsa_keys.items()}


@pytest.fixture
def checked(tmp_path, pairs):
    written(tmp_path, pairs)

    async def lines(fetched: Renewal | Exception | None = None, language: str = "en", now=NOW, **section):
        async def fetch() -> Renewal | None:
            if isinstance(fetched, Exception):
                raise fetched
            return fetched

        make = partial(identity.provider, settings(tmp_path), at(tmp_path, **section))
        return await lines_of.identity_provider(Checks(language), "town bundid", fetch, make, now)

    return lines


async def test_a_sound_provider_is_told_with_its_keys_and_the_day_of_the_next_end(checked, pairs):
    provider, certificates = await checked()
    assert provider.ok
    assert provider.detail.startswith(f"{IDP}, keys ")
    assert "https://int.id.bund.de/idp" in provider.remedy or "https://id.bund.de/idp" in provider.remedy
    assert certificates.ok
    assert certificates.detail == f"≤ {pairs['signing'].not_after:%Y-%m-%d}"
    assert "switched off" in (await checked(enabled=False))[0].detail


async def test_what_ends_soon_is_named_and_what_ended_is_a_fault(checked, pairs):
    soon = (await checked(now=NOW + timedelta(days=690)))[-1]
    assert soon.ok
    assert "our certificate for signing" in soon.detail
    assert "next_" in soon.remedy
    ended = (await checked(now=NOW + timedelta(days=701), language="de"))[-1]
    assert not ended.ok
    assert "abgelaufen: unser Zertifikat" in ended.detail
    early = (await checked(now=pairs["signing"].not_before - timedelta(days=1)))[-1]
    assert (early.ok, early.affair) == (False, Affair.SETTINGS)
    assert "begins" in early.detail


@pytest.mark.parametrize("rule", [*lines_of._REFUSED, *(f"metadata_{reason}" for reason in REASONS)])
async def test_each_reason_why_a_fetch_is_not_taken_has_its_way_out(checked, rule):
    for language in ("de", "en"):
        line = (await checked(Renewal(rule, frozenset({"ab" * 32})), language))[0]
        assert (line.ok, line.detail, line.affair) == (False, rule, Affair.COUNTERPART)
        assert len(line.remedy) > 20
        assert "{" not in line.remedy
    assert (rule in {"other_keys", "no_trusted_key"}) == ("ab" * 32 in line.remedy)


async def test_a_clock_that_is_far_off_is_told(checked):
    assert (await checked(Renewal(clock_ahead_s=-59)))[0].ok
    off = (await checked(replace(Renewal(), clock_ahead_s=-61.0)))[0]
    assert (off.ok, off.detail) == (False, "provider's clock -61 s")
    assert "NTP" in off.remedy


async def test_a_provider_that_cannot_be_reached_or_was_never_fetched_is_told(checked):
    away, provider, _ = await checked(CounterpartAway(host="idp.example"), metadata="https://idp.example/m")
    assert (away.ok, away.check, away.affair) == (False, "identity_address town bundid", Affair.COUNTERPART)
    assert (provider.ok, provider.detail) == (False, "no metadata")


async def test_files_that_are_of_no_use_are_told(checked, tmp_path):
    (tmp_path / "s.pem").unlink()
    (line,) = await checked()
    assert (line.ok, line.affair) == (False, Affair.SETTINGS)
    assert "signing_key_file" in line.remedy


async def test_what_has_a_line_already_is_not_told_twice(tmp_path, checked):
    (tmp_path / "s.pem").unlink()
    fault = (await checked())[-1]
    assert "s.pem" in fault.remedy
    with pytest.raises(SettingsInvalid) as told:
        identity.provider(settings(tmp_path), at(tmp_path))
    assert "s.pem" not in Checks("en", told.value.findings).fault(fault.check, told.value).remedy


class Catalogue:
    """Services by id, with the login that each needs."""

    def __init__(self, **services):
        self._services = services

    def ids(self):
        return tuple(self._services)

    def get(self, name):
        assurance, accounts = self._services[name]
        return SimpleNamespace(id=name, assurance=assurance, accounts=accounts)


BUNDID = OfferedAccounts("person", (Level.BASIC, Level.LOW, Level.SUBSTANTIAL, Level.HIGH))
MUK = OfferedAccounts("organisation", (Level.SUBSTANTIAL,))


def lacking(*offered, language="en", portals=True, takes=True, **services):
    town = SimpleNamespace(slug="town", destination_for=lambda *_, **__: object() if takes else None)
    return needed_logins(Checks(language), town, Catalogue(**services), offered, portals=portals)


@pytest.mark.parametrize(
    ("assurance", "accounts", "offered", "told"),
    [
        ("none", (), (), False),
        ("none", ("organisation",), (), False),  # one that hands off without a login is taken
        ("basic", (), (), True),
        ("basic", (), (MUK,), False),
        ("substantial", ("person",), (MUK,), True),
        ("substantial", ("organisation",), (BUNDID,), True),
        ("substantial", ("person", "organisation"), (MUK,), False),
        ("high", (), (MUK,), True),
        ("high", (), (MUK, BUNDID), False),
    ],
)
def test_a_service_that_nobody_can_log_in_for_is_told(assurance, accounts, offered, told):
    lines = lacking(*offered, service=(assurance, accounts))
    assert [line.check for line in lines] == (["login town service"] if told else [])
    for line in lines:
        assert line.ok, "a warning: the rest of the town works"
        assert assurance in line.detail
        assert "[identity.providers]" in line.remedy


def test_without_an_address_to_come_back_to_nobody_can_either():
    for language in ("de", "en"):
        (line,) = lacking(BUNDID, portals=False, language=language, service=("high", ()))
        assert "redirect_uris" in line.remedy


def test_a_service_that_the_town_does_not_take_is_nobodys_concern():
    assert lacking(takes=False, service=("high", ())) == []
