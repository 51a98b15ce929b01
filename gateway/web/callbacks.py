"""Notifications of FIT-Connect: "there is news", nothing more.

Knows: the callback's HMAC and its payload. Never does: believe the payload; it only wakes a poll of the event log.
Standard: FIT-Connect Submission API v2 (HMAC-SHA-512 over `<timestamp>.<raw body>`). Start reading: `fitconnect`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from gateway.errors import Unauthorised
from gateway.input import json_reader
from gateway.web.dependencies import Wake, dependencies_of
from gateway.web.http import body
from gateway.web.http.problems import problem
from gateway.web.portal.query import uuid_of

OLDEST_S: Final = 300
AHEAD_S: Final = 60
_NAMED_MOST: Final = 1000
_STAMP: Final = re.compile(r"[0-9]{1,12}")
_MAC: Final = re.compile(r"[0-9a-fA-F]{128}")
_NO_SECRET: Final = ("no destination has this secret",)


async def fitconnect(request: Request) -> Response:
    """Take a notification: 204, or 401 for any fault alike."""
    dependencies = dependencies_of(request)
    destination = uuid_of(request.path_params["destination_id"])
    raw = await body.read(request, dependencies.limits.callback_bytes)
    name = str(destination) if destination else ""
    if not genuine(
        raw,
        stamp=request.headers.get("callback-timestamp", ""),
        mac=request.headers.get("callback-authentication", ""),
        secrets=dependencies.callback_secrets(name) if name and dependencies.callback_secrets else (),
        now=dependencies.clock.now().timestamp(),
    ):
        return problem(Unauthorised(), request, headers={"WWW-Authenticate": "HMAC-SHA-512"})
    if dependencies.wake is not None:
        await dependencies.wake(named(raw, name))
    return Response(status_code=204)


def genuine(raw: bytes, *, stamp: str, mac: str, secrets: Sequence[str], now: float) -> bool:
    """Whether one of `secrets` signed this body at `stamp` (Unix seconds), at most 5 minutes ago and 1 minute ahead.

    Takes constant time: every secret is tried, and a dummy where there is none.
    """
    formed = bool(_STAMP.fullmatch(stamp) and _MAC.fullmatch(mac))
    message = (stamp if formed else "0").encode("ascii") + b"." + raw
    signature = mac.lower() if formed else "0" * 128
    right = False
    for secret in secrets or _NO_SECRET:
        expected = hmac.new(secret.encode("utf-8"), message, hashlib.sha512).hexdigest()
        right |= hmac.compare_digest(expected, signature)
    return bool(formed and secrets and right and -AHEAD_S <= now - int(stamp) <= OLDEST_S)


def named(raw: bytes, destination_id: str) -> Wake:
    """Which submissions the payload names; an unreadable one names none, and the poll asks for all."""
    try:
        payload = json_reader.decode(raw)
    except ValueError:
        payload = None
    payload = payload if isinstance(payload, dict) else {}
    entries = [entry for key in ("submissions", "replies") for entry in _items(payload, key) if isinstance(entry, dict)]
    listed = [*_items(payload, "submissionIds"), *(entry.get("submissionId") for entry in entries)]
    return Wake(destination_id, _ids(listed), _ids(entry.get("caseId") for entry in entries))


def _items(payload: dict[str, Any], key: str) -> list[Any]:
    value = payload.get(key)
    return value[:_NAMED_MOST] if isinstance(value, list) else []


def _ids(values: Iterable[object]) -> tuple[str, ...]:
    ids = (str(uuid_of(value)) for value in values if isinstance(value, str) and uuid_of(value))
    return tuple(dict.fromkeys(ids))
