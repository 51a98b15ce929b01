"""Reading a Security Event Token: form of header and claims, before and apart from any key.

Knows: set-payload 1.2.2 as rules. Never does: verify signatures, compare with a submission (`events` does both).
Standard: RFC 8417, FIT-Connect set-payload 1.2.2. Start reading: `read`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from gateway import foreign_json
from gateway.crypto import base64url, jws
from gateway.errors import CryptoFailure
from gateway.fitconnect import names

LATEST_IAT: Final = 253_402_300_799
"""The last second of the year 9999, which a date can still hold."""
MAX_TOKEN_CHARS: Final = 4 * names.SET_PAYLOAD_MAX_BYTES
_UUID: Final = re.compile(names.UUID_PATTERN)
_SCHEMA: Final = re.compile(names.SET_SCHEMA_PATTERN)
_EVENT: Final = re.compile(re.escape(names.EVENT_PREFIX) + r"([a-z]{1,32}-[a-z]{1,32})")
_TAG: Final = re.compile(r"[A-Za-z0-9_-]{22}")
_TEXT_LIMIT: Final = 2000
_PROBLEM_LIMIT: Final = 100
_PROBLEM_MEMBERS: Final = ("type", "title", "detail", "instance")


class Malformed(ValueError):
    """A token breaks a rule of form; `rule` is its slug."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token claims; nothing of it is proven. `subject` and `case` are lower-case UUIDs."""

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


@lru_cache(maxsize=128)
def read(token: str) -> Claims:
    """The claims of a compact JWS that has the form of a SET, header first. Raises `Malformed` with the rule broken.

    Remembered for the last tokens: a log is read again with every look into it.
    """
    _require(len(token) <= MAX_TOKEN_CHARS, "size")
    kid = _kid(token)
    payload = _payload(token)
    schema = payload.get("$schema")
    _require(schema is None or (isinstance(schema, str) and _SCHEMA.match(schema)), "schema")
    kind, subject = _subject(payload.get("sub"))
    event, body = _event(payload.get("events"))
    issuer = payload.get("iss")
    _require(isinstance(issuer, str) and 0 < len(issuer) <= 512, "iss")
    return Claims(
        kid=kid,
        jti=_uuid(payload.get("jti"), "", "jti"),
        issuer=str(issuer),
        at=_instant(payload.get("iat")),
        subject_kind=kind,
        subject=subject,
        case=_uuid(payload.get("txn"), names.TXN_PREFIX, "txn"),
        type=event,
        tags=_tags(body, event),
        problems=_problems(body),
    )


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
        raw = base64url.decode(token.split(".")[1].encode("ascii"))
        _require(len(raw) <= names.SET_PAYLOAD_MAX_BYTES, "size")
        payload = foreign_json.decode(raw, unique=True)
    except Malformed:
        raise
    except ValueError:
        raise Malformed("payload") from None
    _require(isinstance(payload, dict), "payload")
    return dict(payload)


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
    whole = isinstance(value, int) and not isinstance(value, bool)
    _require(whole and names.SET_IAT_MIN <= int(str(value)) <= LATEST_IAT, "iat")
    return datetime.fromtimestamp(int(str(value)), UTC)


def _event(value: object) -> tuple[str, Mapping[str, Any]]:
    _require(isinstance(value, dict) and len(value) == 1, "events")
    [(uri, body)] = dict(value).items()  # type: ignore[call-overload]
    found = _EVENT.fullmatch(str(uri))
    if not found or not isinstance(body, dict):
        raise Malformed("events")
    return found.group(1), body


def _tags(body: Mapping[str, Any], event: str) -> Mapping[str, str] | None:
    """Tags by the name of the part; attachment ids in lower case. None where the event has none."""
    said = body.get("authenticationTags")
    if said is None:
        _require(event not in names.TAGGED_EVENTS, "tags_missing")
        return None
    _require(isinstance(said, dict), "tags_form")
    attachments = said.get("attachments", {})
    _require(isinstance(attachments, dict), "tags_form")
    own = {name: said[name] for name in ("metadata", "data") if name in said}
    flat = {**{str(name).lower(): tag for name, tag in attachments.items()}, **own}
    _require(len(flat) == len(attachments) + len(own), "tags_form")
    _require(all(isinstance(tag, str) and _TAG.fullmatch(tag) for tag in flat.values()), "tags_form")
    return flat


def _problems(body: Mapping[str, Any]) -> tuple[Mapping[str, str], ...]:
    """Problems as the issuer worded them: the four members of the standard, texts cut to a length."""
    said = body.get("problems", [])
    _require(isinstance(said, list) and all(isinstance(entry, dict) for entry in said), "problems")
    return tuple(
        {name: entry[name][:_TEXT_LIMIT] for name in _PROBLEM_MEMBERS if isinstance(entry.get(name), str)}
        for entry in said[:_PROBLEM_LIMIT]
    )


def _require(kept: object, rule: str) -> None:
    if not kept:
        raise Malformed(rule)
