"""What only a database shows of logins: rows, keys, several processes, and what erasing, rotation and backup do."""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import suppress
from dataclasses import replace

import psycopg
import pytest

from gateway import failpoints
from gateway.crypto import base64url
from gateway.crypto.vault import MasterKey
from gateway.errors import CryptoFailure, TooManyLogins
from gateway.login.codes import digest as secret_digest
from gateway.login.levels import session_limits
from gateway.login.subject import account_digest
from gateway.model import Level, State
from gateway.ports.store import Change, TakenLogin
from gateway.store.connection.database import numbered
from gateway.store.erasure.erased_list import NAME as ERASED
from gateway.store.erasure.erased_list import ErasedList
from gateway.store.erasure.retention import Period
from gateway.store.erasure.sweep import sweep
from gateway.store.login import bounds
from gateway.store.postgres import PostgresStore
from gateway.store.proof.integrity import audit
from gateway.store.server import backup
from tests.login.federation_world import TOWN as WORLD_TOWN
from tests.login.federation_world import World, person, told
from tests.store.conftest import MASTER_KEY, OTHER_TOWN, TOWN, new_submission
from tests.store.logins import (
    ACCOUNT,
    AT,
    HOUR,
    NAME,
    STATE,
    SUBJECT,
    a_login,
    a_token,
    again,
    digest,
    finished,
    logged_in,
    somebody,
    under_way,
)
from tests.store.test_backup import empty  # noqa: F401 - a fixture

ANSWER = "<Antwort des Anbieters/>"
TABLES = (
    "logins_under_way", "logins_done", "logins", "login_sessions", "login_codes", "login_tokens", "login_requests",
    "login_answers",
)  # fmt: skip
_USE = numbered("UPDATE login_sessions SET used_at = %(at)s")


@pytest.fixture
def ask(postgres_dsn):
    """One question to the database, beside the store."""

    def asked(sql):
        with psycopg.connect(postgres_dsn) as connection:
            return connection.execute(sql).fetchall()

    return asked


@pytest.fixture
def left(ask):
    """How many rows of logins there are, by table; those without are left out."""

    def counted():
        numbers = {table: ask(f"SELECT count(*) FROM {table}")[0][0] for table in TABLES}
        return {table: number for table, number in numbers.items() if number}

    return counted


def waited_for(ask, number=1):
    """Until so many wait for a row that another transaction holds."""
    while len(ask("SELECT pid FROM pg_locks WHERE NOT granted")) < number:
        pass


async def at_once(dsn, ask, held, *calls):
    """What several calls say that all found a row taken: they read before any of them wrote."""
    async with await psycopg.AsyncConnection.connect(dsn) as beside:
        await beside.execute(f"SELECT FROM {held} FOR UPDATE")
        tasks = [asyncio.create_task(call) for call in calls]
        await asyncio.to_thread(waited_for, ask, len(calls))
    return [await task for task in tasks]


async def second(dsn, clock, key=MASTER_KEY, previous=()):
    """The store of another process."""
    return await PostgresStore.open(
        dsn, master_key=key, place="k", previous=previous, clock=clock, random=os.urandom, pool_size=4
    )


async def whole_way(store):
    """A row in every table, in each of its states."""
    logins = store.logins
    waiting = under_way("h-9", request={"state": STATE, "login_hint": NAME})
    await logins.begin(waiting)
    await logins.choose(waiting.id, "bundid", "_1", AT)
    await logins.keep_answer(waiting.handle, TOWN, "bundid", ANSWER.encode(), AT)
    await logins.push(digest("uri"), "portal", {"state": STATE}, AT + HOUR)
    done = await logged_in(logins)
    await logins.redeem(done.code.code, AT, a_token(done))
    await store.create(replace(new_submission(), login=TakenLogin(done.login.id, somebody())))
    return done


async def test_nothing_of_a_person_stands_in_a_plain_column(store, ask):
    await whole_way(store)
    seen = 0
    for (table,) in ask("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"):
        for row in ask(f'SELECT * FROM "{table}"'):
            seen += 1
            text = " ".join(value.decode("latin-1") if isinstance(value, bytes) else str(value) for value in row)
            for word in (NAME, NAME.encode().decode("latin-1"), "1964", ACCOUNT, STATE, SUBJECT, ANSWER, "nonce"):
                assert word not in text, table
    assert seen > 10


async def test_what_a_browser_or_portal_holds_is_needed_to_open_what_is_kept_for_it(store, ask):
    """Database and vault alone do not: neither the digest that names the row nor its key stands anywhere."""
    done = await whole_way(store)
    for held in (digest("h-9"), done.code.code, digest("token-1"), digest("uri")):
        for table in TABLES:
            assert all(held not in row for row in ask(f"SELECT * FROM {table}")), table
    sealed = ask("SELECT request FROM login_codes")[0][0]
    with pytest.raises(CryptoFailure):
        store.logins._sealing.open(b"login-code", ask("SELECT code FROM login_codes")[0][0], sealed)


async def test_who_it_was_goes_after_the_hour_with_its_key(store, clock, ask):
    done = await logged_in(store.logins)
    ((key,),) = ask("SELECT data_key FROM logins")
    clock.advance(minutes=59)
    await sweep(store.database, clock.now())
    assert (await store.logins.login(done.login.id)).identity == somebody()
    clock.advance(minutes=1)
    await sweep(store.database, clock.now())
    assert ask(f"SELECT count(*) FROM data_keys WHERE id = '{key}'") == [(0,)]
    assert ask("SELECT count(*) FROM logins WHERE identity IS NOT NULL OR data_key IS NOT NULL") == [(0,)]


async def test_what_a_submission_took_over_stays_under_its_key(store, clock, ask):
    done = await logged_in(store.logins)
    new = replace(new_submission(), login=TakenLogin(done.login.id, somebody()))
    await store.create(new)
    clock.advance(hours=24)
    await sweep(store.database, clock.now())
    assert ask("SELECT count(*) FROM logins") == [(0,)]
    assert await store.identity_of(new.submission.id) == somebody()


async def test_what_nobody_can_use_any_more_is_swept_and_nothing_earlier(store, clock, left):
    await whole_way(store)
    every = left()
    assert set(every) == set(TABLES)
    await sweep(store.database, clock.now())
    assert left() == every
    clock.advance(minutes=30)  # under way, unused session, token
    await sweep(store.database, clock.now())
    assert left() == {"logins_done": 1, "logins": 1, "login_codes": 1, "login_requests": 1, "login_answers": 1}
    clock.advance(minutes=30)
    await sweep(store.database, clock.now())
    assert left() == {}


async def test_a_session_in_use_keeps_its_login_though_not_who_it_was(store, clock, left, ask):
    done = await logged_in(store.logins)
    clock.advance(minutes=29)
    later = again(done, used_at=clock.now())
    await store.logins.finish(replace(later, login=replace(later.login, created_at=clock.now())))
    for _ in range(3):
        clock.advance(minutes=20)
        await store.database.run(_USE, at=clock.now())
    await sweep(store.database, clock.now())
    assert left() == {"logins": 1, "login_sessions": 1}
    found = await store.logins.session(digest("cookie-1"), "portal", clock.now())
    assert found.login == later.login.id
    assert (await store.logins.login(found.login)).identity is None


async def test_a_code_used_twice_is_known_as_long_as_it_gave_a_token(store, clock):
    done = await logged_in(store.logins)
    token = replace(a_token(done), expires_at=AT + 3 * HOUR)
    await store.logins.redeem(done.code.code, AT, token)
    clock.advance(hours=2)
    await sweep(store.database, clock.now())
    assert await store.logins.token(token.token, clock.now()) == token
    assert not await store.logins.redeem(done.code.code, clock.now(), None)
    assert await store.logins.token(token.token, clock.now()) is None


async def test_a_token_that_was_kept_while_its_code_was_used_again_opens_nothing(store, ask, postgres_dsn):
    """The second use waits for the row of the first, whose token it cannot see yet: that is not given out."""
    done = await logged_in(store.logins)
    tokens = [a_token(done, f"token-{number}") for number in range(2)]
    calls = [store.logins.redeem(done.code.code, AT, token) for token in tokens]
    assert sorted(await at_once(postgres_dsn, ask, "login_codes", *calls)) == [False, True]
    assert [await store.logins.token(token.token, AT) for token in tokens] == [None, None]


async def test_two_processes_finish_redeem_and_make_keys_as_one(store, postgres_dsn, clock, ask):
    other = await second(postgres_dsn, clock)
    try:
        begun = under_way()
        await store.logins.begin(begun)
        assert await other.logins.under_way(begun.handle, AT) == begun
        one, two = finished(begun), finished(begun, "assertion-2", reference="ref-2", code="code-2")
        calls = (store.logins.finish(one), other.logins.finish(two))
        both = await at_once(postgres_dsn, ask, "logins_under_way", *calls)
        assert sorted(both) == [False, True]
        done = one if both[0] else two
        calls = [each.logins.redeem(done.code.code, AT, None) for each in (store, other)]
        got = await at_once(postgres_dsn, ask, "login_codes", *calls)
        assert sorted(got) == [False, True]
        await store.logins.push(digest("uri"), "portal", {}, AT + HOUR)
        calls = [each.logins.begin(under_way(f"h-{each}"), digest("uri")) for each in (store, other)]
        assert sorted(await at_once(postgres_dsn, ask, "login_requests", *calls)) == [False, True]
        keys = await asyncio.gather(*(each.logins.subject_key(TOWN) for each in (store, other)))
        assert keys[0] == keys[1]
    finally:
        await other.close()


async def test_two_answers_alike_at_once_count_once(store, postgres_dsn, clock):
    other = await second(postgres_dsn, clock)
    try:
        for handle in ("h-1", "h-2"):
            await store.logins.begin(under_way(handle))
        ways = [await store.logins.under_way(digest(handle), AT) for handle in ("h-1", "h-2")]
        one = finished(ways[0], "same")
        two = finished(ways[1], "same", reference="ref-2", code="code-2")
        assert sorted(await asyncio.gather(store.logins.finish(one), other.logins.finish(two))) == [False, True]
    finally:
        await other.close()


async def test_nobodys_subject_changes_by_a_rotation_and_logins_go_on(store, postgres_dsn, clock, ask):
    keys = [await store.logins.subject_key(town) for town in (TOWN, OTHER_TOWN)]
    done = await whole_way(store)
    await store.close()
    new, old = MasterKey(bytes(range(32, 64)), "new"), MasterKey(MASTER_KEY, "old")
    both = await second(postgres_dsn, clock, new.key, (old,))
    rotated = await both.rotation().run()
    await both.close()
    assert (rotated.left, rotated.broken) == (0, ())
    alone = await second(postgres_dsn, clock, new.key)
    try:
        assert [await alone.logins.subject_key(town) for town in (TOWN, OTHER_TOWN)] == keys
        assert await alone.logins.login(done.login.id) == replace(
            done.login, submission=ask("SELECT id FROM submissions")[0][0]
        )
        assert (await alone.logins.under_way(digest("h-9"), AT)).answer == ANSWER.encode()
        assert await alone.logins.token(digest("token-1"), AT) == a_token(done)
    finally:
        await alone.close()


async def test_a_restore_brings_back_accounts_and_keys_and_signs_nobody_in(store, saved):
    key, done = await store.logins.subject_key(TOWN), await whole_way(store)
    write, restored = saved
    write()
    other = await restored()
    try:
        assert await other.logins.subject_key(TOWN) == key
        assert await other.logins.entity_ids(TOWN, "bundid") == await store.logins.entity_ids(TOWN, "bundid") != set()
        assert await other.logins.by_reference(done.login.login_ref) is None
        begun = under_way("h-2")
        await other.logins.begin(begun)
        replayed = finished(begun, "assertion-1", reference="ref-2", code="code-2")
        assert not await other.logins.finish(replayed), "an answer that was used stays used"
        assert await other.logins.session(digest("cookie-1"), "portal", AT) is None
        assert await other.logins.under_way(digest("h-9"), AT) is None
        assert await other.logins.done(digest("h-1"), AT) is None
        assert await other.logins.token(digest("token-1"), AT) is None
        assert not await other.logins.redeem(done.code.code, AT, None)
        assert await other.logins.pushed(digest("uri"), "portal", AT) is None
    finally:
        await other.close()


@pytest.fixture
def saved(postgres_dsn, empty, clock, tmp_path):  # noqa: F811 - the fixture above
    """Write a backup, and open a store that was made out of it."""

    def write():
        backup.write(postgres_dsn, tmp_path / "b.zip", clock.now())

    async def restored():
        backup.load(empty, tmp_path / "b.zip")
        return await second(empty, clock)

    return write, restored


@pytest.mark.parametrize("when", ["before", "after"])
async def test_what_was_erased_since_a_backup_does_not_come_back(store, saved, tmp_path, when):
    """Whether the backup knew the submission already, or was made when there was only the login of it."""
    (write, restored), erased = saved, ErasedList(tmp_path / ERASED)
    done = await logged_in(store.logins)
    if when == "before":
        write()
    new = replace(new_submission(), login=TakenLogin(done.login.id, somebody()))
    await store.create(new)
    await store.commit(1, Change(replace(new.submission, state=State.ACCEPTED)))
    if when == "after":
        write()
    await store.retention(erased).erase(new.submission.id, "request")
    other = await restored()
    try:
        assert await other.logins.login(done.login.id) is None
        if when == "after":
            assert await other.identity_of(new.submission.id) == somebody()
        for erasure in erased:
            await other.retention(erased).replay(erasure.submission, erasure.keys)
        if when == "after":
            assert await other.identity_of(new.submission.id) is None
    finally:
        await other.close()


async def test_an_erasure_and_a_sweep_of_one_login_wait_for_each_other(store, ask, postgres_dsn, tmp_path):
    """Both take the login first and its key second; the other way round each would hold what the other wants."""
    done = await logged_in(store.logins)
    new = replace(new_submission(), login=TakenLogin(done.login.id, somebody()))
    await store.create(new)
    await store.commit(1, Change(replace(new.submission, state=State.ACCEPTED)))
    ((key,),) = ask("SELECT data_key FROM logins")
    async with await psycopg.AsyncConnection.connect(postgres_dsn) as sweeping:
        await sweeping.execute("SELECT FROM logins FOR UPDATE")
        erasing = asyncio.create_task(
            store.retention(ErasedList(tmp_path / ERASED)).erase(new.submission.id, "request")
        )
        await asyncio.to_thread(waited_for, ask)
        await sweeping.execute("UPDATE logins SET data_key = NULL, identity = NULL")
        await sweeping.execute("DELETE FROM data_keys WHERE id = %s", [key])
    assert await erasing


async def test_a_backup_holds_of_nobody_who_logged_in_and_no_key_of_it(store, saved, ask):
    """A login lives for an hour, a backup for weeks; a key that nothing needs would be wrapped again for ever."""
    write, restored = saved
    done = await whole_way(store)
    held = await logged_in(store.logins, "7")
    ((used,), (unused,)) = [
        ask(f"SELECT data_key FROM logins WHERE id = '{each.login.id}'")[0] for each in (done, held)
    ]
    write()
    other = await restored()
    try:
        kept = {row["id"] for row in await other.database.rows(numbered("SELECT id FROM data_keys"))}
        assert kept == {row[0] for row in ask("SELECT id FROM data_keys")} - {used, unused}
    finally:
        await other.close()


async def test_a_subject_key_that_is_lost_is_told_and_never_made_anew(store, clock, postgres_dsn):
    for town in (TOWN, OTHER_TOWN):
        await store.logins.subject_key(town)
    with psycopg.connect(postgres_dsn) as owner:
        owner.execute("DELETE FROM data_keys WHERE municipality = %s", [TOWN])
    other = await second(postgres_dsn, clock)
    try:
        with pytest.raises(CryptoFailure):
            await other.logins.subject_key(TOWN)
        assert (await audit(other)).broken == [f"subject_key {TOWN}"]
    finally:
        await other.close()


async def test_accounts_go_when_they_were_not_used_for_the_period(store, clock, tmp_path):
    retention = store.retention(ErasedList(tmp_path / ERASED))
    period = Period(TOWN, None, 730, accounts=True)
    await logged_in(store.logins, "1")
    clock.advance(days=700)
    await logged_in(store.logins, "2", account=digest("another"), login=a_login("ref-2", created_at=clock.now()))
    assert (period.stage, await retention.due(period)) == ("accounts", 0)
    clock.advance(days=31)
    assert await retention.due(replace(period, municipality=OTHER_TOWN)) == 0
    assert (await retention.due(period), await retention.run(period), await retention.due(period)) == (1, 1, 0)
    assert await store.logins.entity_ids(TOWN, "bundid") != set(), "the one that was used since stays"


def step(name, logins, done):
    """The step with that failpoint, and how it is seen that it was done."""
    begun = under_way("h-5", provider="bundid", request_id="_1", requested_at=AT)
    other = finished(begun, "assertion-5", reference="ref-5", code="code-5")
    steps = {
        "logins.begin": lambda: logins.begin(begun),
        "logins.choose": lambda: logins.choose(begun.id, "muk", "_2", AT),
        "logins.keep_answer": lambda: logins.keep_answer(begun.handle, TOWN, "bundid", b"a", AT),
        "logins.end": lambda: logins.end(begun.id),
        "logins.finish": lambda: logins.finish(other),
        "logins.go_on": lambda: logins.finish(again(done, "6")),
        "logins.end_sessions": lambda: logins.end_sessions(digest("cookie-1")),
        "logins.redeem": lambda: logins.redeem(done.code.code, AT, a_token(done)),
        "logins.push": lambda: logins.push(digest("uri"), "portal", {}, AT + HOUR),
        "logins.subject_key": lambda: logins.subject_key(TOWN),
    }
    return begun, steps[name]


ROWS = "SELECT * FROM {} ORDER BY 1, 2"
EVERY = (*TABLES, "login_accounts", "subject_keys", "data_keys")


@pytest.mark.parametrize("name", [name for name in failpoints.COMMITS if name.startswith("logins.")])
async def test_a_step_that_is_broken_off_is_done_whole_or_not_at_all(store, ask, tmp_path, name):
    done = await logged_in(store.logins)
    begun, act = step(name, store.logins, done)
    if name != "logins.begin":
        await store.logins.begin(begun)
    standing = [ask(ROWS.format(table)) for table in EVERY]
    failpoints.arm("serve", tmp_path)
    try:
        (tmp_path / f"serve.before.{name}").write_text("raise ConnectionError", encoding="ascii")
        with pytest.raises(ConnectionError):
            await act()
        assert [ask(ROWS.format(table)) for table in EVERY] == standing
        (tmp_path / f"serve.before.{name}").rename(tmp_path / f"serve.after.{name}")
        with suppress(ConnectionError):
            await act()
        assert [ask(ROWS.format(table)) for table in EVERY] != standing
        assert (tmp_path / f"serve.before.{name}.passed").exists()
    finally:
        failpoints.arm("serve", None)


async def test_access_tells_whether_it_is_kept_who_logged_in(store, tmp_path):
    retention = store.retention(ErasedList(tmp_path / ERASED))
    done = await logged_in(store.logins)
    await store.create(replace(new_submission(reference="with"), login=TakenLogin(done.login.id, somebody())))
    await store.create(new_submission("k-2", reference="without"))
    for reference, known in (("with", True), ("without", False)):
        (row,) = await retention.subject(reference)
        assert (row["identity"], row["account"]) == (known, False)


async def known_account(store):
    """An application that was handed off with an account, and that it is known; which ended."""
    key = await store.logins.subject_key(TOWN)
    done = await logged_in(store.logins, account=account_digest(somebody(), TOWN, key))
    new = replace(new_submission(reference="AZ-1"), login=TakenLogin(done.login.id, somebody()))
    await store.create(new)
    await store.commit(1, Change(replace(new.submission, state=State.ACCEPTED)))
    return new.submission.id


@pytest.mark.parametrize("why", ["request", "retention"])
async def test_who_asks_to_be_erased_is_forgotten_with_their_account(store, ask, tmp_path, why):
    retention = store.retention(ErasedList(tmp_path / ERASED))
    await logged_in(store.logins, "9")  # another account, which stays
    submission = await known_account(store)
    assert [row["account"] for row in await retention.subject("AZ-1")] == [True]
    assert await retention.erase(submission, why)
    assert ask("SELECT count(*) FROM login_accounts") == [(1 if why == "request" else 2,)]
    assert not await retention.erase(submission, why)


async def test_a_restore_forgets_the_account_again(store, saved, tmp_path):
    (write, restored), erased = saved, ErasedList(tmp_path / ERASED)
    submission = await known_account(store)
    write()
    await store.retention(erased).erase(submission, "request")
    other = await restored()
    try:
        assert await other.logins.entity_ids(TOWN, "bundid") != set()
        for erasure in erased:
            await other.retention(erased).replay(erasure.submission, erasure.keys)
        assert await other.logins.entity_ids(TOWN, "bundid") == set()
    finally:
        await other.close()


async def test_an_identity_that_cannot_be_opened_is_told_and_keeps_nothing_from_being_erased(store, ask, tmp_path):
    submission = await known_account(store)
    await store.database.run(numbered("UPDATE submission_secrets SET identity = %(noise)s"), noise=bytes(60))
    with pytest.raises(CryptoFailure):
        await store.identity_of(submission)
    assert f"record {submission}" in (await audit(store)).broken
    assert await store.retention(ErasedList(tmp_path / ERASED)).erase(submission, "request")
    assert ask("SELECT count(*) FROM submission_secrets") == [(0,)]


async def test_all_logins_under_way_are_counted_now_and_then_and_each_time_near_the_bound(store, monkeypatch):
    monkeypatch.setattr(bounds, "IN_ALL", 40)
    monkeypatch.setattr(bounds, "PROCESSES", 4)
    counted, number = [], store.database.number

    async def counting(statement, **values):
        counted.append(values)
        return await number(statement, **values)

    monkeypatch.setattr(store.database, "number", counting)
    for no in range(40):
        await store.logins.begin(under_way(f"h-{no}", address=b""))
    assert len(counted) == 14, "at 0, 10, 17, 22, 26, 29, 31 of 40, and from 33 on at each"
    with pytest.raises(TooManyLogins):
        await store.logins.begin(under_way("h-40", address=b""))


def reference_in(answer) -> bytes:
    """The digest of the `login_ref` that an ID token tells."""
    claims = json.loads(base64url.decode(answer.body["id_token"].split(".")[1].encode()))
    return secret_digest(claims["login_ref"])


async def test_each_login_of_a_session_names_somebody_for_an_hour_of_its_own(store, clock):
    world, logins = World(clock, store.logins), store.logins
    world.bundid.identity = person(level=Level.BASIC)
    first = await world.token(await world.code())
    clock.advance(minutes=59)
    second = await world.token(told(await world.authorize(prompt="none"))["code"])
    assert reference_in(first) != reference_in(second)
    said = await world.userinfo(second.body["access_token"])
    assert said.body["family_name"] == "Müller-Lüdenscheidt"
    clock.advance(minutes=1)
    assert (await logins.by_reference(reference_in(first))).identity is None
    assert (await logins.by_reference(reference_in(second))).identity.person == world.bundid.identity.person
    assert (await world.userinfo(second.body["access_token"])).body == said.body, "as long as its token"
    clock.advance(minutes=4)
    assert (await world.userinfo(second.body["access_token"])).status == 401
    clock.advance(minutes=55)
    assert (await logins.by_reference(reference_in(second))).identity is None
    assert told(await world.authorize(prompt="none"))["error"] == "login_required"


@pytest.mark.parametrize("level", [Level.BASIC, Level.SUBSTANTIAL, Level.HIGH])
async def test_a_session_in_use_ends_with_its_longest_time(store, clock, level):
    world = World(clock, store.logins)
    world.bundid.identity = person(level=level)
    await world.code()
    limits = session_limits(level)
    uses = limits.longest_s // (limits.idle_s - 60)
    for _ in range(uses):
        clock.advance(seconds=limits.idle_s - 60)
        assert "code" in told(await world.authorize(prompt="none"))
    clock.advance(seconds=limits.longest_s - uses * (limits.idle_s - 60))
    assert told(await world.authorize(prompt="none"))["error"] == "login_required"


async def test_a_whole_login_is_nine_statements_of_which_four_write(store, clock, monkeypatch):
    """From the portal's request to userinfo; each statement that writes is a transaction of its own."""
    world = World(clock, store.logins)
    await store.logins.subject_key(WORLD_TOWN.municipality)
    await store.logins.begin(under_way("h-first"))  # from here on all logins are counted now and then only
    asked, writing, take = [], [], store.database._pool.take
    monkeypatch.setattr(store.database._pool, "take", lambda: (asked.append(1), take())[1])
    monkeypatch.setattr(failpoints, "before", lambda name: writing.append(name) if name else None)
    tokens = await world.token(await world.code())
    assert (await world.userinfo(tokens.body["access_token"])).status == 200
    assert (len(asked), writing) == (9, ["logins.begin", "logins.keep_answer", "logins.finish", "logins.redeem"])


async def test_without_a_login_an_application_is_still_one_statement(store, monkeypatch):
    done = await logged_in(store.logins)
    await store.create(new_submission("k-0"))  # the municipality's key is known from here on
    asked, rows, transaction = [], store.database.rows, store.database.transaction
    monkeypatch.setattr(
        store.database, "rows", lambda statement, **values: (asked.append(1), rows(statement, **values))[1]
    )
    monkeypatch.setattr(store.database, "transaction", lambda name="": (asked.append(name), transaction(name))[1])
    await store.create(new_submission("k-1"))
    assert asked == [1]
    await store.create(replace(new_submission("k-2"), login=TakenLogin(done.login.id, somebody())))
    assert asked == [1, "submissions.create_with"]
