"""Write coalescing: what goes to the disk when, as a table of what a run does and which commits that makes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from gateway.delivery.write_coalescing import AT_ONCE_S, CoalescedWrites, joined
from gateway.errors import VersionGone
from gateway.model import State, Submission
from gateway.ports.blobs import SmallBlob
from gateway.ports.store import Change, EvidenceEntry, JournalEntry, Passed

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
ROW = Submission(uuid4(), "150900546546", "portal", "termin", State.SEALED, 7, AT, AT, "fitconnect")
SOON, LATER = AT + timedelta(seconds=1), AT + timedelta(minutes=5)


def change(name: str, state: State = State.SEALED, wake_at: datetime | None = None) -> Change:
    at = AT + timedelta(seconds=len(name))
    submission = replace(ROW, state=state, updated_at=at, next_at=wake_at)
    return Change(submission, (JournalEntry(name, "result"),), (EvidenceEntry(name, {}),), wake_at=wake_at)


BEGUN = change("begun")
ANNOUNCED = change("announced", State.ANNOUNCED, SOON)
UPLOADED = change("uploaded", State.UPLOADED, SOON)


class Disk:
    """Keeps each commit; the version counts on."""

    def __init__(self) -> None:
        self.commits: list[tuple[int, Change]] = []

    async def commit(self, expected: int, written: Change) -> Submission:
        self.commits.append((expected, written))
        return replace(written.submission, version=expected + 1)


async def carried_out(writes: CoalescedWrites, *deeds: object) -> object:
    """A change is added, a number is slept, an instant is put off to, "flush" flushes; what the last one gave."""
    gave: object = None
    for deed in deeds:
        if isinstance(deed, datetime):
            gave = await writes.put_off(deed)
        elif isinstance(deed, float):
            gave = await writes.before_sleep(deed)
        elif deed == "flush":
            gave = await writes.flush()
        else:
            gave = writes.add(deed)  # type: ignore[func-returns-value, arg-type]
    return gave


@pytest.mark.parametrize(
    ("deeds", "commits"),
    [
        pytest.param((), [], id="nothing known, nothing written"),
        pytest.param(("flush",), [], id="nothing to flush"),
        pytest.param((BEGUN,), [], id="a change waits"),
        pytest.param((None, "flush"), [], id="a step that told nothing"),
        pytest.param((BEGUN, "flush"), [("begun", None)], id="written as it is"),
        pytest.param((BEGUN, "flush", "flush"), [("begun", None)], id="written once"),
        pytest.param((BEGUN, ANNOUNCED, "flush"), [("begun announced", SOON)], id="two are one commit"),
        pytest.param((BEGUN, None, ANNOUNCED, "flush"), [("begun announced", SOON)], id="nothing between two"),
        pytest.param((BEGUN, "flush", ANNOUNCED, "flush"), [("begun", None), ("announced", SOON)], id="one by one"),
        pytest.param((ANNOUNCED, BEGUN, "flush"), [("announced begun", None)], id="the later one's job counts"),
        pytest.param((ANNOUNCED, AT_ONCE_S), [], id="a short sleep does not hurry"),
        pytest.param((ANNOUNCED, AT_ONCE_S + 0.01), [("announced", None)], id="a long one does, without a job"),
        pytest.param((AT_ONCE_S + 0.01,), [], id="nothing to write before a sleep"),
        pytest.param((LATER,), [], id="put off with nothing to write"),
        pytest.param((ANNOUNCED, LATER), [("announced", LATER)], id="put off with a job for then"),
    ],
)
async def test_what_is_written(deeds: tuple[object, ...], commits: list[tuple[str, datetime | None]]) -> None:
    disk = Disk()
    await carried_out(CoalescedWrites(disk, ROW), *deeds)
    written = [(" ".join(entry.step for entry in change.journal), change.wake_at) for _, change in disk.commits]
    assert written == commits
    assert [expected for expected, _ in disk.commits] == [*range(7, 7 + len(commits))], "each upon the one before"


@pytest.mark.parametrize(("deeds", "gave"), [((LATER,), LATER), ((BEGUN, LATER), None)])
async def test_who_is_put_off_comes_again_by_one_job_only(deeds: tuple[object, ...], gave: datetime | None) -> None:
    assert await carried_out(CoalescedWrites(Disk(), ROW), *deeds) == gave


async def test_what_is_known_is_ahead_of_the_row_until_it_is_written() -> None:
    writes = CoalescedWrites(Disk(), ROW)
    assert writes.known is ROW
    writes.add(ANNOUNCED)
    assert (writes.known.state, writes.row.state) == (State.ANNOUNCED, State.SEALED)
    await writes.flush()
    assert (writes.known, writes.row.state, writes.row.version) == (writes.row, State.ANNOUNCED, 8)


async def test_before_a_sleep_the_row_does_not_rest() -> None:
    writes = CoalescedWrites(Disk(), ROW)
    writes.add(ANNOUNCED)
    await writes.before_sleep(AT_ONCE_S * 2)
    assert writes.row.next_at is None


async def test_who_was_overtaken_writes_nothing_and_says_so() -> None:
    class Overtaken(Disk):
        async def commit(self, expected: int, written: Change) -> Submission:
            raise VersionGone

    writes = CoalescedWrites(Overtaken(), ROW)
    writes.add(BEGUN)
    with pytest.raises(VersionGone):
        await writes.flush()


def test_joined_keeps_every_line_of_both_and_each_state_in_between() -> None:
    blobs = [SmallBlob(uuid4(), b"1"), SmallBlob(uuid4(), b"2")]
    gone: list[UUID] = [uuid4(), uuid4()]
    first = replace(ANNOUNCED, blobs=(blobs[0],), discard=(gone[0],), passed=(Passed(State.SEALED, AT),))
    both = joined(first, replace(UPLOADED, blobs=(blobs[1],), discard=(gone[1],)))
    assert (both.submission, both.wake_at) == (UPLOADED.submission, SOON)
    assert (
        [entry.step for entry in both.journal] == [entry.kind for entry in both.evidence] == ["announced", "uploaded"]
    )
    assert (both.blobs, both.discard) == (tuple(blobs), tuple(gone))
    assert both.passed == (Passed(State.SEALED, AT), Passed(State.ANNOUNCED, ANNOUNCED.submission.updated_at))
    assert joined(BEGUN, change("sealed")).passed == (), "the same state is not passed"
