"""A file is written whole or not at all, on disk before its name, and through nothing that lies beside it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gateway.input import whole_file


def test_a_link_beside_the_target_is_not_written_through(tmp_path):
    other = tmp_path / "other"
    other.write_bytes(b"theirs")
    target = tmp_path / "ours"
    target.with_name(f".ours.{os.getpid()}").symlink_to(other)
    whole_file.replace(target, b"new")
    assert (target.read_bytes(), other.read_bytes(), target.is_symlink()) == (b"new", b"theirs", False)
    assert target.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "ours"]


def test_a_file_that_cannot_be_written_leaves_the_old_one_alone(tmp_path, monkeypatch):
    target = tmp_path / "ours"
    target.write_bytes(b"old")

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        whole_file.replace(target, b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["ours"]
    assert target.read_bytes() == b"old"


def test_the_content_is_on_disk_before_the_name_is(tmp_path, monkeypatch):
    steps = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: steps.append(os.fstat(descriptor).st_size))
    replace = Path.replace
    monkeypatch.setattr(Path, "replace", lambda path, target: (steps.append(target.name), replace(path, target))[1])
    whole_file.replace(tmp_path / "ours", b"new")
    assert steps == [3, "ours"]


def test_what_is_put_never_stands_over_another(tmp_path):
    whole_file.put(tmp_path / "ours", b"old")
    with pytest.raises(FileExistsError):
        whole_file.put(tmp_path / "ours", b"new")
    assert (tmp_path / "ours").read_bytes() == b"old"
