"""What became of answers of identity providers, summed over all processes, and the alarm where many are refused.

Knows: the table `login_outcomes`, one row a minute for each provider; from how many on somebody is told. Never does:
judge an answer, know who it was about. Standard: architecture §3 (alarms). Start reading: `write`, then `look`.

People may cancel or have too low a level: what counts is an answer that does not verify, is too late or came twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from gateway.login.figures import Labels, Outcomes
from gateway.notify.alarms import LOGIN_REFUSED_OFTEN
from gateway.store.connection import database as db
from gateway.store.connection.database import Database, numbered

WINDOW: Final = timedelta(minutes=15)
MANY: Final = 20
"""Refused answers within the window that raise the alarm, where they are a tenth of all at least."""
FEW: Final = 10
"""With fewer it is over: well below, so that it does not come and go (debounce)."""

_ADD: Final = numbered(
    """
INSERT INTO login_outcomes AS total (municipality, provider, minute, accepted, refused)
VALUES (%(municipality)s, %(provider)s, date_trunc('minute', %(now)s::timestamptz), %(accepted)s, %(refused)s)
ON CONFLICT (municipality, provider, minute) DO UPDATE
SET accepted = total.accepted + excluded.accepted, refused = total.refused + excluded.refused
"""
)
_LATELY: Final = """
WITH lately AS (
    SELECT town.slug || '/' || provider AS subject, municipality, sum(accepted) AS accepted, sum(refused) AS refused
    FROM login_outcomes JOIN unnest(%(towns)s::text[], %(slugs)s::text[]) AS town (municipality, slug)
        USING (municipality)
    WHERE minute > %(since)s GROUP BY 1, 2
)
"""
_RAISE: Final = numbered(
    _LATELY
    + """
INSERT INTO house_alarms AS alarm (rule, subject, raised_at, municipality)
SELECT %(rule)s, subject, %(now)s, municipality FROM lately
WHERE refused >= %(many)s AND refused * 10 >= accepted + refused
ON CONFLICT (rule, subject) DO UPDATE
SET raised_at = excluded.raised_at, acknowledged_at = NULL, resolved_at = NULL, told = '{}',
    municipality = excluded.municipality
WHERE alarm.resolved_at IS NOT NULL
RETURNING subject
""",
    commits="outcomes.raise",
)
_CALM: Final = numbered(
    _LATELY  # noqa: S608 - constants
    + """
UPDATE house_alarms SET resolved_at = %(now)s
WHERE rule = %(rule)s AND resolved_at IS NULL AND subject NOT IN (SELECT subject FROM lately WHERE refused >= %(few)s)
""",
    commits="outcomes.resolve",
)


async def write(database: Database, taken: Mapping[Labels, Outcomes], now: datetime) -> None:
    """Add what one process counted; all of it or nothing."""
    async with database.transaction("outcomes.write") as connection:
        for (municipality, provider), outcomes in sorted(taken.items(), key=lambda item: item[0]):  # in one order
            await db.run(
                connection,
                _ADD,
                municipality=municipality,
                provider=provider,
                accepted=outcomes.accepted,
                refused=outcomes.refused,
                now=now,
            )


async def look(database: Database, slugs: Mapping[str, str], now: datetime) -> tuple[str, ...]:
    """Raise the alarm about each provider whose answers are refused often, end it where that is over; the new ones.

    `slugs` are those of the municipalities, by ARS.
    """
    values = {"towns": list(slugs), "slugs": list(slugs.values()), "since": now - WINDOW, "now": now}
    await database.run(_CALM, rule=LOGIN_REFUSED_OFTEN, few=FEW, **values)
    rows = await database.rows(_RAISE, rule=LOGIN_REFUSED_OFTEN, many=MANY, **values)
    return tuple(row["subject"] for row in rows)
