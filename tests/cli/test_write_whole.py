"""A file that a command writes goes where it was told, whatever lies beside it."""

from __future__ import annotations

import os

from gateway.cli.local import write_whole


def test_a_link_beside_the_target_is_not_written_through(tmp_path):
    other = tmp_path / "other"
    other.write_bytes(b"theirs")
    out = tmp_path / "report.json"
    out.with_name(f".{out.name}.{os.getpid()}").symlink_to(other)
    write_whole(out, b"ours")
    assert (out.read_bytes(), other.read_bytes(), out.is_symlink()) == (b"ours", b"theirs", False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "report.json"]
