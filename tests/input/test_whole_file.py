"""A file is written whole or not at all, on disk before its name, and through nothing that lies beside it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from gateway.input import whole_file


def written(target: Path, content: bytes) -> None:
    with whole_file.opened(target, 0o600) as file:
        file.write(content)


def test_a_link_beside_the_target_is_not_written_through(tmp_path):
    other, target, beside = tmp_path / "other", tmp_path / "ours", tmp_path / "ours.part"
    other.write_bytes(b"theirs")
    beside.symlink_to(other)
    with whole_file.opened(target, 0o600, beside=beside) as file:
        file.write(b"new")
    assert (target.read_bytes(), other.read_bytes(), target.is_symlink()) == (b"new", b"theirs", False)
    assert target.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "ours"]


@pytest.mark.parametrize(("replace", "after"), [(True, b"first"), (False, b"second")])
def test_two_with_the_same_process_number_write_the_same_at_once(tmp_path, replace, after):
    target = tmp_path / "ours"
    with whole_file.opened(target, 0o600, replace=replace) as first:
        first.write(b"fir")
        first.flush()
        with whole_file.opened(target, 0o600, replace=replace) as second:
            second.write(b"second")
        assert target.read_bytes() == b"second"
        first.write(b"st")
    assert target.read_bytes() == after
    assert list(tmp_path.iterdir()) == [target]


def test_of_two_that_name_one_file_beside_the_second_is_refused_and_the_first_is_whole(tmp_path):
    target, beside = tmp_path / "backup", tmp_path / "backup.part"
    beside.write_bytes(b"left by one that ended")

    def second():
        with whole_file.opened(target, 0o600, beside=beside) as file:
            file.write(b"second")

    with whole_file.opened(target, 0o600, beside=beside) as first:
        first.write(b"first")
        with pytest.raises(OSError, match="backup") as refused:
            second()
        assert (refused.value.errno, refused.value.filename) == (errno.EBUSY, str(target))
    assert target.read_bytes() == b"first"
    second()
    assert target.read_bytes() == b"second"
    assert list(tmp_path.iterdir()) == [target]


def test_the_content_is_on_disk_before_the_name_is(tmp_path, monkeypatch):
    steps = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: steps.append(os.fstat(descriptor).st_size))
    replace = Path.replace
    monkeypatch.setattr(Path, "replace", lambda path, target: (steps.append(target.name), replace(path, target))[1])
    written(tmp_path / "ours", b"new")
    assert steps == [3, "ours"]


def test_what_is_put_never_stands_over_another(tmp_path):
    whole_file.put(tmp_path / "ours", b"old")
    with pytest.raises(FileExistsError):
        whole_file.put(tmp_path / "ours", b"new")
    assert (tmp_path / "ours").read_bytes() == b"old"


def half(target: Path, failure: Exception, *, replace: bool = True) -> None:
    with whole_file.opened(target, 0o600, replace=replace) as file:
        file.write(b"half")
        raise failure


@pytest.mark.parametrize("replace", [True, False])
def test_what_cannot_be_written_whole_leaves_all_as_it_was_and_is_named(tmp_path, replace):
    target = tmp_path / "secret"
    target.write_bytes(b"before")
    with pytest.raises(OSError, match="secret") as failed:
        half(target, OSError(errno.ENOSPC, "No space left on device"), replace=replace)
    assert (failed.value.errno, failed.value.filename) == (errno.ENOSPC, str(target))
    assert ([path.name for path in tmp_path.iterdir()], target.read_bytes()) == (["secret"], b"before")


def test_what_fails_otherwise_leaves_nothing_either(tmp_path):
    with pytest.raises(RuntimeError):
        half(tmp_path / "new", RuntimeError())
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_replaced_or_kept_as_asked(tmp_path):
    target = tmp_path / "file"
    for content, replace, after in ((b"1", False, b"1"), (b"2", False, b"1"), (b"3", True, b"3")):
        with whole_file.opened(target, 0o600, replace=replace) as file:
            file.write(content)
        assert target.read_bytes() == after
    assert target.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
