"""Looks after the identity providers each hour: fetches metadata, tells what is refused and what ends soon.

Knows: which alarm is raised for what, and when it is over. Never does: judge metadata or certificates itself (`bundid`
does). Standard: architecture §3 (alarms). Start reading: `look`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import httpx
import structlog

from gateway.bundid.expiry import ending
from gateway.errors import GatewayError, SettingsInvalid
from gateway.errors.recurring import Failures
from gateway.notify.alarms import IDENTITY_ENDING, IDENTITY_METADATA
from gateway.ports.clock import Clock
from gateway.settings.gateway import Settings
from gateway.settings.municipality import MunicipalityFile
from gateway.store.connection.database import Database
from gateway.store.operation import alarms
from gateway.wiring import identity
from gateway.wiring.identity import ProviderPlace
from gateway.wiring.identity_metadata import renew

log = structlog.get_logger()


async def look(  # noqa: PLR0913, PLR0917 - what it looks with
    database: Database,
    settings: Settings,
    files: Sequence[MunicipalityFile],
    client: httpx.AsyncClient,
    clock: Clock,
    failures: Failures,
) -> None:
    """Every identity provider once, each a task of its own: the alarm about one that fails names it."""
    for at in identity.places(files):
        work = partial(_look, database, settings, at, client, clock)
        await failures.attempt(f"identity_provider {_subject(at)}", work)


async def _look(
    database: Database, settings: Settings, at: ProviderPlace, client: httpx.AsyncClient, clock: Clock
) -> None:
    away: GatewayError | None = None
    try:
        renewal = await renew(settings, at, client, clock.now())
    except SettingsInvalid as error:
        await log.awarning("identity.metadata_refused", provider=_subject(at), rule=error.findings[0].rule)
        await _tell(database, IDENTITY_METADATA, at, clock, wrong=True)
    except GatewayError as error:
        away = error
    else:
        refused = renewal.refused if renewal else None
        if renewal and refused:
            await log.awarning(
                "identity.metadata_refused",
                provider=_subject(at),
                rule=refused,
                added=sorted(renewal.added),
                removed=sorted(renewal.removed),
            )
        await _tell(database, IDENTITY_METADATA, at, clock, wrong=refused is not None)
    soon = ending(identity.provider(settings, at), clock.now())
    for expiry in soon:
        await log.awarning("identity.ending", provider=_subject(at), part=expiry.part, until=expiry.until.isoformat())
    await _tell(database, IDENTITY_ENDING, at, clock, wrong=bool(soon))
    if away is not None:
        raise away


async def _tell(database: Database, rule: str, at: ProviderPlace, clock: Clock, *, wrong: bool) -> None:
    subject, now = _subject(at), clock.now()
    if wrong:
        await alarms.raise_about_gateway(database, rule, subject, now, municipality=at.file.ars)
    else:
        await alarms.resolve_about_gateway(database, rule, subject, now)


def _subject(at: ProviderPlace) -> str:
    return f"{at.file.slug}/{at.name}"
