"""Garbage collection: unfinished blobs, unused uploads, sealed parts left by a crash, days gone by, logins.

Knows: how long each may stay. Never does: erase submissions (`retention` does).
Standard: fixed interfaces §3 (24 h), architecture §5 (the key first, then the blobs). Start reading: `sweep`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CTE, Select, Text, and_, bindparam, case, cast, delete, exists, func, or_, select, true
from sqlalchemy.dialects.postgresql import JSONB

from gateway.errors import DatabaseAway
from gateway.store.connection.database import Database, Statement, compiled
from gateway.store.erasure import sweep_logins
from gateway.store.rows import tables as t

GRACE = timedelta(hours=1)  # for writers that are slow, and for commits between a blob and what names it
ALLOWANCES = timedelta(days=2)  # longer than a day's count is asked for
FAILURES = timedelta(minutes=5)  # by then nothing of a bucket is missing
AT_ONCE = 100

_B, _U = t.blobs.c, t.uploads.c
_QUIET = _B.touched_at < bindparam("before")
_OWN_KEY = case((_B.submission.is_(None), _B.data_key)).label("data_key")
_VICTIM = select(_B.id.label("blob"), _OWN_KEY)


@dataclass(frozen=True, slots=True)
class Swept:
    """How many of each were removed."""

    uploads: int = 0
    unfinished: int = 0
    loose: int = 0


async def sweep(database: Database, now: datetime) -> Swept:
    """Remove what is not needed at `now`. Safe to run anywhere and at any time.

    What one statement raises is raised once all others had their turn.
    """
    before = now - GRACE
    work: Sequence[Callable[[], Awaitable[int]]] = (
        *sweep_logins.work(database, now),
        lambda: database.run(_EXPIRED_TUS, now=now),  # its pieces are named by nobody then
        lambda: database.run(_SPENT, now=now),
        lambda: database.run(_DAYS, before=now - ALLOWANCES, failures=now - FAILURES),
        lambda: _repeat(database, _EXPIRED, {"now": now}),
        lambda: _repeat(database, _UNFINISHED, {"before": before}),
        lambda: _repeat(database, _UNNAMED, {"before": before}),
        lambda: _repeat(database, _UNUSED_PARTS, {"before": before}),
    )
    numbers, failure = list[int](), None
    for removal in work:
        try:
            numbers.append(await removal())
        except DatabaseAway:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised below
            failure = failure or error
    if failure is not None:
        raise failure
    *_, uploads, unfinished, unnamed, unused = numbers
    return Swept(uploads=uploads, unfinished=unfinished, loose=unnamed + unused)


async def _repeat(database: Database, statement: Statement, values: Mapping[str, Any]) -> int:
    total = 0
    while True:
        number = await database.number(statement, **values)
        total += number
        if number < AT_ONCE:
            return total


def _remove(victims: CTE, name: str) -> Statement:
    """Delete the blobs of `victims` and their keys (`data_key`, unset where it is a submission's)."""
    keys = delete(t.data_keys).where(t.data_keys.c.id.in_(select(victims.c.data_key))).cte("keys")
    gone = delete(t.blobs).where(_B.id.in_(select(victims.c.blob))).cte("gone")
    counted = select(func.count().label("number")).select_from(victims)
    return compiled(counted.add_cte(keys, gone), commits=name)


def _some(query: Select[Any]) -> CTE:
    return query.limit(AT_ONCE).with_for_update(of=t.blobs, skip_locked=True).cte("victims")


def _expired() -> Statement:
    old = (
        select(_U.client, _U.upload)
        .where(_U.submission.is_(None), _U.expires_at <= bindparam("now"))
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
        .cte("old")
    )
    forgotten = (
        delete(t.uploads)
        .where(_U.client == old.c.client, _U.upload == old.c.upload, _U.submission.is_(None))
        .returning(_U.blob)
        .cte("forgotten")
    )
    return _remove(
        select(forgotten.c.blob, _OWN_KEY)
        .select_from(forgotten.outerjoin(t.blobs, _B.id == forgotten.c.blob))
        .cte("victims"),
        "sweep.expired",
    )


def _unused_parts() -> Statement:
    """Finished blobs of a submission that neither its parts nor its attachments name: left by a crash."""
    parts = func.jsonb_array_elements(t.submissions.c.parts).table_valued("value", name="part")
    part = cast(parts.c.value, JSONB)
    named = exists(
        select(t.submissions.c.id)
        .select_from(t.submissions.join(parts, true()))
        .where(t.submissions.c.id == _B.submission, part["blob"].astext == cast(_B.id, Text))
    )
    attached = exists(select(t.attachments.c.no).where(t.attachments.c.blob == _B.id))
    uploaded = exists(select(_U.blob).where(_U.blob == _B.id))
    of_submission = _VICTIM.where(_B.submission.is_not(None), _B.finished, _QUIET)
    return _remove(_some(of_submission.where(~named, ~attached, ~uploaded)), "sweep.unused_parts")


_SPENT = compiled(
    delete(t.spent_assertions).where(t.spent_assertions.c.until <= bindparam("now")), commits="sweep.spent_assertions"
)
_DAYS = compiled(
    delete(t.client_allowances).where(
        or_(
            t.client_allowances.c.at <= bindparam("before"),
            and_(t.client_allowances.c.kind == "failures", t.client_allowances.c.at <= bindparam("failures")),
        )
    ),
    commits="sweep.client_allowances",
)
_OLD_TUS = (
    delete(t.tus_uploads)
    .where(t.tus_uploads.c.expires_at <= bindparam("now"))
    .returning(t.tus_uploads.c.data_key)
    .cte("old")
)
_EXPIRED_TUS = compiled(
    delete(t.data_keys).where(t.data_keys.c.id.in_(select(_OLD_TUS.c.data_key))), commits="sweep.tus"
)
_EXPIRED = _expired()
_UNFINISHED = _remove(_some(_VICTIM.where(_B.finished.is_(False), _QUIET)), "sweep.unfinished")
_UNNAMED = _remove(
    _some(
        _VICTIM.where(
            _B.submission.is_(None),
            _B.finished,
            _QUIET,
            ~exists(select(_U.upload).where(_U.blob == _B.id)),
            ~exists(select(t.tus_pieces.c.blob).where(t.tus_pieces.c.blob == _B.id)),
        )
    ),
    "sweep.unnamed",
)
_UNUSED_PARTS = _unused_parts()
