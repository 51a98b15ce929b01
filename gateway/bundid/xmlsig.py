"""Verifying the signature of a Response or an assertion, and giving back what was signed and nothing else.

Knows: the one form of signature that SAML allows (core §5.4) and the pinned keys. Never does: trust a key that comes
along, look for a signature elsewhere than directly in what it signs, apply a transform but the two allowed.
Standards: XML Signature 1.1, Exclusive C14N 1.0, RFC 9231. Start reading: `verified`.

`signxml` verifies; it skips transforms that it does not know and takes a key out of the message where it finds one. So
the form is checked here before, and the key information of the message is replaced by the pinned key.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import cryptography.exceptions
import pybase64
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from gateway.bundid import names, refusal, saml_xml
from gateway.bundid.algorithms import Algorithms
from gateway.bundid.refusal import refused
from gateway.bundid.saml_xml import DS

PublicKey = RSAPublicKey | EllipticCurvePublicKey

_INCLUSIVE: Final = f"{{{names.EXCLUSIVE_C14N}}}InclusiveNamespaces"
_DSIG11: Final = "http://www.w3.org/2009/xmldsig11#"
_PREFIXES: Final = re.compile(r"[\w.#-]+( [\w.#-]+)*")
_METHODS: Final = {
    method.value: method
    for method in (
        SignatureMethod.RSA_SHA256,
        SignatureMethod.RSA_SHA384,
        SignatureMethod.RSA_SHA512,
        SignatureMethod.SHA256_RSA_MGF1,
        SignatureMethod.SHA384_RSA_MGF1,
        SignatureMethod.SHA512_RSA_MGF1,
        SignatureMethod.ECDSA_SHA256,
        SignatureMethod.ECDSA_SHA384,
        SignatureMethod.ECDSA_SHA512,
    )
}
_DIGESTS: Final = {
    digest.value: digest for digest in (DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512)
}


def is_signed(element: etree._Element) -> bool:
    """Whether a signature stands directly in the element."""
    return element.find(DS + "Signature") is not None


def verified(
    element: etree._Element, keys: Sequence[PublicKey], algorithms: Algorithms, max_bytes: int
) -> etree._Element:
    """What a pinned key signed of the element: the root of the canonical bytes, read anew.

    Args:
        element: a Response or an assertion whose places are checked (`saml_xml`).
        keys: the identity provider's keys; one suffices.
        algorithms: what the signature may use.
        max_bytes: how much is read at most.
    """
    own_id = saml_xml.message_id(element)
    root = saml_xml.parsed(saml_xml.isolated(element), max_bytes)
    signatures = root.findall(DS + "Signature")
    refusal.require(len(signatures) == 1, "signature_missing")
    _check_form(signatures[0], own_id, algorithms)
    signed = saml_xml.parsed(_signed_by_one(root, signatures[0], keys, algorithms), max_bytes)
    refusal.require(signed.tag == element.tag and signed.get("ID") == own_id, "signature_reference")
    return signed


def _check_form(signature: etree._Element, own_id: str, algorithms: Algorithms) -> None:
    """The signature has exactly the parts that one enveloped, exclusively canonicalised reference takes."""
    parts = list(signature)
    with_key = len(parts) == 3 and parts[2].tag == DS + "KeyInfo"
    _named(parts[:2] if with_key else parts, "SignedInfo", "SignatureValue")
    by_address = ("RetrievalMethod", "KeyInfoReference")
    refusal.require(not list(saml_xml.of_name(signature, *by_address)), "signature_key_info")
    info, value = parts[0], parts[1]
    canonicalization, method, reference = _named(list(info), "CanonicalizationMethod", "SignatureMethod", "Reference")
    transforms, digest, digest_value = _named(list(reference), "Transforms", "DigestMethod", "DigestValue")
    refusal.require(reference.get("URI") == f"#{own_id}", "signature_reference")
    chain = [transform.get("Algorithm") for transform in transforms]
    refusal.require(chain == [names.ENVELOPED_SIGNATURE, names.EXCLUSIVE_C14N], "signature_transforms")
    refusal.require(len(transforms[0]) == 0 and _is_exclusive(transforms[-1]), "signature_transforms")
    refusal.require(_is_exclusive(canonicalization), "signature_transforms")
    for used, allowed, known in ((method, algorithms.signature, _METHODS), (digest, algorithms.digest, _DIGESTS)):
        named = used.get("Algorithm", "")
        refusal.require(named in allowed and named in known and len(used) == 0, "signature_algorithm")
    for written in (value, digest_value):
        refusal.require(len(written) == 0, "signature_form")
        refusal.require(saml_xml.from_base64(written.text, "signature_value"), "signature_value")


def _named(parts: list[etree._Element], *names: str) -> list[etree._Element]:
    refusal.require([part.tag for part in parts] == [DS + name for name in names], "signature_form")
    return parts


def _is_exclusive(method: etree._Element) -> bool:
    """Whether it is Exclusive C14N without comments, with nothing beside it but a list of prefixes."""
    if method.get("Algorithm") != names.EXCLUSIVE_C14N or len(method) > 1:
        return False
    return all(
        parameter.tag == _INCLUSIVE and len(parameter) == 0 and _PREFIXES.fullmatch(parameter.get("PrefixList", ""))
        for parameter in method
    )


def _signed_by_one(
    root: etree._Element, signature: etree._Element, keys: Sequence[PublicKey], algorithms: Algorithms
) -> bytes:
    """The canonical bytes that one of the keys signed."""
    for key in keys:
        der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        try:
            result = _verify(_with_key(root, signature, der), algorithms)
        except (SignXMLException, cryptography.exceptions.InvalidSignature, etree.LxmlError, ValueError):
            continue
        pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        if result.signature_key == pem:
            return result.signed_data
    raise refused("signature_invalid")


def _with_key(root: etree._Element, signature: etree._Element, der: bytes) -> bytes:
    """The document with this key in place of the key information that came along; no signature covers that."""
    for information in signature.findall(DS + "KeyInfo"):
        signature.remove(information)
    information = etree.SubElement(signature, DS + "KeyInfo")
    value = etree.SubElement(information, f"{{{_DSIG11}}}DEREncodedKeyValue", nsmap={"dsig11": _DSIG11})
    value.text = pybase64.b64encode_as_string(der)
    return saml_xml.isolated(root)


def _verify(document: bytes, algorithms: Algorithms) -> VerifyResult:
    configuration = SignatureConfiguration(
        require_x509=False,
        location="./",
        expect_references=1,
        signature_methods=frozenset(_METHODS[uri] for uri in algorithms.signature & _METHODS.keys()),
        digest_algorithms=frozenset(_DIGESTS[uri] for uri in algorithms.digest & _DIGESTS.keys()),
    )
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    result = XMLVerifier().verify(document, id_attribute="ID", parser=parser, expect_config=configuration)
    assert isinstance(result, VerifyResult)  # one reference gives one result
    return result
