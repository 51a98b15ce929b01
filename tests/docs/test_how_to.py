"""The how-tos are walked: what stands in them is what the gateway takes."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import tomllib
from dataclasses import replace
from datetime import date
from pathlib import Path
from textwrap import dedent

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.errors import AccountNotAllowed, AssuranceTooLow, DataInvalid, LoginUnusable, SettingsInvalid
from gateway.intake.body import Application
from gateway.intake.logins import judged
from gateway.keys.external import ExternalSigner
from gateway.keys.files import write_secret
from gateway.model import Attachment, Municipality, SignatureFormat
from gateway.services.definition import ASSURANCES
from gateway.services.loader import load
from gateway.settings.reading import read, read_municipalities
from gateway.signature.identity import SigningIdentity
from gateway.signature.mechanism import RSA_PKCS1, RSA_PSS, choose

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
BLOCK = re.compile(r"^( *)```\w+ file=(\S+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
ENVIRONMENT = """
[fitconnect.environments.test]
token_url = "https://auth.example/token"
submission_api = "https://submission.example"
[municipalities]
dir = "towns"
"""


def written(page: str, folder: Path) -> None:
    blocks = BLOCK.findall((HOW_TO / page).read_text(encoding="utf-8"))
    assert blocks
    for _, name, text in blocks:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(dedent(text), encoding="utf-8")


def towns(tmp_path, **more: str):
    (tmp_path / "settings.toml").write_text(ENVIRONMENT, encoding="utf-8")
    written("add-a-municipality.md", tmp_path / "towns")
    for name, text in more.items():
        (tmp_path / "towns" / f"{name}.toml").write_text(text, encoding="utf-8")
    return read_municipalities(read(tmp_path / "settings.toml"))


def test_the_service_of_the_page_loads_and_makes_documents(tmp_path):
    written("add-a-service.md", tmp_path / "badekarte")
    service = load(tmp_path).get("badekarte")
    record = dict(service.compiled.examples["ordinary"])
    photo = Attachment("photo", "Foto.jpg", "image/jpeg", 1000, "ab" * 32)
    assert service.check(record, [photo], ars="", today=date(2026, 11, 24)) == []
    document, findings = service.document(record)
    assert findings == []
    assert "Änne Müller-Łukasiewicz".encode() in document.content
    assert [one.rule for one in service.document({**record, "valid_from": "2031-05-02"})[1]] == ["volunteer_month"]
    late = service.check(record, [photo], ars="", today=date(2031, 5, 2))
    assert [one.rule for one in late] == ["too_early"]


def test_a_second_town_is_a_file_and_a_third_another(tmp_path):
    second = (HOW_TO / "add-a-municipality.md").read_text(encoding="utf-8")
    text = dedent(BLOCK.search(second)[3])
    third = text.replace("tangermuende", "stendal").replace("150900550550", "150900535535").replace("basic", "high")
    files = towns(tmp_path, stendal=third)
    assert {file.ars: file.slug for file in files} == {"150900550550": "tangermuende", "150900535535": "stendal"}
    services = load(None, {file.ars: file.parameters for file in files})
    service = services.get("hausnummer")
    levels = {ars: service.rules_for(ars).assurance for ars in ("150900546546", "150900550550", "150900535535")}
    assert levels == {"150900546546": "none", "150900550550": "basic", "150900535535": "high"}
    demanded = {rule.kind: rule.required for rule in service.rules_for("150900550550").attachments}
    assert demanded["proof_of_ownership"] is True
    assert files[0].retention.payload_days == {"termin": 7}


def test_what_a_service_does_not_let_a_town_override_is_refused_with_its_place(tmp_path):
    page = (HOW_TO / "add-a-municipality.md").read_text(encoding="utf-8")
    table = tomllib.loads(dedent(BLOCK.search(page)[3]))
    table["parameters"]["hausnummer"]["title.de"] = "Anders"
    with pytest.raises(DataInvalid) as told:
        load(None, {table["ars"]: table["parameters"]})
    assert "150900550550" in told.value.findings[0].pointer


def test_every_test_that_the_threat_model_names_is_there():
    root = HOW_TO.parents[1]
    page = (root / "docs" / "security" / "threat-model.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| T")]
    assert len(rows) >= 14
    for row in rows:
        named = re.findall(r"`(tests/[^`]+)`", row.rsplit("|", 2)[1])
        assert named, row[:8]
        for name in named:
            path, _, test = name.partition("::")
            assert (root / path).exists(), name
            assert any((root / path).rglob("test_*.py")) or (root / path).is_file(), name
            assert not test or test in (root / path).read_text(encoding="utf-8"), name


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the page's command calls openssl")
@pytest.mark.parametrize(
    "mechanism", [RSA_PSS, RSA_PKCS1, "P-256", "brainpool"], ids=["RSA-PSS", "RSA-PKCS1", "P-256", "brainpool"]
)
def test_the_command_of_the_page_signs_as_an_hsm_would(tmp_path, rsa_keys, mechanism):
    written("sign-with-an-hsm.md", tmp_path)
    (tmp_path / "sign").chmod(0o700)
    curves = {"P-256": ec.SECP256R1(), "brainpool": ec.BrainpoolP384R1()}
    named = isinstance(mechanism, str)
    key = ec.generate_private_key(curves[mechanism]) if named else rsa_keys["signing"]
    (tmp_path / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    how = choose(key.public_key(), SignatureFormat.XADES) if named else mechanism
    signer = ExternalSigner(SigningIdentity("card", key.public_key()), (str(tmp_path / "sign"), "--slot", "1"), 110)
    assert signer.sign(how, b"what is signed")  # verified with the public key, else SignerAway


def test_the_settings_for_production_are_taken_and_nothing_of_them_can_be_left_out(tmp_path):
    written("run-in-production.md", tmp_path)
    for name in ("master.key", "portal"):
        write_secret(tmp_path / "secrets" / name, base64.b64encode(os.urandom(32)))
    assert read(tmp_path / "settings.toml").mode == "production"
    text = (tmp_path / "settings.toml").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line.startswith(("public_url", "trusted_proxies", "master_key_file", "trust_roots")):
            (tmp_path / "settings.toml").write_text(text.replace(line, ""), encoding="utf-8")
            with pytest.raises(SettingsInvalid):
                read(tmp_path / "settings.toml")


def test_what_is_said_of_logins_is_what_the_gateway_says():
    page = (HOW_TO / "hand-off-with-a-login.md").read_text(encoding="utf-8")
    town = Municipality("t", "150900546546", "T", "ISSUER")
    named = dict(re.findall(r"\| `(basic|substantial|high)` \| `([^`]+)` \|", page))
    service = load(None, {}).get("hausnummer")
    for assurance, acr in named.items():
        definition = replace(service.definition, assurance=assurance)
        (refusal,) = judged(None, replace(service, definition=definition), town).refusals
        assert refusal.params["acr"] == acr
    assert named.keys() == set(ASSURANCES) - {"none"}
    codes = set(re.findall(r"^\| `([a-z_]+)` \| ", page, re.MULTILINE)) - named.keys()
    assert codes == {error.code for error in (LoginUnusable, AssuranceTooLow, AccountNotAllowed)}
    body = Application.of(json.loads(re.search(r"```json\n(.*?)```", page, re.DOTALL)[1]))
    assert (body.login, body.faults) == ("LOGIN_REF", ())
