"""The signed events (SETs) of a chain, proven once more from nothing but the archive.

Knows: which entries say what an event must be about, and with which key each was verified. Never does: look at events
that were refused when they came. Standard: `fitconnect.events`. Start reading: `faults`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from gateway.crypto import jws
from gateway.crypto.keys import public_key
from gateway.errors import CryptoFailure, KeyUnfit
from gateway.evidence.chain import Link
from gateway.evidence.faults import fault
from gateway.fitconnect import claims, events, names
from gateway.fitconnect.events import ExpectedEvent, KeyWanted
from gateway.model import Event, Finding, instant

Jwks = Mapping[str, Mapping[str, Any]]
_Entry = tuple[str, Mapping[str, Any]]


def faults(links: Iterable[Link], pointer: str, jwks: Jwks) -> Iterator[Finding]:
    """What is wrong with the events of the chain, in order; `jwks` by digest, their pointers are `pointer:SEQ`."""
    sealed: Mapping[str, Any] = {}
    announced: Mapping[str, Any] = {}
    log: list[_Entry] = []
    for link in links:
        body = json.loads(link.body)
        if link.kind == "sealed":
            sealed = body
        elif link.kind == "announced":  # an announcement made anew begins another log
            yield from _log_faults(log, sealed, announced, jwks)
            announced, log = body, []
        elif link.kind == "event" and body.get("verified") is not False:
            log.append((f"{pointer}:{link.seq}", body))
    yield from _log_faults(log, sealed, announced, jwks)


def _log_faults(
    log: Sequence[_Entry], sealed: Mapping[str, Any], announced: Mapping[str, Any], jwks: Jwks
) -> Iterator[Finding]:
    if not log:
        return
    expected = _expected(log, sealed, announced)
    if expected is None:
        yield fault(log[0][0], "set_context")
        return
    places: dict[str, _Entry] = {}
    signed: dict[str, Event] = {}
    for pointer, body in log:
        event = _signed(body, expected, jwks)
        if event is None:
            yield fault(pointer, "set_signature")
        else:
            places.setdefault(event.token, (pointer, body))
            signed[event.token] = event
    for event in events.prove(signed, expected, {}, signed):
        pointer, body = places[event.token]
        if not event.verified:
            yield fault(pointer, "set_rule")
        elif (event.type, event.issuer, instant(event.at)) != (body.get("type"), body.get("issuer"), body.get("at")):
            yield fault(pointer, "set_content")


def _expected(log: Sequence[_Entry], sealed: Mapping[str, Any], announced: Mapping[str, Any]) -> ExpectedEvent | None:
    """What the events must be about. The delivery service's issuer is the one that the entries name."""
    ids = (announced.get("remote_id"), announced.get("case_id"), sealed.get("destination_id"))
    tags = sealed.get("tags")
    if not all(isinstance(name, str) for name in ids) or not isinstance(tags, dict):
        return None
    if not all(isinstance(tag, str) for tag in tags.values()):
        return None
    issuers = frozenset(str(body.get("issuer")) for _, body in log)
    return ExpectedEvent(str(ids[0]), str(ids[1]), str(ids[2]), issuers, tags)


def _signed(body: Mapping[str, Any], expected: ExpectedEvent, jwks: Jwks) -> Event | None:
    """The event, where its signature is that of the key that the entry names."""
    token, jwk = body.get("token"), jwks.get(str(body.get("key")))
    if not isinstance(token, str) or jwk is None:
        return None
    try:
        key = public_key(jwk, use="verify", x5c_required=False)
        keys = events.wanted_keys([token], expected)
        if not keys & {KeyWanted(names.SUBSCRIBER, key.kid), KeyWanted(names.DELIVERY_SERVICE, key.kid)}:
            return None
        jws.verify(token, key, alg=names.SIGNATURE_ALG)
        claimed = claims.read(token)
    except (KeyUnfit, CryptoFailure, claims.Malformed):
        return None
    return Event(claimed.type, claimed.issuer, True, claimed.at, jti=claimed.jti, token=token)
