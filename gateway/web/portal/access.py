"""Who calls, and what a request asks for: tokens, scopes, identifiers and query parameters.

Knows: RFC 6750, the syntax of every parameter of the API. Never does: read bodies, ask the store.
Standards: RFC 6750 §2.1 and §3, RFC 9562 (UUID). Start reading: `caller`.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from gateway.errors import Forbidden, InvalidParameter, Maintenance, NotFound, Unauthorised, UnknownMunicipality
from gateway.input.pointers import token
from gateway.login.certificates import Presented
from gateway.login.tokens import Principal
from gateway.model import Client, Finding, Scope
from gateway.ports.store import View
from gateway.web.dependencies import WebDependencies
from gateway.web.http.problems import parameter

Handler = Callable[[Request], Awaitable[Response]]
WRITE: Final = "submissions:write"
READ: Final = "submissions:read"
SERVICES: Final = "services:read"
MAINTENANCE_S: Final = 120.0
"""When to ask again under maintenance."""
WEBHOOKS: Final = "webhooks:write"

_UUID: Final = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_CURSOR: Final = re.compile(r"[A-Za-z0-9_.:=~-]{1,200}")
_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_CURSOR_FORM: Final = ("ein Cursor von hier, unverändert", "a cursor given out here, unchanged")
_INSTANT_FORM: Final = (
    "ein Zeitpunkt nach RFC 3339 mit Zeitzone (2026-01-31T12:00:00Z)",
    "a point in time by RFC 3339 with offset (2026-01-31T12:00:00Z)",
)


def dependencies_of(request: Request) -> WebDependencies:
    """What the app is made of."""
    parts: WebDependencies = request.app.state.parts
    return parts


def reference(request: Request, path: str) -> str:
    """`path` of ours as the caller reaches it: under the path of the public address that its host name means.

    A proxy that takes that path off before us passes on what we send back as it is.
    """
    issuer = dependencies_of(request).provider.issuer_of(request.headers.get("host"))
    return f"{urlsplit(issuer.url).path}{path}"


def caller(request: Request, scope: str) -> Principal:
    """The client whose token the request carries. Raises `Unauthorised`, or `Forbidden` where the scope is missing."""
    principal: Principal = request.scope.get("principal") or _identified(request)
    if scope not in principal.client.scopes:
        raise Forbidden(scope=scope)
    return principal


def _identified(request: Request) -> Principal:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer":
        raise Unauthorised
    provider = dependencies_of(request).provider
    principal = provider.verify(token.strip(), request.headers.get("host"), presented(request))
    request.scope["client_id"] = principal.client.id
    return principal


def presented(request: Request) -> Presented | None:
    """The certificate that came with the request, as the outermost layer found it (`web.certificate`)."""
    found: Presented | None = request.scope.get("client_certificate")
    return found


def admitted(handler: Handler) -> Handler:
    """The handler of an address for clients: who calls is known, and one request counted, before it runs.

    Where nothing is found, the answer names the part of the path. Raises `Unauthorised` and `TooManyRequests`.
    """

    @wraps(handler)
    async def admit(request: Request) -> Response:
        principal = request.scope["principal"] = _identified(request)
        if quotas := dependencies_of(request).quotas:
            await quotas.request(principal.client.id)
        try:
            return await handler(request)
        except NotFound as error:
            raise NotFound(findings=error.findings or tuple(map(_nothing, request.path_params))) from None

    return admit


def _nothing(name: str) -> Finding:
    return parameter(f"path/{name}", "not_found", NotFound.de, NotFound.en)


def no_uuid(name: str) -> Finding:
    """The finding for a part of the path that is no UUID."""
    return parameter(f"path/{name}", "format", "Erwartet wird eine UUID.", "A UUID is expected.")


def path_uuid(request: Request, name: str) -> UUID:
    """The UUID in the path. Raises `NotFound` where it is none."""
    found = uuid_of(request.path_params[name])
    if found is None:
        raise NotFound(findings=(no_uuid(name),))
    return found


@dataclass(slots=True)
class Admission:
    """The admission for one application. `admit` is asked once it is known to be new; a repeat costs nothing."""

    parts: WebDependencies
    client: Client
    began: datetime
    held: bool = False

    async def admit(self) -> None:
        """Take admission for one more. Raises `TooManyRequests`."""
        if self.parts.quotas:
            await self.parts.quotas.submission(self.client.id)
            self.held = True

    def took(self, view: View) -> None:
        """Keep the admission where the application is new."""
        if view.submission.created_at >= self.began:
            self.held = False


@asynccontextmanager
async def admission(parts: WebDependencies, client: Client) -> AsyncIterator[Admission]:
    """Around taking in one application; what is not kept is given back. Raises `Overloaded`."""
    if parts.pressure:
        parts.pressure.check()
    found = Admission(parts, client, parts.clock.now())
    try:
        yield found
    finally:
        if parts.quotas and found.held:
            parts.quotas.give_back(client.id)


def visible(request: Request, client: Client) -> Scope:
    """What the client may see: its own submissions in its municipalities."""
    return Scope(client.id, dependencies_of(request).served(client))


def uuid_of(text: str) -> UUID | None:
    """The UUID in its one textual form (RFC 9562 §4), else None."""
    return UUID(text) if _UUID.fullmatch(text) else None


def reply(
    value: object, status: int = 200, *, headers: Mapping[str, str] | None = None, media_type: str = ""
) -> Response:
    """A JSON answer; it is about a person or a client and stays out of caches."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(
        text.encode(), status, headers=headers and dict(headers), media_type=media_type or "application/json"
    )


@dataclass(slots=True)
class Query:
    """Reads query parameters and collects what is wrong with them; `done` raises all of it at once."""

    request: Request
    findings: list[Finding]

    @classmethod
    def of(cls, request: Request, known: Collection[str], *, repeatable: Collection[str] = ()) -> Query:
        """The parameters of the request; unknown and repeated names are findings."""
        names = [name for name, _ in request.query_params.multi_items()]
        findings = [_unknown(name, known) for name in dict.fromkeys(names) if name not in known]
        findings += [
            parameter(f"query/{name}", "repeated", "Dieser Parameter darf nur einmal stehen.", "Give it only once.")
            for name in known
            if name not in repeatable and names.count(name) > 1
        ]
        return cls(request, findings)

    def text(self, name: str) -> str | None:
        """The value, None where it is absent or empty."""
        return self.request.query_params.get(name) or None

    def many(self, name: str, allowed: Sequence[str]) -> tuple[str, ...]:
        """Every value of a repeatable parameter, also separated by commas."""
        values = [each for text in self.request.query_params.getlist(name) for each in text.split(",") if each]
        if any(value not in allowed for value in values):
            listed = ", ".join(allowed)
            self.refuse(name, "enum", f"Zulässig sind nur: {listed}.", f"Only these are allowed: {listed}.")
            return ()
        return tuple(dict.fromkeys(values))

    def matching(self, name: str, pattern: re.Pattern[str], form: tuple[str, str]) -> str | None:
        """A value of the pattern; `form` says it in German and English."""
        value = self.text(name)
        if value is not None and not pattern.fullmatch(value):
            self.refuse(name, "pattern", f"Erwartet: {form[0]}.", f"Expected: {form[1]}.")
            return None
        return value

    def cursor(self, name: str) -> str | None:
        """A cursor as handed out."""
        return self.matching(name, _CURSOR, _CURSOR_FORM)

    def cursor_field(self, name: str) -> str | None:
        """A cursor in a header field."""
        value = self.request.headers.get(name) or None
        if value is not None and not _CURSOR.fullmatch(value):
            self.findings.append(
                parameter(f"header/{name}", "pattern", "Dies ist kein Cursor von hier.", "This is no cursor of ours.")
            )
            return None
        return value

    def number(self, name: str, *, default: int, least: int, most: int) -> int:
        """A whole number within bounds."""
        value = self.text(name)
        if value is None:
            return default
        if not (value.isascii() and value.isdigit() and len(value) <= 9 and least <= int(value) <= most):
            self.refuse(name, "range", f"Erwartet: {least} bis {most}.", f"Expected: {least} to {most}.")
            return default
        return int(value)

    def instant(self, name: str) -> datetime | None:
        """A point in time (RFC 3339 with offset), in UTC."""
        value = self.matching(name, _INSTANT, _INSTANT_FORM)
        if value is None:
            return None
        try:
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            self.refuse(name, "date", "Diesen Zeitpunkt gibt es nicht.", "There is no such point in time.")
            return None

    def municipality(self, client: Client) -> str | None:
        """An ARS that the client may serve; others, also those of other clients, are unknown."""
        value = self.text("municipality")
        if value is not None and value not in dependencies_of(self.request).served(client):
            self.refuse("municipality", UnknownMunicipality.code, UnknownMunicipality.de, UnknownMunicipality.en)
            return None
        return value

    def refuse(self, name: str, rule: str, de: str, en: str) -> None:
        """Note a finding about the parameter."""
        self.findings.append(parameter(f"query/{name}", rule, de, en))

    def done(self) -> None:
        """Raises `InvalidParameter` with every finding; `UnknownMunicipality` where nothing else is wrong."""
        if self.findings:
            only_town = all(each.rule == UnknownMunicipality.code for each in self.findings)
            raise (UnknownMunicipality if only_town else InvalidParameter)(findings=tuple(self.findings))


def _unknown(name: str, known: Collection[str]) -> Finding:
    de, en = "Diesen Parameter gibt es hier nicht", "There is no such parameter here"
    listed = ", ".join(known)
    de, en = (f"{de}; möglich: {listed}.", f"{en}; possible: {listed}.") if known else (f"{de}.", f"{en}.")
    return parameter(f"query/{token(name)}", "unknown_parameter", de, en)


async def taking(parts: WebDependencies, size: int = 0) -> None:
    """Return where something new of `size` bytes may be taken over.

    Raises `Maintenance`, `Overloaded` or `StorageFull`; nothing was read then.
    """
    if await parts.store.in_maintenance():
        raise Maintenance(retry_after=MAINTENANCE_S)
    if parts.pressure:
        parts.pressure.check(size)


@contextmanager
def storage(parts: WebDependencies, size: int) -> Iterator[None]:
    """Around reading `size` bytes that will be stored: others see that admission is promised. Raises as `taking`."""
    if parts.pressure is None:
        yield
        return
    with parts.pressure.room(size):
        yield
