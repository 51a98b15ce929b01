"""The members of a destination as clients write them: each is read, or refused with 400.

Knows: services, keys, versions, contact, channels, the life cycle, and which members a change may set. Never does: I/O.
Standard: Submission API 1.1.3 (CreateDestination, UpdateDestination, PatchDestination).
Start reading: `changes`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from gateway.crypto.keys import public_key
from gateway.errors import KeyUnfit
from gateway.fitconnect import names
from gateway.sandbox.fitconnect import submissions
from gateway.sandbox.fitconnect.problems import Problem
from gateway.sandbox.fitconnect.records import Destination

_REGION: Final = re.compile(names.REGION_PATTERN)
_SERVICE: Final = re.compile(names.SERVICE_PATTERN)
_VERSION: Final = re.compile(r"^\d+\.\d+\.\d+$")
_CONTACT: Final = ("legalName", "address", "phone", "email")
_RECORD: Final = {
    "name": "name",
    "contactInformation": "contact",
    "publicServices": "services",
    "services": "services",
    "metadataVersions": "metadata_versions",
    "callback": "callback",
    "replyChannels": "reply_channels",
}
_NEXT: Final[Mapping[str, frozenset[str]]] = {
    names.STATUS_CREATED: frozenset({names.STATUS_ACTIVE, names.STATUS_DECOMMISSIONED}),
    names.STATUS_ACTIVE: frozenset({names.STATUS_INACTIVE, names.STATUS_DECOMMISSIONED}),
    names.STATUS_INACTIVE: frozenset({names.STATUS_ACTIVE, names.STATUS_DECOMMISSIONED}),
    names.STATUS_DECOMMISSIONED: frozenset(),
}


def changes(destination: Destination, body: Mapping[str, Any], removed: Collection[str] = ()) -> dict[str, Any]:
    """What a body changes about a destination, by the members of its record.

    `removed` names members that a merge patch takes away; one that a destination cannot be without stays as it is.
    """
    record: dict[str, Any] = {}
    for member, nothing in (("callback", None), ("replyChannels", {})):
        if member in removed:
            record[_RECORD[member]] = nothing
    if "status" in body:
        record["status"] = status(destination, body["status"])
    if "encryptionKid" in body:
        record["encryption_kid"] = _encryption_kid(destination, body["encryptionKid"])
    readers: Mapping[str, Callable[[Any], Any]] = {
        "name": name,
        "contactInformation": contact,
        "publicServices": services,
        "services": services,
        "metadataVersions": versions,
        "callback": submissions.callback_of,
        "replyChannels": channels,
    }
    return record | {_RECORD[member]: read(body[member]) for member, read in readers.items() if member in body}


def invalid(member: str, **more: str) -> Problem:
    """The refusal of a member."""
    return Problem(400, "constraint-violation", f"{member} is missing or invalid", parameter=member, **more)


def jwk(value: object, use: Any, member: str) -> str:  # noqa: ANN401 - a literal of `public_key`
    """The `kid` of a public key that keeps FIT-Connect's rules."""
    try:
        return public_key(value, use=use, x5c_required=True).kid  # type: ignore[arg-type]
    except KeyUnfit as error:
        raise invalid(member, rule=str(error.params.get("rule"))) from None


def name(value: object) -> str:
    """A name, not empty."""
    if not isinstance(value, str) or not value:
        raise invalid("name")
    return value


def contact(value: object) -> Mapping[str, Any]:
    """Contact information with all that has to be in it."""
    if not isinstance(value, dict) or not all(isinstance(value.get(n), str) for n in _CONTACT):
        raise invalid("contactInformation")
    return value


def versions(value: object) -> tuple[str, ...]:
    """Metadata versions, at least one."""
    if not isinstance(value, list) or not value or not all(isinstance(v, str) and _VERSION.match(v) for v in value):
        raise invalid("metadataVersions")
    return tuple(value)


def channels(value: object) -> Mapping[str, Any]:
    """Reply channels; none where the member is absent."""
    if value is not None and not isinstance(value, dict):
        raise invalid("replyChannels")
    return value or {}


def status(destination: Destination, value: object) -> str:
    """A status that the destination has or may change to; `created` never comes back."""
    if not isinstance(value, str) or value not in _NEXT:
        raise invalid("status")
    if value == names.STATUS_CREATED != destination.status:
        raise invalid("status")
    if value != destination.status and value not in _NEXT[destination.status]:
        raise Problem(400, names.DESTINATION_STATE_INVALID, f"{destination.status} cannot become {value}")
    return value


def _encryption_kid(destination: Destination, value: object) -> str:
    known = destination.keys.get(value) if isinstance(value, str) else None
    if known is None or known.get("key_ops") != [names.KEY_OPS_ENCRYPT]:
        raise invalid("encryptionKid")
    return str(value)


def services(value: object) -> tuple[Mapping[str, Any], ...]:
    """Services with regions and schemas, at least one."""
    if not isinstance(value, list) or not value or not all(_is_service(entry) for entry in value):
        raise invalid("services")
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
        and all(isinstance(s.get("mimeType"), str) and s["mimeType"] in names.CTY_ALLOWED for s in schemas)
    )
