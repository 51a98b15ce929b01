"""The token endpoint, discovery and the published keys of every municipality's issuer.

Knows: the client credentials grant on Authlib's framework-neutral server, which issuer a host name means.
Never does: HTTP itself, a citizen's login. Standards: RFC 6749 §4.4 and §5.2, RFC 7523, RFC 8414, RFC 8705.
Start reading: `Provider.token`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final
from urllib.parse import parse_qsl, unquote, urlsplit

import pybase64
from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    ClientCredentialsGrant,
    ClientMixin,
    InvalidClientError,
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Error,
    OAuth2Request,
    UnsupportedGrantTypeError,
)
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload

from gateway.crypto.keys import PrivateKey
from gateway.login import assertions, certificates
from gateway.login.certificates import Presented
from gateway.login.clients import Registration, Registry
from gateway.login.tokens import LIFETIME_S, Issuer, PortalTokens, Principal
from gateway.model import ALL_SCOPES
from gateway.ports.clock import Clock

METHODS: Final = ("client_secret_basic", "private_key_jwt", *certificates.METHODS)
ASSERTION_ALGS: Final = ("EdDSA", "ES256", "PS512")
FORM_LIMIT: Final = 16_384
"""Largest body of a token request in bytes."""
_FIELDS_MOST: Final = 20
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*")


@dataclass(frozen=True, slots=True)
class OAuthAnswer:
    """What the token endpoint says: HTTP status, JSON body, headers."""

    status: int
    body: Mapping[str, Any] = field(repr=False)
    headers: Mapping[str, str]


class Provider:
    """One authorisation server with an issuer for each municipality.

    `issuers` needs at least one; the first answers for host names that no issuer has. `published` are further public
    JWKs of the set (the next key, earlier ones), whose tokens are taken too. `new_id` makes the `jti` of a token.
    """

    def __init__(  # noqa: PLR0913 - what it consists of, each named
        self,
        *,
        issuers: Sequence[Issuer],
        registry: Registry,
        key: PrivateKey,
        clock: Clock,
        new_id: Callable[[], str],
        published: Sequence[Mapping[str, Any]] = (),
        used: assertions.Used | None = None,
        judge: certificates.Certificates | None = None,
    ) -> None:
        self._issuers = tuple(issuers)
        self._by_host = {_netloc(issuer.url): issuer for issuer in reversed(self._issuers)}
        self._clock = clock
        self._registry = registry
        self._tokens = PortalTokens(key, registry, new_id, published)
        self._assertions = assertions.Assertions(registry)
        self._used = used or assertions.UsedInMemory()
        self._judge = judge or certificates.Certificates()
        self._published = [self._tokens.public_jwk]
        known = {jwk.get("kid") for jwk in self._published}
        self._published += [dict(jwk) for jwk in published if jwk.get("kid") not in known]
        self._server = _Server(self)

    def issuer_of(self, host: str | None) -> Issuer:
        """The issuer whose address has this `Host` header, else the first one."""
        return self._by_host.get((host or "").lower(), self._issuers[0])

    def jwks(self) -> dict[str, Any]:
        """The public keys that tokens and receipts verify with (RFC 7517 §5)."""
        return {"keys": self._published}

    def discovery(self, host: str | None) -> dict[str, Any]:
        """The metadata of the issuer (RFC 8414 §2); grows with the citizens' login."""
        issuer = self.issuer_of(host)
        bound = self._registry.with_certificates
        return {
            "issuer": issuer.url,
            "token_endpoint": issuer.token_endpoint,
            "jwks_uri": f"{issuer.url}/oidc/jwks.json",
            "scopes_supported": list(ALL_SCOPES),
            "response_types_supported": [],
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": [m for m in METHODS if bound or m not in certificates.METHODS],
            "tls_client_certificate_bound_access_tokens": bound,
            "token_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGS),
        }

    def verify(self, token: str, host: str | None, presented: Presented | None = None) -> Principal:
        """Who calls the API of that host with this access token and, maybe, certificate. Raises `Unauthorised`."""
        return self._tokens.verify(token, self.issuer_of(host), self._clock.now(), presented)

    async def token(
        self, host: str | None, authorization: str | None, body: bytes, presented: Presented | None = None
    ) -> OAuthAnswer:
        """OAuthAnswer a token request: `body` is the form as received, at most `FORM_LIMIT` bytes.

        `presented` is the certificate that came with it. Raises `DatabaseAway` where assertions cannot be remembered.
        """
        request = _Request(self.issuer_of(host), authorization, presented)
        answer = self._answered(request, body)
        if answer.status == 200 and request.proof is not None and not await self._first(request.proof):
            return self._server.handle_error_response(request, InvalidClientError())
        return answer

    async def _first(self, proof: assertions.ClientProof) -> bool:
        at = self._clock.now().timestamp()
        return await self._used.first(proof.registered.client.id, proof.jti, proof.until, at)

    def _answered(self, request: _Request, body: bytes) -> OAuthAnswer:
        try:
            request.payload = BasicOAuth2Payload(_form(body))
            _one_method(request)
            answer: OAuthAnswer = self._server.create_token_response(request)
        except OAuth2Error as error:
            answer = self._server.handle_error_response(request, error)
        return answer

    def authenticate(self, request: _Request, method: str) -> Registration | None:
        """The client that the request authenticates by this method; None for any fault alike."""
        if method == "client_secret_basic":
            named = _basic(request.authorization)
            return self._registry.by_secret(*named) if named else None
        form = request.payload.data
        if method in certificates.METHODS:
            return self._by_certificate(request, form.get("client_id", ""), method)
        audiences = {request.issuer.url, request.issuer.token_endpoint}
        proof = self._assertions.proof_of(form.get("client_assertion", ""), audiences, self._clock.now())
        if proof is None or form.get("client_id", proof.registered.client.id) != proof.registered.client.id:
            return None
        request.proof = proof
        return proof.registered

    def _by_certificate(self, request: _Request, client_id: str, method: str) -> Registration | None:
        """RFC 8705 §2: the form names the client, the certificate proves it; nothing else may be offered beside."""
        registered = self._registry.get(client_id)
        other_credentials = request.authorization is not None or "client_assertion" in request.payload.data
        if registered is None or registered.certificates is None or request.presented is None or other_credentials:
            return None
        if not self._judge.proves(request.presented, registered.certificates, method, self._clock.now()):
            return None
        request.thumbprint = request.presented.thumbprint
        return registered

    def grant(self, request: _Request, registered: Registration, wanted: str | None) -> dict[str, Any]:
        """The token response: the scopes wanted, or all that the client has. Raises `InvalidScopeError`."""
        granted = registered.client.scopes & frozenset(ALL_SCOPES)
        if wanted:
            asked = frozenset(wanted.split(" ")) if _SCOPE.fullmatch(wanted) else frozenset({""})
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


class _Request(OAuth2Request):  # type: ignore[misc]  # Authlib ships no types
    """A token request as Authlib wants it. The transport was judged at the door: TLS may end at a proxy."""

    def __init__(self, issuer: Issuer, authorization: str | None, presented: Presented | None) -> None:
        super().__init__("POST", "https://issuer.invalid/oidc/token", headers={})
        self.issuer = issuer
        self.authorization = authorization
        self.presented = presented
        self.proof: assertions.ClientProof | None = None
        self.thumbprint: str | None = None


class _Client(ClientMixin):  # type: ignore[misc]  # Authlib ships no types
    """A registration in Authlib's words."""

    def __init__(self, registered: Registration) -> None:
        self.registered = registered

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return endpoint == "token" and method in METHODS

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "client_credentials"


class _Grant(ClientCredentialsGrant):  # type: ignore[misc]  # Authlib ships no types
    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar = list(METHODS)

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        body = self.server.provider.grant(self.request, self.client.registered, self.request.payload.scope)
        return 200, body, self.TOKEN_RESPONSE_HEADER


class _Server(AuthorizationServer):  # type: ignore[misc]  # Authlib ships no types
    """Authlib's server, with requests and answers as plain values."""

    def __init__(self, provider: Provider) -> None:
        super().__init__()
        self.provider = provider
        self.register_grant(_Grant)
        for method in METHODS:
            self.register_client_auth_method(method, self._method(method))

    def _method(self, method: str) -> Callable[[object, _Request], _Client | None]:
        def authenticate(_query: object, request: _Request) -> _Client | None:
            registered = self.provider.authenticate(request, method)
            return _Client(registered) if registered else None

        return authenticate

    def query_client(self, client_id: str) -> None:
        """Unused: each method looks its client up itself, at one cost for known and unknown ones."""

    def create_oauth2_request(self, request: _Request) -> _Request:
        return request

    def get_token_grant(self, request: _Request) -> Any:  # noqa: ANN401 - Authlib ships no types
        if not request.payload.grant_type:
            raise InvalidRequestError(description="grant_type is missing")
        return super().get_token_grant(request)

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""

    def handle_error_response(self, request: _Request, error: OAuth2Error) -> OAuthAnswer:
        if isinstance(error, InvalidClientError):
            error = InvalidClientError(status_code=401, description="client authentication failed")
        if isinstance(error, UnsupportedGrantTypeError):  # never echo what came in
            error = OAuth2Error(error=error.error, description="only client_credentials is supported")
        answer: OAuthAnswer = super().handle_error_response(request, error)
        return answer

    def handle_response(self, status: int, body: Mapping[str, Any], headers: list[tuple[str, str]]) -> OAuthAnswer:
        return OAuthAnswer(status, body, dict(headers))


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


def _one_method(request: _Request) -> None:
    """More than one way of authentication in a request is refused (RFC 6749 §2.3)."""
    form = request.payload.data
    asserted = "client_assertion" in form or "client_assertion_type" in form
    if "client_secret" in form or (asserted and request.authorization is not None):
        raise InvalidRequestError(description="use exactly one of client_secret_basic and private_key_jwt")
    if asserted and form.get("client_assertion_type") != assertions.TYPE:
        raise InvalidRequestError(description="client_assertion_type is not known")


def _basic(authorization: str | None) -> tuple[str, str] | None:
    """Id and secret of HTTP Basic, each urlencoded (RFC 6749 §2.3.1)."""
    scheme, _, credentials = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, colon, secret = pybase64.b64decode(credentials, validate=True).decode("utf-8").partition(":")
        return (unquote(client_id, errors="strict"), unquote(secret, errors="strict")) if colon else None
    except ValueError:
        return None


def _netloc(url: str) -> str:
    parts = urlsplit(url)
    default = {"https": ":443", "http": ":80"}.get(parts.scheme, "")
    return parts.netloc.lower().removesuffix(default)
