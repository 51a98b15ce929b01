"""Sections of the settings that say how the gateway is run: the way out, alarms and how they reach people, bounds.

Knows: each setting, its default and its rule. Never does: read files or environment (`settings` does).
Standard: fixed interfaces §2. Start reading: `AlarmsSection`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_network
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from gateway.settings.faults import broken
from gateway.settings.kinds import Counterpart, CounterpartHost, PasswordFile, PrivateKeyFile, SecretFile

SEVERITIES = ("notice", "warning", "urgent")


class Section(BaseModel):
    """A table of the settings file: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    def refused_in_production(self) -> Iterable[tuple[str, str]]:
        """Name of a setting and rule (`production_rules`) for what its kind alone does not tell."""
        return ()


class BoundsSection(Section):
    """What a destination takes."""

    submissions_per_minute: float | None = Field(
        None, gt=0, le=60_000, description="Submissions a minute that are sent to it, by all workers together."
    )
    submissions_at_once: int | None = Field(
        None, ge=1, le=1000, description="Submissions that are sent to it at once, by all workers together."
    )


class TlsSection(Section):
    """TLS at our own door; a proxy before us may do it instead."""

    certificate_file: Path | None = Field(None, description="PEM file of the server's certificate and its chain.")
    key_file: PrivateKeyFile | None = Field(
        None, description="PEM file of its key; unset: the server speaks no TLS itself."
    )
    client_ca_file: Path | None = Field(
        None, description="PEM file of the authorities that may vouch for portals' certificates (RFC 8705)."
    )
    client_certificate_header: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9-]{1,64}$",
        description="Header in which trusted_proxies pass a portal's certificate on (RFC 9440, or escaped PEM); they "
        "must remove it from what callers send. Unset: believed from nobody.",
    )

    @model_validator(mode="after")
    def _pair(self) -> Self:
        if (self.certificate_file is None) != (self.key_file is None):
            raise broken("tls_pair")
        return self


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


class SmtpSection(Section):
    """The mail server that alarms go through."""

    host: CounterpartHost = Field(min_length=1, description="Mail server (SMTP submission).")
    port: int = Field(587, ge=1, le=65535, description="Port; 587 with starttls, 465 with tls.")
    tls: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="Encryption; none: unencrypted, test mode only."
    )
    sender: str = Field(pattern=r"^[!-~]{1,64}@[A-Za-z0-9.-]{1,190}$", description="Address that alarms come from.")
    user: str | None = Field(None, description="User name at the mail server; unset: no login.")
    password_file: PasswordFile | None = Field(None, description="File with the password.")

    @model_validator(mode="after")
    def _user_and_password(self) -> Self:
        if (self.user is None) != (self.password_file is None):
            raise broken("smtp_user")
        if self.tls == "none" and self.user is not None:
            raise broken("smtp_unencrypted")
        return self

    def refused_in_production(self) -> Iterable[tuple[str, str]]:
        """Mail in the clear."""
        return [("tls", "mail_in_the_clear")] if self.tls == "none" else []


class RecipientSection(Section):
    """Who is told of alarms, by mail or by webhook."""

    name: str = Field(pattern=r"^[A-Za-z0-9._-]{1,64}$", description="Name of the recipient; shown in lists and logs.")
    mail: tuple[str, ...] = Field((), description="Mail addresses; each gets its own message.")
    url: Counterpart | None = Field(
        None, pattern=r"^https?://[^\s]+$", description="Webhook (Standard Webhooks 1.0) that alarms are posted to."
    )
    secret_file: SecretFile | None = Field(None, description="File with the webhook's secret (`whsec_` and base64).")
    municipalities: tuple[str, ...] = Field(
        (), description="ARS of the municipalities whose alarms go here; empty: all, and the gateway's own."
    )
    severity: Literal["notice", "warning", "urgent"] = Field("warning", description="Least severity that is told.")

    @field_validator("mail")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(not _is_address(each) for each in value):
            raise broken("mail_address")
        return value

    @model_validator(mode="after")
    def _some_way(self) -> Self:
        if not self.mail and self.url is None:
            raise broken("recipient_way")
        if (self.url is None) != (self.secret_file is None):
            raise broken("recipient_secret")
        return self


class AlarmsSection(Section):
    """How people learn of alarms."""

    smtp: SmtpSection | None = Field(None, description="Mail server; unset: no mail.")
    recipients: tuple[RecipientSection, ...] = Field((), description="Who is told.")
    repeat_hours: int = Field(
        24, ge=0, le=8760, description="Hours until an alarm that nobody acknowledged is told again; 0: never."
    )
    quiet_minutes: int = Field(
        15,
        ge=0,
        le=1440,
        description="Least minutes between two messages to the same address; what comes is collected.",
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.smtp is None and any(each.mail for each in self.recipients):
            raise broken("recipients_smtp")
        names = [each.name for each in self.recipients]
        if len(set(names)) != len(names):
            raise broken("recipients_name")
        return self


class ProofLimits(Section):
    """Hours after the submit until a missing proof is told; unset: not told."""

    handover_warn_hours: float | None = Field(
        1, gt=0, le=20_000, description="Hours until the missing event of the delivery service is told as a warning."
    )
    handover_hard_hours: float | None = Field(24, gt=0, le=20_000, description="Hours until it is urgent.")
    answer_warn_hours: float | None = Field(
        None, gt=0, le=20_000, description="Hours until the authority's missing answer is told as a warning."
    )
    answer_hard_hours: float | None = Field(None, gt=0, le=20_000, description="Hours until it is urgent.")


class ProofLimitsSection(ProofLimits):
    """The limits of a municipality, and those of single services."""

    services: dict[str, ProofLimits] = Field(
        default_factory=dict, description="The same by service id; what is unset there holds as above."
    )


def _is_address(text: str) -> bool:
    local, at, domain = text.rpartition("@")
    plain = text.isascii() and text.isprintable() and not set(text) & set(' <>,;:"()[]\\')
    return plain and bool(local and at and domain) and len(text) <= 254 and "." in domain
