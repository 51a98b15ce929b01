"""What a request asks for: identifiers in its path, and query parameters.

Knows: the syntax of every parameter of the API. Never does: read bodies, ask the store.
Standards: RFC 3339, RFC 9562 (UUID). Start reading: `Query`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from starlette.requests import Request

from gateway.errors import InvalidParameter, NotFound, UnknownMunicipality
from gateway.input.pointers import token
from gateway.model import Client, Finding
from gateway.web.dependencies import dependencies_of
from gateway.web.http.problems import parameter

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


def uuid_of(text: str) -> UUID | None:
    """The UUID in its one textual form (RFC 9562 §4), else None."""
    return UUID(text) if _UUID.fullmatch(text) else None


def no_uuid(name: str) -> Finding:
    """The finding for a part of the path that is no UUID."""
    return parameter(f"path/{name}", "format", "Erwartet wird eine UUID.", "A UUID is expected.")


def path_uuid(request: Request, name: str) -> UUID:
    """The UUID in the path. Raises `NotFound` where it is none."""
    identifier = uuid_of(request.path_params[name])
    if identifier is None:
        raise NotFound(findings=(no_uuid(name),))
    return identifier


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
        values = [value for text in self.request.query_params.getlist(name) for value in text.split(",") if value]
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
            only_town = all(finding.rule == UnknownMunicipality.code for finding in self.findings)
            raise (UnknownMunicipality if only_town else InvalidParameter)(findings=tuple(self.findings))


def _unknown(name: str, known: Collection[str]) -> Finding:
    de, en = "Diesen Parameter gibt es hier nicht", "There is no such parameter here"
    listed = ", ".join(known)
    de, en = (f"{de}; möglich: {listed}.", f"{en}; possible: {listed}.") if known else (f"{de}.", f"{en}.")
    return parameter(f"query/{token(name)}", "unknown_parameter", de, en)
