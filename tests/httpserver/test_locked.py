"""The lock of a directory: who holds it, and what a full disk says."""

from __future__ import annotations

import errno
import os

import pytest

from gateway.errors import AlreadyServing
from gateway.httpserver.opening import locked


def test_the_second_one_is_told_who_was_first(tmp_path):
    with locked(tmp_path, "serve.lock"), pytest.raises(AlreadyServing) as refused, locked(tmp_path, "serve.lock"):
        pass
    assert str(os.getpid()) in refused.value.sentence("de")
    with locked(tmp_path, "serve.lock"):
        assert (tmp_path / "serve.lock").read_text() == str(os.getpid())


def test_a_full_disk_is_told_with_the_file(tmp_path, monkeypatch):
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space left") as failed, locked(tmp_path, "serve.lock"):
        pass
    assert failed.value.filename == str(tmp_path / "serve.lock")
