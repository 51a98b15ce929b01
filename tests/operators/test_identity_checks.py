"""What `gateway check` says of identity providers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from gateway.bundid.idp_metadata import REASONS
from gateway.errors import CounterpartAway, SettingsInvalid
from gateway.operators import identity as lines_of
from gateway.operators.checks import Affair, Checks
from gateway.settings.identity import IdentitySection
from gateway.settings.server import ClientSection
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


def client(**more) -> ClientSection:
    return ClientSection(id="portal", redirect_uris=("https://portal.example/callback",), **more)


def test_which_portal_logs_in_where_is_told_and_what_is_missing_for_it(tmp_path):
    town = at(tmp_path).file
    other = town.model_copy(update={"slug": "other", "ars": "150900535535", "identity": IdentitySection()})
    en = Checks("en")
    (line,) = lines_of.logins(en, [client()], [town])
    assert (line.ok, line.check, line.detail, line.remedy) == (True, "logins portal", town.slug, "")
    (partly,) = lines_of.logins(en, [client()], [town, other])
    assert (partly.ok, partly.detail) == (True, town.slug)
    assert "other" in partly.remedy
    (nowhere,) = lines_of.logins(en, [client(municipalities=(other.ars,))], [town, other])
    assert (nowhere.ok, nowhere.affair) == (False, Affair.SETTINGS)
    (unknown,) = lines_of.logins(en, [client(municipalities=("150900000000",))], [town])
    assert (unknown.ok, unknown.detail) == (False, "nowhere")
    assert "municipalities" in unknown.remedy
    (nobody,) = lines_of.logins(en, [ClientSection(id="portal")], [town])
    assert nobody.ok
    assert "log-people-in.md" in nobody.remedy
    assert lines_of.logins(en, [ClientSection(id="portal")], [other]) == []
    off = at(tmp_path, enabled=False).file
    assert lines_of.logins(en, [ClientSection(id="portal")], [off]) == []
    assert not lines_of.logins(en, [client()], [off])[0].ok


async def test_what_has_a_line_already_is_not_told_twice(tmp_path, checked):
    (tmp_path / "s.pem").unlink()
    fault = (await checked())[-1]
    assert "s.pem" in fault.remedy
    with pytest.raises(SettingsInvalid) as told:
        identity.provider(settings(tmp_path), at(tmp_path))
    assert "s.pem" not in Checks("en", told.value.findings).fault(fault.check, told.value).remedy
