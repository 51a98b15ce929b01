"""Lists, scopes and the change feed."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from gateway.errors import InvalidParameter, NotFound
from gateway.model import Scope, State
from gateway.ports.store import Change, Filter
from tests.store.conftest import EVERYBODY, OTHER_TOWN, TOWN, new_submission, uploaded

MINE = Scope("portal", frozenset({TOWN}))


async def test_nobody_sees_beyond_client_and_town(store):
    mine = new_submission("a")
    foreign = new_submission("b", client="other")
    elsewhere = new_submission("c", municipality=OTHER_TOWN)
    for new in (mine, foreign, elsewhere):
        await store.create(new)
    assert (await store.view(mine.submission.id, MINE)).submission == mine.submission
    for hidden in (foreign, elsewhere):
        with pytest.raises(NotFound):
            await store.view(hidden.submission.id, MINE)
    page, _ = await store.list_views(Filter(), MINE)
    assert [view.submission.id for view in page] == [mine.submission.id]
    assert [line.submission_id for line in await store.changes(None, MINE, 10)] == [mine.submission.id]
    assert len((await store.list_views(Filter(), EVERYBODY))[0]) == 3
    assert (await store.list_views(Filter(), Scope("portal", frozenset())))[0] == ()


async def test_pages_go_newest_first_and_end(store):
    news = [new_submission(f"k{no}") for no in range(7)]
    for no, new in enumerate(news):
        at = new.submission.created_at + timedelta(seconds=no // 2)
        await store.create(replace(new, submission=replace(new.submission, created_at=at, updated_at=at)))
    seen, cursor = [], None
    while True:
        page, cursor = await store.list_views(Filter(limit=3, cursor=cursor), MINE)
        seen += page
        if cursor is None:
            break
    assert len({view.submission.id for view in seen}) == 7
    times = [view.submission.created_at for view in seen]
    assert times == sorted(times, reverse=True)


async def test_lists_are_filtered(store):
    one = new_submission("a", reference="AZ-1", service="hausnummer")
    two = new_submission("b", reference="AZ-2", service="hund", attachments=(await uploaded(store),))
    for new in (one, two):
        await store.create(new)
    await store.commit(1, Change(submission=replace(two.submission, state=State.HELD)))

    async def ids(**wanted):
        return {view.submission.id for view in (await store.list_views(Filter(**wanted), MINE))[0]}

    assert await ids(reference="AZ-1") == {one.submission.id}
    assert await ids(states=("held", "accepted")) == {two.submission.id}
    assert await ids(service="hund") == {two.submission.id}
    assert await ids(municipality=OTHER_TOWN) == set()
    assert await ids(created_after=one.submission.created_at) == set()
    assert await ids(created_after=one.submission.created_at - timedelta(seconds=1)) == {
        one.submission.id,
        two.submission.id,
    }


async def test_a_list_of_several_states_pages_through_all_of_them_newest_first(store):
    states = [State.SEALED, State.HELD, State.REJECTED]
    wanted = []
    for no in range(12):
        new = new_submission(f"k{no}", client="portal" if no % 4 else "foreign")
        at = new.submission.created_at + timedelta(seconds=no // 2)
        new = replace(new, submission=replace(new.submission, created_at=at, updated_at=at))
        await store.create(new)
        await store.commit(1, Change(submission=replace(new.submission, state=states[no % 3])))
        if states[no % 3] is not State.SEALED and no % 4:
            wanted.append((at, new.submission.id))
    seen, cursor = [], None
    while True:
        page, cursor = await store.list_views(Filter(states=("held", "rejected", "held"), limit=2, cursor=cursor), MINE)
        seen += [(view.submission.created_at, view.submission.id) for view in page]
        if cursor is None:
            break
    assert seen == sorted(wanted, reverse=True)


@pytest.mark.parametrize("cursor", ["x", "1.2.3", "-1.1", "99999999999999999999.1", "1;DROP", "١.١"])
async def test_a_foreign_cursor_is_told_so(store, cursor):
    with pytest.raises(InvalidParameter) as of_changes:
        await store.changes(cursor, MINE, 10)
    with pytest.raises(InvalidParameter) as of_list:
        await store.list_views(Filter(cursor=cursor), MINE)
    assert [each.value.findings[0].pointer for each in (of_changes, of_list)] == ["#query/after", "#query/cursor"]


async def test_the_feed_goes_on_behind_a_cursor(store):
    for no in range(5):
        await store.create(new_submission(f"k{no}"))
    first = await store.changes("", MINE, 2)
    rest = await store.changes(first[-1].cursor, MINE, 10)
    assert len({line.submission_id for line in (*first, *rest)}) == 5
    assert await store.changes(rest[-1].cursor, MINE, 10) == ()


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


async def test_readers_among_racing_writers_see_each_change_once_and_in_order(store):
    done = asyncio.Event()
    seen = []

    async def follow():
        cursor = None
        while True:
            ended = done.is_set()
            lines = await store.changes(cursor, MINE, 7)
            seen.extend(lines)
            cursor = lines[-1].cursor if lines else cursor
            if ended and not lines:
                return

    reader = asyncio.create_task(follow())
    await asyncio.gather(*(store.create(new_submission(f"k{no}")) for no in range(60)))
    done.set()
    await reader
    assert len(seen) == len({line.submission_id for line in seen}) == 60


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


async def test_what_is_printed_knows_the_reference_of_the_portal(store):
    named, nameless = new_submission("a", reference="AZ-1"), new_submission("b", reference=None)
    for one in (named, nameless):
        await store.create(one)
    assert (await store.stored(named.submission.id)).reference == "AZ-1"
    assert (await store.stored(nameless.submission.id)).reference is None
    assert "AZ-1" not in repr(await store.stored(named.submission.id))


async def test_a_clients_applications_since_an_instant_are_counted(store):
    made = [new_submission(f"k-{no}") for no in range(2)] + [new_submission("other", client="neighbour")]
    for each in made:
        await store.create(each)
    at = made[0].submission.created_at
    assert await store.created_since("portal", at) == 2
    assert await store.created_since("portal", at + timedelta(seconds=1)) == 0
