"""JSON that a command is given: read as strictly as what comes over the wire."""

from __future__ import annotations

import pytest

from gateway.cli.local import json_file
from gateway.errors import InvalidParameter


@pytest.mark.parametrize(
    "content",
    [
        b'{"visits":40,"visits":4}',
        b'{"a":[{"b":1,"b":1}]}',
        b'{"a":NaN}',
        b'{"a":1e999}',
        b"[" * 100_000,
        b"\xff",
        b"",
        b"9" * 5000,
    ],
)
def test_what_a_body_may_not_be_is_refused_with_the_file_s_name(tmp_path, content):
    path = tmp_path / "views.json"
    path.write_bytes(content)
    with pytest.raises(InvalidParameter) as refused:
        json_file(path)
    (fault,) = refused.value.findings
    assert (fault.pointer, fault.rule) == (str(path), "no_json")
    assert ("doppelt" in fault.de) == (b"visits" in content or b"b" in content)


def test_the_rest_is_read_as_it_stands(tmp_path):
    path = tmp_path / "views.json"
    path.write_bytes(b'\xef\xbb\xbf{"a": 12345678901234567890123, "b": 1.5, "c": null}')
    assert json_file(path) == {"a": 12345678901234567890123, "b": 1.5, "c": None}
