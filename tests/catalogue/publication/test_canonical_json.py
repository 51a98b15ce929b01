"""Canonical JSON is that of RFC 8785, where it has a form here."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.catalogue.publication.canonical_json import canonical

SORTED = {  # RFC 8785 §3.2.3
    "\u20ac": "Euro Sign",
    "\r": "Carriage Return",
    "\ufb33": "Hebrew Letter Dalet With Dagesh",
    "1": "One",
    "\U0001f600": "Emoji: Grinning Face",
    "\u0080": "Control",
    "\u00f6": "Latin Small Letter O With Diaeresis",
}


def test_members_stand_in_the_order_of_utf_16():
    assert list(json.loads(canonical(SORTED)).values()) == [
        "Carriage Return",
        "One",
        "Control",
        "Latin Small Letter O With Diaeresis",
        "Euro Sign",
        "Emoji: Grinning Face",
        "Hebrew Letter Dalet With Dagesh",
    ]


def test_strings_and_literals_have_one_spelling():  # RFC 8785 §3.2.2 to §3.2.4, without its fractions
    value = {"string": '\u20ac$\u000f\nA\'B"\\\\"/', "literals": [None, True, False]}
    assert canonical(value) == bytes.fromhex(
        "7b226c69746572616c73223a5b6e756c6c2c747275652c66616c73655d2c22737472696e67223a22"
        "e282ac245c75303030665c6e4127425c225c5c5c5c5c222f227d"
    )


@pytest.mark.parametrize(("number", "text"), [(0, b"0"), (-1, b"-1"), (2**53 - 1, b"9007199254740991")])
def test_whole_numbers_are_written_in_full(number, text):  # RFC 8785 appendix B
    assert canonical(number) == text


@pytest.mark.parametrize("value", [1.5, 2**53, -(2**53), float("nan"), {1: 2}, b"x", "\ud800", {"\udc00": 1}])
def test_what_has_no_form_is_refused(value):
    with pytest.raises(ValueError):  # noqa: PT011 - of whatever kind
        canonical(value)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES)
def test_every_value_comes_back_and_gives_the_same_bytes_again(value):
    assert json.loads(canonical(value)) == value
    assert canonical(json.loads(canonical(value))) == canonical(value)
