"""Settings that cannot work are refused at the start, with place, rule and way out, and never with a traceback."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from gateway.errors import MasterKeyMissing, SettingsInvalid
from gateway.keys.files import master_keys
from gateway.settings.gateway import Settings
from gateway.settings.kinds import SettingKind, kind_of
from gateway.settings.municipality import MunicipalityFile
from gateway.settings.reading import read, read_municipalities
from tests.commands import run

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
    place = f"outbound.ca_bundle: {tmp_path / 'ca.pem'}"
    assert faults(tmp_path, '[outbound]\nca_bundle = "ca.pem"\n') == [(place, "no_certificates")]


def test_two_clients_of_one_id_are_refused_and_all_is_told_at_once(tmp_path):
    text = f'[outbound]\nca_bundle = "ca.pem"\n{CLIENT}{CLIENT.replace("portal", "other")}{CLIENT}'
    place = f"outbound.ca_bundle: {tmp_path / 'ca.pem'}"
    assert faults(tmp_path, text) == [("clients.2.id", "not_unique"), (place, "no_certificates")]


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
def test_a_data_directory_that_cannot_be_is_a_sentence(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").write_text("a file", encoding="utf-8")
    (tmp_path / "settings.toml").write_text('data_dir = "data"\n', encoding="utf-8")
    done = run(*command, "--config", tmp_path / "settings.toml")
    assert "Traceback" not in done.stderr
    assert "data" in done.stderr
    assert done.returncode == 2


def settings(tmp_path: Path, text: str, **given: object) -> Settings:
    (tmp_path / "settings.toml").write_text(text, encoding="utf-8")
    return read(tmp_path / "settings.toml", **given)


def test_only_what_is_given_counts_as_given(tmp_path, monkeypatch):
    monkeypatch.setenv("GATEWAY__LOG__LEVEL", "error")
    found = settings(tmp_path, "[server]\nport = 0\n[server.tls]\nclient_ca_file = 'ca'\n", server__host="::1")
    assert found.model_fields_set == {"server", "log"}
    assert found.server.model_fields_set == {"port", "tls", "host"}
    assert found.server.tls.model_fields_set == {"client_ca_file"}
    assert found.log.model_fields_set == {"level"}


def test_where_no_public_address_is_given_it_is_the_one_listened_on(tmp_path):
    server = settings(tmp_path, "[server]\nport = 0\nmax_body_bytes = 2000\n", server__host="::1").server
    assert server.base_url(4711) == server.listening("::1", 4711) == "http://[::1]:4711"
    assert settings(tmp_path, "").server.base_url() == "http://127.0.0.1:8080"
    tls = '[server]\ntls = { certificate_file = "a", key_file = "b" }\n'
    assert settings(tmp_path, tls).server.base_url(9) == "https://127.0.0.1:9"
    public = settings(tmp_path, '[server]\npublic_url = "https://town.example/x/"\n').server
    assert public.base_url(9) == "https://town.example/x"
    assert public.listening(port=9) == "http://127.0.0.1:9"


def test_the_command_line_ranks_before_the_environment_and_that_before_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("GATEWAY__SERVER__PORT", "2")
    monkeypatch.setenv("GATEWAY__SERVER__HOST", "::1")
    found = settings(tmp_path, '[server]\nport = 3\nhost = "h"\nmax_body_bytes = 2000\n', server__port=0).server
    assert (found.port, found.host, found.max_body_bytes) == (0, "::1", 2000)


@pytest.mark.parametrize("name", ["GATEWAY__DATABASE__URL", "GATEWAY__VAULT__MASTER_KEY"])
def test_an_empty_variable_is_neither_a_value_nor_unset(tmp_path, monkeypatch, name):
    monkeypatch.setenv(name, "")
    assert faults(tmp_path, "") == [(name.removeprefix("GATEWAY__").replace("__", ".").lower(), "too_short")]


TOWN = """
slug = "{0}"
ars = "{1}"
name = "Stadt"
public_url = "{2}"
[fitconnect]
environment = "e"
client_id = "id"
client_secret_file = "secret"
[keys]
external_signer = ["sign", "token"]
certificate_chain_file = "/chain"
"""
PLACE = """
[municipalities]
dir = "towns"
[fitconnect.environments.e]
token_url = "https://t.example"
submission_api = "https://s.example"
trust_roots = ["root"]
"""


def towns(tmp_path: Path, *texts: str) -> tuple[MunicipalityFile, ...]:
    (tmp_path / "towns").mkdir()
    for number, text in enumerate(texts):
        (tmp_path / "towns" / f"{number}.toml").write_text(text, encoding="utf-8")
    return read_municipalities(settings(tmp_path, PLACE))


def test_free_parameters_are_no_paths_whatever_their_name(tmp_path):
    free = {"dir": "a", "logo_file": "b", "jwks": "c", "trust_roots": ["d"], "ca_bundle": {"data_dir": "e"}}
    text = '[parameters.keys]\ndir = "a"\nlogo_file = "b"\njwks = "c"\ntrust_roots = ["d"]\nca_bundle.data_dir = "e"\n'
    (found,) = towns(tmp_path, TOWN.format("town", "150900546546", "https://p.example") + text)
    assert found.parameters == {"keys": free}


def test_each_path_is_relative_to_its_file(tmp_path):
    (found,) = towns(tmp_path, TOWN.format("town", "150900546546", "https://p.example"))
    assert found.fitconnect.client_secret_file == tmp_path / "towns" / "secret"
    assert found.keys.external_signer == (str(tmp_path / "towns" / "sign"), "token")
    assert found.keys.certificate_chain_file == Path("/chain")
    more = settings(tmp_path, f'failpoints = "f"\n{PLACE}[schemas]\ndir = "s"\n{CLIENT}tls_certificate_files = ["c"]')
    paths = [more.failpoints, more.schemas.dir, *more.fitconnect.environments["e"].trust_roots]
    paths += [more.clients[0].secret_file, *more.clients[0].tls_certificate_files]
    assert paths == [tmp_path / name for name in ("f", "s", "root", "secret", "c")]


def _leaves(section: type[BaseModel], place: str = "") -> Iterator[tuple[str, FieldInfo]]:
    for name, field in section.model_fields.items():
        inner = [part for part in _parts(field.annotation) if isinstance(part, type) and issubclass(part, BaseModel)]
        for each in inner:
            yield from _leaves(each, f"{place}{name}.")
        if not inner:
            yield f"{place}{name}", field


def _parts(annotation: object) -> Iterator[object]:
    yield annotation
    for part in get_args(annotation):
        yield from _parts(part)


def test_every_setting_says_by_its_type_what_production_has_to_look_at():
    named = re.compile(r"_(url|api|issuer|hosts?)$|\.(url|host|xrepository)$|_jwk_file$|secret_files?$|password_file$")
    without = {place for model in (Settings, MunicipalityFile) for place, field in _leaves(model)
               if named.search(place) and kind_of(field) is None}  # fmt: skip
    assert without == {"server.host"}, "where the gateway listens has a rule of its own"
    keys = {place for place, field in _leaves(Settings) if "key_file" in place and kind_of(field) is None}
    assert keys == set()


def test_an_entry_of_a_list_is_named_by_the_type_of_its_name():
    place = re.compile(r"(?:^|[.])(?:name|id)$")
    inside = re.compile(r"^(?:clients|alarms[.]recipients)[.]")  # lists of sections; elsewhere a name is a mere value
    named = {place for place, field in _leaves(Settings) if kind_of(field) is SettingKind.ENTRY_NAME}
    assert named == {one for one, _ in _leaves(Settings) if inside.match(one) and place.search(one)}
    assert len(named) == 2


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        ("https://a.example", "https://a.example", True),
        ("https://a.example/one", "https://A.example:443/two", True),
        ("https://a.example:8443", "https://a.example:8443/", True),
        ("http://a.example", "https://a.example", True),
        ("https://a.example", "https://a.example:8443", False),
        ("https://a.example", "https://b.example", False),
    ],
)
def test_two_towns_with_one_host_and_port_are_refused(tmp_path, one, other, clash):
    texts = [TOWN.format("town", "150900546546", one), TOWN.format("burg", "150900546547", other)]
    if not clash:
        assert len(towns(tmp_path, *texts)) == 2
        return
    with pytest.raises(SettingsInvalid) as refused:
        towns(tmp_path, *texts)
    assert [(each.pointer, each.rule) for each in refused.value.findings] == [
        ("town.public_url", "not_unique"),
        ("burg.public_url", "not_unique"),
    ]
    assert "burg" in refused.value.findings[0].de
    assert "town" in refused.value.findings[1].en


def test_a_data_directory_that_is_no_utf_8_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("GATEWAY__DATA_DIR", f"{tmp_path}/\udcff")
    assert faults(tmp_path, "") == [("data_dir", "no_utf8")]
