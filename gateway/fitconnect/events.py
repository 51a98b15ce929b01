"""The event log of a submission: which keys it takes to prove it, and what is proven.

Knows: who may issue which event, in which order events are legal, that tags must be those of what we uploaded.
Never does: I/O. Keys are handed in; `wanted_keys` says which, and only the configured delivery service and the
submission's own destination are ever named there, whatever a token says.
Standard: RFC 8417, FIT-Connect "set-validation", set-payload 1.2.2. Start reading: `prove`.

A refused event comes back with `verified=False` and one problem `{"rule": slug}`; its `jti` is a digest of the token,
so that a forgery cannot take the place of the real event of that `jti`. Rules: those of `claims`, and `RULES`.
What breaks a rule that is judged behind the signature is genuine and does not count: `lacks` has sentences.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from gateway.crypto import jws
from gateway.crypto.keys import PublicKey
from gateway.errors import CryptoFailure
from gateway.fitconnect import claims as forms
from gateway.fitconnect import names
from gateway.fitconnect.claims import Claims, Malformed
from gateway.fitconnect.lacks import SENTENCES
from gateway.input.json_reader import storable
from gateway.model import Event, EventMeaning

RULES: Final = MappingProxyType(
    {
        "case": "txn is not the submission's case",
        "subject": "sub is not the submission",
        "issuer": "iss is neither the configured delivery service nor the submission's destination",
        "key": "the issuer has no fit key of this kid",
        "signature": "the signature is not that of the issuer's key",
        "issuer_of_event": "this issuer may not issue this event",
        "tags": "the authentication tags are not those of what was uploaded",
        "order": "the event cannot follow those before it",
        "jti": "another event of the log has the same jti",
        "unknown_event": "the event is none of a submission",
        "future": "the event is dated later than any clock of its issuer can be by mistake",
        "repeated": "the log has more events of this type than a submission can have",
    }
)

_WAITING: Final = frozenset(
    {names.FORWARD_SUBMISSION, names.ACCEPT_SUBMISSION, names.REJECT_SUBMISSION, names.DELETE_SUBMISSION}
)
FOLLOWING: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "": frozenset({names.CREATE_SUBMISSION}),
        names.CREATE_SUBMISSION: frozenset({names.SUBMIT_SUBMISSION, names.DELETE_SUBMISSION}),
        names.SUBMIT_SUBMISSION: _WAITING,
        names.FORWARD_SUBMISSION: _WAITING,
        names.ACCEPT_SUBMISSION: frozenset({names.DELETE_SUBMISSION}),
        names.REJECT_SUBMISSION: frozenset({names.DELETE_SUBMISSION}),
        names.DELETE_SUBMISSION: frozenset(),
    }
)
"""Legal order of events. A notice may stand anywhere after the submit and changes nothing."""


REPEATED_MOST: Final = 12
"""Notices, and forwards, that one log may have: all events that are kept must fit an evidence archive."""
REFUSED_TOKEN_CHARS: Final = 16 * 1024
"""A refused token is kept as it came up to this length, a longer one by its digest alone."""
_NO_END: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ExpectedEvent:
    """What the log must be about. `issuers` are those of the delivery service as configured, `tags` by part name.

    `latest` is the last moment that an event may be dated; an event beyond it is refused until time has come near it.
    """

    submission_id: str
    case_id: str
    destination_id: str
    issuers: frozenset[str]
    tags: Mapping[str, str] = field(repr=False)
    latest: datetime = _NO_END


@dataclass(frozen=True, slots=True)
class KeyWanted:
    """A key that proving a log takes: of which side (`names.DELIVERY_SERVICE`, `names.SUBSCRIBER`), and its id."""

    side: str
    kid: str


Keys = Mapping[KeyWanted, PublicKey]


MEANINGS: Final = MappingProxyType(
    {
        names.SUBMIT_SUBMISSION: EventMeaning.SUBMITTED,
        names.ACCEPT_SUBMISSION: EventMeaning.ACCEPTED,
        names.REJECT_SUBMISSION: EventMeaning.REJECTED,
        names.DELETE_SUBMISSION: EventMeaning.WITHDRAWN,
    }
)
"""Types that mean more than a notice."""


def meaning(kind: str, issuer: str, destination_id: str | None, *, verified: bool) -> EventMeaning:
    """What an event of this type means. Where its issuer is proven, only the destination accepts or rejects.

    The delivery service rejects what nobody picked up: it withdraws.
    """
    meant = MEANINGS.get(kind, EventMeaning.NOTICE)
    for_authority = meant in {EventMeaning.ACCEPTED, EventMeaning.REJECTED}
    if verified and for_authority and issuer.lower() != (destination_id or "").lower():
        return EventMeaning.WITHDRAWN if meant is EventMeaning.REJECTED else EventMeaning.NOTICE
    return meant


def understood(event: Event, destination_id: str | None) -> Event:
    """The event with its meaning and what it lacks; also of one that was read from a row."""
    rule = "" if event.verified or not event.problems else str(event.problems[0].get("rule", ""))
    meant = meaning(event.type, event.issuer, destination_id, verified=event.verified)
    return replace(event, meaning=meant, lack=SENTENCES.get(rule))


def wanted_keys(tokens: Iterable[str], expected: ExpectedEvent) -> frozenset[KeyWanted]:
    """The keys that proving these tokens takes; a token that is refused anyway asks for none."""
    keys = set()
    for token in tokens:
        try:
            claims = forms.read(token)
        except Malformed:
            continue
        if side := _side(claims, expected):
            keys.add(KeyWanted(side, claims.kid))
    return frozenset(keys)


def prove(
    tokens: Iterable[str], expected: ExpectedEvent, keys: Keys, proven: Mapping[str, Event] | None = None
) -> tuple[Event, ...]:
    """Every event of the log in order, verified or refused; a token repeated in the log is told once.

    `proven` holds events verified earlier by their token: the signature of exactly that token is not checked again,
    everything else is. Events of replies are left out, they belong to another log.
    """
    log: list[Event] = []
    seen: set[str] = set()
    taken: set[str] = set()
    types: Counter[str] = Counter()
    state = ""
    for token in tokens:
        if token in seen:
            continue
        seen.add(token)
        try:
            claims = forms.read(token)
        except Malformed as error:
            log.append(_refused(token, None, error.rule))
            continue
        if claims.subject_kind == names.SUB_REPLY_PREFIX and claims.type in names.REPLY_EVENTS:
            continue
        earlier = proven.get(token) if proven else None
        rule = _broken(token, claims, expected, keys, signed=bool(earlier and earlier.verified))
        rule = rule or _out_of_turn(claims, state, taken)
        rule = rule or ("repeated" if types[claims.type] >= REPEATED_MOST else None)
        if rule:
            log.append(_refused(token, claims, rule))
            continue
        taken.add(claims.jti)
        types[claims.type] += 1
        state = state if claims.type == names.NOTIFY_SUBMISSION else claims.type
        digest = _digest(claims, expected, keys)
        event = Event(claims.type, claims.issuer, True, claims.at, claims.problems, claims.jti, token, digest)
        log.append(understood(event, expected.destination_id))
    return tuple(log)


def _broken(token: str, claims: Claims, expected: ExpectedEvent, keys: Keys, *, signed: bool) -> str | None:
    """The first rule that the event breaks by itself; None if it is proven."""
    side = _side(claims, expected)
    if not side:
        return "issuer"
    if not signed and (rule := _unsigned(token, keys.get(KeyWanted(side, claims.kid)))):
        return rule
    if claims.fault:
        return claims.fault
    tags = {name.lower(): tag for name, tag in expected.tags.items()}
    rules = (
        ("case", claims.case == expected.case_id.lower()),
        ("subject", (claims.subject_kind, claims.subject) == (names.SUB_PREFIX, expected.submission_id.lower())),
        ("unknown_event", claims.type in names.EVENT_ISSUERS),
        ("issuer_of_event", side in names.EVENT_ISSUERS.get(claims.type, ())),
        ("future", claims.at <= expected.latest),
        ("tags", claims.type not in names.TAGGED_EVENTS or claims.tags == tags),
    )
    return next((rule for rule, kept in rules if not kept), None)


def _unsigned(token: str, key: PublicKey | None) -> str | None:
    if key is None:
        return "key"
    try:
        jws.verify(token, key, alg=names.SIGNATURE_ALG)
    except CryptoFailure:
        return "signature"
    return None


def _digest(claims: Claims, expected: ExpectedEvent, keys: Keys) -> str:
    key = keys.get(KeyWanted(_side(claims, expected) or "", claims.kid))
    return key.sha256 if key else ""


def _out_of_turn(claims: Claims, state: str, taken: set[str]) -> str | None:
    if claims.jti in taken:
        return "jti"
    if claims.type == names.NOTIFY_SUBMISSION:
        return None if state not in {"", names.CREATE_SUBMISSION} else "order"
    return None if claims.type in FOLLOWING[state] else "order"


def _side(claims: Claims, expected: ExpectedEvent) -> str | None:
    if claims.issuer.lower() == expected.destination_id.lower():
        return names.SUBSCRIBER
    if _plain(claims.issuer) in {_plain(issuer) for issuer in expected.issuers}:
        return names.DELIVERY_SERVICE
    return None


def _plain(issuer: str) -> str:
    return issuer.rstrip("/")


def _refused(token: str, claims: Claims | None, rule: str) -> Event:
    """What cannot be proven is told with as much as it claims, under an id of its own."""
    digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
    at = claims.at if claims else datetime.fromtimestamp(0, UTC)
    event = Event(
        type=claims.type if claims else forms.claimed_type(token),
        issuer=claims.issuer if claims else "",
        verified=False,
        at=at,
        problems=({"rule": rule},),
        jti=f"refused:{digest[:40]}",
        token=storable(token) if len(token) <= REFUSED_TOKEN_CHARS else "",
    )
    return understood(event, None)
