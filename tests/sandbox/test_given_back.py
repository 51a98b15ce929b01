"""Memory and disk are given back while the sandbox runs: over many submissions neither grows beyond a bound."""

from __future__ import annotations

import gc
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from gateway.sandbox.fitconnect import ended, parts, store
from gateway.sandbox.fitconnect.parts import SMALL, StoredParts
from gateway.sandbox.fitconnect.records import Event, Submission
from gateway.sandbox.fitconnect.store import Store

from .conftest import open_sandbox

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.sandbox.fitconnect.keyring import SandboxKeys

    from .conftest import Peer

pytestmark = pytest.mark.slow

DAY = 86_400
KEPT = 5
ROOM = 60_000  # bytes; one sealed submission of these tests takes about 15,000


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ended, "ENDED_MAX", KEPT)
    monkeypatch.setattr(ended, "OPENED_MAX", 5_000)
    monkeypatch.setattr(parts, "WASTE", ROOM)
    monkeypatch.setattr(store, "_SURPLUS", ROOM)


def on_disk(peer: Peer) -> int:
    files = [each for each in peer.sandbox.store.directory.rglob("*") if each.is_file() and "keys" not in each.parts]
    return sum(each.stat().st_size for each in files)


def in_memory() -> int:
    gc.collect()
    return sum(isinstance(each, Submission | Event) for each in gc.get_objects())


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("destination", ["automatic", "manual"])
async def test_many_submissions_take_no_more_room_than_few(peer: Peer, destination: str) -> None:
    before, most_bytes, most_records = in_memory(), 0, 0
    for number in range(1, 21):
        ids = await peer.send(peer.parcel(plan=b"%PDF" + b"site plan " * 500), destination)
        if destination == "manual":
            reject = peer.event(ids, "reject-submission", {"problems": [{"type": "x"}]})
            assert (await peer.post_event(ids, reject)).status_code == 204
        most_bytes = max(most_bytes, on_disk(peer))
        if number % 10 == 0:
            most_records = max(most_records, in_memory() - before)
    assert most_bytes < 4 * ROOM
    assert most_records < 10 * KEPT
    assert len(peer.sandbox.store.submissions) == len(peer.sandbox.store.events) == KEPT
    gc.collect()
    assert not peer.sandbox._locks
    assert (await peer.shown(ids))["state"] in {"accepted", "rejected"}


async def test_the_sealed_parts_go_with_the_end_and_what_was_opened_stays(peer: Peer) -> None:
    parcel = peer.parcel(plan=b"x" * (SMALL + 1))
    ids = await peer.send(parcel)
    kept = peer.sandbox.store.parts
    assert kept.open(ids["submissionId"], "metadata") is None
    assert [kept.open(ids["submissionId"], i) for i in parcel.attachments] == [None, None]
    opened = await peer.http.get(f"{peer.admin}/submissions/{ids['submissionId']}/opened")
    assert len(opened.json()["attachments"]) == 2
    assert list(peer.sandbox.store.directory.glob("submissions/*")) == []
    assert (await peer.shown(ids))["bytes"] > SMALL


async def test_what_nobody_picked_up_gives_its_room_back_with_its_deadline(peer: Peer) -> None:
    ids = await peer.send(peer.parcel(), "manual")
    held = peer.sandbox.store.parts
    assert held.size(ids["submissionId"], "metadata")
    await peer.order("/clock", {"advance_s": 14 * DAY})
    assert held.submissions() == set()


@pytest.mark.usefixtures("narrow")
async def test_what_is_under_way_is_never_given_back(peer: Peer) -> None:
    waiting = await peer.send(peer.parcel(), "manual")
    announced = await peer.announce(peer.parcel())
    for _ in range(KEPT + 2):
        await peer.send(peer.parcel())
    assert (await peer.shown(waiting))["state"] == "submitted"
    assert (await peer.shown(announced))["state"] == "announced"
    assert peer.sandbox.store.parts.size(waiting["submissionId"], "data")


@pytest.mark.usefixtures("narrow")
async def test_after_a_start_everything_is_as_before_and_what_a_kill_left_is_gone(
    peer: Peer, keyring: SandboxKeys
) -> None:
    for _ in range(KEPT + 4):
        ids = await peer.send(peer.parcel())
    waiting = await peer.send(peer.parcel(), "manual")
    before = peer.sandbox.store
    before.parts.put(ids["submissionId"], "data", b"left by a kill after the accept")
    before.parts.put("unknown", "data", b"left by a kill after the drop")
    arrived = before.parts.arrival("unknown")
    arrived.write(b"x" * (SMALL + 1))
    arrived.close()
    again = open_sandbox(before.directory, keyring).store
    assert again.submissions == before.submissions
    assert again.events == before.events
    assert again.parts.submissions() == {waiting["submissionId"], ids["submissionId"]}
    assert again.parts.size(ids["submissionId"], "data") == 0
    again.close()


def test_the_journal_is_written_anew_while_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_SURPLUS", 5_000)
    kept = Store(tmp_path)
    for number in range(2_000):
        kept.fact("number", number)
        assert (tmp_path / "journal.jsonl").stat().st_size < 6_000
    kept.close()
    again = Store(tmp_path)
    assert again.facts == {"number": 1_999}
    again.close()


def test_parts_are_written_anew_while_they_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "WASTE", 2_000)
    kept = StoredParts(tmp_path)

    def one(number: int) -> bool:
        content = bytes([number % 256]) * 100
        kept.put(f"{number}", "data", b"earlier" * 20)
        kept.put(f"{number}", "data", content)
        right = all(kept.get(f"{number}", "data") == content for _ in range(20))
        if number % 10:
            kept.erase(f"{number}")
        return right

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(one, range(600)))
    assert (tmp_path / "parts").stat().st_size < 30_000
    again = StoredParts(tmp_path)
    assert again.submissions() == {str(number) for number in range(0, 600, 10)}
    assert all(again.get(str(n), "data") == bytes([n % 256]) * 100 for n in range(0, 600, 10))
    kept.close()
    again.close()


def test_without_room_for_a_second_file_the_first_one_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = StoredParts(tmp_path)
    kept.put("one", "data", b"stays")
    kept.put("two", "data", b"x" * 5_000)
    first, real = kept._file, os.writev

    def full(file: int, pieces: Any) -> int:
        if file != first:
            raise OSError
        return real(file, pieces)

    monkeypatch.setattr(parts, "WASTE", 1_000)
    monkeypatch.setattr(os, "writev", full)
    kept.erase("two")
    assert kept.get("one", "data") == b"stays"
    kept.put("three", "data", b"more")
    monkeypatch.undo()
    kept.close()
    again = StoredParts(tmp_path)
    assert (again.get("one", "data"), again.get("two", "data"), again.get("three", "data")) == (b"stays", None, b"more")
    assert not (tmp_path / "parts.new").exists()
    again.close()
