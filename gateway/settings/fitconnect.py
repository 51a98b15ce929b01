"""Sections of FIT-Connect: its environments, and what a destination takes.

Knows: each setting, its default and its rule. Never does: read files or environment (`reading` does).
Standard: fixed interfaces §2. Start reading: `EnvironmentSection`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import Field, field_validator

from gateway.settings.kinds import Counterpart, CounterpartHost, IssuerName
from gateway.settings.sections import Section


class BoundsSection(Section):
    """What a destination takes."""

    submissions_per_minute: float | None = Field(
        None, gt=0, le=60_000, description="Submissions a minute that are sent to it, by all workers together."
    )
    submissions_at_once: int | None = Field(
        None, ge=1, le=1000, description="Submissions that are sent to it at once, by all workers together."
    )


class EnvironmentSection(Section):
    """One FIT-Connect environment."""

    token_url: Counterpart = Field(description="Token endpoint.")
    submission_api: Counterpart = Field(description="Base address of the Submission API, without the version.")
    api_versions: tuple[str, ...] = Field(("v2",), description="Versions of the Submission API to speak.")
    destination_api: Counterpart | None = Field(
        None, description="Base address of the Destination API; read once destinations are managed."
    )
    routing_api: Counterpart | None = Field(
        None,
        description="Base address of the Routing API; unset: it is not asked whether it leads to our destinations.",
    )
    portal_issuer: Counterpart | None = Field(
        None, description="Issuer of destination signatures; its keys are read below it. Unset: routing is not asked."
    )
    delivery_issuer: tuple[IssuerName, ...] = Field(
        (), description="Issuers that the delivery service signs its events as."
    )
    submission_hosts: tuple[CounterpartHost, ...] = Field(
        (), description="Hosts that a destination signature may name; unset: that of `submission_api`."
    )
    trust_roots: tuple[Path, ...] = Field((), description="PEM files of the roots that destination keys must chain to.")
    bounds: BoundsSection = Field(
        BoundsSection(), description="Bounds of each destination whose municipality file sets none."
    )
    insecure_public_keys: bool = Field(
        False, description="Take destination keys without certificate chain. Test mode only; never in production."
    )

    @field_validator("delivery_issuer", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    def refused_in_production(self) -> Iterable[tuple[str, str]]:
        """Keys of destinations that nobody vouches for."""
        if self.insecure_public_keys:
            yield "insecure_public_keys", "public_keys"
        if not self.trust_roots:
            yield "trust_roots", "trust_roots"


class FitConnectSection(Section):
    """FIT-Connect."""

    environments: dict[str, EnvironmentSection] = Field(
        default_factory=dict, description="Environments by name (test, stage, prod or your own)."
    )
