"""Wire names of SAML, of BundID and of Mein Unternehmenskonto, verbatim.

Knows: namespaces, bindings, status values, levels, names of attributes. Never does: map or judge them (`profile` does).
Standards: SAML 2.0 core and bindings; BundID interface 10.2; NEZO. Start reading: `BUNDID_ATTRIBUTES`.
"""

from __future__ import annotations

from typing import Final

PROTOCOL: Final = "urn:oasis:names:tc:SAML:2.0:protocol"
ASSERTION: Final = "urn:oasis:names:tc:SAML:2.0:assertion"
METADATA: Final = "urn:oasis:names:tc:SAML:2.0:metadata"
DSIG: Final = "http://www.w3.org/2000/09/xmldsig#"
XENC: Final = "http://www.w3.org/2001/04/xmlenc#"
XENC11: Final = "http://www.w3.org/2009/xmlenc11#"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
XSD: Final = "http://www.w3.org/2001/XMLSchema"
XML: Final = "http://www.w3.org/XML/1998/namespace"
AKDB: Final = "https://www.akdb.de/request/2018/09"
CLASSIC_UI: Final = "https://www.akdb.de/request/2018/09/classic-ui/v1"
EKONA: Final = "http://www.elster.de/schema/ekona/saml/extensions"

HTTP_POST: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
HTTP_REDIRECT: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"

BEARER: Final = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
TRANSIENT: Final = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
PERSISTENT: Final = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
UNSPECIFIED_NAME_ID: Final = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
NAME_FORMAT_URI: Final = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
NAME_FORMAT_BASIC: Final = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"

STATUS_SUCCESS: Final = "urn:oasis:names:tc:SAML:2.0:status:Success"
STATUS_REQUESTER: Final = "urn:oasis:names:tc:SAML:2.0:status:Requester"
STATUS_RESPONDER: Final = "urn:oasis:names:tc:SAML:2.0:status:Responder"
STATUS_VERSION_MISMATCH: Final = "urn:oasis:names:tc:SAML:2.0:status:VersionMismatch"
STATUS_AUTHN_FAILED: Final = "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"
STATUS_NO_AUTHN_CONTEXT: Final = "urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext"
STATUS_REQUEST_DENIED: Final = "urn:oasis:names:tc:SAML:2.0:status:RequestDenied"
IDP_REQUIRED_ATTRIBUTES_MISSING: Final = "IDP_REQUIRED_ATTRIBUTES_MISSING"
"""The code that BundID's status detail (a JSON text) has where an account lacks a required attribute."""

ENVELOPED_SIGNATURE: Final = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
EXCLUSIVE_C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
RSA_SHA256: Final = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
RSA_SHA384: Final = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384"
RSA_SHA512: Final = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"
RSA_PSS_SHA256: Final = "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"
RSA_PSS_SHA384: Final = "http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1"
RSA_PSS_SHA512: Final = "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1"
SHA1: Final = "http://www.w3.org/2000/09/xmldsig#sha1"
SHA256: Final = "http://www.w3.org/2001/04/xmlenc#sha256"
SHA384: Final = "http://www.w3.org/2001/04/xmldsig-more#sha384"
SHA512: Final = "http://www.w3.org/2001/04/xmlenc#sha512"
AES128_GCM: Final = "http://www.w3.org/2009/xmlenc11#aes128-gcm"
AES192_GCM: Final = "http://www.w3.org/2009/xmlenc11#aes192-gcm"
AES256_GCM: Final = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
RSA_OAEP_MGF1P: Final = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"
RSA_OAEP: Final = "http://www.w3.org/2009/xmlenc11#rsa-oaep"
MGF1_SHA256: Final = "http://www.w3.org/2009/xmlenc11#mgf1sha256"

STORK_1: Final = "STORK-QAA-Level-1"
STORK_2: Final = "STORK-QAA-Level-2"
STORK_3: Final = "STORK-QAA-Level-3"
STORK_4: Final = "STORK-QAA-Level-4"
EIDAS_LOW: Final = "http://eidas.europa.eu/LoA/low"
EIDAS_SUBSTANTIAL: Final = "http://eidas.europa.eu/LoA/substantial"
EIDAS_HIGH: Final = "http://eidas.europa.eu/LoA/high"

TRUST_LEVEL: Final = "TrustLevel"
"""Local name of the XML attribute (namespace `AKDB`) that gives an attribute's level."""
TRUST_LEVELS: Final = ("UNTERGEORDNET", "NORMAL", "SUBSTANTIELL", "HOCH")

AUTHN_METHODS: Final = ("Authega", "Benutzername", "Diia", "eID", "eIDAS", "Elster", "FINK")

GIVEN_NAME: Final = "urn:oid:2.5.4.42"
SURNAME: Final = "urn:oid:2.5.4.4"
MAIL: Final = "urn:oid:0.9.2342.19200300.100.1.3"
POSTAL_ADDRESS: Final = "urn:oid:2.5.4.16"
POSTAL_CODE: Final = "urn:oid:2.5.4.17"
LOCALITY_NAME: Final = "urn:oid:2.5.4.7"
COUNTRY: Final = "urn:oid:1.2.40.0.10.2.1.1.225599"
PERSONAL_TITLE: Final = "urn:oid:0.9.2342.19200300.100.1.40"
GENDER: Final = "urn:oid:1.3.6.1.4.1.33592.1.3.5"
BIRTHDATE: Final = "urn:oid:1.2.40.0.10.2.1.1.55"
PLACE_OF_BIRTH: Final = "urn:oid:1.3.6.1.5.5.7.9.2"
BIRTH_NAME: Final = "urn:oid:1.2.40.0.10.2.1.1.225566"
NATIONALITY: Final = "urn:oid:1.2.40.0.10.2.1.1.225577"
DOCUMENT_TYPE: Final = "urn:oid:1.2.40.0.10.2.1.1.552255"
DE_MAIL: Final = "urn:oid:1.3.6.1.4.1.55605.70737875.1.1.1.7.1"
TELEPHONE_NUMBER: Final = "urn:oid:2.5.4.20"
EIDAS_ISSUING_COUNTRY: Final = "urn:oid:1.3.6.1.4.1.25484.494450.10.1"
COMMUNITY_ID: Final = "urn:oid:1.3.6.1.4.1.25484.494450.5"
BPK2: Final = "urn:oid:1.3.6.1.4.1.25484.494450.3"
EID_CITIZEN_QAA_LEVEL: Final = "urn:oid:1.2.40.0.10.2.1.1.261.94"
VERSION: Final = "urn:oid:1.3.6.1.4.1.25484.494450.1"
ASSERTION_PROVED_BY: Final = "urn:oid:1.3.6.1.4.1.25484.494450.2"
LEGACY_POSTKORB_HANDLE: Final = "urn:oid:2.5.4.18"
APPLICATION_ID: Final = "urn:oid:1.3.6.1.4.1.25484.494450.4"
PSEUDONYM: Final = "urn:oid:1.2.40.0.10.2.1.1.226699"
MFA: Final = "urn:oid:1.3.6.1.4.1.25484.494450.7"

BUNDID_ATTRIBUTES: Final = (
    (GIVEN_NAME, "givenName"),
    (SURNAME, "surname"),
    (MAIL, "mail"),
    (POSTAL_ADDRESS, "postalAddress"),
    (POSTAL_CODE, "postalCode"),
    (LOCALITY_NAME, "localityName"),
    (COUNTRY, "country"),
    (PERSONAL_TITLE, "personalTitle"),
    (GENDER, "gender"),
    (BIRTHDATE, "birthdate"),
    (PLACE_OF_BIRTH, "placeOfBirth"),
    (BIRTH_NAME, "birthName"),
    (NATIONALITY, "nationality"),
    (DOCUMENT_TYPE, "documentType"),
    (DE_MAIL, "DeMail"),
    (TELEPHONE_NUMBER, "telephoneNumber"),
    (EIDAS_ISSUING_COUNTRY, "eIDAS-Issuing-Country"),
    (COMMUNITY_ID, "communityId"),
    (BPK2, "bPK2"),
    (EID_CITIZEN_QAA_LEVEL, "EID-CITIZEN-QAA-LEVEL"),
    (VERSION, "Version"),
    (ASSERTION_PROVED_BY, "AssertionProvedBy"),
    (LEGACY_POSTKORB_HANDLE, "legacyPostkorbHandle"),
    (APPLICATION_ID, "applicationId"),
    (PSEUDONYM, "pseudonym"),
    (MFA, "mfa"),
)
"""What BundID may send: Name, and FriendlyName, by which nobody maps (it is not stable)."""

MUK_TRANSMITTER: Final = "DatenuebermittlerPseudonymId"
MUK_DATA_KIND: Final = "DatenkranzTyp"
MUK_TEST_ACCOUNT: Final = "IstTestkonto"
MUK_LEVELS: Final = ("ElsterVertrauensniveauIdentifizierung", "ElsterVertrauensniveauAuthentifizierung")
MUK_ADDRESS: Final = "Unternehmensanschrift"
MUK_ACTING: Final = "HandelndePerson"
