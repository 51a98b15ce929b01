"""Patterns of form schemas: one spelling, the same verdict in every engine, and a text that fits."""

from __future__ import annotations

import contextlib
import re
import time

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.xoev.fim import pattern
from gateway.xoev.fim.expression import PatternBroken, Unsupported, spell
from gateway.xoev.fim.specimen import specimen
from tests.properties import TIMES

XS = "http://www.w3.org/2001/XMLSchema"


def spelled(written: str) -> str:
    return spell(pattern.read(written))


def by_xsd(written: str, text: str) -> bool:
    schema = etree.fromstring(
        f'<xs:schema xmlns:xs="{XS}"><xs:element name="a"><xs:simpleType><xs:restriction base="xs:string">'
        '<xs:pattern value=""/></xs:restriction></xs:simpleType></xs:element></xs:schema>'
    )
    next(schema.iter(f"{{{XS}}}pattern")).set("value", written)
    element = etree.Element("a")
    element.text = text
    return etree.XMLSchema(schema).validate(element)


def by_json(written: str, text: str) -> bool:
    return jsonschema_rs.is_valid({"type": "string", "pattern": f"^(?:{written})$"}, text)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("[A-Z]{2}", "[A-Z]{2}"),
        ("^[0-9]{5}$", "[0-9]{5}"),
        ("^a$|^b$", "a|b"),
        (r"\A(x)\Z", "(x)"),
        ("(^a|b$)", "(a|b)"),
        ("(?:ab)+?", "(ab)+"),
        ("(?P<jahr>[0-9]{4})", "([0-9]{4})"),
        ("(?<jahr>[0-9]{4})", "([0-9]{4})"),
        (r"1\/2\-3\@\"", '1/2-3@"'),
        (r"\x41\u00e4\u{20ac}", "Aä€"),
        ("a{,3}", "a{0,3}"),
        ("a{b}", r"a\{b\}"),
        (r"\$[$]", "[$][$]"),
        ("[a^&&-]", r"[a\^&\-]"),
        (r"[\w.-]+@x", r"[\w_.\-]+@x"),
        (r"\p{Lu}\P{L}", r"\p{Lu}\P{L}"),
        ("", ""),
    ],
)
def test_dialects_become_one_spelling(written: str, expected: str) -> None:
    assert spelled(written) == expected
    assert spelled(expected) == expected


@pytest.mark.parametrize("written", ["[A-Z", "(a", "a)", "*a", "a**", "a{3,1}", "[z-a]", "a\\", "^*", "[]", "[]a]"])
def test_what_is_no_pattern_is_broken(written: str) -> None:
    with pytest.raises(PatternBroken):
        pattern.read(written)


@pytest.mark.parametrize(
    "written",
    [
        "(?=.*[0-9])[a-z]+",
        "(?!x)y",
        "(?<=x)y",
        r"(a)\1",
        r"\bwort\b",
        "a++",
        "(?i)abc",
        "a^b",
        "[[:alpha:]]",
        "[a-z-[aeiou]]",
        r"\p{IsBasicLatin}",
        r"\i\c*",
        "((((a{1000}){1000}){1000}){1000})",
        "(" * 1000 + "a" + ")" * 1000,
        "a" * 5000,
        "a\x00",
        "\ud800",
        r"\u0000",
    ],
)
def test_what_xml_schema_cannot_say_is_never_weakened_but_unsupported(written: str) -> None:
    with pytest.raises(Unsupported):
        spelled(written)


PIECES = st.sampled_from(
    ["a", "[0-9]", "[a-c ]", ".", r"\d", r"\w", "x|y", "[^b]", r"\.", "ä", r"\s", "[$]", r"\-", "$", "^"]
)


@settings(max_examples=150 * TIMES)
@given(
    parts=st.lists(st.tuples(PIECES, st.sampled_from(["", "", "*", "+?", "{2}", "{1,3}"])), min_size=1, max_size=5),
    low=st.integers(0, 4),
    more=st.integers(0, 6) | st.none(),
)
def test_the_specimen_fits_pattern_and_lengths_by_every_engine(
    parts: list[tuple[str, str]], low: int, more: int | None
) -> None:
    written = "".join(f"(?:{piece}){times}" for piece, times in parts)
    high = None if more is None else low + more
    try:
        tree = pattern.read(written)
        shared, text = spell(tree), specimen(tree, low, high)
    except (PatternBroken, Unsupported):
        return
    if text is None:
        shortest = specimen(tree, 0, None)
        assert shortest is None or not low <= len(shortest) <= (low if high is None else high)
        return
    assert low <= len(text) <= (high if high is not None else 10_000)
    assert re.fullmatch(written, text)
    assert by_xsd(shared, text)
    assert by_json(shared, text)


@pytest.mark.parametrize(
    ("written", "low", "high", "text"),
    [
        ("test", 0, 1, None),
        ("[0-9]{5}", 0, None, "00000"),
        ("(ab)*", 3, 4, "abab"),
        ("a|bbb", 2, 3, "bbb"),
        ("[A-Z]+", 300, 400, "A" * 300),
        ("[A-Z]{300}", 0, None, "A" * 300),
        ("[A-Z]{300}", 0, 299, None),
        (r"[^\s\S]", 0, None, None),
    ],
)
def test_a_specimen_is_the_shortest_text_or_none(written: str, low: int, high: int | None, text: str | None) -> None:
    assert specimen(pattern.read(written), low, high) == text


@pytest.mark.parametrize("written", ["(a|bb|ccc|dddd)*" * 60, "((a*b*)*c*)*" * 90, "(a{0,50}){0,50}" * 7, ".*" * 900])
def test_a_pattern_with_countless_ways_is_answered_in_bounded_time(written: str) -> None:
    begun = time.process_time()
    with contextlib.suppress(Unsupported):
        specimen(pattern.read(written), 1900, 2000)
    assert time.process_time() - begun < 1.5
