"""Between rows and the frozen values of the model.

Knows: how a submission, its parts and events stand in columns. Never does: queries, encryption.
Standard: `tables`. Start reading: `columns_of`.
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


def columns_of(submission: Submission) -> dict[str, Any]:
    """The submission's columns, ready for a statement."""
    columns: dict[str, Any] = {name: getattr(submission, name) for name in PLAIN}
    columns["state"] = submission.state.value
    columns["parts"] = json.dumps([_part(part) for part in submission.parts])
    columns["events"] = json.dumps([_event(event) for event in submission.events])
    columns["reason"] = json.dumps(submission.reason.as_json()) if submission.reason else None
    columns["region"] = submission.address.region if submission.address else None
    columns["service_identifier"] = submission.address.service_identifier if submission.address else None
    columns["held_from"] = submission.held_from.value if submission.held_from else None
    return columns


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


def frozen(submission: Submission) -> str:
    """The submission as JSON, for an answer that has to be given again unchanged."""
    columns = columns_of(submission)
    for name in ("parts", "events", "reason"):
        columns[name] = json.loads(columns[name]) if columns[name] else None
    return json.dumps(columns, default=_scalar)


def thawed(columns: Mapping[str, Any]) -> Submission:
    """What `frozen` wrote."""
    times = {name: datetime.fromisoformat(columns[name]) if columns[name] else None for name in _TIMES}
    return submission_of({**columns, **times, "id": UUID(columns["id"])})


def _scalar(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(type(value).__name__)


def _part(part: Part) -> dict[str, Any]:
    return {"name": part.name, "blob": str(part.blob), "size": part.size, "tag": part.tag, "uploaded": part.uploaded}


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


def _event_of(stored: Mapping[str, Any], row: Mapping[str, Any]) -> Event:
    shaped = {"at": datetime.fromisoformat(stored["at"]), "problems": tuple(stored["problems"])}
    return understood(row["channel"], Event(**{**stored, **shaped}), row["destination_id"])
