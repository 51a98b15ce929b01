"""Keycloak in our role: an OpenID provider towards a portal, a SAML service provider towards an identity provider.

It has what we have: keys of 3072 bits, the PostgreSQL that the gateway brings along with its settings, one process; it
is built beforehand, as its makers recommend.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx

from gateway.store.server import embedded
from tests.bench.login_rounds import IDP, PERSON, SSO, Broker, IdentityProvider, encryption_key
from tests.interop import keycloak_server
from tests.interop.keycloak_server import Keycloak, free_port

REALM, ALIAS, CLIENT, SECRET = "town", "idp", "portal", "secret-of-the-portal"
REDIRECT = "http://127.0.0.1/signed-in"
_NAMES = ("firstName", "lastName", "email")


@dataclass
class Installation:
    """Keycloak built for PostgreSQL in a directory of its own, and its database."""

    program: Path
    home: Path
    base: str
    database: embedded.Running
    environment: dict[str, str]

    def start(self) -> subprocess.Popen[bytes]:
        """A new process; it answers later."""
        address = ("--http-host=127.0.0.1", f"--http-port={self.base.rpartition(':')[2]}")
        with (self.home / "keycloak.log").open("ab") as log:
            return subprocess.Popen(
                ["/bin/sh", str(self.program), "start", "--optimized", *address],
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def issuer(self) -> str:
        return f"{self.base}/realms/{REALM}"


def stop(process: subprocess.Popen[bytes]) -> None:
    """End it as an operator does."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    process.wait(60)


@contextlib.contextmanager
def installed(home: Path) -> Iterator[Installation]:
    """Copied, built, its database there; nothing is left of it afterwards."""
    found = keycloak_server.installed()
    assert found
    shutil.copytree(found.parents[1], home / "keycloak", ignore=shutil.ignore_patterns("data"))
    program = home / "keycloak" / "bin" / "kc.sh"
    port, base = free_port(), f"http://localhost:{free_port()}"
    data = home / "database"
    data.mkdir()
    embedded.start(data).stop()
    with (data / "postgres" / "data" / "postgresql.conf").open("a") as conf:
        conf.write(f"listen_addresses = '127.0.0.1'\nport = {port}\n")
    try:
        with patch.dict(os.environ, PGPORT=str(port)):  # the name of its socket has the port too
            database = embedded.start(data)
        environment = {
            "KC_DB_URL": f"jdbc:postgresql://127.0.0.1:{port}/postgres",
            "KC_DB_USERNAME": embedded.ROLE,
            "KC_DB_PASSWORD": "none",
            "KC_HTTP_ENABLED": "true",
            "KC_HOSTNAME": base,
            "KC_BOOTSTRAP_ADMIN_USERNAME": keycloak_server.ADMIN,
            "KC_BOOTSTRAP_ADMIN_PASSWORD": keycloak_server.PASSWORD,
        }
        build = ["/bin/sh", str(program), "build", "--db=postgres", "--cache=local"]
        subprocess.run(build, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        yield Installation(program, home, base, database, environment)
    finally:
        embedded.stop(data)


def set_up(installation: Installation, provider: IdentityProvider) -> Broker:
    """The realm of a town: keys as long as ours, its portal, and its identity provider."""
    with httpx.Client(trust_env=False, timeout=120) as http:
        keycloak = Keycloak(installation.base, http)
        keycloak.admin("POST", "", {"realm": REALM, "enabled": True, "sslRequired": "NONE"})
        for kind, algorithm in (("rsa-generated", "RS256"), ("rsa-enc-generated", "RSA-OAEP")):
            config = {"keySize": ["3072"], "priority": ["200"], "algorithm": [algorithm]}
            key = {"name": f"{kind}-3072", "providerId": kind, "providerType": "org.keycloak.keys.KeyProvider"}
            keycloak.admin("POST", f"/{REALM}/components", {**key, "config": config})
        portal = {"clientId": CLIENT, "secret": SECRET, "redirectUris": [REDIRECT], "standardFlowEnabled": True}
        keycloak.admin("POST", f"/{REALM}/clients", {**portal, "attributes": {"pkce.code.challenge.method": "S256"}})
        instances = f"/{REALM}/identity-provider/instances"
        keycloak.admin("POST", instances, _instance(provider))
        for ours, theirs in zip(_NAMES, PERSON, strict=True):
            config = {"attribute.name": theirs, "user.attribute": ours, "syncMode": "INHERIT"}
            mapper = {"name": ours, "identityProviderAlias": ALIAS}
            mapper["identityProviderMapper"] = "saml-user-attribute-idp-mapper"
            keycloak.admin("POST", f"{instances}/{ALIAS}/mappers", {**mapper, "config": config})
        descriptor = http.get(f"{installation.issuer}/broker/{ALIAS}/endpoint/descriptor").content
    more = {"kc_idp_hint": ALIAS}
    return Broker(installation.issuer, (CLIENT, SECRET), REDIRECT, more, encryption_key(descriptor))


def _instance(provider: IdentityProvider) -> dict[str, Any]:
    config = {
        "idpEntityId": IDP,
        "singleSignOnServiceUrl": SSO,
        "signingCertificate": provider.certificate,
        "validateSignature": "true",
        "wantAuthnRequestsSigned": "true",
        "wantAssertionsSigned": "true",
        "wantAssertionsEncrypted": "true",
        "encryptionAlgorithm": "RSA-OAEP",
        "signatureAlgorithm": "RSA_SHA256",
        "postBindingAuthnRequest": "true",
        "postBindingResponse": "true",
        "forceAuthn": "true",
        "nameIDPolicyFormat": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
        "principalType": "SUBJECT",
        "syncMode": "FORCE",
    }
    return {"alias": ALIAS, "providerId": "saml", "enabled": True, "trustEmail": True, "config": config}
