"""The service pages that the demo's entries point at, one a service, German and English.

Knows: titles that it was given. Never does: take an application. Standard: HTML. Start reading: `ROUTES`.
"""

from __future__ import annotations

from html import escape
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from gateway.sandbox.catalogue.sandbox import CatalogueSandbox

_HEADERS: Final = {"Content-Security-Policy": "default-src 'none'", "Vary": "Accept-Language"}


async def _page(request: Request) -> Response:
    sandbox: CatalogueSandbox = request.app.state.sandbox
    titles = sandbox.pages.get(request.path_params["service"])
    language = "en" if request.headers.get("accept-language", "de").lower().startswith("en") else "de"
    if titles is None:
        return HTMLResponse("<!doctype html><title>404</title><h1>404</h1>", 404, headers=_HEADERS)
    title = escape(titles.get(language) or titles["de"])
    sentences = {"de": "Hier beginnt der Antrag (Vorführung).", "en": "The application begins here (demonstration)."}
    page = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{title}</title></head>'
        f"<body><main><h1>{title}</h1><p>{sentences[language]}</p></main></body></html>"
    )
    return HTMLResponse(page, headers=_HEADERS)


ROUTES: Final = (Route("/pages/{service:str}", _page, methods=["GET"]),)
