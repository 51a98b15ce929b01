"""Whatever a setting names and no process can use is told at once: setting, path as it stands, cause, way out."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import ECKey, OKPKey, RSAKey

from gateway.cli.console import sentence_of
from gateway.crypto.keys import generate_ec
from gateway.errors import AddressTaken, NotFound, SettingsInvalid
from gateway.keys.files import read_private
from gateway.serve.serving import attempts
from gateway.settings import unusable_files
from gateway.settings.reading import read
from gateway.wiring.runtime import open_runtime, read_settings
from tests.commands import run

SETTINGS = """data_dir = "data"
[municipalities]
dir = "towns"
[fitconnect.environments.test]
token_url = "http://127.0.0.1:9/token"
submission_api = "http://127.0.0.1:9"
trust_roots = ["roots.pem"]
[server]
port = 0
[server.tls]
certificate_file = "server.pem"
key_file = "server.key"
client_ca_file = "ca.pem"
[evidence]
signing_key_file = "token.jwk"
published_key_files = ["next.jwk"]
[login]
id_token_key_files = ["id.jwk"]
published_key_files = ["id-next.jwk"]
[catalogue.push]
address = "https://collector.example/"
token_url = "https://collector.example/token"
client_id = "town"
client_secret_file = "collector.secret"
[catalogue.readback]
pvog_client_id_file = "pvog.id"
[catalogue.statistics]
transactions_token_file = "figures.token"
sdg_key_file = "sdg.key"
[[clients]]
id = "portal"
secret_file = "portal.secret"
previous_secret_files = ["portal.old"]
[[clients]]
id = "asserting"
jwks = "portal.jwks"
[alarms.smtp]
host = "mail.example"
sender = "g@town.example"
user = "g"
password_file = "smtp.password"
[[alarms.recipients]]
name = "it"
url = "https://hook.example"
secret_file = "hook.secret"
"""
TOWN = """slug = "{slug}"
ars = "{ars}"
name = "Stadt"
public_url = "https://{slug}.example"
[fitconnect]
environment = "test"
client_id = "client"
client_secret_file = "{slug}.secret"
[keys]
signing_jwk_file = "{slug}.jwk"
[identity]
logo = "{slug}.png"
"""
NAMED = {
    "fitconnect.environments.test.trust_roots": "roots.pem",
    "server.tls.certificate_file": "server.pem",
    "server.tls.key_file": "server.key",
    "server.tls.client_ca_file": "ca.pem",
    "evidence.signing_key_file": "token.jwk",
    "evidence.published_key_files": "next.jwk",
    "catalogue.push.client_secret_file": "collector.secret",
    "catalogue.readback.pvog_client_id_file": "pvog.id",
    "catalogue.statistics.transactions_token_file": "figures.token",
    "catalogue.statistics.sdg_key_file": "sdg.key",
    "login.id_token_key_files": "id.jwk",
    "login.published_key_files": "id-next.jwk",
    "clients.portal.secret_file": "portal.secret",
    "clients.portal.previous_secret_files": "portal.old",
    "clients.asserting.jwks": "portal.jwks",
    "alarms.smtp.password_file": "smtp.password",
    "alarms.recipients.it.secret_file": "hook.secret",
    "one.fitconnect.client_secret_file": "towns/one.secret",
    "one.keys.signing_jwk_file": "towns/one.jwk",
    "one.identity.logo": "towns/one.png",
    "two.identity.logo": "towns/two.png",
    "two.fitconnect.client_secret_file": "towns/two.secret",
    "two.keys.signing_jwk_file": "towns/two.jwk",
}


@pytest.fixture
def room(tmp_path):
    (tmp_path / "settings.toml").write_text(SETTINGS, encoding="utf-8")
    (tmp_path / "towns").mkdir()
    for slug, ars in (("one", "150900546546"), ("two", "150900550550")):
        (tmp_path / "towns" / f"{slug}.toml").write_text(TOWN.format(slug=slug, ars=ars), encoding="utf-8")
    return tmp_path


def everything(room, faults):
    """Each setting with the path that it names, whatever else a line says."""
    return {setting for setting, file in NAMED.items() if f"{setting}: {room / file}" in faults}


async def refusal(settings):
    with pytest.raises(SettingsInvalid) as refused:
        async with open_runtime(settings, also=attempts(settings, worker=True)):
            pytest.fail("opened")
    return refused.value.findings


@pytest.mark.parametrize(
    ("spoil", "german"),
    [
        (lambda path: None, "Die Datei fehlt."),
        (lambda path: path.mkdir(), "Das ist ein Verzeichnis, keine Datei."),
        (lambda path: path.write_bytes(b""), "Die Datei ist leer."),
        (lambda path: path.write_bytes(b"\xef\xbb\xbf\n"), "Die Datei ist leer."),
        (os.mkfifo, "Das ist keine gewöhnliche Datei."),
    ],
    ids=["missing", "directory", "empty", "only a byte order mark", "pipe"],
)
async def test_every_file_of_every_kind_is_named_at_once(room, spoil, german):
    for file in NAMED.values():
        spoil(room / file)
    found = await refusal(read(room / "settings.toml"))
    assert everything(room, [each.pointer for each in found]) == NAMED.keys()
    for each in found:
        assert each.de.startswith(german), each
        assert len(each.de) > len(german) + 20, "and the way out"


@pytest.mark.parametrize("secret", ["zwei\nZeilen", "schlüssel", "a\x00b", "a\x1bb", "x" * 8001])
async def test_a_secret_that_no_header_can_hold_is_told_beforehand(room, secret):
    shown = [setting for setting in NAMED if setting.startswith("catalogue.")]
    for setting in shown:
        (room / NAMED[setting]).write_text(secret, encoding="utf-8")
    found = {each.pointer: each for each in await refusal(read(room / "settings.toml"))}
    for setting in shown:
        fault = found[f"{setting}: {room / NAMED[setting]}"]
        assert (fault.rule, "ASCII" in fault.de) == ("secret_unreadable", True)
        assert secret not in fault.de + fault.en


def test_a_file_that_the_gateway_may_not_read_says_so(tmp_path, monkeypatch):
    def refuse(path, *_):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(unusable_files.regular_file, "content", refuse)
    assert unusable_files.unreadable(tmp_path) == "permission"


async def test_faults_of_settings_and_of_services_do_not_hide_those_of_files(room):
    (room / "services" / "odd").mkdir(parents=True)
    (room / "services" / "odd" / "service.toml").write_text("id = 3", encoding="utf-8")
    text = (room / "settings.toml").read_text(encoding="utf-8") + '[services]\ndir = "services"\n'
    (room / "settings.toml").write_text(text, encoding="utf-8")
    found = [each.pointer for each in await refusal(read(room / "settings.toml"))]
    assert everything(room, found) == NAMED.keys()
    assert any("odd" in each for each in found)
    (room / "settings.toml").write_text(text.replace("[evidence]", "[outbound]\nca_bundle = 'no'\n[evidence]"))
    with pytest.raises(SettingsInvalid) as refused:
        read_settings(room / "settings.toml", lambda values: attempts(values, worker=True))
    found = [each.pointer for each in refused.value.findings]
    assert everything(room, found) == NAMED.keys()
    assert any(each.startswith("outbound.ca_bundle") for each in found)


@pytest.mark.parametrize("command", ["check", "serve", "worker"])
def test_check_serve_and_worker_name_them_and_end_with_2(room, command):
    done = run(command, "--json", "--config", room / "settings.toml")
    said = done.stdout if command == "check" else done.stderr
    theirs = {each for each in NAMED if command != "worker" or not each.startswith(("clients.", "server.", "login."))}
    assert {setting for setting, file in NAMED.items() if f"{setting}: {room / file}" in said} == theirs, said
    assert done.returncode == 2
    assert not (room / "data" / "postgres").exists(), "nothing was begun"


def test_a_data_directory_that_cannot_be_used_does_not_hide_the_faults_of_files(tmp_path):
    (tmp_path / "towns").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "postgres").write_text("no directory", encoding="utf-8")
    (tmp_path / "settings.toml").write_text(
        'data_dir = "data"\n[municipalities]\ndir = "towns"\n[[clients]]\nid = "portal"\nsecret_file = "gone"\n',
        encoding="utf-8",
    )
    done = run("check", "--json", "--config", tmp_path / "settings.toml")
    rows = {row["check"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert (done.returncode, done.stderr) == (2, "")
    assert rows["data_dir"]["detail"] == "file_unusable"
    assert str(tmp_path / "data" / "postgres") in rows["data_dir"]["remedy"]
    assert f"clients.portal.secret_file: {tmp_path / 'gone'}" in rows


def made(kind, **more):
    return {**kind.as_dict(private=True), "kid": "a-key-of-town", **more}


P256 = ECKey.generate_key("P-256", private=True)
PEM = rsa.generate_private_key(65537, 2048)


def pem(encryption):
    return PEM.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode()


@pytest.mark.parametrize(
    ("content", "rule", "german"),
    [
        (json.dumps(made(RSAKey.generate_key(2048, private=True))), "signing_key_bits", "zu schwach"),
        (json.dumps(made(P256, use="enc")), "signing_key_use", "nicht zum Signieren bestimmt"),
        (json.dumps(made(OKPKey.generate_key("Ed25519", private=True))), "signing_key_kind", "weder RSA noch EC"),
        (json.dumps(made(ECKey.generate_key("secp256k1", private=True))), "signing_key_kind", "weder RSA noch EC"),
        (json.dumps({**P256.as_dict(private=False), "kid": "a-key"}), "key_unreadable", "nur den öffentlichen Teil"),
        (json.dumps({"keys": [made(P256)]}), "key_unreadable", "JWK-Satz"),
        (json.dumps({**P256.as_dict(private=True), "kid": ""}), "key_unreadable", "(kid)"),
        (pem(NoEncryption()), "key_unreadable", "PEM, keinen JWK"),
        (pem(BestAvailableEncryption(b"word")), "key_unreadable", "mit einem Passwort verschlüsselt"),
        ("{", "key_unreadable", "kein JSON"),
    ],
    ids=["short", "to encrypt", "Ed25519", "curve", "public", "set", "no kid", "PEM", "encrypted PEM", "no JSON"],
)
async def test_a_key_that_cannot_sign_is_named_with_its_cause_and_how_to_make_one(room, content, rule, german):
    (room / "towns" / "one.jwk").write_text(content, encoding="utf-8")
    (found,) = [each for each in await refusal(read(room / "settings.toml")) if each.pointer.startswith("one.keys")]
    assert (found.rule, german in found.de) == (rule, True), found
    assert found.pointer == f"one.keys.signing_jwk_file: {room / 'towns' / 'one.jwk'}"
    assert "`gateway keys generate" in found.de
    assert "`gateway keys generate" in found.en


async def test_a_certificate_and_a_key_that_do_not_fit_are_told_and_no_password_is_asked_for(room):
    at = datetime(2026, 11, 1, tzinfo=UTC)
    private, _ = generate_ec("some-key", "P-256", subject="a", not_before=at, not_after=at + timedelta(9), serial=1)
    body = private["x5c"][0]
    (room / "server.pem").write_text(f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
    for encryption, german in (
        (BestAvailableEncryption(b"word"), "Passwort verschlüsselt"),
        (NoEncryption(), "zusammen"),
    ):
        (room / "server.key").write_text(pem(encryption))
        found = [
            each for each in await refusal(read(room / "settings.toml")) if each.pointer.startswith("server.tls.k")
        ]
        assert [german in each.de for each in found] == [True]


def test_what_keys_generate_makes_for_evidence_is_taken(tmp_path):
    assert run("keys", "generate", "--signing", "p-256", "--out", tmp_path).returncode == 0
    assert read_private(tmp_path / "signing.private.jwk", "evidence.signing_key_file").alg == "ES256"
    with pytest.raises(SettingsInvalid) as refused:
        read_private(tmp_path / "signing.public.jwk", "evidence.signing_key_file")
    assert "public part only" in refused.value.findings[0].en


def test_an_unknown_id_is_told_to_people_at_a_command_line_in_their_words():
    assert "`gateway list`" in sentence_of(NotFound())
    assert sentence_of(AddressTaken(address="x")) in {AddressTaken(address="x").sentence(each) for each in ("de", "en")}
