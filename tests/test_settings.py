"""Settings that cannot work are refused at the start, with place, rule and way out, and never with a traceback."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from gateway.errors import MasterKeyMissing, SettingsInvalid
from gateway.keyfiles import master_keys
from gateway.settings import read
from tests.demo_fixture import GATEWAY

CLIENT = '[[clients]]\nid = "portal"\nsecret_file = "secret"\n'


def faults(tmp_path: Path, text: str) -> list[tuple[str, str]]:
    (tmp_path / "settings.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsInvalid) as refused:
        read(tmp_path / "settings.toml")
    assert all(len(one.de) > 15 and one.de != one.en for one in refused.value.findings)
    return [(one.pointer.removeprefix(f"{tmp_path}/settings.toml: "), one.rule) for one in refused.value.findings]


@pytest.mark.parametrize(
    "proxy", ["nonsense", "proxy.example:3128", "socks5://h:1", "http://", "http://h:99999", "http://h/x"]
)
def test_a_proxy_that_is_no_address_is_refused(tmp_path, proxy):
    assert faults(tmp_path, f'[outbound]\nproxy = "{proxy}"\n') == [("outbound.proxy", "proxy")]


@pytest.mark.parametrize("name", ["no_proxy", "allow_private"])
@pytest.mark.parametrize("entry", ["10.0.0.0/33", "town.example/8", "", "a b", "host:80", "fe80::1%eth0"])
def test_an_entry_that_is_neither_name_nor_network_is_refused(tmp_path, name, entry):
    assert faults(tmp_path, f'[outbound]\n{name} = ["{entry}"]\n') == [(f"outbound.{name}", "network")]


def test_the_usual_ways_out_are_taken(tmp_path):
    (tmp_path / "settings.toml").write_text(
        '[outbound]\nproxy = "http://user:word@proxy.example:3128/"\n'
        'no_proxy = ["*", ".town.example", "10.1.2.3/8", "::1", "[::1]"]\n'
        'allow_private = ["loopback", "10.1.2.3/8", "host"]\n',
        encoding="utf-8",
    )
    assert read(tmp_path / "settings.toml").outbound.proxy


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_a_bundle_without_certificates_is_told_before_the_first_connection(tmp_path, content):
    if content is not None:
        (tmp_path / "ca.pem").write_bytes(content)
    assert faults(tmp_path, '[outbound]\nca_bundle = "ca.pem"\n') == [("outbound.ca_bundle", "no_certificates")]


def test_two_clients_of_one_id_are_refused_and_all_is_told_at_once(tmp_path):
    text = f'[outbound]\nca_bundle = "ca.pem"\n{CLIENT}{CLIENT.replace("portal", "other")}{CLIENT}'
    assert faults(tmp_path, text) == [("clients.2.id", "not_unique"), ("outbound.ca_bundle", "no_certificates")]


def test_what_is_allowed_is_told_in_german_too(tmp_path):
    (tmp_path / "settings.toml").write_text('[log]\nlevel = "loud"\n', encoding="utf-8")
    with pytest.raises(SettingsInvalid) as refused:
        read(tmp_path / "settings.toml")
    (found,) = refused.value.findings
    assert " oder 'error'" in found.de
    assert " or 'error'" in found.en


def test_a_directory_is_no_master_key(tmp_path):
    (tmp_path / "settings.toml").write_text('[vault]\nmaster_key_file = "keys"\n', encoding="utf-8")
    (tmp_path / "keys").mkdir()
    with pytest.raises(MasterKeyMissing):
        master_keys(read(tmp_path / "settings.toml"), data_exist=False)


@pytest.mark.parametrize("command", [["serve", "--no-worker"], ["list"]])
def test_a_data_directory_that_cannot_be_is_a_sentence(tmp_path, command):
    (tmp_path / "data").write_text("a file", encoding="utf-8")
    (tmp_path / "settings.toml").write_text('data_dir = "data"\n', encoding="utf-8")
    done = subprocess.run(
        [*GATEWAY, *command, "--config", str(tmp_path / "settings.toml")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=tmp_path,
    )
    assert "Traceback" not in done.stderr
    assert "data" in done.stderr
    assert done.returncode == 2
