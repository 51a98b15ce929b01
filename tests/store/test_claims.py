"""Rows are claimed by as many as the statement says, whatever plan the database makes of it."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg

import gateway

LOCKED_IN_FROM = re.compile(r"\bFROM \(\s*SELECT(?:(?!\n\) AS |\bWITH\b).)*?\bFOR UPDATE\b", re.DOTALL)
CLAIM = """
UPDATE queue SET leased = true FROM (
    SELECT no FROM queue WHERE NOT leased ORDER BY no LIMIT 1 FOR UPDATE SKIP LOCKED
) AS due WHERE queue.no = due.no RETURNING queue.no
"""
CLAIM_ONE = """
WITH due AS (SELECT no FROM queue WHERE NOT leased ORDER BY no LIMIT 1 FOR UPDATE SKIP LOCKED)
UPDATE queue SET leased = true FROM due WHERE queue.no = due.no RETURNING queue.no
"""


def claimed(dsn, statement):
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE TEMP TABLE queue (no int, leased bool)")
        connection.execute("INSERT INTO queue VALUES (1, false)")
        connection.execute("ANALYZE queue")
        connection.execute("INSERT INTO queue VALUES (2, false), (3, false)")
        return len(connection.execute(statement).fetchall())


def test_a_locked_subquery_in_from_is_asked_again_for_each_row(postgres_dsn):
    assert claimed(postgres_dsn, CLAIM) > 1, "the database has changed: the rule below may go"
    assert claimed(postgres_dsn, CLAIM_ONE) == 1


def test_no_statement_of_ours_locks_rows_in_a_subquery_of_from():
    assert LOCKED_IN_FROM.search(CLAIM)
    assert not LOCKED_IN_FROM.search(CLAIM_ONE)
    store = Path(gateway.__file__).parent / "store"
    found = {path.name for path in store.rglob("*.py") if LOCKED_IN_FROM.search(path.read_text(encoding="utf-8"))}
    assert found == set()
