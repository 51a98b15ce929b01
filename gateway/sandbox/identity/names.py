"""The words of the wire, written down a second time so that a slip of the pen shows.

Knows: namespaces, URIs, OIDs, codes, verbatim. Never does: map or judge them.
Standards: SAML 2.0, XML Signature 1.1, XML Encryption 1.1, BundID interface 10.2 (§6, §9), NEZO.
Start reading: `ATTRIBUTES`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_SAML: Final = "urn:oasis:names:tc:SAML:2.0:"
PROTOCOL: Final = f"{_SAML}protocol"
ASSERTION: Final = f"{_SAML}assertion"
METADATA: Final = f"{_SAML}metadata"
DS: Final = "http://www.w3.org/2000/09/xmldsig#"
XENC: Final = "http://www.w3.org/2001/04/xmlenc#"
XENC11: Final = "http://www.w3.org/2009/xmlenc11#"
XSD: Final = "http://www.w3.org/2001/XMLSchema"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
AKDB: Final = "https://www.akdb.de/request/2018/09"
CLASSIC_UI: Final = "https://www.akdb.de/request/2018/09/classic-ui/v1"
EKONA: Final = "http://www.elster.de/schema/ekona/saml/extensions"

POST: Final = f"{_SAML}bindings:HTTP-POST"
REDIRECT: Final = f"{_SAML}bindings:HTTP-Redirect"
DEFLATE: Final = f"{_SAML}bindings:URL-Encoding:DEFLATE"
BEARER: Final = f"{_SAML}cm:bearer"
TRANSIENT: Final = f"{_SAML}nameid-format:transient"
PERSISTENT: Final = f"{_SAML}nameid-format:persistent"
UNSPECIFIED: Final = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
FORMAT_URI: Final = f"{_SAML}attrname-format:uri"
FORMAT_BASIC: Final = f"{_SAML}attrname-format:basic"
ENTITY: Final = f"{_SAML}nameid-format:entity"
X509_CLASS: Final = f"{_SAML}ac:classes:X509"
PASSWORD_CLASS: Final = f"{_SAML}ac:classes:Password"

SUCCESS: Final = f"{_SAML}status:Success"
REQUESTER: Final = f"{_SAML}status:Requester"
RESPONDER: Final = f"{_SAML}status:Responder"
AUTHN_FAILED: Final = f"{_SAML}status:AuthnFailed"
NO_AUTHN_CONTEXT: Final = f"{_SAML}status:NoAuthnContext"
NO_PASSIVE: Final = f"{_SAML}status:NoPassive"
REQUEST_DENIED: Final = f"{_SAML}status:RequestDenied"

ENVELOPED: Final = f"{DS}enveloped-signature"
EXC_C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
RSA_SHA256: Final = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
RSA_SHA512: Final = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"
PSS_SHA256: Final = "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"
SHA1: Final = f"{DS}sha1"
SHA256: Final = f"{XENC}sha256"
SHA512: Final = f"{XENC}sha512"

STORK: Final = "STORK-QAA-Level-"
LEVELS: Final[Mapping[str, int]] = {"basic": 1, "low": 2, "substantial": 3, "high": 4}
"""The words of the admin API and their STORK numbers."""
TRUST: Final = ("UNTERGEORDNET", "NORMAL", "SUBSTANTIELL", "HOCH")
METHODS: Final[Mapping[str, frozenset[int]]] = {
    "Authega": frozenset({3}),
    "Benutzername": frozenset({1}),
    "Diia": frozenset({3}),
    "eID": frozenset({4}),
    "eIDAS": frozenset({2, 3, 4}),
    "Elster": frozenset({3}),
    "FINK": frozenset({1, 3}),
}
"""What may be allowed in a request, and the levels that each gives."""

ATTRIBUTES: Final[Mapping[str, str]] = {
    "givenName": "urn:oid:2.5.4.42",
    "surname": "urn:oid:2.5.4.4",
    "mail": "urn:oid:0.9.2342.19200300.100.1.3",
    "postalAddress": "urn:oid:2.5.4.16",
    "postalCode": "urn:oid:2.5.4.17",
    "localityName": "urn:oid:2.5.4.7",
    "country": "urn:oid:1.2.40.0.10.2.1.1.225599",
    "personalTitle": "urn:oid:0.9.2342.19200300.100.1.40",
    "gender": "urn:oid:1.3.6.1.4.1.33592.1.3.5",
    "birthdate": "urn:oid:1.2.40.0.10.2.1.1.55",
    "placeOfBirth": "urn:oid:1.3.6.1.5.5.7.9.2",
    "birthName": "urn:oid:1.2.40.0.10.2.1.1.225566",
    "nationality": "urn:oid:1.2.40.0.10.2.1.1.225577",
    "documentType": "urn:oid:1.2.40.0.10.2.1.1.552255",
    "DeMail": "urn:oid:1.3.6.1.4.1.55605.70737875.1.1.1.7.1",
    "telephoneNumber": "urn:oid:2.5.4.20",
    "eIDAS-Issuing-Country": "urn:oid:1.3.6.1.4.1.25484.494450.10.1",
    "communityId": "urn:oid:1.3.6.1.4.1.25484.494450.5",
    "bPK2": "urn:oid:1.3.6.1.4.1.25484.494450.3",
    "EID-CITIZEN-QAA-LEVEL": "urn:oid:1.2.40.0.10.2.1.1.261.94",
    "Version": "urn:oid:1.3.6.1.4.1.25484.494450.1",
    "AssertionProvedBy": "urn:oid:1.3.6.1.4.1.25484.494450.2",
    "legacyPostkorbHandle": "urn:oid:2.5.4.18",
    "applicationId": "urn:oid:1.3.6.1.4.1.25484.494450.4",
    "pseudonym": "urn:oid:1.2.40.0.10.2.1.1.226699",
    "mfa": "urn:oid:1.3.6.1.4.1.25484.494450.7",
    "issuingState": "urn:oid:1.2.40.0.10.2.1.1.552244",
}
"""FriendlyName and Name of what may be asked for; `issuingState` has had no value since 2019."""
FRIENDLY: Final = {oid: name for name, oid in ATTRIBUTES.items()}
BPK: Final = "urn:oid:1.2.40.0.10.2.1.1.149"
"""The old, withdrawn bPK: an error where it is required, nothing where it is not."""
WITHOUT_MAILBOX: Final = frozenset({"FINK"})
"""Means that are not offered where the mailbox is asked for."""
KEYS_OF_AN_ACCOUNT: Final = frozenset({ATTRIBUTES["bPK2"], ATTRIBUTES["legacyPostkorbHandle"]})
"""Asked for, these take the guest login off the page."""
