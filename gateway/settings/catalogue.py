"""Sections of the OZG catalogue: what a municipality says of its offer, and whom the gateway asks and tells.

Knows: each setting, its default and its rule. Never does: read entry files (`catalogue.registry` does) or ask anybody.
Standard: fixed interfaces §2. Start reading: `CatalogueSection`, then `MunicipalityCatalogueSection`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from gateway.input.patterns import ADDRESS, BASIC_USER, PUBLIC_URL
from gateway.settings.faults import broken
from gateway.settings.kinds import Counterpart, SecretFile
from gateway.settings.sections import Section


class CollectorSection(Section):
    """Where single changes are pushed: the Sammlerdienst, or an editorial system, by agreement with it."""

    address: Counterpart | None = Field(
        None, pattern=f"^{ADDRESS.pattern}$", description="Address that takes XZuFi by POST; unset: nothing is pushed."
    )
    token_url: Counterpart | None = Field(
        None, pattern=f"^{ADDRESS.pattern}$", description="Its token endpoint (OAuth 2 client credentials)."
    )
    client_id: str | None = Field(
        None, pattern=f"^{BASIC_USER.pattern}$", description="Our client id there; ASCII without colon."
    )
    client_secret_file: SecretFile | None = Field(None, description="File with our client secret there.")
    unverified: bool = Field(
        False, description="Push exports that no official schema vouches for. Test mode only; never in production."
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        values = (self.address, self.token_url, self.client_id, self.client_secret_file)
        if any(value is None for value in values) and any(value is not None for value in values):
            raise broken("catalogue_push")
        return self

    def refused_in_production(self) -> Iterable[tuple[str, str]]:
        """Data that nobody has checked."""
        if self.unverified:
            yield "unverified", "unverified_push"


class ReadbackSection(Section):
    """Whom the gateway asks what is listed."""

    pvog: Counterpart | None = Field(
        None, pattern=f"^{PUBLIC_URL.pattern}$", description="Base address of the PVOG Suchdienst; unset: not asked."
    )
    pvog_client_id_file: SecretFile | None = Field(
        None, description="File with our own client id for the Suchdienst, from FITKO; unset: none is sent."
    )
    data_hub: Counterpart | None = Field(
        None, pattern=f"^{PUBLIC_URL.pattern}$", description="Base address of the OZG Data Hub; unset: not asked."
    )
    every_hours: int = Field(24, ge=1, le=168, description="Hours between two read-backs of a municipality.")
    requests_per_second: float = Field(2.0, ge=0.01, le=5, description="Requests a second to one source, at most.")
    kept_days: int = Field(90, ge=1, le=730, description="Days that answers are kept as they came.")


class ProbeSection(Section):
    """How it is tried whether services work."""

    every_minutes: int = Field(5, ge=1, le=1440, description="Minutes between two runs.")
    timeout_s: float = Field(10.0, ge=0.1, le=60, description="Seconds that one page may take, redirects included.")
    at_once: int = Field(4, ge=1, le=64, description="Pages that are asked at the same time.")
    failure_phrases: tuple[str, ...] = Field(
        ("Entschuldigung", "nicht verfügbar", "Wartungsarbeiten"),
        description="What no page says that works, whatever its status.",
    )
    certificate_days: int = Field(21, ge=0, le=365, description="Days before a certificate's end that are told.")
    raw_days: int = Field(
        14, ge=1, le=90, description="Days that single measurements are kept; hourly figures: 2 years."
    )
    damping_minutes: int = Field(
        30, ge=0, le=1440, description="Outages and alarms that follow each other within these minutes are one."
    )
    own_network: tuple[Annotated[Counterpart, Field(pattern=f"^{ADDRESS.pattern}$")], ...] = Field(
        (), description="Addresses of others that tell, when all fail, that our own network is away."
    )


class StatisticsSection(Section):
    """Where monthly figures go."""

    transactions: Counterpart | None = Field(
        None,
        pattern=f"^{ADDRESS.pattern}$",
        description="Address of the Zentrale Statistik-Komponente; unset: CSV only.",
    )
    transactions_token_file: SecretFile | None = Field(None, description="File with the bearer token for it.")
    sdg: Counterpart | None = Field(
        None,
        pattern=f"^{PUBLIC_URL.pattern}$",
        description="Base address of the SDG repository (…/v1/); unset: not sent.",
    )
    sdg_key_file: SecretFile | None = Field(None, description="File with the API key for it.")
    smallest_group: int = Field(5, ge=1, le=1000, description="Groups of fewer are not published.")


class CatalogueSection(Section):
    """The OZG catalogue."""

    contact: str | None = Field(
        None,
        min_length=3,
        max_length=200,
        description="Mail or web address in the User-Agent of probes and read-backs.",
    )
    xzufi: Literal["2.2.0", "2.3.1"] = Field("2.3.1", description="Version of XZuFi that is written.")
    shrink_percent: float = Field(
        10.0, ge=0, le=100, description="An export that loses more of the objects than this is refused."
    )
    push: CollectorSection = Field(CollectorSection(), description="Where single changes are pushed.")
    readback: ReadbackSection = Field(ReadbackSection(), description="Whom we ask what is listed.")
    probes: ProbeSection = Field(ProbeSection(), description="How services are probed.")
    statistics: StatisticsSection = Field(StatisticsSection(), description="Where monthly figures go.")


class UnitSection(Section):
    """The unit that is responsible where an entry names none."""

    id: str = Field("rathaus", pattern=r"^[a-z][a-z0-9-]{0,62}$", description="Its id, unique in the municipality.")
    name: str = Field(min_length=1, max_length=200, description="Its name in German.")
    name_en: str | None = Field(None, min_length=1, max_length=200, description="Its name in English.")
    street: str = Field(min_length=1, max_length=200, description="Street and house number.")
    zip_code: str = Field(pattern=r"^[0-9]{5}$", description="Postal code.")
    city: str = Field(min_length=1, max_length=200, description="Town.")
    phone: str | None = Field(None, max_length=50, description="Telephone.")
    mail: str | None = Field(None, max_length=200, description="Mail address.")


class MaintenanceSection(Section):
    """A time in which failures are expected: measured all the same, told nobody."""

    begins: datetime = Field(strict=True, description="Begin, with offset.")
    ends: datetime = Field(strict=True, description="End, with offset.")
    services: tuple[str, ...] = Field((), description="Service ids; unset: all.")

    @model_validator(mode="after")
    def _an_interval(self) -> Self:
        if self.begins.tzinfo is None or self.ends.tzinfo is None or self.begins >= self.ends:
            raise broken("maintenance_interval")
        return self


class MunicipalityCatalogueSection(Section):
    """The municipality's offer in the OZG catalogue."""

    dir: Path | None = Field(
        None, description="Directory of entries (TOML) for online services that run elsewhere; unset: none."
    )
    urls: dict[str, str] = Field(
        default_factory=dict, description="Where citizens find a service of ours, by service id."
    )
    agency_id: str = Field(
        "",
        pattern=r"^([A-Z][0-9]{6})?$",
        description="schemeAgencyID of the editorial system (L100042); unset: ids are our own and nothing is pushed.",
    )
    unit: UnitSection | None = Field(None, description="Unit that is responsible where an entry names none.")
    probe_texts: dict[str, Annotated[str, Field(pattern=r"\S", max_length=1000)]] = Field(
        default_factory=dict,
        description="What the page of a service has to say, by service id; unset: its German or English title.",
    )
    maintenance: tuple[MaintenanceSection, ...] = Field((), description="Times in which failures are expected.")
