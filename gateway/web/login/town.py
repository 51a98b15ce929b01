"""Which municipality's address was asked.

Knows: `Host` and public addresses. Never does: fall back to another municipality. Standard: RFC 9110 §7.2.
Start reading: `town_of`.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request

from gateway.errors import NotFound
from gateway.login.tokens import Issuer
from gateway.model import Municipality
from gateway.web.dependencies import dependencies_of
from gateway.web.pages.appearance import PLAIN, Appearance


@dataclass(frozen=True, slots=True)
class Town:
    """A municipality as the issuer whose address was asked."""

    issuer: Issuer
    municipality: Municipality
    appearance: Appearance = PLAIN


def town_of(request: Request) -> Town:
    """The municipality whose public address has this `Host`. Raises `NotFound`: nobody signs in at another's name."""
    dependencies = dependencies_of(request)
    host = (request.headers.get("host") or "").lower()
    for municipality in dependencies.municipalities:
        scheme, netloc, *_ = urlsplit(municipality.public_url.lower())
        port = ":443" if scheme == "https" else ":80"
        if netloc.removesuffix(port) == host.removesuffix(port):
            issuer = dependencies.provider.issuer_of(netloc.removesuffix(port))
            if issuer.municipality == municipality.ars:
                return Town(issuer, municipality, dependencies.appearances.get(municipality.ars, PLAIN))
    raise NotFound
