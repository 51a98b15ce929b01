"""What portals need that people log in to, and the keys of ID tokens: rules between the settings of a client.

Knows: which settings fit together, which addresses a portal may register. Never does: read files.
Standards: RFC 6749 §3.1.2, RFC 8252 §7, OpenID Connect Registration §2. Start reading: `client_faults`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import unquote, urlsplit

from pydantic import Field

from gateway.errors.sentences import Sentences
from gateway.model import ALL_SCOPES, Finding
from gateway.settings.kinds import JwkFile
from gateway.settings.sections import Section
from gateway.settings.server import ClientSection

OPENID_SCOPES: Final = ("openid", "profile", "email", "phone", "address")
_LONGEST: Final = 2048
_ADDRESS: Final = re.compile(r"[\x21\x23-\x5b\x5d\x5f\x61-\x7a\x7e]+")  # RFC 3986, ASCII, none of "<>\^`{|}
_PRIVATE_USE: Final = re.compile(r"[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:/{0,2}[^/].*", re.IGNORECASE | re.DOTALL)
_CREDENTIALS: Final[Mapping[str, tuple[str, ...]]] = {
    "client_secret_basic": ("secret_file",),
    "client_secret_post": ("secret_file",),
    "private_key_jwt": ("jwks",),
    "tls_client_auth": ("tls_subject", "tls_san_dns", "tls_san_uri"),
    "self_signed_tls_client_auth": ("tls_certificate_files",),
}
_NONE: Final = "none"
_EVERY: Final = tuple(dict.fromkeys(name for names in _CREDENTIALS.values() for name in names))

_SENTENCES: Final = Sentences(
    {
        "redirect_uri": (
            (
                "Eine Adresse für die Rückkehr ist eine vollständige https-Adresse ohne Fragment, Benutzer, "
                "Leerzeichen, Platzhalter (*) und Punkte (/../); nur Apps (public) dürfen com.beispiel.app:/… nutzen. "
                "Bitte berichtigen."
            ),
            (
                "An address to come back to is a whole https address without fragment, user, blanks, wildcard (*) "
                "or dots (/../); only apps (public) may have com.example.app:/…. Correct it."
            ),
        ),
        "scope_unknown": (
            "Diesen Scope gibt es nicht; erlaubt sind: {known}.",
            "There is no such scope; allowed are: {known}.",
        ),
        "needs_redirect_uris": (
            "Diese Einstellung gilt nur für Portale mit Anmeldung; bitte redirect_uris angeben oder sie entfernen.",
            "This setting is for portals that people log in to; give redirect_uris or remove it.",
        ),
        "public_credentials": (
            "Eine App (public) kann kein Geheimnis hüten; bitte diese Einstellung oder public entfernen.",
            "An app (public) cannot keep a secret; remove this setting or public.",
        ),
        "public_pkce": (
            "Für eine App (public) ist PKCE immer nötig; bitte require_pkce entfernen.",
            "An app (public) always needs PKCE; remove require_pkce.",
        ),
        "method_public": (
            "none gibt es nur für Apps; bitte public setzen oder ein anderes Verfahren wählen.",
            "none is for apps only; set public or choose another method.",
        ),
        "method_credentials": (
            "Zu diesem Verfahren fehlt die passende Angabe ({needed}); bitte ergänzen.",
            "What belongs to this method is missing ({needed}); add it.",
        ),
        "portal_of_an_app": (
            "portal nennt, wessen App das ist, und gilt nur mit public; bitte public setzen oder portal entfernen.",
            "portal names whose app this is and goes with public only; set public or remove portal.",
        ),
        "portal_unknown": (
            "portal muss die Kennung eines anderen Zugangs nennen, der keine App ist; bitte berichtigen.",
            "portal has to name another client that is no app; correct it.",
        ),
    }
)


class LoginSection(Section):
    """Logins of people."""

    id_token_key_files: tuple[JwkFile, ...] = Field(
        (),
        description="Private JWKs that sign ID tokens, the first of an algorithm (RS256, PS256, ES256, EdDSA). "
        "Unset: keys/id-token-ALG.jwk in data_dir, made where a client needs one.",
    )
    published_key_files: tuple[JwkFile, ...] = Field(
        (),
        description="JWKs published beside them: the next key before it signs, earlier ones while their tokens live.",
    )


def client_faults(clients: Sequence[ClientSection]) -> list[Finding]:
    """What does not fit together in the settings of each client, and between them; all of it."""
    return [fault for client in clients for fault in _faults(client, clients)]


def algorithms(clients: Iterable[ClientSection]) -> list[str]:
    """What ID tokens are signed with for these clients; RS256, which every relying party reads, where any logs in."""
    asked = [client.id_token_alg for client in clients if client.redirect_uris]
    return list(dict.fromkeys(["RS256", *asked])) if asked else []


def _faults(client: ClientSection, clients: Sequence[ClientSection]) -> Iterator[Finding]:
    pointer = f"clients.{client.id}"
    yield from _addresses(client, pointer)
    if set(client.scopes) - {*ALL_SCOPES, *OPENID_SCOPES}:
        yield _SENTENCES.finding(f"{pointer}.scopes", "scope_unknown", known=", ".join((*ALL_SCOPES, *OPENID_SCOPES)))
    if not client.redirect_uris:
        for name in _without_logins(client):
            yield _SENTENCES.finding(f"{pointer}.{name}", "needs_redirect_uris")
    yield from _of_an_app(client, pointer) if client.public else _of_a_portal(client, pointer)
    confidential = {other.id for other in clients if not other.public and other.id != client.id}
    if client.portal is not None and client.portal not in confidential:
        yield _SENTENCES.finding(f"{pointer}.portal", "portal_unknown")


def _addresses(client: ClientSection, pointer: str) -> Iterator[Finding]:
    for name in ("redirect_uris", "post_logout_redirect_uris"):
        for number, address in enumerate(getattr(client, name)):
            if not _sound(address, public=client.public):
                yield _SENTENCES.finding(f"{pointer}.{name}.{number}", "redirect_uri")


def _of_a_portal(client: ClientSection, pointer: str) -> Iterator[Finding]:
    if client.portal is not None:
        yield _SENTENCES.finding(f"{pointer}.portal", "portal_of_an_app")
    method = client.token_auth_method
    if method == _NONE:
        yield _SENTENCES.finding(f"{pointer}.token_auth_method", "method_public")
    needed = _CREDENTIALS.get(method or "", ())
    if needed and not any(getattr(client, name) for name in needed):
        yield _SENTENCES.finding(f"{pointer}.token_auth_method", "method_credentials", needed=", ".join(needed))


def _of_an_app(client: ClientSection, pointer: str) -> Iterator[Finding]:
    for name in (*_EVERY, "previous_secret_files"):
        if getattr(client, name):
            yield _SENTENCES.finding(f"{pointer}.{name}", "public_credentials")
    if client.token_auth_method not in {None, _NONE}:
        yield _SENTENCES.finding(f"{pointer}.token_auth_method", "public_credentials")
    if not client.require_pkce:
        yield _SENTENCES.finding(f"{pointer}.require_pkce", "public_pkce")


def _without_logins(client: ClientSection) -> Iterator[str]:
    fields = type(client).model_fields
    for name in ("post_logout_redirect_uris", "backchannel_logout_uri", "id_token_alg", "public", "portal"):
        if getattr(client, name) != fields[name].default:
            yield name
    if not client.require_pkce:
        yield "require_pkce"
    if set(OPENID_SCOPES) & set(client.scopes):
        yield "scopes"


def _sound(address: str, *, public: bool) -> bool:
    if len(address) > _LONGEST or not _ADDRESS.fullmatch(address):
        return False
    try:
        parts = urlsplit(address)
        web = parts.scheme in {"http", "https"}
        of_web = bool(parts.hostname) and parts.username is None and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        return False
    if {"#", "*"} & set(address) or {".", ".."} & set(unquote(parts.path).split("/")):
        return False  # compared exactly: a wildcard would match nothing, and browsers resolve dots before they ask
    return of_web if web else public and _PRIVATE_USE.fullmatch(address) is not None
