"""A service provider that shares no code with the sandbox: signs with signxml, decrypts with cryptography alone."""

from __future__ import annotations

import base64
import html.parser
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml import DigestAlgorithm, SignatureConfiguration, SignatureMethod, XMLSigner, XMLVerifier

if TYPE_CHECKING:
    import httpx

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
BASE = "http://127.0.0.1:1"
ENTITY = "https://login.tangerhuette.example/saml"
ACS = "http://localhost:8080/saml/tangerhuette/bundid/acs"
NS = {
    "p": "urn:oasis:names:tc:SAML:2.0:protocol",
    "a": "urn:oasis:names:tc:SAML:2.0:assertion",
    "d": "http://www.w3.org/2000/09/xmldsig#",
    "x": "http://www.w3.org/2001/04/xmlenc#",
    "akdb": "https://www.akdb.de/request/2018/09",
    "ekona": "http://www.elster.de/schema/ekona/saml/extensions",
}
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
BPK2, SURNAME, GIVEN_NAME = "urn:oid:1.3.6.1.4.1.25484.494450.3", "urn:oid:2.5.4.4", "urn:oid:2.5.4.42"
MAIL, BIRTHDATE = "urn:oid:0.9.2342.19200300.100.1.3", "urn:oid:1.2.40.0.10.2.1.1.55"
MAILBOX, LEVEL = "urn:oid:2.5.4.18", "urn:oid:1.2.40.0.10.2.1.1.261.94"
PROVED_BY = "urn:oid:1.3.6.1.4.1.25484.494450.2"
ASKED = dict.fromkeys((BPK2, MAILBOX, SURNAME, GIVEN_NAME, MAIL, BIRTHDATE, LEVEL, PROVED_BY), "false")


class Forms(html.parser.HTMLParser):
    """The forms of a page, as a browser without scripts has them: fields, radio choices, buttons."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.action, self.fields = "", {}
        self.choices: dict[str, list[str]] = {}
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = found["action"]
        elif tag == "a":
            self.links.append(found["href"])
        elif tag == "input" and found["type"] == "hidden":
            self.fields[found["name"]] = found["value"]
        elif found.get("name") and tag in {"input", "button"}:
            self.choices.setdefault(found["name"], []).append(found["value"])


def extension(attributes: dict[str, str] | None = None, **more: str) -> str:
    """BundID's extension, as its sample has it."""
    asked = "".join(
        f'<akdb:RequestedAttribute Name="{name}" RequiredAttribute="{required}"/>'
        for name, required in (ASKED if attributes is None else attributes).items()
    )
    shown = {"OrganizationDisplayName": "Stadt Tangerhütte", "Lang": "de", "OnlineServiceId": "BMI-A0001", **more}
    inner = "".join(f"<ui:{name}>{text}</ui:{name}>" for name, text in shown.items() if text)
    methods = "".join(f"<akdb:{m}><akdb:Enabled>true</akdb:Enabled></akdb:{m}>" for m in METHODS)
    return (
        f'<p:Extensions><akdb:AuthenticationRequest xmlns:akdb="{NS["akdb"]}" Version="2" EnableStatusDetail="true">'
        f"<akdb:AuthnMethods>{methods}</akdb:AuthnMethods>"
        f"<akdb:RequestedAttributes>{asked}</akdb:RequestedAttributes><akdb:DisplayInformation>"
        f'<ui:Version xmlns:ui="https://www.akdb.de/request/2018/09/classic-ui/v1">{inner}</ui:Version>'
        "</akdb:DisplayInformation></akdb:AuthenticationRequest></p:Extensions>"
    )


METHODS = ("Benutzername", "eID", "eIDAS", "Elster", "FINK")


@dataclass
class ServiceProviderPeer:
    """A service provider over HTTP."""

    http: httpx.AsyncClient
    admin: str
    key: rsa.RSAPrivateKey
    certificate: x509.Certificate
    idp_certificates: dict[str, x509.Certificate]
    entity: str = ENTITY
    acs: str = ACS
    counted: int = 0
    now: datetime = field(default=START)

    def metadata(self) -> str:
        text = base64.encodebytes(self.certificate.public_bytes(serialization.Encoding.DER)).decode()
        keys = "".join(
            f'<md:KeyDescriptor use="{use}"><ds:KeyInfo xmlns:ds="{NS["d"]}"><ds:X509Data><ds:X509Certificate>{text}'
            "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
            for use in ("signing", "encryption")
        )
        return (
            f'<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{self.entity}">'
            f'<md:SPSSODescriptor protocolSupportEnumeration="{NS["p"]}">{keys}<md:AssertionConsumerService'
            f' Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{self.acs}" index="0"/>'
            "</md:SPSSODescriptor></md:EntityDescriptor>"
        )

    async def introduce(self, metadata: str | None = None) -> httpx.Response:
        content = (metadata or self.metadata()).encode()
        return await self.http.post(f"{self.admin}/service-providers", content=content)

    async def order(self, path: str, body: dict[str, Any]) -> httpx.Response:
        answer = await self.http.post(self.admin + path, json=body)
        assert answer.status_code < 300, answer.text
        return answer

    def xml(self, *, level: int = 3, path: str = "/idp/profile/SAML2/POST/SSO", inner: str | None = None) -> str:
        """A request without signature that keeps every rule; tests spoil it by replacing a piece."""
        self.counted += 1
        at = self.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return (
            f'<p:AuthnRequest xmlns:p="{NS["p"]}" xmlns:a="{NS["a"]}" ID="_{self.counted:040x}" Version="2.0"'
            f' IssueInstant="{at}" ForceAuthn="true" IsPassive="false" Destination="{BASE}{path}"'
            ' ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"'
            f' AssertionConsumerServiceURL="{self.acs}"><a:Issuer>{self.entity}</a:Issuer>'
            f"{extension() if inner is None else inner}"
            '<p:RequestedAuthnContext Comparison="minimum"><a:AuthnContextClassRef>'
            f"STORK-QAA-Level-{level}</a:AuthnContextClassRef></p:RequestedAuthnContext></p:AuthnRequest>"
        )

    def signed(
        self,
        xml: str,
        *,
        key: rsa.RSAPrivateKey | None = None,
        **how: Any,
    ) -> bytes:
        placeholder = f'</a:Issuer><ds:Signature xmlns:ds="{NS["d"]}" Id="placeholder"/>'
        root = etree.fromstring(xml.replace("</a:Issuer>", placeholder, 1).encode())
        settings = {
            "signature_algorithm": SignatureMethod.RSA_SHA256,
            "digest_algorithm": DigestAlgorithm.SHA256,
            "c14n_algorithm": "http://www.w3.org/2001/10/xml-exc-c14n#",
            **how,
        }
        done = XMLSigner(**settings).sign(
            root, key=key or self.key, cert=[self.certificate], reference_uri=root.get("ID"), id_attribute="ID"
        )
        return etree.tostring(done)

    async def post(
        self, xml: bytes | str, relay_state: str | None = "handle", path: str = "/idp/profile/SAML2/POST/SSO"
    ) -> httpx.Response:
        content = self.signed(xml) if isinstance(xml, str) else xml
        form = {"SAMLRequest": base64.b64encode(content).decode()}
        return await self.http.post(path, data=form | ({"RelayState": relay_state} if relay_state else {}))

    def query(
        self, xml: str | bytes, relay_state: str = "handle", key: rsa.RSAPrivateKey | None = None, tail: bytes = b""
    ) -> str:
        """A signed query; `tail` follows the compressed request."""
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        document = xml.encode() if isinstance(xml, str) else xml
        packed = base64.b64encode(packer.compress(document) + packer.flush() + tail).decode()
        query = urlencode({"SAMLRequest": packed, "RelayState": relay_state, "SigAlg": RSA_SHA256})
        value = (key or self.key).sign(query.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{query}&Signature={quote(base64.b64encode(value).decode(), safe='')}"

    async def logged_in(self, person: str, level: str, xml: str | None = None, **where: str) -> Answered:
        """Order a login, ask for it, read the answer."""
        await self.order("/login", {"person": person, "level": level})
        return self.answered(await self.post(xml or self.xml(), **where))

    def answered(self, page: httpx.Response) -> Answered:
        assert page.status_code == 200, page.text
        forms = Forms(page.text)
        root = etree.fromstring(base64.b64decode(forms.fields["SAMLResponse"]))
        return Answered(forms.action, forms.fields.get("RelayState"), root, self)


@dataclass
class Answered:
    """An answer as the browser brings it."""

    action: str
    relay_state: str | None
    root: etree._Element
    peer: ServiceProviderPeer

    @property
    def status(self) -> list[str]:
        return [each.get("Value").rpartition(":")[2] for each in self.root.iterfind(".//p:StatusCode", NS)]

    def plain(self) -> bytes:
        """The one assertion, decrypted where it is encrypted; the bytes as they were encrypted."""
        found = self.root.find("a:EncryptedAssertion", NS)
        return (
            decrypted(found, self.peer.key) if found is not None else etree.tostring(self.root.find("a:Assertion", NS))
        )

    def assertion(self, profile: str = "bundid") -> etree._Element:
        """The assertion from its signed bytes."""
        return verified(self.plain(), self.peer.idp_certificates[profile])

    def values(self, profile: str = "bundid") -> dict[str, str | None]:
        found = self.assertion(profile).iterfind(".//a:Attribute", NS)
        return {each.get("Name"): each.findtext("a:AttributeValue", None, NS) for each in found}


def verified(data: bytes, certificate: x509.Certificate) -> etree._Element:
    """What the signature of the root covers. Raises `signxml.InvalidSignature`."""
    config = SignatureConfiguration(
        location="./",
        expect_references=1,
        signature_methods=frozenset({SignatureMethod.RSA_SHA256, SignatureMethod.SHA256_RSA_MGF1}),
        digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
    )
    done = XMLVerifier().verify(
        data, x509_cert=certificate, expect_config=config, id_attribute="ID", verification_time=START
    )
    return done.signed_xml


def decrypted(element: etree._Element, key: rsa.RSAPrivateKey) -> bytes:
    """The content of an `EncryptedAssertion`."""
    data = element.find("x:EncryptedData", NS)
    wrapped = data.find(".//x:EncryptedKey", NS)
    content = data.find("x:EncryptionMethod", NS).get("Algorithm")
    method = wrapped.find("x:EncryptionMethod", NS)
    secret = key.decrypt(_octets(wrapped), _transport(method))
    cipher = _octets(data)
    if content.endswith("-gcm"):
        return AESGCM(secret).decrypt(cipher[:12], cipher[12:], None)
    work = Cipher(algorithms.AES(secret), modes.CBC(cipher[:16])).decryptor()
    plain = work.update(cipher[16:]) + work.finalize()
    return plain[: -plain[-1]]


def _transport(method: etree._Element) -> padding.AsymmetricPadding:
    name = method.get("Algorithm").rpartition("#")[2]
    if name == "rsa-1_5":
        return padding.PKCS1v15()
    sha256 = method.find("d:DigestMethod", NS).get("Algorithm").endswith("sha256")
    digest = hashes.SHA256() if sha256 else hashes.SHA1()
    return padding.OAEP(padding.MGF1(hashes.SHA256() if name == "rsa-oaep" else hashes.SHA1()), digest, None)


def _octets(element: etree._Element) -> bytes:
    return base64.b64decode(element.findtext("x:CipherData/x:CipherValue", None, NS))


def certificate(key: rsa.RSAPrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "service provider")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(START - timedelta(days=1))
        .not_valid_after(START + timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
