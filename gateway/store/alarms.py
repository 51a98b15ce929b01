"""Alarms as rows: raised once for each rule and submission, acknowledged by a person, resolved by the way itself.

Knows: the table `alarms`. Never does: decide when (`deadlines` does), tell anybody. Standard: architecture §3.
Start reading: `look`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Text, Uuid, any_, bindparam, exists, select, update
from sqlalchemy.dialects.postgresql import insert

from gateway.deadlines import RULES, Rule
from gateway.store import tables as t
from gateway.store.database import Database, Statement, compiled

_A, _S = t.alarms.c, t.submissions.c
_NOW = bindparam("now", type_=DateTime(timezone=True))
_OPEN = compiled(
    select(_A.rule, _A.submission, _A.municipality, _A.raised_at, _A.acknowledged_at, _A.resolved_at)
    .where(_A.resolved_at.is_(None))
    .order_by(_A.raised_at, _A.rule, _A.submission)
)
_ACKNOWLEDGE = compiled(
    update(t.alarms)
    .where(_A.submission == any_(bindparam("ids", type_=ARRAY(Uuid))), _A.acknowledged_at.is_(None))
    .values(acknowledged_at=_NOW)
    .returning(_A.rule, _A.submission),
    commits="alarms.acknowledge",
)


def _raising(rule: Rule) -> Statement:
    due = select(bindparam("rule", rule.name, Text), _S.id, _S.municipality, _NOW).where(
        _S.state == any_(bindparam("states", type_=ARRAY(Text))), _S[rule.since.value] < bindparam("before")
    )
    made = insert(t.alarms).from_select(["rule", "submission", "municipality", "raised_at"], due)
    return compiled(made.on_conflict_do_nothing().returning(_A.submission, _A.municipality), commits="alarms.raise")


def _resolving() -> Statement:
    still = exists(
        select(_S.id).where(_S.id == _A.submission, _S.state == any_(bindparam("states", type_=ARRAY(Text))))
    )
    gone = update(t.alarms).where(_A.rule == bindparam("name"), _A.resolved_at.is_(None), ~still)
    return compiled(gone.values(resolved_at=_NOW), commits="alarms.resolve")


_RAISE = {rule.name: _raising(rule) for rule in RULES}
_RESOLVE = _resolving()


async def look(database: Database, now: datetime) -> Sequence[tuple[str, UUID, str]]:
    """Raise what is due, resolve what is over; rule, submission and municipality of each new alarm."""
    found = []
    for rule in RULES:
        states = sorted(state.value for state in rule.states)
        await database.run(_RESOLVE, name=rule.name, states=states, now=now)
        rows = await database.rows(_RAISE[rule.name], states=states, before=now - rule.after, now=now)
        found += [(rule.name, row["submission"], row["municipality"]) for row in rows]
    return found


async def open_alarms(database: Database) -> Sequence[dict[str, Any]]:
    """Every alarm that is not resolved, oldest first, acknowledged or not."""
    return await database.rows(_OPEN)


async def acknowledge(database: Database, ids: Sequence[UUID], now: datetime) -> Sequence[tuple[str, UUID]]:
    """Note that a person saw the alarms of these submissions; rule and submission of each that was new."""
    rows = await database.rows(_ACKNOWLEDGE, ids=list(ids), now=now)
    return [(row["rule"], row["submission"]) for row in rows]
