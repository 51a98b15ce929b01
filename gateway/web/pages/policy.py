"""What a page may load and where its form may lead.

Knows: CSP, and how browsers apply `form-action`. Never does: answer. Standard: W3C CSP 3 §6.4.1.1.
Start reading: `page_headers`.

Chromium and Safari hold every redirect behind a form to its page's `form-action`, so a page names the one address of
its form and everything else is a link. Under `Referrer-Policy: no-referrer` a form is sent with `Origin: null`, under
`same-origin` still one that leads to another site (Fetch, "append a request Origin header"); `strict-origin` tells it.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, urlsplit

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
    """The source expression that an address matches; it has no query, and an IPv6 host cannot be named in it."""
    parts = urlsplit(address)
    if not parts.scheme:
        return "'self'"
    if parts.scheme not in {"http", "https"} or ":" in (parts.hostname or ":"):
        return f"{parts.scheme}:"
    port = f":{parts.port}" if parts.port else ""
    host = quote(parts.hostname or "", safe="")
    return f"{parts.scheme}://{host}{port}{quote(parts.path, safe='/%~-._')}"
