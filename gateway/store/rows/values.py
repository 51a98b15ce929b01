"""Between rows and the frozen values of the model.

Knows: how a submission, its parts and events stand in columns. Never does: queries, encryption.
Standard: `tables.py`. Start reading: `columns_of`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from gateway.model import Event, FitConnectAddress, Part, Reason, State, Submission
from gateway.store.rows.meanings import understood

PLAIN = (
    "id", "municipality", "client", "service", "version", "created_at", "updated_at", "channel", "destination_id",
    "case_id", "remote_id", "intent", "attempts", "next_at", "announced_at",
    "submitted_at", "deadline", "test",
)  # fmt: skip
SHAPED = ("state", "parts", "events", "reason", "held_from", "region", "service_identifier")
FIXED = frozenset({"id", "municipality", "client", "service", "created_at", "channel", "test"})
_TIMES = ("created_at", "updated_at", "next_at", "announced_at", "submitted_at", "deadline")


def columns_of(it: Submission) -> dict[str, Any]:
    """The submission's columns, ready for a statement."""
    found: dict[str, Any] = {name: getattr(it, name) for name in PLAIN}
    found["state"] = it.state.value
    found["parts"] = json.dumps([_part(part) for part in it.parts])
    found["events"] = json.dumps([_event(event) for event in it.events])
    found["reason"] = json.dumps(it.reason.as_json()) if it.reason else None
    found["region"] = it.address.region if it.address else None
    found["service_identifier"] = it.address.service_identifier if it.address else None
    found["held_from"] = it.held_from.value if it.held_from else None
    return found


def submission_of(row: Mapping[str, Any]) -> Submission:
    """The submission that stands in a row (or in what `frozen` wrote)."""
    identifier = row["service_identifier"]
    return Submission(
        **{name: row[name] for name in PLAIN},
        address=FitConnectAddress(identifier, row["region"]) if identifier is not None else None,
        state=State(row["state"]),
        parts=tuple(Part(**{**part, "blob": UUID(part["blob"])}) for part in row["parts"]),
        events=tuple(_event_of(event, row) for event in row["events"]),
        reason=Reason(**row["reason"]) if row["reason"] else None,
        held_from=State(row["held_from"]) if row["held_from"] else None,
    )


def frozen(it: Submission) -> str:
    """The submission as JSON, for an answer that has to be given again unchanged."""
    found = columns_of(it)
    for name in ("parts", "events", "reason"):
        found[name] = json.loads(found[name]) if found[name] else None
    return json.dumps(found, default=_scalar)


def thawed(found: Mapping[str, Any]) -> Submission:
    """What `frozen` wrote."""
    times = {name: datetime.fromisoformat(found[name]) if found[name] else None for name in _TIMES}
    return submission_of({**found, **times, "id": UUID(found["id"])})


def _scalar(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(type(value).__name__)


def _part(part: Part) -> dict[str, Any]:
    return {
        "name": part.name,
        "blob": str(part.blob),
        "size": part.size,
        "tag": part.tag,
        "uploaded": part.uploaded,
    }


def _event(event: Event) -> dict[str, Any]:
    return {
        "type": event.type,
        "issuer": event.issuer,
        "verified": event.verified,
        "at": event.at.astimezone(UTC).isoformat(),
        "problems": [dict(problem) for problem in event.problems],
        "jti": event.jti,
        "token": event.token,
    }


def _event_of(found: Mapping[str, Any], row: Mapping[str, Any]) -> Event:
    shaped = {"at": datetime.fromisoformat(found["at"]), "problems": tuple(found["problems"])}
    return understood(row["channel"], Event(**{**found, **shaped}), row["destination_id"])
