"""The OAuth 2 server of the sandbox: client credentials in the body, half-hour tokens, and what a token opens.

Knows: `client_secret_post` only; HTTP Basic is `invalid_client`, as at FITKO. Never does: scopes that were not
assigned. Standard: RFC 6749 §4.4 and §5, RFC 6750. Start reading: `token`.
"""

from __future__ import annotations

import hmac
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.fitconnect import names
from gateway.sandbox.fitconnect import requests
from gateway.sandbox.fitconnect.problems import Problem, TokenProblem
from gateway.sandbox.fitconnect.records import ApiClient
from gateway.sandbox.fitconnect.sandbox import Sandbox, Token

_FORM_LIMIT = 10_000  # bytes


async def token(request: Request) -> Response:
    """`POST /token`."""
    sandbox: Sandbox = request.app.state.sandbox
    form = await _form(request)
    if "authorization" in request.headers:
        raise TokenProblem(401, "invalid_client", "ApiClient authentication by header is not supported.")
    if "grant_type" not in form:
        raise TokenProblem(400, "invalid_request", "grant_type is missing.")
    if form["grant_type"] != "client_credentials":
        raise TokenProblem(400, "unsupported_grant_type", "Only client_credentials is supported.")
    client = _client(sandbox, form)
    scopes = frozenset(form.get("scope", "").split()) or frozenset(client.scopes)
    if not scopes <= frozenset(client.scopes):
        raise TokenProblem(400, "invalid_scope", "A scope is not assigned to this client.")
    value = sandbox.ids.secret()
    now = sandbox.clock.now().timestamp()
    for old in [t for t, token in sandbox.tokens.items() if token.expires_at <= now]:
        del sandbox.tokens[old]
    sandbox.tokens[value] = Token(client, scopes, now + names.TOKEN_LIFETIME_S)
    answer = {
        "access_token": value,
        "token_type": "Bearer",
        "expires_in": names.TOKEN_LIFETIME_S,
        "scope": " ".join(sorted(scopes)),
    }
    return JSONResponse(answer, headers={"Cache-Control": "no-store", "Pragma": "no-cache"})


async def _form(request: Request) -> dict[str, str]:
    if requests.media_type(request) != names.FORM:
        raise TokenProblem(400, "invalid_request", "The body is no form.")
    try:
        text = (await requests.body(request, _FORM_LIMIT)).decode()
        fields = parse_qs(text, keep_blank_values=True, strict_parsing=bool(text), max_num_fields=20)
    except (Problem, ValueError):
        raise TokenProblem(400, "invalid_request", "The form cannot be read.") from None
    if any(len(values) > 1 for values in fields.values()):
        raise TokenProblem(400, "invalid_request", "A parameter is repeated.")
    return {name: values[0] for name, values in fields.items()}


def _client(sandbox: Sandbox, form: dict[str, str]) -> ApiClient:
    client = sandbox.store.clients.get(form.get("client_id", ""))
    secret = form.get("client_secret", "").encode()
    if not hmac.compare_digest(secret, client.client_secret.encode() if client else b"-") or client is None:
        raise TokenProblem(401, "invalid_client", "Unknown client or wrong secret.")
    return client


def require(request: Request, *scopes: str) -> ApiClient:
    """The client of the request's token if it holds one of `scopes`; 401 and 403 else."""
    sandbox: Sandbox = request.app.state.sandbox
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    token = sandbox.tokens.get(value.strip()) if scheme.lower() == "bearer" else None
    if token is None or token.expires_at <= sandbox.clock.now().timestamp():
        raise Problem(401, "unauthorized", "Unauthorized", "The access token is missing, unknown or expired.")
    if not token.scopes & set(scopes):
        raise Problem(403, "forbidden", "Forbidden", "The client lacks the scope for this.")
    return token.client
