"""Webhooks of the caller: subscribe, list, remove, rotate, test, replay, log.

Knows: fixed interfaces §4, which addresses may be named. Never does: send (`gateway.notify.webhooks` does).
Standards: Standard Webhooks 1.0, RFC 3986. Start reading: `create`.
"""

from __future__ import annotations

import re
from typing import Any, Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from yarl import URL

from gateway.errors import InvalidParameter, NotFound, RecordInvalid
from gateway.input.pointers import token
from gateway.model import Finding, instant
from gateway.notify.message import EVENTS, Subscriptions, name_of
from gateway.outbound.policy import parse
from gateway.web.dependencies import WebhookDependencies, dependencies_of
from gateway.web.http import body
from gateway.web.http.answer import reply
from gateway.web.portal.caller import WEBHOOKS, caller
from gateway.web.portal.query import Query, path_uuid, uuid_of
from gateway.web.portal.uploads import municipality_of

_ADDRESS: Final = re.compile(r"[!-~]{1,2000}")
_NUMBER: Final = re.compile(r"[0-9]*|0[xX][0-9A-Fa-f]*")
_EVENTS: Final = ", ".join(EVENTS)


async def create(request: Request) -> Response:
    """Subscribe: 201 with the secret, which is shown this once. A receiver that answers 410 ends the subscription."""
    principal = caller(request, WEBHOOKS)
    Query.of(request, ()).done()
    dependencies = dependencies_of(request)
    subscription = await body.read_object(request, dependencies.limits)
    findings = _faults(subscription, dependencies.webhooks)
    if findings:
        raise RecordInvalid(findings=tuple(findings))
    events = tuple(dict.fromkeys(subscription["events"]))
    town = municipality_of(principal, dependencies)
    name, secret = await _store(request).add(principal.client.id, town, subscription["url"], events)
    return reply({"id": str(name), "secret": secret, "url": subscription["url"], "events": list(events)}, 201)


async def listing(request: Request) -> Response:
    """The caller's webhooks, without their secrets; of one that ended, when and why."""
    client = caller(request, WEBHOOKS).client
    Query.of(request, ()).done()
    webhooks = await _store(request).listed(client.id)
    return reply({"items": [webhook.as_json() for webhook in webhooks]})


async def remove(request: Request) -> Response:
    """Unsubscribe; what still waited is not sent any more."""
    client = caller(request, WEBHOOKS).client
    Query.of(request, ()).done()
    await _store(request).remove(client.id, _named(request))
    return Response(status_code=204)


async def rotate(request: Request) -> Response:
    """A new secret; the one before signs beside it until `previous_secret_until`."""
    client = caller(request, WEBHOOKS).client
    Query.of(request, ()).done()
    name = _named(request)
    secret, until = await _store(request).rotate(client.id, name)
    return reply({"id": str(name), "secret": secret, "previous_secret_until": instant(until)})


async def test(request: Request) -> Response:
    """Send a message of type `webhook.test`, once; the delivery log tells what became of it."""
    client = caller(request, WEBHOOKS).client
    Query.of(request, ()).done()
    message = await _store(request).test(client.id, _named(request))
    return reply({"delivery": name_of(message)}, 202)


async def replay(request: Request) -> Response:
    """Send every change behind a cursor of the change feed again, under the same message ids."""
    client = caller(request, WEBHOOKS).client
    Query.of(request, ()).done()
    name = _named(request)
    request_body = await body.read_object(request, dependencies_of(request).limits)
    after = request_body.get("after", "")
    findings = [_unknown(key) for key in request_body if key != "after"]
    if not isinstance(after, str):
        findings.append(Finding("/after", "type", "Erwartet wird: Text.", "Expected: string."))
    if findings:
        raise RecordInvalid(findings=tuple(findings))
    await _store(request).replay(client.id, name, after or None)
    return reply({"id": str(name), "after": after}, 202)


async def deliveries(request: Request) -> Response:
    """The delivery log, newest first: every message of the last 30 days with all its tries."""
    client = caller(request, WEBHOOKS).client
    query = Query.of(request, ("cursor", "limit"))
    cursor = query.cursor("cursor")
    limit = query.number("limit", default=50, least=1, most=200)
    query.done()
    if cursor and uuid_of(cursor) is None:
        query.refuse("cursor", "cursor", "Dieser Cursor stammt nicht von hier.", "This cursor was not given out here.")
        raise InvalidParameter(findings=tuple(query.findings))
    messages, following = await _store(request).log(client.id, _named(request), cursor, limit)
    return reply({"items": [message.as_json() for message in messages], "next": following})


def _store(request: Request) -> Subscriptions:
    webhooks = dependencies_of(request).webhooks
    if webhooks is None:  # an app made without them
        raise NotFound
    return webhooks.store


def _named(request: Request) -> UUID:
    return path_uuid(request, "webhook")


def _faults(subscription: dict[str, Any], webhooks: WebhookDependencies | None) -> list[Finding]:
    findings = [_unknown(key) for key in subscription if key not in {"url", "events"}]
    findings += [
        Finding(f"/{key}", "missing", "Diese Angabe ist nötig und fehlt.", "This key is required and missing.")
        for key in ("url", "events")
        if key not in subscription
    ]
    if "url" in subscription:
        findings += _address_faults(subscription["url"], webhooks)
    events = subscription.get("events")
    if "events" in subscription and not (
        isinstance(events, list) and 0 < len(events) <= len(EVENTS) and all(event in EVENTS for event in events)
    ):
        de, en = f"Erwartet wird eine Liste aus: {_EVENTS}.", f"Expected: a list of: {_EVENTS}."
        findings.append(Finding("/events", "enum", de, en))
    return findings


def _address_faults(url: object, webhooks: WebhookDependencies | None) -> list[Finding]:
    """Every reason why this address cannot be one; a name is resolved and judged again at each sending."""
    try:
        address = URL(url, encoded=True) if isinstance(url, str) and _ADDRESS.fullmatch(url) else None
        sound = address is not None and address.scheme in {"http", "https"} and bool(address.raw_host and address.port)
    except ValueError:
        address, sound = None, False
    if address is None or not sound or address.raw_user or address.raw_password or address.raw_fragment:
        de = "Erwartet wird eine https-Adresse ohne Benutzername und ohne Fragment."
        return [Finding("/url", "url", de, "Expected: an https address without user name and without fragment.")]
    findings = []
    if address.scheme != "https" and not (webhooks and webhooks.plain_http):
        findings.append(Finding("/url", "https", "Nur https ist erlaubt.", "Only https is allowed."))
    host = (address.raw_host or "").rstrip(".")
    literal = parse("127.0.0.1" if host.lower() == "localhost" else host)
    if literal is None and _NUMBER.fullmatch(host.rpartition(".")[2]):  # 10.1, 0x7f000001: read differently everywhere
        de = "Eine Adresse aus Zahlen braucht alle vier Teile, dezimal (192.0.2.1)."
        return [Finding("/url", "url", de, "An address of numbers needs all four parts, in decimal (192.0.2.1).")]
    if literal is not None and webhooks and webhooks.addresses.refuses(host, literal):
        de = "Diese Adresse ist nicht öffentlich; der Betreiber kann sie in outbound.allow_private erlauben."
        en = "This address is not public; the operator may allow it in outbound.allow_private."
        findings.append(Finding("/url", "private_address", de, en))
    return findings


def _unknown(key: str) -> Finding:
    de, en = "Diese Angabe ist hier nicht vorgesehen.", "This key is not expected here."
    return Finding(f"/{token(key)}", "unknown_key", de, en)
