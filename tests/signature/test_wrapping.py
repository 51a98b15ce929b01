"""Attacks on XML and JSON signatures: moved, doubled, re-targeted, weakened. The subscriber refuses each."""

from __future__ import annotations

import base64
import copy
import json

import pytest
from lxml import etree

from gateway.model import SignatureFormat, SignatureStyle
from gateway.sandbox.fitconnect import signature_json, signature_xml
from gateway.sandbox.fitconnect.certificate import Refused
from gateway.signature import jose, making, xades
from gateway.signature.mechanism import choose

from .conftest import CANONICAL, CONTENT, ID, NOW, document

NS = {"ds": xades.DS, "xades": xades.XADES}
XSLT = "http://www.w3.org/TR/1999/REC-xslt-19991116"
XPATH = "http://www.w3.org/2002/06/xmldsig-filter2"


def one(root, path):
    return root.xpath(f"//{path}", namespaces=NS)[0]


def rename(root, path, name, value):
    one(root, path).set(name, value)


def transform(root, algorithm):
    data = one(root, "ds:Reference[1]")
    under = data.find("ds:Transforms", NS)
    under = etree.Element(f"{{{xades.DS}}}Transforms") if under is None else under
    etree.SubElement(under, f"{{{xades.DS}}}Transform", Algorithm=algorithm)
    data.insert(0, under)


def second_reference(root):
    info = one(root, "ds:SignedInfo")
    info.append(copy.deepcopy(info[2]))


def second_object(root):
    one(root, "ds:Signature" if root.tag != xades.SIGNATURE else ".").append(copy.deepcopy(one(root, "ds:Object")))


def key_value(root):
    etree.SubElement(one(root, "ds:KeyInfo"), f"{{{xades.DS}}}KeyValue")


def other_certificate(root):
    data = one(root, "ds:X509Data")
    data.remove(data[0])  # the root's certificate is the first now


def foreign(root):
    etree.SubElement(one(root, "ds:Object"), "{urn:evil}document")


def unsigned_properties(root):
    etree.SubElement(one(root, "xades:QualifyingProperties"), f"{{{xades.XADES}}}UnsignedProperties")


ATTACKS = {
    "another data reference": second_reference,
    "a second object": second_object,
    "XSLT": lambda root: transform(root, XSLT),
    "XPath filter": lambda root: transform(root, XPATH),
    "key value beside the certificate": key_value,
    "another signing certificate": other_certificate,
    "foreign elements": foreign,
    "unsigned properties": unsigned_properties,
    "reference into the signature": lambda root: rename(root, "ds:Reference[1]", "URI", f"#signature-{ID}-value"),
    "an id twice": lambda root: rename(root, "ds:SignatureValue", "Id", f"signature-{ID}-properties"),
    "an id twice by another name": lambda root: rename(root, "ds:KeyInfo", "ID", f"signature-{ID}-properties"),
    "properties of another signature": lambda root: rename(root, "xades:QualifyingProperties", "Target", "#other"),
    "another canonicalisation": lambda root: rename(
        root, "ds:CanonicalizationMethod", "Algorithm", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments"
    ),
    "SHA-1": lambda root: rename(
        root, "ds:Reference[1]/ds:DigestMethod", "Algorithm", "http://www.w3.org/2000/09/xmldsig#sha1"
    ),
    "HMAC with the public key": lambda root: rename(
        root, "ds:SignatureMethod", "Algorithm", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"
    ),
    "another time": lambda root: one(root, "xades:SigningTime").__setattr__("text", "2026-11-26T08:00:00Z"),
    "another media type": lambda root: one(root, "xades:MimeType").__setattr__("text", "text/plain"),
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
@pytest.mark.parametrize("inside", [False, True], ids=["detached", "enveloped"])
def test_a_changed_xml_signature_is_refused(signers, attack, inside):
    root = etree.fromstring(_made(signers["P-256"], inside=inside))
    check(root, inside=inside)
    attack(root)
    with pytest.raises(Refused):
        check(root, inside=inside)


@pytest.mark.parametrize("attack", [name for name in ATTACKS if name != "another time"])
@pytest.mark.parametrize("inside", [False, True], ids=["detached", "enveloped"])
def test_the_form_alone_gives_it_away_before_anything_is_computed(signers, attack, inside, monkeypatch):
    root = etree.fromstring(_made(signers["P-256"], inside=inside))
    monkeypatch.setattr(signature_xml, "_verify", lambda *_: None)
    check(root, inside=inside)
    ATTACKS[attack](root)
    with pytest.raises(Refused):
        check(root, inside=inside)


def _made(signer, *, inside):
    if inside:
        return making.sign_inside(signer, document(CANONICAL), at=NOW, new_id=ID).content
    made = making.sign(signer, document(), SignatureStyle(SignatureFormat.XADES), at=NOW, new_id=ID)
    return base64.b64decode(made.content)


def check(root, *, inside):
    raw = etree.tostring(root)
    if inside:
        return signature_xml.check_inside(raw, "application/xml", NOW)
    return signature_xml.check(raw, CONTENT, "application/xml", NOW)


@pytest.mark.parametrize("place", ["first child", "deeper", "wrapped", "twice", "another in it"])
def test_a_signature_that_stands_elsewhere_in_the_document_is_refused(signers, place, monkeypatch):
    monkeypatch.setattr(signature_xml, "_verify", lambda *_: None)
    inside = making.sign_inside(signers["P-256"], document(CANONICAL), at=NOW, new_id=ID).content
    root = etree.fromstring(inside)
    if place == "first child":
        root.insert(0, root[-1])
    elif place == "deeper":
        root[0].append(root[-1])
    elif place == "twice":
        root.append(copy.deepcopy(root[-1]))
    elif place == "another in it":
        etree.SubElement(root[0], xades.SIGNATURE)
    else:  # the signed document as a stowaway in another one
        other = etree.fromstring("<a xmlns='urn:x'><b>Other</b></a>")
        other.append(root)
        root = other
    with pytest.raises(Refused):
        signature_xml.check_inside(etree.tostring(root), "application/xml", NOW)


def test_a_document_type_in_a_signature_is_refused(signers):
    made = making.sign(signers["rsa"], document(), SignatureStyle(SignatureFormat.XADES), at=NOW, new_id=ID)
    raw = b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + base64.b64decode(made.content)
    with pytest.raises(Refused):
        signature_xml.check(raw, CONTENT, "application/xml", NOW)


class Custom:
    """A signer that signs whatever header it is handed."""

    def __init__(self, inner):
        self.inner = inner

    def token(self, **header):
        identity = self.inner.identity
        how = choose(identity.public, SignatureFormat.JADES)
        honest = json.loads(_decoded(jose.jades(self.inner, how, CONTENT, at=NOW, media_type="application/xml")))
        changed = {name: value for name, value in {**honest, **header}.items() if value is not None}
        return jose._detached(self.inner, how, changed, CONTENT)


def _decoded(token):
    return base64.urlsafe_b64decode(token.split(".")[0] + "==")


@pytest.mark.parametrize(
    "header",
    [
        {"x5t#S256": "A" * 43},
        {"x5t#S256": None},
        {"x5t#S256": None, "x5t#o": {"digAlg": "S512", "digVal": "A" * 86}},
        {"x5t#S256": None, "x5t#o": {"digAlg": "S1", "digVal": "A" * 27}},
        {"x5t#S256": None, "x5t#o": "S512"},
        {"x5t#o": {"digAlg": "S512", "digVal": "A" * 86}},
        {"x5c": None},
        {"iat": None},
        {"iat": "yesterday"},
        {"iat": int(NOW.timestamp()) + 301},
        {"iat": int(NOW.timestamp()) - 2 * 86_400},  # before the certificate was valid
        {"cty": "text/plain"},
        {"jku": "https://attacker.example/keys"},
        {"jwk": {"kty": "oct", "k": "AAAA"}},
        {"crit": ["b64"], "b64": False},
        {"sigT": "2026-11-26T09:30:15Z"},
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "PS256"},
    ],
    ids=lambda header: "-".join(header) + str(next(iter(header.values())))[:12],
)
def test_a_jades_header_that_breaks_a_rule_is_refused(signers, header):
    custom = Custom(signers["P-256"])
    signature_json.check(custom.token(), CONTENT, "application/xml", NOW)
    with pytest.raises(Refused):
        signature_json.check(custom.token(**header), CONTENT, "application/xml", NOW)


def test_a_jades_signature_that_carries_its_content_is_refused(signers):
    protected, _, value = Custom(signers["P-256"]).token().split(".")
    payload = base64.urlsafe_b64encode(CONTENT).rstrip(b"=").decode()
    with pytest.raises(Refused):
        signature_json.check(f"{protected}.{payload}.{value}", CONTENT, "application/xml", NOW)
