"""The how-to for identity providers is walked: its files and its command make one."""

from __future__ import annotations

from gateway.settings.reading import read, read_municipalities
from gateway.wiring.identity import IdentityProviders
from tests.commands import run
from tests.docs.test_how_to import HOW_TO, written


def test_the_identity_provider_of_the_page_is_taken_with_keys_made_by_its_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written("connect-bundid.md", tmp_path)
    page = (HOW_TO / "connect-bundid.md").read_text(encoding="utf-8")
    command = next(line.split() for line in page.splitlines() if "keys generate --saml --out secrets/bundid " in line)
    done = run(*command[1:], "--signing", "rsa-3072")
    assert done.returncode == 0, done.stderr
    settings = read(tmp_path / "settings.toml")
    (provider,) = IdentityProviders(settings, read_municipalities(settings)).of("150900550550")
    assert not provider.enabled  # its metadata were not fetched yet
    assert b'entityID="https://login.tangermuende.example"' in provider.metadata()
    assert provider.acs_url == "http://localhost:8080/saml/tangermuende/bundid/acs"
    assert "/saml/tangermuende/bundid/metadata" in page
