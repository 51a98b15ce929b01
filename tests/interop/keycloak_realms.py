"""Two realms of Keycloak: `citizens`, where people have accounts, and `portal`, which logs them in by the gateway."""

from __future__ import annotations

import json
from typing import Any

from tests.interop.keycloak_server import Keycloak

CITIZENS, PORTAL, APP = "citizens", "portal", "web"
PERSON, SECRET = "aegir", "Ein langes Kennwort 1!"
GIVEN, FAMILY, MAIL = "Ægir Ðuro", "Müller-Łukasiewicz", "aegir@example.org"
EIDAS = "http://eidas.europa.eu/attributes/naturalperson/"
MAPPED = {
    "firstName": EIDAS + "CurrentGivenName",
    "lastName": EIDAS + "CurrentFamilyName",
    "email": "urn:oid:0.9.2342.19200300.100.1.3",
}
ENC, ENC11 = "http://www.w3.org/2001/04/xmlenc#", "http://www.w3.org/2009/xmlenc11#"
ANSWER = {
    "saml.assertion.signature": "true",
    "saml.server.signature": "false",
    "saml.encrypt": "true",
    "saml.encryption.algorithm": ENC11 + "aes256-gcm",
    "saml.encryption.keyAlgorithm": ENC + "rsa-oaep-mgf1p",
    "saml.encryption.digestMethod": ENC + "sha256",
    "saml.signature.algorithm": "RSA_SHA256",
    "saml_force_name_id_format": "false",
    "saml.client.signature": "true",
    "saml.onetimeuse.condition": "true",
    "acr.loa.map": json.dumps({"http://eidas.europa.eu/LoA/substantial": 1}),
}
"""How it answers us where a test does not say otherwise."""


def _fresh(keycloak: Keycloak, realm: dict[str, Any]) -> None:
    if any(each["realm"] == realm["realm"] for each in keycloak.admin("GET", "")):
        keycloak.admin("DELETE", f"/{realm['realm']}")
    keycloak.admin("POST", "", {"enabled": True, **realm})


def make_citizens(keycloak: Keycloak) -> None:
    """The realm of accounts: one person, who has several roles."""
    person = {
        "username": PERSON,
        "enabled": True,
        "email": MAIL,
        "emailVerified": True,
        "firstName": GIVEN,
        "lastName": FAMILY,
        "credentials": [{"type": "password", "value": SECRET, "temporary": False}],
        "realmRoles": ["resident", "volunteer"],
    }
    roles = {"realm": [{"name": "resident"}, {"name": "volunteer"}]}
    _fresh(keycloak, {"realm": CITIZENS, "roles": roles, "users": [person]})
    _name_levels(keycloak)


def _name_levels(keycloak: Keycloak) -> None:
    """A password is its level 1, which `ANSWER` gives a name."""
    flows = f"/{CITIZENS}/authentication/flows"
    keycloak.admin("POST", flows, {"alias": "levels", "providerId": "basic-flow", "topLevel": True, "builtIn": False})
    part = {"alias": "one", "type": "basic-flow", "provider": "registration-page-form"}
    keycloak.admin("POST", f"{flows}/levels/executions/flow", part)
    for provider in ("conditional-level-of-authentication", "auth-username-password-form"):
        keycloak.admin("POST", f"{flows}/one/executions/execution", {"provider": provider})
    for step in keycloak.admin("GET", f"{flows}/levels/executions"):
        requirement = "CONDITIONAL" if step.get("authenticationFlow") else "REQUIRED"
        keycloak.admin("PUT", f"{flows}/levels/executions", {**step, "requirement": requirement})
        if step.get("providerId", "").startswith("conditional"):
            level = {"alias": "one", "config": {"loa-condition-level": "1", "loa-max-age": "0"}}
            keycloak.admin("POST", f"/{CITIZENS}/authentication/executions/{step['id']}/config", level)
    keycloak.admin("PUT", f"/{CITIZENS}", {"browserFlow": "levels"})


def register_service_provider(keycloak: Keycloak, metadata: bytes) -> str:
    """Our metadata as its administration reads them, and what becomes of a person's values; the client's id."""
    made = keycloak.admin(
        "POST", f"/{CITIZENS}/client-description-converter", content=metadata, headers={"Content-Type": "text/plain"}
    )
    made["attributes"] |= ANSWER
    made["protocolMappers"] = [
        {
            "name": theirs,
            "protocol": "saml",
            "protocolMapper": "saml-user-property-mapper",
            "config": {"user.attribute": theirs, "attribute.name": ours, "attribute.nameformat": "URI Reference"},
        }
        for theirs, ours in MAPPED.items()
    ]
    keycloak.admin("POST", f"/{CITIZENS}/clients", made)
    found = keycloak.admin("GET", f"/{CITIZENS}/clients", params={"clientId": made["clientId"]})
    return found[0]["id"]


def answer_by(keycloak: Keycloak, client: str, **attributes: str) -> None:
    """Answers from now on as `ANSWER`, but for these."""
    path = f"/{CITIZENS}/clients/{client}"
    now = keycloak.admin("GET", path)
    keycloak.admin("PUT", path, {**now, "attributes": {**now["attributes"], **ANSWER, **attributes}})


def make_portal(keycloak: Keycloak) -> None:
    """The realm that has nobody's account, and an application whose people come by the gateway.

    It has a P-256 key beside its RSA key of 2048 bits, which is too short for a client's assertions here.
    """
    app = {
        "clientId": APP,
        "publicClient": True,
        "redirectUris": ["http://127.0.0.1/*"],
        "attributes": {"post.logout.redirect.uris": "http://127.0.0.1/*"},
    }
    _fresh(keycloak, {"realm": PORTAL, "clients": [app]})
    keycloak.admin(
        "POST",
        f"/{PORTAL}/components",
        {
            "name": "P-256",
            "providerId": "ecdsa-generated",
            "providerType": "org.keycloak.keys.KeyProvider",
            "config": {"ecdsaEllipticCurveKey": ["P-256"], "priority": ["100"]},
        },
    )


def broker_by(keycloak: Keycloak, alias: str, found: dict[str, Any], **config: str) -> None:
    """The gateway as an OpenID provider of the realm `portal`, as its discovery says; a former one of the name goes."""
    instances = f"/{PORTAL}/identity-provider/instances"
    if any(each["alias"] == alias for each in keycloak.admin("GET", instances)):
        keycloak.admin("DELETE", f"{instances}/{alias}")
    keycloak.admin(
        "POST",
        instances,
        {
            "alias": alias,
            "providerId": "oidc",
            "enabled": True,
            "trustEmail": True,
            "config": {
                "issuer": found["issuer"],
                "authorizationUrl": found["authorization_endpoint"],
                "tokenUrl": found["token_endpoint"],
                "userInfoUrl": found["userinfo_endpoint"],
                "logoutUrl": found["end_session_endpoint"],
                "jwksUrl": found["jwks_uri"],
                "useJwksUrl": "true",
                "validateSignature": "true",
                "pkceEnabled": "true",
                "pkceMethod": "S256",
                "defaultScope": "openid profile email",
                "syncMode": "FORCE",
                "backchannelSupported": "true",
                **config,
            },
        },
    )
