"""The reader of others' JSON: what it takes, what it makes storable, what it refuses."""

from __future__ import annotations

import json

import pytest

from gateway.input import json_reader


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b'{"a":"x\\u0000y"}', {"a": "x\ufffdy"}),
        (b'{"a\\u0000":["\\ud800","\\udc00\\ud800"]}', {"a\ufffd": ["\ufffd", "\ufffd\ufffd"]}),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b"[9223372036854775807,-9223372036854775808]", [2**63 - 1, -(2**63)]),
        (b"[9223372036854775808,-9223372036854775809]", [None, None]),
        (b"1" + b"0" * 400, None),
        (b"1" + b"0" * 10_000, None),
        (b"[1e999,-1e999,1.5]", [None, None, 1.5]),
        (b'\xef\xbb\xbf{"a":1}', {"a": 1}),
        (b'{"a":1,"a":2}', {"a": 2}),
        (b"[" * 64 + b"]" * 64, json.loads("[" * 64 + "]" * 64)),
    ],
)
def test_what_is_odd_becomes_what_can_be_stored(raw, value):
    found = json_reader.decode(raw)
    assert found == value
    json.dumps(found, ensure_ascii=False, allow_nan=False).encode()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b'"\x00"',
        b'"\xed\xa0\x80"',
        b"\xff",
        b"[" * 65 + b"]" * 65,
        b"[" * 10_000 + b"]" * 10_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b'{"a":"' + b"x" * 10_000_000 + b'"}',
        b'{"a":1',
    ],
)
def test_what_is_no_json_or_too_much_is_refused_alike(raw):
    with pytest.raises(ValueError):  # noqa: PT011 - whatever is wrong, it is one kind of error
        json_reader.decode(raw)


@pytest.mark.parametrize(
    "raw", [b'{"a":"\\u0000"}', b'{"\\ud800":1}', b"[1e999]", b"9223372036854775808", b'\xef\xbb\xbf{"a":1}']
)
def test_strictly_read_nothing_is_replaced(raw):
    with pytest.raises(ValueError):  # noqa: PT011 - whatever is wrong, it is one kind of error
        json_reader.decode(raw, strict=True)


def test_a_member_named_twice_is_refused_where_that_matters():
    with pytest.raises(ValueError, match="twice"):
        json_reader.decode(b'[{"a":1,"a":2}]', unique=True)


def test_a_length_of_its_own_can_be_given():
    assert json_reader.decode(b'"123"', most=5) == "123"
    with pytest.raises(ValueError, match="size"):
        json_reader.decode(b'"1234"', most=5)


@pytest.mark.parametrize(
    ("raw", "rule", "line", "column"),
    [
        (b'{"a":\n 1,}', "syntax", 2, 4),
        ('{\n"ü\xe9'.encode() + b"\xff", "utf8", 2, 4),
        (b"[NaN]", "constant", 1, 1),
        (b"[[[1]]]", "depth", 1, 1),
        (b"[1,2,3,4,5,6]", "values", 1, 1),
        (b'"' + b'\\"' * 60 + b'"', "values", 1, 1),
        (b"[12345]", "number", 1, 1),
        (b"[1e999]", "number", 1, 1),
        (b'{"a":1,"a":2}', "twice", 1, 1),
    ],
)
def test_bounds_are_the_callers_and_a_refusal_says_why_and_where(raw, rule, line, column):
    bounds = json_reader.JsonBounds(depth=2, values=5, digits=4)
    with pytest.raises(json_reader.JsonRefusedError) as refused:
        json_reader.parse(raw, bounds, unique=True, strict=True)
    assert (refused.value.rule, refused.value.line, refused.value.column) == (rule, line, column)


def test_what_stands_in_texts_counts_for_no_bound_and_stays_as_it_is():
    bounds = json_reader.JsonBounds(depth=1, values=2, digits=4)
    raw = b'{"a":"[[[[12345,,,,\\u0000"}'
    assert json_reader.parse(raw, bounds, unique=True, strict=True) == {"a": "[[[[12345,,,,\0"}
