"""The signed request as others read it: signxml and xmlsec1 verify what neither of them made."""

from __future__ import annotations

import base64
import shutil
import subprocess
import zlib
from datetime import timedelta
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from lxml import etree
from signxml import DigestAlgorithm, InvalidDigest, SignatureConfiguration, SignatureMethod, XMLVerifier

from gateway.bundid import authn_request, names, profile, signing
from gateway.bundid.authn_request import AuthnRequest
from tests.bundid import wire_names
from tests.bundid.key_pairs import NOW, certificate_pem, certified

NS = {"p": names.PROTOCOL, "a": names.ASSERTION, "ds": names.DSIG, "akdb": names.AKDB, "ui": names.CLASSIC_UI}
RULES = profile.load("bundid-int").request
ASKED = AuthnRequest(
    id="_" + "4d" * 20,
    at=NOW,
    issuer="https://login.town.example",
    destination="https://int.id.bund.de/idp/profile/SAML2/POST/SSO",
    acs_url="https://login.town.example/saml/town/bundid/acs",
    context=wire_names.STORK_3,
    display_name='Stadt Tangerhütte & "Söhne" <Amt>',
    online_service_id="BMI-X0000",
    language="de",
    back_url="https://portal.town.example/a?b=1&c=2",
)


def with_algorithm(algorithm: str) -> profile.RequestRules:
    table = profile._values("bundid-int")
    return profile.made("x", {**table, "request": {**table["request"], "signature_algorithm": algorithm}}).request


@pytest.fixture(scope="module")
def keys(rsa_keys):
    return certified(rsa_keys["signing"])


def posted(keys, rules=RULES) -> bytes:
    return base64.b64decode(authn_request.form(ASKED, rules, keys, "handle")["SAMLRequest"], validate=True)


def verified(document: bytes, keys, method: SignatureMethod) -> etree._Element:
    config = SignatureConfiguration(
        location="./",
        expect_references=1,
        signature_methods=frozenset({method}),
        digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
    )
    result = XMLVerifier().verify(document, x509_cert=keys.certificate, expect_config=config, id_attribute="ID")
    return result.signed_xml


@pytest.mark.parametrize("algorithm", signing.ALGORITHMS)
def test_a_foreign_library_verifies_the_posted_request_with_each_algorithm(keys, algorithm):
    document = posted(keys, with_algorithm(algorithm))
    read = verified(document, keys, SignatureMethod(algorithm))
    assert read.get("ID") == ASKED.id
    assert read.findtext("a:Issuer", namespaces=NS) == ASKED.issuer


def test_a_changed_request_is_not_verified(keys):
    document = posted(keys).replace(b"Level-3", b"Level-1")
    with pytest.raises(InvalidDigest):
        verified(document, keys, SignatureMethod.RSA_SHA256)


@pytest.mark.skipif(shutil.which("xmlsec1") is None, reason="xmlsec1 is not installed")
def test_xmlsec_verifies_the_posted_request(keys, tmp_path):
    (tmp_path / "request.xml").write_bytes(posted(keys))
    (tmp_path / "cert.pem").write_bytes(certificate_pem(keys))
    command = ["xmlsec1", "--verify", "--pubkey-cert-pem", "cert.pem", "--id-attr:ID", f"{names.PROTOCOL}:AuthnRequest"]
    done = subprocess.run([*command, "request.xml"], cwd=tmp_path, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_the_elements_stand_in_the_order_of_the_schema(keys):
    root = etree.fromstring(posted(keys))
    order = [etree.QName(child).localname for child in root]
    assert order == ["Issuer", "Signature", "Extensions", "RequestedAuthnContext"]
    assert root.xpath("p:RequestedAuthnContext/@Comparison", namespaces=NS) == ["minimum"]
    assert root.xpath("p:RequestedAuthnContext/a:AuthnContextClassRef/text()", namespaces=NS) == ["STORK-QAA-Level-3"]
    said = dict(root.attrib)
    assert said == {
        "ID": ASKED.id,
        "Version": "2.0",
        "IssueInstant": "2026-11-30T10:00:00.123Z",
        "ForceAuthn": "true",
        "IsPassive": "false",
        "Destination": ASKED.destination,
        "ProtocolBinding": names.HTTP_POST,
        "AssertionConsumerServiceURL": ASKED.acs_url,
    }


def test_the_extension_of_bundid_is_complete_and_in_order(keys):
    (extension,) = etree.fromstring(posted(keys)).xpath("p:Extensions/akdb:AuthenticationRequest", namespaces=NS)
    assert dict(extension.attrib) == {"Version": "2", "EnableStatusDetail": "true"}
    assert [etree.QName(each).localname for each in extension] == [
        "AuthnMethods",
        "RequestedAttributes",
        "DisplayInformation",
    ]
    methods = [etree.QName(each).localname for each in extension[0]]
    assert methods
    assert set(methods) <= set(wire_names.AUTHN_METHODS)
    assert extension.xpath("akdb:AuthnMethods/*/akdb:Enabled/text()", namespaces=NS) == ["true"] * len(methods)
    asked = extension.xpath("akdb:RequestedAttributes/akdb:RequestedAttribute/@Name", namespaces=NS)
    assert wire_names.BPK2 in asked
    assert not any(" " in name for name in asked)
    assert len(set(asked)) == len(asked)
    shown = extension.xpath("akdb:DisplayInformation/ui:Version/*", namespaces=NS)
    assert [(etree.QName(each).localname, each.text) for each in shown] == [
        ("OrganizationDisplayName", ASKED.display_name),
        ("Lang", "de"),
        ("BackURL", ASKED.back_url),
        ("OnlineServiceId", "BMI-X0000"),
    ]


def test_the_same_request_is_the_same_bytes(keys):
    assert posted(keys) == posted(keys)


def test_a_redirect_is_signed_over_its_very_query(keys):
    address = authn_request.redirect(ASKED, RULES, keys, "h/a+n=d&l e")
    assert address.startswith(ASKED.destination + "?SAMLRequest=")
    signed, _, value = urlsplit(address).query.rpartition("&Signature=")
    value = base64.b64decode(unquote(value))
    public = keys.certificate.public_key()
    public.verify(value, signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    with pytest.raises(InvalidSignature):
        public.verify(value, signed.encode() + b"x", padding.PKCS1v15(), hashes.SHA256())
    fields = dict(parse_qsl(signed))
    assert list(fields) == ["SAMLRequest", "RelayState", "SigAlg"]
    assert fields["RelayState"] == "h/a+n=d&l e"
    root = etree.fromstring(zlib.decompress(base64.b64decode(fields["SAMLRequest"]), wbits=-15))
    assert root.find("ds:Signature", NS) is None
    assert root.get("ID") == ASKED.id


def test_a_profile_without_extension_sends_none_and_names_no_level_where_it_has_no_word(keys):
    rules = profile.load("mein-unternehmenskonto").request
    asked = AuthnRequest(
        "_1", NOW + timedelta(1), "https://a.example", "https://b.example", "https://c", "", "", "", "de"
    )
    root = etree.fromstring(base64.b64decode(authn_request.form(asked, rules, keys, "x")["SAMLRequest"]))
    assert [etree.QName(child).localname for child in root] == ["Issuer", "Signature", "NameIDPolicy"]
