"""Key pairs and metadata of identity providers for the tests of this room."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from gateway.bundid import names
from gateway.bundid.keys import KeyPair

NOW = datetime(2026, 11, 30, 10, 0, 0, 123000, tzinfo=UTC)
IDP = "https://idp.example/idp"


def certified(key: rsa.RSAPrivateKey, until: datetime = NOW + timedelta(days=700)) -> KeyPair:
    """The key with a certificate that it signed itself."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "login.town.example")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(4711)
        .not_valid_before(until - timedelta(days=730))
        .not_valid_after(until)
        .sign(key, hashes.SHA256())
    )
    return KeyPair(key, made)


def key_pem(pair: KeyPair) -> bytes:
    return pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def certificate_pem(pair: KeyPair) -> bytes:
    return pair.certificate.public_bytes(Encoding.PEM)


def key_descriptor(pair: KeyPair, use: str | None = "signing") -> str:
    """A KeyDescriptor of metadata with the pair's certificate."""
    der = base64.b64encode(pair.certificate.public_bytes(Encoding.DER)).decode()
    said = f' use="{use}"' if use else ""
    inner = f"<ds:X509Data><ds:X509Certificate>\n{der}\n</ds:X509Certificate></ds:X509Data>"
    return f"<md:KeyDescriptor{said}><ds:KeyInfo>{inner}</ds:KeyInfo></md:KeyDescriptor>"


def idp_metadata(*descriptors: str, entity_id: str = IDP, host: str = "https://idp.example", root: str = "") -> bytes:
    """Metadata of an identity provider with these KeyDescriptors; `root` are attributes of its root."""
    services = "".join(
        f'<md:SingleSignOnService Binding="{binding}" Location="{host}/{name}/SSO"/>'
        for binding, name in ((names.HTTP_REDIRECT, "Redirect"), (names.HTTP_POST, "POST"))
    )
    return (
        f'<md:EntityDescriptor xmlns:md="{names.METADATA}" xmlns:ds="{names.DSIG}" entityID="{entity_id}" {root}>'
        f'<md:IDPSSODescriptor protocolSupportEnumeration="{names.PROTOCOL}">{"".join(descriptors)}{services}'
        "</md:IDPSSODescriptor></md:EntityDescriptor>"
    ).encode()
