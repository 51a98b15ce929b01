"""A document and a style become a signature, or a document with one in it.

Knows: which module writes which format, and that a key is judged before it is used. Never does: I/O.
Standards: see `jose` and `xades`. Start reading: `sign`.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

import pybase64
from lxml import etree

from gateway.errors import SigningKeyUnfit
from gateway.model import Document, Signature, SignatureFormat, SignatureStyle
from gateway.signature import jose, xades
from gateway.signature.identity import SigningIdentity, faults
from gateway.signature.mechanism import Mechanism, choose
from gateway.signature.rules import SENTENCES
from gateway.signature.signer import Signer
from gateway.xoev.xml import strict_xml

INSIDE: Final = SignatureStyle(SignatureFormat.XADES, enveloped=True)


def sign(signer: Signer, document: Document, style: SignatureStyle, *, at: datetime, new_id: UUID) -> Signature:
    """The signature of a document; for an enveloped one the description of the signature in the document.

    `at` is the signing time, `new_id` names the signature (XAdES). Raises `SigningKeyUnfit` and what the signer raises.
    """
    if style.enveloped:
        return _found(document)
    how = fit(signer.identity, style.format, at)
    if style.format is SignatureFormat.JWS:
        content = jose.jws(signer, how, document.content)
    elif style.format is SignatureFormat.JADES:
        content = jose.jades(signer, how, document.content, at=at, media_type=document.media_type)
    else:
        claim = xades.Claim(at, new_id, document.media_type)
        content = pybase64.b64encode_as_string(xades.detached(signer, how, document.content, claim))
    algorithm = (how.xml if style.format is SignatureFormat.XADES else how.jose) or ""
    return Signature(style, content, algorithm, signer.identity.kid, signer.identity.certificate_sha256)


def sign_inside(signer: Signer, document: Document, *, at: datetime, new_id: UUID) -> Document:
    """The document with a signature as last child of its root. Arguments and errors as `sign`."""
    how = fit(signer.identity, SignatureFormat.XADES, at)
    root = _root(document)
    xades.enveloped(signer, how, root, xades.Claim(at, new_id, document.media_type))
    content = strict_xml.canonical(root)
    return replace(document, content=content, sha256=hashlib.sha256(content).hexdigest())


def fit(identity: SigningIdentity, signature_format: SignatureFormat, at: datetime) -> Mechanism:
    """How the key signs in that format at that time. Raises `SigningKeyUnfit` with every broken rule."""
    broken = faults(identity, {signature_format}, at=at)
    how = choose(identity.public, signature_format)
    if broken or how is None:
        raise unfit(*(broken or ("signing_key_curve",)))
    return how


def unfit(*rules: str) -> SigningKeyUnfit:
    """The error that says these rules are broken."""
    sentences = [SENTENCES[rule] for rule in rules]
    return SigningKeyUnfit(cause_de=" ".join(de for de, _ in sentences), cause_en=" ".join(en for _, en in sentences))


def _found(document: Document) -> Signature:
    """What the signature in a document says of itself; `sign_inside` made it before the document was taken in."""
    last = _root(document)[-1:]
    if not last or last[0].tag != xades.SIGNATURE:
        raise unfit("signature_missing")
    names = {"ds": xades.DS}
    method = last[0].find("ds:SignedInfo/ds:SignatureMethod", names)
    leaf = last[0].findtext("ds:KeyInfo/ds:X509Data/ds:X509Certificate", "", names)
    digest = hashlib.sha256(pybase64.b64decode(leaf)).digest()
    kid = pybase64.b64encode_as_string(digest, altchars=b"-_").rstrip("=")
    return Signature(INSIDE, None, "" if method is None else str(method.get("Algorithm")), kid, digest.hex())


def _root(document: Document) -> etree._Element:
    root = strict_xml.parse(document.content).root
    if root is None:
        raise unfit("signature_missing")
    return root
