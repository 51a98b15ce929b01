"""Lists, scopes and the change feed."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta

import psycopg

from gateway.model import Scope
from gateway.ports.store import Change
from tests.store.conftest import OTHER_TOWN, TOWN, new_submission, uploaded

MINE = Scope("portal", frozenset({TOWN}))


async def test_the_feed_never_skips_a_late_commit(store, postgres_dsn):
    """A transaction that began first and commits last must still be seen by a reader that looked in between."""
    early, late = new_submission("early"), new_submission("late")
    with psycopg.connect(postgres_dsn) as slow:
        slow.execute(
            "INSERT INTO changes (submission, municipality, client, state, at) "
            "VALUES (%s, %s, 'portal', 'received', now())",
            [early.submission.id, TOWN],
        )
        await store.create(late)
        in_between = await store.changes(None, MINE, 10)
        slow.commit()
    after = in_between[-1].cursor if in_between else None
    seen = (*in_between, *(await store.changes(after, MINE, 10)))
    assert [line.submission_id for line in seen] == [early.submission.id, late.submission.id]


async def test_counts_tell_states_by_town(store):
    for no in range(3):
        await store.create(new_submission(f"k{no}", municipality=TOWN if no else OTHER_TOWN))
    assert await store.counts() == {(TOWN, "received"): 2, (OTHER_TOWN, "received"): 1}


async def test_personal_data_stand_in_no_plain_column_and_no_job(store, postgres_dsn):
    key = "Müller-" + os.urandom(4).hex()
    attachment = await uploaded(store, b"Lageplan von Kriemhild", filename="Kriemhild.pdf")
    new = new_submission("Kriemhild-1", attachments=(attachment,), reference="Kriemhild")
    new = replace(new, record=new.record + key.encode())
    await store.create(new)
    await store.commit(1, Change(submission=new.submission, wake_at=new.submission.created_at))
    with psycopg.connect(postgres_dsn) as connection:
        tables = connection.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        for (table,) in tables.fetchall():
            for row in connection.execute(f'SELECT * FROM "{table}"').fetchall():
                text = " ".join(value.decode("latin-1") if isinstance(value, bytes) else str(value) for value in row)
                for word in ("Kriemhild", "Mustermann", "iggang", key):
                    assert word not in text, table
        jobs = connection.execute("SELECT args FROM procrastinate_jobs").fetchall()
    assert jobs == [({"submission_id": str(new.submission.id)},)]
    assert "Kriemhild" not in repr(new)


async def test_a_clients_applications_since_an_instant_are_counted(store):
    made = [new_submission(f"k-{no}") for no in range(2)] + [new_submission("other", client="neighbour")]
    for each in made:
        await store.create(each)
    at = made[0].submission.created_at
    assert await store.created_since("portal", at) == 2
    assert await store.created_since("portal", at + timedelta(seconds=1)) == 0
