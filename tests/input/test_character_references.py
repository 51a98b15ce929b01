"""Character references of HTML, as hostile as they come."""

from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.input.character_references import resolved


@pytest.mark.parametrize(
    ("text", "characters"),
    [
        ("&auml;&#228;&#xE4;&#XE4;", "ääää"),
        ("&#" + "0" * 5000 + "106;", "j"),
        ("&#x" + "0" * 5000 + "6A;", "j"),
        ("&#" + "9" * 5000 + ";x", "\ufffdx"),
        ("&#x" + "F" * 5000 + "x", "\ufffdx"),
        ("&#0;&#00;&#x110000;", "\ufffd\ufffd\ufffd"),
        ("&#" + "0" * 5000 + ";x", "\ufffdx"),
        ("&#x" + "0" * 5000 + ";x", "\ufffdx"),
        ("&#0A;&#00A;&#0F", "\ufffdA;\ufffdA;\ufffdF"),  # a decimal number ends before a letter
        ("&#01114109;&#x010FFFD;&#1114109", "\U0010fffd" * 3),
        ("&#;&#x;&#", "&#;&#x;&#"),
        ("&amp;#106;", "&#106;"),  # once
    ],
)
def test_a_reference_is_its_character(text, characters):
    assert resolved(text) == characters


@given(st.text("&#xX0169aAfF;l t", max_size=14))
def test_what_python_reads_is_read_alike(text):
    assert resolved(text) == html.unescape(text)
