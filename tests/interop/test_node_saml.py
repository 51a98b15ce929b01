"""The identity sandbox as node-saml sees it: a service provider that we did not write logs a person in."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import urllib.parse
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree

from gateway.sandbox.identity import keyring
from tests.demo_fixture import http, start, stop
from tests.sandbox.identity.peers import ASKED, ENTITY, METHODS, NS, SURNAME, Forms

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.interop
ROOT = Path(__file__).parents[2]
MODULES = ROOT / "build" / "interop" / "node" / "node_modules"
ACS = "http://localhost:8080/saml/acs"
BY_POST = {"authnRequestBinding": "HTTP-POST", "skipRequestCompression": True}
"""Without the second it compresses what is posted, too, which SAML bindings §3.5.4 does not know."""
EXTENSION = {
    "akdb:AuthenticationRequest": {
        "@xmlns:akdb": NS["akdb"],
        "@Version": "2",
        "@EnableStatusDetail": "true",
        "akdb:AuthnMethods": {f"akdb:{name}": {"akdb:Enabled": "true"} for name in METHODS},
        "akdb:RequestedAttributes": {
            "akdb:RequestedAttribute": [{"@Name": name, "@RequiredAttribute": "false"} for name in ASKED]
        },
        "akdb:DisplayInformation": {
            "ui:Version": {
                "@xmlns:ui": "https://www.akdb.de/request/2018/09/classic-ui/v1",
                "ui:OrganizationDisplayName": "Stadt Tangerhütte",
                "ui:OnlineServiceId": "BMI-A0001",
            }
        },
    }
}


class NodeSaml:
    """The other service provider, in a process of its own."""

    def __init__(self, pair: keyring.SigningPair, line: dict[str, Any]) -> None:
        self._process = subprocess.Popen(
            ["node", str(Path(__file__).parent / "node" / "login.js")],
            env={"NODE_PATH": str(MODULES), "PATH": "/usr/local/bin:/usr/bin:/bin"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        key = pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        self._certificate = pair.certificate.public_bytes(Encoding.PEM).decode()
        metadata = etree.fromstring(urllib.request.urlopen(line["idp_metadata"]).read())
        self.settings = {
            "callbackUrl": ACS,
            "entryPoint": line["sso_post"],
            "issuer": ENTITY,
            "audience": ENTITY,
            "idpIssuer": line["entity_id"],
            "idpCert": "".join(metadata.findtext(".//d:X509Certificate", None, NS).split()),
            "privateKey": key,
            "decryptionPvk": key,
            "signatureAlgorithm": "sha256",
            "digestAlgorithm": "sha256",
            "wantAssertionsSigned": True,
            "wantAuthnResponseSigned": False,
            "validateInResponseTo": "always",
            "identifierFormat": None,
            "forceAuthn": True,
            "authnContext": ["STORK-QAA-Level-3"],
            "racComparison": "minimum",
            "samlAuthnRequestExtensions": EXTENSION,
        }

    def ask(self, order: dict[str, Any]) -> dict[str, Any]:
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def configure(self, **more: Any) -> str:
        told = self.ask({"configure": {**self.settings, **more}, "certificate": self._certificate})
        return told["metadata"]

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    if not shutil.which("node") or not (MODULES / "@node-saml").is_dir():
        pytest.skip("node-saml is not here: run `make interop` where npm can fetch it")
    process, told = start("sandbox", "identity", "--data", str(tmp_path_factory.mktemp("identity")))
    yield told
    assert stop(process) == 0


@pytest.fixture
def peer(line: dict[str, Any], rsa_keys: dict[str, rsa.RSAPrivateKey]) -> Iterator[NodeSaml]:
    assert http("POST", f"{line['admin']}/reset")[0] == 204
    made = NodeSaml(keyring.make("node", datetime.now(UTC), rsa_keys["root"]), line)
    metadata = etree.fromstring(made.configure().encode())
    status, _, refused = http("POST", f"{line['admin']}/service-providers", etree.tostring(metadata))
    assert (status, [each["code"] for each in refused["errors"]]) == (422, ["metadata-id"]), "BundID takes no ID"
    del metadata.attrib["ID"]
    assert http("POST", f"{line['admin']}/service-providers", etree.tostring(metadata))[0] == 201
    yield made
    made.close()


def order(line: dict[str, Any], path: str, body: dict[str, Any]) -> None:
    assert http("POST", line["admin"] + path, body)[0] < 300


def answered(page: bytes | str) -> dict[str, str]:
    text = page.decode() if isinstance(page, bytes) else page
    fields = Forms(text).fields
    assert "SAMLResponse" in fields, text
    return fields


def posted(peer: NodeSaml, line: dict[str, Any]) -> dict[str, str]:
    form = Forms(peer.ask({"begin": "post", "relay_state": "handle"})["form"])
    assert form.action == line["sso_post"]
    body = urllib.parse.urlencode(form.fields).encode()
    return answered(http("POST", form.action, body, {"Content-Type": "application/x-www-form-urlencoded"})[2])


def test_a_login_by_post(peer: NodeSaml, line: dict[str, Any]) -> None:
    peer.configure(**BY_POST)
    order(line, "/login", {"person": "joerg-mueller-lukasiewicz", "level": "substantial"})
    fields = posted(peer, line)
    told = peer.ask({"response": fields["SAMLResponse"]})
    assert fields["RelayState"] == "handle"
    assert told["profile"][SURNAME] == "Müller-Łukasiewicz"


def test_a_login_by_redirect(peer: NodeSaml, line: dict[str, Any]) -> None:
    peer.configure(entryPoint=line["sso_redirect"])
    order(line, "/login", {"person": "kaethe-grosse", "level": "high"})
    url = peer.ask({"begin": "redirect", "relay_state": "handle"})["url"]
    fields = answered(http("GET", url)[2])
    assert peer.ask({"response": fields["SAMLResponse"]})["profile"][SURNAME] == "Große"


@pytest.mark.parametrize("kind", ["pss", "response_signature"])
def test_answers_that_are_unusual_are_read(peer: NodeSaml, line: dict[str, Any], kind: str) -> None:
    peer.configure(**BY_POST)
    order(line, "/faults", {"match": "POST /idp/*", "kind": kind, "times": 1})
    order(line, "/login", {"person": "kaethe-grosse", "level": "high"})
    told = peer.ask({"response": posted(peer, line)["SAMLResponse"]})
    assert told["profile"][SURNAME] == "Große"


@pytest.mark.parametrize(
    "kind", ["wrong_signature", "wrong_key", "wrong_tag", "wrong_audience", "expired", "unsolicited"]
)
def test_answers_that_are_wrong_are_refused(peer: NodeSaml, line: dict[str, Any], kind: str) -> None:
    peer.configure(**BY_POST)
    order(line, "/faults", {"match": "POST /idp/*", "kind": kind, "times": 1})
    order(line, "/login", {"person": "kaethe-grosse", "level": "high"})
    told = peer.ask({"response": posted(peer, line)["SAMLResponse"]})
    assert "error" in told, told


def test_a_cancel_is_told(peer: NodeSaml, line: dict[str, Any]) -> None:
    peer.configure(**BY_POST)
    order(line, "/login", {"failure": "cancel"})
    told = peer.ask({"response": posted(peer, line)["SAMLResponse"]})
    assert "AuthnFailed" in told["error"] or "canceled" in told["error"], told


def test_what_is_shown_is_what_was_encrypted(peer: NodeSaml, line: dict[str, Any]) -> None:
    """The answer names the algorithms that BundID is taken to use, which node-saml decrypts."""
    peer.configure(**BY_POST)
    order(line, "/login", {"person": "kaethe-grosse", "level": "high"})
    document = base64.b64decode(posted(peer, line)["SAMLResponse"])
    assert b"#aes128-gcm" in document
    assert b"#rsa-oaep-mgf1p" in document
    assert "Große".encode() not in document
