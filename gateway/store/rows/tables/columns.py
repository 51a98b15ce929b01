"""Columns that many tables have, and the one list of all tables.

Knows: how identifiers, municipalities and instants stand in a row. Never does: queries.
Standard: architecture §4 (every row names its municipality). Start reading: `municipality`.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, DateTime, ForeignKey, Integer, MetaData, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import UserDefinedType

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
    }
)


class Xid8(UserDefinedType[str]):
    """PostgreSQL's 64-bit transaction id, which never wraps."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """The type's name in DDL."""
        return "xid8"


def id_column() -> Column[Any]:
    """The row's own identifier."""
    return Column("id", Uuid, primary_key=True)


def municipality() -> Column[Any]:
    """Whose the row is."""
    return Column("municipality", Text, nullable=False)


def at(name: str, *, null: bool = False) -> Column[Any]:
    """An instant."""
    return Column(name, DateTime(timezone=True), nullable=null)


def of_submission(*, primary_key: bool = False) -> Column[Any]:
    """The submission that the row belongs to and goes with."""
    owner = ForeignKey("submissions.id", ondelete="CASCADE")
    return Column("submission", Uuid, owner, nullable=False, primary_key=primary_key)


def sending(log: str = "every try: at, status, error") -> tuple[Column[Any], ...]:
    """How far a message is on its way, as `store.operation.message_queue` reads and writes it."""
    return (
        Column("state", Text, nullable=False, comment="waiting, delivered, failed"),
        Column("tries", Integer, nullable=False),
        at("began_at"),
        at("next_at"),
        Column("log", JSONB, nullable=False, comment=log),
    )
