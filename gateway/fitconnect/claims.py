"""Reading a Security Event Token: form of header and claims, before and apart from any key.

Knows: set-payload 1.2.2 as rules. Never does: verify signatures, compare with a submission (`events` does both).
Standard: RFC 8417, FIT-Connect set-payload 1.2.2. Start reading: `read`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, TypeVar

from gateway.crypto import base64url, jws
from gateway.errors import CryptoFailure
from gateway.fitconnect import names
from gateway.input import json_reader

LATEST_IAT: Final = 253_402_300_799
"""The last second of the year 9999, which a date can still hold."""
MAX_TOKEN_CHARS: Final = 4 * names.SET_PAYLOAD_MAX_BYTES
_UUID: Final = re.compile(names.UUID_PATTERN)
_SCHEMA: Final = re.compile(names.SET_SCHEMA_PATTERN)
_EVENT: Final = re.compile(re.escape(names.EVENT_PREFIX) + r"([a-z]{1,32}-[a-z]{1,32})")
_TAG: Final = re.compile(r"[A-Za-z0-9_-]{22}")
_NO_TIME: Final = datetime.fromtimestamp(0, UTC)
_TEXT_LIMIT: Final = 2000
_PROBLEM_LIMIT: Final = 100
_T = TypeVar("_T")
_PROBLEM_MEMBERS: Final = ("type", "title", "detail", "instance")


UNREADABLE: Final = "unreadable"
"""The type of an event that names none."""


class Malformed(ValueError):
    """A token breaks a rule of form; `rule` is its slug."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token claims; nothing of it is proven. `subject` and `case` are lower-case UUIDs.

    `fault` is the first rule that a claim breaks, beside those that it takes to look for the issuer's key: the event
    does not count, but whether it is genuine can still be told. What breaks it is empty.
    """

    kid: str
    jti: str
    issuer: str
    at: datetime
    subject_kind: str
    subject: str
    case: str
    type: str
    tags: Mapping[str, str] | None = field(default=None, repr=False)
    problems: tuple[Mapping[str, str], ...] = field(default=(), repr=False)
    fault: str = ""


@lru_cache(maxsize=128)
def read(token: str) -> Claims:
    """The claims of a compact JWS that has the form of a SET, header first.

    Raises `Malformed` with the rule broken where the token is no JWS of ours or names no issuer; other faults are told
    in `Claims.fault`. Memoised for the last tokens: each poll reads the whole log again.
    """
    _require(len(token) <= MAX_TOKEN_CHARS, "size")
    kid = _kid(token)
    payload = _payload(token)
    issuer = payload.get("iss")
    _require(isinstance(issuer, str) and 0 < len(issuer) <= 512, "iss")
    faults: list[str] = []
    _judged(faults, _schema, payload.get("$schema"), otherwise=None)
    kind, subject = _judged(faults, _subject, payload.get("sub"), otherwise=("", ""))
    event = _type_of(payload)
    body = _judged(faults, _body, payload.get("events"), otherwise=None)
    return Claims(
        kid=kid,
        jti=_judged(faults, _uuid, payload.get("jti"), "", "jti", otherwise=""),
        issuer=str(issuer),
        at=_judged(faults, _instant, payload.get("iat"), otherwise=_NO_TIME),
        subject_kind=kind,
        subject=subject,
        case=_judged(faults, _uuid, payload.get("txn"), names.TXN_PREFIX, "txn", otherwise=""),
        type=event,
        tags=None if body is None else _judged(faults, _tags, body, event, otherwise=None),
        problems=() if body is None else _judged(faults, _problems, body, otherwise=()),
        fault=faults[0] if faults else "",
    )


def claimed_type(token: str) -> str:
    """The type that a token claims which `read` refuses."""
    try:
        return _type_of(_payload(token)) if len(token) <= MAX_TOKEN_CHARS else UNREADABLE
    except Malformed:
        return UNREADABLE


def _judged(faults: list[str], reading: Callable[..., _T], *arguments: object, otherwise: _T) -> _T:
    try:
        return reading(*arguments)
    except Malformed as error:
        faults.append(error.rule)
        return otherwise


def _type_of(payload: Mapping[str, Any]) -> str:
    """The last segment of the one event URI of a payload."""
    events = payload.get("events")
    match = _EVENT.fullmatch(str(next(iter(events)))) if isinstance(events, dict) and len(events) == 1 else None
    return match.group(1) if match else UNREADABLE


def _kid(token: str) -> str:
    try:
        header = jws.header_of(token)
    except CryptoFailure:
        raise Malformed("form") from None
    typ, kid = header.get("typ"), header.get("kid")
    _require(isinstance(typ, str) and typ.lower().removeprefix("application/") == names.SET_TYP, "typ")
    _require(header.get("alg") == names.SIGNATURE_ALG, "alg")
    _require(isinstance(kid, str) and 0 < len(kid) <= 128, "kid")
    _require(not {"crit", "b64"} & header.keys(), "crit")
    return str(kid)


def _payload(token: str) -> Mapping[str, Any]:
    try:
        raw = base64url.decode(token.partition(".")[2].partition(".")[0].encode("ascii"))
        _require(len(raw) <= names.SET_PAYLOAD_MAX_BYTES, "size")
        payload = json_reader.decode(raw, unique=True)
    except Malformed:
        raise
    except ValueError:
        raise Malformed("payload") from None
    _require(isinstance(payload, dict), "payload")
    return dict(payload)


def _schema(value: object) -> None:
    _require(value is None or (isinstance(value, str) and _SCHEMA.match(value)), "schema")


def _subject(value: object) -> tuple[str, str]:
    for prefix in (names.SUB_PREFIX, names.SUB_REPLY_PREFIX):
        if isinstance(value, str) and value.startswith(prefix):
            return prefix, _uuid(value, prefix, "sub")
    raise Malformed("sub")


def _uuid(value: object, prefix: str, rule: str) -> str:
    text = value.removeprefix(prefix) if isinstance(value, str) and value.startswith(prefix) else ""
    _require(_UUID.fullmatch(text), rule)
    return text.lower()


def _instant(value: object) -> datetime:
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    _require(is_integer and names.SET_IAT_MIN <= int(str(value)) <= LATEST_IAT, "iat")
    return datetime.fromtimestamp(int(str(value)), UTC)


def _body(value: object) -> Mapping[str, Any]:
    _require(isinstance(value, dict) and len(value) == 1, "events")
    [(uri, body)] = dict(value).items()  # type: ignore[call-overload]
    if not _EVENT.fullmatch(str(uri)) or not isinstance(body, dict):
        raise Malformed("events")
    return body


def _tags(body: Mapping[str, Any], event: str) -> Mapping[str, str] | None:
    """Tags by the name of the part; attachment ids in lower case. None where the event has none."""
    tags = body.get("authenticationTags")
    if tags is None:
        _require(event not in names.TAGGED_EVENTS, "tags_missing")
        return None
    _require(isinstance(tags, dict), "tags_form")
    attachments = tags.get("attachments", {})
    _require(isinstance(attachments, dict), "tags_form")
    parts = {name: tags[name] for name in ("metadata", "data") if name in tags}
    flat = {**{str(name).lower(): tag for name, tag in attachments.items()}, **parts}
    _require(len(flat) == len(attachments) + len(parts), "tags_form")
    _require(all(isinstance(tag, str) and _TAG.fullmatch(tag) for tag in flat.values()), "tags_form")
    return flat


def _problems(body: Mapping[str, Any]) -> tuple[Mapping[str, str], ...]:
    """Problems as the issuer worded them: the four members of the standard, texts cut to a length."""
    problems = body.get("problems", [])
    _require(isinstance(problems, list) and all(isinstance(entry, dict) for entry in problems), "problems")
    return tuple(
        {name: entry[name][:_TEXT_LIMIT] for name in _PROBLEM_MEMBERS if isinstance(entry.get(name), str)}
        for entry in problems[:_PROBLEM_LIMIT]
    )


def _require(kept: object, rule: str) -> None:
    if not kept:
        raise Malformed(rule)
