"""What BundID and Mein Unternehmenskonto may say, by its wire name: attributes, levels, ways to log in.

Source: BundID interface 10.2, NEZO. `ATTRIBUTES` is the whole list; those that a test names have a name here.
"""

from __future__ import annotations

TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
STORK_1 = "STORK-QAA-Level-1"
STORK_3 = "STORK-QAA-Level-3"
STORK_4 = "STORK-QAA-Level-4"
EIDAS_LOW = "http://eidas.europa.eu/LoA/low"
EIDAS_SUBSTANTIAL = "http://eidas.europa.eu/LoA/substantial"
EIDAS_HIGH = "http://eidas.europa.eu/LoA/high"

AUTHN_METHODS = ("Authega", "Benutzername", "Diia", "eID", "eIDAS", "Elster", "FINK")

GIVEN_NAME = "urn:oid:2.5.4.42"
SURNAME = "urn:oid:2.5.4.4"
MAIL = "urn:oid:0.9.2342.19200300.100.1.3"
GENDER = "urn:oid:1.3.6.1.4.1.33592.1.3.5"
BIRTHDATE = "urn:oid:1.2.40.0.10.2.1.1.55"
NATIONALITY = "urn:oid:1.2.40.0.10.2.1.1.225577"
BPK2 = "urn:oid:1.3.6.1.4.1.25484.494450.3"
EID_CITIZEN_QAA_LEVEL = "urn:oid:1.2.40.0.10.2.1.1.261.94"
ASSERTION_PROVED_BY = "urn:oid:1.3.6.1.4.1.25484.494450.2"
LEGACY_POSTKORB_HANDLE = "urn:oid:2.5.4.18"
APPLICATION_ID = "urn:oid:1.3.6.1.4.1.25484.494450.4"
MFA = "urn:oid:1.3.6.1.4.1.25484.494450.7"

ATTRIBUTES = (
    GIVEN_NAME,
    SURNAME,
    MAIL,
    "urn:oid:2.5.4.16",  # postalAddress
    "urn:oid:2.5.4.17",  # postalCode
    "urn:oid:2.5.4.7",  # localityName
    "urn:oid:1.2.40.0.10.2.1.1.225599",  # country
    "urn:oid:0.9.2342.19200300.100.1.40",  # personalTitle
    GENDER,
    BIRTHDATE,
    "urn:oid:1.3.6.1.5.5.7.9.2",  # placeOfBirth
    "urn:oid:1.2.40.0.10.2.1.1.225566",  # birthName
    NATIONALITY,
    "urn:oid:1.2.40.0.10.2.1.1.552255",  # documentType
    "urn:oid:1.3.6.1.4.1.55605.70737875.1.1.1.7.1",  # DeMail
    "urn:oid:2.5.4.20",  # telephoneNumber
    "urn:oid:1.3.6.1.4.1.25484.494450.10.1",  # eIDAS-Issuing-Country
    "urn:oid:1.3.6.1.4.1.25484.494450.5",  # communityId
    BPK2,
    EID_CITIZEN_QAA_LEVEL,
    "urn:oid:1.3.6.1.4.1.25484.494450.1",  # Version
    ASSERTION_PROVED_BY,
    LEGACY_POSTKORB_HANDLE,
    APPLICATION_ID,
    "urn:oid:1.2.40.0.10.2.1.1.226699",  # pseudonym
    MFA,
)

MUK_TRANSMITTER = "DatenuebermittlerPseudonymId"
MUK_DATA_KIND = "DatenkranzTyp"
