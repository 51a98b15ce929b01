"""XAdES-B-B signatures as a strict receiver checks them: form first, then by a library that did not make them.

Knows: what a B-B signature over one document holds, element by element; everything else is refused before a digest is
computed, so that no second signature, reference, transform or doubled id can point the check at something else.
The library is signxml. Never does: apply XPath or XSLT, resolve an address, or judge a trust list.
Standards: ETSI EN 319 132-1 §6.3, XML Signature 1.1, XML Signature Best Practices §2. Start reading: `check`.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from gateway.sandbox.fitconnect import certificate
from gateway.sandbox.fitconnect.certificate import Refused, require
from gateway.xoev.xml import strict_xml

_DS: Final = "{http://www.w3.org/2000/09/xmldsig#}"
_XADES: Final = "{http://uri.etsi.org/01903/v1.3.2#}"
_PROPERTIES: Final = "http://uri.etsi.org/01903#SignedProperties"
_EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
_ENVELOPED: Final = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
_MORE: Final = "http://www.w3.org/2001/04/xmldsig-more#"
_METHODS: Final = frozenset(f"{_MORE}{kind}-sha{bits}" for kind in ("rsa", "ecdsa") for bits in (256, 384, 512))
_DIGESTS: Final = {
    "http://www.w3.org/2001/04/xmlenc#sha256": hashlib.sha256,
    f"{_MORE}sha384": hashlib.sha384,
    "http://www.w3.org/2001/04/xmlenc#sha512": hashlib.sha512,
}
_IDS: Final = frozenset({"id", "{http://www.w3.org/XML/1998/namespace}id"})
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class _Form:
    """A signature whose form is right: what the digests and the value have to be checked of."""

    root: etree._Element
    leaf: x509.Certificate
    signed_at: datetime


def check(signature: bytes, document: bytes, media_type: str, now: datetime) -> x509.Certificate:
    """The certificate whose key signed `document` (detached signature). Refused where a rule is broken."""
    form = _form(_parsed(signature), media_type, enveloped=False)
    certificate.check(form.leaf, form.signed_at, now)
    _verify(form, document)
    return form.leaf


def check_inside(document: bytes, media_type: str, now: datetime) -> x509.Certificate:
    """The certificate whose key signed the document that holds the signature. Refused where a rule is broken."""
    form = _form(_parsed(document), media_type, enveloped=True)
    certificate.check(form.leaf, form.signed_at, now)
    _verify(form, None)
    return form.leaf


def _parsed(raw: bytes) -> etree._Element:
    root = strict_xml.parse(raw).root
    if root is None:
        raise Refused("The signature is no well-formed XML")
    return root


def _form(root: etree._Element, media_type: str, *, enveloped: bool) -> _Form:
    signature = _the_signature(root, enveloped=enveloped)
    ids = [value for element in root.iter() for name, value in element.attrib.items() if str(name).lower() in _IDS]
    require(len(set(ids)) == len(ids), "An id occurs twice")
    parts = [str(element.tag) for element in signature]
    expected = [f"{_DS}{name}" for name in ("SignedInfo", "SignatureValue", "KeyInfo", "Object")]
    require(parts == expected, "The XML signature holds other parts than a B-B signature needs")
    info, _, key_info, holder = signature
    properties = _signed_properties(signature, holder)
    data = _references(info, properties, enveloped=enveloped)
    leaf = _leaf(key_info)
    _signing_certificate(properties, leaf)
    _data_format(properties, data, media_type)
    return _Form(root, leaf, _signing_time(properties))


def _the_signature(root: etree._Element, *, enveloped: bool) -> etree._Element:
    every = list(root.iter(f"{_DS}Signature"))
    require(len(every) == 1, "There is not exactly one XML signature")
    signature = every[0]
    stands = signature.getparent() is root and root[-1] is signature if enveloped else signature is root
    require(stands, "The XML signature stands in the wrong place")
    strangers = [element for element in signature.iter() if not str(element.tag).startswith((_DS, _XADES))]
    require(not strangers, "The XML signature holds foreign elements")
    return signature


def _signed_properties(signature: etree._Element, holder: etree._Element) -> etree._Element:
    qualifying = holder[0] if len(holder) == 1 else None
    if qualifying is None or qualifying.tag != f"{_XADES}QualifyingProperties" or len(qualifying) != 1:
        raise Refused("The XML signature holds no signed properties, or unsigned ones")
    require(qualifying.get("Target") == f"#{signature.get('Id')}", "The properties belong to another signature")
    properties = qualifying[0]
    require(properties.tag == f"{_XADES}SignedProperties", "The properties are not signed ones")
    kinds = [str(element.tag) for element in properties]
    expected = [f"{_XADES}SignedSignatureProperties", f"{_XADES}SignedDataObjectProperties"]
    require(kinds == expected, "The signed properties are not those of level B-B")
    return properties


def _references(info: etree._Element, properties: etree._Element, *, enveloped: bool) -> etree._Element:
    """Algorithms and references; the one that covers the document."""
    kinds = [str(element.tag).removeprefix(_DS) for element in info]
    form = ["CanonicalizationMethod", "SignatureMethod", "Reference", "Reference"]
    require(kinds == form, "The XML signature does not refer to exactly one document and its properties")
    require(info[0].get("Algorithm") == _EXCLUSIVE and not len(info[0]), "Another canonicalisation than exclusive C14N")
    require(info[1].get("Algorithm") in _METHODS and not len(info[1]), "The signature method is not accepted")
    data, signed = info[2], info[3]
    require(signed.get("Type") == _PROPERTIES, "The second reference is not to the signed properties")
    require(signed.get("URI") == f"#{properties.get('Id')}", "Other properties than the signed ones are there")
    require(_transforms(signed) == [_EXCLUSIVE], "The signed properties are transformed otherwise")
    uri = data.get("URI")
    if enveloped:
        require(
            uri == "" and _transforms(data) == [_ENVELOPED, _EXCLUSIVE], "The signature does not cover the document"
        )
    else:
        outside = bool(uri) and not str(uri).startswith("#")
        require(outside and _transforms(data) == [], "The signature does not cover the document's bytes")
    for reference in (data, signed):
        method = reference.find(f"{_DS}DigestMethod")
        require(method is not None and method.get("Algorithm") in _DIGESTS, "The digest method is not accepted")
    return data


def _transforms(reference: etree._Element) -> list[str | None]:
    transforms = reference.findall(f"{_DS}Transforms/{_DS}Transform")
    require(not any(len(transform) for transform in transforms), "A transform has parameters")
    return [transform.get("Algorithm") for transform in transforms]


def _leaf(key_info: etree._Element) -> x509.Certificate:
    data = key_info[0] if len(key_info) == 1 else None
    if data is None or data.tag != f"{_DS}X509Data" or any(element.tag != f"{_DS}X509Certificate" for element in data):
        raise Refused("The key is shown otherwise than by certificates")
    return certificate.chain(["".join((element.text or "").split()) for element in data])[0]


def _signing_certificate(properties: etree._Element, leaf: x509.Certificate) -> None:
    named = properties.findall(f"{_XADES}SignedSignatureProperties/{_XADES}SigningCertificateV2/{_XADES}Cert")
    digest = named[0].find(f"{_XADES}CertDigest") if named else None
    method = None if digest is None else digest.find(f"{_DS}DigestMethod")
    value = None if digest is None else digest.findtext(f"{_DS}DigestValue")
    algorithm = _DIGESTS.get("" if method is None else method.get("Algorithm", ""))
    if algorithm is None or value is None:
        raise Refused("The signing certificate is not named in the signed properties")
    same = base64.b64decode(value) == algorithm(leaf.public_bytes(Encoding.DER)).digest()
    require(same, "The signing certificate is another than the signed properties name")


def _data_format(properties: etree._Element, data: etree._Element, media_type: str) -> None:
    formats = properties.findall(f"{_XADES}SignedDataObjectProperties/{_XADES}DataObjectFormat")
    require(len(formats) == 1 and bool(data.get("Id")), "The signed properties do not describe the document")
    require(formats[0].get("ObjectReference") == f"#{data.get('Id')}", "The signed properties describe something else")
    require(formats[0].findtext(f"{_XADES}MimeType") == media_type, "The signature names another media type")


def _signing_time(properties: etree._Element) -> datetime:
    text = properties.findtext(f"{_XADES}SignedSignatureProperties/{_XADES}SigningTime", "")
    try:
        return datetime.strptime(text, _TIME).replace(tzinfo=UTC)
    except ValueError:
        raise Refused("The signing time is no UTC time") from None


def _verify(form: _Form, document: bytes | None) -> None:
    """Digests and value. The library sees a detached document as the octets that the reference names."""
    from signxml.exceptions import SignXMLException  # noqa: PLC0415 - loaded for the first XML signature only
    from signxml.xades.xades import XAdESSignatureConfiguration, XAdESVerifier  # noqa: PLC0415 - as above

    expected = XAdESSignatureConfiguration(
        require_x509=True, location="./", expect_references=2, verification_time=form.signed_at
    )
    try:
        results = XAdESVerifier().verify(
            etree.tostring(form.root),
            x509_cert=form.leaf,
            uri_resolver=None if document is None else lambda _: document,
            expect_config=expected,
        )
    except (SignXMLException, etree.LxmlError, ValueError):
        raise Refused("The XML signature of the document does not verify") from None
    if document is not None:
        require(results[0].signed_data == document, "The signature covers something else than the document")
