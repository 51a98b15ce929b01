"""Broken form schemas and code lists: every fault at once, with line, element id and a reason in two languages.

Each file of `broken_forms` ends with the faults it has: `<!-- fault: RULE /LINE/ID -->`; each of `noticed_forms` with
its notices, where the standard lets what is broken be passed over.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.xoev import fim
from gateway.xoev.fim import genericode
from gateway.xoev.form_products import produce
from gateway.xoev.xfall import to_xsd

from . import xdf

BROKEN = sorted((Path(__file__).parent / "broken_forms").glob("*.xml"))
NOTICED = sorted((Path(__file__).parent / "noticed_forms").glob("*.xml"))
NOTICES = re.compile(rb"<!-- notice: (\S+) (\S+) -->")
EXPECTED = re.compile(rb"<!-- fault: (\S+) (\S+) -->")


def test_the_folder_of_broken_examples_is_there() -> None:
    assert len(BROKEN) + len(NOTICED) > 40


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_a_broken_file_is_refused_with_every_fault_where_it_is(path: Path) -> None:
    data = path.read_bytes()
    expected = [(rule.decode(), place.decode()) for rule, place in EXPECTED.findall(data)]
    if path.stem.startswith("list_"):
        value, found = genericode.read([data])
    else:
        value, found = fim.read(data)
    assert value is None
    assert [(one.rule, one.pointer) for one in found] == expected
    for one in found:
        line, _, identifier = one.pointer[1:].partition("/")
        for sentence in (one.de, one.en):
            assert len(sentence) > 20
            assert line in sentence or one.rule == "xml_doctype"
            assert identifier in sentence
        assert one.de != one.en


@pytest.mark.parametrize("path", NOTICED, ids=lambda path: path.stem)
def test_what_the_standard_lets_be_passed_over_is_a_notice_where_it_is(path: Path) -> None:
    data = path.read_bytes()
    form, faults = fim.read(data)
    assert faults == ()
    assert form is not None
    expected = [(rule.decode(), place.decode()) for rule, place in NOTICES.findall(data)]
    assert expected
    assert [(one.rule, one.pointer) for one in form.notices] == expected
    assert produce(form)[1] == ()


def test_an_id_that_is_none_is_shown_as_far_as_it_can_be() -> None:
    text = xdf.form(xdf.used(xdf.field(1))).decode()
    (given,) = set(re.findall("F[0-9]+", text)) or {""}
    for found, shown in (
        ("F00-4cb0dd14-629c", "F00-4cb0dd14-629c"),
        ("f\u200b1", "f?1"),
        ("", "–"),
        ("x" * 99, "x" * 64),
    ):
        _, faults = fim.read(text.replace(f"id>{given}<", f"id>{found}<", 1).encode())
        assert [one.rule for one in faults] == ["fim_id"]
        assert faults[0].de.endswith(f"gefunden: {shown}.")


def test_an_absent_list_is_named_once_by_id_and_version() -> None:
    reference = (
        "<xdf:codelisteReferenz><xdf:canonicalIdentification>urn:x</xdf:canonicalIdentification>"
        "<xdf:version>7</xdf:version></xdf:codelisteReferenz>"
    )
    fields = "".join(xdf.used(xdf.field(number, kind="select", more=reference)) for number in (1, 2))
    form, faults = fim.read(xdf.form(fields))
    assert form is not None, faults
    assert [one.rule for one in form.notices] == ["fim_list_absent"]
    assert "urn:x (7)" in form.notices[0].de


def test_a_list_is_one_in_utf16_too() -> None:
    codes = xdf.code_list({"1": "Eins"}).decode()
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        data = codes.replace("UTF-8", "UTF-16").encode(encoding)
        assert genericode.is_code_list(data[: genericode.SNIFF])
    table, faults = genericode.read([codes.replace("UTF-8", "UTF-16").encode("utf-16")])
    assert table is not None, faults
    assert table.rows == (("1", "Eins"),)


def test_two_contents_of_one_version_of_a_list_are_told_and_equal_ones_are_not() -> None:
    one, same, other = (
        genericode.read([xdf.code_list(codes)])[0] for codes in ({"1": "Eins"}, {"1": "Eins"}, {"1": "Zwei"})
    )
    assert one is not None
    assert same is not None
    assert other is not None
    assert genericode.contradicting({"a.xml": one, "b.xml": same}) == ()
    (told,) = genericode.contradicting({"a.xml": one, "b.xml": same, "c.gc": other})
    assert (told.pointer, told.rule) == ("c.gc", "list_twice")
    assert "a.xml" in told.de


def test_any_character_as_ecmascript_writes_it_is_any_character() -> None:
    form, faults = fim.read(xdf.form(xdf.used(xdf.field(1, given={"pattern": "a[^]b"}))))
    assert form is not None, faults
    (field,) = form.children
    assert isinstance(field, fim.Field)
    assert field.pattern is not None
    assert re.fullmatch(field.pattern, "a\nb")
    assert not re.fullmatch(field.pattern, "ab")


def test_a_whole_number_with_a_decimal_point_is_a_whole_number() -> None:
    given = {"minValue": "1.0", "maxValue": "31.0"}
    form, faults = fim.read(xdf.form(xdf.used(xdf.field(1, "num_int", given=given))))
    assert form is not None, faults
    assert produce(form)[1] == ()
    assert b'<xs:minInclusive value="1"/>' in to_xsd(form)
