"""The token endpoint, discovery and the published keys of every municipality's issuer.

Knows: which issuer a host name means, the grants of portals and of logins, in which order a token request is judged.
Never does: HTTP itself, pages. Standards: RFC 6749 §4.1.3, §4.4 and §5.2, RFC 7523, RFC 8414, RFC 8705.
Start reading: `Provider.token`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

from authlib.oauth2.rfc6749 import InvalidClientError, InvalidGrantError, InvalidScopeError, OAuth2Error

from gateway.crypto import vault
from gateway.crypto.keys import PrivateKey
from gateway.login import assertions, certificates, discovery
from gateway.login.authlib_server import CODE_GRANT, TokenServer
from gateway.login.certificates import Presented
from gateway.login.client_authentication import ClientAuthentication
from gateway.login.clients import Registration, Registry
from gateway.login.codes import CodeExchange
from gateway.login.failed_tries import FailedTries
from gateway.login.token_request import FORM_LIMIT, OAuthAnswer, TokenRequest
from gateway.login.tokens import LIFETIME_S, Issuer, PortalTokens, Principal
from gateway.model import ALL_SCOPES
from gateway.ports.clock import Clock

__all__ = ["FORM_LIMIT", "OAuthAnswer", "Provider"]

_GUESSES: Final = frozenset({"invalid_client", "invalid_grant"})
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*")


class Provider:
    """One authorisation server with an issuer for each municipality.

    `issuers` needs at least one; the first answers for host names that no issuer has. `published` are further public
    JWKs of the set (the next key, earlier ones), whose tokens are taken too. `new_id` makes the `jti` of a token.
    `used` remembers assertions. `codes` exchanges what logins gave; None: nobody logs in here. `tries` bounds guessing;
    None: nothing does.
    """

    def __init__(  # noqa: PLR0913 - what it consists of, each named
        self,
        *,
        issuers: Sequence[Issuer],
        registry: Registry,
        key: PrivateKey,
        clock: Clock,
        new_id: Callable[[], str],
        used: assertions.Used,
        published: Sequence[Mapping[str, Any]] = (),
        judge: certificates.Certificates | None = None,
        codes: CodeExchange | None = None,
        tries: FailedTries | None = None,
    ) -> None:
        self._issuers = tuple(issuers)
        self._by_host = {_netloc(issuer.url): issuer for issuer in reversed(self._issuers)}
        self._clock = clock
        self._registry = registry
        self._tokens = PortalTokens(key, registry, new_id, published)
        self._codes = codes
        self.tries = tries or FailedTries(clock, partial(vault.keyed_digest, bytes(32)))
        self._authentication = ClientAuthentication(registry, clock, used, judge or certificates.Certificates())
        self._published = [self._tokens.public_jwk]
        known = {jwk.get("kid") for jwk in self._published}
        self._published += [dict(jwk) for jwk in published if jwk.get("kid") not in known]
        self._published += [dict(jwk) for jwk in (codes.keys.published if codes else ())]
        self._server = TokenServer(self._authentication, self._machine_grant)

    def issuer_of(self, host: str | None) -> Issuer:
        """The issuer whose address has this `Host` header, else the first one."""
        return self.known_issuer(host) or self._issuers[0]

    def known_issuer(self, host: str | None) -> Issuer | None:
        """The issuer whose address has this `Host` header; None: nobody's, and no page is shown for it."""
        return self._by_host.get((host or "").lower())

    def jwks(self) -> dict[str, Any]:
        """The public keys that tokens and receipts verify with (RFC 7517 §5)."""
        return {"keys": self._published}

    def discovery(self, host: str | None) -> dict[str, Any]:
        """The metadata of the issuer; what logins need stands there where some client takes them."""
        bound = self._registry.with_certificates
        metadata = discovery.document(self.issuer_of(host), self._authentication.methods, bound=bound)
        parties = [client.relying_party for client in self._registry.with_logins]
        if self._codes is None or not parties:
            return metadata
        backchannel = any(party is not None and party.backchannel_logout_uri for party in parties)
        return discovery.with_logins(metadata, self._codes.keys.algorithms, backchannel=backchannel)

    def verify(self, token: str, host: str | None, presented: Presented | None = None) -> Principal:
        """Who calls the API of that host with this access token and, maybe, certificate. Raises `Unauthorised`."""
        return self._tokens.verify(token, self.issuer_of(host), self._clock.now(), presented)

    async def token(
        self,
        host: str | None,
        authorization: str | None,
        body: bytes,
        presented: Presented | None = None,
        address: str = "",
    ) -> OAuthAnswer:
        """OAuthAnswer a token request: `body` is the form as received, at most `FORM_LIMIT` bytes.

        `presented` is the certificate that came with it, `address` the caller's. Raises `TooManyRequests`, and
        `DatabaseAway` where assertions or failed tries cannot be remembered.
        """
        request = TokenRequest(self.issuer_of(host), authorization, presented, address)
        try:
            request.read(body)
            whose = self.tries.whose(address, request.claimed)
            self.tries.check(whose)
            answer = await self._answer(request)
        except OAuth2Error as error:
            return self.refusal(request, error)
        if answer.body.get("error") in _GUESSES:
            await self.tries.failed(whose)
        return answer

    async def authenticated(self, request: TokenRequest) -> Registration:
        """The client that a request beside the token endpoint authenticates; its assertion is used up.

        Raises `InvalidClientError`, and as `token` does.
        """
        whose = self.tries.whose(request.address, request.claimed)
        self.tries.check(whose)
        try:
            return await self._authenticated(request)
        except InvalidClientError:
            await self.tries.failed(whose)
            raise

    async def _authenticated(self, request: TokenRequest) -> Registration:
        registered = self._server.client_of(request)
        if not await self._authentication.first(request):
            raise InvalidClientError
        return registered

    async def _answer(self, request: TokenRequest) -> OAuthAnswer:
        try:
            if request.form.get("grant_type") == CODE_GRANT and self._codes is not None:
                return await self._counted(request, self._codes)
            answer: OAuthAnswer = self._server.create_token_response(request)
        except OAuth2Error as error:
            return self.refusal(request, error)
        if answer.status == 200 and not await self._authentication.first(request):
            return self.refusal(request, InvalidClientError())
        return answer

    def refusal(self, request: TokenRequest, error: OAuth2Error) -> OAuthAnswer:
        """What an endpoint for portals' servers answers to a fault (RFC 6749 §5.2)."""
        return self._server.handle_error_response(request, error)

    async def _counted(self, request: TokenRequest, codes: CodeExchange) -> OAuthAnswer:
        succeeded = False
        try:
            answer = await self._by_code(request, codes)
            succeeded = answer.status == 200
        finally:
            codes.figures.redeem(succeeded=succeeded)
        return answer

    async def _by_code(self, request: TokenRequest, codes: CodeExchange) -> OAuthAnswer:
        """The client first, then Authlib judges the rest; the code is used up last, whatever is wrong, with its token.

        Where that fails nothing was written, and the portal may ask again.
        """
        registered = await self._authenticated(request)
        code = request.form.get("code", "")
        request.found = await codes.find(code, request.issuer)
        answer: OAuthAnswer = self._server.create_token_response(request)
        if answer.status != 200 or request.found is None:
            await codes.redeem(code, None)
            return answer
        issued = await codes.issue(request.found, registered, request.issuer)
        if not await codes.redeem(code, issued):
            raise InvalidGrantError
        return OAuthAnswer(answer.status, issued.body, answer.headers)

    def _machine_grant(self, request: TokenRequest, registered: Registration) -> dict[str, Any]:
        """The token response: the scopes wanted, or all that the client has. Raises `InvalidScopeError`."""
        scope = request.payload.scope
        granted = registered.client.scopes & frozenset(ALL_SCOPES)
        if scope:
            asked = frozenset(scope.split(" ")) if _SCOPE.fullmatch(scope) else frozenset({""})
            if not asked <= granted:
                raise InvalidScopeError
            granted = asked
        token = self._tokens.make(request.issuer, registered.client.id, granted, self._clock.now(), request.thumbprint)
        return {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": LIFETIME_S,
            "scope": " ".join(sorted(granted)),
        }


def _netloc(url: str) -> str:
    parts = urlsplit(url)
    default = {"https": ":443", "http": ":80"}.get(parts.scheme, "")
    return parts.netloc.lower().removesuffix(default)
