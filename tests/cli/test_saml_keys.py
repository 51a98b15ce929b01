"""`gateway keys generate --saml`: what it writes is what a municipality's file asks for."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from gateway.keys.identity import provider_keys
from gateway.settings.identity import IdentityKeysSection
from tests import commands


def run(*arguments: str) -> commands.Ended:
    return commands.run("keys", "generate", "--saml", *arguments)


def test_pairs_for_an_identity_provider_are_private_fit_and_never_overwritten(tmp_path):
    out = ["--out", str(tmp_path / "keys"), "--signing", "rsa-3072", "--subject", "login.town.example", "--days", "90"]
    made = run(*out, "--json")
    assert made.returncode == 0, made.stderr
    section: dict[str, str] = {}
    for row in map(json.loads, made.stdout.splitlines()):
        section |= {key: value for key, value in row.items() if key.endswith("_file")}
    keys = provider_keys(IdentityKeysSection.model_validate(section), "keys")
    for pair, encryption in ((keys.signing, False), (keys.encryption, True)):
        assert pair.certificate.subject.rfc4514_string() == "CN=login.town.example"
        usage = pair.certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        assert (usage.digital_signature, usage.key_encipherment) == (not encryption, encryption)
        assert timedelta(days=89) < pair.not_after - datetime.now(UTC) < timedelta(days=91)
    for file in (tmp_path / "keys").glob("*.key.pem"):
        assert file.stat().st_mode & 0o077 == 0
    refused = run(*out)
    assert refused.returncode == 2
    assert "saml-signing.key.pem" in refused.stderr


def test_identity_providers_take_rsa_only(tmp_path):
    refused = run("--out", str(tmp_path), "--signing", "p-256")
    assert refused.returncode == 2
    assert "RSA" in refused.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("saml", [["--saml"], []])
@pytest.mark.parametrize("subject", ["", "a" * 65, "login.town.example\nx"])
def test_a_name_that_no_certificate_may_have_is_told_and_nothing_is_written(tmp_path, subject, saml):
    ended = commands.run(
        "keys", "generate", "--out", tmp_path / "keys", "--subject", subject, *saml, LANG="de_DE.UTF-8"
    )
    assert ended.returncode == 2
    assert "1 bis 64 Zeichen" in ended.stderr
    assert list(tmp_path.iterdir()) == []
