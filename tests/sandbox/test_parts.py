"""Parts, small and large: kept, replaced, read as stream and as file, erased."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.sandbox.fitconnect.parts import SMALL, Parts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LITTLE = b"little"
MUCH = b"m" * (SMALL + 1)


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    parts = Parts(tmp_path)
    yield parts
    parts.close()


def arrive(parts: Parts, content: bytes) -> None:
    arrived = parts.arrival("s")
    for start in range(0, len(content), 100_000):
        arrived.write(content[start : start + 100_000])
    arrived.close()
    parts.keep("s", "a", arrived)
    arrived.discard()


@pytest.mark.parametrize("before", [b"", LITTLE, MUCH])
@pytest.mark.parametrize("content", [LITTLE, MUCH])
def test_the_last_part_of_a_name_is_the_one_read(parts: Parts, before: bytes, content: bytes) -> None:
    arrive(parts, before)
    arrive(parts, content)
    stream, file = parts.open("s", "a"), parts.file("s", "a")
    assert stream is not None
    assert file is not None
    with stream:
        assert stream.read() == content
    assert file.read_bytes() == content


@pytest.mark.parametrize("content", [LITTLE, MUCH])
def test_an_erased_part_is_gone(parts: Parts, content: bytes) -> None:
    arrive(parts, content)
    assert parts.file("s", "a")
    parts.erase("s")
    assert parts.open("s", "a") is None
    assert parts.file("s", "a") is None


@pytest.mark.parametrize("content", [LITTLE, MUCH])
def test_a_part_that_is_not_kept_leaves_nothing(parts: Parts, tmp_path: Path, content: bytes) -> None:
    arrived = parts.arrival("s")
    arrived.write(content)
    arrived.discard()
    assert parts.open("s", "a") is None
    assert list(tmp_path.glob("submissions/*/*")) == []
