"""A page for people: a template, the caller's language, the town whose address was asked, and its headers.

Knows: the templates of `web/templates`. Never does: choose what is shown. Standard: HTML. Start reading: `page`.

Templates hold keys of sentences, no sentences; whatever is put into them is escaped.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from gateway.errors import BadInput, GatewayError
from gateway.model import Municipality
from gateway.web.dependencies import dependencies_of
from gateway.web.http.answer import reference
from gateway.web.pages import static
from gateway.web.pages.appearance import Appearance, Logo
from gateway.web.pages.languages import shipped
from gateway.web.pages.policy import page_headers

LANGUAGES: Final = "ui_locales"
"""The parameter of an address that says in which languages its pages are to be (OpenID Connect Core §3.1.2.1)."""
TEMPLATES: Final = Path(__file__).parents[1] / "templates"


@cache
def environment() -> Environment:
    """The templates. Nothing undefined is shown as nothing, and nothing is shown unescaped."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def page(  # noqa: PLR0913 - each named
    request: Request,
    template: str,
    *,
    municipality: Municipality,
    language: str = "",
    status: int = 200,
    form_action: str | None = None,
    values: Mapping[str, object] | None = None,
) -> Response:
    """The page. `language` was asked for (else address or header say); `form_action` is where its form leads."""
    languages = shipped()
    asked = language or request.query_params.get(LANGUAGES, "")
    appearance = dependencies_of(request).appearances.get(municipality.ars, Appearance())
    chosen = languages.pick(asked, request.headers.get("accept-language"))
    text = (
        environment()
        .get_template(template)
        .render(
            t=partial(languages.sentence, chosen),
            static=lambda name: reference(request, static.address(name)),
            language=chosen,
            municipality=municipality.name,
            links=appearance.links,
            logo=_shown(request, appearance.logo),
            **(values or {}),
        )
    )
    headers = {"Content-Language": chosen, "Vary": "Accept-Language", **page_headers(form_action)}
    return Response(text.encode(), status, headers=headers, media_type="text/html; charset=utf-8")


def _shown(request: Request, logo: Logo | None) -> Mapping[str, object] | None:
    """What the head of a page needs of a logo."""
    if logo is None:
        return None
    return {"address": reference(request, logo.address), "width": logo.width, "height": logo.height}


def problem_page(request: Request, error: GatewayError, *, municipality: Municipality) -> Response:
    """The page of an error, with the id of the request as its number. It says what people can do, not why."""
    kind = "unread" if isinstance(error, BadInput) else "later" if error.retry else "ours"
    values = {"kind": kind, "number": request.scope["request_id"]}
    answer = page(request, "problem.html", municipality=municipality, status=error.status, values=values)
    if kind == "later":
        answer.headers["Retry-After"] = str(max(1, round(error.retry_after or 1)))
    return answer
