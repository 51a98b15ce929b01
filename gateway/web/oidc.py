"""The login endpoints: token endpoint, discovery, keys.

Knows: HTTP around `gateway/login`. Never does: authenticate anybody itself. Standards: RFC 6749 §5, RFC 8414, RFC 7517.
Start reading: `token`.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from gateway.login.provider import FORM_LIMIT
from gateway.web.dependencies import dependencies_of
from gateway.web.http import body
from gateway.web.http.answer import reply
from gateway.web.portal.caller import address_of, presented

_PUBLIC = {"Cache-Control": "public, max-age=300"}


async def token(request: Request) -> Response:
    """The token endpoint. Its own errors follow RFC 6749 §5.2; everything else is a problem."""
    form = await body.form(request, FORM_LIMIT)
    headers = request.headers
    authorization = headers.getlist("authorization")
    provider = dependencies_of(request).provider
    basic = authorization[0] if len(authorization) == 1 else None
    answer = await provider.token(headers.get("host"), basic, form, presented(request), address_of(request))
    answer_headers = {name: value for name, value in answer.headers.items() if name.lower() != "content-type"}
    return reply(answer.body, answer.status, headers=answer_headers)


async def discovery(request: Request) -> Response:
    """The metadata of the issuer that this host name means."""
    return reply(dependencies_of(request).provider.discovery(request.headers.get("host")), headers=_PUBLIC)


async def jwks(request: Request) -> Response:
    """The public keys of tokens and receipts."""
    return reply(dependencies_of(request).provider.jwks(), headers=_PUBLIC, media_type="application/jwk-set+json")
