"""Everything that can be set, as one value.

Knows: the sections, and which source goes before which: command line, environment, file. Never does: read files
(`reading` does), connect, create keys. Standard: fixed interfaces §2. Start reading: `Settings`.

One TOML file; each value also by environment as `GATEWAY__SECTION__KEY`; secrets only by `…_file` or environment.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from gateway.settings.alarms import AlarmsSection
from gateway.settings.catalogue import CatalogueSection
from gateway.settings.fitconnect import FitConnectSection
from gateway.settings.keys import EvidenceSection, VaultSection
from gateway.settings.logins import LoginSection
from gateway.settings.sections import (
    DatabaseSection,
    DirectorySection,
    LogSection,
    OutboundSection,
    PressureSection,
    SchemasSection,
    WorkerSection,
)
from gateway.settings.server import ClientSection, ServerSection

FILE = "from_file"
"""What stands in the file, on its way to the sources: of lower rank than environment and command line."""


def default_data_dir() -> Path:
    """The user's data directory (XDG base directory specification)."""
    home = os.environ.get("XDG_DATA_HOME")
    return (Path(home) if home else Path.home() / ".local" / "share") / "ozg-gateway"


class Settings(BaseSettings):
    """Everything that can be set, by section."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix="GATEWAY__", env_nested_delimiter="__", hide_input_in_errors=True
    )

    mode: Literal["test", "production"] = Field("test", description="production refuses every insecure setting.")
    data_dir: Path = Field(default_factory=default_data_dir, description="Directory of the gateway's data.")
    failpoints: Path | None = Field(
        None, description="Test mode only: directory whose files name the points at which a process is to die."
    )
    database: DatabaseSection = DatabaseSection()
    server: ServerSection = ServerSection()
    outbound: OutboundSection = OutboundSection()
    fitconnect: FitConnectSection = FitConnectSection()
    municipalities: DirectorySection = DirectorySection()
    services: DirectorySection = DirectorySection()
    schemas: SchemasSection = SchemasSection()
    clients: tuple[ClientSection, ...] = ()
    vault: VaultSection = VaultSection()
    evidence: EvidenceSection = EvidenceSection()
    login: LoginSection = LoginSection()
    worker: WorkerSection = WorkerSection()
    alarms: AlarmsSection = AlarmsSection()
    catalogue: CatalogueSection = CatalogueSection()
    pressure: PressureSection = PressureSection()
    log: LogSection = LogSection()

    @property
    def schema_dir(self) -> Path:
        """Where schema sets and code lists are installed."""
        return self.schemas.dir or self.data_dir / "schemas"

    @property
    def trusted_sets(self) -> frozenset[str] | None:
        """Digests of sets that no manifest names and that may be used; None allows all (test mode)."""
        return frozenset(self.schemas.trusted) if self.mode == "production" else None

    def environment(self, base_url: str) -> dict[str, str]:
        """What a child of this process has to know beside the file: what the command line and the system decided."""
        decided = {"MODE": self.mode, "SERVER__HOST": self.server.host, "SERVER__PORT": str(self.server.port)}
        return {f"GATEWAY__{name}": value for name, value in (decided | {"SERVER__PUBLIC_URL": base_url}).items()}

    def refused_in_production(self) -> Iterable[tuple[str, str]]:
        """What exists for tests only."""
        return [("failpoints", "failpoints")] if self.failpoints else []

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line before environment before file; nothing else is read."""
        _ = dotenv_settings, file_secret_settings
        assert isinstance(init_settings, InitSettingsSource)
        file = init_settings.init_kwargs.pop(FILE, {})
        return init_settings, env_settings, InitSettingsSource(settings_cls, init_kwargs=file)
