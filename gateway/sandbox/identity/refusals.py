"""What is refused of a service provider, by codes as BundID's `idp.code` has them.

Knows: the codes and their sentences. Never does: repeat what was sent. Standard: BundID interface 10.2 §9.6.
Start reading: `RequestRefused`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

BUNDID: Final[Mapping[str, tuple[str, str]]] = {
    "akdb-extension-missing": (
        "Die Anfrage enthält keine AuthenticationRequest-Erweiterung.",
        "The request has no AuthenticationRequest extension.",
    ),
    "akdb-extension-v1-deprecated": ("Die Erweiterung hat nicht die Version 2.", "The extension is not of version 2."),
    "saml-request-not-signed": ("Die Anfrage ist nicht signiert.", "The request is not signed."),
    "purpose-does-not-support-restricted-html": ("Der Zweck enthält Auszeichnungen.", "The purpose holds markup."),
    "requested-attributes-empty": ("Es ist kein Attribut angefragt.", "No attribute is asked for."),
    "requested-attributes-missing-name": ("Ein angefragtes Attribut hat keinen Namen.", "An attribute has no name."),
    "empty-authentication-methods": (
        "Die Liste der Anmeldearten ist leer.",
        "The list of authentication methods is empty.",
    ),
    "organization-display-name-missing": (
        "Der Anzeigename der Organisation fehlt.",
        "The display name of the organisation is missing.",
    ),
}
OURS: Final[Mapping[str, tuple[str, str]]] = {
    "saml-request-unreadable": (
        "Die Anfrage ist nicht lesbar (Base64, DEFLATE, XML ohne Dokumenttyp).",
        "The request cannot be read (base64, DEFLATE, XML without a document type).",
    ),
    "saml-request-schema": (
        "Die Anfrage folgt nicht dem Schema von SAML 2.0 (Elemente, Reihenfolge, Attribute).",
        "The request does not follow the schema of SAML 2.0 (elements, order, attributes).",
    ),
    "saml-request-signature-invalid": (
        "Die Signatur der Anfrage gehört nicht zu den Metadaten des Dienstes.",
        "The signature of the request does not belong to the metadata of the service provider.",
    ),
    "saml-request-expired": (
        "Die Anfrage ist zu alt oder liegt in der Zukunft.",
        "The request is too old or lies in the future.",
    ),
    "saml-request-repeated": ("Die Anfrage wurde schon gestellt.", "The request was made before."),
    "destination-wrong": (
        "Die Anfrage ist nicht an diese Adresse gerichtet.",
        "The request is not meant for this address.",
    ),
    "service-provider-unknown": (
        "Der Dienst ist nicht bekannt: Metadaten fehlen.",
        "The service provider is not known: its metadata are missing.",
    ),
    "acs-unknown": (
        "Die Antwortadresse steht nicht in den Metadaten.",
        "The address for the answer does not stand in the metadata.",
    ),
    "relay-state-too-long": (
        "RelayState ist länger als 80 Byte oder doppelt.",
        "RelayState is longer than 80 bytes, or there twice.",
    ),
    "name-id-policy-unsupported": ("Die NameIDPolicy wird nicht unterstützt.", "The NameIDPolicy is not supported."),
    "authn-context-unsupported": (
        "Verlangt ist genau ein STORK-Niveau (1, 3, 4) mit Comparison=minimum.",
        "Exactly one STORK level (1, 3, 4) with Comparison=minimum may be asked for.",
    ),
    "akdb-extension-invalid": (
        "Die Erweiterung enthält Unbekanntes oder steht in falscher Reihenfolge.",
        "The extension holds unknown elements, or an order that is wrong.",
    ),
    "authentication-method-unknown": ("Eine Anmeldeart ist nicht bekannt.", "An authentication method is not known."),
    "requested-attributes-unknown": (
        "Ein angefragtes Attribut ist nicht bekannt oder zurückgezogen.",
        "A requested attribute is not known, or withdrawn.",
    ),
    "online-service-id-missing": ("Die BMI-ID des Onlinedienstes fehlt.", "The online service's BMI-ID is missing."),
    "online-service-id-invalid": (
        "Die BMI-ID des Onlinedienstes hat nicht ihre Form.",
        "The online service's BMI-ID does not have its form.",
    ),
    "login-answered": (
        "Diese Anmeldung ist beendet. Bitte beginnen Sie beim Onlinedienst neu.",
        "This login has ended. Please begin anew at the online service.",
    ),
}
METADATA: Final[Mapping[str, tuple[str, str]]] = {
    "metadata-unreadable": ("Die Metadaten sind nicht lesbar.", "The metadata cannot be read."),
    "metadata-valid-until": ("validUntil ist nicht erlaubt.", "validUntil is not allowed."),
    "metadata-id": ("Das Attribut ID ist nicht erlaubt.", "The attribute ID is not allowed."),
    "metadata-entity-id": (
        "Die entityID ist keine https-Adresse ohne Port.",
        "The entityID is no https address without a port.",
    ),
    "metadata-acs": (
        "Es fehlt ein AssertionConsumerService mit HTTP-POST und https-Adresse (http nur auf localhost).",
        "An AssertionConsumerService by HTTP-POST with an https address is missing (http on localhost only).",
    ),
    "metadata-keys": (
        "Es fehlt ein RSA-Zertifikat (ab 2048 Bit) zum Signieren oder Verschlüsseln.",
        "An RSA certificate (from 2048 bits on) for signing or encryption is missing.",
    ),
}
CODES: Final = {**BUNDID, **OURS}


class RequestRefused(Exception):
    """A request that gets a page instead of an answer."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class MetadataRefused(Exception):
    """Metadata that break rules, all of them."""

    def __init__(self, *codes: str) -> None:
        self.codes = codes
        super().__init__(", ".join(codes))


def require(kept: bool, code: str) -> None:
    """Refused with the code where the rule is not kept."""
    if not kept:
        raise RequestRefused(code)
