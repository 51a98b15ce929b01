"""Production refuses what is insecure: every value, secret and file at once, each with place, rule and way out."""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

import pytest

from gateway.crypto.keys import generate_ed25519
from gateway.errors import SettingsInvalid
from gateway.keys.files import write_secret
from gateway.settings.gateway import Settings
from gateway.settings.production import is_loopback
from gateway.settings.reading import read, read_municipalities
from gateway.settings.weak_secrets import LEAST_SECRET, weak_key, weak_text

SETTINGS = """
mode = "production"
data_dir = "data"
[server]
public_url = "https://gateway.town.example"
[fitconnect.environments.prod]
token_url = "https://auth.fit.example/token"
submission_api = "https://submission.fit.example"
delivery_issuer = "https://submission.fit.example"
trust_roots = ["roots.pem"]
[municipalities]
dir = "towns"
[[clients]]
id = "portal"
secret_file = "portal"
previous_secret_files = ["portal.before"]
[vault]
master_key_file = "master.key"
previous_master_key_files = ["former.key"]
[evidence]
signing_key_file = "token.jwk"
published_key_files = ["next.jwk", "former.jwk"]
timestamp_url = "https://time.example/tsa"
[schemas]
xrepository = "https://xrepository.example"
[alarms.smtp]
host = "mail.town.example"
sender = "gateway@town.example"
user = "gateway"
password_file = "mail"
[[alarms.recipients]]
name = "hook"
url = "https://hook.example/a"
secret_file = "hook"
"""
TOWN = """
slug = "town"
ars = "150900546546"
name = "Stadt"
public_url = "https://portal.town.example"
[fitconnect]
environment = "prod"
client_id = "id"
client_secret_file = "../fit"
[keys]
signing_jwk_file = "../signing.jwk"
"""
RANDOM = secrets.token_bytes
PRIVATE = ("portal", "portal.before", "master.key", "former.key", "token.jwk", "next.jwk", "mail", "hook", "fit",
           "signing.jwk")  # fmt: skip


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """Everything that production asks for."""
    token, _ = generate_ed25519("token")
    follows, _ = generate_ed25519("next")
    _, former = generate_ed25519("former")
    signing, _ = generate_ed25519("signing")
    for name in ("portal", "portal.before", "fit"):
        write_secret(tmp_path / name, secrets.token_urlsafe(32).encode())
    for name in ("master.key", "former.key"):
        write_secret(tmp_path / name, base64.b64encode(RANDOM(32)))
    write_secret(tmp_path / "mail", b"Rf7!kq2#wZ")
    write_secret(tmp_path / "hook", b"whsec_" + base64.b64encode(RANDOM(32)))
    for name, jwk in {"token.jwk": token, "next.jwk": follows, "signing.jwk": signing}.items():
        write_secret(tmp_path / name, json.dumps(dict(jwk)).encode())
    (tmp_path / "former.jwk").write_text(json.dumps(dict(former)), encoding="utf-8")
    (tmp_path / "roots.pem").write_text("public", encoding="utf-8")
    (tmp_path / "towns").mkdir()
    (tmp_path / "towns" / "town.toml").write_text(TOWN, encoding="utf-8")
    (tmp_path / "settings.toml").write_text(SETTINGS, encoding="utf-8")
    return tmp_path


def change(room: Path, changed: Mapping[str, str], file: str = "settings.toml") -> None:
    text = (room / file).read_text(encoding="utf-8")
    for old, new in changed.items():
        assert old in text
        text = text.replace(old, new)
    (room / file).write_text(text, encoding="utf-8")


def refusals(room: Path) -> list[str]:
    """The places; on the way, that each is told in two languages and shows no secret."""
    with pytest.raises(SettingsInvalid) as refused:
        read(room / "settings.toml")
    for one in refused.value.findings:
        assert one.rule == "insecure_in_production"
        assert one.de != one.en
        assert "; " in one.de, "the rule; the way out"
        assert " " in one.en
        assert "{" not in one.de + one.en
    return [one.pointer.replace(f"{room}/", "").replace("towns/../", "") for one in refused.value.findings]


def test_what_is_sound_is_taken(room):
    assert read(room / "settings.toml").mode == "production"
    assert read_municipalities(read(room / "settings.toml"))[0].slug == "town"


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("https://gateway.town", "http://gateway.town", "server.public_url"),
        ('public_url = "https://gateway.town.example"', "", "server.public_url"),
        ("https://auth.fit", "http://auth.fit", "fitconnect.environments.prod.token_url"),
        (
            'submission_api = "https://',
            'destination_api = "http://d.example"\nsubmission_api = "https://',
            "fitconnect.environments.prod.destination_api",
        ),
        (
            'submission_api = "https://',
            'routing_api = "http://d.example"\nsubmission_api = "https://',
            "fitconnect.environments.prod.routing_api",
        ),
        ('issuer = "https://', 'issuer = "http://', "fitconnect.environments.prod.delivery_issuer"),
        ('submission_api = "https://', 'submission_api = "http://', "fitconnect.environments.prod.submission_api"),
        ("https://time.example", "http://time.example", "evidence.timestamp_url"),
        ("https://xrep", "HTTP://xrep".lower(), "schemas.xrepository"),
        ("https://hook", "http://hook", "alarms.recipients.hook.url"),
        ("https://auth.fit.example", "https://localhost", "fitconnect.environments.prod.token_url"),
        ("https://auth.fit.example", "https://127.1:9", "fitconnect.environments.prod.token_url"),
        ("https://hook.example", "https://[::1]:9", "alarms.recipients.hook.url"),
        ("https://time.example", "https://0.0.0.0", "evidence.timestamp_url"),
        ("mail.town.example", "mail.localhost.", "alarms.smtp.host"),
        ('example"\nuser', 'example"\ntls = "none"\nuser', None),
        ("[server]", '[server]\nhost = "0.0.0.0"', "server.host"),
        ("[server]", '[server]\nhost = "::"', "server.host"),
        ("[server]", '[server]\nhost = "10.1.2.3"', "server.host"),
        ("[server]", '[server]\nhost = "::"\ntrusted_proxies = ["*"]', "server.trusted_proxies"),
        ("[server]", '[server]\nhost = "::"\ntrusted_proxies = ["10.0.0.1", "0.0.0.0/0"]', "server.trusted_proxies"),
        ("[server]", '[server]\nhost = "::"\ntrusted_proxies = ["10.0.0.1/0"]', "server.trusted_proxies"),
        (
            "[server]",
            '[server]\ntrusted_proxies = ["*"]\ntls.client_certificate_header = "C"',
            "server.trusted_proxies",
        ),
        ("data_dir", 'failpoints = "fails"\ndata_dir', "failpoints"),
        ("[vault]", '[outbound]\nallow_private = ["10.0.0.0/8"]\n[vault]', "outbound.allow_private"),
        ('trust_roots = ["roots.pem"]', "", "fitconnect.environments.prod.trust_roots"),
        (
            "trust_roots",
            "insecure_public_keys = true\ntrust_roots",
            "fitconnect.environments.prod.insecure_public_keys",
        ),
        ('master_key_file = "master.key"', "", "vault.master_key_file"),
        ("[vault]", "[catalogue.push]\nunverified = true\n[vault]", "catalogue.push.unverified"),
    ],
)
def test_a_value_is_refused_at_its_place(room, old, new, place):
    change(room, {old: new})
    if place is None:  # a password in the clear is refused in every mode
        with pytest.raises(SettingsInvalid):
            read(room / "settings.toml")
    else:
        assert refusals(room) == [place]


@pytest.mark.parametrize(
    "server",
    ['host = "127.0.0.1"', 'host = "::1"', 'host = "localhost"', 'host = "0.0.0.0"\ntrusted_proxies = ["10.0.0.7"]',
     'host = "0.0.0.0"\ntls = { certificate_file = "door.pem", key_file = "door.key" }'],
)  # fmt: skip
def test_a_door_that_is_guarded_is_taken(room, server):
    change(room, {"[server]": f"[server]\n{server}"})
    assert read(room / "settings.toml").server.host


def test_a_municipalitys_address_is_refused_too(room):
    change(room, {"https://portal.town": "http://portal.town"}, "towns/town.toml")
    assert refusals(room) == ["town.public_url"]


@pytest.mark.parametrize(
    "secret",
    ["x", " \n1", "changeme", "changeme" * 8, "a" * 40, "abcdefghijklmnopqrstuvwxyz", "my-very-secret-password",
     "0123456789" * 4, "whsec_" + "A" * 43 + "="],
)  # fmt: skip
@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("portal", "clients.portal.secret_file"),
        ("portal.before", "clients.portal.previous_secret_files"),
        ("mail", "alarms.smtp.password_file"),
        ("hook", "alarms.recipients.hook.secret_file"),
        ("fit", "town.fitconnect.client_secret_file"),
    ],
)
def test_a_secret_that_can_be_guessed_is_refused_wherever_it_stands(room, name, place, secret):
    (room / name).write_text(secret, encoding="utf-8")
    assert refusals(room) == [f"{place}: {name}"]


@pytest.mark.parametrize(
    "key", [bytes(32), bytes(range(32)), b"\xff" * 32, b"\x00\x01" * 16, b"\x15H\xed5y\x9a\x9dA" * 4, b"changeme" * 4]
)
def test_a_key_that_chance_did_not_make_is_refused(room, key, monkeypatch):
    (room / "master.key").write_bytes(base64.b64encode(key))
    jwk = json.loads((room / "signing.jwk").read_bytes())
    jwk["d"] = base64.urlsafe_b64encode(key).decode().rstrip("=")
    (room / "signing.jwk").write_text(json.dumps(jwk), encoding="utf-8")
    assert refusals(room) == ["vault.master_key_file: master.key", "town.keys.signing_jwk_file: signing.jwk"]
    change(room, {'master_key_file = "master.key"': ""})
    monkeypatch.setenv("GATEWAY__VAULT__MASTER_KEY", base64.b64encode(key).decode())
    assert refusals(room)[0] == "vault.master_key"


def test_a_pipe_is_left_to_whoever_needs_the_secret(room):
    (room / "portal").unlink()
    os.mkfifo(room / "portal", 0o600)
    assert read(room / "settings.toml").clients[0].secret_file


def test_a_weak_master_key_may_be_on_its_way_out(room):
    (room / "former.key").write_bytes(base64.b64encode(bytes(32)))
    assert read(room / "settings.toml").vault.previous_master_key_files


def test_a_database_password_that_can_be_guessed_is_refused(room, monkeypatch):
    for url in ("postgresql://u:changeme@db.example/g", "postgresql://u@db.example/g?password=x"):
        monkeypatch.setenv("GATEWAY__DATABASE__URL", url)
        assert refusals(room) == ["database.url"]
    monkeypatch.setenv("GATEWAY__DATABASE__URL", "postgresql://u:kZ8%23qv2Lr@db.example/g")
    assert read(room / "settings.toml").database.url


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o640, 0o660, 0o644, 0o666])
@pytest.mark.parametrize("name", PRIVATE)
def test_a_private_file_that_others_can_read_or_change_is_refused(room, name, mode):
    (room / name).chmod(mode)
    (found,) = refusals(room)
    assert found.endswith(f": {name}")


@pytest.mark.parametrize(
    ("name", "mode"),
    [("roots.pem", 0o646), ("former.jwk", 0o602), ("settings.toml", 0o666), ("towns/town.toml", 0o646)],
)
def test_what_the_gateway_believes_may_be_read_but_not_changed_by_everybody(room, name, mode):
    (room / name).chmod(0o644)
    assert read(room / "settings.toml")
    (room / name).chmod(mode)
    (found,) = refusals(room)
    assert found.endswith(name)


def test_a_directory_in_which_everybody_may_replace_files_is_refused_unless_it_is_sticky(room):
    (room / "towns").chmod(0o777)
    assert refusals(room) == ["municipalities.dir: towns", "towns"]
    (room / "towns").chmod(0o1777)
    assert read(room / "settings.toml")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_private_file_of_another_user_is_refused(room):
    os.chown(room / "portal", 65534, -1)
    assert refusals(room) == ["clients.portal.secret_file: portal"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_group_may_read_what_root_gives_to_the_gateways_user(room, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 65534)
    (room / "portal").chmod(0o440)
    assert read(room / "settings.toml")
    (room / "portal").chmod(0o444)
    assert refusals(room) == ["clients.portal.secret_file: portal"]


def test_the_key_that_the_gateway_made_for_itself_is_looked_at_too(room):
    change(room, {'signing_key_file = "token.jwk"': ""})
    (room / "data" / "keys").mkdir(parents=True)
    (room / "token.jwk").rename(room / "data" / "keys" / "token.jwk").chmod(0o644)
    assert refusals(room) == ["evidence.signing_key_file: data/keys/token.jwk"]


def test_a_program_that_signs_may_not_be_changed_by_everybody(room):
    signer = 'external_signer = ["../sign"]\ncertificate_chain_file = "../roots.pem"'
    change(room, {'signing_jwk_file = "../signing.jwk"': signer}, "towns/town.toml")
    (room / "sign").touch(0o755)
    assert read(room / "settings.toml")
    (room / "sign").chmod(0o757)
    assert refusals(room) == ["town.keys.external_signer: sign"]


def test_everything_is_told_at_once_with_what_else_is_wrong(room):
    change(
        room,
        {"[server]": '[server]\nhost = "0.0.0.0"', "https://time": "http://time", '"portal"\nsecret': '"a"\nsecret'},
    )
    change(room, {"https://portal.town": "http://portal.town", 'environment = "prod"': 'environment = "x"'},
           "towns/town.toml")  # fmt: skip
    (room / "portal").write_text("x", encoding="utf-8")
    (room / "portal").chmod(0o644)
    (room / "master.key").write_bytes(base64.b64encode(bytes(32)))
    with pytest.raises(SettingsInvalid) as refused:
        read(room / "settings.toml")
    assert {one.pointer.replace(f"{room}/", "").replace("towns/../", "") for one in refused.value.findings} == {
        "server.host",
        "clients.a.secret_file: portal",
        "vault.master_key_file: master.key",
        "evidence.timestamp_url",
        "town.public_url",
        "town.fitconnect.environment",
    }
    assert [one.pointer.partition(":")[0] for one in refused.value.findings].count("clients.a.secret_file") == 2


def test_test_mode_takes_all_of_it(room):
    change(room, {'"production"': '"test"', "https://": "http://", "[server]": '[server]\nhost = "0.0.0.0"'})
    (room / "portal").write_text("x", encoding="utf-8")
    (room / "portal").chmod(0o666)
    assert isinstance(read(room / "settings.toml"), Settings)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "127.9.9.9", "127.1", "::1",
                                  "[::1]", "::ffff:127.0.0.1", "2130706433", "0x7f000001", "localhost.localdomain",
                                  "ip6-localhost", "::1%lo"])  # fmt: skip
def test_this_machine_is_known_in_every_way_of_writing_it(host):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["gateway.example", "mylocalhost", "128.0.0.1", "0.0.0.0", "::", "2001:db8::1", ""])
def test_what_is_not_this_machine(host):
    assert not is_loopback(host)


def test_what_chance_makes_is_never_called_weak():
    for _ in range(2000):
        assert not weak_key(RANDOM(32))
        assert not weak_text(secrets.token_urlsafe(32), LEAST_SECRET)
        assert not weak_text(secrets.token_hex(16), LEAST_SECRET)
