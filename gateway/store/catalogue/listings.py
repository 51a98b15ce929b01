"""Listings and findings of one source for one municipality, replaced by those of a sound answer.

Knows: that a finding that stays keeps its `since`, that other sources' rows are not touched. Never does: decide, open
a transaction (`readbacks` does). Standard: catalogue reference §6.2. Start reading: `replace`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from gateway.catalogue.readback.judging import Judgement
from gateway.catalogue.status import Source
from gateway.store.connection import database as db
from gateway.store.connection.database import Connection, numbered

_LISTED: Final = numbered(
    "SELECT service FROM catalogue_listings WHERE municipality = %(town)s AND source = %(source)s AND listed"
)
_UNLIST: Final = numbered(
    "DELETE FROM catalogue_listings WHERE municipality = %(town)s AND source = %(source)s "
    "AND service <> ALL(%(services)s::text[])"
)
_LIST: Final = numbered(
    """
INSERT INTO catalogue_listings (municipality, service, source, listed, url, place, seen_at)
SELECT %(town)s, new.service, %(source)s, new.listed, new.url, new.place, new.seen_at
FROM unnest(%(services)s::text[], %(listed)s::bool[], %(urls)s::text[], %(places)s::text[], %(seen)s::timestamptz[])
    AS new (service, listed, url, place, seen_at)
ON CONFLICT (municipality, service, source)
DO UPDATE SET listed = excluded.listed, url = excluded.url, place = excluded.place, seen_at = excluded.seen_at
"""
)
_NEW: Final = """
WITH new AS (
    SELECT * FROM unnest(
        %(services)s::text[], %(codes)s::text[], %(places)s::text[], %(expected)s::text[], %(found)s::text[],
        %(keys)s::text[], %(sinces)s::timestamptz[]
    ) AS new (service, code, place, expected, found, leika_key, since)
)
"""
_SAME: Final = "new.service IS NOT DISTINCT FROM old.service AND new.code = old.code AND new.place = old.place"
_OVER: Final = numbered(
    _NEW + "DELETE FROM catalogue_findings AS old WHERE municipality = %(town)s AND source = %(source)s "  # noqa: S608 - all of it stands in this file
    "AND NOT EXISTS (SELECT FROM new WHERE " + _SAME + ")"
)
_STILL: Final = numbered(
    _NEW + "UPDATE catalogue_findings AS old "
    "SET expected = new.expected, found = new.found, leika_key = new.leika_key FROM new "
    "WHERE old.municipality = %(town)s AND old.source = %(source)s AND " + _SAME
)
_FOUND: Final = numbered(
    _NEW + "INSERT INTO catalogue_findings "  # noqa: S608 - as above
    "(municipality, service, code, source, place, expected, found, leika_key, since) "
    "SELECT %(town)s, service, code, %(source)s, place, expected, found, leika_key, since FROM new "
    "WHERE NOT EXISTS (SELECT FROM catalogue_findings AS old "
    "WHERE old.municipality = %(town)s AND old.source = %(source)s AND " + _SAME + ")"
)


async def listed(connection: Connection, municipality: str, source: Source) -> Collection[str]:
    """The services that the source listed as it was last read with a sound answer."""
    rows = await db.rows(connection, _LISTED, town=municipality, source=source.value)
    return frozenset(row["service"] for row in rows)


async def replace(connection: Connection, municipality: str, source: Source, judgement: Judgement) -> None:
    """Let a sound answer take the place of the one before, in the transaction of `connection`."""
    at = {"town": municipality, "source": source.value}
    listings = list(judgement.listings.items())
    columns: dict[str, list[Any]] = {
        "services": [service for service, _ in listings],
        "listed": [listing.listed for _, listing in listings],
        "urls": [listing.url for _, listing in listings],
        "places": [listing.place for _, listing in listings],
        "seen": [listing.seen_at for _, listing in listings],
    }
    await db.run(connection, _UNLIST, services=columns["services"], **at)
    await db.run(connection, _LIST, **columns, **at)
    findings = judgement.findings
    fields: dict[str, list[Any]] = {
        "services": [finding.service for finding in findings],
        "codes": [finding.code.value for finding in findings],
        "places": [finding.place for finding in findings],
        "expected": [finding.expected for finding in findings],
        "found": [finding.found for finding in findings],
        "keys": [finding.leika_key for finding in findings],
        "sinces": [finding.since for finding in findings],
    }
    for statement in (_OVER, _STILL, _FOUND):
        await db.run(connection, statement, **fields, **at)
