"""Metadata of an identity provider: where its logins begin, and which keys its signatures are verified with.

Knows: which keys count (those for signing and those without a use, never those for encryption), and when a fetched
document may take the place of the one that is pinned. Never does: fetch, trust a signature of the document itself.
Standard: SAML 2.0 metadata §2.4. Start reading: `read_idp_metadata`, then `Pinned`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree

from gateway.bundid import names
from gateway.xoev.xml import strict_xml
from gateway.xoev.xml.strict_xml import XmlLimits

LIMITS: Final = XmlLimits(size=1 << 20, depth=32)
LEAST_BITS: Final = 2048
MOST_BITS: Final = 16_384
KEYS_MOST: Final = 20
ADDRESS_MOST: Final = 2000
ENTITY_ID_MOST: Final = 1024
_NS: Final = {"md": names.METADATA, "ds": names.DSIG}
_BINDINGS: Final = {names.HTTP_POST: "post", names.HTTP_REDIRECT: "redirect"}


class MetadataUnfit(Exception):
    """A document is no metadata that can be used; `reason` is a slug of a closed list (`REASONS`)."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


REASONS: Final[Mapping[str, tuple[str, str]]] = {
    "xml": (
        "Das ist kein XML in UTF-8 ohne DOCTYPE (höchstens 1 MB).",
        "This is no XML in UTF-8 without DOCTYPE (1 MB at most).",
    ),
    "no_identity_provider": (
        "Darin steht nicht genau ein Identitätsanbieter (EntityDescriptor mit IDPSSODescriptor für SAML 2.0).",
        "It does not hold exactly one identity provider (EntityDescriptor with IDPSSODescriptor for SAML 2.0).",
    ),
    "entity_id": ("Die entityID fehlt oder ist zu lang.", "The entityID is missing or too long."),
    "key": (
        "Ein Schlüssel ist nicht lesbar, kein RSA oder hat nicht 2048 bis 16384 Bit.",
        "A key cannot be read, is no RSA or does not have 2048 to 16384 bits.",
    ),
    "no_signing_key": ("Kein Schlüssel darin ist zum Signieren.", "None of its keys is for signing."),
    "no_address": (
        "Keine Adresse für die Anmeldung per HTTP-POST oder HTTP-Redirect steht darin.",
        "It holds no address for a login by HTTP-POST or HTTP-Redirect.",
    ),
    "valid_until": ("validUntil ist kein Zeitpunkt.", "validUntil is no time."),
}


@dataclass(frozen=True, slots=True)
class IdpKey:
    """A key that an identity provider signs with. `digest` is the SHA-256 of its SubjectPublicKeyInfo, in hex."""

    key: rsa.RSAPublicKey = field(repr=False)
    digest: str
    not_after: datetime | None


@dataclass(frozen=True, slots=True)
class IdpMetadata:
    """What metadata say. `addresses` are those of logins by binding (`post`, `redirect`)."""

    entity_id: str
    addresses: Mapping[str, str]
    keys: tuple[IdpKey, ...]
    valid_until: datetime | None = None

    @property
    def digests(self) -> frozenset[str]:
        """The digests of its keys."""
        return frozenset(key.digest for key in self.keys)


@dataclass(frozen=True, slots=True)
class MetadataChanges:
    """What another document of the same identity provider says differently; keys by their digests."""

    entity_id: bool
    addresses: bool
    added: frozenset[str]
    removed: frozenset[str]


def read_idp_metadata(document: bytes) -> IdpMetadata:
    """What the document says. Raises `MetadataUnfit`.

    A signature over it is not looked at: what is trusted is the file that the operator laid down, or the pinned keys.
    """
    root = _root(document)
    entity, role = _identity_provider(root)
    entity_id = entity.get("entityID", "")
    if not 0 < len(entity_id) <= ENTITY_ID_MOST or entity_id != entity_id.strip():
        raise MetadataUnfit("entity_id")
    keys: dict[str, IdpKey] = {}
    for descriptor in role.iterfind("md:KeyDescriptor", _NS):
        if descriptor.get("use") in {None, "signing"}:
            key = _key(descriptor)
            keys.setdefault(key.digest, key)
    if not keys:
        raise MetadataUnfit("no_signing_key")
    if len(keys) > KEYS_MOST:
        raise MetadataUnfit("key")
    addresses = _addresses(role)
    if not addresses:
        raise MetadataUnfit("no_address")
    ends = [end for element in (root, entity, role) for end in _valid_until(element)]
    return IdpMetadata(entity_id, addresses, tuple(keys.values()), min(ends, default=None))


def _root(document: bytes) -> etree._Element:
    """The root, read once more without comments, which would cut texts short."""
    read = strict_xml.parse(document, LIMITS).root
    try:
        root = strict_xml.parse(strict_xml.canonical(read), LIMITS).root if read is not None else None
    except etree.C14NError:  # relative namespaces have no canonical form
        root = None
    if root is None:
        raise MetadataUnfit("xml")
    return root


def _identity_provider(root: etree._Element) -> tuple[etree._Element, etree._Element]:
    entities = [root] if root.tag == _md("EntityDescriptor") else []
    if root.tag == _md("EntitiesDescriptor"):
        entities = root.findall("md:EntityDescriptor", _NS)
    roles = [
        (entity, role)
        for entity in entities
        for role in entity.iterfind("md:IDPSSODescriptor", _NS)
        if names.PROTOCOL in role.get("protocolSupportEnumeration", "").split()
    ]
    if len(roles) != 1:
        raise MetadataUnfit("no_identity_provider")
    return roles[0]


def _key(descriptor: etree._Element) -> IdpKey:
    """The key of a descriptor: its first certificate, what follows are issuers; or a bare RSA key."""
    certificate = descriptor.find("ds:KeyInfo/ds:X509Data/ds:X509Certificate", _NS)
    bare = descriptor.find("ds:KeyInfo/ds:KeyValue/ds:RSAKeyValue", _NS)
    try:
        if certificate is not None:
            held = x509.load_der_x509_certificate(_base64(certificate))
            key, until = held.public_key(), held.not_valid_after_utc
        elif bare is not None:
            modulus, exponent = (
                int.from_bytes(_base64(part), "big")
                for name in ("Modulus", "Exponent")
                for part in bare.findall(f"ds:{name}", _NS)
            )
            key, until = rsa.RSAPublicNumbers(exponent, modulus).public_key(), None
        else:
            raise MetadataUnfit("key")
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion):
        raise MetadataUnfit("key") from None
    if not isinstance(key, rsa.RSAPublicKey) or not LEAST_BITS <= key.key_size <= MOST_BITS:
        raise MetadataUnfit("key")
    info = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return IdpKey(key, hashlib.sha256(info).hexdigest(), until)


def _base64(element: etree._Element) -> bytes:
    try:
        return base64.b64decode("".join((element.text or "").split()), validate=True)
    except binascii.Error as error:
        raise ValueError from error


def _addresses(role: etree._Element) -> dict[str, str]:
    by_binding: dict[str, str] = {}
    for service in role.iterfind("md:SingleSignOnService", _NS):
        binding = _BINDINGS.get(service.get("Binding", ""))
        address = service.get("Location", "").strip()
        if binding is not None and _is_address(address):
            by_binding.setdefault(binding, address)
    return by_binding


def _is_address(text: str) -> bool:
    """An address that a browser may be sent to; scheme and host are judged again where production is."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    sound = parts.scheme in {"https", "http"} and bool(parts.hostname) and "@" not in parts.netloc
    return sound and not parts.fragment and len(text) <= ADDRESS_MOST and text.isascii() and text.isprintable()


def _valid_until(element: etree._Element) -> Iterator[datetime]:
    text = element.get("validUntil")
    if text is None:
        return
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise MetadataUnfit("valid_until") from None
    yield at if at.tzinfo else at.replace(tzinfo=UTC)


def compared(before: IdpMetadata, after: IdpMetadata) -> MetadataChanges:
    """What a document says differently than that before."""
    return MetadataChanges(
        entity_id=before.entity_id != after.entity_id,
        addresses=dict(before.addresses) != dict(after.addresses),
        added=after.digests - before.digests,
        removed=before.digests - after.digests,
    )


@dataclass(frozen=True, slots=True)
class Pinned:
    """The document that counts, and the keys that the operator named (`trusted`; empty: those of the document)."""

    metadata: IdpMetadata
    trusted: frozenset[str] = frozenset()

    @property
    def keys(self) -> tuple[IdpKey, ...]:
        """The keys that signatures are verified with."""
        return tuple(key for key in self.metadata.keys if not self.trusted or key.digest in self.trusted)

    def refused(self, fetched: IdpMetadata, now: datetime) -> str | None:
        """Why a fetched document does not take the place of this one; None: it does.

        Without keys that the operator named, one that brings another key or lacks one is refused: no fetch changes what
        is trusted. `other_keys` is told, so that the operator names the new key in time.
        """
        changes = compared(self.metadata, fetched)
        rules = {
            "other_entity_id": changes.entity_id,
            "expired": fetched.valid_until is not None and fetched.valid_until <= now,
            "no_trusted_key": bool(self.trusted) and not self.trusted & fetched.digests,
            "other_keys": not self.trusted and bool(changes.added | changes.removed),
            "other_host": any(
                _door(address) not in set(map(_door, self.metadata.addresses.values()))
                for address in fetched.addresses.values()
            ),
        }
        return next((rule for rule, broken in rules.items() if broken), None)


def _door(address: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(address)
    return parts.scheme, parts.hostname, parts.port


def _md(name: str) -> str:
    return f"{{{names.METADATA}}}{name}"
