"""The addresses of status pages, feed and report, and what each answers.

Knows: languages, caches, addresses. Never does: decide what counts; set a cookie. Standards: RFC 9110 §12.5.4, §15.4.5,
RFC 9111. Start reading: `routes`.
"""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from gateway.catalogue.publication import open_data, outage_feed
from gateway.web.dependencies import dependencies_of
from gateway.web.http.answer import reference
from gateway.web.http.conditional import tag_of, tagged
from gateway.web.pages.page import text_of
from gateway.web.pages.policy import page_headers
from gateway.web.status import feedback
from gateway.web.status.documents import RenderedDocument
from gateway.web.status.handling import StatusRoute, asked_town, for_people, language_of, other_languages, with_status
from gateway.web.status.published import StatusDependencies
from gateway.web.status.view import town_view

_KEPT: Final = {"Cache-Control": "public, max-age=60"}
_HTML: Final = "text/html; charset=utf-8"
_JWS: Final = "application/jose"
_READ: Final = ("GET", "HEAD")


def routes(status: StatusDependencies | None) -> tuple[StatusRoute, ...]:
    """Addresses, methods and their handlers; none where nothing is published."""
    if status is None:
        return ()
    return (
        ("/status", _READ, for_people(status, _index)),
        ("/status/{ars}", _READ, for_people(status, _town)),
        ("/status/{ars}/feed.atom", _READ, with_status(status, _feed)),
        ("/catalogue/report", _READ, with_status(status, _report)),
        ("/catalogue/open-data.csv", _READ, with_status(status, _open_data)),
        ("/catalogue/report.jws", _READ, with_status(status, _signature)),
        *feedback.routes(status),
    )


async def _index(request: Request, status: StatusDependencies) -> Response:
    """The municipalities."""
    language, base = language_of(request), reference(request, "")
    name = asked_town(request, status)

    async def make() -> bytes:
        towns = list(status.publication.names.items())
        values = {"towns": towns, "others": other_languages(language)}
        return text_of("status/index.html", language, base, municipality=name, values=values).encode()

    return _page(request, await status.documents.of(("index", name, language, base), make), language)


async def _town(request: Request, status: StatusDependencies) -> Response:
    """A municipality's services and how they stand."""
    ars, language, base = request.path_params["ars"], language_of(request), reference(request, "")

    async def make() -> bytes:
        town = await status.publication.town(ars)

        def text() -> str:
            view, asks = town_view(town, language), status.feedback is not None
            values = {"ars": ars, "view": view, "asks": asks, "others": other_languages(language)}
            return text_of("status/town.html", language, base, municipality=town.name, values=values)

        return (await asyncio.to_thread(text)).encode()

    return _page(request, await status.documents.of(("town", ars, language, base), make), language)


async def _feed(request: Request, status: StatusDependencies) -> Response:
    """A municipality's outages."""
    ars = request.path_params["ars"]

    async def make() -> bytes:
        town = await status.publication.town(ars)
        outages = await status.publication.outages(ars, outage_feed.MOST)
        address = _public_url(request, ars)
        page_at = f"{address}/status/{ars}"
        return outage_feed.feed(town, outages, public_url=address, page=page_at, itself=f"{page_at}/feed.atom")

    document = await status.documents.of(("feed", ars), make)
    return tagged(request, document.content, document.tag, media_type=outage_feed.MEDIA_TYPE, headers=_KEPT)


async def _report(request: Request, status: StatusDependencies) -> Response:
    """The report of the day."""
    report = await status.reports.today()
    return tagged(request, report.body, tag_of(report.body), media_type="application/json", headers=_KEPT)


async def _open_data(request: Request, status: StatusDependencies) -> Response:
    """Every municipality's claims."""

    async def make() -> bytes:
        towns = [town async for town in status.publication.towns()]
        return await asyncio.to_thread(open_data.open_data, towns)

    document = await status.documents.of(("open data",), make)
    return tagged(request, document.content, document.tag, media_type=open_data.MEDIA_TYPE, headers=_KEPT)


async def _signature(request: Request, status: StatusDependencies) -> Response:
    """The detached signature over the report of the day."""
    token = (await status.reports.today()).signature.encode()
    return tagged(request, token, tag_of(token), media_type=_JWS, headers=_KEPT)


def _page(request: Request, document: RenderedDocument, language: str) -> Response:
    headers = {**page_headers(), **_KEPT, "Content-Language": language, "Vary": "Accept-Language"}
    return tagged(request, document.content, document.tag, media_type=_HTML, headers=headers)


def _public_url(request: Request, ars: str) -> str:
    towns = dependencies_of(request).municipalities
    return next(town.public_url for town in towns if town.ars == ars).rstrip("/")
