from __future__ import annotations

import re
import sys
import unicodedata
from functools import cache
from pathlib import Path

import pytest
from lxml import etree

from gateway.xoev.latin.datatypes import Datatype, code_points, nfc, offence, sequences

OFFICIAL = Path(__file__).parents[3] / "shared/data/xsd/din-91379/din-norm-91379-datatypes.xsd"


@pytest.fixture(scope="module")
def official() -> dict[Datatype, re.Pattern[str]]:
    if not OFFICIAL.exists():
        pytest.skip("the official datatypes of DIN 91379 are not beside the checkout")
    xs = "{http://www.w3.org/2001/XMLSchema}"
    types = etree.parse(OFFICIAL).findall(f"{xs}simpleType")
    patterns = {kind.get("name", "")[-1]: kind.find(f".//{xs}pattern").get("value") for kind in types}
    return {datatype: re.compile(patterns[datatype.value]) for datatype in Datatype}


@cache
def characters() -> tuple[str, ...]:
    return tuple(map(chr, range(sys.maxunicode + 1)))


@pytest.mark.parametrize("datatype", list(Datatype))
def test_every_single_code_point_is_judged_as_the_official_pattern_does(
    datatype: Datatype, official: dict[Datatype, re.Pattern[str]]
) -> None:
    ours = set(map(chr, code_points(datatype)))
    theirs = set(filter(official[datatype].fullmatch, characters()))
    assert ours == theirs
    assert all(offence(each, datatype) is None for each in ours)


@pytest.mark.parametrize("datatype", list(Datatype))
def test_every_sequence_is_judged_as_the_official_pattern_does(
    datatype: Datatype, official: dict[Datatype, re.Pattern[str]]
) -> None:
    marks = [chr(point) for point in range(0x300, 0x370)]
    letters = [chr(point) for point in code_points(Datatype.PERSON_NAME) if chr(point).isalpha()]
    for letter in letters:
        for mark in marks:
            text = letter + mark
            assert (offence(text, datatype) is None) == bool(official[datatype].fullmatch(text)), text
    for text in sequences():
        assert official[datatype].fullmatch(text)
        assert offence(text, datatype) is None
        assert offence(f"a{text}b{text}", datatype) is None


def test_every_sequence_is_in_nfc() -> None:
    assert all(unicodedata.is_normalized("NFC", text) for text in sequences())


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("Müller-Łukasiewicz", "ABCDE"),
        ("Ǹguyễn", "ABCDE"),
        ("Dr.", "ABCDE"),
        ("Straße 5a", "BCDE"),
        ("10 €", "BCDE"),
        ("eine\nZeile", "CE"),
        ("„Zitat“", "DE"),
        ("Ω", "DE"),
        ("Я", "E"),
        ("a–b", ""),
        ("Max \U0001f600", ""),
        ("A\u0000B", ""),
        ("x\u0303", ""),
    ],
)
def test_the_reference_values_are_judged_as_published(text: str, allowed: str) -> None:
    assert "".join(kind.value for kind in Datatype if offence(text, kind) is None) == allowed


def test_the_offence_is_named_by_its_position() -> None:
    assert offence("Max \U0001f600!", Datatype.EVERYTHING) == 4


def test_a_megabyte_is_judged_in_linear_time() -> None:
    assert offence("K\u035fh" * 200_000 + "\U0001f600", Datatype.PERSON_NAME) == 600_000


def test_nfc_changes_only_what_has_to_change() -> None:
    record = {"name": "Mu\u0308ller", "list": ["ok", {"city": "Tangerhu\u0308tte"}], "n": 1}
    assert nfc(record) == {"name": "Müller", "list": ["ok", {"city": "Tangerhütte"}], "n": 1}
    same = {"name": "Müller", "list": ["x"]}
    assert nfc(same) is same
