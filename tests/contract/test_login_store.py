"""One contract for both stores of logins: what PostgreSQL's answers, the one in memory answers too.

What only a database can show (rows, keys, processes) is asked in `tests/store/test_logins.py`.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from gateway.errors import LoginUnusable, NotFound, TooManyLogins
from gateway.model import Level, State
from gateway.ports.login import DoneLogin
from gateway.ports.store import Change, TakenLogin
from gateway.store.erasure.erased_list import NAME, ErasedList
from gateway.store.login import bounds
from gateway.store.memory import MemoryStore
from tests.store.conftest import (
    OTHER_TOWN,
    TOWN,
    clock,  # noqa: F401 - a fixture
    new_submission,
    uploaded,
)
from tests.store.logins import (
    AT,
    HOUR,
    OURS,
    a_company,
    a_login,
    a_session,
    a_token,
    again,
    digest,
    finished,
    logged_in,
    somebody,
    under_way,
)

SECOND = timedelta(seconds=1)


@pytest.fixture
def logins(store):
    return store.logins


async def test_a_login_under_way_is_found_by_its_handle_until_it_expires(logins):
    begun = under_way()
    await logins.begin(begun)
    assert await logins.under_way(digest("h-1"), AT) == begun
    assert await logins.under_way(digest("h-1"), begun.expires_at - SECOND) == begun
    assert await logins.under_way(digest("h-1"), begun.expires_at) is None
    assert await logins.under_way(digest("h-2"), AT) is None


async def test_a_provider_may_be_chosen_from_the_start(logins):
    begun = under_way(provider="bundid", request_id="_1", requested_at=AT)
    await logins.begin(begun)
    assert await logins.under_way(begun.handle, AT) == begun


async def test_another_choice_replaces_the_first_and_forgets_its_answer(logins):
    begun = under_way()
    await logins.begin(begun)
    assert await logins.choose(begun.id, "bundid", "_1", AT)
    assert await logins.keep_answer(begun.handle, TOWN, "bundid", b"<one/>", AT)
    assert await logins.choose(begun.id, "muk", "_2", AT + SECOND)
    expected = replace(begun, provider="muk", request_id="_2", requested_at=AT + SECOND)
    assert await logins.under_way(begun.handle, AT) == expected
    assert not await logins.choose(uuid4(), "muk", "_3", AT)
    assert not await logins.choose(begun.id, "muk", "_3", begun.expires_at)


async def test_an_answer_is_kept_for_the_login_that_waits_for_it_and_for_no_other(logins):
    begun = under_way()
    await logins.begin(begun)
    assert not await logins.keep_answer(begun.handle, TOWN, "bundid", b"early", AT)
    await logins.choose(begun.id, "bundid", "_1", AT)
    assert not await logins.keep_answer(digest("nobody's"), TOWN, "bundid", b"a", AT)
    assert not await logins.keep_answer(begun.handle, OTHER_TOWN, "bundid", b"b", AT)
    assert not await logins.keep_answer(begun.handle, TOWN, "muk", b"c", AT)
    assert not await logins.keep_answer(begun.handle, TOWN, "bundid", b"d", begun.expires_at)
    assert not await logins.keep_answer(begun.handle, TOWN, "bundid", bytes(bounds.ANSWER_MOST + 1), AT)
    assert (await logins.under_way(begun.handle, AT)).answer is None
    assert await logins.keep_answer(begun.handle, TOWN, "bundid", b"first", AT)
    assert await logins.keep_answer(begun.handle, TOWN, "bundid", b"second", AT)
    assert (await logins.under_way(begun.handle, AT)).answer == b"second"


async def test_a_login_that_came_to_nothing_is_gone(logins):
    begun = under_way()
    await logins.begin(begun)
    await logins.end(begun.id)
    assert await logins.under_way(begun.handle, AT) is None
    assert not await logins.finish(finished(begun))


async def test_logins_under_way_are_bounded_for_an_address_and_in_all(logins, monkeypatch):
    monkeypatch.setattr(bounds, "OF_ONE_ADDRESS", 2)
    monkeypatch.setattr(bounds, "IN_ALL", 4)
    for number in range(2):
        await logins.begin(under_way(f"h-{number}"))
    with pytest.raises(TooManyLogins) as refused:
        await logins.begin(under_way("h-2"))
    assert refused.value.retry_after == bounds.RETRY_S
    assert await logins.under_way(digest("h-2"), AT) is None
    for number in range(3, 5):
        await logins.begin(under_way(f"h-{number}", address=digest(f"other {number}")))
    with pytest.raises(TooManyLogins):
        await logins.begin(under_way("h-5", address=digest("a third")))
    later = AT + HOUR  # those before have expired, whether swept or not
    await logins.begin(under_way("h-6", created_at=later, expires_at=later + HOUR))


async def test_callers_without_an_address_share_no_bound_of_their_own(logins, monkeypatch):
    monkeypatch.setattr(bounds, "OF_ONE_ADDRESS", 2)
    begun = [under_way(f"h-{number}", address=b"") for number in range(3)]
    for login in begun:
        await logins.begin(login)
    assert [await logins.under_way(login.handle, AT) for login in begun] == begun


@pytest.mark.parametrize("who", [somebody(), a_company(), somebody(account=None, person=None)])
async def test_a_finished_login_is_read_with_all_that_was_written(logins, who):
    begun = under_way()
    await logins.begin(begun)
    done = finished(begun, login=a_login(identity=who))
    assert await logins.finish(done)
    assert await logins.login(done.login.id) == done.login
    assert await logins.by_reference(digest("ref-1")) == done.login
    assert await logins.session(digest("cookie-1"), "portal", AT) == done.session
    assert await logins.session_by_id(done.session.id, AT) == done.session
    assert await logins.code(digest("code-1"), AT) == done.code
    assert await logins.under_way(begun.handle, AT) is None
    assert await logins.login(uuid4()) is None
    assert await logins.by_reference(digest("ref-2")) is None


async def test_a_login_finishes_once(logins):
    begun = under_way()
    await logins.begin(begun)
    first = finished(begun)
    second = finished(begun, "assertion-2", reference="ref-2", code="code-2")
    assert sorted(await asyncio.gather(logins.finish(first), logins.finish(second))) == [False, True]
    assert [bool(await logins.by_reference(digest(ref))) for ref in ("ref-1", "ref-2")].count(True) == 1


async def test_a_finished_login_is_known_by_its_handle_until_it_would_have_expired(logins):
    begun, nothing = under_way(address=b"a"), under_way("h-2")
    for each in (begun, nothing):
        await logins.begin(each)
    assert await logins.done(begun.handle, AT) is None
    assert await logins.finish(finished(begun))
    await logins.end(nothing.id)
    assert await logins.done(begun.handle, AT) == DoneLogin(begun.browser, begun.municipality, begun.request)
    assert await logins.done(begun.handle, begun.expires_at) is None
    assert await logins.done(nothing.handle, AT) is None


async def test_an_answer_counts_once(logins):
    await logged_in(logins, "1")
    begun = under_way("h-2")
    await logins.begin(begun)
    replayed = finished(begun, "assertion-1", reference="ref-2", code="code-2")
    assert not await logins.finish(replayed)
    assert await logins.login(replayed.login.id) is None
    assert await logins.session_by_id(replayed.session.id, AT) is None
    assert await logins.code(digest("code-2"), AT) is None
    assert await logins.under_way(begun.handle, AT) == begun


async def test_a_login_that_expired_meanwhile_does_not_finish(logins):
    begun = under_way(expires_at=AT)
    await logins.begin(replace(begun, created_at=AT - HOUR))
    assert not await logins.finish(finished(begun))


async def test_a_login_without_an_answer_that_could_come_twice_finishes(logins):
    for number in ("1", "2"):
        begun = under_way(f"h-{number}")
        await logins.begin(begun)
        assert await logins.finish(finished(begun, None, reference=f"ref-{number}", code=f"code-{number}"))


async def test_who_it_was_is_told_for_an_hour(logins, clock):  # noqa: F811
    done = await logged_in(logins)
    clock.advance(seconds=3599)
    assert (await logins.login(done.login.id)).identity == somebody()
    clock.advance(seconds=1)
    assert await logins.login(done.login.id) == replace(done.login, identity=None)
    assert await logins.by_reference(digest("ref-1")) == replace(done.login, identity=None)


async def test_a_session_ends_with_its_time_or_unused(logins):
    done = await logged_in(logins)
    idle = AT + timedelta(seconds=done.session.idle_s)
    assert await logins.session(digest("cookie-1"), "portal", idle - SECOND) == done.session
    assert await logins.session(digest("cookie-1"), "portal", idle) is None
    assert await logins.session_by_id(done.session.id, idle) is None
    assert await logins.session(digest("cookie-1"), "other", AT) is None
    assert await logins.session(digest("cookie-2"), "portal", AT) is None


async def test_a_session_used_again_brings_another_login_and_lives_on(logins):
    done = await logged_in(logins)
    later = AT + timedelta(minutes=20)
    second = again(done, used_at=later)
    longer = replace(second.session, expires_at=AT + 99 * HOUR, level=Level.HIGH)  # neither grows by use
    second = replace(second, login=replace(second.login, created_at=later))
    assert await logins.finish(replace(second, session=longer))
    assert await logins.login(second.login.id) == second.login
    assert await logins.code(digest("code-2"), AT) == second.code
    at = later + timedelta(seconds=done.session.idle_s) - SECOND
    assert await logins.session(digest("cookie-1"), "portal", at) == second.session


async def test_a_session_that_ended_meanwhile_brings_nothing(logins):
    done = await logged_in(logins)
    assert await logins.end_sessions(digest("cookie-1")) == (done.session,)
    assert not await logins.finish(again(done))
    assert await logins.by_reference(digest("ref-2")) is None
    assert await logins.session_by_id(done.session.id, AT) is None


async def test_codes_out_of_one_session_are_bounded(logins, monkeypatch):
    monkeypatch.setattr(bounds, "CODES_OF_ONE_SESSION", 2)
    done = await logged_in(logins)
    second = again(done)
    assert await logins.finish(second)
    assert not await logins.finish(again(done, "3"))
    assert await logins.by_reference(digest("ref-3")) is None
    assert (await logins.session_by_id(done.session.id, AT)).login == second.login.id
    later = done.code.expires_at
    login = replace(done.login, id=uuid4(), login_ref=digest("ref-4"), created_at=later)
    assert await logins.finish(again(replace(done, login=login), "4"))


async def test_of_several_sessions_the_one_used_last_is_found_and_all_end_together(logins, clock):  # noqa: F811
    first = await logged_in(logins, "1")
    login = a_login("ref-2", client="shop")
    await logged_in(logins, "2", login=login)
    newer = a_session(first.login, used_at=AT + SECOND)
    await logged_in(logins, "3", login=a_login("ref-3"), session=newer)
    found = await logins.session(digest("cookie-1"), "portal", AT + SECOND)
    assert found.id == newer.id
    ended = await logins.end_sessions(digest("cookie-1"))
    assert {each.client for each in ended} == {"portal", "shop"}
    assert len(ended) == 3
    assert await logins.end_sessions(digest("cookie-1")) == ()
    await logged_in(logins, "4")
    clock.advance(hours=9)
    assert await logins.end_sessions(digest("cookie-1")) == (), "what had ended by itself is not told of"


async def test_sessions_go_over_to_the_cookie_of_a_new_login(logins):
    first = await logged_in(logins)
    old, new = first.session.cookie, digest("cookie-2")
    login = a_login("ref-2")
    session = a_session(login, "cookie-2", client="second-portal")
    await logged_in(logins, "2", login=login, session=session, cookie_before=old)
    assert await logins.sessions(old, AT) == ()
    assert {each.id for each in await logins.sessions(new, AT)} == {first.session.id, session.id}
    assert (await logins.session(new, first.session.client, AT)).login == first.login.id
    assert await logins.sessions(new, first.session.expires_at + HOUR) == ()


async def test_a_code_is_redeemed_once_and_not_after_its_time(logins):
    done = await logged_in(logins)
    code, expired = done.code.code, done.code.expires_at
    assert await logins.code(digest("code-2"), AT) is None
    assert not await logins.redeem(digest("code-2"), AT, None)
    assert await logins.code(code, expired) is None
    assert not await logins.redeem(code, expired, a_token(done))
    assert await logins.token(digest("token-1"), AT) is None
    assert await logins.code(code, AT) == done.code, "neither an expired try nor looking used it up"
    assert await logins.redeem(code, AT, None)
    assert await logins.code(code, AT) is None
    assert not await logins.redeem(code, AT, a_token(done))
    assert await logins.token(digest("token-1"), AT) is None


async def test_of_two_that_redeem_at_once_one_gets_it(logins):
    done = await logged_in(logins)
    calls = (logins.redeem(digest("code-1"), AT, a_token(done, f"token-{number}")) for number in range(2))
    assert sorted(await asyncio.gather(*calls)) == [False, True]
    assert [await logins.token(digest(f"token-{number}"), AT) for number in range(2)] == [None, None]


async def test_a_token_opens_what_it_was_given_for_until_it_expires(logins):
    done = await logged_in(logins)
    token = a_token(done)
    assert await logins.redeem(digest("code-1"), AT, token)
    assert await logins.token(digest("token-1"), AT) == token
    assert await logins.token(digest("token-1"), token.expires_at) is None
    assert not await logins.redeem(digest("unknown"), AT, replace(token, token=digest("token-2")))
    assert await logins.token(digest("token-2"), AT) is None


async def test_a_code_used_twice_revokes_all_that_it_gave(logins, clock):  # noqa: F811
    done, other = await logged_in(logins, "1"), await logged_in(logins, "2")
    for each, token in ((done, "token-1"), (other, "token-2")):
        assert await logins.redeem(each.code.code, AT, a_token(each, token))
    assert not await logins.redeem(done.code.code, AT + SECOND, a_token(done, "token-3"))
    assert [await logins.token(digest(f"token-{number}"), AT) for number in (1, 3)] == [None, None]
    clock.advance(seconds=1)
    ended = await logins.by_reference(digest("ref-1"))
    assert (ended.expires_at, ended.identity) == (AT + SECOND, None)
    assert await logins.token(digest("token-2"), AT) == a_token(other, "token-2")
    assert (await logins.login(other.login.id)).identity == somebody()


async def test_a_pushed_request_is_read_by_its_client_until_a_login_uses_it_up(logins):
    uri = digest("uri")
    await logins.push(uri, "portal", {"state": "s", "scope": ["openid"]}, AT + SECOND)
    assert await logins.pushed(uri, "other", AT) is None
    assert await logins.pushed(uri, "portal", AT + SECOND) is None
    for _ in range(2):
        assert await logins.pushed(uri, "portal", AT) == {"state": "s", "scope": ["openid"]}
    assert not await logins.begin(under_way("another's", client="other"), uri)
    assert not await logins.begin(under_way("late", created_at=AT + SECOND), uri)
    assert await logins.begin(under_way(), uri)
    assert await logins.pushed(uri, "portal", AT) is None
    assert not await logins.begin(under_way("h-2"), uri)
    for handle in ("another's", "late", "h-2"):
        assert await logins.under_way(digest(handle), AT) is None, handle


async def test_a_login_that_is_not_kept_leaves_its_pushed_request(logins, monkeypatch):
    await logins.push(digest("uri"), "portal", {"state": "s"}, AT + SECOND)
    monkeypatch.setattr(bounds, "OF_ONE_ADDRESS", 0)
    with pytest.raises(TooManyLogins):
        await logins.begin(under_way(), digest("uri"))
    monkeypatch.undo()
    assert await logins.begin(under_way(), digest("uri"))


async def test_a_pushed_request_is_used_up_by_a_session_that_goes_on(logins):
    done, uri = await logged_in(logins), digest("uri")
    await logins.push(uri, "portal", {"state": "s"}, AT + HOUR)
    ended = replace(again(done, "2"), session=replace(done.session, id=uuid4()), pushed=uri)
    assert not await logins.finish(ended)
    assert await logins.finish(replace(again(done, "3"), pushed=uri))
    assert await logins.code(digest("code-3"), AT) is not None
    assert not await logins.finish(replace(again(done, "4"), pushed=uri))
    assert await logins.by_reference(digest("ref-4")) is None


async def test_of_two_logins_by_one_pushed_request_one_begins(logins):
    await logins.push(digest("uri"), "portal", {}, AT + SECOND)
    calls = (logins.begin(under_way(f"h-{number}"), digest("uri")) for number in range(2))
    assert sorted(await asyncio.gather(*calls)) == [False, True]


async def test_what_one_client_pushes_is_bounded(logins, clock, monkeypatch):  # noqa: F811
    monkeypatch.setattr(bounds, "PUSHED_OF_ONE_CLIENT", 2)
    until = clock.now() + SECOND
    for uri in ("1", "2"):
        await logins.push(digest(uri), "app", {}, until)
    with pytest.raises(TooManyLogins):
        await logins.push(digest("3"), "app", {}, until)
    await logins.push(digest("4"), "portal", {}, until)
    assert await logins.pushed(digest("3"), "app", clock.now()) is None
    clock.advance(seconds=1)
    await logins.push(digest("5"), "app", {}, clock.now() + SECOND)


async def test_a_municipality_has_one_subject_key_for_ever(logins):
    keys = await asyncio.gather(*(logins.subject_key(TOWN) for _ in range(3)))
    assert [len(key) for key in keys] == [32, 32, 32]
    assert len(set(keys)) == 1
    assert await logins.subject_key(OTHER_TOWN) not in keys


async def test_our_entity_ids_are_known_where_a_provider_has_accounts(logins):
    await logged_in(logins, "1")
    await logged_in(logins, "2", entity_id="https://before.example/saml", account=digest("another"))
    await logged_in(logins, "3", account=None, entity_id=None)
    assert await logins.entity_ids(TOWN, "bundid") == {OURS, "https://before.example/saml"}
    assert await logins.entity_ids(TOWN, "muk") == frozenset()
    assert await logins.entity_ids(OTHER_TOWN, "bundid") == frozenset()


# what a submission takes over


def bound(done, key="k-1", **changed):
    return replace(new_submission(key, **changed), login=TakenLogin(done.login.id, done.login.identity))


async def test_a_submission_takes_its_login_over_and_keeps_who_it_was(store, clock):  # noqa: F811
    done = await logged_in(store.logins)
    new = bound(done, attachments=(await uploaded(store),))
    await store.create(new)
    assert (await store.logins.login(done.login.id)).submission == new.submission.id
    clock.advance(hours=2)
    assert (await store.stored(new.submission.id)).identity == somebody()
    assert await store.identity_of(new.submission.id) == somebody()


async def test_a_submission_without_a_login_has_none(store):
    new = new_submission()
    await store.create(new)
    assert (await store.stored(new.submission.id)).identity is None
    assert await store.identity_of(new.submission.id) is None
    with pytest.raises(NotFound):
        await store.identity_of(uuid4())


async def test_a_correction_keeps_who_logged_in_without_a_login_of_its_own(store):
    done = await logged_in(store.logins)
    first = bound(done)
    await store.create(first)
    second = replace(new_submission("k-2"), supersedes=first.submission.id, login=TakenLogin(None, somebody()))
    await store.create(second)
    assert await store.identity_of(second.submission.id) == somebody()


async def test_a_login_serves_one_application_and_a_repeat_is_answered_as_before(store):
    done = await logged_in(store.logins)
    first = await store.create(bound(done))
    assert await store.create(bound(done)) == first
    with pytest.raises(LoginUnusable) as refused:
        await store.create(bound(done, "k-2"))
    assert [finding.pointer for finding in refused.value.findings] == ["/login"]
    assert await store.known("portal", "k-2", new_submission().digest) is None, "nothing was written"


async def test_of_two_applications_at_once_one_gets_the_login(store):
    done = await logged_in(store.logins)
    tries = (store.create(bound(done, f"k-{number}")) for number in range(2))
    got = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(isinstance(each, LoginUnusable) for each in got) == [False, True]


@pytest.mark.parametrize("other", ["expired", "unknown", "of another town", "of another portal", "used twice"])
async def test_a_login_that_is_not_to_be_had_refuses_the_application(store, clock, other):  # noqa: F811
    changed = {"of another town": {"municipality": OTHER_TOWN}, "of another portal": {"owner": "another"}}
    done = await logged_in(store.logins, login=a_login(**changed.get(other, {})))
    if other == "expired":
        clock.advance(hours=1)
    elif other == "unknown":
        done = replace(done, login=replace(done.login, id=uuid4()))
    elif other == "used twice":
        await store.logins.redeem(done.code.code, AT, None)
        await store.logins.redeem(done.code.code, AT, None)
    with pytest.raises(LoginUnusable):
        await store.create(bound(done))


async def test_erasing_a_submission_forgets_who_logged_in(store, tmp_path):
    done = await logged_in(store.logins)
    new = bound(done)
    await store.create(new)
    await store.commit(1, Change(replace(new.submission, state=State.ACCEPTED)))
    keeper = store if isinstance(store, MemoryStore) else store.retention(ErasedList(tmp_path / NAME))
    await keeper.erase(new.submission.id, "request")
    assert await store.identity_of(new.submission.id) is None
    assert (await store.logins.login(done.login.id)).identity is None
