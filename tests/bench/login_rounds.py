"""A round of logins at a broker: the portal that asks and the identity provider that answers, the same for each broker.

What they cost is not counted: only the broker's own processes are.
"""

from __future__ import annotations

import base64
import contextlib
import html
import json
import os
import re
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.sandbox.identity import assertion, encryption, keyring, names, xml_signature
from gateway.sandbox.identity.assertion import Statement
from gateway.sandbox.identity.attributes import SentAttribute

EIDAS = "http://eidas.europa.eu/attributes/naturalperson/"
PERSON = {
    EIDAS + "CurrentGivenName": "Ægir Ðuro",
    EIDAS + "CurrentFamilyName": "Müller-Łukasiewicz",
    "urn:oid:0.9.2342.19200300.100.1.3": "aegir@example.org",
}
IDP, SSO = "https://idp.example/metadata", "https://idp.example/sso"
STEPS = 12
_FIELD = re.compile(r'<input[^>]*name="(SAMLRequest|RelayState)"[^>]*value="([^"]*)"', re.IGNORECASE)
_SAID = re.compile(r'<(?:\w+:)?AuthnRequest[^>]*? ID="([^"]+)"')
_ADDRESS = re.compile(r'AssertionConsumerServiceURL="([^"]+)"')
_ISSUER = re.compile(r"<(?:\w+:)?Issuer[^>]*>([^<]+)</")


class IdentityProvider:
    """Signs the same person in whenever it is asked: signed with RSA-3072, encrypted with AES-256-GCM and RSA-OAEP."""

    def __init__(self) -> None:
        self.pair = keyring.make("bench", datetime.now(UTC))
        self.certificate = base64.b64encode(self.pair.certificate.public_bytes(Encoding.DER)).decode()

    def metadata(self) -> bytes:
        return (
            f'<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{IDP}">'
            f'<md:IDPSSODescriptor protocolSupportEnumeration="{names.PROTOCOL}"><md:KeyDescriptor use="signing">'
            f'<ds:KeyInfo xmlns:ds="{names.DS}"><ds:X509Data><ds:X509Certificate>{self.certificate}'
            "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor><md:SingleSignOnService"
            f' Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{SSO}"/>'
            "</md:IDPSSODescriptor></md:EntityDescriptor>"
        ).encode()

    def answer(self, request: str, to: rsa.RSAPublicKey) -> tuple[str, str]:
        """Where to post, and the field."""
        text = base64.b64decode(request).decode()
        asked, acs, issuer = (found[1] for found in (e.search(text) for e in (_SAID, _ADDRESS, _ISSUER)) if found)
        now, own = datetime.now(UTC), f"_{secrets.token_hex(16)}"
        said = Statement(
            id=own,
            issuer=IDP,
            at=now,
            name_id="person-1",
            name_id_format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
            audience=issuer,
            provider=issuer,
            recipient=acs,
            in_response_to=asked,
            address="192.0.2.7",
            session=f"_{secrets.token_hex(16)}",
            context="urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
            attribute_format="urn:oasis:names:tc:SAML:2.0:attrname-format:uri",
            attributes=[SentAttribute(name, value) for name, value in PERSON.items()],
        )
        signed = xml_signature.signed(assertion.assertion(said), own, self.pair, algorithm=names.RSA_SHA256)
        sealed = encryption.encrypted(signed, to, recipient=issuer, content="aes256-gcm", transport="rsa-oaep-mgf1p")
        about = {"message_id": f"_{secrets.token_hex(16)}", "issuer": IDP, "destination": acs}
        document = assertion.response(sealed, in_response_to=asked, at=now, **about)
        return acs, base64.b64encode(document.encode()).decode()


def encryption_key(metadata: bytes) -> rsa.RSAPublicKey:
    """The key that a service provider's metadata say to encrypt to."""
    found = re.search(rb'use="encryption".*?X509Certificate>([^<]+)<', metadata, re.DOTALL)
    assert found
    key = x509.load_der_x509_certificate(base64.b64decode(found[1])).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    return key


@dataclass(frozen=True)
class Broker:
    """A broker as a portal sees it. `more` skips its choice of identity providers."""

    issuer: str
    client: tuple[str, str]
    redirect_uri: str
    more: dict[str, str]
    seals_to: rsa.RSAPublicKey

    @property
    def discovery(self) -> dict[str, Any]:
        address = self.issuer + "/.well-known/openid-configuration"
        found: dict[str, Any] = httpx.get(address, trust_env=False, timeout=60).json()
        return found


def one_round(http: httpx.Client, broker: Broker, known: dict[str, Any], provider: IdentityProvider) -> None:
    """Authorize, SAML request, response with an encrypted assertion, code, token; a new browser each time."""
    http.cookies.clear()
    verifier = secrets.token_urlsafe(40)
    challenge = base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code",
        "client_id": broker.client[0],
        "redirect_uri": broker.redirect_uri,
        "scope": "openid profile email",
        "state": "s",
        "nonce": "n",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        **broker.more,
    }
    address, fields = f"{known['authorization_endpoint']}?{urlencode(asked)}", None
    for _ in range(STEPS):
        if address.startswith(broker.redirect_uri):
            break
        answer = http.request("GET" if fields is None else "POST", address, data=fields)
        for cookie in http.cookies.jar:
            cookie.secure = False  # loopback counts as secure
        if answer.has_redirect_location:
            address, fields = urljoin(address, answer.headers["Location"]), None
            continue
        form = {name: html.unescape(value) for name, value in _FIELD.findall(answer.text)}
        assert "SAMLRequest" in form, f"{answer.status_code} at {address}: {answer.text[:600]}"
        address, field = provider.answer(form["SAMLRequest"], broker.seals_to)
        fields = {"SAMLResponse": field, "RelayState": form["RelayState"]}
    code = httpx.URL(address).params["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": broker.redirect_uri}
    given = http.post(known["token_endpoint"], data={**form, "code_verifier": verifier}, auth=broker.client)
    assert given.status_code == 200, given.text
    part = given.json()["id_token"].split(".")[1]
    assert json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))["nonce"] == "n"


def rounds(broker: Broker, provider: IdentityProvider, count: int, at_once: int = 2) -> float:
    """So many rounds; the seconds that they took."""
    known = broker.discovery

    def some(number: int) -> None:
        with httpx.Client(trust_env=False, timeout=60) as http:
            for _ in range(number):
                one_round(http, broker, known, provider)

    began = time.perf_counter()
    with ThreadPoolExecutor(at_once) as threads:
        list(threads.map(some, [count // at_once] * at_once))
    return time.perf_counter() - began


def first_discovery(issuer: str, start: Callable[[], Any], seconds: float = 120) -> tuple[float, Any]:
    """Seconds from `start` to the first answered discovery, and what `start` gave."""
    began = time.perf_counter()
    started = start()
    with httpx.Client(trust_env=False, timeout=60) as http:
        while time.perf_counter() - began < seconds:
            try:
                if http.get(issuer + "/.well-known/openid-configuration").status_code == 200:
                    return time.perf_counter() - began, started
            except httpx.TransportError:
                time.sleep(0.01)
    raise AssertionError(issuer)


def family(root: int, without: int = 0) -> list[int]:
    """A process and its descendants, but for one of them and its own."""
    found, known = [], {root}
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            parents[int(stat.parent.name)] = int(stat.read_text().rsplit(")", 1)[1].split()[1])
    while known:
        found += known
        known = {child for child, parent in parents.items() if parent in known and child != without}
    return found


def cpu_s(root: int, without: int = 0) -> float:
    """Processor time of such a family, with those that have ended."""
    total = 0
    for pid in family(root, without):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            total += sum(map(int, fields[11:15]))
    return total / os.sysconf("SC_CLK_TCK")


def pss_mb(root: int, without: int = 0) -> float:
    """Resident memory of such a family; what is shared is divided among those that share it."""
    total = 0
    for pid in family(root, without):
        with contextlib.suppress(OSError):
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            found = re.search(r"^Pss:\s+(\d+)", rollup, re.MULTILINE)
            total += int(found[1]) if found else 0
    return total / 1024
