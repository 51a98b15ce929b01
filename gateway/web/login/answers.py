"""What a login does next, as an HTTP answer: a redirect or a page, with its cookies.

Knows: which template and status each step has. Never does: choose a step. Standards: RFC 9110 §15.4.4, OpenID Connect
Core §3.1.2. Start reading: `answer`.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from gateway.login.steps import AskToSignOut, Choose, GoToProvider, PageKind, PostToPortal, Redirect, Show, Step
from gateway.web.login.cookies import give
from gateway.web.login.town import Town
from gateway.web.pages.page import page

_AUDIENCES: Final = ("person", "organisation")
_TONES: Final = {
    PageKind.SIGNED_OUT: "success",
    PageKind.DONE: "success",
    PageKind.CANCELLED: "info",
    PageKind.LEVEL_TOO_LOW: "info",
    PageKind.ATTRIBUTES_MISSING: "info",
    PageKind.EXPIRED: "warning",
    PageKind.TOO_MANY: "warning",
}


def answer(request: Request, town: Town, step: Step) -> Response:
    """The answer to the browser."""
    response = _answer(request, town, step)
    give(response, town.issuer, step.cookies)
    return response


def _answer(request: Request, town: Town, step: Step) -> Response:
    if isinstance(step, Redirect):
        return _redirect(step.location)
    if isinstance(step, GoToProvider):
        if not step.step.fields:
            return _redirect(step.step.address)
        values = {"address": step.step.address, "fields": step.step.fields, "name": step.display_name}
        return page(
            request,
            "login/go.html",
            municipality=town.municipality.name,
            appearance=town.appearance,
            language=step.language,
            form_action=step.step.address,
            values=values,
        )
    if isinstance(step, PostToPortal):
        outcome = "refused" if "error" in step.fields else "signed_in"
        values = {"address": step.address, "fields": step.fields, "outcome": outcome}
        return page(
            request,
            "login/return.html",
            municipality=town.municipality.name,
            appearance=town.appearance,
            language=step.language,
            form_action=step.address,
            values=values,
        )
    if isinstance(step, Choose | AskToSignOut):
        return _links(request, town, step)
    return _show(request, town, step)


def _links(request: Request, town: Town, step: Choose | AskToSignOut) -> Response:
    """A page on which the person follows a link."""
    if isinstance(step, Choose):
        template, values = "login/choose.html", {"groups": _groups(step), "way_back": step.way_back}
    else:
        template, values = "login/sign_out.html", {"address": step.address}
    return page(
        request,
        template,
        municipality=town.municipality.name,
        appearance=town.appearance,
        language=step.language,
        values=values,
    )


def _show(request: Request, town: Town, step: Show) -> Response:
    values = {
        "kind": step.kind.value,
        "tone": _TONES.get(step.kind, "danger"),
        "number": step.number,
        "way_back": step.way_back,
    }
    return page(
        request,
        "login/show.html",
        municipality=town.municipality.name,
        appearance=town.appearance,
        language=step.language,
        status=step.status,
        values=values,
    )


def _groups(step: Choose) -> list[tuple[str, list[object]]]:
    """The offers by whose accounts they are; who has none is not named."""
    groups = [(audience, [offer for offer in step.offers if offer.audience == audience]) for audience in _AUDIENCES]
    return [(audience, list(offers)) for audience, offers in groups if offers]


def _redirect(location: str) -> Response:
    return Response(status_code=303, headers={"Location": location})
