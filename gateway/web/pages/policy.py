"""What a page may load and where its form may lead.

Knows: CSP, and how browsers apply `form-action`. Never does: answer. Standard: W3C CSP 3 §6.4.1.1.
Start reading: `page_headers`.

Chromium and Safari hold every redirect behind a form to its page's `form-action`. Identity providers and portals lead
on from where a form comes in, often to another host, and only they know which; so a page with a form to somebody else
names the scheme, and every other way out of our pages is a link. Under `Referrer-Policy: no-referrer` a form is sent
with `Origin: null`, under `same-origin` still one that leads to another site (Fetch, "append a request Origin
header"); `strict-origin` tells it.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

_FETCHES: Final = "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self' data:; script-src 'self'"
_NOBODY: Final = "frame-ancestors 'none'; base-uri 'none'"


def page_headers(form_action: str | None = None) -> dict[str, str]:
    """The headers of a page whose form, if it has one, leads to that address."""
    target = "'none'" if form_action is None else form_source(form_action)
    headers = {"Content-Security-Policy": f"{_FETCHES}; form-action {target}; {_NOBODY}", "Cache-Control": "no-store"}
    if form_action is not None:
        headers["Referrer-Policy"] = "same-origin" if target == "'self'" else "strict-origin"
    return headers


def form_source(address: str) -> str:
    """The source expression for a form that leads to the address, and for wherever that leads on to."""
    scheme = urlsplit(address).scheme
    return f"{scheme}:" if scheme else "'self'"
