"""The keys of the identity providers on a disk: whole, or made anew."""

from __future__ import annotations

import errno
import os

import pytest

from gateway.sandbox.identity import keyring

from .peers import START


def test_a_disk_that_was_full_at_the_first_start_hinders_no_later_one(tmp_path, monkeypatch):
    settled = []

    def full_at_the_second(descriptor: int) -> None:
        settled.append(descriptor)
        if len(settled) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(keyring, "_BITS", 2048)
    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full_at_the_second)
        with pytest.raises(OSError, match="No space left") as failed:
            keyring.load(tmp_path, "bundid", START)
    assert failed.value.filename == str(tmp_path / "bundid.crt.pem")
    assert [path.name for path in tmp_path.iterdir()] == ["bundid.key.pem"]
    made = keyring.load(tmp_path, "bundid", START)
    assert keyring.load(tmp_path, "bundid", START).certificate == made.certificate
