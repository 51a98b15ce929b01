"""The registry's rows: every state that an entry ever had, the latest of each marked.

Knows: that a state equal to the latest is none of its own, that two processes register one after the other. Never
does: take an entry out, whatever is missing. Standard: architecture §4. Start reading: `StoredEntries.register`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gateway.catalogue import entry_json
from gateway.catalogue.entry import Entry, Revision
from gateway.store.connection.database import Connection, Database, Row, numbered, rows, run

VALID: Final = (
    "coalesce((entry->>'valid_from')::date <= %(day)s, true) "
    "AND coalesce((entry->>'valid_until')::date > %(day)s, true)"
)
"""In a query: as `Validity.CURRENT`."""
COUNTED: Final = f"entry->>'life_cycle' IN ('published', 'suspended') AND {VALID}"
"""In a query: as `Entry.published_on`."""
_AT_ONCE: Final = 1_000
"""Entries that one statement carries."""
_LOCK: Final = numbered("SELECT pg_advisory_xact_lock(hashtextextended('catalogue ' || %(town)s, 0))")
_LATEST: Final = numbered(
    """
SELECT service, number, digest FROM catalogue_revisions WHERE latest AND municipality = %(town)s
"""
)
_STATES: Final = numbered("SELECT service, entry FROM catalogue_revisions WHERE latest AND municipality = %(town)s")
_NO_LONGER_LATEST: Final = numbered(
    "UPDATE catalogue_revisions SET latest = false "
    "WHERE latest AND municipality = %(town)s AND service = ANY(%(services)s::text[])"
)
_ADD: Final = numbered(
    """
INSERT INTO catalogue_revisions (municipality, service, number, latest, entry, digest, changed_at, changed_by)
SELECT %(town)s, service, number, true, entry::jsonb, digest, %(now)s, %(who)s
FROM unnest(%(services)s::text[], %(numbers)s::int[], %(entries)s::text[], %(digests)s::text[])
    AS given (service, number, entry, digest)
"""
)
_OF_ENTRY: Final = numbered(
    """
SELECT entry, number, digest, changed_at, changed_by FROM catalogue_revisions
WHERE service = %(service)s AND (%(town)s::text IS NULL OR municipality = %(town)s) ORDER BY municipality, number DESC
"""
)
_TOWNS: Final = numbered(
    """
SELECT municipality, count(*) AS number FROM catalogue_revisions
WHERE latest AND entry->>'life_cycle' IN ('published', 'suspended') GROUP BY municipality ORDER BY municipality
"""
)


@dataclass(frozen=True, slots=True)
class Registered:
    """What came of registering: entries with a new state."""

    changed: tuple[str, ...]


class StoredEntries:
    """The registry of all municipalities."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def register(self, municipality: str, entries: Sequence[Entry], now: datetime, by: str) -> Registered:
        """Keep a new revision of each entry whose state differs from its latest; one transaction, whole or not at all.

        An entry that is not among them stays as it is. `by` is a person, or `files`. Raises `DatabaseAway`.
        """
        states = {entry.service: (entry, entry_json.digest(entry)) for entry in entries}
        latest = {row["service"]: row for row in await self._database.rows(_LATEST, town=municipality)}
        changed = _differing(states, latest)
        if changed:
            async with self._database.transaction("catalogue.register") as connection:
                await rows(connection, _LOCK, town=municipality)
                latest = {row["service"]: row for row in await rows(connection, _LATEST, town=municipality)}
                changed = _differing(states, latest)
                for start in range(0, len(changed), _AT_ONCE):
                    several = changed[start : start + _AT_ONCE]
                    await run(connection, _NO_LONGER_LATEST, town=municipality, services=several)
                    await _add(
                        connection,
                        municipality,
                        [(*states[service], latest.get(service)) for service in several],
                        now,
                        by,
                    )
        return Registered(changed)

    async def latest(self, municipality: str) -> dict[str, Entry]:
        """The latest state of each entry by its id. Raises `DatabaseAway`."""
        stored = await self._database.rows(_STATES, town=municipality)
        return {row["service"]: entry_json.of_json(row["entry"]) for row in stored}

    async def revisions(self, service: str, municipality: str | None = None) -> Sequence[Revision]:
        """Every state that an entry had, by municipality, the newest first; of all towns where None."""
        stored = await self._database.rows(_OF_ENTRY, service=service, town=municipality)
        return [
            Revision(
                entry_json.of_json(row["entry"]), row["number"], row["digest"], row["changed_at"], row["changed_by"]
            )
            for row in stored
        ]

    async def standing(self) -> dict[str, int]:
        """How many published and suspended entries each municipality has, those without a file as well."""
        return {row["municipality"]: row["number"] for row in await self._database.rows(_TOWNS)}


def _differing(states: Mapping[str, tuple[Entry, str]], latest: Mapping[str, Row]) -> tuple[str, ...]:
    """The entries whose state is another than their latest."""
    kept = {service: row["digest"] for service, row in latest.items()}
    return tuple(sorted(service for service, (_, digest) in states.items() if kept.get(service) != digest))


async def _add(
    connection: Connection, town: str, several: Sequence[tuple[Entry, str, Row | None]], now: datetime, by: str
) -> None:
    await run(
        connection,
        _ADD,
        town=town,
        now=now,
        who=by,
        services=[entry.service for entry, _, _ in several],
        numbers=[1 if before is None else before["number"] + 1 for _, _, before in several],
        entries=[json.dumps(entry_json.as_json(entry), ensure_ascii=False) for entry, _, _ in several],
        digests=[digest for _, digest, _ in several],
    )
