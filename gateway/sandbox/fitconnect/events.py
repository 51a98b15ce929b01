"""Security Event Tokens: those the delivery service signs, those a subscriber sends, and the log of both.

Knows: which event follows in which state, who may sign it, and what makes a SET wrong. Never does: take one on trust,
not from its own automatic subscriber either. Standard: RFC 8417, set-payload 1.2.2.
Start reading: `issue`, then `accept_set`.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

from gateway.crypto import base64url, jws
from gateway.crypto.keys import PrivateKey, PublicKey, public_key
from gateway.errors import CryptoFailure, KeyUnfit
from gateway.fitconnect import names
from gateway.sandbox.fitconnect import absence, keyring, records
from gateway.sandbox.fitconnect.problems import Problem
from gateway.sandbox.fitconnect.records import Destination, Event, Submission
from gateway.sandbox.fitconnect.sandbox import Sandbox

_UUID: Final = re.compile(names.UUID_PATTERN)
_SET_SCHEMA: Final = re.compile(names.SET_SCHEMA_PATTERN)

TRANSITIONS: Final[Mapping[tuple[str, str], str]] = {
    (records.SUBMITTED, names.FORWARD_SUBMISSION): records.FORWARDED,
    (records.SUBMITTED, names.ACCEPT_SUBMISSION): records.ACCEPTED,
    (records.SUBMITTED, names.REJECT_SUBMISSION): records.REJECTED,
    (records.FORWARDED, names.ACCEPT_SUBMISSION): records.ACCEPTED,
    (records.FORWARDED, names.REJECT_SUBMISSION): records.REJECTED,
}
"""(state, event of the subscriber) -> next state; anything else is 409."""


@dataclass(frozen=True, slots=True)
class Claims:
    """A SET's payload, read and found well-formed."""

    jti: str
    iss: str
    sub: str
    txn: str
    schema: str | None
    type: str
    payload: Mapping[str, Any]


def payload_of(sandbox: Sandbox, submission: Submission, issuer: str, kind: str, body: Mapping[str, Any]) -> bytes:
    """The bytes of a new SET's payload."""
    claims = {
        "$schema": names.SET_SCHEMA,
        "jti": sandbox.ids.uuid(),
        "iss": issuer,
        "iat": sandbox.clock.seconds(),
        "sub": names.SUB_PREFIX + submission.id,
        "txn": names.TXN_PREFIX + submission.case_id,
        "events": {names.EVENT_PREFIX + kind: body},
    }
    return json.dumps(claims, separators=(",", ":")).encode()


def sign(payload: bytes, key: PrivateKey) -> str:
    """A SET with the header that FIT-Connect asks for. One RSA operation: call it in a thread."""
    return jws.sign(payload, key, {"typ": names.SET_TYP, "kid": key.kid, "alg": names.SIGNATURE_ALG})


async def issue(sandbox: Sandbox, submission: Submission, kind: str, body: Mapping[str, Any] | None = None) -> Event:
    """An event signed by the delivery service. The caller holds the case's lock and puts it into the store."""
    payload = payload_of(sandbox, submission, sandbox.issuer, kind, body or {})
    token = await asyncio.to_thread(sign, payload, sandbox.keys.keys[keyring.DELIVERY])
    jti = json.loads(payload)["jti"]
    return Event(submission.case_id, submission.id, kind, jti, sandbox.clock.now().timestamp(), token)


async def accept_set(sandbox: Sandbox, case_id: str, token: str, *, client_id: str | None, api: str) -> Submission:
    """Take a subscriber's SET into the log of its case, or raise the Problem that says why not.

    `client_id` is the sending client, None for the sandbox's own subscriber. Returns the submission after the event.
    """
    claims, header = read(token)
    submission, destination = _parties(sandbox, case_id, claims, client_id)
    _check_form(claims, api)
    _check_signature(token, header, destination)  # a tenth of a millisecond: less than the way into a thread
    async with sandbox.lock(case_id):
        now = sandbox.current(submission)
        if now is None:
            raise Problem(404, "case-not-found", "Case not found")
        if any(event.jti == claims.jti for event in sandbox.store.events.get(case_id, [])):
            raise Problem(409, "event-already-received", "An event with this jti is in the log already")
        following = TRANSITIONS.get((now.state, claims.type))
        if following is None:
            raise Problem(409, "invalid-state-transition", f"{claims.type} is not possible in state {now.state}")
        tagged = claims.type in names.TAGGED_EVENTS and not _is_bare(claims, api)
        if tagged and not same_tags(claims.payload.get("authenticationTags"), now.tags):
            raise _wrong("authenticationTags", "The authentication tags are not those of this submission")
        at = sandbox.clock.now().timestamp()
        closed = {"closed_at": at, "closed_by": destination.id} if following in records.CLOSED else {}
        after = replace(now, state=following, **closed)  # type: ignore[arg-type]
        sandbox.store.put(Event(case_id, now.id, claims.type, claims.jti, at, token), after, commits="sandbox.accept")
        return after


def read(token: str) -> tuple[Claims, Mapping[str, Any]]:
    """The claims and header of a SET, form checked, signature not. 400 for no JWS, 422 for wrong claims."""
    try:
        header = jws.header_of(token)
        middle = token.split(".")[1]
        claims = json.loads(base64url.decode(middle.encode("ascii")), object_hook=absence.present_in_set)
    except (CryptoFailure, ValueError, IndexError, RecursionError):
        raise Problem(400, "invalid-set", "The body is no compact JWS with a JSON payload") from None
    if header.get("typ") != names.SET_TYP or header.get("alg") != names.SIGNATURE_ALG:
        raise _wrong("header", "typ has to be secevent+jwt and alg PS512")
    if not isinstance(header.get("kid"), str):
        raise _wrong("header", "kid is missing")
    return _claims(claims), header


def same_tags(claimed: object, ours: Mapping[str, Any]) -> bool:
    """Whether authentication tags name the same parts with the same tags; ids without regard to case."""
    if not isinstance(claimed, Mapping) or not isinstance(claimed.get("attachments", {}), Mapping):
        return False
    spelled = {str(k).lower(): v for k, v in claimed.get("attachments", {}).items()}
    head = {name: claimed[name] for name in ("metadata", "data") if name in claimed}
    return head | {"attachments": spelled} == ours


def _claims(claims: object) -> Claims:
    if not isinstance(claims, dict):
        raise Problem(400, "invalid-set", "The payload is no JSON object")
    for name in ("jti", "iss", "sub", "txn"):
        if not isinstance(claims.get(name), str):
            raise _wrong(name, f"{name} is missing")
    if not _UUID.fullmatch(claims["jti"]):
        raise _wrong("jti", "jti is no UUID")
    if isinstance(claims.get("iat"), bool) or not isinstance(claims.get("iat"), int):
        raise _wrong("iat", "iat is no number")
    if claims["iat"] < names.SET_IAT_MIN:
        raise _wrong("iat", "iat lies too far back")
    events = claims.get("events")
    if not isinstance(events, dict) or len(events) != 1:
        raise _wrong("events", "events has to hold exactly one event")
    uri, payload = next(iter(events.items()))
    if not uri.startswith(names.EVENT_PREFIX) or not isinstance(payload, dict):
        raise _wrong("events", "The event is unknown")
    schema = claims.get("$schema")
    if not isinstance(schema, str | None):
        raise _wrong("$schema", "Payload Schema not supported")
    return Claims(
        claims["jti"].lower(),
        claims["iss"],
        claims["sub"],
        claims["txn"],
        schema,
        uri.removeprefix(names.EVENT_PREFIX),
        payload,
    )


def _parties(sandbox: Sandbox, case_id: str, claims: Claims, client_id: str | None) -> tuple[Submission, Destination]:
    """The submission and destination of a SET, in the order: does the case exist, may this client, does it fit."""
    of_case = sandbox.store.of_case(case_id)
    if not of_case:
        raise Problem(404, "case-not-found", "Case not found")
    owned = [s for s in of_case if client_id in {None, sandbox.store.destinations[s.destination_id].owner}]
    if not owned:
        raise Problem(403, "forbidden", "Forbidden", "The client is not connected to the destination of this case.")
    if claims.txn.lower() != names.TXN_PREFIX + case_id:
        raise _wrong("txn", "txn is not the case of the address")
    submission = next((s for s in owned if claims.sub.lower() == names.SUB_PREFIX + s.id), None)
    if submission is None:
        raise _wrong("sub", "sub is no submission of this case")
    if claims.iss.lower() != submission.destination_id:
        raise _wrong("iss", "iss is not the destination of the submission")
    return submission, sandbox.store.destinations[submission.destination_id]


def _check_form(claims: Claims, api: str) -> None:
    """The payload's schema and what belongs into the event."""
    if api == "v2" and claims.schema != names.SET_SCHEMA:
        raise _wrong("$schema", "Payload Schema not supported")
    if claims.schema is not None and not _SET_SCHEMA.fullmatch(claims.schema):
        raise _wrong("$schema", "Payload Schema not supported")
    allowed = {names.ACCEPT_SUBMISSION, names.REJECT_SUBMISSION}
    if api == "v1":
        allowed.add(names.FORWARD_SUBMISSION)
    if claims.type not in allowed:
        raise _wrong("events", "A subscriber may not send this event")
    if claims.type == names.REJECT_SUBMISSION and not _is_bare(claims, api):
        problems = claims.payload.get("problems")
        known = isinstance(problems, list) and bool(problems)
        if not known or not all(isinstance(p, dict) and isinstance(p.get("type"), str) for p in problems or []):
            raise _wrong("problems", "A rejection needs at least one problem with a type")


def _is_bare(claims: Claims, api: str) -> bool:
    """Whether it is an event without payload, which v1 takes where the SET names no schema either."""
    return api == "v1" and claims.schema is None and not claims.payload


def _check_signature(token: str, header: Mapping[str, Any], destination: Destination) -> None:
    jwk = destination.keys.get(header["kid"], {})
    try:
        jws.verify(token, _verifying_key(json.dumps(jwk)), alg=names.SIGNATURE_ALG)
    except (CryptoFailure, KeyUnfit):
        raise _wrong("signature", "The signature does not verify with a key of the destination") from None


@lru_cache
def _verifying_key(jwk: str) -> PublicKey:
    return public_key(json.loads(jwk), use="verify", x5c_required=False)


def _wrong(issue: str, title: str) -> Problem:
    return Problem(422, "invalid-set", title, issue=issue)
