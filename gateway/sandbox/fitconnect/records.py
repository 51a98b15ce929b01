"""What the sandbox remembers, as frozen values with their JSON form.

Knows: clients, destinations, submissions, events. Never does: I/O. Standard: none; the journal's own form.
Start reading: `Submission`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

ANNOUNCED: Final = "announced"
SUBMITTED: Final = "submitted"
FORWARDED: Final = "forwarded"
ACCEPTED: Final = "accepted"
REJECTED: Final = "rejected"
PICKUP: Final = frozenset({SUBMITTED, FORWARDED})
CLOSED: Final = frozenset({ACCEPTED, REJECTED})

REQUIREMENTS: Final[tuple[str, ...]] = ()
"""What the automatic subscriber demands beyond FIT-Connect: a signed document, a readable PDF."""

DELIVERY: Final = "delivery_service"
AUTOMATIC: Final = "automatic"
MANUAL: Final = "manual"


@dataclass(frozen=True, slots=True)
class ApiClient:
    """A system that logs in. `role` is sender or subscriber; `scopes` are all that it is assigned."""

    role: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Destination:
    """An inbox. `keys` are public JWKs by kid, `services` in wire form, `subscriber` automatic or manual."""

    id: str
    name: str
    owner: str
    status: str
    services: tuple[Mapping[str, Any], ...]
    encryption_kid: str
    keys: Mapping[str, Mapping[str, Any]]
    metadata_versions: tuple[str, ...]
    subscriber: str = MANUAL
    contact: Mapping[str, Any] = field(default_factory=dict)
    reply_channels: Mapping[str, Any] = field(default_factory=dict)
    callback: Mapping[str, str] | None = field(default=None, repr=False)
    mode: str = "accept"
    mode_problems: tuple[Mapping[str, Any], ...] = ()
    mode_delay_s: float = 5.0
    requires: tuple[str, ...] = REQUIREMENTS
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Upload:
    """A sealed part that arrived: authentication tag and size in bytes."""

    tag: str
    size: int


@dataclass(frozen=True, slots=True)
class Submission:
    """A submission at the delivery service. Times are Unix seconds of the sandbox's clock."""

    id: str
    case_id: str
    destination_id: str
    client_id: str
    service: Mapping[str, Any]
    announced: tuple[str, ...]
    created_at: float
    region: str | None = None
    callback: Mapping[str, str] | None = field(default=None, repr=False)
    state: str = ANNOUNCED
    uploads: Mapping[str, Upload] = field(default_factory=dict)
    metadata: Upload | None = None
    data: Upload | None = None
    submitted_at: float | None = None
    closed_at: float | None = None
    closed_by: str | None = None
    submit_count: int = 0
    erased: bool = False

    @property
    def tags(self) -> dict[str, Any]:
        """The `authenticationTags` of submit-submission and accept-submission."""
        tags: dict[str, Any] = {"metadata": self.metadata.tag} if self.metadata else {}
        if self.data:
            tags["data"] = self.data.tag
        return tags | {"attachments": {i: self.uploads[i].tag for i in self.announced if i in self.uploads}}

    @property
    def size(self) -> int:
        """Bytes of all sealed parts."""
        parts = [*self.uploads.values(), *(p for p in (self.metadata, self.data) if p)]
        return sum(part.size for part in parts)

    @property
    def shown_state(self) -> str:
        """The state in the words of the gateway's fixed interfaces."""
        if self.state == REJECTED and self.closed_by == DELIVERY:
            return "expired"
        if self.state == ANNOUNCED and self.announced and len(self.uploads) == len(self.announced):
            return "uploaded"
        return self.state


@dataclass(frozen=True, slots=True)
class Event:
    """An event of a case: the SET as signed, and what is asked of it often."""

    case_id: str
    submission_id: str
    type: str
    jti: str
    at: float
    token: str = field(repr=False)


Record = ApiClient | Destination | Submission | Event


_KINDS: Final[Mapping[type[Record], str]] = {
    ApiClient: "client",
    Destination: "destination",
    Event: "event",
    Submission: "submission",
}
"""What the journal calls each kind of record; it outlives the names of classes."""


def to_json(record: Record) -> dict[str, Any]:
    """The record as JSON with its kind. Shares what it holds with the record."""
    value = _members(record)
    if isinstance(record, Submission):
        value["uploads"] = {name: _members(upload) for name, upload in record.uploads.items()}
        value |= {name: _members(part) for name in ("metadata", "data") if (part := value[name])}
    return {"kind": _KINDS[type(record)], "value": value}


def _members(record: Record | Upload) -> dict[str, Any]:
    return {name: getattr(record, name) for name in record.__slots__}


def from_json(kind: str, value: Mapping[str, Any]) -> Record:
    """The record that `to_json` wrote."""
    v = dict(value)
    if kind == "client":
        return ApiClient(**v | {"scopes": tuple(v["scopes"])})
    if kind == "destination":
        tuples = ("services", "metadata_versions", "mode_problems", "requires")
        return Destination(**v | {name: tuple(v[name]) for name in tuples})
    if kind == "event":
        return Event(**v)
    v["announced"] = tuple(v["announced"])
    v["uploads"] = {name: Upload(**upload) for name, upload in v["uploads"].items()}
    for name in ("metadata", "data"):
        v[name] = Upload(**v[name]) if v[name] else None
    return Submission(**v)
