"""TOML as people write it, and as nobody should."""

from __future__ import annotations

import time

import pytest

from gateway.settings.toml import NotToml, parse


@pytest.mark.parametrize(
    "key",
    [
        "a" + ".a" * 20_000,
        "a" + " \t. a" * 20_000,
        "'a'" + ".\"ä\".'b'" * 20_000,
    ],
)
@pytest.mark.parametrize("around", ["{} = 1", "[{}]", "[[{}]]", "t = {{ {} = 1 }}"])
def test_a_key_of_many_parts_is_refused_at_once(key, around):
    began = time.process_time()
    with pytest.raises(NotToml) as refused:
        parse(f"x = 1\n\n{around.format(key)}\n".encode())
    assert refused.value.line == 3
    assert time.process_time() - began < 2  # linear: hundredths; Python's own reader takes ten seconds


def test_what_is_no_key_may_have_any_number_of_dots():
    text = "..".join("Wort" for _ in range(100)) + "." * 100 + " Noch ein Satz. " * 100
    assert parse(f'a.b.c = "{text}"\n'.encode()) == {"a": {"b": {"c": text}}}


@pytest.mark.parametrize("line", ["a." * 63 + "a = 1\n", "'\".'\".", '"', "a .", "a.", "-"])
def test_whatever_the_file_looking_for_long_keys_is_linear(line):
    began = time.process_time()
    with pytest.raises(NotToml):
        parse((line * (1_000_000 // len(line)) + "\n=").encode())
    assert time.process_time() - began < 4
