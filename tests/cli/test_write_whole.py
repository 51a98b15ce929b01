"""A file that a command writes goes where it was told, whatever lies beside it."""

from __future__ import annotations

import os

import pytest

from gateway.cli.local import write_whole
from gateway.errors import InvalidParameter


def test_a_link_beside_the_target_is_not_written_through(tmp_path):
    other = tmp_path / "other"
    other.write_bytes(b"theirs")
    out = tmp_path / "report.json"
    out.with_name(f".{out.name}.{os.getpid()}").symlink_to(other)
    write_whole(out, b"ours")
    assert (out.read_bytes(), other.read_bytes(), out.is_symlink()) == (b"ours", b"theirs", False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "report.json"]


@pytest.mark.parametrize("through_a_link", [False, True])
def test_a_pipe_is_not_replaced(tmp_path, through_a_link):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    out = tmp_path / "link" if through_a_link else pipe
    if through_a_link:
        out.symlink_to(pipe)
    with pytest.raises(InvalidParameter) as refused:
        write_whole(out, b"ours")
    assert refused.value.findings[0].rule == "not_writable"
    assert pipe.is_fifo()
    assert out.is_symlink() == through_a_link
    assert {path.name for path in tmp_path.iterdir()} == {"pipe", out.name}
