"""The portals that may ask for tokens: their ids, secrets and public keys.

Knows: what the settings say of each client, as values. Never does: read files, issue tokens.
Standards: RFC 6749 §2, OpenID Connect Registration §2 (the names of what logins need). Start reading: `Registry`.

Secrets are long random strings (the settings demand a file), so their SHA-256 is kept in their place; an unknown client
costs the same comparison as a known one.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any

from gateway.crypto import jws
from gateway.crypto.keys import VerifyKey, verify_key
from gateway.errors import DataInvalid, KeyUnfit
from gateway.login.certificates import CertificateRule
from gateway.model import Client, Finding

_NOBODY = hashlib.sha256(b"no client has this secret").digest()
_ALGS_OF_TYPE = {"RSA": (jws.PS512, jws.PS256, jws.RS256), "OKP": (jws.EDDSA,), "EC": (jws.ES256,)}


@dataclass(frozen=True, slots=True)
class AssertionKey:
    """A public key with which a client signs its assertions; `alg` is the registered one, never that of a token."""

    kid: str | None
    alg: str
    key: VerifyKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """What a client that people log in to has besides.

    `public`: an app without a secret; `portal` is the confidential client that hands off what its logins allow, and
    with which it shares the `sub`.
    """

    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str | None = None
    id_token_alg: str = jws.RS256
    public: bool = False
    portal: str | None = None
    require_pkce: bool = True


@dataclass(frozen=True, slots=True)
class Registration:
    """One client as configured: secrets (their SHA-256; more than one during a change), keys or certificates.

    `token_auth_method` is the one way in which it authenticates; None: any that its credentials allow.
    """

    client: Client
    secrets_sha256: tuple[bytes, ...] = field(default=(), repr=False)
    keys: tuple[AssertionKey, ...] = ()
    certificates: CertificateRule | None = None
    token_auth_method: str | None = None
    relying_party: RelyingParty | None = None

    @property
    def public(self) -> bool:
        """Whether it cannot keep a secret."""
        return self.relying_party is not None and self.relying_party.public

    @property
    def owner(self) -> str:
        """The client that may hand off what its logins allow; also the sector of `sub`."""
        return (self.relying_party.portal if self.relying_party else None) or self.client.id


def registration(  # noqa: PLR0913 - what the settings say of a client, each named
    client: Client,
    *,
    secret: str | None = None,
    previous: Sequence[str] = (),
    jwks: Mapping[str, Any] | None = None,
    certificates: CertificateRule | None = None,
    token_auth_method: str | None = None,
    relying_party: RelyingParty | None = None,
) -> Registration:
    """A registration from the values of the settings.

    `previous` are secrets that are valid beside `secret` while it is rolled out. `jwks` is a JWK set of public keys
    (RSA-4096, Ed25519, P-256). Raises `DataInvalid` with a finding for each fault:
    an unfit key, or neither secret nor key nor certificate for a client that is not public.
    """
    findings: list[Finding] = []
    keys = tuple(_assertion_keys(client.id, jwks or {}, findings))
    public = relying_party is not None and relying_party.public
    if not secret and not keys and certificates is None and not findings and not public:
        findings.append(
            Finding(
                f"clients.{client.id}",
                "no_credentials",
                "Weder secret_file noch ein Schlüssel in jwks noch ein TLS-Zertifikat; eines davon bitte setzen.",
                "Neither secret_file nor a key in jwks nor a TLS certificate; set one of them.",
            )
        )
    if findings:
        raise DataInvalid(findings=tuple(findings))
    secrets = tuple(_digest(text) for text in (secret, *previous) if text)
    return Registration(client, secrets, keys, certificates, token_auth_method, relying_party)


class Registry:
    """All registrations, looked up by client id."""

    def __init__(
        self,
        registrations: Iterable[Registration] = (),
        *,
        changing: Mapping[str, Callable[[], Registration]] = MappingProxyType({}),
    ) -> None:
        """`changing` gives the registration of an id as it is now, for clients whose secrets and keys may change."""
        self._by_id = {registered.client.id: partial(_unchanged, registered) for registered in registrations} | dict(
            changing
        )

    def get(self, client_id: str) -> Registration | None:
        """The registration of that id, if there is one."""
        current = self._by_id.get(client_id)
        return current() if current else None

    def by_secret(self, client_id: str, secret: str) -> Registration | None:
        """The registration whose secret this is, compared in constant time; None for any fault alike."""
        registered = self.get(client_id)
        expected = registered.secrets_sha256 if registered else ()
        digest = _digest(secret)
        matches = [hmac.compare_digest(digest, known) for known in expected or (_NOBODY,)]
        return registered if expected and any(matches) else None

    @property
    def with_certificates(self) -> bool:
        """Whether any client may come with a certificate."""
        return any(registered.certificates for registered in self)

    @property
    def with_logins(self) -> tuple[Registration, ...]:
        """The clients that people log in to."""
        return tuple(registered for registered in self if registered.relying_party is not None)

    def __iter__(self) -> Iterator[Registration]:
        return (current() for current in self._by_id.values())


def _unchanged(registered: Registration) -> Registration:
    return registered


def _assertion_keys(client_id: str, jwks: Mapping[str, Any], findings: list[Finding]) -> Iterator[AssertionKey]:
    listed = jwks.get("keys", []) if isinstance(jwks, Mapping) else []
    for no, jwk in enumerate(listed if isinstance(listed, list) else []):
        try:
            key = verify_key(jwk)
        except KeyUnfit as error:
            rule = str(error.params.get("rule", "form"))
            findings.append(
                Finding(
                    f"clients.{client_id}.jwks.keys.{no}",
                    rule,
                    (
                        "Dieser Schlüssel ist nicht verwendbar (RSA-4096, Ed25519 oder P-256, öffentlich); bitte vom "
                        "Portal einen solchen erfragen."
                    ),
                    "This key cannot be used (RSA-4096, Ed25519 or P-256, public part only); ask the portal for one.",
                )
            )
            continue
        kid = jwk.get("kid")
        yield AssertionKey(kid if isinstance(kid, str) else None, _alg_of(jwk), key)


def _alg_of(jwk: Mapping[str, Any]) -> str:
    """What a key signs with: its `alg` where its type has that one, else the first of the type."""
    algs = _ALGS_OF_TYPE[jwk["kty"]]
    return next((alg for alg in algs if alg == jwk.get("alg")), algs[0])


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
