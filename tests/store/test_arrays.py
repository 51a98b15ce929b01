"""Arrays as they arrive in the database: every kind of element, NULLs, bytes and signs that need care in text."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import ARRAY, JSON, BigInteger, Integer, LargeBinary, Text, Uuid, bindparam, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from gateway.store.connection.database import compiled
from gateway.store.postgres import PostgresStore

ONE = UUID("0d9f7a0e-5a53-4a3e-9c55-6a3a9fb7c1d2")


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (Integer(), [1, -(2**31), None]),
        (BigInteger(), [2**62, None, -1]),
        (Text(), ['Müller "Łukasiewicz"', "{,}\\", "", "NULL", None]),
        (LargeBinary(), [b"", bytes(range(256)), None, b'\\x00"']),
        (Uuid(), [ONE, None]),
        (Text(), []),
        (LargeBinary(), [None]),
    ],
)
async def test_every_element_arrives_as_it_was(
    store: PostgresStore, kind: TypeEngine[Any], given: list[object]
) -> None:
    row = await store.database.one(compiled(select(bindparam("all", type_=ARRAY(kind)).label("all"))), all=given)
    assert row
    assert row["all"] == given


@pytest.mark.parametrize("kind", [JSON(), JSONB()])
async def test_json_arrives_as_json(store: PostgresStore, kind: TypeEngine[Any]) -> None:
    statement = compiled(select(bindparam("all", type_=ARRAY(kind)).label("all")))
    row = await store.database.one(statement, all=['{"ä": ["\\"", 1]}', "null", None])
    assert row
    assert row["all"] == [{"ä": ['"', 1]}, None, None]
