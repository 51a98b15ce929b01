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
from gateway.web.http.answer import reference
from gateway.web.pages import static
from gateway.web.pages.appearance import PLAIN, Appearance
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
    municipality: str,
    appearance: Appearance = PLAIN,
    language: str = "",
    status: int = 200,
    form_action: str | None = None,
    values: Mapping[str, object] | None = None,
) -> Response:
    """The page. `language` was asked for (else address or header say); `form_action` is where its form leads."""
    asked = language or request.query_params.get(LANGUAGES, "")
    chosen = shipped().pick(asked, request.headers.get("accept-language"))
    base = reference(request, "")
    text = text_of(template, chosen, base, municipality=municipality, appearance=appearance, values=values)
    headers = {"Content-Language": chosen, "Vary": "Accept-Language", **page_headers(form_action)}
    return Response(text.encode(), status, headers=headers, media_type="text/html; charset=utf-8")


def text_of(  # noqa: PLR0913 - each named
    template: str,
    language: str,
    base: str,
    *,
    municipality: str,
    appearance: Appearance = PLAIN,
    values: Mapping[str, object] | None = None,
) -> str:
    """The page in that language; `base` is the path of the public address, below which its files stand."""
    return (
        environment()
        .get_template(template)
        .render(
            t=partial(shipped().sentence, language),
            static=lambda name: f"{base}{static.address(name)}",
            base=base,
            language=language,
            municipality=municipality,
            appearance=appearance,
            **(values or {}),
        )
    )


def problem_page(
    request: Request, error: GatewayError, *, municipality: str, appearance: Appearance = PLAIN
) -> Response:
    """The page of an error, with the id of the request as its number. It says what people can do, not why."""
    kind = "unread" if isinstance(error, BadInput) else "later" if error.retry else "ours"
    values = {"kind": kind, "number": request.scope["request_id"]}
    answer = page(
        request, "problem.html", municipality=municipality, appearance=appearance, status=error.status, values=values
    )
    if kind == "later":
        answer.headers["Retry-After"] = str(max(1, round(error.retry_after or 1)))
    return answer
