"""What `gateway check` says of the portals that people log in to."""

from __future__ import annotations

from gateway.operators.checks import Affair, Checks
from gateway.operators.logins import logins
from gateway.settings.identity import IdentitySection
from gateway.settings.server import ClientSection
from tests.wiring.identity_places import at


def client(**more) -> ClientSection:
    return ClientSection(id="portal", redirect_uris=("https://portal.example/callback",), **more)


def test_which_portal_logs_in_where_is_told_and_what_is_missing_for_it(tmp_path):
    town = at(tmp_path).file
    other = town.model_copy(update={"slug": "other", "ars": "150900535535", "identity": IdentitySection()})
    en = Checks("en")
    (line,) = logins(en, [client()], [town])
    assert (line.ok, line.check, line.detail, line.remedy) == (True, "logins portal", town.slug, "")
    (partly,) = logins(en, [client()], [town, other])
    assert (partly.ok, partly.detail) == (True, town.slug)
    assert "other" in partly.remedy
    (nowhere,) = logins(en, [client(municipalities=(other.ars,))], [town, other])
    assert (nowhere.ok, nowhere.affair) == (False, Affair.SETTINGS)
    (unknown,) = logins(en, [client(municipalities=("150900000000",))], [town])
    assert (unknown.ok, unknown.detail) == (False, "nowhere")
    assert "municipalities" in unknown.remedy
    (nobody,) = logins(en, [ClientSection(id="portal")], [town])
    assert nobody.ok
    assert "log-people-in.md" in nobody.remedy
    assert logins(en, [ClientSection(id="portal")], [other]) == []
    assert not logins(en, [client()], [at(tmp_path, metadata=None).file])[0].ok
    off = at(tmp_path, enabled=False).file
    assert logins(en, [ClientSection(id="portal")], [off]) == []
    assert not logins(en, [client()], [off])[0].ok
