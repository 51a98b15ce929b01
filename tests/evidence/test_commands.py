"""`gateway evidence verify` and `keys`: no settings file, no database, no network."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from gateway.cli.evidence import evidence


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Call the command in an empty place, where nothing is configured."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))

    def call(*arguments):
        return CliRunner().invoke(evidence, [str(each) for each in arguments])

    return call


@pytest.fixture
def file(tmp_path, packed):
    path = tmp_path / "evidence.zip"
    path.write_bytes(packed)
    return path


def keys_file(tmp_path, *jwks):
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"keys": list(jwks)}), encoding="utf-8")
    return path


def test_a_verdict_is_one_line_of_the_fixed_shape(run, file, case, tmp_path, gateway_key):
    done = run("verify", file, "--trust", keys_file(tmp_path, dict(gateway_key.public_jwk)), "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout) == {
        "ok": True, "submission_id": str(case.id), "entries": 8, "broken_at": None, "trust": "given",
    }  # fmt: skip
    assert not (tmp_path / "data").exists(), "nothing was made for looking"


def test_without_keys_it_says_that_the_archive_vouches_for_itself(run, file):
    assert json.loads(run("verify", file, "--json").stdout)["trust"] == "from_archive"
    assert "--trust" in run("verify", file).stdout


def test_a_strangers_key_ends_with_1_and_names_the_link(run, file, tmp_path, stranger):
    done = run("verify", file, "--trust", keys_file(tmp_path, dict(stranger.public_jwk)), "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["broken_at"] == "roots/1.jws"
    assert "[signature]" in done.stderr


def test_a_file_that_is_no_archive_ends_with_1_and_a_reason(run, tmp_path):
    (tmp_path / "no.zip").write_bytes(b"nothing")
    done = run("verify", tmp_path / "no.zip", "--json")
    assert (done.exit_code, json.loads(done.stdout)["broken_at"]) == (1, "archive")
    assert "[no_zip]" in done.stderr


@pytest.mark.parametrize("content", ["", "{}", '{"keys":[]}', '{"keys":[{"kty":"oct","k":"AA"}]}', "[" * 200_000])
def test_keys_that_cannot_be_read_are_refused_not_ignored(run, file, tmp_path, content):
    trust = tmp_path / "keys.json"
    trust.write_text(content, encoding="utf-8")
    done = run("verify", file, "--trust", trust, "--json")
    assert done.exit_code == 2
    assert done.stdout == ""
    assert "[jwks]" in done.stderr


def test_keys_prints_public_keys_and_the_same_ones_again(run):
    first, second = run("keys", "--json"), run("keys", "--json")
    assert first.exit_code == 0
    assert first.stdout == second.stdout
    [jwk] = json.loads(first.stdout)["keys"]
    assert set(jwk) == {"kty", "crv", "x", "kid", "alg", "key_ops"}
