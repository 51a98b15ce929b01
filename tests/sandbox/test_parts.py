"""StoredParts, small and large: kept, replaced, read as stream and as file, erased."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from gateway.sandbox.fitconnect.parts import SMALL, StoredParts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LITTLE = b"little"
MUCH = b"m" * (SMALL + 1)


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[StoredParts]:
    parts = StoredParts(tmp_path)
    yield parts
    parts.close()


def arrive(parts: StoredParts, content: bytes) -> None:
    arrived = parts.arrival("s")
    for start in range(0, len(content), 100_000):
        arrived.write(content[start : start + 100_000])
    arrived.close()
    parts.keep("s", "a", arrived)
    arrived.discard()


@pytest.mark.parametrize("before", [b"", LITTLE, MUCH])
@pytest.mark.parametrize("content", [LITTLE, MUCH])
def test_the_last_part_of_a_name_is_the_one_read(parts: StoredParts, before: bytes, content: bytes) -> None:
    arrive(parts, before)
    arrive(parts, content)
    stream, file = parts.open("s", "a"), parts.file("s", "a")
    assert stream is not None
    assert file is not None
    with stream:
        assert stream.read() == content
    assert file.read_bytes() == content


@pytest.mark.parametrize("content", [LITTLE, MUCH])
def test_an_erased_part_is_gone(parts: StoredParts, content: bytes) -> None:
    arrive(parts, content)
    assert parts.file("s", "a")
    parts.erase("s")
    assert parts.open("s", "a") is None
    assert parts.file("s", "a") is None


@pytest.mark.parametrize("content", [LITTLE, MUCH])
def test_a_part_that_is_not_kept_leaves_nothing(parts: StoredParts, tmp_path: Path, content: bytes) -> None:
    arrived = parts.arrival("s")
    arrived.write(content)
    arrived.discard()
    assert parts.open("s", "a") is None
    assert list(tmp_path.glob("submissions/*/*")) == []


def test_threads_that_read_and_write_at_once_get_what_they_asked_for(tmp_path):
    parts = StoredParts(tmp_path)

    def one(number):
        content = bytes([number % 256]) * (number + 1)
        parts.put(f"submission-{number}", "data", content)
        return all(parts.get(f"submission-{number}", "data") == content for _ in range(20))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(one, range(400)))
    again = StoredParts(tmp_path)
    assert all(again.get(f"submission-{n}", "data") == bytes([n % 256]) * (n + 1) for n in range(400))


def test_a_part_that_was_cut_off_by_a_kill_never_was(tmp_path):
    parts = StoredParts(tmp_path)
    parts.put("one", "data", b"first")
    parts.put("one", "metadata", b"second")
    parts.close()
    file = tmp_path / "parts"
    file.write_bytes(file.read_bytes()[:-3])
    again = StoredParts(tmp_path)
    assert (again.get("one", "data"), again.get("one", "metadata")) == (b"first", None)
    again.put("one", "metadata", b"once more")
    assert StoredParts(tmp_path).get("one", "metadata") == b"once more"


def test_what_was_replaced_or_erased_takes_no_room_after_a_start(tmp_path, monkeypatch):
    monkeypatch.setattr("gateway.sandbox.fitconnect.parts.WASTE", 1000)
    parts = StoredParts(tmp_path)
    for content in (b"a" * 2000, b"b" * 10):
        parts.put("one", "data", content)
    parts.put("two", "data", b"c" * 2000)
    parts.erase("two")
    again = StoredParts(tmp_path)
    assert (again.get("one", "data"), again.get("two", "data")) == (b"b" * 10, None)
    assert (tmp_path / "parts").stat().st_size < 200
    assert StoredParts(tmp_path).get("one", "data") == b"b" * 10
