"""Where editorial systems push single changes: a token by client credentials, then a file of XZuFi.

Knows: RFC 6749 §4.4, a self-contained token of five minutes, answers of the collector. Never does: take a file in half.
Standard: PVOG Sammlerdienst (push); BSI TR-03172-1 A3.5.08. Start reading: `ROUTES`.
"""

from __future__ import annotations

import base64
import hmac
from typing import Final
from urllib.parse import parse_qs, unquote_plus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.sandbox.catalogue.sandbox import CLIENT, CatalogueSandbox, sandbox_of
from gateway.sandbox.http_input import AdminRefused, body

TOKEN_PATH: Final = "/auth/realms/pvog/protocol/openid-connect/token"  # noqa: S105 - an address
PUSH_PATH: Final = "/collector/v1/xzufi"
TOKEN_S: Final = 300
_FILE_MOST: Final = 64 << 20


async def _token(request: Request) -> Response:
    sandbox = sandbox_of(request)
    try:
        form = parse_qs((await body(request, 10_000)).decode(), max_num_fields=20)
    except ValueError:
        form = {}
    client, secret = _credentials(request, form)
    if not hmac.compare_digest(secret.encode(), sandbox.secret.encode()) or client != CLIENT:
        return JSONResponse({"error": "invalid_client"}, 401, headers={"Cache-Control": "no-store"})
    if form.get("grant_type") != ["client_credentials"]:
        return JSONResponse({"error": "unsupported_grant_type"}, 400, headers={"Cache-Control": "no-store"})
    now = sandbox.clock.now().timestamp()
    for old in [value for value, ends in sandbox.tokens.items() if ends <= now]:
        del sandbox.tokens[old]
    value = sandbox.ids.secret()
    sandbox.tokens[value] = now + TOKEN_S
    answer = {"access_token": value, "token_type": "Bearer", "expires_in": TOKEN_S}
    return JSONResponse(answer, headers={"Cache-Control": "no-store"})


def _credentials(request: Request, form: dict[str, list[str]]) -> tuple[str, str]:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            name, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
        except ValueError:
            return "", ""
        return unquote_plus(name), unquote_plus(secret)
    return form.get("client_id", [""])[0], form.get("client_secret", [""])[0]


async def _push(request: Request) -> Response:
    sandbox = sandbox_of(request)
    if not authorised(request, sandbox):
        return JSONResponse({"title": "Unauthorized", "status": 401}, 401, headers={"WWW-Authenticate": "Bearer"})
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in {"application/xml", "text/xml"}:
        raise AdminRefused(415, "XZuFi is taken as application/xml")
    outcome = sandbox.push(await body(request, _FILE_MOST))
    return JSONResponse(outcome.as_json(), 422 if outcome.faults else 202)


def authorised(request: Request, sandbox: CatalogueSandbox) -> bool:
    """Whether the request carries a token that is still good."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and sandbox.tokens.get(value.strip(), 0.0) > sandbox.clock.now().timestamp()


ROUTES: Final = (Route(TOKEN_PATH, _token, methods=["POST"]), Route(PUSH_PATH, _push, methods=["POST"]))
