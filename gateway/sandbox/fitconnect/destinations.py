"""Destinations: read by everybody with their keys, managed by their owner over the Destination API.

Knows: the wire forms of v1 and v2 and who may read or change what. Never does: give out private parts or
callback secrets. Standard: Destination API v1 and v2. Start reading: `read`, then `create`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from gateway.fitconnect import names
from gateway.sandbox.fitconnect import destination_members as members
from gateway.sandbox.fitconnect import requests, submissions, tokens
from gateway.sandbox.fitconnect.problems import Problem
from gateway.sandbox.fitconnect.records import ApiClient, Destination
from gateway.sandbox.fitconnect.requests import NO_CACHE, Json, identifier, page
from gateway.sandbox.fitconnect.sandbox import Sandbox

MANAGE: Final = (names.SCOPE_MANAGE,)
_ANY: Final = (names.SCOPE_SEND, names.SCOPE_SEND_V1, names.SCOPE_SUBSCRIBE, names.SCOPE_MANAGE)
_REQUIRED: Final = ("status", "contactInformation", "encryptionKid", "metadataVersions")


async def read(request: Request) -> Response:
    """`GET /destinations/{id}` of the Submission API: anonymous in v2, any token in v1, where the owner reads all."""
    sandbox: Sandbox = request.app.state.sandbox
    api = submissions.api_of(request)
    if api == "v2":
        return Json(public(_find(sandbox, request), api), headers=NO_CACHE)
    client: ApiClient = tokens.require(request, *_ANY)
    destination = _find(sandbox, request)
    shown = private if destination.owner == client.client_id else public
    return Json(shown(destination, api), headers=NO_CACHE)


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
    listed = [private(d, version(request)) for d in sandbox.store.destinations.values() if d.owner == client.client_id]
    return Json(page(request, listed, "destinations"), headers=NO_CACHE)


async def manage_read(request: Request) -> Response:
    """`GET /destinations/{id}` of the Destination API: all of it for its owner, what is public for a sender."""
    destination, shown = _readable(request)
    return Json(shown(destination, version(request)), headers=NO_CACHE)


async def manage_keys(request: Request) -> Response:
    """`GET /destinations/{id}/keys` of the Destination API: all of them, the one to encrypt with now first.

    Senders in the field take the first one, so it is the right one after a roll-over too.
    """
    destination, _ = _readable(request)
    ordered = sorted(destination.keys.values(), key=lambda jwk: jwk["kid"] != destination.encryption_kid)
    return Json({"keys": [dict(jwk) for jwk in ordered]}, headers=NO_CACHE)


async def add_key(request: Request) -> Response:
    """`POST /destinations/{id}/keys`: one JWK; 201 also where it exists."""
    sandbox, destination = _mine(request)
    jwk = await requests.json_object(request)
    use = "verify" if jwk.get("key_ops") == [names.KEY_OPS_VERIFY] else "wrapKey"
    kid = members.jwk(jwk, use, "key")
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
    kid = members.jwk(encryption, "wrapKey", "encryptionPublicKey")
    verify_kid = members.jwk(signing, "verify", "signingPublicKey")
    if body.get("encryptionKid") != kid:
        raise members.invalid("encryptionKid")
    contact = members.contact(body.get("contactInformation"))
    destination = Destination(
        id=sandbox.ids.uuid(),
        name=members.name(body.get("name", contact["legalName"])),
        owner=client.client_id,
        status=names.STATUS_CREATED,
        services=members.services(body.get("publicServices", body.get("services"))),
        encryption_kid=kid,
        keys={kid: dict(encryption or {}), verify_kid: dict(signing or {})},
        metadata_versions=members.versions(body.get("metadataVersions")),
        contact=contact,
        reply_channels=members.channels(body.get("replyChannels")),
        callback=submissions.callback_of(body.get("callback")),
    )
    sandbox.store.put(destination, commits="sandbox.destination")
    return Json(private(destination, version(request)), 201)


async def patch(request: Request) -> Response:
    """`PATCH /destinations/{id}`: members given change as a whole.

    The Destination API takes a merge patch (RFC 7396); the Submission API v1 plain JSON too, as its specification says.
    """
    sandbox, destination = _mine(request)
    of_v1 = submissions.api_of(request) == "v1"
    body, removed = await requests.merge_patch(request, *((names.JSON,) if of_v1 else ()))
    return _changed(sandbox, request, replace(destination, **members.changes(destination, body, removed)))


async def put(request: Request) -> Response:
    """`PUT /destinations/{id}`: everything anew; a callback or reply channels that are not given are none."""
    sandbox, destination = _mine(request)
    body = await requests.json_object(request)
    for member in _REQUIRED:
        if member not in body:
            raise members.invalid(member)
    if not {"services", "publicServices"} & body.keys():
        raise members.invalid("services")
    bare = replace(destination, callback=None, reply_channels={})
    return _changed(sandbox, request, replace(bare, **members.changes(destination, body)))


def _changed(sandbox: Sandbox, request: Request, after: Destination) -> Response:
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
    destination = sandbox.store.destinations.get(identifier(request.path_params["destination_id"], "destinationId"))
    if destination is None:
        raise Problem(404, names.DESTINATION_NOT_FOUND, "Destination not found")
    return destination


def _readable(request: Request) -> tuple[Destination, Callable[[Destination, str], dict[str, Any]]]:
    """The destination of the address, and what of it this client may see: its owner everything, a sender the public."""
    sandbox: Sandbox = request.app.state.sandbox
    client: ApiClient = tokens.require(request, *MANAGE, *submissions.SEND)
    destination = _find(sandbox, request)
    if destination.owner == client.client_id:
        return destination, private
    tokens.require(request, *submissions.SEND)
    return destination, public


def _mine(request: Request) -> tuple[Sandbox, Destination]:
    client: ApiClient = tokens.require(request, *MANAGE)
    sandbox: Sandbox = request.app.state.sandbox
    destination = _find(sandbox, request)
    if destination.owner != client.client_id:
        raise Problem(403, "forbidden", "Forbidden", "The client does not own this destination.")
    return sandbox, destination
