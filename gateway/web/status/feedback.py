"""The form on which people say what they think of an online service.

Knows: that only our own page may send it, that nobody is named. Never does: set a cookie, log an answer or an address.
Standards: Regulation (EU) 2018/1724 article 25, RFC 6454 §7 (Origin), Fetch Metadata. Start reading: `routes`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gateway.catalogue.entry import Entry
from gateway.catalogue.statistics import feedback
from gateway.catalogue.statistics.feedback import Feedback
from gateway.catalogue.statistics.interfaces import interfaces
from gateway.errors import Forbidden, NotFound
from gateway.german_time import german_date
from gateway.web.dependencies import dependencies_of
from gateway.web.http.answer import reference
from gateway.web.login import forms
from gateway.web.pages.page import page
from gateway.web.portal.caller import address_of
from gateway.web.status.handling import StatusRoute, for_people, language_of, other_languages, wanted
from gateway.web.status.published import FeedbackDependencies, StatusDependencies

FORM_BYTES: Final = 32_768
"""Room for a text whose every character takes twelve."""
_FORM: Final = "/status/{ars}/{service}/feedback"


def routes(status: StatusDependencies) -> tuple[StatusRoute, ...]:
    """Addresses, methods and handlers; none where answers would go nowhere."""
    desk = status.feedback
    if desk is None:
        return ()

    async def show(request: Request, status: StatusDependencies) -> Response:
        return _form(request, status, await _entry(request, status, desk), {}, ())

    async def take(request: Request, status: StatusDependencies) -> Response:
        return await _take(request, status, desk)

    async def thank(request: Request, status: StatusDependencies) -> Response:
        return _shown(request, status, "status/feedback_thanks.html", await _entry(request, status, desk), {})

    return (
        (_FORM, ("GET", "HEAD"), for_people(status, show)),
        (_FORM, ("POST",), for_people(status, take)),
        (f"{_FORM}/thanks", ("GET", "HEAD"), for_people(status, thank)),
    )


async def _take(request: Request, status: StatusDependencies, desk: FeedbackDependencies) -> Response:
    """Keep an answer: 303 to a page of thanks, 422 with the form where something of it cannot stay."""
    if not _from_ourselves(request):
        raise Forbidden(scope="same-origin")
    entry = await _entry(request, status, desk)
    desk.addresses.note(address_of(request))
    values, faults = feedback.read(await forms.form(request, FORM_BYTES), interfaces().sdg)
    if faults:
        return _form(request, status, entry, values, faults)
    ars = request.path_params["ars"]
    submitted = Feedback(
        municipality=ars,
        service=entry.service,
        source=entry.url or f"{_own_origin(request)}{reference(request, f'/status/{ars}')}",
        category=values[feedback.CATEGORY],
        rating=int(values[feedback.RATING]),
        found=values[feedback.FOUND],
        text=values[feedback.TEXT],
    )
    await desk.rows.keep(submitted)
    query = f"?{urlencode({'lang': wanted(request)})}" if wanted(request) else ""
    path = f"/status/{ars}/{entry.service}/feedback/thanks{query}"
    return RedirectResponse(reference(request, path), 303)


async def _entry(request: Request, status: StatusDependencies, desk: FeedbackDependencies) -> Entry:
    """The entry of the path, if the municipality offers it today. Raises `NotFound`, `DatabaseAway`."""
    ars, service = request.path_params["ars"], request.path_params["service"]
    if ars not in status.publication.names:
        raise NotFound
    today = german_date(dependencies_of(request).clock.now())
    for known in await desk.statuses.of(ars):
        entry = known.revision.entry
        if entry.service == service and entry.published_on(today):
            return entry
    raise NotFound


def _from_ourselves(request: Request) -> bool:
    """Whether no other site sent the form. Every browser says who did, by one of these; a program may say nothing."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        return site == "same-origin"
    return origin is None or origin == _own_origin(request)


def _own_origin(request: Request) -> str:
    issuer = dependencies_of(request).provider.issuer_of(request.headers.get("host"))
    parts = urlsplit(issuer.url)
    return f"{parts.scheme}://{parts.netloc}"


def _form(
    request: Request, status: StatusDependencies, entry: Entry, values: Mapping[str, str], faults: Sequence[str]
) -> Response:
    sdg = interfaces().sdg
    asked = {
        "questions": (
            (feedback.CATEGORY, sdg.categories),
            (feedback.RATING, feedback.RATINGS),
            (feedback.FOUND, sdg.found),
        ),
        "most": str(feedback.TEXT_MOST),
        "values": {name: values.get(name, "") for name in feedback.FIELDS},
        "faults": faults,
        "query": f"?{urlencode({'lang': wanted(request)})}" if wanted(request) else "",
    }
    return _shown(request, status, "status/feedback.html", entry, asked, 422 if faults else 200)


def _shown(  # noqa: PLR0913, PLR0917 - a page, of what and for whom
    request: Request,
    status: StatusDependencies,
    template: str,
    entry: Entry,
    values: Mapping[str, Any],
    code: int = 200,
) -> Response:
    ars, language = request.path_params["ars"], language_of(request)
    spoken = language if language in entry.titles else "de"
    common = {
        "ars": ars,
        "service": entry.service,
        "title": entry.titles.get(spoken, entry.service),
        "title_language": None if spoken == language else spoken,
        "others": other_languages(language),
    }
    return page(
        request,
        template,
        municipality=status.publication.names[ars],
        language=wanted(request),
        status=code,
        form_action=reference(request, f"/status/{ars}/{entry.service}/feedback"),
        values={**common, **values},
    )
