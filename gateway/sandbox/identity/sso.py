"""Single sign-on: a request comes by a form or an address, a person chooses, the answer goes back.

Knows: the way of one login through both identity providers. Never does: check a request or write an answer itself.
Standard: SAML 2.0 web browser SSO profile. Start reading: `routes`.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final
from urllib.parse import parse_qsl, quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gateway.sandbox.http_input import body
from gateway.sandbox.identity import answer, authn_request, deviations, messages, metadata, names, pages
from gateway.sandbox.identity.accounts import organisations, persons
from gateway.sandbox.identity.authn_request import AskedLogin
from gateway.sandbox.identity.profiles import ALL, ShapedProvider
from gateway.sandbox.identity.refusals import RequestRefused
from gateway.sandbox.identity.sandbox import STRANGER, LoginOrder, sandbox_of

_FORM_MOST: Final = 1 << 20
_SIGN_IN: Final = "sign_in"


def routes() -> list[Route]:
    """The addresses of both identity providers."""
    addresses = []
    for profile in ALL:
        addresses += [
            Route(profile.entity_path, partial(_metadata, profile), methods=["GET"]),
            Route(profile.post_path, partial(_begin, profile, names.POST), methods=["POST"]),
            Route(profile.redirect_path, partial(_begin, profile, names.REDIRECT), methods=["GET"]),
            Route(f"{profile.entity_path}/login", partial(_ask, profile), methods=["GET"]),
            Route(f"{profile.entity_path}/login", partial(_chosen, profile), methods=["POST"]),
        ]
    return addresses


async def _metadata(profile: ShapedProvider, request: Request) -> Response:
    sandbox = sandbox_of(request)
    text = metadata.written(profile, sandbox.base_url, sandbox.pairs[profile.name])
    return Response(text, media_type="application/samlmetadata+xml")


async def _begin(profile: ShapedProvider, binding: str, request: Request) -> Response:
    sandbox = sandbox_of(request)
    try:
        if binding == names.POST:
            received = messages.by_post(await body(request, _FORM_MOST))
        else:
            received = messages.by_redirect(request.scope["query_string"])
        await sandbox.ask_trusted(authn_request.issuer_of(received))
        destination = sandbox.base_url + profile.path(binding)
        asked = authn_request.read(received, profile, destination, sandbox.providers, sandbox.clock.now())
        sandbox.admit(asked)
    except RequestRefused as error:
        return _refused(profile, error, request)
    if asked.passive:
        return await _failed(asked, "passive", request)
    order = sandbox.ordered(profile)
    if order is not None:
        return await _obeyed(asked, order, request)
    handle = sandbox.hold(asked)
    return RedirectResponse(f"{profile.entity_path}/login?login={quote(handle)}", 303, {"Cache-Control": "no-store"})


async def _ask(profile: ShapedProvider, request: Request) -> Response:
    handle = request.query_params.get("login", "")
    try:
        asked = _held(profile, request, handle)
    except RequestRefused as error:
        return _refused(profile, error, request)
    return pages.choose(asked, handle, _language(asked, request))


async def _chosen(profile: ShapedProvider, request: Request) -> Response:
    sandbox = sandbox_of(request)
    try:
        fields = dict(parse_qsl((await body(request, _FORM_MOST)).decode("utf-8", "replace"), max_num_fields=20))
        handle = fields.get("login", "")
        asked = _held(profile, request, handle)
    except (RequestRefused, ValueError) as error:
        refusal = error if isinstance(error, RequestRefused) else RequestRefused("saml-request-unreadable")
        return _refused(profile, refusal, request)
    language, action = pages.language_of(asked, fields.get("lang")), fields.get("action", "")
    if action in answer.CHOSEN:
        del sandbox.open_logins[handle]
        return await _failed(asked, action, request, language)
    level, account = names.LEVELS.get(fields.get("level", ""), 0), fields.get("account", "")
    if action != _SIGN_IN or not _reaches(asked, account, level):
        return pages.choose(asked, handle, language, chosen=account, level=fields.get("level"), fault="unreachable")
    del sandbox.open_logins[handle]
    return await _signed_in(asked, account, level, request, language)


def _held(profile: ShapedProvider, request: Request, handle: str) -> AskedLogin:
    asked = sandbox_of(request).held(handle)
    if asked.profile is not profile:
        raise RequestRefused("login-answered")
    return asked


def _reaches(asked: AskedLogin, account: str, level: int) -> bool:
    if level < asked.level:
        return False
    if asked.profile.extension:
        person = persons().get(account)
        return person is not None and person.method(level, asked.extension.methods) is not None
    return account in organisations() and level in organisations()[account].levels


async def _obeyed(asked: AskedLogin, order: LoginOrder, request: Request) -> Response:
    if order.failure is not None:
        return await _failed(asked, order.failure, request)
    assert order.account is not None  # an order names one of the two
    return await _signed_in(asked, order.account, order.level, request)


async def _signed_in(
    asked: AskedLogin, account_id: str, level: int, request: Request, language: str | None = None
) -> Response:
    account = persons().get(account_id) or organisations()[account_id]
    answering = _answering(asked, request)
    outcome, text = await run_in_threadpool(answer.signs_in, asked, account, level, answering)
    _note(asked, outcome, request, account=account_id, level=level, deviates=sorted(answering.deviating))
    return pages.answer(asked, text, language or _language(asked, request))


async def _failed(asked: AskedLogin, why: str, request: Request, language: str | None = None) -> Response:
    text = answer.signs_nobody_in(asked, why, _answering(asked, request))
    _note(asked, why, request)
    return pages.answer(asked, text, language or _language(asked, request))


def _answering(asked: AskedLogin, request: Request) -> answer.Answering:
    sandbox = sandbox_of(request)
    return answer.Answering(
        entity_id=sandbox.entity_id(asked.profile),
        pair=sandbox.pairs[asked.profile.name],
        stranger=sandbox.pairs[STRANGER],
        ids=sandbox.ids,
        now=sandbox.clock.now(),
        address=request.client.host if request.client else "127.0.0.1",
        deviating=deviations.drawn(sandbox.faults, request.method, request.url.path),
    )


def _note(asked: AskedLogin, outcome: str, request: Request, **more: Any) -> None:  # noqa: ANN401 - any JSON
    sandbox_of(request).note(
        outcome, profile=asked.profile.name, service_provider=asked.provider.entity_id, request=asked.id, **more
    )


def _refused(profile: ShapedProvider, error: RequestRefused, request: Request) -> Response:
    sandbox_of(request).note("refused", profile=profile.name, code=error.code)
    return pages.refused(profile, error.code, _language(None, request), 410 if error.code == "login-answered" else 400)


def _language(asked: AskedLogin | None, request: Request) -> str:
    return pages.language_of(asked, request.query_params.get("lang"), request.headers.get("accept-language", ""))
