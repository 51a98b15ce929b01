"""Alarms of the read-back: a service that was listed and is not any more, a source that nothing sound came from.

Knows: when each is raised and when it is over, in the transaction that settles a read-back. Never does: judge answers,
tell anybody. Standard: architecture §3 (alarms). Start reading: `tell`.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from gateway.catalogue.readback.judging import Judgement
from gateway.catalogue.readback.reading import ReadBackResult
from gateway.notify.alarms import CATALOGUE_NOT_READ, CATALOGUE_UNLISTED
from gateway.store.connection import database as db
from gateway.store.connection.database import Connection, numbered
from gateway.store.operation import alarms

PATIENCE: Final = timedelta(days=3)
"""After so long without a sound answer somebody is told."""
_LISTED_AGAIN: Final = numbered(
    "UPDATE house_alarms SET resolved_at = %(now)s WHERE rule = %(rule)s AND resolved_at IS NULL "
    "AND subject = ANY(SELECT municipality || '/' || service || '/' || %(source)s FROM house_alarms "
    "WHERE municipality = %(town)s AND service <> ALL(%(unlisted)s::text[]))"
)


async def tell(
    connection: Connection, result: ReadBackResult, before: Collection[str], failing_since: datetime | None
) -> None:
    """Raise and resolve what a result gives reason for. `before` are the services that were listed until now."""
    town, source, now = result.turn.municipality, result.turn.source.value, result.at
    subject = f"{town}/{source}"
    if result.judgement is not None:
        await alarms.resolve_within(connection, CATALOGUE_NOT_READ, subject, now)
        await _unlisted(connection, result, result.judgement, before)
    elif failing_since is not None and now - failing_since >= PATIENCE:
        await alarms.raise_within(connection, CATALOGUE_NOT_READ, subject, now, now, municipality=town, service=None)


async def _unlisted(
    connection: Connection, result: ReadBackResult, judgement: Judgement, before: Collection[str]
) -> None:
    town, source, now = result.turn.municipality, result.turn.source.value, result.at
    at = {"town": town, "source": source, "unlisted": sorted(judgement.unlisted)}
    await db.run(connection, _LISTED_AGAIN, rule=CATALOGUE_UNLISTED, now=now, **at)
    for service in sorted(judgement.unlisted & set(before)):
        subject = f"{town}/{service}/{source}"
        await alarms.raise_within(connection, CATALOGUE_UNLISTED, subject, now, now, municipality=town, service=service)
