"""The addresses of logins: what browsers, portals and identity providers ask.

Knows: which question each address puts to the federation. Never does: answer it.
Standards: OpenID Connect Core §3.1.2, §5.3, RP-Initiated Logout 1.0, RFC 9126, SAML 2.0 bindings §3.5.
Start reading: `routes`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urlencode

import structlog
from starlette.requests import Request
from starlette.responses import Response

from gateway.errors import BadInput, GatewayError, NotFound
from gateway.login.authorization import Parameters, once
from gateway.login.federation import Federation
from gateway.login.provider import FORM_LIMIT, OAuthAnswer
from gateway.login.steps import BrowserCookies, Redirect, Show, Step
from gateway.web.dependencies import dependencies_of
from gateway.web.http import body
from gateway.web.http.answer import reply
from gateway.web.login import forms
from gateway.web.login.answers import answer
from gateway.web.login.cookies import brought
from gateway.web.login.flow import LoginDependencies
from gateway.web.login.town import Town, town_of
from gateway.web.pages.page import LANGUAGES, page, problem_page
from gateway.web.portal.caller import address_of, presented

_METADATA: Final = "application/samlmetadata+xml"
_CONTINUED: Final = ("login", "answer")
_AGAIN: Final = "again"
_FIELDS: Final = ("SAMLResponse", "RelayState")
_TARGET_MOST: Final = 8_000
"""Characters of path and query that our server, and proxies as they are set up, take in a request line."""

log = structlog.get_logger()

Asked = Callable[[Request, Town], Awaitable[Step]]
Handler = Callable[[Request], Awaitable[Response]]
LoginRoute = tuple[str, tuple[str, ...], Handler]


def for_browsers(asked: Asked) -> Handler:
    """The handler of an address that people see: its errors are pages, and `HEAD` has no effect on a login."""

    async def handler(request: Request) -> Response:
        town = town_of(request)
        if request.method == "HEAD":
            return Response(media_type="text/html; charset=utf-8")
        try:
            return answer(request, town, await asked(request, town))
        except GatewayError as error:
            if not isinstance(error, BadInput):
                log.warning("web.failed", code=error.code, request_id=request.scope["request_id"])
            return problem_page(request, error, municipality=town.municipality.name, appearance=town.appearance)

    return handler


async def _authorize(request: Request, town: Town) -> Step:
    parameters, cookies = await forms.parameters(request), brought(request, town.issuer)
    if (by_get := _by_get(request, town, parameters, cookies)) is not None:
        return by_get
    return await _flow(request).authorize(town.issuer, parameters, cookies, address_of(request))


async def _choose(request: Request, town: Town) -> Step:
    handle = once(forms.query(request), "login") or ""
    provider = request.path_params["provider"]
    return await _flow(request).choose(town.issuer, handle, provider, brought(request, town.issuer))


async def _continue(request: Request, town: Town) -> Step:
    query = forms.query(request)
    handle, proof = (once(query, name) or "" for name in _CONTINUED)
    return await _flow(request).finish(town.issuer, handle, proof, brought(request, town.issuer))


async def continue_(request: Request) -> Response:
    """The browser comes back from an identity provider, with its cookie.

    Browsers hold the whole chain of redirects behind a form to the `form-action` of the form's page, here the identity
    provider's, which need not name the portal. So a browser that says it is still in that chain (`Sec-Fetch-Site`) gets
    a page that asks again, once and from us; the redirect to the portal then is a new navigation.
    """
    town = town_of(request)
    came_along = request.method == "GET" and request.headers.get("sec-fetch-site") == "cross-site"
    if came_along and request.query_params.get(_AGAIN) is None:
        parameters = {name: request.query_params.get(name, "") for name in (*_CONTINUED, LANGUAGES)}
        query = urlencode({name: value for name, value in parameters.items() if value} | {_AGAIN: "1"})
        values = {"address": f"?{query}"}
        return page(
            request,
            "login/onwards.html",
            municipality=town.municipality.name,
            appearance=town.appearance,
            values=values,
        )
    return await _finished(request)


async def _logout(request: Request, town: Town) -> Step:
    parameters, cookies = await forms.parameters(request), brought(request, town.issuer)
    if (by_get := _by_get(request, town, parameters, cookies)) is not None:
        return by_get
    return await _flow(request).logout(town.issuer, parameters, cookies)


def _by_get(request: Request, town: Town, parameters: Parameters, cookies: BrowserCookies) -> Redirect | None:
    """A portal's form without our cookies: the browser brings the same by GET, and with it the cookies that it has.

    Browsers add no `SameSite=Lax` cookie to a POST from another site. Answered as it came, a login would end those
    under way in other tabs (by a new cookie), and a session would go unseen. None: nothing is missing, or it is too
    long for an address.
    """
    if request.method != "POST" or cookies != BrowserCookies():
        return None
    target = f"{request.url.path}?{urlencode(parameters)}"
    return Redirect(town.issuer.url + target) if len(target) <= _TARGET_MOST else None


async def _answered(request: Request, town: Town) -> Step:
    """An answer that cannot be read is to the browser what an answer to no login is; the log knows the difference."""
    provider = request.path_params["provider"]
    if request.path_params["slug"] != town.municipality.slug:
        raise NotFound
    flow = _flow(request)
    fields, reason = await _fields(request)
    step = await flow.answered(town.municipality.ars, provider, fields)
    if reason and isinstance(step, Show):
        log.info("login.refused", reason=reason, number=step.number)
    return step


async def _fields(request: Request) -> tuple[Parameters, str]:
    """`SAMLResponse` and `RelayState`, or nothing and why."""
    try:
        pairs = await forms.form(request, forms.ANSWER_LIMIT)
    except BadInput as error:
        return (), error.code
    fields = tuple(pair for pair in pairs if pair[0] in _FIELDS)
    if sorted(name for name, _ in fields) != sorted(_FIELDS):
        return (), "fields_missing_or_doubled"
    return fields, ""


async def metadata(request: Request) -> Response:
    """Our metadata for an identity provider. They are the same under every name of ours: nobody signs in here."""
    provider = _login(request).providers(request.path_params["slug"], request.path_params["provider"])
    if provider is None:
        raise NotFound
    headers = {"Cache-Control": "public, max-age=300"}
    return Response(await asyncio.to_thread(provider.metadata), headers=headers, media_type=_METADATA)


async def push(request: Request) -> Response:
    """A pushed authorization request of a portal. Raises `WrongMediaType`, `BodyTooLarge`."""
    town = town_of(request)
    raw = await body.form(request, FORM_LIMIT)
    authorization = request.headers.getlist("authorization")
    basic = authorization[0] if len(authorization) == 1 else None
    return _reply(await _flow(request).push(town.issuer, basic, raw, presented(request), address_of(request)))


async def userinfo(request: Request) -> Response:
    """What a login's access token opens, by header or form (RFC 6750 §2)."""
    town = town_of(request)
    has_form = request.method == "POST" and body.media_type(request) == body.FORM
    pairs = await forms.form(request, FORM_LIMIT) if has_form else ()
    authorization = request.headers.getlist("authorization")
    return _reply(await _flow(request).userinfo(town.issuer, authorization, pairs, address_of(request)))


def _reply(answered: OAuthAnswer) -> Response:
    headers = {name: value for name, value in answered.headers.items() if name.lower() != "content-type"}
    return reply(answered.body, answered.status, headers=headers)


def _login(request: Request) -> LoginDependencies:
    login = dependencies_of(request).login
    assert login is not None, "the routes are absent without it"
    return login


_finished: Final = for_browsers(_continue)


def _flow(request: Request) -> Federation:
    flow = _login(request).federation
    assert flow is not None, "the routes are absent without it"
    return flow


_READ: Final = ("GET", "HEAD")
_METADATA_ROUTE: Final[LoginRoute] = ("/saml/{slug}/{provider}/metadata", _READ, metadata)
ROUTES: Final[tuple[LoginRoute, ...]] = (
    ("/oidc/authorize", (*_READ, "POST"), for_browsers(_authorize)),
    ("/oidc/login/{provider}", _READ, for_browsers(_choose)),
    ("/oidc/continue", _READ, continue_),
    ("/oidc/logout", (*_READ, "POST"), for_browsers(_logout)),
    ("/oidc/par", ("POST",), push),
    ("/oidc/userinfo", (*_READ, "POST"), userinfo),
    _METADATA_ROUTE,
    ("/saml/{slug}/{provider}/acs", ("POST",), for_browsers(_answered)),
)
"""Address, methods, handler. Discovery describes them to portals, so OpenAPI does not."""


def routes(login: LoginDependencies | None) -> tuple[LoginRoute, ...]:
    """The addresses that there are: none without identity providers, only our metadata while no portal logs in."""
    if login is None:
        return ()
    return ROUTES if login.federation is not None else (_METADATA_ROUTE,)
