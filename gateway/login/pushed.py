"""Pushed authorization requests: a portal's server says in advance what its browser will ask for.

Knows: who may push, that it is judged at once, that the name it gets works once. Never does: follow an address.
Standard: RFC 9126. Start reading: `PushedRequests.push`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error

from gateway.crypto import base64url
from gateway.login.authorization import AuthorizationRefusedError, Parameters, addressed, once, read
from gateway.login.certificates import Presented
from gateway.login.clients import Registry
from gateway.login.codes import digest
from gateway.login.provider import Provider
from gateway.login.token_request import JSON_HEADERS, OAuthAnswer, TokenRequest
from gateway.login.tokens import Issuer
from gateway.ports.clock import Clock
from gateway.ports.login import LoginStore

PREFIX: Final = "urn:ietf:params:oauth:request_uri:"
LIFETIME_S: Final = 90
_LONGEST: Final = 256
_CREDENTIALS: Final = frozenset({"client_secret", "client_assertion", "client_assertion_type"})


@dataclass(frozen=True, slots=True)
class Resolved:
    """A request itself, and the digest of the name that it was pushed under, where it was: used up by its login."""

    parameters: Parameters = field(repr=False)
    pushed: bytes | None = None


class PushedRequests:
    """Takes pushed requests, and gives them back; the login that one leads to uses it up (`ports.login`)."""

    def __init__(
        self, logins: LoginStore, registry: Registry, portals: Provider, clock: Clock, random: Callable[[int], bytes]
    ) -> None:
        self._logins = logins
        self._registry = registry
        self._portals = portals
        self._clock = clock
        self._random = random

    async def push(
        self, issuer: Issuer, authorization: str | None, body: bytes, presented: Presented | None, address: str
    ) -> OAuthAnswer:
        """Answer a push: the client is authenticated as at the token endpoint, the request judged as if it came now."""
        request = TokenRequest(issuer, authorization, presented, address)
        try:
            request.read(body)
            client = (await self._portals.authenticated(request)).client.id
            named = {**request.form, "client_id": client}
            parameters = [(name, value) for name, value in named.items() if name not in _CREDENTIALS]
            to = addressed(parameters, self._registry, issuer.municipality)
            if to is None:
                raise InvalidRequestError(description="redirect_uri is not registered")
            read(parameters, to, issuer.url)
        except AuthorizationRefusedError as error:
            return self._portals.refusal(request, OAuth2Error(error=error.error, description=error.description))
        except OAuth2Error as error:
            return self._portals.refusal(request, error)
        uri = PREFIX + base64url.encode(self._random(32)).decode()
        expires_at = self._clock.now() + timedelta(seconds=LIFETIME_S)
        kept = {"issuer": issuer.url, "parameters": [list(pair) for pair in parameters]}
        await self._logins.push(digest(uri), client, kept, expires_at)
        return OAuthAnswer(201, {"request_uri": uri, "expires_in": LIFETIME_S}, JSON_HEADERS)

    async def resolved(self, issuer: Issuer, parameters: Parameters) -> Resolved | None:
        """What was pushed under the name that stands in the request, else the request; None: no such push here."""
        uri, client = once(parameters, "request_uri"), once(parameters, "client_id")
        if uri is None or not uri.startswith(PREFIX):
            return Resolved(parameters)
        if client is None or self._registry.get(client) is None or len(uri) > _LONGEST:
            return None
        pushed = digest(uri)
        kept = await self._logins.pushed(pushed, client, self._clock.now())
        if kept is None or kept["issuer"] != issuer.url:
            return None
        return Resolved([(name, value) for name, value in kept["parameters"]], pushed)
