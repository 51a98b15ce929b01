"""Service providers by their metadata, held to BundID's rules for these.

Knows: entity id, addresses for answers, keys for signatures and encryption. Never does: fetch anything.
Standard: SAML 2.0 metadata §2.4; BundID interface 10.2 §7.2. Start reading: `read`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

from gateway.sandbox.identity import names
from gateway.sandbox.identity.refusals import MetadataRefused
from gateway.xoev.xml.strict_xml import XmlLimits, canonical, parse

_MD: Final = f"{{{names.METADATA}}}"
_DS: Final = f"{{{names.DS}}}"
_LIMITS: Final = XmlLimits(size=1 << 20)
_LEAST_BITS: Final = 2048
_HERE: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class ServiceProvider:
    """One service provider. `answers_to` are its addresses for answers, the default one first."""

    entity_id: str
    answers_to: tuple[str, ...]
    signing: tuple[rsa.RSAPublicKey, ...]
    encryption: tuple[rsa.RSAPublicKey, ...]

    @property
    def host(self) -> str:
        """The host of the entity id, on which every pseudonym depends."""
        return urlsplit(self.entity_id).hostname or ""


def read(metadata: bytes) -> ServiceProvider:
    """The service provider that the metadata describe. Raises `MetadataRefused` with every rule that is broken."""
    came = parse(metadata, _LIMITS).root
    root = None if came is None else parse(canonical(came), _LIMITS).root  # without comments, which cut texts short
    role = None if root is None else root.find(f"{_MD}SPSSODescriptor")
    if root is None or root.tag != f"{_MD}EntityDescriptor" or role is None:
        raise MetadataRefused("metadata-unreadable")
    entity_id = root.get("entityID", "")
    answers_to = _addresses(role)
    signing, encryption = _keys(role, "signing"), _keys(role, "encryption")
    kept = {
        "metadata-valid-until": root.get("validUntil") is None and role.get("validUntil") is None,
        "metadata-id": root.get("ID") is None and role.get("ID") is None,
        "metadata-entity-id": _is_entity_id(entity_id),
        "metadata-acs": bool(answers_to) and all(map(_may_be_answered, answers_to)),
        "metadata-keys": bool(signing and encryption),
    }
    broken = [code for code, holds in kept.items() if not holds]
    if broken:
        raise MetadataRefused(*broken)
    return ServiceProvider(entity_id, answers_to, signing, encryption)


def _is_entity_id(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme == "https" and bool(parts.hostname) and parts.port is None and "@" not in parts.netloc
    except ValueError:
        return False


def _may_be_answered(address: str) -> bool:
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and host in _HERE))


def _addresses(role: etree._Element) -> tuple[str, ...]:
    """Addresses that take answers by HTTP-POST, the default one first."""
    services = [
        service for service in role.findall(f"{_MD}AssertionConsumerService") if service.get("Binding") == names.POST
    ]
    services.sort(key=lambda service: service.get("isDefault") not in {"true", "1"})
    return tuple(service.get("Location", "") for service in services)


def _keys(role: etree._Element, use: str) -> tuple[rsa.RSAPublicKey, ...]:
    """The keys for `use`; a key without `use` is for both."""
    described = [key for key in role.findall(f"{_MD}KeyDescriptor") if key.get("use", use) == use]
    texts = [text.text for key in described for text in key.iter(f"{_DS}X509Certificate")]
    return tuple(key for key in map(_key, texts) if key is not None)


def _key(text: str | None) -> rsa.RSAPublicKey | None:
    try:
        der = base64.b64decode("".join((text or "").split()), validate=True)
        key = x509.load_der_x509_certificate(der).public_key()
    except (ValueError, binascii.Error):
        return None
    return key if isinstance(key, rsa.RSAPublicKey) and key.key_size >= _LEAST_BITS else None


def named(providers: Sequence[ServiceProvider], entity_id: str) -> ServiceProvider | None:
    """The provider of this entity id."""
    return next((provider for provider in providers if provider.entity_id == entity_id), None)
