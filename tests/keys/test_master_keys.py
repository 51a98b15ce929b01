"""Where master keys and published keys come from, and what is said when one is wrong."""

from __future__ import annotations

import base64
import json

import pytest

from gateway.crypto.keys import generate_ed25519
from gateway.crypto.vault import MasterKey
from gateway.errors import MasterKeyMissing, SettingsInvalid
from gateway.keys.files import master_keys, published_keys, write_secret
from gateway.settings import reading as settings

NEW, OLD, OLDER = (bytes([number]) * 32 for number in (1, 2, 3))


def text(key):
    return base64.b64encode(key).decode()


def written(tmp_path, content):
    file = tmp_path / "gateway.toml"
    file.write_text(f'data_dir = "data"\n{content}', encoding="utf-8")
    return file


def test_the_first_is_the_one_to_use_and_files_are_beside_the_settings(tmp_path):
    for name, key in (("new", NEW), ("old", OLD)):
        (tmp_path / name).write_text(text(key) + "\n", encoding="utf-8")
    file = written(tmp_path, '[vault]\nmaster_key_file = "new"\nprevious_master_key_files = ["old"]')
    found = master_keys(settings.read(file), data_exist=True)
    assert [(key.key, key.source) for key in found] == [(NEW, str(tmp_path / "new")), (OLD, str(tmp_path / "old"))]
    assert repr(found[0]) == f"MasterKey({MasterKey(NEW, '').id})"


def test_by_environment_too(tmp_path, monkeypatch):
    monkeypatch.setenv("GATEWAY__VAULT__MASTER_KEY", text(NEW))
    monkeypatch.setenv("GATEWAY__VAULT__PREVIOUS_MASTER_KEYS", json.dumps([text(OLD), text(OLDER)]))
    values = settings.read(written(tmp_path, ""))
    assert [key.key for key in master_keys(values, data_exist=True)] == [NEW, OLD, OLDER]
    assert text(NEW) not in repr(values)
    monkeypatch.setenv("GATEWAY__VAULT__MASTER_KEY_FILE", "x")
    with pytest.raises(SettingsInvalid) as refused:
        settings.read(written(tmp_path, ""))
    assert [finding.rule for finding in refused.value.findings] == ["given_twice"]


def test_not_in_the_settings_file(tmp_path):
    file = written(tmp_path, f'[vault]\nmaster_key = "{text(NEW)}"\nprevious_master_keys = ["{text(OLD)}"]')
    with pytest.raises(SettingsInvalid) as refused:
        settings.read(file)
    assert [finding.pointer for finding in refused.value.findings] == [
        "vault.master_key", "vault.previous_master_keys",
    ]  # fmt: skip
    assert text(NEW) not in str(refused.value.findings)


def test_every_bad_one_is_named_and_none_is_shown(tmp_path):
    for name, content in (("new", "c2hvcnQ="), ("old", "#no base64"), ("good", text(OLD))):
        (tmp_path / name).write_text(content, encoding="utf-8")
    named = 'master_key_file = "new"\nprevious_master_key_files = ["old", "good"]'
    with pytest.raises(SettingsInvalid) as refused:
        master_keys(settings.read(written(tmp_path, f"[vault]\n{named}")), data_exist=True)
    assert [finding.pointer for finding in refused.value.findings] == [
        f"vault: {tmp_path / 'new'}", f"vault: {tmp_path / 'old'}",
    ]  # fmt: skip
    assert "c2hvcnQ" not in str(refused.value.findings)


def test_a_missing_one_is_made_only_where_nothing_was_encrypted_yet(tmp_path):
    values = settings.read(written(tmp_path, ""))
    with pytest.raises(MasterKeyMissing, match=r"master\.key"):
        master_keys(values, data_exist=True)
    (made,) = master_keys(values, data_exist=False)
    assert master_keys(values, data_exist=True)[0].key == made.key
    file = written(tmp_path, '[vault]\nprevious_master_key_files = ["gone"]')
    with pytest.raises(MasterKeyMissing, match="gone"):
        master_keys(settings.read(file), data_exist=False)


def test_published_keys_show_their_public_half_and_every_bad_one_is_named(tmp_path):
    private, public = generate_ed25519("gateway-next")
    for name, jwk in (
        ("next.jwk", dict(private)),
        ("last.jwk", {**public, "kid": "last"}),
        ("bad.jwk", {"kty": "oct"}),
    ):
        (tmp_path / name).write_text(json.dumps(jwk), encoding="utf-8")
    good = settings.read(written(tmp_path, '[evidence]\npublished_key_files = ["next.jwk", "last.jwk"]'))
    found = published_keys(good)
    assert [jwk["kid"] for jwk in found] == ["gateway-next", "last"]
    assert not any("d" in jwk for jwk in found)
    bad = settings.read(written(tmp_path, '[evidence]\npublished_key_files = ["bad.jwk", "gone.jwk", "next.jwk"]'))
    with pytest.raises(SettingsInvalid) as refused:
        published_keys(bad)
    assert [finding.pointer.rpartition("/")[2] for finding in refused.value.findings] == ["bad.jwk", "gone.jwk"]


def test_a_secret_is_for_its_owner_alone_and_nothing_is_left_beside_it(tmp_path):
    write_secret(tmp_path / "secret", b"ours")
    assert (tmp_path / "secret").read_bytes() == b"ours"
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    assert {path.name for path in tmp_path.iterdir()} == {"secret"}
