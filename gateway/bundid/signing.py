"""Signatures over what we send: enveloped in the XML, or over the query of a redirect.

Knows: the one form that our requests have (one reference, exclusive canonical XML, RSA). Never does: verify (`xmlsig`
does). Standards: XML Signature 1.1, SAML 2.0 core §5.4, bindings §3.4.4.1. Start reading: `enveloped`.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Final

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding

from gateway.bundid import names
from gateway.bundid.keys import KeyPair

_HASHES: Final[Mapping[str, hashes.HashAlgorithm]] = {
    names.RSA_SHA256: hashes.SHA256(),
    names.RSA_SHA384: hashes.SHA384(),
    names.RSA_SHA512: hashes.SHA512(),
    names.RSA_PSS_SHA256: hashes.SHA256(),
    names.RSA_PSS_SHA384: hashes.SHA384(),
    names.RSA_PSS_SHA512: hashes.SHA512(),
}
ALGORITHMS: Final = tuple(_HASHES)
"""What requests can be signed with."""
_PSS: Final = frozenset({names.RSA_PSS_SHA256, names.RSA_PSS_SHA384, names.RSA_PSS_SHA512})


def sign(data: bytes, keys: KeyPair, algorithm: str) -> bytes:
    """The signature value; `algorithm` is one of `ALGORITHMS`."""
    digest = _HASHES[algorithm]
    how: AsymmetricPadding = padding.PKCS1v15()
    if algorithm in _PSS:
        how = padding.PSS(padding.MGF1(digest), digest.digest_size)
    return keys.key.sign(data, how, digest)


def enveloped(canonical: bytes, element_id: str, after: bytes, keys: KeyPair, algorithm: str) -> bytes:
    """The element (exclusive canonical XML) with its signature behind the first `after`.

    The bytes are spliced: what is signed stays as it was, and canonicalising the result without its signature gives
    `canonical` again.
    """
    digest = base64.b64encode(hashlib.sha256(canonical).digest()).decode()
    info = (
        f'<ds:SignedInfo xmlns:ds="{names.DSIG}">'
        f'<ds:CanonicalizationMethod Algorithm="{names.EXCLUSIVE_C14N}"></ds:CanonicalizationMethod>'
        f'<ds:SignatureMethod Algorithm="{algorithm}"></ds:SignatureMethod>'
        f'<ds:Reference URI="#{element_id}"><ds:Transforms>'
        f'<ds:Transform Algorithm="{names.ENVELOPED_SIGNATURE}"></ds:Transform>'
        f'<ds:Transform Algorithm="{names.EXCLUSIVE_C14N}"></ds:Transform></ds:Transforms>'
        f'<ds:DigestMethod Algorithm="{names.SHA256}"></ds:DigestMethod>'
        f"<ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
    ).encode()
    value = base64.b64encode(sign(info, keys, algorithm))
    der = base64.b64encode(keys.certificate.public_bytes(serialization.Encoding.DER))
    signature = b"".join(
        (
            f'<ds:Signature xmlns:ds="{names.DSIG}">'.encode(),
            info,
            b"<ds:SignatureValue>" + value + b"</ds:SignatureValue>",
            b"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>" + der,
            b"</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>",
        )
    )
    head, separator, tail = canonical.partition(after)
    assert separator, "the element has the child that its signature stands behind"
    return head + separator + signature + tail
