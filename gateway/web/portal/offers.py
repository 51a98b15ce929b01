"""The services on offer: what a portal needs to build a form and a body.

Knows: which services a client may use where. Never does: read service data (`services`).
Standards: fixed interfaces §3, JSON Schema 2020-12. Start reading: `offered`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gateway.errors import NotFound
from gateway.intake.create import offers
from gateway.model import Client
from gateway.services.service import Service
from gateway.web.dependencies import WebDependencies, dependencies_of
from gateway.web.http.answer import reply
from gateway.web.http.problems import language
from gateway.web.portal.caller import SERVICES, caller
from gateway.web.portal.query import Query


async def listing(request: Request) -> Response:
    """The services of one municipality, or of all that the client may serve."""
    client = caller(request, SERVICES).client
    query = Query.of(request, ("municipality",))
    ars = query.municipality(client)
    query.done()
    dependencies = dependencies_of(request)
    chosen = language(request.headers.get("accept-language"))
    services = offered(dependencies, client, ars)
    return reply({"items": [_shown(service, ars, chosen) for service in services]}, headers=_language(chosen))


async def detail(request: Request) -> Response:
    """One service."""
    service, ars = _asked(request)
    chosen = language(request.headers.get("accept-language"))
    return reply(_shown(service, ars, chosen), headers=_language(chosen))


async def record_schema(request: Request) -> Response:
    """The JSON Schema of the service's record."""
    service, ars = _asked(request)
    if ars is not None:
        service = service.rules_for(ars)
    return reply(service.record_schema(), media_type="application/schema+json")


async def example(request: Request) -> Response:
    """A complete body for create: every required attachment listed, each `upload` empty."""
    service, ars = _asked(request)
    dependencies = dependencies_of(request)
    if ars is None:
        served = dependencies.served(caller(request, SERVICES).client)
        offering = (town.ars for town in dependencies.municipalities if offers(town, service.id))
        ars = min(served.intersection(offering), default="")
    return reply(service.example(ars))


def offered(dependencies: WebDependencies, client: Client, ars: str | None) -> Iterator[Service]:
    """The services that the client may use in that municipality (None: in any it serves), by id."""
    served: Collection[str] = dependencies.served(client) if ars is None else {ars}
    towns = [town for town in dependencies.municipalities if town.ars in served]
    for service_id, service in dependencies.services.items():
        allowed = client.services is None or service_id in client.services
        if allowed and any(offers(town, service_id) for town in towns):
            yield service


def _asked(request: Request) -> tuple[Service, str | None]:
    """The service of the path, where the caller may use it; else `NotFound`, whatever the reason."""
    client = caller(request, SERVICES).client
    query = Query.of(request, ("municipality",))
    ars = query.municipality(client)
    query.done()
    for service in offered(dependencies_of(request), client, ars):
        if service.id == request.path_params["service_id"]:
            return service, ars
    raise NotFound


def _shown(service: Service, ars: str | None, chosen: str) -> dict[str, Any]:
    ruled = service.rules_for(ars) if ars is not None else service
    return {
        "id": ruled.id,
        "title": ruled.titles[chosen],
        "leika_key": ruled.leika_key,
        "standard": ruled.standard,
        "assurance": ruled.assurance,
        "accounts": list(ruled.accounts),
        "special_categories": list(ruled.special_categories),
        "attachments": [
            {
                "kind": rule.kind,
                "required": rule.required,
                "media_types": list(rule.media_types),
                "max_bytes": rule.max_bytes,
                "max_count": rule.max_count,
            }
            for rule in ruled.attachments
        ],
    }


def _language(chosen: str) -> dict[str, str]:
    return {"Content-Language": chosen, "Vary": "Accept-Language"}
