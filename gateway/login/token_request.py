"""A request of a portal's server at the token endpoint or beside it, as Authlib wants it, and what it is answered.

Knows: the form and its bounds, HTTP Basic, that a request authenticates in one way. Never does: judge credentials.
Standards: RFC 6749 §2.3 and §3.2. Start reading: `TokenRequest`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_plus

import pybase64
from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Request
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload

from gateway.login import assertions
from gateway.login.certificates import Presented
from gateway.login.tokens import Issuer
from gateway.ports.login import Code, Login

FORM_LIMIT: Final = 16_384
"""Largest body of a token request in bytes."""
_FIELDS_MOST: Final = 40


JSON_HEADERS: Final = {"Content-Type": "application/json", "Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True)
class OAuthAnswer:
    """What an endpoint says: HTTP status, JSON body, headers."""

    status: int
    body: Mapping[str, Any] = field(repr=False)
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CodeFound:
    """What a code stands for: the code itself, its row, and its login."""

    code: str = field(repr=False)
    row: Code
    login: Login


class TokenRequest(OAuth2Request):  # type: ignore[misc]  # Authlib ships no types
    """A request as Authlib wants it. The transport was judged at the door: TLS may end at a proxy."""

    def __init__(
        self, issuer: Issuer, authorization: str | None, presented: Presented | None, address: str = ""
    ) -> None:
        super().__init__("POST", "https://issuer.invalid/oidc/token", headers={})
        self.issuer = issuer
        self.authorization = authorization
        self.presented = presented
        self.address = address
        self.proof: assertions.ClientProof | None = None
        self.thumbprint: str | None = None
        self.found: CodeFound | None = None

    @property
    def form(self) -> dict[str, str]:
        """The fields of the body."""
        fields: dict[str, str] = self.payload.data if self.payload else {}
        return fields

    @property
    def claimed(self) -> str:
        """The client that the request names, by whatever way; not authenticated."""
        named = self.basic()
        return named[0][0] if named else self.form.get("client_id", "")

    def read(self, body: bytes) -> None:
        """Take the body. Raises `InvalidRequestError`."""
        self.payload = BasicOAuth2Payload(_form(body))
        self._one_method()

    def basic(self) -> tuple[tuple[str, str], ...]:
        """Id and secret of HTTP Basic: form-encoded as RFC 6749 §2.3.1 has it, or as many clients write them, as is."""
        scheme, _, credentials = (self.authorization or "").partition(" ")
        if scheme.lower() != "basic":
            return ()
        try:
            client_id, colon, secret = pybase64.b64decode(credentials, validate=True).decode("utf-8").partition(":")
        except ValueError:
            return ()
        if not colon:
            return ()
        try:
            decoded = unquote_plus(client_id, errors="strict"), unquote_plus(secret, errors="strict")
        except ValueError:
            return ((client_id, secret),)
        return tuple(dict.fromkeys((decoded, (client_id, secret))))

    def _one_method(self) -> None:
        """More than one way of authentication in a request is refused (RFC 6749 §2.3)."""
        asserted = "client_assertion" in self.form or "client_assertion_type" in self.form
        ways = (self.authorization is not None, "client_secret" in self.form, asserted)
        if sum(ways) > 1:
            raise InvalidRequestError(description="use exactly one way of client authentication")
        if asserted and self.form.get("client_assertion_type") != assertions.TYPE:
            raise InvalidRequestError(description="client_assertion_type is not known")


def _form(body: bytes) -> dict[str, str]:
    """Fields of an urlencoded form; each at most once (RFC 6749 §3.2)."""
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=_FIELDS_MOST
        )
    except ValueError:
        raise InvalidRequestError(description="the form cannot be read") from None
    if len({name for name, _ in pairs}) != len(pairs):
        raise InvalidRequestError(description="a parameter is repeated")
    return dict(pairs)
