"""Requests and answers of the Submission API v2, as values.

Knows: paths, bodies, what a good answer looks like, which error a bad one is. Never does: I/O, tokens, time.
Standard: FIT-Connect Submission API v2 (sender's part), RFC 9457. Start reading: `create_submission`, `refusal`.

No text of an answer reaches an error: problems are named by their slug only, and only if FITKO's prefix leads it.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from gateway.errors import CounterpartBusy, CounterpartGarbled, CounterpartRefused, GatewayError
from gateway.fitconnect import names
from gateway.input import json_reader
from gateway.outbound.answer import Answer
from gateway.ports.channel import Announced

VERSION: Final = "/v2"
LONGEST_WAIT_S: Final = 86_400.0
_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_UUID: Final = re.compile(names.UUID_PATTERN)
_KID: Final = re.compile(r"[A-Za-z0-9._~:=+-]{1,128}")
_TRANSIENT: Final = frozenset({408, 425, 429})
_SUBMISSION: Final = (b'{"encryptedMetadata":"', b'","encryptedData":"', b'"}')


@dataclass(frozen=True, slots=True)
class Request:
    """A request below the base address of the Submission API. `size` is set where the body is streamed, in bytes.

    `call` is what it is called where it leaves (`gateway.failpoints`).
    """

    method: str
    path: str
    content: bytes | None = field(default=None, repr=False)
    content_type: str | None = None
    accept: str | None = None
    size: int | None = None
    authorised: bool = True
    call: str = ""


@dataclass(frozen=True, slots=True)
class Callback:
    """Where the delivery service tells of new events. `url` is https."""

    url: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class DestinationOffer:
    """One service that a destination takes: its URN, its regions (`DE…`), its schemas as (URI, media type).

    `reply_channels` are the ways by which answers may be asked for, those of the destination among them.
    """

    identifier: str
    regions: tuple[str, ...]
    schemas: frozenset[tuple[str, str]]
    reply_channels: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Inbox:
    """A destination as the Submission API describes it."""

    destination_id: str
    status: str
    encryption_kid: str
    metadata_versions: tuple[str, ...]
    offers: tuple[DestinationOffer, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of an event log: compact JWS in order, and how many there are in all (None: not said)."""

    tokens: tuple[str, ...] = field(repr=False)
    total: int | None


def read_destination(destination_id: str) -> Request:
    """Read a destination; its keys change, so the answer is not to be cached."""
    return Request(
        "GET", f"{VERSION}/destinations/{_id(destination_id)}", accept=names.JSON, call="fitconnect.destination"
    )


def read_key(destination_id: str, kid: str) -> Request:
    """Read one public key of a destination; open to everybody. Raises `ValueError` for a `kid` no path can hold."""
    if not _KID.fullmatch(kid) or kid in {".", ".."}:
        raise ValueError("kid")
    path = f"{VERSION}/destinations/{_id(destination_id)}/keys/{kid}"
    return Request("GET", path, accept=names.JSON, authorised=False, call="fitconnect.key")


def read_delivery_keys() -> Request:
    """Read the JWK set of the delivery service, at the configured address and nowhere else."""
    return Request(
        "GET", "/.well-known/jwks.json", accept=names.JSON, authorised=False, call="fitconnect.delivery_keys"
    )


def create_submission(  # noqa: PLR0913 - the members of the body
    destination_id: str,
    *,
    attachments: Sequence[str],
    identifier: str,
    name: str,
    region: str | None,
    callback: Callback | None = None,
    case_id: str | None = None,
) -> Request:
    """Announce a submission. `identifier` is the service's URN, `attachments` are UUIDs made by us."""
    body: dict[str, Any] = {
        "destinationId": destination_id,
        "announcedAttachments": list(attachments),
        "publicService": {"name": name, "identifier": identifier},
    }
    if region:
        body["region"] = region
    if case_id:
        body["caseId"] = case_id
    if callback:
        body["callback"] = {"url": callback.url, "secret": callback.secret}
    content = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
    return Request("POST", f"{VERSION}/submissions", content, names.JSON, names.JSON, call="fitconnect.announce")


def put_attachment(submission_id: str, attachment_id: str, size: int) -> Request:
    """Upload one sealed attachment of exactly `size` bytes; the body is streamed beside this value."""
    path = f"{VERSION}/submissions/{_id(submission_id)}/attachments/{_id(attachment_id)}"
    return Request("PUT", path, content_type=names.JOSE, size=size, call="fitconnect.upload")


def put_submission(submission_id: str, metadata_size: int, data_size: int) -> Request:
    """Send the final request; its body (`submission_body`) is streamed beside this value."""
    path = f"{VERSION}/submissions/{_id(submission_id)}"
    size = sum(map(len, _SUBMISSION)) + metadata_size + data_size
    return Request("PUT", path, None, names.JSON, names.JSON, size, call="fitconnect.submit")


async def submission_body(metadata: AsyncIterator[bytes], data: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Both parts as JSON. They are compact JWE, so no character of them needs an escape."""
    before, between, after = _SUBMISSION
    yield before
    async for piece in metadata:
        yield piece
    yield between
    async for piece in data:
        yield piece
    yield after


def read_events(submission_id: str, offset: int) -> Request:
    """Read a page of a submission's event log, oldest first."""
    path = f"{VERSION}/submissions/{_id(submission_id)}/events?limit={names.PAGE_MAX}&offset={offset}"
    return Request("GET", path, accept=names.JSON, call="fitconnect.event_log")


def destination(answer: Answer) -> Inbox:
    """The destination that an answer describes. Raises `CounterpartGarbled`."""
    body = _object(answer)
    offered = body.get("publicServices", body.get("services", []))
    try:
        return Inbox(
            destination_id=_text(body["destinationId"]),
            status=_text(body["status"]),
            encryption_kid=_text(body["encryptionKid"]),
            metadata_versions=_texts(body["metadataVersions"]),
            offers=tuple(_offer(entry, _channels(body)) for entry in offered),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CounterpartGarbled(host=answer.host) from error


def key(answer: Answer) -> Mapping[str, Any]:
    """The JWK in an answer, not yet judged. Raises `CounterpartGarbled`."""
    return _object(answer)


def key_set(answer: Answer) -> Mapping[str, Mapping[str, Any]]:
    """The keys of a JWK set by `kid`, not yet judged; a `kid` named twice is left out. Raises `CounterpartGarbled`."""
    listed = _object(answer).get("keys")
    if not isinstance(listed, list):
        raise CounterpartGarbled(host=answer.host)
    jwks: dict[str, Mapping[str, Any]] = {}
    twice: set[str] = set()
    for jwk in listed:
        kid = jwk.get("kid") if isinstance(jwk, dict) else None
        if isinstance(kid, str):
            twice |= {kid} & jwks.keys()
            jwks[kid] = jwk
    return {kid: jwk for kid, jwk in jwks.items() if kid not in twice}


def announced(answer: Answer) -> Announced:
    """The ids that the delivery service gave. Raises `CounterpartGarbled`."""
    body = _object(answer)
    remote, case = body.get("submissionId"), body.get("caseId")
    if not (isinstance(remote, str) and isinstance(case, str) and _UUID.fullmatch(remote) and _UUID.fullmatch(case)):
        raise CounterpartGarbled(host=answer.host)
    return Announced(remote, case)


def events(answer: Answer) -> Page:
    """A page of an event log. Raises `CounterpartGarbled`."""
    body = _object(answer)
    total = body.get("totalCount")
    try:
        return Page(_texts(body["eventLog"]), total if isinstance(total, int) else None)
    except (KeyError, TypeError) as error:
        raise CounterpartGarbled(host=answer.host) from error


def refusal(answer: Answer, now: datetime) -> GatewayError | None:
    """The error that an answer means; None for success.

    400, 403, 404, 409, 413, 415, 422 and other 4xx are refused (`http_status` and `problem` are parameters of the
    error), 408, 425, 429 and 5xx are busy with the wait asked for, anything else (redirects too) is garbled. A 401
    counts as refused; whoever sends renews the token once before. Standard: table of FIT-Connect's status codes.
    """
    if 200 <= answer.status < 300:
        return None
    if answer.status in _TRANSIENT or 500 <= answer.status < 600:
        return CounterpartBusy(host=answer.host, http_status=answer.status, retry_after=wait(answer.headers, now))
    if 400 <= answer.status < 500:
        return CounterpartRefused(host=answer.host, http_status=answer.status, problem=slug(answer))
    return CounterpartGarbled(host=answer.host)


def wait(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait by `Retry-After` (seconds or date), else `RateLimit-Reset`, between 0 and a day; None unsaid."""
    value = headers.get(names.RETRY_AFTER.lower()) or headers.get(names.RATE_LIMIT_RESET.lower()) or ""
    if re.fullmatch(r"\d{1,9}", value.strip(), re.ASCII):
        return min(float(value), LONGEST_WAIT_S)
    try:
        at = parsedate_to_datetime(value)
        return min(max((at - now).total_seconds(), 0.0), LONGEST_WAIT_S)
    except (TypeError, ValueError, OverflowError):
        return None


def slug(answer: Answer) -> str:
    """The last part of the problem's type where FITKO's prefix leads it, else `unknown`; never any other text."""
    try:
        problem_type = json_reader.decode(answer.body).get("type")
    except (ValueError, AttributeError):
        return "unknown"
    if not isinstance(problem_type, str) or not problem_type.startswith(names.PROBLEM_PREFIX):
        return "unknown"
    name = problem_type.removeprefix(names.PROBLEM_PREFIX)
    return name if _SLUG.fullmatch(name) else "unknown"


def _offer(entry: Mapping[str, Any], channels: frozenset[str]) -> DestinationOffer:
    schemas = entry["submissionSchemas"]
    return DestinationOffer(
        identifier=_text(entry["identifier"]),
        regions=_texts(entry["regions"]),
        schemas=frozenset((_text(schema["schemaUri"]), _text(schema["mimeType"])) for schema in schemas),
        reply_channels=channels | _channels(entry),
    )


def _channels(offered: Mapping[str, Any]) -> frozenset[str]:
    """The reply channels that a service offers, or a destination for all of its services (the older place)."""
    channels = offered.get("replyChannels")
    return (
        frozenset(name for name, value in channels.items() if value is not None)
        if isinstance(channels, dict)
        else frozenset()
    )


def _object(answer: Answer) -> Mapping[str, Any]:
    try:
        body = json_reader.decode(answer.body)
    except ValueError as error:
        raise CounterpartGarbled(host=answer.host) from error
    if not isinstance(body, dict):
        raise CounterpartGarbled(host=answer.host)
    return body


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError
    return tuple(_text(entry) for entry in value)


def _id(value: str) -> str:
    if not _UUID.fullmatch(value):
        raise ValueError("id")
    return value
