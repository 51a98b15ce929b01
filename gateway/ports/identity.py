"""What a login asks of an identity provider of the municipality (BundID, Mein Unternehmenskonto, …).

Knows: the shape of each question and answer. Never does: anything itself; adapters live in the rooms above and meet in
`wiring`. Standard: SAML 2.0 core and bindings, in the words of the port. Start reading: `IdentityProvider`.

Adapters are pure: time, identifiers and randomness are arguments.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from gateway.model import Identity, Level


@dataclass(frozen=True, slots=True)
class LoginRequest:
    """What is asked of the identity provider: a login of at least this level.

    `request_id` is the ID of the request (`_` and 40 hex digits), `relay_state` an opaque handle of at most 80 bytes.
    `back_url` is where the provider's own "back" leads (an address of ours, or None).
    """

    request_id: str
    relay_state: str = field(repr=False)
    level: Level
    language: str
    at: datetime
    back_url: str | None = None


@dataclass(frozen=True, slots=True)
class ProviderStep:
    """How the browser goes to the identity provider: a form posted to `address`, or without `fields` a redirect."""

    address: str = field(repr=False)
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class ExpectedAnswer:
    """What an answer is held to: the request that it answers. `at` is when that was made, `now` the time of judging."""

    request_id: str
    level: Level
    at: datetime
    now: datetime


@dataclass(frozen=True, slots=True)
class Authenticated:
    """A verified answer. `answer_key` is used once: no second answer with it counts before `valid_until`."""

    identity: Identity
    answer_key: bytes
    valid_until: datetime


class RefusalKind(StrEnum):
    """What the person is told of a login that did not succeed."""

    CANCELLED = "cancelled"
    ATTRIBUTES_MISSING = "attributes_missing"  # the account lacks what the service needs
    LEVEL_TOO_LOW = "level_too_low"
    FAILED = "failed"  # every other cause alike


@dataclass(frozen=True, slots=True)
class Refused:
    """An answer that signs nobody in. `reason` is a slug of a closed list for the operator's log, without values."""

    kind: RefusalKind
    reason: str


class IdentityProvider(Protocol):
    """One identity provider of one municipality. An object that is made anew when settings or keys change."""

    @property
    def name(self) -> str:
        """Its name in the municipality's file, which also stands in addresses."""
        ...

    @property
    def display_name(self) -> str:
        """How people know it."""
        ...

    @property
    def entity_id(self) -> str:
        """Our entityID towards it."""
        ...

    @property
    def enabled(self) -> bool:
        """Whether it signs anybody in now."""
        ...

    @property
    def audience(self) -> str:
        """Whose accounts it has: `person` or `organisation`."""
        ...

    @property
    def levels(self) -> tuple[Level, ...]:
        """The levels that may be asked of it, lowest first."""
        ...

    def begin(self, request: LoginRequest) -> ProviderStep:
        """The signed request, and how the browser brings it there. Raises `SigningKeyUnfit`."""
        ...

    def judge(self, answer: bytes, expected: ExpectedAnswer) -> Authenticated | Refused:
        """What the answer (the `SAMLResponse` field as it came) says. Bounded in time and memory; never raises."""
        ...

    def metadata(self) -> bytes:
        """Our metadata for this identity provider, as it is uploaded there."""
        ...
