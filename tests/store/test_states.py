"""Which states are open, waiting, ended stands in `submission/states.py` alone; SQL is made from it."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest

import gateway
from gateway.model import State
from gateway.store.rows import states
from gateway.submission.states import ANSWERED, ERASABLE, RESTING, TERMINAL, WAITING

ROOT = Path(gateway.__file__).parent
ONE = f"'(?:{'|'.join(State)})'"
LISTED = re.compile(rf"\(\s*{ONE}\s*,\s*{ONE}")


def test_no_statement_lists_states_by_hand():
    """Migrations are history."""
    found = [
        place
        for file in ROOT.rglob("*.py")
        if not (place := file.relative_to(ROOT).as_posix()).startswith("store/migrations/versions/")
        and LISTED.search(file.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (states.sql(WAITING), "('received', 'sealed', 'announced', 'uploaded')"),
        (states.sql(ERASABLE), "('delivered', 'accepted', 'rejected', 'expired', 'cancelled')"),
        (states.OPEN, "state NOT IN ('accepted', 'rejected', 'expired', 'held', 'cancelled')"),
    ],
)
def test_a_set_is_written_in_the_order_of_the_states(found, expected):
    assert found == expected


def test_each_state_is_waiting_with_the_counterpart_or_resting():
    assert WAITING | {State.SUBMITTED, State.DELIVERED} | RESTING == set(State)
    assert {State.HELD} == RESTING - TERMINAL
    assert {State.ACCEPTED, State.REJECTED, State.EXPIRED} == ANSWERED


def test_the_index_of_open_ones_covers_what_statements_ask_for(postgres_dsn):
    """A condition that the migrations' index does not imply would read the whole table.

    Asked of an empty table that has this index alone: among several, the planner chooses by what it last counted.
    """
    with psycopg.connect(postgres_dsn) as connection:
        (index,) = connection.execute("SELECT pg_get_indexdef('submissions_open_idx'::regclass)").fetchone()
        connection.execute("CREATE TEMP TABLE alone AS SELECT * FROM submissions WITH NO DATA")
        connection.execute(re.sub(r" ON (\w+\.)?submissions ", " ON pg_temp.alone ", index))
        connection.execute("SET LOCAL enable_seqscan = off")
        plan = connection.execute("EXPLAIN SELECT id FROM pg_temp.alone WHERE " + states.OPEN).fetchall()
    assert any("submissions_open_idx" in line for (line,) in plan), plan
