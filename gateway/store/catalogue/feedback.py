"""What people said of online services: texts encrypted, each under a data key of its own, both gone once sent.

Knows: how much a municipality takes in an hour and in a month. Never does: know who said it.
Standards: architecture §5; Implementing Regulation (EU) 2020/1121. Start reading: `StoredFeedback.keep`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from gateway.catalogue.statistics import months
from gateway.catalogue.statistics.feedback import Feedback
from gateway.crypto import vault
from gateway.errors import TooManyRequests
from gateway.german_time import german_date
from gateway.ports.clock import Clock
from gateway.store.connection.database import Connection, Database, Row, numbered, rows, run
from gateway.store.keys.keyring import DataKeyring

HOUR: Final = timedelta(hours=1)
HOUR_MOST: Final = 100
MONTH_MOST: Final = 5_000
"""A batch of them, sent at once, fits the memory."""
TEXT_KEPT: Final = timedelta(days=180)
"""A text that nobody takes goes after so long all the same."""
KEPT: Final = timedelta(days=730)

_LOCK: Final = numbered("SELECT pg_advisory_xact_lock(hashtextextended('feedback ' || %(town)s, 0))")
_KEEP: Final = numbered(
    """
WITH room AS (
    SELECT FROM feedback WHERE municipality = %(municipality)s AND created_at > %(hour)s AND created_at <= %(now)s
    HAVING count(*) < %(hour_most)s
        AND (SELECT count(*) FROM feedback WHERE municipality = %(municipality)s AND month = %(month)s) < %(month_most)s
), key AS (
    INSERT INTO data_keys (id, municipality, wrapped) SELECT %(data_key)s, %(municipality)s, %(wrapped)s FROM room
    WHERE %(data_key)s::uuid IS NOT NULL
)
INSERT INTO feedback
    (id, municipality, service, month, created_at, category, rating, found_information, source, data_key, free_text)
SELECT %(id)s, %(municipality)s, %(service)s, %(month)s, %(now)s, %(category)s, %(rating)s, %(found)s, %(source)s,
    %(data_key)s, %(free_text)s FROM room
"""
)
_UNSENT: Final = numbered(
    """
SELECT feedback.id, feedback.municipality, service, source, category, rating, found_information AS found, free_text,
    data_key, wrapped
FROM feedback LEFT JOIN data_keys ON data_keys.id = feedback.data_key
WHERE feedback.municipality = %(town)s AND month = %(month)s AND sent_at IS NULL ORDER BY feedback.id
"""
)
_SENT: Final = numbered(
    """
WITH told AS (
    SELECT id, data_key FROM feedback WHERE municipality = %(town)s AND month = %(month)s AND sent_at IS NULL FOR UPDATE
), keys AS (DELETE FROM data_keys USING told WHERE data_keys.id = told.data_key)
UPDATE feedback SET sent_at = %(now)s, free_text = NULL, data_key = NULL FROM told WHERE feedback.id = told.id
"""
)
_DROP_TEXTS: Final = numbered(
    """
WITH old AS (SELECT id, data_key FROM feedback WHERE data_key IS NOT NULL AND created_at < %(before)s FOR UPDATE),
    keys AS (DELETE FROM data_keys USING old WHERE data_keys.id = old.data_key)
UPDATE feedback SET free_text = NULL, data_key = NULL FROM old WHERE feedback.id = old.id
""",
    commits="statistics.drop_texts",
)
_PRUNE: Final = numbered("DELETE FROM feedback WHERE created_at < %(before)s", commits="statistics.prune_feedback")


class StoredFeedback:
    """Keeps the port `gateway.catalogue.statistics.feedback.FeedbackRows`."""

    def __init__(self, database: Database, keyring: DataKeyring, clock: Clock, new_id: Callable[[], UUID]) -> None:
        self._database, self._keyring, self._clock, self._new_id = database, keyring, clock, new_id

    async def keep(self, feedback: Feedback) -> None:
        """See the port. Those of one municipality are counted and kept one after the other."""
        now, name = self._clock.now(), self._new_id()
        key = await self._keyring.new(feedback.municipality, now) if feedback.text else None
        sealed = self._keyring.seal(key, _place(name), feedback.text.encode()) if key else None
        async with self._database.transaction("statistics.keep_feedback") as connection:
            await rows(connection, _LOCK, town=feedback.municipality)  # the count sees what those before it kept
            kept = await run(
                connection,
                _KEEP,
                id=name,
                municipality=feedback.municipality,
                service=feedback.service,
                source=feedback.source,
                month=months.month_of(german_date(now)),
                category=feedback.category,
                rating=feedback.rating,
                found=feedback.found,
                free_text=sealed,
                data_key=key.id if key else None,
                wrapped=key.wrapped if key else None,
                now=now,
                hour=now - HOUR,
                hour_most=HOUR_MOST,
                month_most=MONTH_MOST,
            )
        if not kept:
            raise TooManyRequests(retry_after=HOUR.total_seconds())

    async def unsent(self, municipality: str, month: date) -> Sequence[Feedback]:
        """What waits of a month, texts opened. Raises `CryptoFailure`, `MasterKeyMissing`, `DatabaseAway`."""
        unsent = await self._database.rows(_UNSENT, town=municipality, month=month)
        return [await self._opened(row) for row in unsent]

    async def prune(self) -> int:
        """Drop texts that nobody took for half a year, and forget what is two years old."""
        now = self._clock.now()
        dropped = await self._database.run(_DROP_TEXTS, before=now - TEXT_KEPT)
        return dropped + await self._database.run(_PRUNE, before=now - KEPT)

    async def _opened(self, row: Row) -> Feedback:
        text = b""
        if row["data_key"] is not None:
            key = await self._keyring.unwrap(row["municipality"], row["data_key"], row["wrapped"])
            text = vault.open_value(key.key, context=_place(row["id"]), sealed=row["free_text"])
        plain = {name: row[name] for name in ("municipality", "service", "source", "category", "rating", "found")}
        return Feedback(**plain, text=text.decode())


async def sent(connection: Connection, municipality: str, month: object, now: object) -> None:
    """What waited of a month was taken: its texts and their keys are gone, with the transaction at hand."""
    await run(connection, _SENT, town=municipality, month=month, now=now)


def _place(name: UUID) -> bytes:
    return b"feedback/" + name.bytes
