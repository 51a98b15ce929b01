"""From the settings to what operation needs: who is told of alarms and from when, what destinations take.

Knows: the settings `[alarms]` and `[proof]`, and bounds. Never does: send, look at rows. Standard: fixed interfaces §2.
Start reading: `targets`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from gateway.delivery.rate_limit import RateLimit
from gateway.errors import SettingsInvalid
from gateway.keys.files import read_secret
from gateway.model import Finding
from gateway.notify.alarms import Target
from gateway.outbound.policy import AddressPolicy
from gateway.outbound.smtp import Relay
from gateway.settings.alarms import RecipientSection
from gateway.settings.gateway import Settings
from gateway.settings.municipality import MunicipalityFile, destination_bounds
from gateway.submission.deadlines import LIMIT_RULES, AlarmLevel, Limit, ProofKind

SECRET_LEAST: Final = 24
"""Bytes that a webhook's secret has at least (Standard Webhooks 1.0)."""


def targets(settings: Settings) -> tuple[Target, ...]:
    """Every address that alarms go to. Raises `SettingsInvalid` with the file that is missing or no secret."""
    return tuple(target for recipient in settings.alarms.recipients for target in _targets(recipient))


def attempts(settings: Settings) -> Iterable[Callable[[], object]]:
    """What reads each of them (`refusals.Attempt`), so that every fault is told at once."""
    for recipient in settings.alarms.recipients:
        if recipient.url is not None:
            yield partial(_secret, recipient)
    yield partial(relay, settings)


def files(settings: Settings) -> tuple[Path, ...]:
    """The files that targets and mail server are read from."""
    smtp = settings.alarms.smtp
    named = [recipient.secret_file for recipient in settings.alarms.recipients] + ([smtp.password_file] if smtp else [])
    return tuple(path for path in named if path is not None)


def _targets(section: RecipientSection) -> Iterable[Target]:
    severity, towns = AlarmLevel[section.severity.upper()], frozenset(section.municipalities)
    for mail in section.mail:
        yield Target(_key(section.name, mail), section.name, severity, towns, mail=mail)
    if section.url is not None:
        key = _key(section.name, section.url)
        yield Target(key, section.name, severity, towns, url=section.url, secret=_secret(section))


def _key(name: str, address: str) -> str:
    """What stands in rows for an address; stays the same while name and address do."""
    return f"{name}:{hashlib.sha256(address.encode()).hexdigest()[:16]}"


def _secret(section: RecipientSection) -> bytes:
    assert section.secret_file is not None  # the section sees to it
    setting = f"alarms.recipients.{section.name}.secret_file"
    text = read_secret(section.secret_file, setting)
    try:
        secret = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        secret = b""
    if len(secret) < SECRET_LEAST:
        raise SettingsInvalid(
            findings=(
                Finding(
                    setting,
                    "webhook_secret",
                    f"Erwartet wird whsec_ und Base64 von mindestens {SECRET_LEAST} Bytes.",
                    f"Expected is whsec_ and the base64 of at least {SECRET_LEAST} bytes.",
                ),
            )
        )
    return secret


def relay(settings: Settings) -> Relay | None:
    """The mail server; None where there is none. Raises `SettingsInvalid` for a password file that is missing."""
    smtp = settings.alarms.smtp
    if smtp is None:
        return None
    file = smtp.password_file
    return Relay(
        host=smtp.host,
        port=smtp.port,
        tls=smtp.tls,
        addresses=AddressPolicy.of(settings.outbound.allow_private),
        helo=urlsplit(settings.server.base_url()).hostname or "localhost",
        user=smtp.user,
        password=read_secret(file, "alarms.smtp.password_file") if file else None,
        ca_bundle=settings.outbound.ca_bundle,
    )


def bounds(settings: Settings, files: Iterable[MunicipalityFile]) -> dict[str, RateLimit]:
    """What each destination with bounds takes, by its id."""
    by_destination = destination_bounds(files, settings.fitconnect.environments)
    return {name: RateLimit(*bounds) for name, bounds in by_destination.items()}


def limits(file: MunicipalityFile, services: Iterable[str]) -> Iterable[Limit]:
    """When a missing proof is told, for each service of a municipality."""
    for service in services:
        proof = file.proof.of(service)
        hours = {
            (ProofKind.HANDOVER, False): proof.handover_warn_hours,
            (ProofKind.HANDOVER, True): proof.handover_hard_hours,
            (ProofKind.ANSWER, False): proof.answer_warn_hours,
            (ProofKind.ANSWER, True): proof.answer_hard_hours,
        }
        for rule in LIMIT_RULES:
            after = hours[rule.proof, rule.hard]
            if after is not None:
                yield Limit(rule.name, file.ars, service, timedelta(hours=after))
