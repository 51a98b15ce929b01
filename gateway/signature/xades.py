"""Signatures in XML: XAdES at level B-B, detached over bytes or enveloped in the document.

Knows: the elements of XML Signature and XAdES that a B-B signature has, and nothing of others. Never does: canonicalise
what a detached signature covers (it covers the bytes as they are), sign with a key value or without a certificate.
Standards: ETSI EN 319 132-1 V1.3.1 §5.2 (signed properties) and §6.3 (B-B), XML Signature 1.1 §4 and §6.6.4,
Exclusive C14N 1.0. Start reading: `detached`, then `enveloped`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import pybase64
from cryptography.hazmat.primitives import hashes
from lxml import etree

from gateway.errors import CryptoFailure
from gateway.signature.identity import SigningIdentity
from gateway.signature.mechanism import Mechanism
from gateway.signature.signer import Signer
from gateway.xoev.xml.strict_xml import canonical

DS: Final = "http://www.w3.org/2000/09/xmldsig#"
XADES: Final = "http://uri.etsi.org/01903/v1.3.2#"
SIGNED_PROPERTIES: Final = "http://uri.etsi.org/01903#SignedProperties"
EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED: Final = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
SHA512: Final = "http://www.w3.org/2001/04/xmlenc#sha512"
DOCUMENT_URI: Final = "document.xml"
"""How a detached signature names what it signs; the receiver has it at hand as the data of the submission."""
SIGNATURE: Final = f"{{{DS}}}Signature"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a signature says of itself: `at` (aware, whole seconds), `id` (unique in any document), `media_type`."""

    at: datetime
    id: UUID
    media_type: str


def detached(signer: Signer, how: Mechanism, content: bytes, claim: Claim) -> bytes:
    """A `ds:Signature` of its own whose one data reference is the digest of exactly `content`."""
    signature = _frame(signer.identity, claim)
    data = _reference(signature[0], _digest(content), {"Id": f"{_id(claim)}-document", "URI": DOCUMENT_URI})
    _finish(signer, how, signature, data, claim)
    return canonical(signature)


def enveloped(signer: Signer, how: Mechanism, root: etree._Element, claim: Claim) -> None:
    """Sign the document of `root` and put the signature into it as the last child of `root`.

    The document holds no comments and processing instructions outside `root`; they would be signed unseen.
    """
    covered = canonical(root)
    signature = _frame(signer.identity, claim)
    attributes = {"Id": f"{_id(claim)}-document", "URI": ""}
    data = _reference(signature[0], _digest(covered), attributes, ENVELOPED, EXCLUSIVE)
    root.append(signature)
    _finish(signer, how, signature, data, claim)


def _frame(identity: SigningIdentity, claim: Claim) -> etree._Element:
    """`ds:Signature` with an empty `ds:SignedInfo`, an empty value and the certificates."""
    if not identity.chain:
        raise CryptoFailure
    signature = etree.Element(SIGNATURE, nsmap={"ds": DS}, Id=_id(claim))
    _ds(signature, "SignedInfo")
    _ds(signature, "SignatureValue", Id=f"{_id(claim)}-value")
    data = _ds(_ds(signature, "KeyInfo"), "X509Data")
    for certificate in identity.x5c:
        _ds(data, "X509Certificate").text = certificate
    return signature


def _finish(signer: Signer, how: Mechanism, signature: etree._Element, data: etree._Element, claim: Claim) -> None:
    """Add the signed properties, refer to them, and sign what is referred to."""
    if how.xml is None:
        raise CryptoFailure
    info, value = signature[0], signature[1]
    properties = _properties(signature, signer.identity, claim, f"#{data.get('Id')}")
    attributes = {"Type": SIGNED_PROPERTIES, "URI": f"#{properties.get('Id')}"}
    _reference(info, _digest(canonical(properties)), attributes, EXCLUSIVE)
    info.insert(0, _ds(info, "CanonicalizationMethod", Algorithm=EXCLUSIVE))
    info.insert(1, _ds(info, "SignatureMethod", Algorithm=how.xml))
    value.text = pybase64.b64encode_as_string(signer.sign(how, canonical(info)))


def _reference(info: etree._Element, digest: str, attributes: dict[str, str], *transforms: str) -> etree._Element:
    reference = _ds(info, "Reference", **attributes)
    if transforms:
        under = _ds(reference, "Transforms")
        for algorithm in transforms:
            _ds(under, "Transform", Algorithm=algorithm)
    _ds(reference, "DigestMethod", Algorithm=SHA512)
    _ds(reference, "DigestValue").text = digest
    return reference


def _properties(signature: etree._Element, identity: SigningIdentity, claim: Claim, data: str) -> etree._Element:
    qualifying = etree.SubElement(
        _ds(signature, "Object"), f"{{{XADES}}}QualifyingProperties", nsmap={"xades": XADES}, Target=f"#{_id(claim)}"
    )
    properties = _xades(qualifying, "SignedProperties", Id=f"{_id(claim)}-properties")
    of_signature = _xades(properties, "SignedSignatureProperties")
    _xades(of_signature, "SigningTime").text = claim.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    certificate = _xades(_xades(_xades(of_signature, "SigningCertificateV2"), "Cert"), "CertDigest")
    _ds(certificate, "DigestMethod", Algorithm=SHA512)
    fingerprint = identity.chain[0].fingerprint(hashes.SHA512())
    _ds(certificate, "DigestValue").text = pybase64.b64encode_as_string(fingerprint)
    of_data = _xades(properties, "SignedDataObjectProperties")
    kind = _xades(of_data, "DataObjectFormat", ObjectReference=data)
    _xades(kind, "MimeType").text = claim.media_type
    return properties


def _digest(content: bytes) -> str:
    return pybase64.b64encode_as_string(hashlib.sha512(content).digest())


def _id(claim: Claim) -> str:
    return f"signature-{claim.id}"


def _ds(parent: etree._Element, name: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{DS}}}{name}", attributes)


def _xades(parent: etree._Element, name: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{XADES}}}{name}", attributes)
