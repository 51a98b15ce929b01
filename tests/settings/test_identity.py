"""Identity providers in the municipality's file: every fault at once, each with its place and both sentences."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest

from gateway.bundid import profile
from gateway.errors import SettingsInvalid
from gateway.settings import identity
from gateway.settings.production import refused
from gateway.settings.reading import read, read_municipalities
from gateway.wiring.appearance import appearances

SETTINGS = '[municipalities]\ndir = "towns"\n[fitconnect.environments.test]\nbuiltin = "sandbox"\n'
TOWN = """
slug = "{slug}"
ars = "{ars}"
name = "Stadt"
public_url = "https://{slug}.example"
[fitconnect]
environment = "test"
client_id = "c"
client_secret_file = "secret"
[keys]
signing_jwk_file = "signing.jwk"
"""
PROVIDER = """
[identity.providers.{name}]
profile = "bundid"
metadata = "{metadata}"
entity_id = "{entity_id}"
{more}
[identity.providers.{name}.keys]
signing_key_file = "s.pem"
signing_certificate_file = "s.crt"
encryption_key_file = "e.pem"
encryption_certificate_file = "e.crt"
{more_keys}
"""
GIVEN = {
    "name": "bundid",
    "metadata": "bundid.xml",
    "entity_id": "https://login.town.example",
    "more": "",
    "more_keys": "",
}


def towns(tmp_path: Path, *providers: dict[str, Any], slug: str = "town", ars: str = "150900546546"):
    (tmp_path / "towns").mkdir(exist_ok=True)
    text = TOWN.format(slug=slug, ars=ars) + "".join(PROVIDER.format(**{**GIVEN, **each}) for each in providers)
    (tmp_path / "towns" / f"{slug}.toml").write_text(text, encoding="utf-8")
    settings = "\n".join(line for line in SETTINGS.splitlines() if "builtin" not in line)
    settings += '\ntoken_url = "https://a.example/t"\nsubmission_api = "https://s.example"\n'
    settings += 'delivery_issuer = "https://s.example"\n'
    (tmp_path / "settings.toml").write_text(settings, encoding="utf-8")
    return read_municipalities(read(tmp_path / "settings.toml"))


def faults(tmp_path: Path, *providers: dict[str, Any], **town: str) -> list[tuple[str, str]]:
    with pytest.raises(SettingsInvalid) as told:
        towns(tmp_path, *providers, **town)
    assert all(len(one.de) > 15 and one.de != one.en for one in told.value.findings)
    return [(one.pointer.partition("identity.")[2], one.rule) for one in told.value.findings]


def test_paths_are_absolute_and_addresses_stay(tmp_path):
    (town,) = towns(tmp_path, {}, {"name": "muk", "metadata": "https://muk.example/metadata"})
    section = town.identity.providers["bundid"]
    assert section.metadata == str(tmp_path / "towns" / "bundid.xml")
    assert section.keys.signing_key_file == tmp_path / "towns" / "s.pem"
    assert town.identity.providers["muk"].metadata == "https://muk.example/metadata"
    assert section.enabled


@pytest.mark.parametrize(
    ("text", "fit"),
    [
        ("https://login.town.example", True),
        ("https://login.town.example/saml", True),
        ("http://login.town.example", False),
        ("https://login.town.example:443", False),
        ("https://Login.town.example", False),
        ("https://user@login.town.example", False),
        ("https://login.town.example/?a=1", False),
        ("https://login.town.example/#a", False),
        ("https://localhost", False),
        ("https://login.town.example\\n", False),
        ("urn:town:login", False),
    ],
)
def test_an_entity_id_is_https_with_a_host_and_no_port(tmp_path, text, fit):
    if fit:
        assert towns(tmp_path, {"entity_id": text})
    else:
        assert faults(tmp_path, {"entity_id": text}) == [("providers.bundid.entity_id", "string_pattern_mismatch")]


@pytest.mark.parametrize("name", ["imprint_url", "privacy_url"])
@pytest.mark.parametrize(
    ("text", "fit"),
    [
        ("https://www.town.example/impressum", True),
        ("https://town.example", True),
        ("https://städtchen.example:8443/r?seite=1&x=ü#unten", True),
        ("http://www.town.example/impressum", False),
        ("https://user@town.example/", False),
        ("https:///impressum", False),
        ("https://town.example/a b", False),
        ("https://town.example/\\n", False),
        ("javascript:alert(1)", False),
        ("/impressum", False),
        ("https://town.example/" + "a" * 1024, False),
        ("", False),
    ],
)
def test_a_page_of_the_municipality_is_an_https_address(tmp_path, name, text, fit):
    def written(text):
        return towns(tmp_path, {"more": f'[identity]\n{name} = "{text}"'})

    if fit:
        (town,) = written(text)
        assert getattr(appearances([town])[town.ars], name) == getattr(town.identity, name) == text
        return
    with pytest.raises(SettingsInvalid) as told:
        written(text)
    assert [one.pointer.partition("identity.")[2] for one in told.value.findings] == [name]


@pytest.mark.parametrize(
    ("given", "place", "rule"),
    [
        ({"name": "Bund"}, "providers.Bund.[key]", "string_pattern_mismatch"),
        ({"name": "a" * 33}, f"providers.{'a' * 33}.[key]", "string_pattern_mismatch"),
        ({"metadata": "ftp://a.example/b"}, "providers.bundid.metadata", "file_or_address"),
        ({"metadata": "https://u@a.example/b"}, "providers.bundid.metadata", "file_or_address"),
        ({"metadata": "https://a.example:99999/b"}, "providers.bundid.metadata", "file_or_address"),
        ({"more": 'trusted_keys = ["AB"]'}, "providers.bundid.trusted_keys", "sha256"),
        ({"more": 'online_service_id = "4711"'}, "providers.bundid.online_service_id", "string_pattern_mismatch"),
        ({"more_keys": 'next_signing_key_file = "n.pem"'}, "providers.bundid.keys", "key_pair"),
        ({"more_keys": 'next_encryption_certificate_file = "n"'}, "providers.bundid.keys", "key_pair"),
        ({"more": "password = 1"}, "providers.bundid.password", "unknown_key"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(tmp_path, given, place, rule):
    assert faults(tmp_path, given) == [(place, rule)]


def test_all_faults_are_told_at_once(tmp_path):
    told = faults(tmp_path, {"entity_id": "x"}, {"name": "muk", "metadata": "ftp://x"})
    assert told == [
        ("providers.bundid.entity_id", "string_pattern_mismatch"),
        ("providers.muk.metadata", "file_or_address"),
    ]


def test_a_host_belongs_to_one_municipality(tmp_path):
    both = {"name": "muk", "entity_id": "https://login.town.example/muk"}
    assert towns(tmp_path, {}, both)
    told = faults(tmp_path, {"entity_id": "https://login.town.example/other"}, slug="other", ars="150900550550")
    assert told == [
        ("providers.bundid.entity_id", "not_unique"),
        ("providers.bundid.entity_id", "not_unique"),
        ("providers.muk.entity_id", "not_unique"),
    ]


def test_the_names_of_profiles_are_those_that_are_shipped():
    assert get_args(identity.ProfileName) == profile.names()


def test_production_wants_pinned_keys_https_and_real_accounts(tmp_path):
    section = {"metadata": "http://127.0.0.1:1/metadata", "more": ""}
    (town,) = towns(tmp_path, section)
    found = [(one.pointer, one.en) for one in refused([("town", town)], ())]
    place = "town.identity.providers.bundid"
    assert [at for at, _ in found if at.startswith(place)] == [
        f"{place}.trusted_keys",
        f"{place}.metadata",
        f"{place}.metadata",
    ]
    (pinned,) = towns(tmp_path, {"metadata": "https://a.example/m", "more": f'trusted_keys = ["{"0" * 64}"]'})
    assert not [one for one in refused([("town", pinned)], ()) if one.pointer.startswith(place)]


def test_profiles_of_test_environments_alone_are_refused_in_production(tmp_path):
    for name in profile.names():
        (town,) = towns(tmp_path, {"more": ""})
        section = town.identity.providers["bundid"].model_copy(update={"profile": name})
        rules = [rule for _, rule in section.refused_in_production()]
        assert ("test_accounts" in rules) == profile.load(name).test_environment


def test_a_key_that_others_can_read_is_refused_in_production(tmp_path):
    (town,) = towns(tmp_path, {})
    for name in ("s.pem", "s.crt", "bundid.xml"):
        (tmp_path / "towns" / name).write_text("x", encoding="utf-8")
        (tmp_path / "towns" / name).chmod(0o666)
    told = {one.pointer.rpartition("/")[2]: one.en for one in refused([("town", town)], ())}
    assert "chmod 600" in told["s.pem"]
    assert "chmod o-w" in told["s.crt"]
    assert "chmod o-w" in told["bundid.xml"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"entity_id": "https://login.town.example:8443"},
        {"entity_id": "http://login.town.example"},
        {"entity_id": "https://localhost"},
        {"entity_id": "https://127.0.0.1"},
        {"more": 'online_service_id = "X0000"'},
        {"name": '"BundID"'},
    ],
)
def test_what_has_a_form_of_its_own_is_said_in_words_not_as_a_pattern(tmp_path, wrong):
    with pytest.raises(SettingsInvalid) as told:
        towns(tmp_path, wrong)
    (finding, *others) = told.value.findings
    assert not others
    assert not set("^$[]{}") & set(finding.de + finding.en)
