"""The dead-letter queue: submissions held for a person, grouped by cause.

Knows: how held submissions are counted and found. Never does: resume or cancel; `operators.audit` does.
Standard: fixed interfaces §1 (`held`). Start reading: `causes`, then `chosen`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from gateway.store.connection.database import Database, compiled
from gateway.store.rows import tables as t

SHOWN = 10
"""How many ids a cause names."""

_S = t.submissions.c
_CODE = _S.reason["code"].astext
_HELD = _S.state == "held"
_CAUSES = compiled(
    select(
        _CODE.label("cause"),
        *(_S.destination_id, _S.service, _S.schema_uri, _S.municipality, _S.held_from),
        func.count().label("number"),
        func.min(_S.updated_at).label("oldest"),
        func.max(_S.updated_at).label("newest"),
        func.array_agg(aggregate_order_by(_S.id, _S.updated_at)).label("ids"),
    )
    .where(_HELD)
    .group_by(_CODE, _S.destination_id, _S.service, _S.schema_uri, _S.municipality, _S.held_from)
    .order_by(func.count().desc(), _CODE)
)


@dataclass(frozen=True, slots=True)
class Cause:
    """Held submissions that share cause, destination, service and version of its mapping (the schema's URI)."""

    cause: str
    destination_id: str | None
    service: str
    schema_uri: str
    municipality: str
    held_from: str
    number: int
    oldest: datetime
    newest: datetime
    ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class HeldChoice:
    """Which held submissions are meant; what is unset does not narrow."""

    ids: tuple[UUID, ...] = ()
    cause: str | None = None
    destination_id: str | None = None
    service: str | None = None

    @property
    def is_everything(self) -> bool:
        """Whether nothing narrows."""
        return not (self.ids or self.cause or self.destination_id or self.service)


async def causes(database: Database) -> tuple[Cause, ...]:
    """Every group, the largest first."""
    return tuple(
        Cause(**{**row, "ids": tuple(row["ids"][:SHOWN])})  # the oldest ones
        for row in await database.rows(_CAUSES)
    )


async def chosen(database: Database, choice: HeldChoice) -> Sequence[tuple[UUID, str]]:
    """Id and cause of each held submission that is meant, oldest first."""
    conditions: list[ColumnElement[bool]] = [_HELD]
    if choice.ids:
        conditions.append(
            _S.id.in_(bindparam(f"id_{n}", value=submission_id) for n, submission_id in enumerate(choice.ids))
        )
    if choice.cause:
        conditions.append(bindparam("cause", value=choice.cause) == _CODE)
    if choice.destination_id:
        conditions.append(_S.destination_id == bindparam("destination", value=choice.destination_id))
    if choice.service:
        conditions.append(_S.service == bindparam("service", value=choice.service))
    query = select(_S.id, _CODE.label("cause")).where(*conditions).order_by(_S.updated_at, _S.id)
    return [(row["id"], row["cause"]) for row in await database.rows(compiled(query))]
