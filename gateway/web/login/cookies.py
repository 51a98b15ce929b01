"""The two cookies of a login: read and set.

Knows: their names and attributes. Never does: know what they mean.
Standard: draft-ietf-httpbis-rfc6265bis (`__Host-`). Start reading: `brought`.
"""

from __future__ import annotations

import re
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from gateway.login.steps import BrowserCookies, SetCookies
from gateway.login.tokens import Issuer

_VALUE: Final = re.compile(r"[A-Za-z0-9_-]{1,256}")


def brought(request: Request, issuer: Issuer) -> BrowserCookies:
    """What the browser brought. A name that comes with two values counts as none: one of them is somebody else's."""
    values: dict[str, set[str]] = {}
    for header in request.headers.getlist("cookie"):
        for part in header.split(";"):
            name, _, value = part.strip().partition("=")
            values.setdefault(name, set()).add(value)

    def value_of(name: str) -> str | None:
        sent = values.get(_named(name, issuer), set())
        return next(iter(sent)) if len(sent) == 1 and all(map(_VALUE.fullmatch, sent)) else None

    return BrowserCookies(login=value_of("login"), session=value_of("session"))


def give(response: Response, issuer: Issuer, cookies: SetCookies) -> None:
    """Set or take away what the step says; cookies last as long as the browser is open."""
    for name, value in (("login", cookies.login), ("session", cookies.session)):
        if value is None:
            continue
        if value and not _VALUE.fullmatch(value):
            raise ValueError(name)
        attributes = "Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if _secure(issuer) else "")
        ended = "" if value else "; Max-Age=0"
        response.headers.append("Set-Cookie", f"{_named(name, issuer)}={value}; {attributes}{ended}")


def _named(name: str, issuer: Issuer) -> str:
    return f"__Host-{name}" if _secure(issuer) else name


def _secure(issuer: Issuer) -> bool:
    """By the public address: the connection to us may end at a proxy."""
    return issuer.url.startswith("https:")
