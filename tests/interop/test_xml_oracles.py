"""What we sign and encrypt as xml-crypto and xml-encryption see it, and what they make as our reader sees it."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from gateway.bundid import authn_request, profile, signing
from gateway.bundid.keys import KeyPair, self_signed
from gateway.bundid.response import ResponseRefused, read
from gateway.sandbox.identity import encryption, keyring, xml_signature
from tests.bundid import responses as made
from tests.bundid.responses import ENC, ENC11, MORE, MORE07

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.interop
ROOT = Path(__file__).parents[2]
MODULES = ROOT / "build" / "interop" / "node" / "node_modules"
SIGNATURES = (MORE + "rsa-sha256", MORE + "rsa-sha512", MORE07 + "sha256-rsa-MGF1")
"""What xml-crypto knows of what our profiles take."""


class Oracles:
    """The two, in a process of their own."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            ["node", str(Path(__file__).parent / "node" / "oracles.js")],
            env={"NODE_PATH": str(MODULES), "PATH": "/usr/local/bin:/usr/bin:/bin"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, order: str, **what: Any) -> dict[str, Any]:
        self._process.stdin.write(json.dumps({"order": order, **what}) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


@pytest.fixture(scope="module")
def oracles() -> Iterator[Oracles]:
    if not shutil.which("node") or not all((MODULES / name).is_dir() for name in ("xml-crypto", "xml-encryption")):
        pytest.skip(
            "xml-crypto and xml-encryption are not here: tests/interop/prepare build/interop fetches them by npm"
        )
    found = Oracles()
    yield found
    found.close()


def pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def pair(key: rsa.RSAPrivateKey) -> KeyPair:
    day = timedelta(days=1)
    return self_signed(
        key, encryption=False, subject="Stadt", not_before=made.NOW - day, not_after=made.NOW + day, serial=1
    )


def certificate(key: rsa.RSAPrivateKey) -> str:
    return pair(key).certificate.public_bytes(Encoding.PEM).decode()


def request(name: str) -> tuple[authn_request.AuthnRequest, profile.Profile]:
    kind = profile.load(name)
    asked = authn_request.AuthnRequest(
        id="_" + "a" * 40,
        at=made.NOW,
        issuer=made.SP,
        destination=made.IDP + "/sso",
        acs_url=made.ACS,
        context=next(iter(kind.request.levels.values())),
        display_name="Stadt Tangerhütte & Söhne",
        online_service_id="BMI-A0001",
        language="de",
        back_url="https://portal.example/?a=1&b=2",
    )
    return asked, kind


@pytest.mark.parametrize("algorithm", SIGNATURES)
@pytest.mark.parametrize("name", profile.names())
def test_our_requests_verify(oracles: Oracles, name: str, algorithm: str) -> None:
    asked, kind = request(name)
    key = made.key("ours")
    plain = authn_request.canonical(asked, kind.request)
    document = signing.enveloped(plain, asked.id, b"</saml2:Issuer>", pair(key), algorithm).decode()
    told = oracles.ask("verify", xml=document, certificate=certificate(key))
    assert told["holds"], told
    assert [each.encode() for each in told["covered"]] == [plain]
    spoilt = document.replace(made.ACS, "https://elsewhere.example")
    assert "holds" in (told := oracles.ask("verify", xml=spoilt, certificate=certificate(key)))
    assert not told["holds"]


@pytest.mark.parametrize("algorithm", SIGNATURES)
def test_the_sandboxs_assertions_verify(oracles: Oracles, algorithm: str) -> None:
    own = keyring.make("sandbox", made.NOW, made.key("idp"))
    document = xml_signature.signed(made.assertion().decode(), made.ASSERTION_ID, own, algorithm=algorithm)
    told = oracles.ask("verify", xml=document, certificate=own.certificate.public_bytes(Encoding.PEM).decode())
    assert told["holds"], told
    assert "Jürgen" in told["covered"][0]


@pytest.mark.parametrize("content", ["aes128-gcm", "aes256-gcm"])
@pytest.mark.parametrize("transport", ["rsa-oaep-mgf1p", "rsa-oaep-mgf1p-sha256", "rsa-oaep"])
def test_what_the_sandbox_encrypts_is_opened(oracles: Oracles, content: str, transport: str) -> None:
    text, key = made.assertion().decode(), made.key("ours")
    document = encryption.encrypted(text, key.public_key(), recipient=made.SP, content=content, transport=transport)
    assert oracles.ask("decrypt", xml=document, key=pem(key)) == {"xml": text}


TRANSPORTS = {
    "oaep of 1.0": (ENC + "rsa-oaep-mgf1p", "sha1", None),
    "oaep of 1.0, sha-256": (ENC + "rsa-oaep-mgf1p", "sha256", None),
    "oaep of 1.1": (ENC11 + "rsa-oaep", "sha256", "sha256"),
    "oaep of 1.1, two digests": (ENC11 + "rsa-oaep", "sha512", "sha1"),
    "oaep of 1.1, sha-512": (ENC11 + "rsa-oaep", "sha512", "sha512"),
}


def answered(oracles: Oracles, signature: str, content: str, transport: tuple[str, str, str | None]) -> bytes:
    """An answer whose assertion they signed and encrypted."""
    algorithm, digest, mask = transport
    signed = oracles.ask(
        "sign",
        xml=made.assertion().decode(),
        id=made.ASSERTION_ID,
        key=pem(made.key("idp")),
        algorithm=signature,
        digest=ENC + "sha256",
    )
    public = made.key("ours").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    options = {
        "rsa_pub": public,
        "pem": certificate(made.key("ours")),
        "encryptionAlgorithm": content,
        "keyEncryptionAlgorithm": algorithm,
        "keyEncryptionDigest": digest,
        "disallowEncryptionWithInsecureAlgorithm": False,
        "warnInsecureAlgorithm": False,
        **({"keyEncryptionMgf": mask} if mask else {}),
    }
    sealed = oracles.ask("encrypt", xml=signed["xml"], options=options)
    inner = f"<saml2:EncryptedAssertion>{sealed['xml']}</saml2:EncryptedAssertion>"
    return made.answer(made.response(inner.encode()))


@pytest.mark.parametrize("transport", TRANSPORTS.values(), ids=TRANSPORTS)
@pytest.mark.parametrize("content", [ENC11 + "aes128-gcm", ENC11 + "aes256-gcm"])
@pytest.mark.parametrize("signature", SIGNATURES)
def test_our_reader_takes_what_they_make(
    oracles: Oracles, signature: str, content: str, transport: tuple[str, str, str | None]
) -> None:
    assertion = read(answered(oracles, signature, content, transport), made.rules())
    assert {each.name: each.values for each in assertion.attributes}[made.NAME] == ("Jürgen",)


@pytest.mark.parametrize(
    ("content", "transport"),
    [(ENC + "aes256-cbc", ENC + "rsa-oaep-mgf1p"), (ENC11 + "aes256-gcm", ENC + "rsa-1_5")],
)
def test_our_reader_refuses_what_is_not_safe(oracles: Oracles, content: str, transport: str) -> None:
    with pytest.raises(ResponseRefused) as refused:
        read(answered(oracles, SIGNATURES[0], content, (transport, "sha1", None)), made.rules())
    assert refused.value.reason == "decryption_failed"
