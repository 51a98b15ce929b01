"""Health and figures for monitoring, and the description of the API for people.

Knows: draft-inadarei-api-health-check-06, OpenAPI. Never does: personal data. Start reading: `health`.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Sequence
from html import escape
from typing import Any, Final

import structlog
from starlette.requests import Request
from starlette.responses import Response

from gateway.model import instant
from gateway.web.dependencies import HealthCheck, dependencies_of
from gateway.web.http.answer import reply
from gateway.web.http.metrics import MEDIA_TYPE
from gateway.web.http.metrics import of as metrics_of
from gateway.web.portal.description.openapi import addressed

LOOK_S: Final = 5.0
"""After this many seconds without an answer a check has failed."""
_STYLE: Final = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#111}"
    "code{background:#eee;padding:.1em .3em}h2{margin-top:2rem;font-size:1.1rem}dt{font-weight:600}"
    "pre{background:#f4f4f4;padding:.8rem;overflow:auto}"
)
_CSP: Final = (
    "default-src 'none'; frame-ancestors 'none'; style-src 'sha256-"
    + base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    + "'"
)

log = structlog.get_logger()


async def health(request: Request) -> Response:
    """Whether the gateway can work: 200 with `pass` or `warn`, 503 with `fail`."""
    dependencies = dependencies_of(request)
    try:
        checks = await asyncio.wait_for(dependencies.health(), LOOK_S)
    except Exception as error:  # noqa: BLE001 - whatever it is, the answer is "fail"
        log.warning("web.health_failed", error=type(error).__name__)
        checks = (HealthCheck("gateway:responseTime", "fail"),)
    status = overall(checks)
    at = instant(dependencies.clock.now())
    body: dict[str, Any] = {
        "status": status,
        "version": dependencies.version.partition(".")[0],
        "releaseId": dependencies.version,
        "serviceId": "ozg-gateway",
        "checks": {},
    }
    for check in checks:
        body["checks"].setdefault(check.name, []).append(_shown(check, at))
    return reply(body, 503 if status == "fail" else 200, media_type="application/health+json")


def overall(checks: Sequence[HealthCheck]) -> str:
    """`fail` where something vital failed, `warn` where anything is not as it should be, else `pass`."""
    if any(check.vital and check.status == "fail" for check in checks):
        return "fail"
    return "pass" if all(check.status == "pass" for check in checks) else "warn"


def _shown(check: HealthCheck, at: str) -> dict[str, Any]:
    members = {
        "componentId": check.component_id,
        "componentType": check.component_type,
        "observedValue": check.observed_value,
        "observedUnit": check.observed_unit,
        "status": check.status,
        "time": at,
        "output": check.output if check.status != "pass" else None,
    }
    return {name: value for name, value in members.items() if value is not None}


async def metrics(request: Request) -> Response:
    """The figures in Prometheus' text format."""
    figures, dependencies = metrics_of(request), dependencies_of(request)
    if dependencies.states is not None:
        try:
            figures.states(await asyncio.wait_for(dependencies.states(), LOOK_S))
            if dependencies.newest_root is not None:
                figures.newest_root(*await asyncio.wait_for(dependencies.newest_root(), LOOK_S))
        except Exception as error:  # noqa: BLE001 - the other figures matter most when the database is away
            log.warning("web.states_unknown", error=type(error).__name__)
    if dependencies.exchanges is not None:
        try:
            figures.exchanges(await asyncio.wait_for(dependencies.exchanges(), LOOK_S))
        except Exception as error:  # noqa: BLE001 - as above
            log.warning("web.exchanges_unknown", error=type(error).__name__)
    if dependencies.catalogue_figures is not None:
        try:
            figures.catalogue(await asyncio.wait_for(dependencies.catalogue_figures(), LOOK_S))
        except Exception as error:  # noqa: BLE001 - as above
            log.warning("web.catalogue_unknown", error=type(error).__name__)
    if dependencies.pressure is not None:
        figures.pressure(dependencies.pressure)
    return Response(figures.exposition(), media_type=MEDIA_TYPE)


async def openapi(request: Request) -> Response:
    """The API's description, OpenAPI 3.1, with the addresses of the host that was asked."""
    issuer = dependencies_of(request).provider.issuer_of(request.headers.get("host"))
    described = addressed(request.app.openapi(), server=issuer.url, token_url=issuer.token_endpoint)
    return reply(described, headers={"Cache-Control": "public, max-age=300"})


async def docs(request: Request) -> Response:
    """The same for people: one page without scripts and without anything from elsewhere."""
    page = _page(request.app.openapi())
    headers = {"Content-Security-Policy": _CSP, "Cache-Control": "public, max-age=300"}
    return Response(page, media_type="text/html", headers=headers)


def _page(document: dict[str, Any]) -> str:
    title = escape(document["info"]["title"])
    head = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>'
        f"<body><main><h1>{title}</h1><p>{escape(document['info']['description'])}</p>"
        '<p>Complete description: <a href="openapi.json">openapi.json</a> (OpenAPI 3.1).</p>'
    )
    sections = [head]
    for path, methods in document["paths"].items():
        sections += [_operation(path, method, described) for method, described in methods.items()]
    return "".join(sections) + "</main></body></html>"


def _operation(path: str, method: str, described: dict[str, Any]) -> str:
    answers = "".join(
        f"<dt>{escape(status)}</dt><dd>{escape(answer['description'])}</dd>"
        for status, answer in described["responses"].items()
    )
    parameters = "".join(
        f"<li><code>{escape(parameter['name'])}</code> ({escape(parameter['in'])}): "
        f"{escape(parameter.get('description', ''))}</li>"
        for parameter in described.get("parameters", ())
    )
    return (
        f"<section><h2><code>{escape(method.upper())} {escape(path)}</code></h2>"
        f"<p>{escape(described.get('description') or described.get('summary', ''))}</p>"
        + (f"<ul>{parameters}</ul>" if parameters else "")
        + f"<dl>{answers}</dl></section>"
    )
