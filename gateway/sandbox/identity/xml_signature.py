"""XML signatures: an enveloped one spliced into a text, and one of a service provider verified.

Knows: one reference to the root's own ID, exclusive canonicalisation, RSA. Never does: trust a key that a signature
brings along. Standard: XML Signature 1.1, Exclusive XML Canonicalization 1.0. Start reading: `signed`, `holds`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from lxml import etree

from gateway.sandbox.identity import names
from gateway.sandbox.identity.keyring import SigningPair

_HASHES: Final[Mapping[str, hashes.HashAlgorithm]] = {
    names.RSA_SHA256: hashes.SHA256(),
    names.RSA_SHA512: hashes.SHA512(),
    names.PSS_SHA256: hashes.SHA256(),
}
_DIGESTS: Final = {names.SHA256: "sha256", names.SHA512: "sha512"}
_DS: Final = f"{{{names.DS}}}"
_PREFIXES: Final = "xsd"


def signed(text: str, element_id: str, pair: SigningPair, *, algorithm: str, spoilt: bool = False) -> str:
    """The XML text with a signature of its root behind the first `Issuer`; `spoilt`: one octet of it is wrong."""
    digest = hashlib.sha256(_canonical(etree.fromstring(text.encode()), [_PREFIXES])).digest()
    info = (
        f'<ds:SignedInfo xmlns:ds="{names.DS}"><ds:CanonicalizationMethod Algorithm="{names.EXC_C14N}"/>'
        f'<ds:SignatureMethod Algorithm="{algorithm}"/><ds:Reference URI="#{element_id}"><ds:Transforms>'
        f'<ds:Transform Algorithm="{names.ENVELOPED}"/><ds:Transform Algorithm="{names.EXC_C14N}">'
        f'<ec:InclusiveNamespaces xmlns:ec="{names.EXC_C14N}" PrefixList="{_PREFIXES}"/></ds:Transform></ds:Transforms>'
        f'<ds:DigestMethod Algorithm="{names.SHA256}"/><ds:DigestValue>{base64.b64encode(digest).decode()}'
        "</ds:DigestValue></ds:Reference></ds:SignedInfo>"
    )
    value = bytearray(sign(_canonical(etree.fromstring(info.encode()), []), pair.key, algorithm))
    if spoilt:
        value[len(value) // 2] ^= 1
    declared = f' xmlns:ds="{names.DS}"'
    signature = (
        f"<ds:Signature{declared}>{info.replace(declared, '', 1)}<ds:SignatureValue>"
        f"{base64.encodebytes(bytes(value)).decode().strip()}</ds:SignatureValue><ds:KeyInfo><ds:X509Data>"
        f"<ds:X509Certificate>{pair.certificate_text}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>"
    )
    behind = re.search(r"</(?:\w+:)?Issuer>", text)
    assert behind
    return text[: behind.end()] + signature + text[behind.end() :]


def sign(data: bytes, key: rsa.RSAPrivateKey, algorithm: str) -> bytes:
    """The raw signature of `data`."""
    chosen = _HASHES[algorithm]
    return key.sign(data, _padding(algorithm), chosen)


def verifies(data: bytes, signature: bytes, keys: Sequence[rsa.RSAPublicKey], algorithm: str) -> bool:
    """Whether one of the keys signed `data`; False for an algorithm that is not taken."""
    if algorithm not in _HASHES:
        return False
    for key in keys:
        try:
            key.verify(signature, data, _padding(algorithm), _HASHES[algorithm])
        except InvalidSignature:
            continue
        return True
    return False


def holds(root: etree._Element, keys: Sequence[rsa.RSAPublicKey]) -> bool:
    """Whether the root's own signature is whole: directly below it, over it and nothing else, by one of the keys."""
    signatures = root.findall(f"{_DS}Signature")
    info = signatures[0].find(f"{_DS}SignedInfo") if len(signatures) == 1 else None
    references = [] if info is None else info.findall(f"{_DS}Reference")
    if info is None or len(references) != 1 or references[0].get("URI") != f"#{root.get('ID')}":
        return False
    transforms = references[0].findall(f"{_DS}Transforms/{_DS}Transform")
    if [transform.get("Algorithm") for transform in transforms] != [names.ENVELOPED, names.EXC_C14N]:
        return False
    how, method = info.find(f"{_DS}CanonicalizationMethod"), info.find(f"{_DS}SignatureMethod")
    digest_method = references[0].find(f"{_DS}DigestMethod")
    if how is None or method is None or digest_method is None or how.get("Algorithm") != names.EXC_C14N:
        return False
    digest = _DIGESTS.get(digest_method.get("Algorithm", ""))
    stated = _octets(references[0].findtext(f"{_DS}DigestValue"))
    value = _octets(signatures[0].findtext(f"{_DS}SignatureValue"))
    if digest is None or stated is None or value is None:
        return False
    if not verifies(_canonical(info, _inclusive(how)), value, keys, method.get("Algorithm", "")):
        return False
    return hashlib.new(digest, _canonical(_without(root, signatures[0]), _inclusive(transforms[1]))).digest() == stated


def _padding(algorithm: str) -> padding.AsymmetricPadding:
    chosen = _HASHES[algorithm]
    if algorithm == names.PSS_SHA256:
        return padding.PSS(padding.MGF1(chosen), chosen.digest_size)
    return padding.PKCS1v15()


def _canonical(element: etree._Element, prefixes: Sequence[str]) -> bytes:
    return etree.tostring(
        element, method="c14n", exclusive=True, with_comments=False, inclusive_ns_prefixes=list(prefixes) or None
    )


def _without(root: etree._Element, signature: etree._Element) -> etree._Element:
    """The root without its signature, the text behind that kept; `root` is not changed."""
    position = root.index(signature)
    copied = etree.fromstring(etree.tostring(root))
    doomed = copied[position]
    if doomed.tail:
        before = doomed.getprevious()
        if before is not None:
            before.tail = (before.tail or "") + doomed.tail
        else:
            copied.text = (copied.text or "") + doomed.tail
    copied.remove(doomed)
    return copied


def _inclusive(element: etree._Element) -> list[str]:
    listed = element.find(f"{{{names.EXC_C14N}}}InclusiveNamespaces")
    return [] if listed is None else listed.get("PrefixList", "").split()


def _octets(text: str | None) -> bytes | None:
    try:
        return base64.b64decode("".join((text or "").split()), validate=True) or None
    except binascii.Error:
        return None
