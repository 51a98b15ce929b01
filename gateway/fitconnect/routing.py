"""Answers of the Routing API, judged: which destination takes a service in a region, and who vouches for that.

Knows: the form of an answer, every rule that a destination signature has to keep. Never does: I/O, clocks, choose a
key by what a token says of its address. Standard: Routing API 2.0.0; FIT-Connect "get-destination" (signature).
Start reading: `read_routes`, then `judged`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from gateway.crypto import jws
from gateway.crypto.keys import PublicKey
from gateway.errors import CounterpartGarbled, CryptoFailure
from gateway.fitconnect import names
from gateway.fitconnect.wire import Request
from gateway.input import json_reader
from gateway.outbound.answer import Answer

VERSION: Final = "/v1"
MOST_ROUTES: Final = 500
"""More are not asked for, and not read: nobody has that many destinations for one service in one place."""
SHORTEST: Final = 500
"""A destination signature of fewer characters was cut off, as happens in editorial systems."""
_SEALED_CHARS: Final = 683
"""Characters of a signature by the shortest key there may be (RSA of 4096 bits)."""
_REGION_PREFIX: Final = "urn:de:bund:destatis:bevoelkerungsstatistik:schluessel:rs:"
_REGION: Final = re.compile(re.escape(_REGION_PREFIX) + r"([0-9]{0,12})", re.ASCII)
_UUID: Final = re.compile(names.UUID_PATTERN)
_TYPES: Final = frozenset({"jwt", "JWT"})
_FULL: Final = 12
_LEVELS: Final = (9, 5, 3, 2)

RULES: Final = ("truncated", "form", "typ", "alg", "kid", "issuer", "key", "signature", "claims", "destination")
"""What `judged` names, beside `host`, `service`, `region` and `iat`, in the order of the checks."""


@dataclass(frozen=True, slots=True)
class Route:
    """A destination that the routing service names, and the signature that is to vouch for it; nothing is proven."""

    destination_id: str
    signature: str = field(repr=False)
    origin: str = ""


@dataclass(frozen=True, slots=True)
class ExpectedRoute:
    """What was asked for, and whom we believe.

    `ars` has 12 digits, `issuer` is the configured portal, `hosts` those that submissions may go to; `latest` is the
    last moment that a signature may be dated.
    """

    leika_key: str
    ars: str
    issuer: str
    hosts: frozenset[str]
    latest: datetime


def ask(leika_key: str, ars: str) -> Request:
    """The request for the routes of a service in a municipality; routing is public."""
    query = urlencode({"leikaKey": leika_key, "ars": ars, "limit": MOST_ROUTES})
    return Request("GET", f"{VERSION}/routes?{query}", accept=names.JSON, authorised=False)


def ask_keys() -> Request:
    """The request for the portal's JWK set, below its configured address."""
    return Request("GET", "/.well-known/jwks.json", accept=names.JSON, authorised=False)


def read_routes(answer: Answer) -> tuple[Route, ...]:
    """The routes of an answer. Raises `CounterpartGarbled` for one that is wrong in shape or names one twice."""
    try:
        body = json_reader.decode(answer.body, unique=True)
        listed, count = body["routes"], body.get("totalCount", 0)
        routes = tuple(_route(entry) for entry in listed)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CounterpartGarbled(host=answer.host) from error
    ids = {route.destination_id for route in routes}
    if len(routes) > MOST_ROUTES or len(ids) < len(routes) or (isinstance(count, int) and count > MOST_ROUTES):
        raise CounterpartGarbled(host=answer.host)
    return routes


def wanted_kid(route: Route) -> str | None:
    """The id of the key that proving a route takes; None where it is refused anyway."""
    if _header_fault(route.signature):
        return None
    return str(jws.header_of(route.signature)["kid"])


def judged(route: Route, expected: ExpectedRoute, keys: Mapping[str, PublicKey]) -> str | None:
    """The first rule that a route's signature breaks (`RULES`); None: the portal vouches for it.

    `keys` are those of the configured portal, by `kid`.
    """
    if rule := _header_fault(route.signature):
        return rule
    try:
        claims = json_reader.decode(jws.unproven(route.signature), unique=True)
    except (CryptoFailure, ValueError):
        return "form"
    if not isinstance(claims, dict):
        return "form"
    if str(claims.get("iss", "")).rstrip("/") != expected.issuer.rstrip("/"):
        return "issuer"
    key = keys.get(str(jws.header_of(route.signature)["kid"]))
    return _unsigned(route.signature, key) or _claims_fault(claims, route, expected)


def _unsigned(token: str, key: PublicKey | None) -> str | None:
    if key is None:
        return "key"
    try:
        jws.verify(token, key, alg=names.SIGNATURE_ALG)
    except CryptoFailure:
        return "signature"
    return None


def _header_fault(token: str) -> str | None:
    parts = token.split(".")
    if len(token) < SHORTEST or len(parts) < 3 or len(parts[2]) < _SEALED_CHARS:
        return "truncated"
    try:
        header = jws.header_of(token)
    except CryptoFailure:
        return "form"
    kid = header.get("kid")
    rules = (
        ("typ", header.get("typ") in _TYPES),
        ("alg", header.get("alg") == names.SIGNATURE_ALG),
        ("kid", isinstance(kid, str) and 0 < len(kid) <= 128),
    )
    return next((rule for rule, kept in rules if not kept), None)


def _claims_fault(claims: Mapping[str, Any], route: Route, expected: ExpectedRoute) -> str | None:
    issued = claims.get("iat")
    dated = isinstance(issued, int) and not isinstance(issued, bool) and issued >= names.SET_IAT_MIN
    services = claims.get("services")
    offers = [offer for offer in services if isinstance(offer, dict)] if isinstance(services, list) else []
    ours = [offer for offer in offers if names.LEIKA_PREFIX + expected.leika_key in _texts(offer.get("leistungIDs"))]
    rules = (
        ("claims", isinstance(claims.get("jti"), str) and bool(offers)),
        ("destination", str(claims.get("destinationId", "")).lower() == route.destination_id),
        ("host", str(claims.get("submissionHost", "")).lower() in {host.lower() for host in expected.hosts}),
        ("service", bool(ours)),
        ("region", any(_covers(region, expected.ars) for offer in ours for region in _texts(offer.get("gebietIDs")))),
        ("iat", dated and int(str(issued)) <= expected.latest.timestamp()),
    )
    return next((rule for rule, kept in rules if not kept), None)


def _covers(region: str, ars: str) -> bool:
    """Whether a region of a signature is the municipality or a level above; a full key that ends in zeros is one."""
    match = _REGION.fullmatch(region)
    if not match:
        return False
    digits = match[1]
    if len(digits) == _FULL and digits != ars:
        digits = _level(digits)
    return ars.startswith(digits)


def _level(digits: str) -> str:
    """A full key without the levels that are all zero; of the whole country nothing is left."""
    for length in _LEVELS:
        if digits[length:].strip("0"):
            break
        digits = digits[:length]
    return digits if digits.strip("0") else ""


def _route(entry: Mapping[str, Any]) -> Route:
    destination, signature = entry["destinationId"], entry["destinationSignature"]
    if not isinstance(destination, str) or not _UUID.fullmatch(destination) or not isinstance(signature, str):
        raise TypeError
    return Route(destination.lower(), signature, str(entry.get("origin") or ""))


def _texts(value: object) -> Iterable[str]:
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else ()
