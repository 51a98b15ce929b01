"""The grants on Authlib's framework-neutral server, with requests and answers as plain values.

Knows: how Authlib is told of our clients, codes and answers. Never does: I/O (codes are looked up before and redeemed
after), implicit or hybrid flows, refresh tokens. Standards: RFC 6749 §4.1.3, §4.4 and §5.2, RFC 7636.
Start reading: `TokenServer`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

from authlib.oauth2.rfc6749 import (
    AuthorizationCodeGrant,
    AuthorizationServer,
    ClientCredentialsGrant,
    ClientMixin,
    InvalidClientError,
    InvalidGrantError,
    InvalidRequestError,
    OAuth2Error,
    UnsupportedGrantTypeError,
)
from authlib.oauth2.rfc7636 import CodeChallenge

from gateway.login.client_authentication import METHODS, PUBLIC, ClientAuthentication
from gateway.login.clients import Registration
from gateway.login.token_request import OAuthAnswer, TokenRequest

CODE_GRANT: Final = "authorization_code"
MACHINE_GRANT: Final = "client_credentials"
Grant = Callable[[TokenRequest, Registration], dict[str, Any]]
"""The answer to a grant that is sound; raises `OAuth2Error`."""


class _Client(ClientMixin):  # type: ignore[misc]  # Authlib ships no types
    """A registration in Authlib's words."""

    def __init__(self, registered: Registration) -> None:
        self.registered = registered

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return endpoint == "token" and method in METHODS

    def check_grant_type(self, grant_type: str) -> bool:
        if grant_type == CODE_GRANT:
            return self.registered.relying_party is not None
        return grant_type == MACHINE_GRANT and not self.registered.public


class _MachineGrant(ClientCredentialsGrant):  # type: ignore[misc]  # Authlib ships no types
    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar = [method for method in METHODS if method != PUBLIC]

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        body = self.server.machine_grant(self.request, self.client.registered)
        return 200, body, self.TOKEN_RESPONSE_HEADER


class _Code:
    """A code in Authlib's words."""

    def __init__(self, request: Mapping[str, Any]) -> None:
        self.code_challenge: str | None = request["code_challenge"]
        self.code_challenge_method = "S256"
        self._redirect_uri: str = request["redirect_uri"]

    def get_redirect_uri(self) -> str:
        return self._redirect_uri


class _CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]  # Authlib ships no types
    """The client is authenticated and the code looked up when Authlib judges address and verifier."""

    def authenticate_token_endpoint_client(self) -> _Client:
        client: _Client = self.request.client
        return client

    def query_authorization_code(self, _code: str, client: _Client) -> _Code | None:
        answer = self.request.found
        if answer is None or answer.row.client != client.registered.client.id:
            return None
        return _Code(answer.row.request)

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        return 200, {}, self.TOKEN_RESPONSE_HEADER


class TokenServer(AuthorizationServer):  # type: ignore[misc]  # Authlib ships no types
    """Authlib's server. `machine_grant` answers a portal's own token request."""

    def __init__(self, authentication: ClientAuthentication, machine_grant: Grant) -> None:
        super().__init__()
        self.machine_grant = machine_grant
        self._authentication = authentication
        self.register_grant(_MachineGrant)
        self.register_grant(_CodeGrant, [CodeChallenge(required=True)])
        for method in METHODS:
            self.register_client_auth_method(method, self._method(method))

    def client_of(self, request: TokenRequest) -> Registration:
        """The client that a request authenticates by whatever method it may use. Raises `InvalidClientError`."""
        request.client = self.authenticate_client(request, list(METHODS))
        registered: Registration = request.client.registered
        return registered

    def _method(self, method: str) -> Callable[[object, TokenRequest], _Client | None]:
        def authenticate(_query: object, request: TokenRequest) -> _Client | None:
            registered = self._authentication.by(request, method)
            return _Client(registered) if registered else None

        return authenticate

    def query_client(self, client_id: str) -> None:
        """Unused: each method looks its client up itself, at one cost for known and unknown ones."""

    def create_oauth2_request(self, request: TokenRequest) -> TokenRequest:
        """The request: it is one of Authlib's already."""
        return request

    def get_token_grant(self, request: TokenRequest) -> Any:  # noqa: ANN401 - Authlib ships no types
        """The grant that is asked for. Raises `OAuth2Error`."""
        if not request.payload.grant_type:
            raise InvalidRequestError(description="grant_type is missing")
        return super().get_token_grant(request)

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""

    def handle_error_response(self, request: TokenRequest, error: OAuth2Error) -> OAuthAnswer:
        """What is said of a fault: alike for all faults of credentials, and for all of a code."""
        if isinstance(error, InvalidClientError):
            error = InvalidClientError(status_code=401, description="client authentication failed")
        if isinstance(error, InvalidGrantError):  # one sentence for every fault of a code
            error = InvalidGrantError(description="the code does not open anything for this request")
        if isinstance(error, UnsupportedGrantTypeError):  # never echo what came in
            error = OAuth2Error(error=error.error, description=f"only {MACHINE_GRANT} and {CODE_GRANT} are supported")
        answer: OAuthAnswer = super().handle_error_response(request, error)
        return answer

    def handle_response(self, status: int, body: Mapping[str, Any], headers: list[tuple[str, str]]) -> OAuthAnswer:
        """An answer as a plain value."""
        return OAuthAnswer(status, body, dict(headers))
