"""The keys of ID tokens on this machine: made once where a client needs them, refused by file where they are unfit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.errors import SettingsInvalid
from gateway.keys.files import write_secret
from gateway.login.id_token_keys import generate, read_public
from gateway.settings.reading import read
from gateway.wiring.id_token_signing import id_token_keys, judge

PORTAL = '[[clients]]\nid = "portal"\nsecret_file = "secret"\nredirect_uris = ["https://portal.example/cb"]\n'


def settings(tmp_path: Path, text: str):
    (tmp_path / "settings.toml").write_text(f'data_dir = "data"\n{text}', encoding="utf-8")
    return read(tmp_path / "settings.toml")


def test_nobody_logs_in_and_no_key_is_made(tmp_path):
    assert id_token_keys(settings(tmp_path, '[[clients]]\nid = "a"\nsecret_file = "s"\n')) is None
    assert not (tmp_path / "data").exists()


def test_a_key_is_made_once_and_for_its_owner_alone(tmp_path):
    values = settings(tmp_path, PORTAL + 'id_token_alg = "ES256"\n')
    first, second = id_token_keys(values), id_token_keys(values)
    assert first.algorithms == ["RS256", "ES256"]
    assert first.published == second.published
    for path in (tmp_path / "data" / "keys").iterdir():
        assert path.stat().st_mode & 0o777 == 0o600


def test_judging_makes_nothing(tmp_path):
    assert judge(settings(tmp_path, PORTAL)).algorithms == []
    assert not (tmp_path / "data").exists()


def test_the_next_key_is_published_before_it_signs_and_the_former_after(tmp_path):
    for number in (1, 2, 3):
        write_secret(tmp_path / f"{number}.jwk", json.dumps(generate("RS256", f"id-token-{number}")).encode())
    text = '[login]\nid_token_key_files = ["2.jwk"]\npublished_key_files = ["3.jwk", "1.jwk"]\n' + PORTAL
    keys = id_token_keys(settings(tmp_path, text))
    assert {each["kid"] for each in keys.published} == {f"id-token-{number}" for number in (1, 2, 3)}
    assert not any("d" in each for each in keys.published)
    before = id_token_keys(settings(tmp_path, '[login]\nid_token_key_files = ["1.jwk"]\n' + PORTAL))
    assert keys.verify(before.sign(b"{}", "RS256", "JWT")) == b"{}"
    assert not (tmp_path / "data").exists()


def test_every_unfit_file_is_named_at_once(tmp_path):
    write_secret(tmp_path / "public.jwk", json.dumps(dict(read_public(generate("ES256", "id-token-1")))).encode())
    write_secret(tmp_path / "junk.jwk", b"junk")
    text = '[login]\nid_token_key_files = ["public.jwk", "gone.jwk"]\npublished_key_files = ["junk.jwk"]\n' + PORTAL
    with pytest.raises(SettingsInvalid) as refused:
        judge(settings(tmp_path, text))
    told = {each.pointer.partition(": ")[2].removeprefix(f"{tmp_path}/"): each.en for each in refused.value.findings}
    assert told["public.jwk"].startswith("The file holds the key's public part only.")
    assert told["gone.jwk"].startswith("The file is missing.")
    assert told["junk.jwk"].startswith("The file is no JSON.")


def test_an_algorithm_that_a_client_asks_for_needs_its_key(tmp_path):
    write_secret(tmp_path / "1.jwk", json.dumps(generate("ES256", "id-token-1")).encode())
    with pytest.raises(SettingsInvalid) as refused:
        judge(settings(tmp_path, '[login]\nid_token_key_files = ["1.jwk"]\n' + PORTAL))
    (found,) = refused.value.findings
    assert (found.pointer, found.rule) == ("login.id_token_key_files", "algorithm_missing")
    assert "RS256" in found.de
    assert "RS256" in found.en
