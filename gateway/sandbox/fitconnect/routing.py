"""The routing service and the portal: which destination takes a service in a region, signed by the portal.

Knows: regional keys (ARS, AGS), a handful of areas, rate limit headers. Never does: authenticate; routing is public.
Standard: Routing API 2.0.0; its paths begin with `/v1/`, clients in the field write `/v2/`, so both
answer. Start reading: `routes`.
"""

from __future__ import annotations

import asyncio
import fnmatch
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from gateway.crypto import jws
from gateway.fitconnect import names
from gateway.sandbox.fitconnect import keyring, regions
from gateway.sandbox.fitconnect.problems import Problem
from gateway.sandbox.fitconnect.records import Destination
from gateway.sandbox.fitconnect.requests import Json, page
from gateway.sandbox.fitconnect.sandbox import Sandbox

_LEIKA: Final = re.compile(r"^99\d{12}$", re.ASCII)
_ARS: Final = re.compile(r"^(\d{2}|\d{3}|\d{5}|\d{9}|\d{12})$", re.ASCII)
_AGS: Final = re.compile(r"^(\d{2}|\d{3}|\d{5}|\d{8})$", re.ASCII)
_RS_URN: Final = "urn:de:bund:destatis:bevoelkerungsstatistik:schluessel:rs:"
_PER_MINUTE: Final = 6000
_ARS_DIGITS: Final = 12
_EXPRESSIONS_MAX: Final = 10


@dataclass(frozen=True, slots=True)
class Area:
    """A place that the routing service knows. `ars` may be short: a state or a district."""

    id: str
    name: str
    type: str
    ars: str
    postcodes: tuple[str, ...] = ()


AREAS: Final = (
    Area("15", "Sachsen-Anhalt", "Bundesland", "15"),
    Area("15090", "Stendal", "Kreis", "15090"),
    Area("9546", "Tangerhütte, Stadt", "Gemeinde", "150900546546", ("39517", "39579")),
    Area("9554", "Tangermünde, Stadt", "Gemeinde", "150900554554", ("39590",)),
)


async def routes(request: Request) -> Response:
    """`GET /routes`: destinations for a LeiKa key and one of ars, ags, areaId; the closest region first."""
    sandbox: Sandbox = request.app.state.sandbox
    limit = _rate(sandbox)
    if limit is None:
        return _busy(sandbox)
    leika_key = request.query_params.get("leikaKey", "")
    if not _LEIKA.match(leika_key):
        raise _bad("leikaKey")
    region = _region(request.query_params)
    matches = []
    for destination in sandbox.store.destinations.values():
        match = _coverage(destination, names.LEIKA_PREFIX + leika_key, region)
        if match is not None and destination.status == names.STATUS_ACTIVE:
            matches.append((match, destination))
    matches.sort(key=lambda pair: -pair[0])
    listed = [await _route(sandbox, destination) for _, destination in matches]
    return Json(page(request, listed, "routes"), headers=limit)


async def areas(request: Request) -> Response:
    """`GET /areas`: by name with `*` or by postcode. Declared as problem+json in the standard, and sent so."""
    sandbox: Sandbox = request.app.state.sandbox
    limit = _rate(sandbox)
    if limit is None:
        return _busy(sandbox)
    expressions = request.query_params.getlist("areaSearchexpression")
    if not 1 <= len(expressions) <= _EXPRESSIONS_MAX or any(len(w) < 2 for w in expressions):
        raise _bad("areaSearchexpression")
    hits = [{"id": a.id, "name": a.name, "type": a.type} for a in AREAS if all(_named(a, w) for w in expressions)]
    return Json(page(request, hits, "areas"), headers=limit, media_type=names.PROBLEM_JSON)


async def info(_: Request) -> Response:
    """`GET /info`."""
    return Json({"version": {"major": 2, "minor": 0, "patch": 0}})


async def portal_keys(request: Request) -> Response:
    """The portal's JWK set, which verifies destination signatures."""
    sandbox: Sandbox = request.app.state.sandbox
    return Json(sandbox.keys.public_set(keyring.PORTAL))


async def delivery_keys(request: Request) -> Response:
    """The delivery service's JWK set, which verifies its events."""
    sandbox: Sandbox = request.app.state.sandbox
    return Json(sandbox.keys.public_set(keyring.DELIVERY))


def _named(area: Area, expression: str) -> bool:
    if expression.isdigit():
        return expression in area.postcodes
    pattern = expression.lower() if "*" in expression else f"{expression.lower()}*"
    return fnmatch.fnmatchcase(area.name.lower(), pattern)


def _region(query: Mapping[str, str]) -> str:
    """The asked-for regional key in ARS digits; 400 unless exactly one of the three ways was used."""
    parameters = [name for name in ("ars", "ags", "areaId") if name in query]
    if len(parameters) != 1:
        raise _bad("ars, ags or areaId")
    value = query[parameters[0]]
    if parameters[0] == "ars" and _ARS.match(value):
        return value
    if parameters[0] == "ags" and _AGS.match(value):
        return value if len(value) < 8 else f"{value[:5]}*{value[5:]}"
    area = next((a for a in AREAS if parameters[0] == "areaId" and a.id == value), None)
    if area is None:
        raise _bad(parameters[0])
    return area.ars


def _coverage(destination: Destination, identifier: str, region: str) -> int | None:
    """Digits of the longest region of the destination that covers the asked-for one, None where none does."""
    lengths = [
        len(digits)
        for service in destination.services
        if service["identifier"] == identifier
        for digits in map(regions.digits, service["regions"])
        if _covers(digits, region)
    ]
    return max(lengths, default=None)


def _covers(digits: str, region: str) -> bool:
    """Whether a region covers a key; a municipality asked for by AGS lacks the four digits of its association."""
    if "*" not in region:
        return region.startswith(digits)
    head, _, tail = region.partition("*")
    if len(digits) == _ARS_DIGITS:
        return digits.startswith(head) and digits.endswith(tail)
    return head.startswith(digits)


async def _route(sandbox: Sandbox, destination: Destination) -> dict[str, Any]:
    return {
        "destinationId": destination.id,
        "destinationSignature": await _signature(sandbox, destination),
        "destinationName": destination.name,
        "destinationShortName": destination.name,
        "contactPersons": [
            {"name": destination.contact.get("legalName", ""), "email": destination.contact.get("email", "")}
        ],
        "origin": "Sandbox",
    }


async def _signature(sandbox: Sandbox, destination: Destination) -> str:
    """The portal signs once for each state of the destination's services, and remembers."""
    services = [
        {
            "gebietIDs": [_RS_URN + entry.removeprefix("DE") for entry in service["regions"]],
            "leistungIDs": [service["identifier"]],
        }
        for service in destination.services
    ]
    known = sandbox.signed_routes.get(destination.id)
    if known and known[0] == services:
        return str(known[1])
    claims = {
        "submissionHost": sandbox.host,
        "iss": sandbox.portal_issuer,
        "services": services,
        "destinationId": destination.id,
        "iat": sandbox.clock.seconds(),
        "jti": sandbox.ids.uuid(),
    }
    payload = json.dumps(claims, separators=(",", ":")).encode()
    key = sandbox.keys.keys[keyring.PORTAL]
    token = await asyncio.to_thread(jws.sign, payload, key, {"kid": key.kid, "typ": "JWT", "alg": names.SIGNATURE_ALG})
    sandbox.signed_routes[destination.id] = (services, token)
    return token


def _rate(sandbox: Sandbox) -> dict[str, str] | None:
    """The rate limit headers after counting one request, None where the limit is used up."""
    minute = sandbox.clock.seconds() // 60
    used = sandbox.route_requests.get(minute, 0) + 1
    sandbox.route_requests = {minute: used}
    if used > _PER_MINUTE:
        return None
    return {"RateLimit-Limit": str(_PER_MINUTE), "RateLimit-Remaining": str(_PER_MINUTE - used)} | _reset(sandbox)


def _busy(sandbox: Sandbox) -> Response:
    headers = {"RateLimit-Limit": str(_PER_MINUTE), "RateLimit-Remaining": "0"} | _reset(sandbox)
    return Response(status_code=429, headers=headers)


def _reset(sandbox: Sandbox) -> dict[str, str]:
    return {names.RATE_LIMIT_RESET: str(60 - sandbox.clock.seconds() % 60)}


def _bad(name: str) -> Problem:
    return Problem(400, "invalid-parameter", f"{name} is missing or invalid", parameter=name)
