"""Messages that wait in a table to be sent: claimed under a lease, read, settled.

Knows: the columns that `webhook_messages` and `bulletins` share. Never does: carry out a statement, send, know what a
message says. Standard: architecture §3 (a dead worker's work is taken over). Start reading: `claiming`.

A lease is a `next_at` that lies ahead: a message whose worker died is due again once it has passed. Who settles shows
the number of the try it claimed, so that a late worker does not undo what its successor wrote down.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, LiteralString, TypeVar

import structlog

from gateway.errors import DatabaseAway, InternalError, unexpected
from gateway.model import instant
from gateway.notify.message import TEST
from gateway.notify.schedule import DueMessage, SendingResult, next_try
from gateway.store.connection.database import Row

log = structlog.get_logger()

M = TypeVar("M")


def claiming(
    table: LiteralString,
    only: LiteralString,
    order: LiteralString,
    more: LiteralString = "",
    joined: LiteralString = "",
) -> LiteralString:
    """SQL that claims `only` those that are due. `failures` are the failed tries since the schedule began."""
    return f"""
WITH due AS (
    SELECT id FROM {table} WHERE {only} AND state = 'waiting' AND next_at <= %(now)s
    ORDER BY next_at, {order}, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE {table} AS message SET tries = tries + 1, next_at = %(leased)s FROM due WHERE message.id = due.id
    RETURNING message.*
)
SELECT claimed.*, (
    SELECT count(*) FROM jsonb_array_elements(claimed.log) AS line
    WHERE (line->>'at')::timestamptz >= date_trunc('milliseconds', claimed.began_at)
) AS failures{more}
FROM claimed{joined} ORDER BY claimed.{order}, claimed.id
"""  # noqa: S608 - names of our own tables


def settling(table: LiteralString) -> LiteralString:
    """SQL that writes results down, with the values of `settled`; to be followed by `RETURNING` or a bracket."""
    return f"""
UPDATE {table} AS message
SET state = done.state, next_at = coalesce(done.next_at, message.next_at), log = message.log || done.line::jsonb
FROM unnest(%(ids)s::uuid[], %(tries)s::int[], %(states)s::text[], %(nexts)s::timestamptz[], %(lines)s::text[])
    AS done (id, tries, state, next_at, line)
WHERE message.id = done.id AND message.tries = done.tries AND message.state = 'waiting'
"""  # noqa: S608 - as above


def settled(results: Sequence[SendingResult]) -> dict[str, Any]:
    """The values of `settling`."""
    return {
        "ids": [result.message for result in results],
        "tries": [result.tries for result in results],
        "states": [
            "delivered" if result.delivered else "waiting" if result.next_at else "failed" for result in results
        ],
        "nexts": [result.next_at for result in results],
        "lines": [
            json.dumps([{"at": instant(result.at), "status": result.status, "error": result.error}])
            for result in results
        ],
    }


def waiting(row: Row) -> dict[str, Any]:
    """A claimed row as the fields of `DueMessage`."""
    fields = {"id": row["id"], "tries": row["tries"], "began": row["began_at"], "failures": row["failures"]}
    return {**fields, "once": row.get("type") == TEST}


async def read(
    rows: Sequence[Row],
    message: Callable[[Row], Awaitable[M]],
    settle: Callable[[Sequence[SendingResult]], Awaitable[None]],
    now: datetime,
    *,
    again: bool,
) -> Sequence[M]:
    """Claimed rows as messages; for each that cannot be read a failed try, and `again`: by the schedule or never."""
    messages, unreadable = list[M](), list[SendingResult]()
    for row in rows:
        try:
            messages.append(await message(row))
        except DatabaseAway:
            raise
        except Exception as error:  # noqa: BLE001 - one bad row must not hold up the others
            log.error("message.unreadable", message=str(row["id"]), **unexpected.named(error))  # noqa: TRY400 - rows hold values
            next_at = next_try(DueMessage(**waiting(row)), now) if again else None
            failed = SendingResult(row["id"], row["tries"], now, False, None, InternalError.code, next_at)
            unreadable.append(failed)
    if unreadable:
        await settle(unreadable)
    return messages
