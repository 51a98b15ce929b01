"""Settings of portals that people log in to: what does not fit together is told at once, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.errors import SettingsInvalid
from gateway.settings.logins import algorithms
from gateway.settings.reading import read

PORTAL = '[[clients]]\nid = "portal"\nsecret_file = "secret"\nredirect_uris = ["https://portal.example/cb"]\n'
APP = '[[clients]]\nid = "app"\npublic = true\nredirect_uris = ["com.example.app:/cb"]\n'


def settings(tmp_path: Path, text: str, mode: str = "test"):
    (tmp_path / "settings.toml").write_text(f'mode = "{mode}"\n{text}', encoding="utf-8")
    return read(tmp_path / "settings.toml")


def faults(tmp_path: Path, text: str, mode: str = "test") -> list[tuple[str, str]]:
    with pytest.raises(SettingsInvalid) as refused:
        settings(tmp_path, text, mode)
    assert all(len(one.de) > 15 and one.de != one.en and "{" not in one.de for one in refused.value.findings)
    return [(one.pointer.removeprefix(f"{tmp_path}/settings.toml: "), one.rule) for one in refused.value.findings]


@pytest.mark.parametrize(
    "address",
    [
        "https://portal.example/cb",
        "https://portal.example:8443/cb?tenant=1&x=%C3%A4",
        "http://127.0.0.1:3000/cb",
        "http://[::1]/cb",
        "https://portal.example",
    ],
)
def test_an_address_of_a_portal_is_taken(tmp_path, address):
    taken = settings(tmp_path, PORTAL.replace("https://portal.example/cb", address))
    assert taken.clients[0].redirect_uris == (address,)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "portal.example/cb",
        "/cb",
        "//portal.example/cb",
        "https://",
        "https:///cb",
        "https://portal.example/cb#top",
        "https://*.portal.example/cb",
        "https://portal.example/*",
        "https://portal.example/a/../cb",
        "https://portal.example/a/%2E%2e/cb",
        "https://user@portal.example/cb",
        "https://user:word@portal.example/cb",
        "https://portal.example:0/cb",
        "https://portal.example:99999/cb",
        "https://portal.example/c b",
        "https://portal.example/ä",
        "https://portal.example\\\\@evil.example/cb",
        "https://[portal/cb",
        "ftp://portal.example/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "com.example.app:/cb",
        "https://portal.example/" + "x" * 2050,
    ],
)
def test_what_is_no_address_of_a_portal_is_refused(tmp_path, address):
    text = PORTAL.replace("https://portal.example/cb", address)
    assert faults(tmp_path, text) == [("clients.portal.redirect_uris.0", "redirect_uri")]


@pytest.mark.parametrize(
    "address", ["com.example.app:/cb", "com.example.app://cb", "http://127.0.0.1/cb", "https://app.example/link"]
)
def test_an_app_has_ways_of_its_own(tmp_path, address):
    assert settings(tmp_path, APP.replace("com.example.app:/cb", address)).clients[0].public


@pytest.mark.parametrize(
    "address", ["app:/cb", "javascript:alert(1)", "com.example.app:", "com..app:/cb", "mailto:a@b"]
)
def test_a_scheme_without_a_domain_is_nobodys(tmp_path, address):
    text = APP.replace("com.example.app:/cb", address)
    assert faults(tmp_path, text) == [("clients.app.redirect_uris.0", "redirect_uri")]


def test_all_that_needs_a_way_back_is_told_at_once(tmp_path):
    text = (
        '[[clients]]\nid = "a"\nsecret_file = "s"\npost_logout_redirect_uris = ["https://a.example/"]\n'
        'backchannel_logout_uri = "https://a.example/"\nid_token_alg = "ES256"\nrequire_pkce = false\n'
        'scopes = ["openid"]\n[[clients]]\nid = "b"\npublic = true\n'
    )
    names = ("post_logout_redirect_uris", "backchannel_logout_uri", "id_token_alg", "require_pkce", "scopes")
    assert faults(tmp_path, text) == [
        *((f"clients.a.{name}", "needs_redirect_uris") for name in names),
        ("clients.b.public", "needs_redirect_uris"),
    ]


def test_an_app_has_no_credentials_and_no_way_round_pkce(tmp_path):
    text = APP + 'secret_file = "s"\njwks = "k"\ntoken_auth_method = "private_key_jwt"\nrequire_pkce = false\n'
    assert faults(tmp_path, text) == [
        ("clients.app.secret_file", "public_credentials"),
        ("clients.app.jwks", "public_credentials"),
        ("clients.app.token_auth_method", "public_credentials"),
        ("clients.app.require_pkce", "public_pkce"),
    ]


@pytest.mark.parametrize(
    ("method", "rule"),
    [
        ("none", "method_public"),
        ("private_key_jwt", "method_credentials"),
        ("tls_client_auth", "method_credentials"),
        ("self_signed_tls_client_auth", "method_credentials"),
    ],
)
def test_a_method_needs_what_belongs_to_it(tmp_path, method, rule):
    text = PORTAL + f'token_auth_method = "{method}"\n'
    assert faults(tmp_path, text) == [("clients.portal.token_auth_method", rule)]


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_secret_goes_by_either_way(tmp_path, method):
    assert settings(tmp_path, PORTAL + f'token_auth_method = "{method}"\n').clients[0].token_auth_method == method


@pytest.mark.parametrize("portal", ["nobody", "app", "second"])
def test_the_portal_of_an_app_is_another_client_with_a_secret(tmp_path, portal):
    text = PORTAL + APP + f'portal = "{portal}"\n' + APP.replace('"app"', '"second"')
    assert faults(tmp_path, text) == [("clients.app.portal", "portal_unknown")]


def test_the_portal_of_an_app_is_taken(tmp_path):
    assert settings(tmp_path, PORTAL + APP + 'portal = "portal"\n').clients[1].portal == "portal"
    with pytest.raises(SettingsInvalid):
        settings(tmp_path, APP.replace('"app"', '"x"') + PORTAL + 'portal = "x"\n')


def test_a_scope_that_nobody_knows_is_told(tmp_path):
    text = PORTAL + 'scopes = ["openid", "submission:write"]\n'
    assert faults(tmp_path, text) == [("clients.portal.scopes", "scope_unknown")]


def test_a_wrong_word_is_refused_by_name(tmp_path):
    assert faults(tmp_path, PORTAL + 'id_token_alg = "HS256"\n') == [("clients.0.id_token_alg", "literal_error")]


def test_production_takes_no_login_without_pkce_or_over_plain_http(tmp_path):
    text = (
        PORTAL.replace("https", "http")
        + 'require_pkce = false\npost_logout_redirect_uris = ["HTTP://portal.example/"]\n'
        + 'backchannel_logout_uri = "http://127.0.0.1/out"\n'
        + APP.replace("com.example.app:/cb", "http://127.0.0.1/cb")
    )
    told = [place for place, rule in faults(tmp_path, text, "production") if place.startswith("clients.")]
    assert told == [
        "clients.portal.require_pkce",
        "clients.portal.redirect_uris",
        "clients.portal.post_logout_redirect_uris",
        "clients.portal.backchannel_logout_uri",
        "clients.portal.backchannel_logout_uri",
    ]


def test_every_login_has_the_algorithm_that_everybody_reads(tmp_path):
    text = PORTAL + 'id_token_alg = "ES256"\n' + APP
    assert algorithms(settings(tmp_path, text).clients) == ["RS256", "ES256"]
    assert algorithms(settings(tmp_path, '[[clients]]\nid = "a"\nsecret_file = "s"\n').clients) == []
