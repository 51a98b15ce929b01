"""Destinations: read by everybody with their keys, managed by their owner over the Destination API.

Knows: the wire forms of v1 and v2, the life cycle, the JWK rules on new keys. Never does: give out private parts or
callback secrets. Standard: fitconnect.md §2.1, §2.2, §2.3. Start reading: `read`, then `create`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from gateway.crypto.keys import public_key
from gateway.errors import KeyUnfit
from gateway.fitconnect import names
from gateway.sandbox.fitconnect import requests, submissions, tokens
from gateway.sandbox.fitconnect.problems import Problem
from gateway.sandbox.fitconnect.records import Client, Destination
from gateway.sandbox.fitconnect.requests import NO_CACHE, Json, identifier, page
from gateway.sandbox.fitconnect.sandbox import Sandbox

MANAGE: Final = (names.SCOPE_MANAGE,)
_ANY: Final = (names.SCOPE_SEND, names.SCOPE_SEND_V1, names.SCOPE_SUBSCRIBE, names.SCOPE_MANAGE)
_REGION: Final = re.compile(names.REGION_PATTERN)
_SERVICE: Final = re.compile(names.SERVICE_PATTERN)
_VERSION: Final = re.compile(r"^\d+\.\d+\.\d+$")
_CONTACT: Final = ("legalName", "address", "phone", "email")
_NEXT: Final[Mapping[str, frozenset[str]]] = {
    names.STATUS_CREATED: frozenset({names.STATUS_ACTIVE, names.STATUS_DECOMMISSIONED}),
    names.STATUS_ACTIVE: frozenset({names.STATUS_INACTIVE, names.STATUS_DECOMMISSIONED}),
    names.STATUS_INACTIVE: frozenset({names.STATUS_ACTIVE, names.STATUS_DECOMMISSIONED}),
    names.STATUS_DECOMMISSIONED: frozenset(),
}


async def read(request: Request) -> Response:
    """`GET /destinations/{id}` of the Submission API: anonymous in v2, any token in v1."""
    sandbox: Sandbox = request.app.state.sandbox
    api = submissions.api_of(request)
    if api == "v1":
        tokens.require(request, *_ANY)
    return Json(public(_find(sandbox, request), api), headers=NO_CACHE)


async def read_key(request: Request) -> Response:
    """`GET /destinations/{id}/keys/{kid}`: anonymous."""
    sandbox: Sandbox = request.app.state.sandbox
    jwk = _find(sandbox, request).keys.get(request.path_params["kid"])
    if jwk is None:
        raise Problem(404, "key-not-found", "Key not found")
    return Json(dict(jwk), headers=NO_CACHE)


async def manage_list(request: Request) -> Response:
    """`GET /destinations` of the Destination API: those of this client."""
    client = tokens.require(request, *MANAGE)
    sandbox: Sandbox = request.app.state.sandbox
    mine = [private(d, version(request)) for d in sandbox.store.destinations.values() if d.owner == client.client_id]
    return Json(page(request, mine, "destinations"), headers=NO_CACHE)


async def manage_read(request: Request) -> Response:
    """`GET /destinations/{id}` of the Destination API."""
    _, destination = _mine(request)
    return Json(private(destination, version(request)), headers=NO_CACHE)


async def manage_keys(request: Request) -> Response:
    """`GET /destinations/{id}/keys` of the Destination API: all of them."""
    _, destination = _mine(request)
    return Json({"keys": [dict(k) for k in destination.keys.values()]}, headers=NO_CACHE)


async def add_key(request: Request) -> Response:
    """`POST /destinations/{id}/keys`: one JWK; 201 also where it exists."""
    sandbox, destination = _mine(request)
    jwk = await requests.json_object(request)
    use = "verify" if jwk.get("key_ops") == [names.KEY_OPS_VERIFY] else "wrapKey"
    kid = _jwk(jwk, use, "key")
    before = destination.keys.get(kid)
    if before is not None and before != jwk:
        raise Problem(400, "key-exists", "Another key has this kid")
    sandbox.store.put(replace(destination, keys={**destination.keys, kid: jwk}), commits="sandbox.destination")
    return Json(jwk, 201)


async def create(request: Request) -> Response:
    """`POST /destinations`: status `created`; it takes submissions once it is `active`."""
    client = tokens.require(request, names.SCOPE_CREATE)
    sandbox: Sandbox = request.app.state.sandbox
    body = await requests.json_object(request)
    encryption = body.get("encryptionPublicKey")
    signing = body.get("signingPublicKey")
    kid = _jwk(encryption, "wrapKey", "encryptionPublicKey")
    verify_kid = _jwk(signing, "verify", "signingPublicKey")
    if body.get("encryptionKid") != kid:
        raise _invalid("encryptionKid")
    contact = body.get("contactInformation")
    if not isinstance(contact, dict) or not all(isinstance(contact.get(n), str) for n in _CONTACT):
        raise _invalid("contactInformation")
    destination = Destination(
        id=sandbox.ids.uuid(),
        name=_name(body.get("name", contact["legalName"])),
        owner=client.client_id,
        status=names.STATUS_CREATED,
        services=_services(body.get("publicServices", body.get("services"))),
        encryption_kid=kid,
        keys={kid: dict(encryption or {}), verify_kid: dict(signing or {})},
        metadata_versions=_versions(body.get("metadataVersions")),
        contact=contact,
        reply_channels=_channels(body.get("replyChannels")),
        callback=submissions.callback_of(body.get("callback")),
    )
    sandbox.store.put(destination, commits="sandbox.destination")
    return Json(private(destination, version(request)), 201)


async def patch(request: Request) -> Response:
    """`PATCH /destinations/{id}`: merge patch (RFC 7396) of whole members."""
    sandbox, destination = _mine(request)
    body = await requests.json_object(request, names.MERGE_PATCH)
    changes: dict[str, Any] = {}
    if "status" in body:
        changes["status"] = _status(destination, body["status"])
    if "name" in body:
        changes["name"] = _name(body["name"])
    for member in ("publicServices", "services"):
        if member in body:
            changes["services"] = _services(body[member])
    if "metadataVersions" in body:
        changes["metadata_versions"] = _versions(body["metadataVersions"])
    if "callback" in body:
        changes["callback"] = submissions.callback_of(body["callback"])
    if "replyChannels" in body:
        changes["reply_channels"] = _channels(body["replyChannels"])
    if "encryptionKid" in body:
        known = destination.keys.get(str(body["encryptionKid"]))
        if known is None or known.get("key_ops") != [names.KEY_OPS_ENCRYPT]:
            raise _invalid("encryptionKid")
        changes["encryption_kid"] = body["encryptionKid"]
    after = replace(destination, **changes)
    sandbox.store.put(after, commits="sandbox.destination")
    return Json(private(after, version(request)))


async def delete(request: Request) -> Response:
    """`DELETE /destinations/{id}`: decommissioned for good; 204."""
    sandbox, destination = _mine(request)
    sandbox.store.put(replace(destination, status=names.STATUS_DECOMMISSIONED), commits="sandbox.destination")
    return Response(status_code=204)


def version(request: Request) -> str:
    """`v1` or `v2` of the Destination API, by the address."""
    return "v1" if "/v1/" in request.scope["path"] else "v2"


def public(destination: Destination, api: str) -> dict[str, Any]:
    """What everybody may read."""
    services = [dict(s) for s in destination.services]
    return {
        "destinationId": destination.id,
        "name": destination.name,
        "status": destination.status,
        "encryptionKid": destination.encryption_kid,
        "metadataVersions": list(destination.metadata_versions),
        ("services" if api == "v1" else "publicServices"): services,
        "replyChannels": dict(destination.reply_channels),
    }


def private(destination: Destination, api: str) -> dict[str, Any]:
    """What its owner reads besides; the callback's secret is never read back."""
    more: dict[str, Any] = {"contactInformation": dict(destination.contact)}
    if destination.callback:
        more["callback"] = {"url": destination.callback["url"]}
    return public(destination, api) | more


def _find(sandbox: Sandbox, request: Request) -> Destination:
    found = sandbox.store.destinations.get(identifier(request.path_params["destination_id"], "destinationId"))
    if found is None:
        raise Problem(404, names.DESTINATION_NOT_FOUND, "Destination not found")
    return found


def _mine(request: Request) -> tuple[Sandbox, Destination]:
    client: Client = tokens.require(request, *MANAGE)
    sandbox: Sandbox = request.app.state.sandbox
    destination = _find(sandbox, request)
    if destination.owner != client.client_id:
        raise Problem(403, "forbidden", "Forbidden", "The client does not own this destination.")
    return sandbox, destination


def _invalid(name: str, **more: str) -> Problem:
    return Problem(400, "constraint-violation", f"{name} is missing or invalid", parameter=name, **more)


def _jwk(value: object, use: Any, name: str) -> str:  # noqa: ANN401 - a literal of `public_key`
    try:
        return public_key(value, use=use, x5c_required=True).kid  # type: ignore[arg-type]
    except KeyUnfit as error:
        raise _invalid(name, rule=str(error.params.get("rule"))) from None


def _name(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise _invalid("name")
    return value


def _versions(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(v, str) and _VERSION.match(v) for v in value):
        raise _invalid("metadataVersions")
    return tuple(value)


def _channels(value: object) -> Mapping[str, Any]:
    if value is not None and not isinstance(value, dict):
        raise _invalid("replyChannels")
    return value or {}


def _status(destination: Destination, value: object) -> str:
    if not isinstance(value, str) or value not in _NEXT or value == names.STATUS_CREATED:
        raise _invalid("status")
    if value != destination.status and value not in _NEXT[destination.status]:
        raise Problem(400, names.DESTINATION_STATE_INVALID, f"{destination.status} cannot become {value}")
    return value


def _services(value: object) -> tuple[Mapping[str, Any], ...]:
    if not isinstance(value, list) or not value or not all(_is_service(entry) for entry in value):
        raise _invalid("services")
    return tuple(value)


def _is_service(entry: object) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("identifier"), str):
        return False
    regions, schemas = entry.get("regions"), entry.get("submissionSchemas")
    return (
        bool(_SERVICE.match(entry["identifier"]))
        and isinstance(regions, list)
        and bool(regions)
        and all(isinstance(r, str) and _REGION.match(r) for r in regions)
        and isinstance(schemas, list)
        and bool(schemas)
        and all(isinstance(s, dict) and isinstance(s.get("schemaUri"), str) for s in schemas)
        and all(s.get("mimeType") in names.CTY_ALLOWED for s in schemas)
    )
