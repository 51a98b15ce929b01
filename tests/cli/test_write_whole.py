"""A file that a command writes goes where it was told, whatever lies beside it."""

from __future__ import annotations

import errno
import os

import pytest

from gateway.cli.local import write_together, write_whole
from gateway.errors import InvalidParameter


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


@pytest.mark.parametrize("hindered", ["report.json", "report.json.jws"])
def test_of_files_that_belong_together_none_is_new_beside_an_old_one(tmp_path, hindered):
    other = ({"report.json", "report.json.jws"} - {hindered}).pop()
    (tmp_path / other).write_bytes(b"before")
    (tmp_path / hindered).mkdir()
    with pytest.raises(InvalidParameter) as refused:
        write_together({tmp_path / "report.json": b"1", tmp_path / "report.json.jws": b"2"})
    assert refused.value.findings[0].pointer == f"--out {tmp_path / hindered}"
    assert (tmp_path / other).read_bytes() == b"before"
    assert {path.name for path in tmp_path.iterdir()} == {hindered, other}


def test_a_disk_that_is_full_at_the_second_leaves_the_first_as_it_was(tmp_path, monkeypatch):
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_bytes(b"before")
    opened = os.open

    def full_at_the_second(path, *rest):
        if "second" in str(path):
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return opened(path, *rest)

    monkeypatch.setattr(os, "open", full_at_the_second)
    with pytest.raises(InvalidParameter) as refused:
        write_together({first: b"after", second: b"after"})
    assert refused.value.findings[0].pointer == f"--out {second}"
    assert (first.read_bytes(), [path.name for path in tmp_path.iterdir()]) == (b"before", ["first"])
