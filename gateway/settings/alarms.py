"""Sections of who is told of what, and from when: mail server, recipients of alarms, limits of a missing proof.

Knows: each setting, its default and its rule. Never does: read files or environment (`reading` does).
Standard: fixed interfaces §2. Start reading: `AlarmsSection`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from gateway.input.patterns import ADDRESS
from gateway.settings.faults import broken
from gateway.settings.kinds import Counterpart, CounterpartHost, EntryName, PasswordFile, SecretFile
from gateway.settings.sections import Section


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

    name: EntryName = Field(
        pattern=r"^[A-Za-z0-9._-]{1,64}$", description="Name of the recipient; shown in lists and logs."
    )
    mail: tuple[str, ...] = Field((), description="Mail addresses; each gets its own message.")
    url: Counterpart | None = Field(
        None, pattern=f"^{ADDRESS.pattern}$", description="Webhook (Standard Webhooks 1.0) that alarms are posted to."
    )
    secret_file: SecretFile | None = Field(None, description="File with the webhook's secret (`whsec_` and base64).")
    municipalities: tuple[str, ...] = Field(
        (), description="ARS of the municipalities whose alarms go here; empty: all, and the gateway's own."
    )
    severity: Literal["notice", "warning", "urgent"] = Field("warning", description="Least severity that is told.")

    @field_validator("mail")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(not _is_address(address) for address in value):
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
        if self.smtp is None and any(recipient.mail for recipient in self.recipients):
            raise broken("recipients_smtp")
        names = [recipient.name for recipient in self.recipients]
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

    def of(self, service: str) -> ProofLimits:
        """The limits of one service; what it leaves unset is that of the municipality."""
        limits = self.services.get(service)
        return self.model_copy(update=limits.model_dump(exclude_unset=True)) if limits else self


def _is_address(text: str) -> bool:
    local, at, domain = text.rpartition("@")
    plain = text.isascii() and text.isprintable() and not set(text) & set(' <>,;:"()[]\\')
    return plain and bool(local and at and domain) and len(text) <= 254 and "." in domain
