"""One contract for both stores: what PostgreSQL's answers, the one in memory answers too.

What only a database can show (rows, keys, jobs, processes) is asked in `tests/store`.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from gateway.errors import (
    DigestMismatch,
    Erased,
    IdempotencyConflict,
    InvalidParameter,
    LengthMismatch,
    NotFound,
    OffsetConflict,
    StillUnderWay,
    Superseded,
    UploadConflict,
    UploadTaken,
    UploadUnknown,
    VersionGone,
)
from gateway.evidence import chain
from gateway.model import Event, EventMeaning, FitConnectAddress, Part, Reason, Scope, State
from gateway.ports.blobs import SMALL_BLOB, SmallBlob
from gateway.ports.store import Change, EvidenceEntry, Filter, JournalEntry, Passed
from gateway.store.erasure.erased_list import NAME, ErasedList
from gateway.store.memory import MemoryStore
from gateway.store.postgres import PostgresStore
from gateway.store.submissions.blobs import FRAME
from tests.store.conftest import (
    EVERYBODY,
    OTHER_TOWN,
    TOWN,
    bytes_of,
    clock,  # noqa: F401 - a fixture
    correcting,
    drained,
    incoming,
    new_submission,
    pieces,
    taken,
    uploaded,
)

MINE = Scope("portal", frozenset({TOWN}))


@pytest.fixture
def erase(store, tmp_path):
    """Erase one submission, as its portal may ask."""
    keeper = store if isinstance(store, MemoryStore) else store.retention(ErasedList(tmp_path / NAME))
    return lambda submission_id: keeper.erase(submission_id, "request")


@pytest.fixture
def stop(store):
    """Pause a destination, `all` or everything (`maintenance`)."""

    async def stopped(target):
        _ = store.pauses.add(target) if isinstance(store, MemoryStore) else await store.pauses.stop(target)

    return stopped


async def test_what_was_created_is_loaded_viewed_and_decrypted(store):
    attachment = await uploaded(store)
    new = new_submission(attachments=(attachment,))
    view = await store.create(new)
    assert view.submission == new.submission
    assert await store.load(new.submission.id) == new.submission
    assert await store.view(new.submission.id, EVERYBODY) == view
    stored = await store.stored(new.submission.id)
    assert (stored.record, stored.document, stored.attachments) == (new.record, new.document, (attachment,))
    assert stored.received_at == new.submission.created_at
    assert await drained(store.read_blob(attachment.blob)) == b"%PDF-1.7"


async def test_the_same_key_and_digest_again_is_answered_as_then(store):
    new = new_submission()
    first = await store.create(new)
    moved = replace(new.submission, state=State.HELD, reason=Reason("x", "d", "e"), case_id="c")
    await store.commit(1, Change(submission=moved))
    again = await store.create(new_submission())
    assert again == first
    assert await store.known("portal", "k-1", new.digest) == first
    assert await store.known("portal", "k-2", new.digest) is None
    assert await store.known("other", "k-1", new.digest) is None


async def test_the_same_key_with_another_body_is_a_conflict(store):
    await store.create(new_submission())
    with pytest.raises(IdempotencyConflict):
        await store.create(replace(new_submission(), digest=b"other"))
    with pytest.raises(IdempotencyConflict):
        await store.known("portal", "k-1", b"other")


async def test_a_commit_writes_all_that_goes_with_it(store, clock):  # noqa: F811
    new = new_submission()
    await store.create(new)
    it = await store.load(new.submission.id)
    async with store.write_blob(it.id) as writer:
        await writer.write(b"sealed")
        blob = await writer.finish()
    clock.advance(seconds=1)
    event = Event("accept-submission", "iss", True, clock.now(), ({"type": "t"},), "jti", "a.b.c")
    after = replace(
        it, state=State.SEALED, parts=(Part("data", blob, 6, "t"),), events=(event,), remote_id="r", intent="announce",
        attempts=2, next_at=clock.now() + timedelta(hours=1), held_from=State.RECEIVED, updated_at=clock.now(),
    )  # fmt: skip
    change = Change(
        submission=after,
        journal=(JournalEntry("seal", "intent"), JournalEntry("seal", "result", {"parts": 1})),
        evidence=(EvidenceEntry("sealed", {"n": 1.5, "ä": None}), EvidenceEntry("sealed", {})),
        wake_at=clock.now() + timedelta(days=1),
    )
    committed = await store.commit(1, change)
    assert committed == replace(after, version=2) == await store.load(it.id)
    assert [(line["step"], line["kind"], line["version"]) for line in await store.journal_of(it.id)] == [
        ("seal", "intent", 2),
        ("seal", "result", 2),
    ]
    links = await store.evidence_of(it.id)
    assert [link.kind for link in links] == ["received", "sealed", "sealed"]
    assert chain.broken_at(links, it.id) is None
    assert [line.state for line in await store.changes(None, EVERYBODY, 10)] == ["received", "sealed"]
    await store.commit(2, Change(submission=replace(committed, state=State.CANCELLED, parts=()), discard=(blob,)))
    with pytest.raises(NotFound):
        await drained(store.read_blob(blob))


async def test_a_stored_event_means_what_its_channel_says(store, clock):  # noqa: F811
    said = [("submit-submission", "service"), ("accept-submission", "d-1"), ("reject-submission", "service")]
    log = tuple(Event(kind, issuer, True, clock.now(), jti=kind) for kind, issuer in said)
    log += (Event("accept-submission", "d-1", False, clock.now(), ({"rule": "tags_missing"},), "refused:1"),)
    for channel, meant in (
        ("fitconnect", [EventMeaning.SUBMITTED, EventMeaning.ACCEPTED, EventMeaning.WITHDRAWN]),
        ("of a later release", [EventMeaning.NOTICE] * 3),
    ):
        new = new_submission(channel, channel=channel)
        await store.create(new)
        await store.commit(1, Change(replace(new.submission, destination_id="D-1", events=log)))
        it = (await store.load(new.submission.id)).events
        assert [event.meaning for event in it[:3]] == meant
        assert [event.type for event in it[:3]] == [kind for kind, _ in said]
        assert [event.lack is None for event in it] == [True, True, True, channel != "fitconnect"]


@pytest.mark.parametrize("address", [None, FitConnectAddress("urn:x:y", None), FitConnectAddress("urn:x:y", "DE15")])
async def test_what_a_channel_knows_of_the_way_is_kept(store, address):
    new = new_submission(address=address)
    assert (await store.create(new)).submission == new.submission
    assert await store.load(new.submission.id) == new.submission


async def test_states_passed_before_the_commit_are_told_in_their_order_and_at_their_time(store, clock):  # noqa: F811
    new = new_submission()
    await store.create(new)
    passed = (Passed(State.RECEIVED, clock.now()), Passed(State.SUBMITTED, clock.now()))
    reached = clock.now()
    clock.advance(seconds=1)
    await store.commit(1, Change(replace(new.submission, state=State.ACCEPTED), passed=passed))
    told = [(line.state, line.at) for line in await store.changes(None, EVERYBODY, 10)][1:]
    assert told == [("submitted", reached), ("accepted", clock.now())], "nothing twice, nothing left out"


async def test_only_one_of_two_workers_commits_on_a_version(store):
    new = new_submission()
    await store.create(new)
    change = Change(submission=replace(new.submission, intent="seal"), journal=(JournalEntry("seal", "intent"),))
    outcomes = await asyncio.gather(*(store.commit(1, change) for _ in range(5)), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Submission"] + ["VersionGone"] * 4
    assert len(await store.journal_of(new.submission.id)) == 1
    with pytest.raises(VersionGone):
        await store.commit(1, change)


async def test_an_unknown_submission_is_not_found(store):
    with pytest.raises(NotFound):
        await store.load(uuid4())
    with pytest.raises(NotFound):
        await store.stored(uuid4())
    with pytest.raises(NotFound):
        await store.view(uuid4(), EVERYBODY)


async def test_a_correction_is_linked_both_ways_and_only_one_stands(store):
    old = new_submission("old")
    await store.create(old)
    new = replace(new_submission("new"), supersedes=old.submission.id)
    made = await store.create(new)
    assert made.supersedes == old.submission.id
    assert (await store.view(old.submission.id, EVERYBODY)).superseded_by == new.submission.id
    assert (await store.known("portal", "new", new.digest)).supersedes == old.submission.id
    second = replace(new_submission("second"), supersedes=old.submission.id)
    with pytest.raises(Superseded):
        await store.create(second)
    assert await store.known("portal", "second", second.digest) is None
    foreign = replace(new_submission("foreign", client="neighbour"), supersedes=new.submission.id)
    with pytest.raises(Superseded):
        await store.create(foreign)
    assert (await store.list_views(Filter(), Scope("neighbour")))[0] == ()


async def test_a_correction_is_itself_corrected_with_the_same_file(store):
    old = await taken(store, b"%PDF-1.7 a")
    new = await correcting(store, old)
    await store.create(new)
    third = await correcting(store, new, "third")
    await store.create(third)
    assert await bytes_of(store, third.submission.id) == b"%PDF-1.7 a"


async def test_only_the_corrected_applications_own_client_finds_its_files(store):
    old, beside = await taken(store, b"mine"), await taken(store, b"beside", "beside")
    mine, others = old.attachments[0].upload, beside.attachments[0].upload
    assert await store.files_of("other", old.submission.id, (mine,)) == {}
    assert await store.files_of("portal", old.submission.id, (others,)) == {}
    with pytest.raises(UploadTaken):
        await store.create(replace(new_submission("new", attachments=beside.attachments), supersedes=old.submission.id))


async def test_other_bytes_under_the_same_id_are_a_conflict(store):
    it = incoming(b"one")
    await store.receive_upload(it, pieces(b"one"))
    with pytest.raises(UploadConflict):
        await store.receive_upload(incoming(b"two", upload=it.upload), pieces(b"two"))
    assert await drained(store.read_blob((await store.uploads("portal", (it.upload,)))[it.upload].blob)) == b"one"


async def test_another_client_learns_nothing_of_an_upload_and_may_use_its_id(store):
    it = incoming(b"mine")
    await store.receive_upload(it, pieces(b"mine"))
    assert await store.uploads("other", (it.upload,)) == {}
    theirs = await store.receive_upload(incoming(b"theirs", client="other", upload=it.upload), pieces(b"theirs"))
    assert theirs.created


async def test_an_id_that_ran_out_may_be_used_again(store, clock):  # noqa: F811
    it = incoming(b"one")
    await store.receive_upload(it, pieces(b"one"))
    clock.advance(hours=25)
    assert (await store.receive_upload(incoming(b"two", upload=it.upload), pieces(b"two"))).created


async def test_a_used_upload_is_taken(store):
    attachment = await uploaded(store)
    await store.create(new_submission("a", attachments=(attachment,)))
    with pytest.raises(UploadTaken):
        await store.create(new_submission("b", attachments=(attachment,)))


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
            await asyncio.sleep(0)

    reader = asyncio.create_task(follow())
    await asyncio.gather(*(store.create(new_submission(f"k{no}")) for no in range(60)))
    done.set()
    await reader
    assert len(seen) == len({line.submission_id for line in seen}) == 60


async def test_what_is_printed_knows_the_reference_of_the_portal(store):
    named, nameless = new_submission("a", reference="AZ-1"), new_submission("b", reference=None)
    for one in (named, nameless):
        await store.create(one)
    assert (await store.stored(named.submission.id)).reference == "AZ-1"
    assert (await store.stored(nameless.submission.id)).reference is None
    assert "AZ-1" not in repr(await store.stored(named.submission.id))


@pytest.mark.parametrize("size", [0, 1, FRAME, 2 * FRAME + 7])
async def test_an_upload_comes_back_in_frames_whatever_the_pieces_it_came_in(store, size):
    data = os.urandom(size)
    it = incoming(data)
    done = await store.receive_upload(it, pieces(data[: size // 3], b"", data[size // 3 :]))
    assert (done.size, done.sha256, done.created, done.media_type) == (size, it.sha256, True, "application/pdf")
    found = (await store.uploads("portal", (it.upload, uuid4())))[it.upload]
    assert (found.size, found.sha256, found.kind, found.filename) == (size, it.sha256, "", "")
    assert all([len(frame) <= FRAME async for frame in store.read_blob(found.blob)])
    assert await drained(store.read_blob(found.blob)) == data


@pytest.mark.parametrize("size", [10, FRAME + 10])
async def test_a_repeated_upload_is_answered_as_the_first_was(store, clock, size):  # noqa: F811
    data = os.urandom(size)
    it = incoming(data)
    first = await store.receive_upload(it, pieces(data))
    clock.advance(hours=1)
    assert await store.receive_upload(it, pieces(data)) == replace(first, created=False)
    await store.create(new_submission(attachments=(await uploaded(store, data, upload=it.upload),)))
    clock.advance(hours=48)
    assert await store.receive_upload(it, pieces(data)) == replace(first, created=False), "used: it does not run out"


@pytest.mark.parametrize("size", [10, 2 * FRAME + 10])
@pytest.mark.parametrize(
    ("changed", "error"),
    [({"sha256": "0" * 64}, DigestMismatch), ({"length": 5}, LengthMismatch), ({"length": 9 * FRAME}, LengthMismatch)],
)
async def test_a_body_that_lies_is_not_kept(store, size, changed, error):
    data = os.urandom(size)
    it = incoming(data, **changed)
    with pytest.raises(error):
        await store.receive_upload(it, pieces(data[:FRAME], data[FRAME:]))
    assert await store.uploads("portal", (it.upload,)) == {}
    with pytest.raises(error):
        await store.receive_upload(it, pieces(data))


async def test_a_portal_that_hangs_up_leaves_nothing(store):
    async def broken():
        yield os.urandom(FRAME)
        raise ConnectionResetError

    it = incoming(b"", length=2 * FRAME)
    with pytest.raises(ConnectionResetError):
        await store.receive_upload(it, broken())
    assert await store.uploads("portal", (it.upload,)) == {}


async def test_an_unused_upload_runs_out_after_a_day_and_cannot_be_used_any_more(store, clock):  # noqa: F811
    unused = await uploaded(store, b"unused")
    clock.advance(hours=23, minutes=59)
    assert (await store.uploads("portal", (unused.upload,))).keys() == {unused.upload}
    clock.advance(minutes=1)
    assert await store.uploads("portal", (unused.upload,)) == {}
    with pytest.raises(UploadUnknown):
        await store.create(new_submission(attachments=(unused,)))


async def test_racing_submissions_over_one_upload_leave_one(store):
    attachment = await uploaded(store)
    outcomes = await asyncio.gather(
        *(store.create(new_submission(f"k-{no}", attachments=(attachment,))) for no in range(4)), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["UploadTaken"] * 3 + ["View"]
    assert len((await store.list_views(Filter(), EVERYBODY))[0]) == 1


async def test_racing_calls_with_one_key_store_one_submission(store):
    views = await asyncio.gather(*(store.create(new_submission()) for _ in range(4)))
    assert len({view.submission.id for view in views}) == 1
    assert len(await store.changes(None, EVERYBODY, 10)) == 1


async def test_an_upload_that_cannot_be_used_stores_nothing(store):
    mine, foreign = await uploaded(store), await uploaded(store, client="other")
    await store.create(new_submission("first", attachments=(mine,)))
    free = await uploaded(store, b"free")
    for attachment, error in (
        (mine, UploadTaken),
        (foreign, UploadUnknown),
        (replace(mine, upload=uuid4()), UploadUnknown),
    ):
        second = new_submission("second", attachments=(free, attachment))
        with pytest.raises(error):
            await store.create(second)
        assert await store.known("portal", "second", second.digest) is None
    await store.create(new_submission("third", attachments=(free,)))


async def test_small_blobs_stand_with_the_commit_or_not_at_all(store):
    new = new_submission()
    await store.create(new)
    small = tuple(SmallBlob(uuid4(), content) for content in (b"", b"Antrag", os.urandom(SMALL_BLOB)))
    change = Change(submission=replace(new.submission, intent="seal"), blobs=small)
    await store.commit(1, change)
    late = SmallBlob(uuid4(), b"late")
    with pytest.raises(VersionGone):
        await store.commit(1, replace(change, blobs=(late,)))
    for _ in range(2):
        assert [await drained(store.read_blob(each.id)) for each in small] == [each.content for each in small]
    with pytest.raises(NotFound):
        await drained(store.read_blob(late.id))


async def test_a_commit_discards_only_what_is_its_own(store):
    new, other = new_submission(), new_submission("other")
    for each in (new, other):
        await store.create(each)
    async with store.write_blob(other.submission.id) as writer:
        await writer.write(b"another's")
        blob = await writer.finish()
    await store.commit(1, Change(new.submission, discard=(blob, uuid4())))
    assert await drained(store.read_blob(blob)) == b"another's"


async def test_a_commit_changes_nothing_of_what_was_taken_in(store, clock):  # noqa: F811
    new = new_submission()
    await store.create(new)
    other = replace(
        new.submission, client="other", municipality=OTHER_TOWN, service="x", channel="y", created_at=clock.now(),
        test=True, state=State.SEALED, events=(Event("e", "i", True, clock.now(), key="k"),),
    )  # fmt: skip
    await store.commit(1, Change(other))
    kept = await store.load(new.submission.id)
    assert replace(kept, state=State.RECEIVED, events=(), version=1) == new.submission
    assert [event.key for event in kept.events] == [""], "known where it is read, not kept"
    assert len(await store.changes(None, MINE, 10)) == 2


async def test_what_json_cannot_say_is_neither_journalled_nor_proved(store):
    new = new_submission()
    await store.create(new)
    for change in (
        Change(new.submission, journal=(JournalEntry("s", "result", {"n": object()}),)),
        Change(new.submission, evidence=(EvidenceEntry("e", {"n": object()}),)),
    ):
        with pytest.raises(TypeError):
            await store.commit(1, change)
    assert (await store.load(new.submission.id)).version == 1
    assert len(await store.evidence_of(new.submission.id)) == 1


async def test_an_unfinished_or_unknown_blob_cannot_be_read(store):
    new = new_submission()
    await store.create(new)
    with pytest.raises(NotFound):
        await drained(store.read_blob(uuid4()))
    async with store.write_blob(new.submission.id) as writer:
        await writer.write(os.urandom(2 * FRAME + 1))
        with pytest.raises(NotFound):
            await drained(store.read_blob(writer.blob))
    with pytest.raises(NotFound):
        await drained(store.read_blob(writer.blob))
    assert isinstance(store, PostgresStore) or store.blobs == {}, "PostgreSQL's rows: tests/store/test_uploads.py"
    with pytest.raises(NotFound):
        async with store.write_blob(uuid4()):
            pass


async def test_nothing_of_an_erased_submission_is_read_or_written_any_more(store, erase):
    old = await taken(store, b"Lageplan")
    (file,) = old.attachments
    assert await erase(old.submission.id) is True
    assert await erase(old.submission.id) is False
    for asked in (store.stored(old.submission.id), store.known("portal", "old", old.digest)):
        with pytest.raises(Erased):
            await asked
    with pytest.raises(NotFound):
        await drained(store.read_blob(file.blob))
    with pytest.raises(Erased):
        await store.write_blob(old.submission.id).__aenter__()
    row = await store.load(old.submission.id)
    with pytest.raises(Erased):
        await store.commit(row.version, Change(row, blobs=(SmallBlob(uuid4(), b"late"),)))
    view = await store.view(old.submission.id, EVERYBODY)
    assert (view.reference, [one.filename for one in view.attachments]) == (None, [""])
    assert (await store.list_views(Filter(reference="AZ-Mustermann"), EVERYBODY))[0] == ()
    links = await store.evidence_of(old.submission.id)
    assert links[-1].kind == "erased"
    assert chain.broken_at(links, old.submission.id) is None
    assert await store.uploads("portal", (file.upload,)) == {}


async def test_what_is_under_way_is_not_erased(store, erase):
    new = new_submission()
    await store.create(new)
    with pytest.raises(StillUnderWay):
        await erase(new.submission.id)
    with pytest.raises(NotFound):
        await erase(uuid4())
    assert (await store.stored(new.submission.id)).record == new.record


@pytest.mark.parametrize("first", ["old", "new"])
async def test_of_a_file_that_stands_twice_each_is_erased_alone(store, erase, first):
    data = os.urandom(FRAME + 10)
    old = await taken(store, data, state=State.REJECTED)
    new = await correcting(store, old)
    made = await store.create(new)
    assert made.attachments[0].blob != old.attachments[0].blob
    await store.commit(1, Change(replace(new.submission, state=State.ACCEPTED)))
    both = {"old": old.submission.id, "new": new.submission.id}
    assert [await bytes_of(store, each) for each in both.values()] == [data, data]
    await erase(both.pop(first))
    (left,) = both.values()
    assert await bytes_of(store, left) == data


async def test_a_file_that_was_erased_is_gone_for_its_correction_and_may_be_sent_again(store, erase):
    old = await taken(store, b"one")
    upload = old.attachments[0].upload
    late = await correcting(store, old)
    await erase(old.submission.id)
    assert [one.blob for one in (await store.files_of("portal", old.submission.id, (upload,))).values()] == [None]
    with pytest.raises(UploadUnknown):  # found before, erased meanwhile
        await store.create(late)
    assert (await store.view(old.submission.id, EVERYBODY)).superseded_by is None
    await store.receive_upload(incoming(b"two", upload=upload), pieces(b"two"))
    assert await store.files_of("portal", old.submission.id, (upload,)) == {}, "what was sent anew is meant"


async def test_a_refused_or_repeated_correction_changes_nothing(store):
    old = await taken(store, b"one")
    first, second = await correcting(store, old), await correcting(store, old, "second")
    made = await store.create(first)
    with pytest.raises(Superseded):
        await store.create(second)
    assert (await store.create(first)).submission.id == made.submission.id
    assert (await store.view(old.submission.id, EVERYBODY)).superseded_by == made.submission.id
    unknown = replace(new_submission("third"), supersedes=uuid4())
    with pytest.raises(Superseded):
        await store.create(unknown)


@pytest.mark.parametrize(
    ("target", "concerned", "maintained"), [("d", "d", False), ("all", "e", False), ("maintenance", "e", True)]
)
async def test_what_operators_stopped_is_known(store, stop, target, concerned, maintained):
    assert not await store.paused("d")
    assert not await store.in_maintenance()
    await stop(target)
    assert await store.paused(concerned)
    assert await store.paused("another") is (target != "d")
    assert await store.in_maintenance() is maintained


async def begun(store, length, metadata=""):
    return (await store.pieces.begin("portal", TOWN, "application/pdf", length, metadata)).upload


async def breaking_off(*chunks):
    for chunk in chunks:
        yield chunk
    raise ConnectionResetError


async def test_a_wrong_offset_or_too_many_bytes_are_refused(store):
    name = await begun(store, 10)
    with pytest.raises(OffsetConflict):
        await store.pieces.append("portal", name, 5, pieces(b"12345"), whole=False)
    with pytest.raises(OffsetConflict):
        await store.pieces.append("portal", name, 0, pieces(b"12345678901"), whole=False)
    assert (await store.pieces.find("portal", name)).offset == 0


async def test_an_empty_upload_is_complete_at_once(store):
    name = await begun(store, 0)
    assert (await store.uploads("portal", (name,)))[name].size == 0


async def test_pieces_become_one_upload(store):
    data = os.urandom(FRAME + 5)
    name = await begun(store, len(data), "filename SsO8cmdlbg==")
    with pytest.raises(ConnectionResetError):
        await store.pieces.append("portal", name, 0, breaking_off(data[:3], data[3:1000]), whole=False)
    with pytest.raises(ConnectionResetError):
        await store.pieces.append("portal", name, 1000, breaking_off(data[1000:2000]), whole=True)
    found = await store.pieces.find("portal", name)
    assert (found.offset, found.length, found.metadata) == (1000, len(data), "filename SsO8cmdlbg==")
    assert await store.uploads("portal", (name,)) == {}
    done = await store.pieces.append("portal", name, 1000, pieces(data[1000:]), whole=True)
    assert done == await store.pieces.find("portal", name) == replace(found, offset=len(data))
    made = (await store.uploads("portal", (name,)))[name]
    assert (made.size, made.media_type) == (len(data), "application/pdf")
    assert await drained(store.read_blob(made.blob)) == data


async def test_an_upload_in_pieces_is_its_clients_alone_and_ends(store, clock):  # noqa: F811
    ended, complete, expiring = [await begun(store, 4) for _ in range(3)]
    await store.pieces.append("portal", complete, 0, pieces(b"data"), whole=False)
    for asked in (
        store.pieces.find("neighbour", ended),
        store.pieces.end("neighbour", ended),
        store.pieces.append("neighbour", ended, 0, pieces(b"x"), whole=False),
    ):
        with pytest.raises(NotFound):
            await asked
    for name in (ended, complete):
        await store.pieces.end("portal", name)
        with pytest.raises(NotFound):
            await store.pieces.find("portal", name)
    assert await store.uploads("portal", (complete,)) == {}
    clock.advance(hours=24)
    with pytest.raises(NotFound):
        await store.pieces.find("portal", expiring)


async def test_an_upload_in_pieces_goes_with_the_submission_that_uses_it(store, erase):
    name = await begun(store, 4)
    await store.pieces.append("portal", name, 0, pieces(b"data"), whole=False)
    found = (await store.uploads("portal", (name,)))[name]
    new = new_submission(attachments=(replace(found, kind="site_plan", filename="Plan.pdf"),))
    await store.create(new)
    await store.commit(1, Change(replace(new.submission, state=State.CANCELLED)))
    assert (await store.pieces.find("portal", name)).offset == 4
    await erase(new.submission.id)
    with pytest.raises(NotFound):
        await store.pieces.find("portal", name)


async def test_of_several_requests_at_one_offset_one_counts(store):
    async def slowly(data):
        await asyncio.sleep(0)
        yield data

    name = await begun(store, 8)
    outcomes = await asyncio.gather(
        *(store.pieces.append("portal", name, 0, slowly(b"data"), whole=False) for _ in range(3)),
        return_exceptions=True,
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["OffsetConflict"] * 2 + ["Resumable"]
    assert (await store.pieces.find("portal", name)).offset == 4
