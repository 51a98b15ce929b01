"""What every section is, and the sections of a few lines: database, the way out, directories, worker, log.

Knows: each setting, its default and its rule. Never does: read files or environment (`reading` does).
Standard: fixed interfaces §2. Start reading: `Section`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_network
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from gateway.input.patterns import ADDRESS, SHA256
from gateway.settings.faults import broken
from gateway.settings.kinds import Counterpart, DatabaseAddress


class Section(BaseModel):
    """A table of the settings file: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    def refused_in_production(self) -> Iterable[tuple[str, str]]:
        """Name of a setting and rule (`production`) for what its kind alone does not tell."""
        return ()


class DatabaseSection(Section):
    """Where the rows live."""

    url: DatabaseAddress | None = Field(
        None,
        min_length=1,
        description="PostgreSQL address (postgresql://…). Unset: the gateway starts its own in data_dir.",
    )
    pool_size: int = Field(6, ge=2, le=200, description="Connections that one process holds at most.")


class OutboundSection(Section):
    """The way out."""

    proxy: str | None = Field(None, description="HTTP proxy for every request outside: http://host:port.")
    no_proxy: tuple[str, ...] = Field((), description="Hosts that are reached without the proxy.")
    ca_bundle: Path | None = Field(None, description="PEM file of further certificate authorities for TLS.")
    allow_private: tuple[str, ...] = Field(
        (), description="Host names, CIDRs or the word loopback that may be reached although not public."
    )

    @field_validator("proxy")
    @classmethod
    def _an_address(cls, value: str | None) -> str | None:
        try:
            parts = urlsplit(value or "http://none")
            sound = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
            sound = sound and parts.path in {"", "/"} and not parts.query and not parts.fragment
        except ValueError:
            sound = False
        if not sound:
            raise broken("proxy")
        return value

    @field_validator("no_proxy", "allow_private")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            if "/" in entry:
                try:
                    ip_network(entry, strict=False)
                except ValueError:
                    raise broken("network") from None
            elif not re.fullmatch(r"[^\s:]+|[0-9A-Fa-f:.]+|\[[0-9A-Fa-f:.]+\]", entry):
                raise broken("network")
        return value

    def refused_in_production(self) -> Iterable[tuple[str, str]]:
        """Addresses that are not public."""
        return [("allow_private", "private_network")] if self.allow_private else []


class DirectorySection(Section):
    """A directory of files."""

    dir: Path | None = Field(None, description="Directory; unset: what the gateway ships.")


class SchemasSection(Section):
    """Installed schema sets and code lists."""

    dir: Path | None = Field(None, description="Directory of installed schema sets; unset: schemas in data_dir.")
    trusted: tuple[str, ...] = Field(
        (), description="Digests (`gateway schemas list`) of sets outside the manifest that production may use."
    )
    xrepository: Counterpart | None = Field(
        None, pattern=f"^{ADDRESS.pattern}$", description="Base address of another XRepository (a mirror)."
    )

    @field_validator("trusted")
    @classmethod
    def _digests(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(not SHA256.fullmatch(digest) for digest in value):
            raise broken("sha256")
        return value


class WorkerSection(Section):
    """Delivery."""

    concurrency: int = Field(
        24,
        ge=1,
        le=500,
        description="Submissions that one worker carries out at once for one destination; for all twice as many.",
    )


class PressureSection(Section):
    """When nothing new is taken in any more."""

    disk_free_bytes: int = Field(
        500_000_000, ge=0, description="Least free bytes where data_dir lies; below, new things are refused. 0: any."
    )
    memory_free_bytes: int = Field(
        100_000_000, ge=0, description="Least free bytes of memory (machine or container); 0: any."
    )
    waiting_submissions: int = Field(
        100_000, ge=0, description="Most submissions that wait for their delivery; 0: any number."
    )
    database_bytes: int | None = Field(
        None, ge=1, description="Size that the database may grow to, where its disk is another machine's; unset: any."
    )


class LogSection(Section):
    """Log lines."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level written.")
    format: Literal["json", "text"] = Field("json", description="Form of a line on standard error.")
