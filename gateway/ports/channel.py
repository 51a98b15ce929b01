"""What delivery asks of a channel: seal, announce, upload, submit, events.

Knows: the shape of each answer. Never does: anything itself; adapters live in the rooms above and meet in `wiring`.
Standard: architecture §3. Start reading: `Parcel`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from gateway.model import Document, Event, FitConnectAddress, Identity, Part, Purpose, Submission
from gateway.ports.blobs import SmallBlob
from gateway.ports.store import Store


class LookUnderWay(Exception):
    """Another request for what a step needs is under way (single flight) and takes long: nothing was sent."""


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file to be sealed: its description and either its bytes or the blob that holds them."""

    attachment_id: UUID
    filename: str = field(repr=False)
    media_type: str
    purpose: Purpose
    size: int
    content: bytes | None = field(default=None, repr=False)
    blob: UUID | None = None


@dataclass(frozen=True, slots=True)
class Attestation:
    """Who logged in for the application, and the address of the gateway that saw it."""

    identity: Identity = field(repr=False)
    seen_by: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """All that a channel seals for one submission."""

    document: Document
    enclosures: tuple[Enclosure, ...]
    received_at: datetime
    attestation: Attestation | None = None


@dataclass(frozen=True, slots=True)
class Sealed:
    """What sealing made: the parts, where they go, and what the evidence keeps (key ids, hashes, versions).

    `address` is what the channel wants to know again at the next steps.
    `blobs` are the small parts, which stand in the store only once they are committed; large ones stand there already.
    """

    parts: tuple[Part, ...]
    destination_id: str
    facts: Mapping[str, Any]
    blobs: tuple[SmallBlob, ...] = ()
    address: FitConnectAddress | None = None


@dataclass(frozen=True, slots=True)
class Announced:
    """The counterpart's answer to an announcement."""

    remote_id: str
    case_id: str


ReadPart = Callable[[Part], AsyncIterator[bytes]]
"""The sealed bytes of a part as a stream."""


@dataclass(frozen=True, slots=True)
class ChannelLimits:
    """The counterpart's own times; None: it has no such. All but the first count from the submit."""

    announcement_lasts: timedelta | None = None
    """An announcement that nothing followed is forgotten then."""
    answer_due: timedelta | None = None
    """The counterpart ends what the authority has not answered."""
    erased_after: timedelta | None = None
    """Whatever became of it, the counterpart has erased it then."""
    events_kept: timedelta | None = None


class Channel(Protocol):
    """A way to an authority. Each call is one exchange; errors are `CounterpartError` with `retry` set or not.

    A call that needs what another one is asking for already waits for it a moment only, then raises `LookUnderWay`.
    """

    @property
    def limits(self) -> ChannelLimits:
        """The times of the other side."""
        ...

    def destination_of(self, service: str, *, test: bool) -> str:
        """The destination to which a service's submissions go. Raises `DestinationUnfit` where there is none."""
        ...

    async def seal(self, submission: Submission, parcel: Parcel, store: Store) -> Sealed:
        """Read destination and key, check both, sign, build metadata, seal every part into the store."""
        ...

    async def announce(self, submission: Submission) -> Announced:
        """Announce the submission and its attachments."""
        ...

    async def upload(self, submission: Submission, part: Part, body: AsyncIterator[bytes]) -> None:
        """Send one sealed attachment; safe to repeat."""
        ...

    async def submit(self, submission: Submission, read: ReadPart) -> None:
        """Send the final request with whatever parts it takes; safe to repeat under the same remote id."""
        ...

    async def events(self, submission: Submission) -> tuple[Event, ...]:
        """The whole event log in order with what each event means; what does not verify has `verified=False`."""
        ...
