"""The change feed: every change of state once, in order, none skipped.

Knows: cursors. Never does: wait. Standard: architecture §3; PostgreSQL's `pg_snapshot_xmin`, `xid8`.
Start reading: `after`.

A line is ordered by the transaction that wrote it and shown only once every transaction that began earlier has ended (a
low-water mark), so that none can still commit a line before it. Its number is the transaction's plus a base that a
restore raises (`feed_base`), so that what was read before a restore stays behind what comes after it.
"""

from __future__ import annotations

import functools
import re
from typing import Any

from sqlalchemy import BigInteger, Select, Text, bindparam, cast, func, select, tuple_

from gateway.model import Scope
from gateway.ports.store import StateChange
from gateway.store.connection.database import Database, Statement, compiled
from gateway.store.rows import scope
from gateway.store.rows import tables as t
from gateway.store.rows.tables import Xid8
from gateway.store.submissions.reading import foreign_cursor

_C = t.changes.c
_CURSOR = re.compile(r"([0-9]{1,19})\.([0-9]{1,18})")


async def after(database: Database, cursor: str | None, who: Scope, limit: int) -> tuple[StateChange, ...]:
    """The lines behind a cursor (from the start without one). Raises `InvalidParameter` for a foreign cursor."""
    xid, number = position(cursor, "#query/after") if cursor else ("0", 0)
    values = {"xid": xid, "number": number, "limit": limit, **scope.values(who)}
    rows = await database.rows(_lines(scope.shape(who)), **values)
    return tuple(
        StateChange(
            cursor=f"{row['xid_text']}.{row['id']}", submission_id=row["submission"], state=row["state"], at=row["at"]
        )
        for row in rows
    )


def position(cursor: str, place: str) -> tuple[str, int]:
    """Transaction and number of a cursor. Raises `InvalidParameter` at `place` (a pointer) for a foreign one."""
    match = _CURSOR.fullmatch(cursor)
    if match is None or int(match[1]) >= 1 << 63:
        raise foreign_cursor(place)
    return match[1], int(match[2])


@functools.cache
def _lines(of: scope.Shape) -> Statement:
    settled = _C.xid < func.feed_horizon()
    behind = tuple_(cast(bindparam("xid", type_=Text), Xid8), bindparam("number", type_=BigInteger))
    query: Select[Any] = select(cast(_C.xid, Text).label("xid_text"), _C.id, _C.submission, _C.state, _C.at)
    query = scope.narrowed(query, t.changes, of).where(settled, tuple_(_C.xid, _C.id) > behind)
    return compiled(query.order_by(_C.xid, _C.id).limit(bindparam("limit")))
