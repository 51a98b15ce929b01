"""Sections of what portals call: the address, its TLS, and who may call.

Knows: each setting, its default and its rule. Never does: read files or environment (`reading` does).
Standard: fixed interfaces §2. Start reading: `ServerSection`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from gateway.input.patterns import ADDRESS, PUBLIC_URL
from gateway.model import ALL_SCOPES
from gateway.settings.faults import broken
from gateway.settings.kinds import Counterpart, EntryName, OwnAddress, PrivateKeyFile, SecretFile
from gateway.settings.production import is_loopback
from gateway.settings.sections import Section


class TlsSection(Section):
    """TLS at our own door; a proxy before us may do it instead."""

    certificate_file: Path | None = Field(None, description="PEM file of the server's certificate and its chain.")
    key_file: PrivateKeyFile | None = Field(
        None, description="PEM file of its key; unset: the server speaks no TLS itself."
    )
    client_ca_file: Path | None = Field(
        None, description="PEM file of the authorities that may vouch for portals' certificates (RFC 8705)."
    )
    client_certificate_header: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9-]{1,64}$",
        description="Header in which trusted_proxies pass a portal's certificate on (RFC 9440, or escaped PEM); they "
        "must remove it from what callers send. Unset: believed from nobody.",
    )

    @model_validator(mode="after")
    def _pair(self) -> Self:
        if (self.certificate_file is None) != (self.key_file is None):
            raise broken("tls_pair")
        return self


class ServerSection(Section):
    """The door for portals."""

    public_url: OwnAddress | None = Field(
        None,
        pattern=f"^{PUBLIC_URL.pattern}$",
        description="Address by which portals reach the gateway. Unset: the address it listens on.",
    )
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on; 0 lets the system choose.")
    trusted_proxies: tuple[str, ...] = Field((), description="Addresses whose X-Forwarded-* headers are believed.")
    tls: TlsSection = TlsSection()
    max_upload_bytes: int = Field(500_000_000, ge=1, description="Largest upload in bytes.")
    max_body_bytes: int = Field(10_000_000, ge=1000, description="Largest JSON body in bytes.")

    def listening(self, host: str | None = None, port: int | None = None) -> str:
        """The address of a socket; without one that which the settings ask for."""
        name = host or self.host
        scheme = "https" if self.tls.key_file else "http"
        return f"{scheme}://{f'[{name}]' if ':' in name else name}:{self.port if port is None else port}"

    def base_url(self, port: int | None = None) -> str:
        """The public address: as set, else where the gateway listens (`port`: the one that the system chose)."""
        return self.listening(port=port) if self.public_url is None else self.public_url.rstrip("/")

    def refused_in_production(self) -> Iterable[tuple[str, str]]:
        """No public address; a door that is open to others without TLS or proxy; everybody believed as a proxy."""
        if self.public_url is None:
            yield "public_url", "https"
        inside = is_loopback(self.host)
        if not inside and self.tls.key_file is None and not self.trusted_proxies:
            yield "host", "open_door"
        everybody = any(proxy == "*" or re.search(r"/0+$", proxy) for proxy in self.trusted_proxies)
        if everybody and not (inside and self.tls.client_certificate_header is None):
            yield "trusted_proxies", "proxy_anybody"


class ClientLimitsSection(Section):
    """What one client may ask for."""

    requests_per_minute: int | None = Field(
        None, ge=1, description="Requests a minute, at all `gateway serve` together."
    )
    submissions_per_day: int | None = Field(None, ge=1, description="Applications a day (UTC).")


class ClientSection(Section):
    """One portal that may hand off submissions, and with `redirect_uris` one that people log in to."""

    id: EntryName = Field(pattern=r"^[A-Za-z0-9._-]{1,64}$", description="Client id, also named in the token request.")
    secret_file: SecretFile | None = Field(None, description="File with the client secret.")
    previous_secret_files: tuple[SecretFile, ...] = Field(
        (), description="Files with secrets that stay valid beside it while a new one is rolled out."
    )
    jwks: Path | None = Field(
        None,
        description="JWK set file with the client's public keys (private_key_jwt). RSA is PS512, or as its alg says.",
    )
    tls_subject: str | None = Field(
        None,
        description="Distinguished name (RFC 4514) of its certificate, by an authority of server.tls.client_ca_file.",
    )
    tls_san_dns: str | None = Field(None, description="The same: a DNS name of its certificate.")
    tls_san_uri: str | None = Field(None, description="The same: a URI of its certificate.")
    tls_certificate_files: tuple[Path, ...] = Field(
        (),
        description="PEM files of certificates that are the client's by themselves (self-signed); two during a change.",
    )
    token_auth_method: (
        Literal[
            "client_secret_basic",
            "client_secret_post",
            "private_key_jwt",
            "tls_client_auth",
            "self_signed_tls_client_auth",
            "none",
        ]
        | None
    ) = Field(
        None, description="The one way in which it authenticates. Unset: any of its credentials but client_secret_post."
    )
    redirect_uris: tuple[str, ...] = Field(
        (),
        description="Addresses to which a login comes back, exactly; with them people log in to the client (OpenID).",
    )
    post_logout_redirect_uris: tuple[str, ...] = Field(
        (), description="Addresses to which signing out may lead, exactly."
    )
    backchannel_logout_uri: Counterpart | None = Field(
        None, pattern=f"^{ADDRESS.pattern}$", description="Address of its server that is told when a browser signs out."
    )
    id_token_alg: Literal["RS256", "PS256", "ES256", "EdDSA"] = Field(
        "RS256", description="What its ID tokens are signed with."
    )
    public: bool = Field(default=False, description="An app, which cannot keep a secret (RFC 8252).")
    portal: str | None = Field(
        None, description="For an app: the client that hands off what its logins allow and that shares their sub."
    )
    require_pkce: bool = Field(
        default=True, description="false frees a client with a secret from PKCE (RFC 7636); test mode only."
    )
    scopes: tuple[str, ...] = Field(
        ALL_SCOPES, description="Scopes the client may ask for; those of OpenID come with redirect_uris."
    )
    municipalities: tuple[str, ...] = Field((), description="ARS of the municipalities it may serve; empty: all.")
    services: tuple[str, ...] | None = Field(None, description="Services it may use; unset: all.")
    limits: ClientLimitsSection = ClientLimitsSection()

    def refused_in_production(self) -> Iterable[tuple[str, str]]:
        """A login without PKCE; one that comes back unencrypted (an app's loopback never leaves its machine)."""
        if not self.require_pkce:
            yield "require_pkce", "pkce"
        for name in ("redirect_uris", "post_logout_redirect_uris"):
            plain = (urlsplit(uri) for uri in getattr(self, name) if uri.lower().startswith("http:"))
            if any(not (self.public and is_loopback(parts.hostname or "")) for parts in plain):
                yield name, "https"
