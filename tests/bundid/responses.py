"""Answers of an identity provider for tests, made of texts: built, signed, encrypted and bent by splicing bytes.

No tree is ever written back: that would rewrite prefixes and break signatures. Shares no code with `gateway.bundid`.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree

from gateway.bundid.algorithms import Algorithms
from gateway.bundid.response import ResponseRules

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
IDP, SP = "https://int.id.bund.de/idp", "https://login.stadt.example"
ACS = "https://login.stadt.example/saml/stadt/bundid/acs"
REQUEST = "_" + "4d" * 20
RESPONSE_ID, ASSERTION_ID = "_response1", "_assertion1"
BPK2, NAME = "urn:oid:1.3.6.1.4.1.25484.494450.3", "urn:oid:2.5.4.42"

MORE, MORE07, ENC, ENC11 = (
    "http://www.w3.org/2001/04/xmldsig-more#",
    "http://www.w3.org/2007/05/xmldsig-more#",
    "http://www.w3.org/2001/04/xmlenc#",
    "http://www.w3.org/2009/xmlenc11#",
)
EXC, ENVELOPED = "http://www.w3.org/2001/10/xml-exc-c14n#", "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
HASHES = {"sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512, "sha1": hashes.SHA1}
DIGESTS = {
    "sha1": "http://www.w3.org/2000/09/xmldsig#sha1",
    "sha256": ENC + "sha256",
    "sha384": MORE + "sha384",
    "sha512": ENC + "sha512",
}
METHODS = {
    MORE + "rsa-sha256": ("sha256", "pkcs1"),
    MORE + "rsa-sha384": ("sha384", "pkcs1"),
    MORE + "rsa-sha512": ("sha512", "pkcs1"),
    MORE07 + "sha256-rsa-MGF1": ("sha256", "pss"),
    MORE07 + "sha384-rsa-MGF1": ("sha384", "pss"),
    MORE07 + "sha512-rsa-MGF1": ("sha512", "pss"),
    MORE + "ecdsa-sha256": ("sha256", "ecdsa"),
    "http://www.w3.org/2000/09/xmldsig#rsa-sha1": ("sha1", "pkcs1"),
}
ALGORITHMS = Algorithms(
    content=frozenset(ENC11 + f"aes{bits}-gcm" for bits in (128, 192, 256)),
    transport=frozenset({ENC + "rsa-oaep-mgf1p", ENC11 + "rsa-oaep"}),
    signature=frozenset(METHODS) - {"http://www.w3.org/2000/09/xmldsig#rsa-sha1"},
    digest=frozenset(DIGESTS[name] for name in ("sha256", "sha384", "sha512")),
)
SAML = "urn:oasis:names:tc:SAML:2.0:"
SUCCESS = SAML + "status:Success"


@cache
def key(name: str) -> rsa.RSAPrivateKey:
    """A key of its own for each name: `idp`, `next`, `foreign` sign, `ours` and `old` decrypt."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def curve_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def at(seconds: float = 0) -> str:
    return (NOW + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def rules(**changes: object) -> ResponseRules:
    """What a well-made answer is held to."""
    return ResponseRules(
        **{
            "idp_entity_id": IDP,
            "verification_keys": (key("idp").public_key(),),
            "decryption_keys": (key("ours"),),
            "entity_id": SP,
            "acs_url": ACS,
            "request_id": REQUEST,
            "requested_at": NOW - timedelta(seconds=90),
            "now": NOW,
            "algorithms": ALGORITHMS,
            "require_encryption": False,
        }
        | changes
    )


def attribute(name: str, *values: str, level: str = "HOCH") -> str:
    inner = "".join(f'<saml2:AttributeValue xsi:type="xsd:string">{value}</saml2:AttributeValue>' for value in values)
    form = SAML + "attrname-format:uri"
    names = f'FriendlyName="x" Name="{name}" NameFormat="{form}"'
    return f'<saml2:Attribute {names} akdb:TrustLevel="{level}">{inner}</saml2:Attribute>'


ATTRIBUTES = attribute(BPK2, "k2jBT0cykDVq-person") + attribute(NAME, "Jürgen")
ISSUER = f"<saml2:Issuer>{IDP}</saml2:Issuer>"
NAME_ID = f'<saml2:NameID Format="{SAML}nameid-format:transient" SPNameQualifier="{SP}">_person</saml2:NameID>'
AUDIENCE = f"<saml2:AudienceRestriction><saml2:Audience>{SP}</saml2:Audience></saml2:AudienceRestriction>"


def confirmation(
    method: str = "bearer", end: float = 240, recipient: str = ACS, request: str = REQUEST, more: str = ""
) -> str:
    return (
        f'<saml2:SubjectConfirmation Method="{SAML}cm:{method}"><saml2:SubjectConfirmationData Address="192.0.2.7" '
        f'InResponseTo="{request}" NotOnOrAfter="{at(end)}" Recipient="{recipient}"{more}/></saml2:SubjectConfirmation>'
    )


CONFIRMATION = confirmation()
CLASS = "<saml2:AuthnContextClassRef>STORK-QAA-Level-4</saml2:AuthnContextClassRef>"
CONTEXT = f"<saml2:AuthnContext>{CLASS}</saml2:AuthnContext>"
STATEMENT = (
    f'<saml2:AuthnStatement AuthnInstant="{at(-20)}" SessionIndex="_s"><saml2:SubjectLocality Address="192.0.2.7"/>'
    f"{CONTEXT}</saml2:AuthnStatement>"
)


def assertion(
    *,
    id_: str = ASSERTION_ID,
    version: str = "2.0",
    issued: str = at(-10),
    issuer: str = ISSUER,
    name_id: str = NAME_ID,
    confirmations: str = CONFIRMATION,
    before: float = -10,
    end: float = 240,
    conditions: str = AUDIENCE,
    statement: str = STATEMENT,
    attributes: str = ATTRIBUTES,
    more: str = "",
) -> bytes:
    """An assertion as BundID writes it, unsigned, with its own namespaces."""
    return (
        f'<saml2:Assertion xmlns:saml2="{SAML}assertion" xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
        f'ID="{id_}" IssueInstant="{issued}" Version="{version}">{issuer}'
        f"<saml2:Subject>{name_id}{confirmations}</saml2:Subject>"
        f'<saml2:Conditions NotBefore="{at(before)}" NotOnOrAfter="{at(end)}">{conditions}</saml2:Conditions>{more}'
        f"{statement}"
        '<saml2:AttributeStatement xmlns:akdb="https://www.akdb.de/request/2018/09" '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{attributes}</saml2:AttributeStatement></saml2:Assertion>'
    ).encode()


def status(*codes: str, message: str = "", detail: str = "") -> str:
    nested = ""
    for code in reversed(codes):
        nested = f'<saml2p:StatusCode Value="{code}">{nested}</saml2p:StatusCode>'
    said = f"<saml2p:StatusMessage>{message}</saml2p:StatusMessage>" if message else ""
    inner = f"<saml2p:StatusDetail>{detail}</saml2p:StatusDetail>" if detail else ""
    return f"<saml2p:Status>{nested}{said}{inner}</saml2p:Status>"


OK = status(SUCCESS)


def response(
    inner: bytes = b"",
    *,
    id_: str = RESPONSE_ID,
    version: str = "2.0",
    destination: str = f'Destination="{ACS}"',
    request: str = f'InResponseTo="{REQUEST}"',
    issued: str = at(-5),
    issuer: str = ISSUER,
    extensions: str = "",
    said: str = OK,
) -> bytes:
    """A Response around it."""
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<saml2p:Response xmlns:saml2p="{SAML}protocol" xmlns:saml2="{SAML}assertion" '
        f'{destination} ID="{id_}" {request} IssueInstant="{issued}" Version="{version}">{issuer}{extensions}{said}'
    )
    return head.encode() + inner + b"</saml2p:Response>"


@dataclass(frozen=True)
class Signing:
    """How to sign; every text that an attack wants otherwise."""

    by: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | None = None
    method: str = MORE + "rsa-sha256"
    digest: str = "sha256"
    transforms: str = (
        f'<ds:Transform Algorithm="{ENVELOPED}"/><ds:Transform Algorithm="{EXC}">'
        f'<ec:InclusiveNamespaces xmlns:ec="{EXC}" PrefixList="xsd"/></ds:Transform>'
    )
    canonicalization: str = f'<ds:CanonicalizationMethod Algorithm="{EXC}"/>'
    uri: str | None = None
    key_info: str = "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>AAAA</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
    method_inner: str = ""
    prefixes: tuple[str, ...] = ("xsd",)
    values: tuple[str, str] = ("{}", "{}")
    more: str = ""


def element(document: bytes, id_: str) -> bytes:
    """The bytes of the element with this ID, as they stand in the document."""
    start = document.rindex(b"<", 0, document.index(f'ID="{id_}"'.encode()))
    name = re.match(rb"<([\w:]+)", document[start:])[1]
    end = document.rindex(b"</" + name + b">") + len(name) + 3
    return document[start:end]


def signature(target: bytes, id_: str, how: Signing = Signing()) -> bytes:
    """A `ds:Signature` over the element with this ID, where it lies in `target`."""
    tree = etree.fromstring(target)
    found = next(e for e in tree.iter() if e.get("ID") == id_)
    form = {"method": "c14n", "exclusive": True, "with_comments": False}
    covered = etree.tostring(found, inclusive_ns_prefixes=list(how.prefixes), with_tail=False, **form)
    digest = base64.b64encode(hashlib.new(how.digest, covered).digest()).decode()
    uri = f"#{id_}" if how.uri is None else how.uri
    info = (
        f'<ds:SignedInfo{{}}>{how.canonicalization}<ds:SignatureMethod Algorithm="{how.method}">{how.method_inner}'
        f'</ds:SignatureMethod><ds:Reference URI="{uri}"><ds:Transforms>{how.transforms}</ds:Transforms>'
        f'<ds:DigestMethod Algorithm="{DIGESTS[how.digest]}"/>'
        f"<ds:DigestValue>{how.values[0].format(digest)}</ds:DigestValue>"
        "</ds:Reference></ds:SignedInfo>"
    )
    ds = ' xmlns:ds="http://www.w3.org/2000/09/xmldsig#"'
    value = base64.b64encode(_sign(etree.tostring(etree.fromstring(info.format(ds)), **form), how)).decode()
    return (
        f"<ds:Signature{ds}>{info.format('')}<ds:SignatureValue>{how.values[1].format(value)}</ds:SignatureValue>"
        f"{how.key_info}{how.more}</ds:Signature>"
    ).encode()


def _sign(data: bytes, how: Signing) -> bytes:
    name, scheme = METHODS.get(how.method, ("sha256", "pkcs1"))
    signer, algorithm = how.by or key("idp"), HASHES[name]()
    if isinstance(signer, ec.EllipticCurvePrivateKey):
        r, s = decode_dss_signature(signer.sign(data, ec.ECDSA(algorithm)))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    if scheme == "pss":
        return signer.sign(data, padding.PSS(padding.MGF1(algorithm), algorithm.digest_size), algorithm)
    return signer.sign(data, padding.PKCS1v15(), algorithm)


def signed(document: bytes, id_: str = ASSERTION_ID, how: Signing = Signing()) -> bytes:
    """The document with the element of this ID signed, its signature spliced in behind its issuer."""
    start = document.index(f'ID="{id_}"'.encode())
    place = document.index(b"</saml2:Issuer>", start) + len(b"</saml2:Issuer>")
    return document[:place] + signature(document, id_, how) + document[place:]


@dataclass(frozen=True)
class Encrypting:
    """How to encrypt; every text that an attack wants otherwise."""

    to: str = "ours"
    content: str = ENC11 + "aes256-gcm"
    transport: str = ENC11 + "rsa-oaep"
    digest: str | None = "sha256"
    mask: str | None = "sha256"
    beside: bool = False
    transport_first: str = ""
    content_inner: str = ""
    zero_key: bool = False
    real_digest: str | None = None
    bend: object = staticmethod(lambda cipher: cipher)
    retrieval: str = ""
    cipher_data: str | None = None


def encrypted(plain: bytes, how: Encrypting = Encrypting()) -> bytes:
    """An `EncryptedAssertion` with this plaintext."""
    size = {"aes128": 16, "aes192": 24, "aes256": 32}[how.content.rpartition("#")[2].split("-")[0]]
    content_key, nonce = bytes(size) if how.zero_key else bytes(range(size)), bytes(12)
    cipher = how.bend(nonce + AESGCM(content_key).encrypt(nonce, plain, None))
    mask = hashes.SHA1() if how.mask is None else HASHES[how.mask]()
    oaep = padding.OAEP(padding.MGF1(mask), HASHES[how.real_digest or how.digest or "sha1"](), None)
    wrapped = base64.b64encode(key(how.to).public_key().encrypt(content_key, oaep)).decode()
    digest = f'<ds:DigestMethod Algorithm="{DIGESTS[how.digest]}"/>' if how.digest else ""
    mgf = f'<xenc11:MGF xmlns:xenc11="{ENC11}" Algorithm="{ENC11}mgf1{how.mask}"/>' if how.mask else ""
    ds = 'xmlns:ds="http://www.w3.org/2000/09/xmldsig#"'
    wrapped_key = (
        f'<xenc:EncryptedKey xmlns:xenc="{ENC}" {ds} Id="_ek"><xenc:EncryptionMethod Algorithm="{how.transport}">'
        f"{how.transport_first}{digest}{mgf}</xenc:EncryptionMethod>"
        f"<xenc:CipherData><xenc:CipherValue>{wrapped}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>"
    )
    inside = how.retrieval if how.beside else wrapped_key + how.retrieval
    information = f"<ds:KeyInfo {ds}>{inside}</ds:KeyInfo>" if inside else ""
    value = f"<xenc:CipherValue>{base64.b64encode(cipher).decode()}</xenc:CipherValue>"
    return (
        f'<saml2:EncryptedAssertion><xenc:EncryptedData xmlns:xenc="{ENC}" Id="_ed" Type="{ENC}Element">'
        f'<xenc:EncryptionMethod Algorithm="{how.content}">{how.content_inner}</xenc:EncryptionMethod>{information}'
        f"<xenc:CipherData>{value if how.cipher_data is None else how.cipher_data}</xenc:CipherData>"
        "</xenc:EncryptedData>"
        f"{wrapped_key if how.beside else ''}</saml2:EncryptedAssertion>"
    ).encode()


def answer(document: bytes) -> bytes:
    """The field of the form."""
    return base64.b64encode(document)


def genuine(**changes: object) -> bytes:
    """The document of a well-made answer: encrypted, its assertion signed."""
    return response(encrypted(signed(assertion(**changes))))
