"""Our metadata as a service provider: what is uploaded at an identity provider before anybody logs in.

Knows: BundID's rules for it (no `validUntil`, no `ID`, no algorithms, entityID https without port). Never does: read
metadata of others (`idp_metadata` does). Standard: SAML 2.0 metadata §2.4.4; BundID interface 10.2 §7.2.
Start reading: `service_provider_metadata`.
"""

from __future__ import annotations

import base64

from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from gateway.bundid import names
from gateway.bundid.keys import KeyPair, ProviderKeys


def service_provider_metadata(
    entity_id: str, acs_url: str, keys: ProviderKeys, *, signed_assertions: bool = True
) -> bytes:
    """Our metadata; the same bytes for the same arguments. Of a roll-over both pairs are shown, that in use first."""
    root = etree.Element(_md("EntityDescriptor"), {"entityID": entity_id}, nsmap={"md": names.METADATA})
    role = etree.SubElement(
        root,
        _md("SPSSODescriptor"),
        {
            "AuthnRequestsSigned": "true",
            "WantAssertionsSigned": "true" if signed_assertions else "false",
            "protocolSupportEnumeration": names.PROTOCOL,
        },
    )
    for use, pairs in (
        ("signing", (keys.signing, keys.next_signing)),
        ("encryption", (keys.encryption, keys.next_encryption)),
    ):
        for pair in pairs:
            if pair is not None:
                _key(role, use, pair)
    acs = {"Binding": names.HTTP_POST, "Location": acs_url, "index": "0", "isDefault": "true"}
    etree.SubElement(role, _md("AssertionConsumerService"), acs)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _key(role: etree._Element, use: str, pair: KeyPair) -> None:
    descriptor = etree.SubElement(role, _md("KeyDescriptor"), use=use)
    info = etree.SubElement(descriptor, _ds("KeyInfo"), nsmap={"ds": names.DSIG})
    held = etree.SubElement(etree.SubElement(info, _ds("X509Data")), _ds("X509Certificate"))
    held.text = base64.b64encode(pair.certificate.public_bytes(Encoding.DER)).decode()


def _md(name: str) -> str:
    return f"{{{names.METADATA}}}{name}"


def _ds(name: str) -> str:
    return f"{{{names.DSIG}}}{name}"
