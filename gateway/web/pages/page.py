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
from gateway.web.pages.languages import shipped
from gateway.web.pages.policy import page_headers

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
    language: str = "",
    status: int = 200,
    form_action: str | None = None,
    values: Mapping[str, object] | None = None,
) -> Response:
    """The page. `language` was asked for beside the header (or is empty); `form_action` is where its form leads."""
    chosen = shipped().pick(language, request.headers.get("accept-language"))
    text = text_of(template, chosen, reference(request, ""), municipality=municipality, values=values)
    headers = {"Content-Language": chosen, "Vary": "Accept-Language", **page_headers(form_action)}
    return Response(text.encode(), status, headers=headers, media_type="text/html; charset=utf-8")


def text_of(
    template: str, language: str, base: str, *, municipality: str, values: Mapping[str, object] | None = None
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
            **(values or {}),
        )
    )


def problem_page(request: Request, error: GatewayError, *, municipality: str) -> Response:
    """The page of an error, with the id of the request as its number. It says what people can do, not why."""
    kind = "unread" if isinstance(error, BadInput) else "later" if error.retry else "ours"
    values = {"kind": kind, "number": request.scope["request_id"]}
    answer = page(request, "problem.html", municipality=municipality, status=error.status, values=values)
    if kind == "later":
        answer.headers["Retry-After"] = str(max(1, round(error.retry_after or 1)))
    return answer
